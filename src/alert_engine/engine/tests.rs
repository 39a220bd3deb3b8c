//! Nights of an office, a minute a turn: who is told what, declared minute by minute. Any message
//! that is not declared fails the test.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::oneshot;

use super::super::command::{Command, NewSilence, Refusal, Reply, SilenceEnd};
use super::super::snapshot::AlertmanagerCounters;
use super::{Effects, Engine, Input, Sent};
use crate::alerting_config::Settings;
use crate::alerts::board::Rules;
use crate::fleet::sample::{Sample, fleet, minute};
use crate::notify::channel::{Alertmanager, Body, Channel, Receiver, Webhook};
use crate::notify::http_client::HttpClient;
use crate::notify::retry::{DeliveryResult, FailureReason};
use crate::notify::route::{RepeatInterval, Route};
use crate::notify::send::Attempt;
use crate::rules::condition::{
    Condition, Counted, EachCondition, Fraction, Grouping, Own, PhoneCondition,
};
use crate::rules::matcher::{Matcher, parse_list, written};
use crate::rules::rule::Rule;
use crate::store::{Batch, Kind, Store};

/// How the receiver takes what it is sent.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    Open,
    /// It answers 503.
    Busy,
    /// It answers 429 and wants two minutes.
    Closed,
    /// It answers 400.
    Shut,
}

/// An office with one receiver and its engine.
struct Office {
    engine: Engine,
    settings: Arc<Settings>,
    directory: tempfile::TempDir,
    door: Door,
    told: Vec<String>,
    ids: Vec<Box<str>>,
}

const MINUTE: Duration = Duration::from_secs(60);

fn rule(name: &str, when: Condition) -> Rule {
    Rule {
        min_polls: 1,
        ..Rule::new(name, when)
    }
}

fn down() -> Rule {
    Rule {
        inhibits_below: true,
        ..rule("Down", Condition::Phone(PhoneCondition::Unreachable))
    }
}

fn lost() -> Rule {
    let when = EachCondition::AccountNotRegistered { account: None };
    rule("Lost", Condition::Each(when))
}

fn webhook() -> Webhook {
    Webhook {
        url: SecretString::from("http://127.0.0.1:1/"),
        body: Body::Generic,
        hmac: None,
        client: HttpClient::default(),
        timeout: None,
    }
}

fn settings(rules: impl IntoIterator<Item = Rule>) -> Settings {
    let route = Route {
        group_by: Box::default(),
        group_wait: Duration::ZERO,
        group_interval: Duration::ZERO,
        repeat_interval: RepeatInterval::Off,
        ..Route::new("desk")
    };
    let receiver = Receiver {
        route,
        max_listed_alerts: 10,
        channel: Channel::Webhook(Box::new(webhook())),
    };
    Settings {
        enabled: true,
        rules: Arc::new(Rules::new(rules)),
        receivers: vec![Arc::new(receiver)],
        ..Settings::default()
    }
}

