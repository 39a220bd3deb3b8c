//! Which phones a rule applies to, by the patterns of `where`; and which alerts something selects, by
//! lists of matchers.

use super::keys;
use super::known_labels::{KnownLabels, PHONE};
use super::match_scope::MatchScope;
use crate::config::read::{
    Entry, Findings, Node, Section, Spot, Wrong, check_letters, items, mend, quoted, text,
};
use crate::rules::export::single_quoted;
use crate::rules::matcher::{Matcher, parse_list};
use crate::rules::phone_selector::{Glob, LabelPatterns, Where};

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
    scope: MatchScope<'_>,
) -> Box<[Box<str>]> {
    let items = section.items(found, key).unwrap_or_default();
    let mut names = Vec::new();
    for (spot, node) in items {
        let name = node.text().and_then(|name| {
            check_letters(name)?;
            scope.check_label(name)?;
            Ok(name.into())
        });
        names.extend(found.keep(spot, name));
    }
    names.into()
}

/// The mend of a key of `where` that resembles none.
const ELSEWHERE: &str = "write labels of phones below `labels`";

/// `where` of a rule, held against the phones that are listed.
pub(super) fn phones(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
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
            all_known &= known_labels.check(found, label, (spot, glob));
        }
        globs.into_iter().map(|(_, glob)| glob).collect()
    };
    let phones = list_of(found, &only, "phone", glob);
    let phones = globs(found, PHONE, phones);
    let sites = list_of(found, &only, "site", glob);
    let sites = globs(found, "site", sites);
    let mut labels = Vec::new();
    for (spot, name, node) in only.named(found, "labels") {
        if let Err(wrong) = check_where_label(known_labels, name) {
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
    let nobody = known_labels
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

fn check_where_label(known_labels: &KnownLabels<'_>, name: &str) -> Result<(), Wrong> {
    check_letters(name)?;
    if matches!(name, PHONE | "site") {
        let what = "has a key of its own";
        return Err(Wrong::new(
            what,
            format!("write `{name}: …` beside `labels`"),
        ));
    }
    if known_labels.has_label(name) {
        return Ok(());
    }
    let what = format!("{} is a label of no phone", quoted(name));
    let known = known_labels.labels().into_iter();
    Err(Wrong::new(
        what,
        mend(name, known, "give it to phones, a group or defaults"),
    ))
}

/// `match`, or another list of matchers, held against the alerts that can be.
pub(super) fn matching(
    found: &mut Findings,
    section: &Section<'_>,
    key: &'static str,
    scope: MatchScope<'_>,
) -> Box<[Matcher]> {
    let Some(node) = section.read(found, key, Ok) else {
        return Box::default();
    };
    let spot = section.spot_of(key);
    if let Ok(entries) = node.value.map() {
        let help = format!("write [{}]", matchers_of(entries));
        found.fault(spot, node.value.is_not("a list of matchers", &help));
        return Box::default();
    }
    let mut matchers = Vec::new();
    for (spot, node) in section.items(found, key).unwrap_or_default() {
        let item = found.keep(spot.clone(), item(node)).unwrap_or_default();
        matchers.extend(item.into_iter().map(|matcher| (spot.clone(), matcher)));
    }
    if !matchers.is_empty() {
        scope.check(found, &spot, &matchers);
    }
    matchers.into_iter().map(|(_, matcher)| matcher).collect()
}

/// One item of a list of matchers, which may hold several.
fn item(node: &Node) -> Result<Vec<Matcher>, Wrong> {
    if let Ok(entries) = node.map() {
        let help = format!("write {}", matchers_of(entries));
        return Err(node.is_not("a matcher", &help));
    }
    let text = node.text()?;
    let matchers = parse_list(text).map_err(|error| Wrong::new(error.to_string(), error.help()))?;
    if matchers.is_empty() {
        return Err(Wrong::new("is empty", "write a matcher, or remove it"));
    }
    Ok(matchers)
}

/// The matchers that select what a mapping of labels to patterns used to.
fn matchers_of(entries: &[Entry]) -> String {
    let matcher = |entry: &Entry| {
        let name = if *entry.key == *"rule" {
            "alertname"
        } else {
            &entry.key
        };
        let one = std::slice::from_ref(&entry.value);
        let patterns = entry.value.list().unwrap_or(one).iter();
        let patterns: Result<_, Wrong> = patterns.map(glob).collect();
        let patterns = LabelPatterns {
            name: name.into(),
            any_of: patterns.ok()?,
        };
        let matcher = patterns.matcher().ok()?;
        Some(single_quoted(&matcher.to_string()))
    };
    let matchers: Vec<_> = entries.iter().filter_map(matcher).collect();
    if matchers.is_empty() {
        return single_quoted("LABEL=\"VALUE\"");
    }
    matchers.join(", ")
}
