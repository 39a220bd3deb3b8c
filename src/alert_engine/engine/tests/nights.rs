//! Nights that nobody thought of: whatever comes in whatever order, a receiver that can be reached in
//! the end knows what fires, and of nothing else that it does.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::Outgoing;
use crate::alert_engine::engine::tests::*;
use crate::alerts::identity::Life;
use crate::notify::Notification;
use crate::notify::notification::{AlertRecord, NotificationReason};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many minutes later phones were polled; which of the three are down, and which are listed.
    Polls {
        minutes: u64,
        down: [bool; 3],
        listed: [bool; 3],
    },
    Silence {
        phone: usize,
        minutes: u32,
    },
    Expire,
    Reload(Way),
    /// The process ends; whether what was just sent was noted before.
    Restart {
        noted: bool,
    },
    Door(Answer),
}

/// What a route wants.
#[derive(Clone, Copy, Debug)]
struct Way {
    by: usize,
    only_b: bool,
    wait: u32,
    every: u32,
    remind: bool,
    /// Whether phones that are down are looked for.
    down: bool,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Taken,
    Busy,
    /// It is taken, and the answer is lost.
    Unheard,
}

const PHONES: [&str; 3] = ["a", "b", "c"];

fn step() -> impl Strategy<Value = Step> {
    let phones = || any::<[bool; 3]>();
    let answer = prop_oneof![
        Just(Answer::Taken),
        Just(Answer::Busy),
        Just(Answer::Unheard)
    ];
    prop_oneof![
        8 => (1..20_u64, phones(), phones(), any::<bool>()).prop_map(|(minutes, down, listed, all)| {
            let listed = if all { [true; 3] } else { listed };
            Step::Polls { minutes, down, listed }
        }),
        1 => (0..3_usize, 1..30_u32).prop_map(|(phone, minutes)| Step::Silence { phone, minutes }),
        1 => Just(Step::Expire),
        2 => way().prop_map(Step::Reload),
        2 => any::<bool>().prop_map(|noted| Step::Restart { noted }),
        2 => answer.prop_map(Step::Door),
    ]
}

fn way() -> impl Strategy<Value = Way> {
    let waits = (0..3_u32, 0..30_u32);
    (0..3_usize, any::<[bool; 3]>(), waits).prop_map(
        |(by, [only_b, remind, down], (wait, every))| Way {
            by,
            only_b,
            wait,
            every,
            remind,
            down,
        },
    )
}

impl Way {
    const PLAIN: Self = Self {
        by: 0,
        only_b: false,
        wait: 0,
        every: 1,
        remind: false,
        down: true,
    };

    fn settings(self) -> Arc<Settings> {
        let rules = [down(), lost()].into_iter().skip(usize::from(!self.down));
        let mut settings = settings(rules);
        let receiver = Arc::get_mut(&mut settings.receivers[0]).expect("nobody else has it");
        let group_by: [&[&str]; 3] = [&[], &["phone"], &["severity", "alertname"]];
        let only_b = Matcher::equal("phone", "b");
        receiver.route = Route {
            matching: self.only_b.then_some(only_b).into_iter().collect(),
            group_by: group_by[self.by]
                .iter()
                .map(|name| (*name).into())
                .collect(),
            group_wait: MINUTE * self.wait,
            group_interval: MINUTE * self.every,
            repeat_interval: if self.remind {
                RepeatInterval::Every(30 * MINUTE)
            } else {
                RepeatInterval::Off
            },
            ..receiver.route.clone()
        };
        Arc::new(settings)
    }
}

/// What the receiver made of it.
#[derive(Default)]
struct Ear {
    /// What it was told fires.
    open: BTreeSet<Life>,
    /// What it was told is over.
    over: BTreeSet<Life>,
    /// What began, be it in a message that was not taken.
    begun: BTreeSet<Life>,
    /// By the id of a message, what it said.
    heard: BTreeMap<Box<str>, Notification>,
}

fn life(said: &AlertRecord) -> Life {
    Life::of(&said.labels, said.since)
}

impl Ear {
    fn hear(&mut self, id: &str, notification: &Notification) {
        if let Some(before) = self.heard.insert(id.into(), notification.clone()) {
            assert_eq!(
                before, *notification,
                "{id} says something else the second time"
            );
            return;
        }
        let lives = |list: &[AlertRecord]| -> BTreeSet<_> { list.iter().map(life).collect() };
        let (firing, over) = (lives(&notification.firing), lives(&notification.over));
        let news = firing.difference(&self.open).next().is_some() || !over.is_empty();
        assert!(
            news || notification.reason == NotificationReason::Reminder || notification.missed > 0,
            "no news: {notification:?}"
        );
        for life in &over {
            let was_open = self.open.remove(life);
            // What was taken without an answer is merged into the next message, and said there again.
            let again = notification.missed > 0 && self.over.contains(life);
            // What was hidden before its message was taken is only told to be over.
            let told = was_open || again || self.begun.contains(life);
            assert!(told, "never begun: {life}");
        }
        self.open.extend(firing);
        self.over.extend(over);
    }
}

struct Night {
    office: Office,
    n: u64,
    answer: Answer,
    ear: Ear,
    /// What was heard in the last turn and not noted yet.
    last: Vec<Sent>,
}

