//! The handle of one running phone.
//!
//! Connections and the handle share the state behind one lock, held only for the length of a pure
//! function and never across an await. The shell's part in it is to tell the state the time.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::rustls::ServerConfig;

use super::fault::Fault;
use super::server::{self, Behind};
use super::spec::Spec;
use super::state::{Counters, State};
use super::wire::Request;

/// A running phone. Dropping it ends its listener and its connections; a phone of a
/// [`Fleet`](super::Fleet) lives as long as the fleet.
pub struct Phone {
    name: String,
    site: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Its own listener; `None` for a phone of a fleet.
    _server: Option<JoinSet<Infallible>>,
}

impl Phone {
    /// Starts a phone on a free port of 127.0.0.1. Panics if loopback has none, which ends a test.
    pub async fn start(spec: Spec) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        Self::start_on(spec, listener, None)
    }

    /// Starts a phone on `listener`, with TLS if given. Must be called inside a runtime.
    pub fn start_on(spec: Spec, listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let phone = Self::without_listener(spec, address);
        let behind = Behind::One(phone.shared());
        let mut server = JoinSet::new();
        server.spawn(server::serve(listener, behind, tls));
        Self {
            _server: Some(server),
            ..phone
        }
    }

    /// A phone whose listener is someone else's.
    pub(super) fn without_listener(spec: Spec, address: SocketAddr) -> Self {
        let (name, site) = (spec.name.clone(), spec.site.clone());
        Self {
            name,
            site,
            address,
            shared: Arc::new(Shared::new(spec)),
            _server: None,
        }
    }

    /// What its owner calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Looks at or changes anything of the phone, between two requests.
    pub fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = self.shared.with(change);
        self.shared.notify();
        result
    }

    /// The newest requests, oldest first; [`Spec::remembered_requests`] bounds them.
    pub fn requests(&self) -> Vec<Request> {
        self.shared
            .with(|state| state.requests.iter().cloned().collect())
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.shared.with(|state| state.counters)
    }

    /// Logins accepted.
    pub fn logins(&self) -> u64 {
        self.counters().logins
    }

    /// Logins refused, those while locked included.
    pub fn refusals(&self) -> u64 {
        self.counters().refusals
    }

    /// Whether logins are locked.
    pub fn is_locked(&self) -> bool {
        self.shared.with(State::is_locked)
    }

    /// Waits until `holds` is true of the phone, looking after each request and change; `false`
    /// if it is not within `limit`.
    pub async fn wait_until(&self, limit: Duration, holds: impl Fn(&State) -> bool) -> bool {
        let held = async {
            loop {
                let happened = self.shared.happened.notified();
                if self.shared.with(|state| holds(state)) {
                    return;
                }
                happened.await;
            }
        };
        timeout(limit, held).await.is_ok()
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

/// What a phone's handle and its connections share.
pub(super) struct Shared {
    state: Mutex<State>,
    started: Instant,
    happened: Notify,
}

impl Shared {
    fn new(spec: Spec) -> Self {
        let state = Mutex::new(State::new(spec, seed(), wall_clock()));
        Self {
            state,
            started: Instant::now(),
            happened: Notify::new(),
        }
    }

    /// Runs `with` on the state as of now.
    pub(super) fn with<R>(&self, with: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        state.advance(self.started.elapsed());
        with(&mut state)
    }

    /// Tells those who wait that something happened.
    pub(super) fn notify(&self) {
        self.happened.notify_waiters();
    }

    /// The fault that meets a new connection.
    pub(super) fn at_connect(&self) -> Option<Fault> {
        self.with(|state| {
            if state.is_away() {
                Some(Fault::Refuse)
            } else {
                state.faults.at_connect()
            }
        })
    }

    /// A test that panicked inside [`Phone::change`] has failed already; the phone goes on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes realms differ between phones and runs.
fn seed() -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system has randomness");
    u64::from_le_bytes(bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a phone tells the time of day, and imports nothing"
)]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}
