//! What a condition sees of groups: how many phones or accounts there are, and how many of them are
//! affected.
//!
//! Portable phones, phones that a silence or window covers, and phones whose first poll is not over
//! are in no group: their absence is no outage. One walk over the fleet a rule; on ticks only.

use std::collections::BTreeMap;

use crate::fleet::reading::Registration;
use crate::fleet::{Fleet, Moment, Phone};

use super::condition::{Counted, Fraction, Grouping};
use super::phone_selector::{self, Where};
use super::tristate::Tristate;

/// One group at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Phones or accounts of which is known whether they are affected.
    pub members: u32,
    /// Those that are.
    pub affected: u32,
    /// When the poll that is longest ago, of those that count, began.
    pub oldest: Moment,
    /// When the latest began.
    pub newest: Moment,
}

/// The groups by the value that makes them; the whole fleet is the group of the empty value.
pub type Groups<'a> = BTreeMap<&'a str, Group>;

/// Counts the groups of a fraction.
pub fn groups<'a>(
    fraction: &Fraction,
    only: &Where,
    fleet: &'a Fleet,
    muted: &dyn Fn(&Phone) -> bool,
    now: Moment,
) -> Groups<'a> {
    let mut groups = Groups::new();
    let counting = fleet
        .phones()
        .filter(|phone| !phone.place.portable && only.matches(&phone.place) && !muted(phone));
    for phone in counting {
        let Some(last) = &phone.last else {
            continue;
        };
        match fraction.of {
            Counted::Unreachable => {
                let value = value_of(&fraction.by, phone);
                count(&mut groups, value, !phone.is_reachable(now), last.began);
            }
            Counted::Unregistered => {
                for account in phone.accounts(now).into_iter().flatten() {
                    let value = match fraction.by {
                        Grouping::Server => {
                            Some(account.server.as_str()).filter(|server| !server.is_empty())
                        }
                        Grouping::Fleet | Grouping::Label(_) => value_of(&fraction.by, phone),
                    };
                    let registered = account.registration == Registration::Registered;
                    count(&mut groups, value, !registered, last.began);
                }
            }
        }
    }
    groups
}

impl Group {
    /// Whether enough of it is affected.
    pub fn truth(&self, fraction: &Fraction) -> Tristate {
        let share = f64::from(self.affected) / f64::from(self.members);
        Tristate::of(Some(
            share >= fraction.at_least && self.affected >= fraction.min,
        ))
    }
}

/// The value that puts a phone into a group; `None` where it has none.
fn value_of<'a>(by: &Grouping, phone: &'a Phone) -> Option<&'a str> {
    match by {
        Grouping::Fleet => Some(""),
        Grouping::Label(label) => {
            Some(phone_selector::label(&phone.place, label)).filter(|value| !value.is_empty())
        }
        Grouping::Server => None,
    }
}

fn count<'a>(groups: &mut Groups<'a>, value: Option<&'a str>, affected: bool, polled: Moment) {
    let Some(value) = value else {
        return;
    };
    let group = groups.entry(value).or_insert(Group {
        members: 0,
        affected: 0,
        oldest: polled,
        newest: polled,
    });
    group.members += 1;
    group.affected += u32::from(affected);
    if polled.mono < group.oldest.mono {
        group.oldest = polled;
    }
    if polled.mono > group.newest.mono {
        group.newest = polled;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fleet::sample::{Sample, fleet, minute};

    fn unreachable(by: Grouping) -> Fraction {
        Fraction {
            of: Counted::Unreachable,
            by,
            at_least: 0.5,
            min: 2,
        }
    }

    fn counts(condition: &Fraction, fleet: &Fleet) -> Vec<(String, u32, u32)> {
        let muted = |phone: &Phone| &*phone.place.name == "muted";
        groups(condition, &Where::default(), fleet, &muted, minute(1))
            .into_iter()
            .map(|(value, group)| (value.to_owned(), group.affected, group.members))
            .collect()
    }

    #[test]
    fn portable_muted_and_unpolled_phones_are_in_no_group() {
        let fleet = fleet([
            Sample::new("a").site("hq").polled(minute(0)).up(),
            Sample::new("b").site("hq").polled(minute(1)).down(),
            Sample::new("c")
                .site("hq")
                .portable()
                .polled(minute(1))
                .down(),
            Sample::new("muted").site("hq").polled(minute(1)).down(),
            Sample::new("new").site("hq"),
            Sample::new("nowhere").polled(minute(1)).down(),
        ]);
        let by_site = unreachable(Grouping::Label("site".into()));
        assert_eq!(counts(&by_site, &fleet), [("hq".to_owned(), 1, 2)]);
        let all = unreachable(Grouping::Fleet);
        assert_eq!(counts(&all, &fleet), [(String::new(), 2, 3)]);
    }

    #[test]
    fn a_group_knows_how_old_its_data_is() {
        let fleet = fleet([
            Sample::new("a").site("hq").polled(minute(0)).up(),
            Sample::new("b").site("hq").polled(minute(1)).down(),
        ]);
        let condition = unreachable(Grouping::Fleet);
        let groups = groups(&condition, &Where::default(), &fleet, &|_| false, minute(1));
        let group = groups.get("").expect("the fleet is a group");
        assert_eq!((group.oldest, group.newest), (minute(0), minute(1)));
    }

    #[test]
    fn accounts_are_counted_by_their_server_while_they_are_fresh() {
        let phone = |name: &'static str, registered| {
            Sample::new(name)
                .stale_after(Duration::from_secs(90))
                .polled(minute(0))
                .account(1, "pbx.example", registered)
        };
        let fleet = fleet([
            phone("a", true),
            phone("b", false),
            phone("c", false).polled(minute(1)).down(),
            Sample::new("d").polled(minute(1)).account(1, "", false),
        ]);
        let condition = Fraction {
            of: Counted::Unregistered,
            by: Grouping::Server,
            at_least: 0.3,
            min: 5,
        };
        assert_eq!(
            counts(&condition, &fleet),
            [("pbx.example".to_owned(), 2, 3)]
        );
    }

    #[test]
    fn both_the_share_and_the_number_must_be_reached() {
        let fraction = Fraction {
            of: Counted::Unreachable,
            by: Grouping::Fleet,
            at_least: 0.5,
            min: 3,
        };
        let group = |affected, members| Group {
            members,
            affected,
            oldest: minute(0),
            newest: minute(0),
        };
        for (affected, members, truth) in [
            (3, 6, Tristate::Holds),
            (3, 7, Tristate::Fails),
            (2, 2, Tristate::Fails),
        ] {
            assert_eq!(
                group(affected, members).truth(&fraction),
                truth,
                "{affected} of {members}"
            );
        }
    }
}