impl Night {
    fn new() -> Self {
        let office = Office::new([]);
        let mut night = Self {
            office,
            n: 0,
            answer: Answer::Taken,
            ear: Ear::default(),
            last: Vec::new(),
        };
        night.reload(Way::PLAIN);
        night
    }

    fn turn(&mut self, fleet: Arc<crate::fleet::Fleet>, commands: Vec<Command>) {
        let sent = std::mem::take(&mut self.last);
        let turn = Input {
            fleet,
            tick: true,
            commands,
            sent,
            ..self.office.nothing(self.n)
        };
        let mut outcome = self.office.engine.turn(turn);
        for _ in 0..20 {
            let sent: Vec<_> = outcome.sends.drain(..).map(|one| self.take(one)).collect();
            self.last = sent;
            if self.last.is_empty() || self.n.is_multiple_of(2) {
                return;
            }
            let sent = std::mem::take(&mut self.last);
            outcome = self.office.engine.turn(Input {
                sent,
                ..self.office.nothing(self.n)
            });
        }
    }

    fn take(&mut self, outgoing: Outgoing) -> Sent {
        let Outgoing {
            receiver,
            recipients,
            delivery,
        } = outgoing;
        let fresh = delivery.notification.fresh.iter().copied();
        self.ear.begun.extend(fresh);
        if !matches!(self.answer, Answer::Busy) {
            self.ear.hear(&delivery.id, &delivery.notification);
        }
        let result = match self.answer {
            Answer::Taken => DeliveryResult::Delivered,
            Answer::Busy | Answer::Unheard => DeliveryResult::Temporary {
                reason: FailureReason::Busy,
                error: "later".into(),
                after: None,
            },
        };
        let attempt = Attempt {
            result,
            refused: Vec::new(),
            remark: None,
            dialogue: Vec::new(),
        };
        Sent {
            message: delivery.id,
            receiver,
            recipients,
            attempt,
        }
    }

    fn again(&mut self, command: Command) {
        // No alert ends and begins anew at one moment.
        self.n += 1;
        let fleet = Arc::clone(&self.office.engine.fleet);
        self.turn(fleet, vec![command]);
    }

    fn reload(&mut self, way: Way) {
        let settings = way.settings();
        self.office.settings = Arc::clone(&settings);
        let (done, _answer) = oneshot::channel();
        self.again(Command::Reload { settings, done });
    }

    fn polls(&mut self, minutes: u64, down: [bool; 3], listed: [bool; 3]) {
        self.n += minutes;
        let phones = PHONES
            .iter()
            .zip(down)
            .zip(listed)
            .filter(|(_, listed)| *listed);
        let samples = phones.map(|((name, down), _)| {
            let sample = Sample::new(name)
                .stale_after(60 * MINUTE)
                .polled(minute(self.n));
            if down {
                sample.down()
            } else {
                sample.account(1, "pbx", true)
            }
        });
        let fleet = Arc::new(fleet(samples));
        self.turn(fleet, Vec::new());
    }

    fn live(&mut self, step: Step) {
        match step {
            Step::Polls {
                minutes,
                down,
                listed,
            } => self.polls(minutes, down, listed),
            Step::Silence { phone, minutes } => {
                let wanted = NewSilence {
                    matchers: Box::new([Matcher::equal("phone", PHONES[phone])]),
                    starts_at: None,
                    ends: SilenceEnd::After(MINUTE * minutes),
                    comment: Box::default(),
                };
                let (done, _answer) = oneshot::channel();
                self.again(Command::AddSilence {
                    wanted,
                    by: "anna".into(),
                    done,
                });
            }
            Step::Expire => {
                let silences = self.office.engine.board.silences().iter();
                let Some(id) = silences.map(|silence| silence.id).max() else {
                    return;
                };
                let (done, _answer) = oneshot::channel();
                self.again(Command::ExpireSilence {
                    id,
                    by: "anna".into(),
                    done,
                });
            }
            Step::Reload(way) => self.reload(way),
            Step::Restart { noted } => {
                if noted {
                    let sent = std::mem::take(&mut self.last);
                    let turn = Input {
                        sent,
                        ..self.office.nothing(self.n)
                    };
                    // What is to be sent now is not.
                    let _stopped = self.office.engine.turn(turn);
                }
                self.last.clear();
                self.n += 1;
                self.office.restart(self.n);
            }
            Step::Door(answer) => self.answer = answer,
        }
    }

    /// Everybody can be reached, and for hours nothing changes but that one phone is down.
    fn settle(&mut self, down: bool) {
        self.answer = Answer::Taken;
        self.reload(Way::PLAIN);
        for _ in 0..30 {
            self.polls(7, [down, false, false], [true; 3]);
        }
        let firing = self
            .office
            .engine
            .board
            .alerts()
            .filter(|alert| alert.state.is_firing());
        let firing: BTreeSet<_> = firing.map(super::super::Alert::life).collect();
        assert_eq!(firing.len(), usize::from(down));
        assert_eq!(self.ear.open, firing);
        assert!(
            self.office
                .engine
                .store
                .letters()
                .expect("letters")
                .is_empty()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_can_be_reached_in_the_end_knows_what_fires_and_nothing_else(
        steps in vec(step(), 1..30),
    ) {
        let mut night = Night::new();
        for step in steps {
            night.live(step);
        }
        night.settle(true);
        night.settle(false);
    }
}
