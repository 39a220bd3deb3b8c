//! The engine: one task a phone, one keeper, and who may ask them what.
//!
//! [`Engine::run`] owns all of it. Each phone's task polls at its own ticks and reports to the
//! keeper, the only writer of the fleet; readers watch the snapshots it publishes. A new
//! configuration is taken over phone by phone: who did not change keeps session, schedule and
//! counters.

mod concurrency_limit;
mod cure;
mod endpoints;
mod hindrance;
pub mod identity;
mod keeper;
pub mod login;
pub mod memory;
mod resizable_semaphore;
pub mod round;
mod schedule;
mod silence;
mod task;
mod trial;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock, Timeline};
use crate::config::{self, Capacity, Config, MaxInFlight};
use crate::fleet::command::PollNow;
use crate::fleet::trust::Trust;
use crate::fleet::{Failure, Fleet};
use crate::ledger::Ledger;
use crate::telemetry::PollMetrics;
use crate::webapi::{self, Target, Tls};
use concurrency_limit::ConcurrencyLimit;
use keeper::Event;
use task::{Entry, Slot};
use trial::{Histories, Trials};

/// Polls the configured phones.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    slots: HashMap<Box<str>, Arc<Slot>>,
    tasks: JoinSet<()>,
    keeper: JoinSet<()>,
    tls: HashMap<Arc<Trust>, Shield>,
    /// How many descriptors the process may have open.
    descriptors: usize,
    capacity: Capacity,
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
    limit: Arc<ConcurrencyLimit>,
    in_flight: Gauge,
    timeline: Timeline,
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
    /// An engine without phones that publishes to `published` and counts polls in `metrics`, in a
    /// process that may have that many descriptors open.
    pub fn new(
        clock: Clock,
        ledger: Arc<Ledger>,
        published: watch::Sender<Arc<Fleet>>,
        (metrics, descriptors): (PollMetrics, usize),
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
                limit: ConcurrencyLimit::none(),
                in_flight,
                timeline: Timeline::start(),
            }),
            slots: HashMap::new(),
            tasks: JoinSet::new(),
            keeper,
            tls: HashMap::new(),
            descriptors,
            capacity: MaxInFlight::Auto.capacity(0, descriptors),
            stop: CancellationToken::new(),
        }
    }

    /// Takes over a configuration: starts, changes and ends phones' tasks. Fails without having
    /// changed anything.
    pub async fn apply(&mut self, config: &Config) -> Result<(), Failure> {
        self.tls = self.tls_for(config).await?;
        self.bound(config);
        let places = config.phones.iter().map(|p| Arc::clone(&p.place)).collect();
        self.tell(Event::Places(places)).await;

        let mut slots = HashMap::with_capacity(config.phones.len());
        let mut histories = self.histories(config).await;
        let mut trials: Trials = self
            .slots
            .values()
            .filter_map(|slot| slot.trial())
            .collect();
        for phone in &config.phones {
            let slot = self.slots.remove(&phone.place.name);
            let before = slot.as_deref().map(Slot::entry);
            let tag = phone.credential.tag(&self.shared.ledger.salt());
            if let Some(before) = &before {
                before.leave_trial_before(phone, tag);
            }
            let trial = match before {
                Some(before) if before.tag == tag => before.trial,
                Some(_) => Some(trials.of_changed(tag, &mut histories)),
                None => trials.of_new(tag, &mut histories),
            };
            let entry = Entry {
                phone: Arc::clone(phone),
                target: self.target(phone),
                keep: config.metrics.keep,
                tag,
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
            gone.entry().leave_trial();
        }
        Ok(())
    }

    /// Polls and takes orders until `stop`. Returns an error if anything it owns ends by itself.
    pub async fn run(mut self, mut orders: Orders, stop: CancellationToken) -> Result<(), Ended> {
        let mut look = tokio::time::interval(clock::READ_EVERY);
        // One look after a pause sees all of it.
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                // A clock notices a pause of the process by not having been read.
                _ = look.tick() => drop(self.shared.clock.now()),
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

    /// Takes over how many polls may be in flight.
    fn bound(&mut self, config: &Config) {
        let (phones, descriptors) = (config.phones.len(), self.descriptors);
        let capacity = config.max_in_flight.capacity(phones, descriptors);
        if !capacity.keeps_connections && capacity != self.capacity {
            tracing::warn!(
                "The limit of {descriptors} open files is low for {phones} phones: {} polls may be \
                 in flight, and no connection stays open between polls; raise `LimitNOFILE=` of the \
                 unit, or `ulimit -n`",
                capacity.polls
            );
        }
        self.capacity = capacity;
        self.shared.limit.resize(capacity);
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
            keeps_connection: self.capacity.keeps_connections,
            ..plain(phone)
        }
    }

    /// What the ledger knows of the credentials of these phones, read off the async threads.
    async fn histories(&self, config: &Config) -> Histories {
        let ledger = Arc::clone(&self.shared.ledger);
        let phones = config.phones.clone();
        let read = tokio::task::spawn_blocking(move || {
            let salt = ledger.salt();
            let known = phones
                .iter()
                .map(|phone| (login::ledger_key(phone), phone.credential.tag(&salt)));
            Histories::of(&ledger, known)
        });
        read.await
            .expect("the ledger neither panics nor is cancelled")
    }

    /// TLS settings for each trust in use; those that still suffice keep their sessions. Reading the
    /// system's authorities blocks on files.
    async fn tls_for(&self, config: &Config) -> Result<HashMap<Arc<Trust>, Shield>, Failure> {
        let mut users: HashMap<&Arc<Trust>, usize> = HashMap::new();
        for trust in config.phones.iter().filter_map(|p| p.trust.as_ref()) {
            *users.entry(trust).or_default() += 1;
        }
        let mut shields = HashMap::with_capacity(users.len());
        for (trust, phones) in users {
            let shield = match self.tls.get(trust) {
                Some(shield) if shield.phones >= phones => shield.clone(),
                Some(_) | None => {
                    let trust = Arc::clone(trust);
                    let made = tokio::task::spawn_blocking(move || tls(&trust, phones));
                    Shield {
                        tls: made.await.expect("it neither panics nor is cancelled")?,
                        phones,
                    }
                }
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
        keeps_connection: true,
    }
}

fn tls(trust: &Trust, phones: usize) -> Result<Tls, Failure> {
    Ok(Tls {
        config: webapi::tls_config(trust, phones)?,
        server_name: trust.server_name.clone(),
    })
}
