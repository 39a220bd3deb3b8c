//! Stories of a board: polls and ticks in, steps out.

use super::super::condition::{Condition, EachCondition, PhoneCondition};
use super::super::packs;
use super::super::sample::{Sample, fleet, minute};
use super::super::subject::value;
use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// A board, and what happened on it: `minute alertname of what: step`.
struct Story {
    board: Board,
    fleet: Fleet,
    told: Vec<String>,
}

impl Story {
    fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self {
            board: Board::new(Arc::new(Rules::new(rules))),
            fleet: Fleet::default(),
            told: Vec::new(),
        }
    }

    /// The phones as they are now, each just polled, and a tick.
    fn at(&mut self, n: u64, phones: impl IntoIterator<Item = Sample>) -> &mut Self {
        self.fleet = fleet(phones);
        let names: Vec<_> = self
            .fleet
            .phones()
            .map(|phone| phone.place.name.clone())
            .collect();
        for name in names {
            let changes = self.board.after_poll(&self.fleet, &name, minute(n));
            self.tell(n, changes);
        }
        self.tick(n)
    }

    fn tick(&mut self, n: u64) -> &mut Self {
        let changes = self
            .board
            .after_tick(&self.fleet, &Health::default(), minute(n));
        self.tell(n, changes);
        self
    }

    fn follow(&mut self, n: u64, rules: impl IntoIterator<Item = Rule>) -> &mut Self {
        let changes = self
            .board
            .with_rules(Arc::new(Rules::new(rules)), minute(n));
        self.tell(n, changes);
        self
    }

    /// Another process takes over what was saved, at this minute of its own.
    fn restart(&mut self, n: u64, rules: impl IntoIterator<Item = Rule>) -> &mut Self {
        let saved = self.board.save();
        let text = serde_json::to_string(&saved).expect("it can be written");
        let saved = serde_json::from_str(&text).expect("it can be read");
        self.board = Board::new(Arc::new(Rules::new(rules)));
        let changes = self.board.restore(saved, minute(0).wall, minute(n));
        self.tell(n, changes);
        self
    }

    fn tell(&mut self, n: u64, changes: Vec<Transition>) {
        for Transition { step, alert } in changes {
            let name = &alert.rule().name;
            let of = match &alert.subject {
                Subject::Daemon => "all".to_owned(),
                Subject::Group { value, .. } => value.to_string(),
                Subject::Phone(phone) => phone.to_string(),
                Subject::Account(phone, number) | Subject::Line(phone, number) => {
                    format!("{phone}/{number}")
                }
            };
            self.told.push(format!("{n} {name} of {of}: {step:?}"));
        }
    }

    #[track_caller]
    fn told(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(std::mem::take(&mut self.told), expected);
        self
    }
}

fn down_rule() -> Rule {
    Rule {
        hold: 2 * MINUTE,
        min_polls: 1,
        ..Rule::new("Down", Condition::Phone(PhoneCondition::Unreachable))
    }
}

fn account_rule() -> Rule {
    Rule {
        min_polls: 1,
        ..Rule::new(
            "Account",
            Condition::Each(EachCondition::AccountNotRegistered { account: None }),
        )
    }
}

fn down(name: &str, n: u64) -> Sample {
    Sample::new(name).site("hq").polled(minute(n)).down()
}

fn up(name: &str, n: u64) -> Sample {
    Sample::new(name).site("hq").polled(minute(n)).up()
}

#[test]
fn a_phone_that_is_down_for_long_enough_fires_and_resolves() {
    let mut story = Story::new([down_rule()]);
    story
        .at(0, [down("a", 0)])
        .told(&["0 Down of a: Pending"])
        .at(1, [down("a", 1)])
        .at(2, [down("a", 2)])
        .told(&["2 Down of a: Fired"])
        .at(3, [down("a", 3)])
        .at(4, [up("a", 4)])
        .told(&["4 Down of a: Resolved(Cleared)"]);
    let alert = &story.board.alerts_of("a")[0];
    assert_eq!(alert.active_at, minute(0).wall);
    assert_eq!(alert.fired_at, Some(minute(2).wall));
    story.at(19, [up("a", 19)]);
    assert_eq!(story.board.alerts().count(), 1);
    story.at(20, [up("a", 20)]);
    assert_eq!(story.board.alerts().count(), 0);
}

#[test]
fn time_passes_on_ticks_between_polls_but_one_poll_is_no_two() {
    let rule = Rule {
        min_polls: 2,
        ..down_rule()
    };
    Story::new([rule])
        .at(0, [down("a", 0)])
        .told(&["0 Down of a: Pending"])
        .tick(1)
        .tick(2)
        .tick(3)
        .told(&[])
        .at(4, [down("a", 4)])
        .told(&["4 Down of a: Fired"]);
}

#[test]
fn accounts_of_a_phone_that_went_down_are_held_and_not_resolved() {
    Story::new([account_rule()])
        .at(0, [up("a", 0).account(1, "pbx", false)])
        .told(&["0 Account of a/1: Fired"])
        .at(1, [down("a", 1)])
        .at(10, [down("a", 10)])
        .told(&[])
        .at(11, [up("a", 11).account(1, "pbx", true)])
        .told(&["11 Account of a/1: Resolved(Cleared)"]);
}

