//! What an outage explains, left out of what a rule counts.
//!
//! The daemon does not count what happens while an outage fires above: when the outage has ended,
//! nothing is left of it that would look like a trouble of its own. Prometheus remembers in `ALERTS`
//! when its alerts fired, so an exported rule that counts says nothing while one of them lies within
//! the time it looks back at. That is a little more than the daemon leaves out.

use std::time::Duration;

use super::super::condition::{Condition, EachCondition, Grouping, Own, PhoneCondition, Scope};
use super::super::inhibit::InhibitRule;
use super::super::labels::Pair;
use super::super::matcher;
use super::super::rule::Rule;
use super::super::subject::labels_of_rule;
use super::duration;

/// The rules of a file, and what inhibits what among their alerts.
#[derive(Clone, Debug)]
pub struct Explaining<'a> {
    rules: Vec<&'a Rule>,
    inhibit_rules: &'a [InhibitRule],
}

/// What a rule counts.
#[derive(Clone, Copy, Debug)]
struct Counted {
    /// Within this time.
    within: Duration,
    /// Whether an outage of the phone itself explains it too.
    of_phone: bool,
}

impl<'a> Explaining<'a> {
    /// Of these rules; disabled ones explain nothing.
    pub fn new(
        rules: impl IntoIterator<Item = &'a Rule>,
        inhibit_rules: &'a [InhibitRule],
    ) -> Self {
        let rules = rules.into_iter().filter(|rule| rule.enabled).collect();
        Self {
            rules,
            inhibit_rules,
        }
    }

    /// What is left out of a rule, a line each; nothing of one that does not count.
    pub(super) fn clauses(&self, rule: &Rule) -> Vec<String> {
        let Some(counted) = counted(&rule.when) else {
            return Vec::new();
        };
        let others = self.rules.iter().filter(|other| other.name != rule.name);
        let outages = others
            .filter(|other| other.inhibits_below)
            .filter_map(|outage| {
                let on = shared_label(outage, rule, counted)?;
                let name = format!("alertname=\"{}\"", outage.name);
                Some(clause(&on, &name, counted.within))
            });
        outages.chain(self.inhibited(rule, counted)).collect()
    }

    /// What alerts of groups inhibit, by the rules for that, of accounts and lines.
    fn inhibited(&self, rule: &Rule, counted: Counted) -> Vec<String> {
        if !matches!(rule.when, Condition::Each(_)) {
            return Vec::new();
        }
        let labels = labels_of_rule(rule);
        let of_groups = |rule: &InhibitRule| {
            let mut rules = self.rules.iter();
            rules.any(|source| {
                matches!(source.scope(), Scope::Daemon | Scope::Group)
                    && rule.is_source(&labels_of_rule(source))
            })
        };
        let inhibiting = self.inhibit_rules.iter();
        inhibiting
            .filter(|one| selects(&one.target_matchers, &labels) && of_groups(one))
            .map(|one| {
                let source = matcher::written(&one.source_matchers);
                clause(&one.equal.join(", "), &source, counted.within)
            })
            .collect()
    }
}

/// Whether the matchers select alerts of these labels whatever others they have.
fn selects(matchers: &[matcher::Matcher], labels: &[Pair]) -> bool {
    let known = |name: &str| labels.iter().find(|(one, _)| **one == *name);
    matchers
        .iter()
        .all(|matcher| known(matcher.name()).is_some_and(|(_, value)| matcher.matches(value)))
}

fn clause(on: &str, source: &str, within: Duration) -> String {
    let within = duration(within);
    format!("unless on ({on}) max_over_time(ALERTS{{{source},alertstate=\"firing\"}}[{within}])")
}

