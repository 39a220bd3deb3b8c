//! Stories of a board: polls and ticks in, steps out.

use super::super::silence::Window;
use super::*;
use crate::fleet::Reason;
use crate::fleet::sample::{Sample, fleet, minute};
use crate::rules::condition::{
    Condition, Counted, EachCondition, Fraction, Grouping, PhoneCondition,
};
use crate::rules::inhibit::InhibitRule;
use crate::rules::labels::text;
use crate::rules::matcher::Matcher;
use crate::rules::packs;
use crate::rules::time_interval::{Part, TimeInterval, TimeIntervals, TimeRange};

const MINUTE: Duration = Duration::from_secs(60);

/// A board, and what happened on it: `minute alertname of what: step`.
struct Story {
    board: Board,
    fleet: Fleet,
    told: Vec<String>,
    /// The same for what may be said and what is over.
    said: Vec<String>,
    /// The minute of the last look, as of which it would be saved.
    looked: u64,
}

impl Story {
    fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self {
            board: Board::new(Arc::new(Rules::new(rules))),
            fleet: Fleet::default(),
            told: Vec::new(),
            said: Vec::new(),
            looked: 0,
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
        self.looked = n;
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
        let changes = self
            .board
            .restore(saved, minute(self.looked).wall, minute(n));
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
            let line = format!("{n} {name} of {of}: {step:?}");
            let saying = matches!(step, Step::Shown | Step::Hidden);
            if saying || matches!(step, Step::Resolved(_)) {
                self.said.push(line.clone());
            }
            if !saying {
                self.told.push(line);
            }
        }
    }

    #[track_caller]
    fn said(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(std::mem::take(&mut self.said), expected);
        self
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
    assert_eq!(alert.active_at, minute(0));
    assert_eq!(alert.fired_at, Some(minute(2)));
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
fn a_phone_that_invents_accounts_does_not_fill_the_board() {
    let mut story = Story::new([account_rule()]);
    for n in 0..600 {
        let id = u16::try_from(n + 1).expect("a small number");
        story.at(n / 60, [up("a", n / 60).account(id, "pbx", false)]);
    }
    assert!(story.board.alerts_of("a").len() <= 256);
}

#[test]
fn labels_stay_as_they_were_when_the_alert_began() {
    let mut story = Story::new([account_rule()]);
    story.at(0, [up("a", 0).account(1, "old", false)]);
    story.at(1, [up("a", 1).site("lyon").account(1, "new", false)]);
    let labels = &story.board.alerts_of("a")[0].labels;
    let found = ["alertname", "phone", "site", "account", "server"].map(|name| text(labels, name));
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

/// The same name and labels, and something else to look for.
fn account_two() -> Rule {
    let account = Some(2);
    Rule {
        when: Condition::Each(EachCondition::AccountNotRegistered { account }),
        ..account_rule()
    }
}

/// Two accounts, of which these are registered.
fn accounts(n: u64, first: bool, second: bool) -> [Sample; 1] {
    [up("a", n)
        .account(1, "pbx", first)
        .account(2, "pbx", second)]
}

#[test]
fn a_rule_that_looks_for_something_else_lets_the_next_observation_decide() {
    let take_over: [fn(&mut Story); 2] = [
        |story| {
            story.follow(1, [account_two()]);
        },
        |story| {
            story.restart(1, [account_two()]);
        },
    ];
    for take_over in take_over {
        let mut story = Story::new([account_rule()]);
        story
            .at(0, accounts(0, false, false))
            .told(&["0 Account of a/1: Fired", "0 Account of a/2: Fired"]);
        take_over(&mut story);
        story
            .told(&[])
            .at(2, [Sample::new("a").site("hq")])
            .told(&[])
            .at(3, accounts(3, false, false))
            .told(&["3 Account of a/1: Resolved(Cleared)"])
            .at(4, accounts(4, false, true))
            .told(&["4 Account of a/2: Resolved(Cleared)"]);
    }
}

#[test]
fn a_clock_that_ran_under_another_condition_is_not_trusted() {
    let readable = |hold, keep_firing_for| Rule {
        hold,
        keep_firing_for,
        when: Condition::Phone(PhoneCondition::AnyOf(Box::new([
            PhoneCondition::Unreachable,
            PhoneCondition::NotReadable,
        ]))),
        ..down_rule()
    };
    Story::new([down_rule()])
        .at(0, [down("a", 0)])
        .at(1, [down("a", 1)])
        .follow(1, [readable(2 * MINUTE, Duration::ZERO)])
        .told(&["0 Down of a: Pending", "1 Down of a: Dropped"])
        .at(2, [down("a", 2)])
        .at(3, [down("a", 3)])
        .told(&["2 Down of a: Pending"])
        .at(4, [down("a", 4)])
        .told(&["4 Down of a: Fired"]);
    let lasting = Rule {
        hold: Duration::ZERO,
        keep_firing_for: 3 * MINUTE,
        ..down_rule()
    };
    Story::new([lasting])
        .at(0, [down("a", 0)])
        .at(1, [up("a", 1)])
        .told(&["0 Down of a: Fired"])
        .follow(3, [readable(Duration::ZERO, 3 * MINUTE)])
        .at(4, [up("a", 4)])
        .at(6, [up("a", 6)])
        .told(&[])
        .at(7, [up("a", 7)])
        .told(&["7 Down of a: Resolved(Cleared)"]);
}

#[test]
fn a_rule_that_labels_otherwise_ends_one_alert_and_goes_on_with_another_at_once() {
    let labelled = |severity: &str| Rule {
        labels: Box::new([("severity".into(), severity.into())]),
        ..down_rule()
    };
    let severities = |story: &Story| {
        let alerts = story.board.alerts_of("a").iter();
        let lines = alerts.map(|alert| {
            let minutes = alert.active_at.since(minute(0)).as_secs() / 60;
            let state = if alert.state.is_firing() {
                "fires"
            } else {
                "ended"
            };
            format!("{} {state} since {minutes}", alert.severity())
        });
        lines.collect::<Vec<_>>()
    };
    let mut story = Story::new([labelled("warning")]);
    story
        .at(0, [down("a", 0)])
        .follow(0, [labelled("info")])
        .at(2, [down("a", 2)])
        .told(&["0 Down of a: Pending", "2 Down of a: Fired"])
        .follow(3, [labelled("critical")])
        .told(&["3 Down of a: Resolved(Relabelled)", "3 Down of a: Fired"])
        .at(4, [down("a", 4)])
        .told(&[]);
    assert_eq!(
        severities(&story),
        ["info ended since 0", "critical fires since 0"]
    );
    // Back again: what ended makes way for what goes on under its labels.
    story
        .follow(5, [labelled("info")])
        .told(&["5 Down of a: Resolved(Relabelled)", "5 Down of a: Fired"]);
    assert_eq!(
        severities(&story),
        ["critical ended since 0", "info fires since 0"]
    );
    story
        .restart(6, [down_rule()])
        .told(&["6 Down of a: Resolved(Relabelled)", "6 Down of a: Fired"])
        .at(7, [up("a", 7)])
        .told(&["7 Down of a: Resolved(Cleared)"]);
}

#[test]
fn a_rule_that_speaks_of_something_else_ends_what_it_said() {
    let by = |label: &str| Rule {
        min_polls: 1,
        ..Rule::new(
            "Outage",
            Condition::Fraction(Fraction {
                of: Counted::Unreachable,
                by: Grouping::Label(label.into()),
                at_least: 1.0,
                min: 1,
            }),
        )
    };
    Story::new([by("site")])
        .at(0, [down("a", 0)])
        .follow(1, [by("phone")])
        .told(&[
            "0 Outage of hq: Fired",
            "1 Outage of hq: Resolved(RuleRemoved)",
        ]);
    let of_phone = Rule {
        when: Condition::Phone(PhoneCondition::Any(EachCondition::AccountNotRegistered {
            account: None,
        })),
        ..account_rule()
    };
    Story::new([account_rule()])
        .at(0, accounts(0, false, true))
        .restart(1, [of_phone])
        .told(&[
            "0 Account of a/1: Fired",
            "1 Account of a/1: Resolved(RuleRemoved)",
        ]);
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

/// The ready-made rules of these names, that fire at once and end at once.
fn ready(names: &[&str]) -> Vec<Rule> {
    let all = packs::all().into_iter().flat_map(|pack| pack.rules);
    all.filter(|rule| names.contains(&&*rule.name))
        .map(|rule| Rule {
            hold: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            min_polls: 1,
            ..rule
        })
        .collect()
}

#[test]
fn what_was_said_and_is_then_explained_is_still_told_to_be_over() {
    let mut story = Story::new(ready(&["SiteOutage", "AccountUnregistered"]));
    let names = ["a", "b", "c"];
    let unregistered = |n| names.map(|name| up(name, n).account(1, "pbx", name != "a"));
    story
        .at(0, unregistered(0))
        .at(1, unregistered(1))
        .said(&["0 AccountUnregistered of a/1: Shown"])
        .at(2, names.map(|name| down(name, 2)))
        .said(&[
            "2 SiteOutage of hq: Shown",
            "2 AccountUnregistered of a/1: Hidden",
        ])
        .at(3, names.map(|name| up(name, 3).account(1, "pbx", true)))
        .said(&[
            "3 AccountUnregistered of a/1: Resolved(Cleared)",
            "3 SiteOutage of hq: Resolved(Cleared)",
        ]);
}

#[test]
fn when_the_outage_ends_first_what_is_left_is_said_at_once() {
    let names = ["a", "b", "c", "d"];
    let mut story = Story::new(ready(&["SiteOutage", "PhoneUnreachable"]));
    story
        .at(0, names.map(|name| up(name, 0)))
        .at(1, names.map(|name| down(name, 1)))
        .said(&["1 SiteOutage of hq: Shown"])
        .at(
            2,
            names.map(|name| {
                if name == "a" {
                    down(name, 2)
                } else {
                    up(name, 2)
                }
            }),
        )
        .said(&[
            "2 PhoneUnreachable of b: Resolved(Cleared)",
            "2 PhoneUnreachable of c: Resolved(Cleared)",
            "2 PhoneUnreachable of d: Resolved(Cleared)",
            "2 SiteOutage of hq: Resolved(Cleared)",
            "2 PhoneUnreachable of a: Shown",
        ]);
}

#[test]
fn a_site_of_two_thousand_phones_is_one_word() {
    let names: Vec<_> = (0..2000).map(|n| format!("phone-{n:04}")).collect();
    let all = |polled: fn(&str, u64) -> Sample, n| names.iter().map(move |name| polled(name, n));
    let mut story = Story::new(ready(&["SiteOutage", "PhoneUnreachable", "PhoneDataStale"]));
    story.at(0, all(up, 0)).at(1, all(down, 1));
    story.said(&["1 SiteOutage of hq: Shown"]);
    assert_eq!(story.board.alerts().count(), 2001);
}

#[test]
fn when_nothing_answers_only_the_poller_is_told_of() {
    let names = ["a", "b", "c", "d", "e"];
    Story::new(ready(&["PollerIsolated", "SiteOutage", "PhoneUnreachable"]))
        .at(0, names.map(|name| up(name, 0)))
        .at(1, names.map(|name| down(name, 1)))
        .said(&["1 PollerIsolated of all: Shown"]);
}

#[test]
fn what_may_be_part_of_an_outage_waits_for_readings_that_are_newer() {
    let mut story = Story::new(ready(&["SiteOutage", "PhoneAuthRejected"]));
    let refused = |n| {
        Sample::new("a")
            .site("hq")
            .polled(minute(n))
            .failed(Reason::Auth)
    };
    story.at(0, ["a", "b"].map(|name| up(name, 0)));
    story
        .at(1, [refused(1), up("b", 0)])
        .said(&[])
        .at(1, [refused(1), up("b", 1)])
        .said(&["1 PhoneAuthRejected of a: Shown"]);
}

#[test]
fn patience_has_an_end() {
    let mut story = Story::new(ready(&["SiteOutage", "PhoneAuthRejected"]));
    let refused = |n| {
        Sample::new("a")
            .site("hq")
            .polled(minute(n))
            .failed(Reason::Auth)
    };
    story.at(0, ["a", "b"].map(|name| up(name, 0)));
    story
        .at(1, [refused(1), up("b", 0)])
        .said(&[])
        .tick(2)
        .said(&["2 PhoneAuthRejected of a: Shown"]);
}

#[test]
fn a_silence_keeps_back_the_word_and_not_the_end() {
    let mut story = Story::new(ready(&["PhoneUnreachable"]));
    let silence = |until| Silence {
        id: 7,
        matchers: Box::new([Matcher::equal("phone", "a")]),
        starts_at: minute(1).wall,
        ends_at: minute(until).wall,
        updated_at: minute(1).wall,
        created_by: "anna".into(),
        comment: "repair".into(),
    };
    story
        .at(0, [down("a", 0)])
        .said(&["0 PhoneUnreachable of a: Shown"]);
    story.board.with_silences(vec![silence(3)]);
    story
        .at(1, [down("a", 1)])
        .said(&["1 PhoneUnreachable of a: Hidden"]);
    assert_eq!(
        story.board.alerts_of("a")[0].visibility,
        Visibility::Silenced(7)
    );
    assert_eq!(story.board.muted().get("a"), Some(&MutedBy::Silence));
    story
        .at(2, [up("a", 2)])
        .said(&["2 PhoneUnreachable of a: Resolved(Cleared)"])
        .at(3, [down("a", 3)])
        .said(&["3 PhoneUnreachable of a: Shown"]);
    assert_eq!(story.board.muted().len(), 0);
}

#[test]
fn phones_in_a_window_make_no_outage_and_are_told_of_when_it_closes() {
    let mut story = Story::new(ready(&["SiteOutage", "PhoneUnreachable"]));
    // Minute 0 of these stories is 13:46:40.
    let window = Window {
        name: "patch night".into(),
        when: TimeIntervals(Box::new([TimeInterval {
            name: "noon".into(),
            parts: Box::new([Part {
                times: Box::new([TimeRange {
                    start: 13 * 60,
                    end: 13 * 60 + 51,
                }]),
                ..Part::always(jiff::tz::TimeZone::UTC)
            }]),
        }])),
        matching: Box::default(),
    };
    story.board.with_suppression(Arc::new(Suppression {
        windows: Box::new([window]),
        ..Suppression::default()
    }));
    let names = ["a", "b", "c"];
    story
        .at(0, names.map(|name| up(name, 0)))
        .at(1, names.map(|name| down(name, 1)))
        .said(&[])
        .at(5, names.map(|name| down(name, 5)))
        .said(&["5 SiteOutage of hq: Shown"]);
}

#[test]
fn what_a_window_lets_go_waits_for_the_outage_that_is_pending() {
    let mut rules = ready(&["SiteOutage", "PhoneUnreachable"]);
    rules[0].hold = 2 * MINUTE;
    let mut story = Story::new(rules);
    let names = ["a", "b", "c", "d"];
    let some_down = |n| {
        names.map(|name| {
            if name == "d" {
                up(name, n)
            } else {
                down(name, n)
            }
        })
    };
    let silence = Silence {
        id: 1,
        matchers: Box::default(),
        starts_at: minute(0).wall,
        ends_at: minute(5).wall,
        updated_at: minute(0).wall,
        created_by: "anna".into(),
        comment: "move".into(),
    };
    story.board.with_silences(vec![silence]);
    for n in 0..7 {
        story.at(n, some_down(n));
    }
    story
        .said(&[])
        .at(7, some_down(7))
        .said(&["7 SiteOutage of hq: Shown"]);
}

#[test]
fn what_flaps_is_said_again_when_it_is_calm() {
    let mut story = Story::new(ready(&["PhoneUnreachable"]));
    for n in 0..6 {
        story.at(n, [if n % 2 == 0 { down("a", n) } else { up("a", n) }]);
    }
    let ups_and_downs = [
        "0 PhoneUnreachable of a: Shown",
        "1 PhoneUnreachable of a: Resolved(Cleared)",
        "2 PhoneUnreachable of a: Shown",
        "3 PhoneUnreachable of a: Resolved(Cleared)",
        "4 PhoneUnreachable of a: Shown",
        "5 PhoneUnreachable of a: Resolved(Cleared)",
    ];
    story.said(&ups_and_downs).at(6, [down("a", 6)]).said(&[]);
    assert_eq!(
        story.board.alerts_of("a")[0].visibility,
        Visibility::Flapping
    );
    for n in 7..=21 {
        story.at(n, [down("a", n)]);
    }
    story.said(&["21 PhoneUnreachable of a: Shown"]);
}

#[test]
fn a_source_that_is_itself_silenced_or_inhibited_still_inhibits() {
    let named = |name| Rule {
        min_polls: 1,
        ..Rule::new(name, Condition::Phone(PhoneCondition::Unreachable))
    };
    let mut story = Story::new(["A", "B", "C", "D"].map(named));
    let inhibits = |source, target| InhibitRule::of_names(&[source], &[target], &["phone"]);
    story.board.with_suppression(Arc::new(Suppression {
        inhibit_rules: Box::new([inhibits("A", "B"), inhibits("B", "C"), inhibits("D", "D")]),
        ..Suppression::default()
    }));
    let silence = Silence {
        id: 3,
        matchers: Box::new([Matcher::equal("alertname", "A")]),
        starts_at: minute(0).wall,
        ends_at: minute(9).wall,
        updated_at: minute(0).wall,
        created_by: "anna".into(),
        comment: "repair".into(),
    };
    story.board.with_silences(vec![silence]);
    story.at(0, [down("a", 0), down("b", 0)]).tick(1);
    for phone in ["a", "b"] {
        let alerts = story.board.alerts_of(phone);
        let visibilities = ["A", "B", "C", "D"].map(|name| {
            let alert = alerts.iter().find(|alert| *alert.rule().name == *name);
            alert.expect("it fires").visibility.clone()
        });
        assert_eq!(
            visibilities,
            [
                Visibility::Silenced(3),
                Visibility::Inhibited("A".into()),
                Visibility::Inhibited("B".into()),
                Visibility::Shown,
            ]
        );
    }
}

#[test]
fn accounts_are_explained_by_their_own_server_only() {
    let mut story = Story::new(ready(&["MassUnregistered", "AccountUnregistered"]));
    story.board.with_suppression(Arc::new(Suppression {
        inhibit_rules: packs::all_inhibit_rules().into(),
        ..Suppression::default()
    }));
    let phones = |n, registered| {
        let account = |name, server| up(name, n).account(1, server, registered);
        let mut phones = ["a", "b", "c", "d", "e"]
            .map(|name| account(name, "pbx"))
            .to_vec();
        phones.push(account("f", "other"));
        phones
    };
    story.at(0, phones(0, true)).at(1, phones(1, false)).said(&[
        "1 MassUnregistered of pbx: Shown",
        "1 AccountUnregistered of f/1: Shown",
    ]);
}