impl Office {
    fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self::of(settings(rules))
    }

    fn of(settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(Some(&directory.path().join("alerts.sqlite")));
        Self {
            engine: Engine::open(Arc::clone(&settings), store, Arc::default(), minute(0)),
            settings,
            directory,
            door: Door::Open,
            told: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// A minute with these phones, and everything that is said in it.
    fn minute(&mut self, n: u64, samples: impl IntoIterator<Item = Sample>) {
        let samples = samples.into_iter();
        let phones = fleet(samples.map(|sample| sample.stale_after(10 * MINUTE)));
        let outcome = self.engine.turn(Input {
            fleet: Arc::new(phones),
            tick: true,
            ..self.nothing(n)
        });
        self.deliver(n, outcome);
    }

    fn deliver(&mut self, n: u64, mut outcome: Effects) {
        while !outcome.sends.is_empty() {
            let sent = outcome.sends.drain(..).map(|outgoing| {
                let notification = &outgoing.delivery.notification;
                let names = |list: &[crate::notify::notification::AlertRecord]| {
                    let name = |labels: &[(Box<str>, Box<str>)], wanted: &str| {
                        let found = labels.iter().find(|(name, _)| **name == *wanted);
                        found.map_or_else(String::new, |(_, value)| value.to_string())
                    };
                    let each = list.iter().map(|said| {
                        let end = said.ended.as_ref().map(|(_, word)| format!("({word})"));
                        let labels = &said.labels;
                        let (alert, phone) = (name(labels, "alertname"), name(labels, "phone"));
                        format!("{alert} {phone}{}", end.unwrap_or_default())
                    });
                    each.collect::<Vec<_>>().join(", ")
                };
                let (firing, over) = (names(&notification.firing), names(&notification.over));
                self.told.push(format!("{n}: [{firing}] [{over}]"));
                self.ids.push(outgoing.delivery.id.clone());
                let error = || "no".into();
                let result = match self.door {
                    Door::Open => DeliveryResult::Delivered,
                    Door::Busy | Door::Closed => DeliveryResult::Temporary {
                        reason: FailureReason::Busy,
                        error: error(),
                        after: (self.door == Door::Closed).then_some(2 * MINUTE),
                    },
                    Door::Shut => DeliveryResult::Permanent {
                        reason: FailureReason::Refused,
                        error: error(),
                    },
                };
                Sent {
                    message: outgoing.delivery.id,
                    recipients: outgoing.recipients,
                    receiver: outgoing.receiver,
                    attempt: Attempt {
                        result,
                        refused: Vec::new(),
                        remark: None,
                        dialogue: Vec::new(),
                    },
                }
            });
            let sent = sent.collect();
            let turn = Input {
                sent,
                fleet: Arc::clone(&self.engine.fleet),
                ..self.nothing(n)
            };
            outcome = self.engine.turn(turn);
        }
    }

    fn nothing(&self, n: u64) -> Input {
        Input {
            now: minute(n),
            fleet: Arc::clone(&self.engine.fleet),
            tick: false,
            reload_failed: false,
            commands: Vec::new(),
            sent: Vec::new(),
            managers: Vec::new(),
        }
    }

    /// The process dies without a word and another begins.
    fn restart(&mut self, n: u64) {
        let store = Store::open(Some(&self.directory.path().join("alerts.sqlite")));
        let settings = Arc::clone(&self.settings);
        self.engine = Engine::open(settings, store, Arc::default(), minute(n));
    }

    fn command<T>(
        &mut self,
        n: u64,
        command: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> Command,
    ) -> Result<T, Refusal> {
        let (done, mut answer) = oneshot::channel();
        let turn = Input {
            commands: vec![command(done)],
            ..self.nothing(n)
        };
        let mut outcome = self.engine.turn(turn);
        outcome.replies.drain(..).for_each(Reply::give);
        self.deliver(n, outcome);
        answer.try_recv().expect("an answer")
    }

    fn silence(&mut self, n: u64, phone: &str, minutes: u32) -> u64 {
        let wanted = NewSilence {
            matchers: Box::new([Matcher::equal("phone", phone)]),
            starts_at: None,
            ends: SilenceEnd::After(MINUTE * minutes),
            comment: "moving house".into(),
        };
        let by = "anna".into();
        let made = self.command(n, |done| Command::AddSilence { wanted, by, done });
        made.expect("a silence").id
    }

    #[track_caller]
    fn told(&self, expected: &[&str]) {
        assert_eq!(self.told, expected);
    }
}

#[test]
fn silences_that_were_stored_with_patterns_hold_after_an_upgrade() {
    /// As the version before matchers wrote it.
    const STORED: &str = r#"{"id":4,"matching":[{"name":"phone","any_of":["c","a*"]},{"name":"alertname","any_of":["Down"]}],"from":"1970-01-12T13:46:40Z","until":"1970-01-12T14:16:40Z","by":"anna","comment":"moving house"}"#;
    let mut office = Office::new([down()]);
    let mut store = Store::open(Some(&office.directory.path().join("alerts.sqlite")));
    let document = |key: &str, text: &str| (Kind::Silence, key.into(), Some(text.into()));
    let batch = Batch {
        documents: vec![document("4", STORED), document("last", "6")],
        ..Batch::default()
    };
    store.write(&batch, minute(0).wall).expect("written");
    office.restart(1);
    for n in 2..10 {
        office.minute(n, [at(n).down()]);
    }
    office.told(&[]);
    let silences = office.engine.board.silences();
    assert_eq!(
        written(&silences[0].matchers),
        r#"phone=~"c|a.*", alertname="Down""#
    );
    assert_eq!(office.silence(10, "b", 1), 7, "no id is used again");
    office.minute(31, [at(31).down()]);
    office.told(&["31: [Down a] []"]);
}

fn at(n: u64) -> Sample {
    Sample::new("a").polled(minute(n))
}

#[test]
fn what_was_told_is_told_to_its_end_although_an_outage_hid_it_meanwhile() {
    let mut office = Office::new([down(), lost()]);
    office.minute(0, [at(0).account(1, "pbx", false)]);
    office.minute(1, [at(0).account(1, "pbx", false).polled(minute(1)).down()]);
    office.minute(2, [at(2).account(1, "pbx", true)]);
    office.minute(3, [at(3).account(1, "pbx", true)]);
    office.told(&[
        "0: [Lost a] []",
        "1: [Down a] []",
        "2: [] [Lost a(cleared), Down a(cleared)]",
    ]);
}

#[test]
fn a_silence_hides_what_begins_and_not_the_end_of_what_was_told() {
    let mut office = Office::new([down()]);
    office.minute(0, [at(0).down()]);
    office.silence(0, "a", 10);
    office.minute(1, [at(1).up()]);
    office.minute(2, [at(2).down()]);
    office.minute(3, [at(3).up()]);
    office.minute(4, [at(4).down()]);
    // The silence is over, and the alert goes on.
    office.minute(11, [at(11).down()]);
    office.minute(12, [at(12).down()]);
    office.told(&[
        "0: [Down a] []",
        "1: [] [Down a(cleared)]",
        "11: [Down a] []",
    ]);
}

#[test]
fn a_silence_can_be_ended_and_is_kept_over_a_restart_with_who_made_it() {
    let mut office = Office::new([down()]);
    let id = office.silence(0, "a", 60);
    office.restart(1);
    office.minute(2, [at(2).down()]);
    let silences = office.engine.board.silences();
    assert_eq!((silences[0].id, &*silences[0].created_by), (id, "anna"));
    let expire = |office: &mut Office, id| {
        let by: Box<str> = "bert".into();
        office.command(3, |done| Command::ExpireSilence { id, by, done })
    };
    expire(&mut office, id).expect("it ends");
    assert_eq!(expire(&mut office, id), Err(Refusal::Over(id)));
    let unknown = expire(&mut office, 99);
    assert_eq!(unknown, Err(Refusal::Unknown("silence", 99)));
    office.minute(4, [at(4).down()]);
    office.told(&["3: [Down a] []"]);
    // Its number is never used again, not even after another restart.
    office.restart(5);
    assert_eq!(office.silence(5, "b", 1), id + 1);
}

#[test]
fn a_restart_says_nothing_twice_and_forgets_no_end() {
    let mut office = Office::new([down()]);
    office.minute(0, [at(0).down()]);
    office.restart(1);
    office.minute(1, [at(1).down()]);
    office.restart(2);
    office.minute(2, [at(2).up()]);
    office.minute(3, [at(3).up()]);
    office.told(&["0: [Down a] []", "2: [] [Down a(cleared)]"]);
}

#[test]
fn what_is_pending_keeps_its_clock_over_a_restart_and_the_gap_does_not_count() {
    let patient = Rule {
        hold: 4 * MINUTE,
        ..down()
    };
    let mut office = Office::new([patient]);
    for n in 0..=2 {
        office.minute(n, [at(n).down()]);
    }
    office.restart(60);
    for n in 60..=63 {
        office.minute(n, [at(n).down()]);
    }
    office.told(&["62: [Down a] []"]);
}

/// How a server takes a mail for these recipients: what refuses it stands beside them.
fn attempt(result: DeliveryResult, refused: &[(&str, &DeliveryResult)]) -> Attempt {
    let refused = refused.iter();
    let refused = refused.map(|(to, result)| ((*to).into(), DeliveryResult::clone(result)));
    Attempt {
        result,
        refused: refused.collect(),
        remark: None,
        dialogue: Vec::new(),
    }
}

#[test]
fn a_recipient_who_is_refused_is_tried_again_alone_and_given_up_alone() {
    let busy = DeliveryResult::Temporary {
        reason: FailureReason::Busy,
        error: "450 later".into(),
        after: None,
    };
    let never = DeliveryResult::Permanent {
        reason: FailureReason::Refused,
        error: "550 unknown".into(),
    };
    // Whether others took it, or all were refused in different ways.
    for result in [DeliveryResult::Delivered, busy.clone()] {
        let mut office = Office::new([down()]);
        let turn = |office: &Office, n, sent| Input {
            sent,
            fleet: Arc::new(fleet([at(0).down()])),
            tick: true,
            ..office.nothing(n)
        };
        let mut outcome = office.engine.turn(turn(&office, 0, Vec::new()));
        let first = outcome.sends.remove(0);
        assert_eq!(first.recipients, None);
        let sent = |outgoing: &super::Outgoing, attempt| Sent {
            message: outgoing.delivery.id.clone(),
            receiver: outgoing.receiver.clone(),
            recipients: outgoing.recipients.clone(),
            attempt,
        };
        let refused = [("b@x", &busy), ("c@x", &never), ("d@x", &busy)];
        let took = sent(&first, attempt(result, &refused));
        office.engine.turn(turn(&office, 0, vec![took]));
        let letters = |office: &Office| {
            let letters = office.engine.store.letters().expect("letters").into_iter();
            let each = letters.map(|one| (one.recipients.expect("some"), one.dead, one.attempts));
            each.collect::<Vec<_>>()
        };
        assert_eq!(
            letters(&office),
            [
                ("[\"b@x\"]".into(), false, 1),
                ("[\"c@x\"]".into(), true, 1),
                ("[\"d@x\"]".into(), false, 1),
            ]
        );
        let queue = office.engine.queues["desk"];
        assert_eq!((queue.waiting, queue.dead), (2, 1));

        // One at a time, under the same id; a refusal of one holds nothing up.
        let mut outcome = office.engine.turn(turn(&office, 1, Vec::new()));
        let second = outcome.sends.remove(0);
        assert_eq!(second.recipients, Some(["b@x".into()].into()));
        assert_eq!(second.delivery.id, first.delivery.id);
        let took = sent(&second, attempt(busy.clone(), &[("b@x", &busy)]));
        let mut outcome = office.engine.turn(turn(&office, 1, vec![took]));
        let third = outcome.sends.remove(0);
        assert_eq!(third.recipients, Some(["d@x".into()].into()));
        let took = sent(&third, attempt(DeliveryResult::Delivered, &[]));
        office.engine.turn(turn(&office, 1, vec![took]));
        assert_eq!(
            letters(&office),
            [
                ("[\"b@x\"]".into(), false, 2),
                ("[\"c@x\"]".into(), true, 1),
            ]
        );
    }
}

#[test]
fn a_rule_that_is_removed_ends_what_it_said_with_that_reason() {
    let mut office = Office::new([down(), lost()]);
    office.minute(0, [at(0).down()]);
    let settings = Arc::new(settings([lost()]));
    let reloaded = office.command(1, |done| Command::Reload { settings, done });
    assert_eq!(reloaded, Ok(()));
    office.told(&["0: [Down a] []", "1: [] [Down a(rule_removed)]"]);
}

/// The rule `Down`, retuned and with this severity.
fn retuned(severity: &str) -> Rule {
    let parts = [PhoneCondition::Unreachable, PhoneCondition::NotReadable];
    Rule {
        when: Condition::Phone(PhoneCondition::AnyOf(parts.into())),
        labels: Box::new([("severity".into(), severity.into())]),
        ..down()
    }
}

#[test]
fn a_rule_that_is_retuned_says_nothing_of_what_still_fires_and_its_end_when_it_ends() {
    let mut office = Office::new([down()]);
    office.minute(0, [at(0).down()]);
    let reloaded = office.command(1, |done| Command::Reload {
        settings: Arc::new(settings([retuned("")])),
        done,
    });
    assert_eq!(reloaded, Ok(()));
    office.minute(2, [at(2).down()]);
    // The next version takes the change back.
    office.settings = Arc::new(settings([down()]));
    office.restart(3);
    office.minute(3, [Sample::new("a")]);
    office.minute(4, [at(4).down()]);
    office.minute(5, [at(5).up()]);
    office.told(&["0: [Down a] []", "5: [] [Down a(cleared)]"]);
}

#[test]
fn a_rule_that_labels_otherwise_is_one_message() {
    let mut office = Office::new([retuned("warning")]);
    office.minute(0, [at(0).down()]);
    let settings = Arc::new(settings([retuned("critical")]));
    let reloaded = office.command(1, |done| Command::Reload { settings, done });
    assert_eq!(reloaded, Ok(()));
    office.minute(2, [at(2).down()]);
    office.minute(3, [at(3).up()]);
    office.told(&[
        "0: [Down a] []",
        "1: [Down a] [Down a(relabelled)]",
        "3: [] [Down a(cleared)]",
    ]);
}

#[test]
fn a_reload_keeps_the_clocks_of_rules_that_stayed() {
    let patient = |minutes| Rule {
        hold: minutes * MINUTE,
        ..down()
    };
    let mut office = Office::new([patient(5)]);
    office.minute(0, [at(0).down()]);
    office.minute(1, [at(1).down()]);
    let settings = Arc::new(settings([patient(3), lost()]));
    let reloaded = office.command(1, |done| Command::Reload { settings, done });
    assert_eq!(reloaded, Ok(()));
    office.minute(2, [at(2).down()]);
    office.minute(3, [at(3).down()]);
    office.told(&["3: [Down a] []"]);
}

#[test]
fn while_a_receiver_is_away_the_truth_goes_on_and_is_told_once_when_it_is_back() {
    let mut office = Office::new([down()]);
    office.door = Door::Busy;
    for n in 0..30 {
        // It comes and goes twice, and comes a third time.
        let sample = if [3, 4, 8, 9].contains(&n) {
            at(n).up()
        } else {
            at(n).down()
        };
        office.minute(n, [sample]);
    }
    assert!(office.told.len() > 5, "it is tried: {:?}", office.told);
    office.door = Door::Open;
    office.told.clear();
    for n in 30..50 {
        office.minute(n, [at(n).down()]);
    }
    let [told] = &office.told[..] else {
        panic!("{:?}", office.told);
    };
    assert!(
        told.ends_with("[Down a] [Down a(cleared), Down a(cleared)]"),
        "{told}"
    );
}

#[test]
fn a_letter_that_is_tried_again_says_the_same_under_the_same_id_even_after_a_crash() {
    let mut office = Office::new([down()]);
    office.door = Door::Busy;
    office.minute(0, [at(0).down()]);
    office.restart(1);
    for n in 1..4 {
        office.minute(n, [at(n).down()]);
    }
    office.door = Door::Open;
    office.minute(20, [at(20).down()]);
    assert!(office.ids.len() > 2, "{:?}", office.told);
    assert!(
        office.ids.iter().all(|id| *id == office.ids[0]),
        "{:?}",
        office.ids
    );
}

#[test]
fn what_was_given_up_is_listed_and_tried_again_or_dropped_when_somebody_says_so() {
    let mut office = Office::new([down()]);
    office.door = Door::Shut;
    office.minute(0, [at(0).down()]);
    office.minute(1, [at(1).down()]);
    office.told(&["0: [Down a] []"]);
    let dead = office
        .command(1, |done| Command::Queue { done })
        .expect("letters");
    assert!(dead[0].dead, "{dead:?}");
    assert_eq!(dead[0].error.as_deref(), Some("no"));
    office.door = Door::Open;
    let by: Box<str> = "anna".into();
    let id = dead[0].id;
    let retried = office.command(2, |done| Command::Retry { id, by, done });
    assert_eq!(retried, Ok(()));
    office.told(&["0: [Down a] []", "2: [Down a] []"]);
    let by: Box<str> = "anna".into();
    let dropped = office.command(3, |done| Command::Drop { id, by, done });
    assert_eq!(dropped, Err(Refusal::Unknown("message", id)));
}

#[test]
fn a_message_that_waits_need_not_be_tried_again_by_hand() {
    let mut office = Office::new([down()]);
    office.door = Door::Busy;
    office.minute(0, [at(0).down()]);
    let waiting = office
        .command(0, |done| Command::Queue { done })
        .expect("letters");
    let id = waiting[0].id;
    let mut retry = |id| {
        let by: Box<str> = "anna".into();
        office.command(0, |done| Command::Retry { id, by, done })
    };
    assert_eq!(retry(id), Err(Refusal::Waiting(id)));
    assert_eq!(retry(99), Err(Refusal::Unknown("message", 99)));
}

#[test]
fn a_reload_gives_what_was_given_up_another_try() {
    let mut office = Office::new([down()]);
    office.door = Door::Shut;
    office.minute(0, [at(0).down()]);
    office.door = Door::Open;
    office.minute(1, [at(1).down()]);
    office.told(&["0: [Down a] []"]);
    // Somebody corrected the token.
    let settings = Arc::clone(&office.settings);
    let reloaded = office.command(2, |done| Command::Reload { settings, done });
    assert_eq!(reloaded, Ok(()));
    office.told(&["0: [Down a] []", "2: [Down a] []"]);
}

#[test]
fn an_alertmanager_that_is_not_reached_fails_like_a_receiver() {
    let failing = || {
        let within = 15 * MINUTE;
        rule("Failing", Condition::Own(Own::NotifierFailing { within }))
    };
    let mut office = Office::new([failing()]);
    let manager = Alertmanager {
        name: "am:9093".into(),
        url: SecretString::from("http://127.0.0.1:1/"),
        client: HttpClient::default(),
        timeout: None,
    };
    let mut settings = settings([failing()]);
    settings.alertmanagers = vec![Arc::new(manager)];
    let settings = Arc::new(settings);
    let reloaded = office.command(0, |done| Command::Reload { settings, done });
    assert_eq!(reloaded, Ok(()));
    for n in 0..20 {
        let mut tally = AlertmanagerCounters::default();
        if n < 18 {
            tally.errors = 1;
        } else {
            tally.sent = 1;
        }
        let outcome = office.engine.turn(Input {
            tick: true,
            managers: vec![("am:9093".into(), tally)],
            ..office.nothing(n)
        });
        office.deliver(n, outcome);
    }
    office.told(&["15: [Failing ] []", "18: [] [Failing (cleared)]"]);
}

#[test]
fn a_site_of_two_thousand_phones_that_is_lost_is_one_message() {
    let outage = Rule {
        inhibits_below: true,
        hold: MINUTE,
        ..rule(
            "SiteOutage",
            Condition::Fraction(Fraction {
                of: Counted::Unreachable,
                by: Grouping::Label("site".into()),
                at_least: 0.5,
                min: 3,
            }),
        )
    };
    let patient = Rule {
        hold: 5 * MINUTE,
        ..down()
    };
    let mut office = Office::new([outage, patient]);
    let names: Vec<_> = (0..2000).map(|n| format!("hq-{n}")).collect();
    for n in 0..10 {
        let phones = names.iter().map(|name| {
            let sample = Sample::new(name).site("hq").polled(minute(n));
            if n < 8 { sample.down() } else { sample.up() }
        });
        office.minute(n, phones);
    }
    office.told(&["1: [SiteOutage ] []", "8: [] [SiteOutage (cleared)]"]);
    assert_eq!(
        office.engine.tallies.suppressed.get("inhibited"),
        Some(&2000)
    );
}

#[test]
fn the_message_of_an_end_says_what_happened_in_between() {
    let mut office = Office::new([lost()]);
    let polled = |sample: Sample, firmware, uptime, registered| {
        sample
            .account(1, "pbx", registered)
            .uptime(uptime)
            .values(&[("68", firmware)])
    };
    let before = polled(at(0), "1.0", 900 * MINUTE, false);
    let after = polled(before.clone().polled(minute(1)), "1.1", MINUTE / 2, false);
    let back = polled(after.clone().polled(minute(2)), "1.1", 2 * MINUTE, true);
    for (n, sample) in (0..).zip([before, after, back]) {
        office.minute(n, [sample]);
    }
    let letters = office.engine.texts.iter();
    let changed: Vec<_> = letters
        .flat_map(|(_, texts)| texts.iter())
        .filter(|(name, _)| **name == *"changed")
        .map(|(_, text)| &**text)
        .collect();
    assert_eq!(changed, ["firmware 1.0 became 1.1, rebooted"]);
}

#[test]
fn the_history_of_a_phone_is_kept() {
    let mut office = Office::new([down()]);
    office.minute(0, [at(0).up()]);
    office.minute(1, [at(1).down()]);
    office.minute(2, [at(2).up()]);
    office.restart(3);
    let phone = Some("a".into());
    let events = office.command(3, |done| Command::Events {
        phone,
        since: minute(0).wall,
        most: 10,
        done,
    });
    let kinds: Vec<_> = events
        .expect("events")
        .iter()
        .map(|event| event.event.kind.clone())
        .collect();
    assert_eq!(
        kinds.iter().map(|kind| &**kind).collect::<Vec<_>>(),
        ["alert_resolved", "found", "alert_fired", "lost"]
    );
}

#[test]
fn without_a_disk_everything_goes_on_and_says_so() {
    let settings = Arc::new(settings([down()]));
    let store = Store::open(Some(std::path::Path::new("/proc/none/alerts.sqlite")));
    let mut engine = Engine::open(settings, store, Arc::default(), minute(0));
    let outcome = engine.turn(Input {
        now: minute(1),
        fleet: Arc::new(fleet([at(1).down()])),
        tick: true,
        reload_failed: false,
        commands: Vec::new(),
        sent: Vec::new(),
        managers: Vec::new(),
    });
    assert_eq!(outcome.sends.len(), 1);
    assert!(outcome.snapshot.keeping.fault.is_some());
}

#[test]
fn what_is_sent_again_long_after_is_told_to_its_end_again() {
    let mut office = Office::new([down()]);
    office.door = Door::Shut;
    office.minute(0, [at(0).down()]);
    office.door = Door::Open;
    office.minute(1, [at(1).up()]);
    let dead = office.command(2, |done| Command::Queue { done });
    let id = dead.expect("letters")[0].id;
    let by = "anna".into();
    let retried = office.command(2, |done| Command::Retry { id, by, done });
    assert_eq!(retried, Ok(()));
    office.minute(3, [at(3).up()]);
    office.minute(4, [at(4).up()]);
    office.told(&[
        "0: [Down a] []",
        "1: [] [Down a(cleared)]",
        "2: [Down a] []",
        "3: [] [Down a(cleared)]",
    ]);
}

#[test]
fn a_disk_that_comes_late_loses_no_letter_no_end_and_no_silence() {
    let mut before = Office::new([down()]);
    before.minute(0, [at(0).down()]);
    let silence = before.silence(0, "c", 60);
    before.door = Door::Busy;
    before.minute(1, [at(1).down(), Sample::new("d").polled(minute(1)).down()]);
    let mut office = Office::new([down()]);
    let away = office.directory.path().join("away");
    let store = Store::open(Some(&away.join("alerts.sqlite")));
    let settings = Arc::clone(&office.settings);
    office.engine = Engine::open(settings, store, Arc::default(), minute(2));
    assert_eq!(
        office.silence(2, "e", 60),
        silence,
        "nobody knows of the other"
    );
    let b = |n| Sample::new("b").polled(minute(n)).down();
    let first = office.engine.turn(Input {
        fleet: Arc::new(fleet([at(2).up(), b(2)])),
        tick: true,
        ..office.nothing(2)
    });
    assert_eq!(first.sends.len(), 1);
    std::fs::rename(before.directory.path(), &away).expect("it comes back");
    let second = office.engine.turn(Input {
        tick: true,
        ..office.nothing(4)
    });
    office.deliver(4, second);
    // Now that entry arrives which was on its way.
    office.deliver(4, first);
    for n in 5..30 {
        office.minute(n, [at(n).up(), b(n)]);
    }
    let told = office.told.join("; ");
    assert!(told.contains("Down d"), "what waited on the disk: {told}");
    assert!(
        told.contains("[Down a("),
        "the end of what was told: {told}"
    );
    let silences = office.engine.board.silences();
    let of: Vec<_> = silences
        .iter()
        .map(|one| (one.id, one.matchers[0].value()))
        .collect();
    assert_eq!(of, [(1, "e"), (2, "c")]);
    let store = Store::open(Some(&away.join("alerts.sqlite")));
    let settings = Arc::clone(&office.settings);
    let again = Engine::open(settings, store, Arc::default(), minute(31));
    assert_eq!(again.board.silences(), office.engine.board.silences());
    assert_eq!(
        again.mail.told["desk"].save(),
        office.engine.mail.told["desk"].save()
    );
}

#[test]
fn a_receiver_that_asks_for_peace_is_left_alone_by_all_letters() {
    let mut office = Office::new([]);
    let mut settings = settings([down()]);
    let receiver = Arc::get_mut(&mut settings.receivers[0]).expect("nobody else has it");
    receiver.route.group_by = Box::new(["phone".into()]);
    office.settings = Arc::new(settings);
    office.restart(0);
    office.door = Door::Closed;
    let three = |n| ["a", "b", "c"].map(|name| Sample::new(name).polled(minute(n)).down());
    office.minute(0, three(0));
    office.minute(1, three(1));
    office.told(&["0: [Down a] []"]);
    office.door = Door::Open;
    office.minute(2, three(2));
    assert_eq!(office.told.len(), 4, "{:?}", office.told);
}

#[test]
fn silences_are_bounded_in_number_time_and_reach() {
    let mut office = Office::new([down()]);
    let mut ask = |matchers: Box<[Matcher]>, ends| {
        let wanted = NewSilence {
            matchers,
            starts_at: None,
            ends,
            comment: Box::default(),
        };
        let by: Box<str> = "anna".into();
        let made = office.command(0, |done| Command::AddSilence { wanted, by, done });
        made.map(|silence| silence.id)
    };
    let minute_long = SilenceEnd::After(MINUTE);
    for matchers in [
        "",
        "phone=",
        "phone!=a",
        "phone=~.*",
        "site!~hq|lyon, phone=",
    ] {
        let matchers: Box<[_]> = parse_list(matchers).expect("matchers").into();
        let made = ask(matchers.clone(), minute_long);
        assert_eq!(made, Err(Refusal::Everything), "{matchers:?}");
    }
    let phone: Box<[_]> = Box::new([Matcher::equal("phone", "a")]);
    let longest = Settings::default().longest_silence;
    let too_long = minute(1).after(longest).wall;
    for (ends, refusal) in [
        (SilenceEnd::After(Duration::ZERO), Refusal::Lasting(longest)),
        (SilenceEnd::After(longest * 2), Refusal::Lasting(longest)),
        (SilenceEnd::At(too_long), Refusal::Lasting(longest)),
        (SilenceEnd::At(jiff::Timestamp::UNIX_EPOCH), Refusal::Past),
    ] {
        assert_eq!(ask(phone.clone(), ends), Err(refusal), "{ends:?}");
    }
    for n in 1..=1000 {
        assert_eq!(ask(phone.clone(), minute_long), Ok(n));
    }
    assert_eq!(ask(phone, minute_long), Err(Refusal::Full(1000)));
}

mod nights;
mod send_resolved;
mod writes;
