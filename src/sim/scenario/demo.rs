//! The built-in scenario of `demo` and `simulate`: a lively fleet, most of it healthy.
//!
//! Two tables: who there is, and what happens when. All of it has begun within the first ten
//! seconds, and is over within the minute where it ends at all.

use std::time::Duration;

use super::{Event, Group, Happening, Scenario};

/// How long one round of events lasts.
const ROUND: Duration = Duration::from_mins(1);

/// How long a phone is gone when it reboots: short, so that one round shows it coming back.
const REBOOT: Duration = Duration::from_secs(8);

/// Name, site, model and firmware of the healthy phones; they take turns.
const KINDS: [(&str, &str, &str, &str); 5] = [
    ("hq-desk", "hq", "GXV3370", "1.0.3.30"),
    ("hq-office", "hq", "GXV3380", "1.0.3.30"),
    ("lyon-desk", "lyon", "GXV3350", "1.0.3.30"),
    ("berlin-desk", "berlin", "GXV3370", "1.0.3.30"),
    ("berlin-mobile", "berlin", "WP820", "1.0.11.5"),
];

/// From how many phones on one is there without accounts and one with an old firmware.
const ENOUGH_FOR_ODD_ONES: usize = 10;

/// To how many phones something happens.
const AFFLICTED: usize = 8;

/// What happens to which of the afflicted, in seconds from the beginning of a round. They stand in
/// order of importance, so that a small fleet shows what matters most; a wrong password and a dead
/// phone stay as they are.
const EVENTS: [(u64, usize, Happening); 16] = [
    (6, 0, Happening::Reboot),
    (4, 1, Happening::DropAccount),
    (30, 1, Happening::RestoreAccount),
    (8, 2, Happening::WrongPassword),
    (3, 3, Happening::Dead),
    (2, 4, Happening::Ring),
    (8, 4, Happening::Call),
    (20, 4, Happening::Hold),
    (40, 4, Happening::HangUp),
    (3, 5, Happening::Call),
    (50, 5, Happening::HangUp),
    (4, 6, Happening::Hold),
    (45, 6, Happening::HangUp),
    (48, 6, Happening::Ring),
    (10, 7, Happening::Stall),
    (25, 7, Happening::Back),
];

impl Scenario {
    /// A lively fleet of `count` phones over three sites, four models. Each minute one reboots,
    /// one loses an account for a while, one stalls, and lines ring, talk and hold; from the first
    /// minute on one has another password than its owner knows, and one is dead.
    pub fn demo(count: usize) -> Self {
        let odd_ones = if count >= ENOUGH_FOR_ODD_ONES {
            odd_ones()
        } else {
            Vec::new()
        };
        let healthy = count - odd_ones.len();
        let kinds = KINDS
            .iter()
            .enumerate()
            .map(|(position, (name, site, model, firmware))| Group {
                // The first kinds take what does not divide evenly.
                count: (healthy + KINDS.len() - 1 - position) / KINDS.len(),
                ..group(name, site, model, firmware)
            });
        // Spread over the fleet, so that no site has all the trouble.
        let apart = (healthy.saturating_sub(1) / (AFFLICTED - 1)).max(1);
        let events = EVENTS.iter().filter(|(_, which, _)| *which < healthy);
        Self {
            groups: kinds
                .chain(odd_ones)
                .filter(|group| group.count > 0)
                .collect(),
            events: events
                .map(|(at, which, event)| happens(*at, which * apart, *event))
                .collect(),
            repeat_every: Some(ROUND),
        }
    }
}

fn odd_ones() -> Vec<Group> {
    vec![
        Group {
            accounts: 0,
            ..group("lyon-spare", "lyon", "GXV3350", "1.0.3.30")
        },
        group("berlin-lobby", "berlin", "GXV3380", "1.0.1.7"),
    ]
}

fn group(name: &str, site: &str, model: &str, firmware: &str) -> Group {
    let mut group = Group {
        name: name.to_owned(),
        site: site.to_owned(),
        model: model.to_owned(),
        firmware: firmware.to_owned(),
        ..Group::default()
    };
    group.behaviour.actions.reboot_takes = REBOOT;
    group
}

fn happens(at: u64, phone: usize, event: Happening) -> Event {
    Event {
        at: Duration::from_secs(at),
        phone,
        event,
        account: 1,
        line: 1,
        fault: None,
        firmware: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_demo_of_any_size_is_possible_and_has_that_size() {
        for count in [0, 1, 2, 9, 10, 25, 1000] {
            let demo = Scenario::demo(count);
            assert_eq!(demo.check(), Ok(()));
            assert_eq!(demo.specs().len(), count);
        }
    }

    #[test]
    fn a_demo_of_25_shows_every_kind_of_trouble() {
        let demo = Scenario::demo(25);
        let specs = demo.specs();
        assert_eq!(demo.events.len(), EVENTS.len());
        let afflicted: BTreeSet<usize> = demo.events.iter().map(|event| event.phone).collect();
        assert_eq!(afflicted.len(), AFFLICTED);
        let sites: BTreeSet<&str> = afflicted
            .iter()
            .map(|phone| specs[*phone].site.as_str())
            .collect();
        assert_eq!(sites.len(), 3);
        assert!(
            specs
                .iter()
                .any(|spec| spec.accounts.iter().all(crate::sim::Account::is_blank))
        );
        assert!(specs.iter().any(|spec| spec.firmware == "1.0.1.7"));
        for model in ["GXV3370", "GXV3380", "GXV3350", "WP820"] {
            assert!(specs.iter().any(|spec| spec.model == model), "{model}");
        }
        let mut names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 25);
    }
}
