//! Which rules are in force: groups that are on, with their overrides, and the operator's own.

use std::sync::Arc;

use super::can_fire;
use super::keys;
use super::known_labels::{KnownLabels, named};
use super::rule_keys::RuleKeys;
use crate::alerts::annotations::AnnotationTemplates;
use crate::alerts::board::Rules;
use crate::config::read::{Findings, Node, Section, Spot, Wrong, mend, quoted};
use crate::rules::condition::{Condition, Own};
use crate::rules::export::Group;
use crate::rules::packs::{self, ON_BY_DEFAULT, Pack};
use crate::rules::rule::{Rule, RuleFault};

/// A rule that is in force unless it is disabled, and where what is said of it stands.
pub(super) struct Known {
    pub(super) rule: Rule,
    /// `None` for one of the operator's own.
    pack: Option<&'static str>,
    /// `None` for a ready-made one as it comes.
    keys: Option<RuleKeys>,
}

/// Every rule of the packs that are on and the operator's own, those that are disabled included.
/// Ready-made ones have their runbooks on this page.
pub(super) fn rules(
    found: &mut Findings,
    (known_labels, runbooks): (&KnownLabels<'_>, &str),
    section: &Section<'_>,
) -> Vec<Known> {
    let all = packs::all_on(runbooks);
    let on = packs_on(found, known_labels, section, &all);
    let mut known: Vec<_> = all
        .iter()
        .filter(|pack| on.contains(&pack.name))
        .flat_map(|pack| pack.rules.iter().map(|rule| (pack.name, rule.clone())))
        .map(|(pack, rule)| Known {
            rule,
            pack: Some(pack),
            keys: None,
        })
        .collect();
    overrides(found, known_labels, section, &all, &mut known);
    own(found, known_labels, section, &all, &mut known);
    for Known { rule, keys, .. } in &known {
        let Some(keys) = keys else {
            continue;
        };
        let faults = rule.check();
        if faults.is_empty() {
            can_fire::check(found, known_labels, rule, &keys.spot);
        }
        for fault in faults {
            tell(found, &keys.spot, &fault);
        }
    }
    known
}

/// `rule_groups`, by default those that are on by default.
fn packs_on(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    section: &Section<'_>,
    all: &[Pack],
) -> Vec<&'static str> {
    let Some(listed) = section.items(found, "rule_groups") else {
        return ON_BY_DEFAULT.to_vec();
    };
    let mut on = Vec::new();
    for (spot, node) in listed {
        let pack = |node: &Node| {
            let name = node.text()?;
            all.iter().find(|pack| pack.name == name).ok_or_else(|| {
                let names: Vec<_> = all.iter().map(|pack| pack.name).collect();
                let known = format!("write one of {}", names.join(", "));
                let what = format!("{} is not a rule group", quoted(name));
                Wrong::new(what, mend(name, names.into_iter(), &known))
            })
        };
        let Some(pack) = found.keep(spot.clone(), pack(node)) else {
            continue;
        };
        if on.contains(&pack.name) {
            found.fault(
                spot,
                Wrong::new("stands in the list twice", "keep one of them"),
            );
            continue;
        }
        if pack.name == "calls" {
            can_fire::warn_without_lines(found, known_labels, &spot);
        }
        on.push(pack.name);
    }
    on
}

/// `rule_overrides`: ready-made rules by name.
fn overrides(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    section: &Section<'_>,
    all: &[Pack],
    known: &mut [Known],
) {
    for (spot, name, node) in section.named(found, "rule_overrides") {
        let of_pack = all.iter().find(|pack| named(&pack.rules, name).is_some());
        let Some(pack) = of_pack else {
            let names = all.iter().flat_map(|pack| &pack.rules);
            let what = format!("{} is not a ready-made rule", quoted(name));
            let otherwise = "see `rules list`; a rule of your own is written under `rules`";
            let mend = mend(name, names.map(|rule| &*rule.name), otherwise);
            found.fault(spot, Wrong::new(what, mend));
            continue;
        };
        let Some(section) = Section::open(found, spot.clone(), node, keys::RULE_OVERRIDE) else {
            continue;
        };
        let keys = RuleKeys::read(found, known_labels, &section);
        let Some(known) = known.iter_mut().find(|known| *known.rule.name == *name) else {
            let what = format!("has no effect: the rule group `{}` is not on", pack.name);
            let mend = format!("add {} to `rule_groups`", pack.name);
            found.warn(spot, Wrong::new(what, mend));
            continue;
        };
        known.rule = keys.applied_to(known.rule.clone());
        known.keys = Some(keys);
    }
}

