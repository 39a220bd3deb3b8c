//! The engine: one task a phone, one keeper, and who may ask them what.
//!
//! [`Engine::run`] owns all of it. Each phone's task polls at its own ticks and reports to the
//! keeper, the only writer of the fleet; readers watch the snapshots it publishes. A new
//! configuration is taken over phone by phone: who did not change keeps session, schedule and
//! counters.

mod cure;
mod endpoints;
mod keeper;
pub mod login;
pub mod round;
mod schedule;
mod seats;
mod task;
mod trial;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::fleet::command::PollNow;
use crate::fleet::trust::Trust;
use crate::fleet::{Failure, Fleet};
use crate::ledger::Ledger;
use crate::telemetry::PollMetrics;
use crate::webapi::{self, Target, Tls};
use keeper::Event;
use seats::Seats;
use task::{Entry, Slot};
use trial::Trial;

/// Polls the configured phones.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    slots: HashMap<Box<str>, Arc<Slot>>,
    tasks: JoinSet<()>,
    keeper: JoinSet<()>,
    tls: HashMap<Arc<Trust>, Shield>,
    stop: CancellationToken,
}

/// What the engine is asked over its channels.
#[derive(Debug)]
pub struct Orders {
    /// Poll a phone now.
    pub polls: mpsc::Receiver<PollNow>,
    /// Take over this configuration.
    pub configs: mpsc::Receiver<Change>,
    /// Answer if you are alive.
    pub pings: mpsc::Receiver<oneshot::Sender<()>>,
}

/// A configuration to take over.
#[derive(Debug)]
pub struct Change {
    /// The valid configuration.
    pub config: Arc<Config>,
    /// Told the outcome.
    pub done: oneshot::Sender<Result<(), Failure>>,
}

/// What all phones' tasks share.
#[derive(Debug)]
struct Shared {
    clock: Clock,
    ledger: Arc<Ledger>,
    events: mpsc::Sender<Event>,
    seats: Arc<Seats>,
    in_flight: Gauge,
    start: Instant,
}

/// TLS settings and for how many phones their session cache was made.
#[derive(Clone, Debug)]
struct Shield {
    tls: Tls,
    phones: usize,
}

/// How long the keeper is waited for at the end.
const GRACE: Duration = Duration::from_secs(2);

impl Engine {
    /// An engine without phones that publishes to `published` and counts polls in `metrics`.
    pub fn new(
        clock: Clock,
        ledger: Arc<Ledger>,
        published: watch::Sender<Arc<Fleet>>,
        metrics: PollMetrics,
    ) -> Self {
        let (events, inbox) = mpsc::channel(keeper::MAX_EVENTS);
        let in_flight = metrics.in_flight.clone();
        let mut keeper = JoinSet::new();
        keeper.spawn(keeper::run(inbox, published, metrics));
        Self {
            shared: Arc::new(Shared {
                clock,
                ledger,
                events,
                seats: Seats::none(),
                in_flight,
                start: Instant::now(),
            }),
            slots: HashMap::new(),
            tasks: JoinSet::new(),
            keeper,
            tls: HashMap::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Takes over a configuration: starts, changes and ends phones' tasks. Fails without having
    /// changed anything.
    pub async fn apply(&mut self, config: &Config) -> Result<(), Failure> {
        self.tls = self.tls_for(config)?;
        self.shared.seats.resize(config.max_in_flight);
        let places = config.phones.iter().map(|p| Arc::clone(&p.place)).collect();
        self.tell(Event::Places(places)).await;

        let mut slots = HashMap::with_capacity(config.phones.len());
        let mut trials = HashMap::new();
        for phone in &config.phones {
            let slot = self.slots.remove(&phone.place.name);
            let trial = slot
                .as_deref()
                .and_then(|slot| self.trial(&slot.entry(), phone, &mut trials));
            let entry = Entry {
                phone: Arc::clone(phone),
                target: self.target(phone),
                keep: config.metrics.keep,
                trial,
            };
            let slot = match slot {
                Some(slot) => {
                    slot.replace(entry);
                    slot
                }
                None => self.start(entry),
            };
            slots.insert(phone.place.name.clone(), slot);
        }
        for (_, gone) in std::mem::replace(&mut self.slots, slots) {
            gone.stop.cancel();
            let entry = gone.entry();
            if let Some(trial) = entry.trial {
                trial.leave(&login::ledger_key(&entry.phone));
            }
        }
        Ok(())
    }

    /// Polls and takes orders until `stop`. Returns an error if anything it owns ends by itself.
    pub async fn run(mut self, mut orders: Orders, stop: CancellationToken) -> Result<(), Ended> {
        let ended = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                Some(poll) = orders.polls.recv() => {
                    if let Some(slot) = self.slots.get(&poll.phone) {
                        slot.ask(poll.done);
                    }
                }
                Some(change) = orders.configs.recv() => {
                    let outcome = self.apply(&change.config).await;
                    // Whoever asked may be gone.
                    let _gone = change.done.send(outcome);
                }
                Some(answer) = orders.pings.recv() => self.tell(Event::Ping(answer)).await,
                Some(ended) = self.tasks.join_next() => {
                    if let Err(error) = ended {
                        break Err(Ended::Phone(error));
                    }
                }
                Some(_) = self.keeper.join_next() => break Err(Ended::Keeper),
            }
        };
        self.stop.cancel();
        self.tasks.shutdown().await;
        let mut keeper = self.keeper;
        drop(self.shared);
        // The keeper ends once it has published what was reported; it holds nothing that matters.
        let _late = tokio::time::timeout(GRACE, keeper.join_next()).await;
        ended
    }