/// The label by which what a rule says lies below an outage; `None` if it does not.
fn shared_label(outage: &Rule, rule: &Rule, counted: Counted) -> Option<String> {
    let of_daemon = matches!(rule.when, Condition::Own(_));
    match (outage.scope(), &outage.when) {
        (Scope::Daemon, _) => Some(String::new()),
        _ if of_daemon => None,
        (Scope::Group, Condition::Fraction(fraction)) => match &fraction.by {
            Grouping::Label(label) => Some(label.to_string()),
            Grouping::Fleet | Grouping::Server => None,
        },
        (Scope::Phone, _) if counted.of_phone => Some("phone".to_owned()),
        (Scope::Group | Scope::Phone | Scope::Account | Scope::Line, _) => None,
    }
}

/// What a condition counts, if it holds only while that holds.
fn counted(condition: &Condition) -> Option<Counted> {
    match condition {
        Condition::Phone(condition) => of_phone(condition),
        Condition::Each(condition) => of_each(condition),
        Condition::Own(Own::PollsOverrun { within }) => Some(Counted {
            within: *within,
            of_phone: false,
        }),
        Condition::Fraction(_) | Condition::Own(_) => None,
    }
}

fn of_phone(condition: &PhoneCondition) -> Option<Counted> {
    if let PhoneCondition::RebootLoop(repeats) | PhoneCondition::UnreachableRepeatedly(repeats) =
        condition
    {
        return Some(Counted {
            within: repeats.within,
            of_phone: false,
        });
    }
    if let PhoneCondition::Rebooted { within } = condition {
        return Some(Counted {
            within: *within,
            of_phone: true,
        });
    }
    if let PhoneCondition::Any(condition) = condition {
        return of_each(condition);
    }
    let PhoneCondition::AllOf(parts) = condition else {
        return None;
    };
    let counted = parts.iter().filter_map(of_phone);
    counted.reduce(|one, other| Counted {
        within: one.within.max(other.within),
        of_phone: one.of_phone || other.of_phone,
    })
}

fn of_each(condition: &EachCondition) -> Option<Counted> {
    let EachCondition::RegistrationFlapping(repeats) = condition else {
        return None;
    };
    Some(Counted {
        within: repeats.within,
        of_phone: true,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::packs;
    use super::*;

    /// What is left out of the ready-made rule of this name.
    fn clauses(name: &str) -> Vec<String> {
        let rules: Vec<_> = packs::all()
            .into_iter()
            .flat_map(|pack| pack.rules)
            .collect();
        let inhibit_rules = packs::all_inhibit_rules();
        let rule = rules.iter().find(|rule| *rule.name == *name);
        Explaining::new(&rules, &inhibit_rules).clauses(rule.expect("a rule"))
    }

    #[test]
    fn what_counts_leaves_out_the_outages_above_it_and_nothing_else_does() {
        let fleet = |within| {
            format!(
                "unless on () max_over_time(ALERTS{{alertname=\"PollerIsolated\",alertstate=\"firing\"}}[{within}])"
            )
        };
        let site = |within| {
            format!(
                "unless on (site) max_over_time(ALERTS{{alertname=\"SiteOutage\",alertstate=\"firing\"}}[{within}])"
            )
        };
        let phone = |within| {
            format!(
                "unless on (phone) max_over_time(ALERTS{{alertname=\"PhoneUnreachable\",alertstate=\"firing\"}}[{within}])"
            )
        };
        let server = "unless on (server) max_over_time(ALERTS{alertname=\"MassUnregistered\",alertstate=\"firing\"}[30m])";
        assert_eq!(clauses("PhoneUnstable"), [fleet("30m"), site("30m")]);
        assert_eq!(clauses("PhoneRebootLoop"), [fleet("1h"), site("1h")]);
        assert_eq!(
            clauses("PhoneRebooted"),
            [fleet("15m"), site("15m"), phone("15m")]
        );
        assert_eq!(
            clauses("RegistrationFlapping"),
            [fleet("30m"), site("30m"), phone("30m"), server.to_owned()]
        );
        assert_eq!(clauses("PollCycleOverrun"), [fleet("15m")]);
        for name in ["PhoneDataStale", "AccountUnregistered", "SiteOutage"] {
            assert_eq!(clauses(name), [""; 0], "{name}");
        }
    }
}