#[test]
fn an_account_that_is_taken_off_the_phone_resolves() {
    Story::new([account_rule()])
        .at(0, [up("a", 0).account(1, "pbx", false)])
        .at(1, [up("a", 1).account(2, "pbx", true)])
        .told(&[
            "0 Account of a/1: Fired",
            "1 Account of a/1: Resolved(Cleared)",
        ]);
}

#[test]
fn labels_stay_as_they_were_when_the_alert_began() {
    let mut story = Story::new([account_rule()]);
    story.at(0, [up("a", 0).account(1, "old", false)]);
    story.at(1, [up("a", 1).site("lyon").account(1, "new", false)]);
    let labels = &story.board.alerts_of("a")[0].labels;
    let found = ["alertname", "phone", "site", "account", "server"].map(|name| value(labels, name));
    assert_eq!(found, ["Account", "a", "hq", "1", "old"]);
}

#[test]
fn a_rule_that_gets_more_patient_keeps_its_clocks() {
    let patient = Rule {
        hold: 3 * MINUTE,
        ..down_rule()
    };
    Story::new([down_rule()])
        .at(0, [down("a", 0)])
        .at(1, [down("a", 1)])
        .follow(1, [patient])
        .told(&["0 Down of a: Pending"])
        .at(2, [down("a", 2)])
        .told(&[])
        .at(3, [down("a", 3)])
        .told(&["3 Down of a: Fired"]);
}

#[test]
fn a_rule_that_is_gone_says_why_its_alerts_end() {
    Story::new([down_rule(), account_rule()])
        .at(0, [down("a", 0), up("b", 0).account(1, "pbx", false)])
        .told(&["0 Down of a: Pending", "0 Account of b/1: Fired"])
        .follow(1, [])
        .told(&[
            "1 Down of a: Dropped",
            "1 Account of b/1: Resolved(RuleRemoved)",
        ]);
}

#[test]
fn a_phone_that_is_taken_off_the_list_ends_its_alerts_for_that_reason() {
    let mut story = Story::new([account_rule()]);
    story
        .at(0, [up("a", 0).account(1, "pbx", false)])
        .at(1, [up("b", 1)])
        .told(&[
            "0 Account of a/1: Fired",
            "1 Account of a/1: Resolved(SubjectRemoved)",
        ])
        .at(30, [up("b", 30)])
        .told(&[]);
    assert_eq!(story.board.alerts_of("a").len(), 0);
}

#[test]
fn a_restart_neither_repeats_what_fires_nor_loses_its_end() {
    let rules = || [down_rule(), account_rule()];
    Story::new(rules())
        .at(0, [up("a", 0).account(1, "pbx", false)])
        .told(&["0 Account of a/1: Fired"])
        .restart(60, rules())
        .at(60, [Sample::new("a")])
        .told(&[])
        .at(61, [up("a", 61).account(1, "pbx", false)])
        .told(&[])
        .at(62, [up("a", 62).account(1, "pbx", true)])
        .told(&["62 Account of a/1: Resolved(Cleared)"]);
}

#[test]
fn a_restart_keeps_what_was_pending_and_does_not_count_the_gap() {
    Story::new([down_rule()])
        .at(0, [down("a", 0)])
        .at(1, [down("a", 1)])
        .told(&["0 Down of a: Pending"])
        .restart(60, [down_rule()])
        .at(60, [down("a", 60)])
        .told(&[])
        .at(61, [down("a", 61)])
        .told(&["61 Down of a: Fired"]);
}

#[test]
fn what_was_saved_long_ago_or_by_another_rule_is_ended() {
    let fired = || {
        let mut story = Story::new([account_rule()]);
        story
            .at(0, [up("a", 0).account(1, "pbx", false)])
            .told(&["0 Account of a/1: Fired"]);
        story
    };
    fired()
        .restart(25 * 60, [account_rule()])
        .told(&["1500 Account of a/1: Resolved(Unknown)"]);
    fired()
        .restart(1, [down_rule()])
        .told(&["1 Account of a/1: Resolved(RuleRemoved)"]);
}

#[test]
fn a_site_outage_explains_what_is_unknown_below_it() {
    let mut rules = vec![account_rule()];
    rules.extend(packs::all().remove(0).rules);
    let mut story = Story::new(
        rules
            .into_iter()
            .filter(|rule| ["Account", "SiteOutage"].contains(&&*rule.name)),
    );
    let mut phones: Vec<_> = ["a", "b", "c"].map(|name| up(name, 0)).into();
    phones[0] = up("a", 0).account(1, "pbx", false);
    story.at(0, phones);
    for n in 1..60 {
        story.at(n, ["a", "b", "c"].map(|name| down(name, n)));
    }
    story.told(&[
        "0 Account of a/1: Fired",
        "1 SiteOutage of hq: Pending",
        "3 SiteOutage of hq: Fired",
    ]);
}

#[test]
fn a_published_board_does_not_change() {
    let mut story = Story::new([account_rule()]);
    story.at(0, [up("a", 0).account(1, "pbx", false)]);
    let published = story.board.clone();
    story.at(1, [up("a", 1).account(1, "pbx", true)]);
    assert!(published.alerts_of("a")[0].state.is_firing());
    assert!(story.board.alerts_of("a")[0].state.is_resolved());
}