    fn start(&mut self, entry: Entry) -> Arc<Slot> {
        let slot = Arc::new(Slot::new(entry, self.stop.child_token()));
        self.tasks
            .spawn(task::run(Arc::clone(&slot), Arc::clone(&self.shared)));
        slot
    }

    fn target(&self, phone: &config::Phone) -> Target {
        let shield = phone.trust.as_ref().and_then(|trust| self.tls.get(trust));
        Target {
            tls: shield.map(|shield| shield.tls.clone()),
            ..plain(phone)
        }
    }

    /// The trial of this phone's credentials: the one it is in, or a new one, shared by all phones
    /// that changed to the same credentials.
    fn trial(
        &self,
        before: &Entry,
        phone: &config::Phone,
        trials: &mut HashMap<u16, Arc<Trial>>,
    ) -> Option<Arc<Trial>> {
        let salt = self.shared.ledger.salt();
        let tag = phone.credential.tag(&salt);
        if before.phone.credential.tag(&salt) == tag {
            return before.trial.clone();
        }
        Some(Arc::clone(trials.entry(tag).or_default()))
    }

    /// TLS settings for each trust in use; those that still suffice keep their sessions.
    fn tls_for(&self, config: &Config) -> Result<HashMap<Arc<Trust>, Shield>, Failure> {
        let mut users: HashMap<&Arc<Trust>, usize> = HashMap::new();
        for trust in config.phones.iter().filter_map(|p| p.trust.as_ref()) {
            *users.entry(trust).or_default() += 1;
        }
        let mut shields = HashMap::with_capacity(users.len());
        for (trust, phones) in users {
            let shield = match self.tls.get(trust) {
                Some(shield) if shield.phones >= phones => shield.clone(),
                Some(_) | None => Shield {
                    tls: tls(trust, phones)?,
                    phones,
                },
            };
            shields.insert(Arc::clone(trust), shield);
        }
        Ok(shields)
    }

    async fn tell(&self, event: Event) {
        // The keeper's end is noticed in `run`.
        let _ended = self.shared.events.send(event).await;
    }
}

/// Something that should live as long as the engine has ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The task of a phone panicked.
    #[error("the task of a phone ended")]
    Phone(#[source] tokio::task::JoinError),
    /// The keeper ended.
    #[error("the keeper of the fleet ended")]
    Keeper,
}

/// Targets of phones that are polled once; phones of one trust share its TLS settings, since
/// reading the system's authorities takes longer than a poll.
#[derive(Debug, Default)]
pub struct Targets(HashMap<Arc<Trust>, Tls>);

impl Targets {
    /// The target of this phone.
    pub fn of(&mut self, phone: &config::Phone) -> Result<Target, Failure> {
        let Some(trust) = &phone.trust else {
            return Ok(plain(phone));
        };
        let tls = match self.0.get(trust) {
            Some(shared) => shared.clone(),
            None => self
                .0
                .entry(Arc::clone(trust))
                .or_insert(tls(trust, 1)?)
                .clone(),
        };
        Ok(Target {
            tls: Some(tls),
            ..plain(phone)
        })
    }
}

/// One phone's target, for whoever polls it once.
pub fn target(phone: &config::Phone) -> Result<Target, Failure> {
    Targets::default().of(phone)
}

/// The target without what makes it speak TLS.
fn plain(phone: &config::Phone) -> Target {
    Target {
        host: phone.host.clone(),
        port: phone.port,
        tls: None,
        connect_timeout: phone.limits.connect_timeout,
        attempts: phone.limits.attempts,
    }
}

fn tls(trust: &Trust, phones: usize) -> Result<Tls, Failure> {
    Ok(Tls {
        config: webapi::tls_config(trust, phones)?,
        server_name: trust.server_name.clone(),
    })
}