/// `rules`: the operator's own.
fn own(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    section: &Section<'_>,
    all: &[Pack],
    known: &mut Vec<Known>,
) {
    for (spot, node) in section.items(found, "rules").unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::RULE) else {
            continue;
        };
        section.require(found, "name");
        section.require(found, "when");
        let name = section.read(found, "name", |node| name(node, all, known));
        let keys = RuleKeys::read(found, known_labels, &section);
        let Some(name) = name else {
            continue;
        };
        // Whoever names a rule with faults is not told that there is none.
        let rule = keys.applied_to(Rule::new(name.value, Condition::Own(Own::Watchdog)));
        known.push(Known {
            rule,
            pack: None,
            keys: Some(keys),
        });
    }
}

/// The name of a new rule.
fn name(node: &Node, all: &[Pack], known: &[Known]) -> Result<Box<str>, Wrong> {
    let name = node.text()?;
    let rule = Rule::new(name, Condition::Own(Own::Watchdog));
    if rule.check().contains(&RuleFault::Name) {
        let what = format!("{} is no name of a rule", quoted(name));
        return Err(Wrong::new(
            what,
            "use letters, digits and `_`, no digit first",
        ));
    }
    let of_packs = all.iter().flat_map(|pack| &pack.rules);
    if named(of_packs, name).is_some() {
        let what = format!("{} is the name of a ready-made rule", quoted(name));
        return Err(Wrong::new(
            what,
            "change that one under `rule_overrides`, or choose another name",
        ));
    }
    if named(known.iter().map(|known| &known.rule), name).is_some() {
        let what = format!("{} is the name of another rule", quoted(name));
        return Err(Wrong::new(what, "choose another name"));
    }
    Ok(name.into())
}

/// A fault that only the whole rule shows, where it most likely comes from.
fn tell(found: &mut Findings, spot: &Spot, fault: &RuleFault) {
    let text = fault.to_string();
    let (what, mend) = text.split_once("; ").unwrap_or((&text, "correct it"));
    found.fault(spot.clone(), Wrong::new(what, mend));
}

/// The rules under the names of their packs, the operator's own last.
pub(super) fn groups(known: &[Known]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for Known { rule, pack, .. } in known {
        let name = Group::named(pack.unwrap_or("own"));
        match groups.last_mut() {
            Some(last) if last.name == name => last.rules.push(rule.clone()),
            Some(_) | None => groups.push(Group {
                name,
                rules: vec![rule.clone()],
            }),
        }
    }
    groups
}

/// The texts of all rules; those of disabled ones are compiled too, so that enabling one cannot fail.
pub(super) fn texts(found: &mut Findings, known: &[Known]) -> Arc<AnnotationTemplates> {
    let rules = known.iter().map(|known| Rule {
        enabled: true,
        ..known.rule.clone()
    });
    let faults = match AnnotationTemplates::compile(&Rules::new(rules)) {
        Ok(texts) => return Arc::new(texts),
        Err(faults) => faults,
    };
    for fault in faults {
        let rule = known.iter().find(|known| known.rule.name == fault.rule);
        let keys = rule.and_then(|known| known.keys.as_ref());
        let Some(keys) = keys else {
            continue;
        };
        let written = keys.annotations.iter();
        let mut written = written.filter(|(_, name, _)| *name == fault.annotation);
        let spot = written.next().map_or(&keys.spot, |(spot, ..)| spot);
        let mend = "correct the template; docs/alerting.md says what it may name";
        found.fault(spot.clone(), Wrong::new(&*fault.what, mend));
    }
    Arc::default()
}
