//! Which phones and which alerts something speaks of: `where` and `match`.

use super::census::{Census, PHONE};
use super::keys;
use super::reach::Reach;
use crate::alert::matcher::{Glob, LabelPatterns, Where};
use crate::config::read::{
    Findings, Node, Section, Spot, Wrong, check_letters, items, mend, quoted, text,
};

/// A pattern and where it stands.
pub(super) type Spotted = (Spot, Glob);

/// One value, or a list of at least one; each as `read` understands it, with its place.
pub(super) fn one_or_more<T>(
    found: &mut Findings,
    (spot, node): (&Spot, &Node),
    read: impl Fn(&Node) -> Result<T, Wrong>,
) -> Vec<(Spot, T)> {
    let all = match node.list() {
        Ok([]) => {
            found.fault(spot.clone(), Wrong::new("is empty", "name at least one"));
            return Vec::new();
        }
        Ok(list) => items(spot, list),
        Err(_) => vec![(spot.clone(), node)],
    };
    let all = all.into_iter();
    all.filter_map(|(spot, node)| Some((spot.clone(), found.keep(spot, read(node))?)))
        .collect()
}

/// The same of what stands behind a key.
pub(super) fn list_of<T>(
    found: &mut Findings,
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&Node) -> Result<T, Wrong>,
) -> Vec<(Spot, T)> {
    let Some(node) = section.read(found, key, Ok) else {
        return Vec::new();
    };
    one_or_more(found, (&section.spot_of(key), node.value), read)
}

/// The items of a list that may be empty.
pub(super) fn listed<T>(
    found: &mut Findings,
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&Node) -> Result<T, Wrong>,
) -> Vec<T> {
    let items = section.items(found, key).unwrap_or_default().into_iter();
    items
        .filter_map(|(spot, node)| found.keep(spot, read(node)))
        .collect()
}

fn glob(node: &Node) -> Result<Glob, Wrong> {
    text(node).map(Glob::new)
}

/// The names of labels of alerts in a list that may be empty; each must be known.
pub(super) fn label_names(
    found: &mut Findings,
    section: &Section<'_>,
    key: &'static str,
    reach: Reach<'_>,
) -> Box<[Box<str>]> {
    let items = section.items(found, key).unwrap_or_default();
    let mut names = Vec::new();
    for (spot, node) in items {
        let name = label_name(node).and_then(|name| {
            reach.check_label(&name)?;
            Ok(name)
        });
        names.extend(found.keep(spot, name));
    }
    names.into()
}

/// The name of a label of alerts; `rule` is another word for `alertname`.
fn label_name(node: &Node) -> Result<Box<str>, Wrong> {
    let name = node.text()?;
    check_letters(name)?;
    Ok(of_alerts(name).into())
}

fn of_alerts(name: &str) -> &str {
    if name == "rule" { "alertname" } else { name }
}

/// The mend of a key of `where` that resembles none.
const ELSEWHERE: &str = "write labels of phones below `labels`";

/// `where` of a rule, held against the phones that are listed.
pub(super) fn phones(
    found: &mut Findings,
    census: &Census<'_>,
    section: &Section<'_>,
) -> Option<Where> {
    let node = section.read(found, "where", Ok)?.value;
    let only = Section::open_of(
        found,
        section.spot_of("where"),
        node,
        keys::WHERE,
        ELSEWHERE,
    )?;
    let mut all_known = true;
    let mut globs = |found: &mut Findings, label: &str, globs: Vec<Spotted>| -> Box<[Glob]> {
        for (spot, glob) in &globs {
            all_known &= census.check(found, label, (spot, glob));
        }
        globs.into_iter().map(|(_, glob)| glob).collect()
    };
    let phones = list_of(found, &only, "phone", glob);
    let phones = globs(found, PHONE, phones);
    let sites = list_of(found, &only, "site", glob);
    let sites = globs(found, "site", sites);
    let mut labels = Vec::new();
    for (spot, name, node) in only.named(found, "labels") {
        if let Err(wrong) = check_where_label(census, name) {
            found.fault(spot, wrong);
            continue;
        }
        let listed = one_or_more(found, (&spot, node), glob);
        labels.push(LabelPatterns {
            name: name.into(),
            any_of: globs(found, name, listed),
        });
    }
    let only_these = Where {
        phones,
        sites,
        labels: labels.into(),
    };
    let nobody = census
        .matching(&only_these)
        .is_some_and(|mut phones| phones.next().is_none());
    if all_known && nobody {
        let what = "matches no phone, so that the rule never fires";
        found.warn(
            section.spot_of("where"),
            Wrong::new(what, "correct or remove it"),
        );
    }
    Some(only_these)
}

fn check_where_label(census: &Census<'_>, name: &str) -> Result<(), Wrong> {
    check_letters(name)?;
    if matches!(name, PHONE | "site") {
        let what = "has a key of its own";
        return Err(Wrong::new(
            what,
            format!("write `{name}: …` beside `labels`"),
        ));
    }
    if census.has_label(name) {
        return Ok(());
    }
    let what = format!("{} is a label of no phone", quoted(name));
    let known = census.labels().into_iter();
    Err(Wrong::new(
        what,
        mend(name, known, "give it to phones, a group or defaults"),
    ))
}

/// `match`, or another mapping of labels of alerts to patterns, held against what alerts can be of.
pub(super) fn matching(
    found: &mut Findings,
    section: &Section<'_>,
    key: &'static str,
    reach: Reach<'_>,
) -> Box<[LabelPatterns]> {
    let matching = Matching::read(found, section, key);
    if !matching.0.is_empty() {
        reach.check(found, &section.spot_of(key), &matching);
    }
    matching.patterns()
}

/// Labels of alerts with their patterns, each with its place.
pub(super) struct Matching(pub(super) Vec<(Spot, Box<str>, Vec<Spotted>)>);

impl Matching {
    fn read(found: &mut Findings, section: &Section<'_>, key: &'static str) -> Self {
        let mut all = Vec::new();
        for (spot, name, node) in section.named(found, key) {
            if let Err(wrong) = check_letters(name) {
                found.fault(spot, wrong);
                continue;
            }
            let globs = one_or_more(found, (&spot, node), glob);
            all.push((spot, of_alerts(name).into(), globs));
        }
        Self(all)
    }

    pub(super) fn patterns(&self) -> Box<[LabelPatterns]> {
        let all = self.0.iter();
        all.map(|(_, name, globs)| LabelPatterns {
            name: name.clone(),
            any_of: globs.iter().map(|(_, glob)| glob.clone()).collect(),
        })
        .collect()
    }
}
