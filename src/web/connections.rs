//! Connection limits: which connections the server keeps, and which it closes for a new one.
//!
//! A new connection is always accepted. At the limit, the connection that was idle longest is closed for
//! it, or else the one whose response was unread longest. Each client has a lower limit of its own, so
//! one that opens hundreds closes its own. A connection without room is admitted for the health
//! endpoints alone, so that probes always get an answer. Streamed responses are limited alike.
//!
//! A [`Table`] decides, given the time; [`Connections`] shares it between the tasks of connections.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// The limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) connections: usize,
    /// Of them, those of one client that is not a proxy.
    pub(super) connections_per_client: usize,
    /// Further connections, for the health endpoints alone.
    pub(super) health_only: usize,
    /// Streamed responses at a time.
    pub(super) streamed_responses: usize,
    /// Of them, those to one client that is not a proxy.
    pub(super) streamed_responses_per_client: usize,
    /// How long a response may stay unread before its connection is closed for another.
    pub(super) unread_timeout: Duration,
}

/// Whose connections are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// One address, or the network of 64 bits that one site has of IPv6.
    Address(IpAddr),
    /// One of `access.proxies`, which many clients share.
    Proxy,
    /// Users of this machine, over the control socket.
    Local,
}

/// What a connection may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Everything.
    Full,
    /// The health endpoints; any other request gets 503.
    HealthOnly,
}

/// All connections of one kind.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    /// Notified when there may be room.
    changed: Notify,
}

/// One connection's entry, until it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Connections,
    id: u64,
    pub(super) admission: Admission,
    /// Cancelled when it must close for another.
    pub(super) evicted: CancellationToken,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<Connection>);

#[derive(Debug)]
struct Table {
    bounds: Bounds,
    /// By number, in the order of coming.
    entries: BTreeMap<u64, Entry>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    client: Client,
    admission: Admission,
    state: State,
    /// Since when the client does not read what was offered.
    unread: Option<Instant>,
    evicted: CancellationToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Without a request since then.
    Idle(Instant),
    Active,
    /// Its response is streamed.
    Streaming,
}

/// How often a waiting response checks whether another was unread for too long.
const RECHECK_INTERVAL: Duration = Duration::from_millis(200);

impl Client {
    /// The client that a connection from there counts for.
    pub(super) fn of(from: SocketAddr, proxies: &[IpNet]) -> Self {
        let address = from.ip().to_canonical();
        if proxies.iter().any(|net| net.contains(&address)) {
            return Self::Proxy;
        }
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                Ipv6Addr::from(network).into()
            }
        })
    }

    /// Whether many share it, so that it has no limit of its own.
    fn is_shared(self) -> bool {
        match self {
            Self::Address(_) => false,
            Self::Proxy | Self::Local => true,
        }
    }
}

impl Connections {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            table: Mutex::new(Table::new(bounds)),
            changed: Notify::new(),
        }))
    }

    /// Admits a connection, in place of another if need be.
    pub(super) fn admit(&self, client: Client) -> Arc<Connection> {
        let (id, admission, evicted) = self.table().admit(client, Instant::now());
        Arc::new(Connection {
            all: self.clone(),
            id,
            admission,
            evicted,
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// A request came.
    pub(super) fn begin_request(self: &Arc<Self>) -> ActiveRequest {
        self.all.table().enter(self.id, State::Active);
        ActiveRequest(Arc::clone(self))
    }

    /// Notes whether the client does not read what was offered.
    pub(super) fn set_unread(&self, unread: bool) {
        let mut table = self.all.table();
        if let Some(entry) = table.entries.get_mut(&self.id) {
            entry.unread = unread.then(Instant::now);
        }
    }

    /// Waits until a streamed response may begin; `false` if it may not.
    pub(super) async fn begin_streaming(&self, limit: Duration) -> bool {
        let permitted = async {
            loop {
                // Registered first, so that what happens in between is not missed.
                let changed = self.all.0.changed.notified();
                if self
                    .all
                    .table()
                    .try_begin_streaming(self.id, Instant::now())
                {
                    return;
                }
                // Notified or not, it is checked again.
                let _notified = timeout(RECHECK_INTERVAL, changed).await;
            }
        };
        timeout(limit, permitted).await.is_ok()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.table().entries.remove(&self.id);
        self.all.0.changed.notify_waiters();
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let Connection { all, id, .. } = &*self.0;
        all.table().enter(*id, State::Idle(Instant::now()));
        all.0.changed.notify_waiters();
    }
}

impl Table {
    fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            entries: BTreeMap::new(),
            next: 0,
        }
    }

    fn admit(&mut self, client: Client, now: Instant) -> (u64, Admission, CancellationToken) {
        let admission = if self.make_room(client, now) {
            Admission::Full
        } else {
            self.make_room_for_health();
            Admission::HealthOnly
        };
        let (id, evicted) = (self.next, CancellationToken::new());
        self.next += 1;
        let entry = Entry {
            client,
            admission,
            state: State::Idle(now),
            unread: None,
            evicted: evicted.clone(),
        };
        self.entries.insert(id, entry);
        (id, admission, evicted)
    }

    fn enter(&mut self, id: u64, state: State) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.state = state;
        }
    }

    /// Whether there is room for one more of this client, after closing another if need be.
    fn make_room(&mut self, client: Client, now: Instant) -> bool {
        let (all, own) = self.count(client, |entry| entry.admission == Admission::Full);
        let own_only = !client.is_shared() && own >= self.bounds.connections_per_client;
        if !own_only && all < self.bounds.connections {
            return true;
        }
        let unread_timeout = self.bounds.unread_timeout;
        self.evict_lowest(|entry| {
            let considered = entry.admission == Admission::Full;
            if !considered || own_only && entry.client != client {
                return None;
            }
            match entry.state {
                State::Idle(since) if entry.unread.is_none() => Some((false, since)),
                State::Idle(_) | State::Active | State::Streaming => {
                    Some((true, entry.unread_since(unread_timeout, now)?))
                }
            }
        })
    }

    /// Closes the oldest connection for the health endpoints at their limit.
    fn make_room_for_health(&mut self) {
        let is_one = |entry: &Entry| entry.admission == Admission::HealthOnly;
        let count = self.entries.values().filter(|entry| is_one(entry)).count();
        if count < self.bounds.health_only {
            return;
        }
        let oldest = self.entries.iter().find(|(_, entry)| is_one(entry));
        if let Some(id) = oldest.map(|(id, _)| *id) {
            self.evict(id);
        }
    }

    /// Whether a streamed response may begin here, after closing another connection if need be.
    fn try_begin_streaming(&mut self, id: u64, now: Instant) -> bool {
        let Some(client) = self.entries.get(&id).map(|entry| entry.client) else {
            return false;
        };
        let is_streaming = |entry: &Entry| entry.state == State::Streaming;
        let (all, own) = self.count(client, is_streaming);
        let own_only = !client.is_shared() && own >= self.bounds.streamed_responses_per_client;
        let unread_timeout = self.bounds.unread_timeout;
        let begins = !own_only && all < self.bounds.streamed_responses
            || self.evict_lowest(|entry| {
                let considered = is_streaming(entry) && (!own_only || entry.client == client);
                considered.then(|| entry.unread_since(unread_timeout, now))?
            });
        if begins {
            self.enter(id, State::Streaming);
        }
        begins
    }

    /// How many are so, and how many of them are of this client.
    fn count(&self, client: Client, is_so: impl Fn(&Entry) -> bool) -> (usize, usize) {
        let so = self.entries.values().filter(|entry| is_so(entry));
        so.fold((0, 0), |(all, own), entry| {
            (all + 1, own + usize::from(entry.client == client))
        })
    }

    /// Closes the connection with the lowest rank; `false` if none has a rank.
    fn evict_lowest<R: Ord>(&mut self, rank: impl Fn(&Entry) -> Option<R>) -> bool {
        let ranked = self.entries.iter();
        let ranked = ranked.filter_map(|(id, entry)| Some((rank(entry)?, *id)));
        let Some((_, id)) = ranked.min() else {
            return false;
        };
        self.evict(id);
        true
    }

    /// Closes a connection: it no longer counts, and its task ends soon.
    fn evict(&mut self, id: u64) {
        if let Some(entry) = self.entries.remove(&id) {
            entry.evicted.cancel();
        }
    }
}

impl Entry {
    /// Since when its response is unread, if that is for longer than `unread_timeout`.
    fn unread_since(&self, unread_timeout: Duration, now: Instant) -> Option<Instant> {
        let since = self.unread?;
        (now.saturating_duration_since(since) >= unread_timeout).then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    const BOUNDS: Bounds = Bounds {
        connections: 4,
        connections_per_client: 3,
        health_only: 2,
        streamed_responses: 2,
        streamed_responses_per_client: 2,
        unread_timeout: Duration::from_secs(2),
    };

    fn client(last: u8) -> Client {
        Client::of(SocketAddr::from(([192, 0, 2, last], 40_000)), &[])
    }

    /// A table in which a client has taken so many connections, and their numbers.
    fn table_of(client: Client, count: u32, at: Instant) -> (Table, Vec<u64>) {
        let mut table = Table::new(BOUNDS);
        let ids = (0..count).map(|n| table.admit(client, at + SECOND * n).0);
        let ids = ids.collect();
        (table, ids)
    }

    fn present(table: &Table) -> Vec<u64> {
        table.entries.keys().copied().collect()
    }

    #[test]
    fn a_client_that_opens_many_closes_its_own_oldest_idle_one() {
        let now = Instant::now();
        let (mut table, ids) = table_of(client(1), 3, now);
        assert_eq!(ids, [0, 1, 2]);
        table.enter(0, State::Active);
        assert_eq!(table.admit(client(1), now).1, Admission::Full);
        assert_eq!(present(&table), [0, 2, 3], "the first is busy");
        assert_eq!(table.admit(client(2), now).1, Admission::Full);
        assert_eq!(
            present(&table),
            [0, 2, 3, 4],
            "there was room for another's"
        );
    }

    #[test]
    fn at_the_limit_the_longest_idle_connection_of_any_client_is_closed() {
        let now = Instant::now();
        let (mut table, _) = table_of(client(1), 3, now);
        table.admit(client(2), now + 9 * SECOND);
        assert_eq!(table.admit(client(3), now).1, Admission::Full);
        assert_eq!(present(&table), [1, 2, 3, 4]);
    }

    #[test]
    fn a_connection_without_room_is_admitted_for_health_alone() {
        let now = Instant::now();
        let (mut table, ids) = table_of(client(1), 3, now);
        for id in ids {
            table.enter(id, State::Active);
        }
        let admission = |table: &mut Table| table.admit(client(1), now).1;
        assert_eq!(admission(&mut table), Admission::HealthOnly);
        assert_eq!(admission(&mut table), Admission::HealthOnly);
        assert_eq!(admission(&mut table), Admission::HealthOnly);
        assert_eq!(present(&table), [0, 1, 2, 4, 5], "two at a time");
        let other = table.admit(client(2), now).1;
        assert_eq!(other, Admission::Full, "another client has its part");
    }

    #[test]
    fn a_response_that_is_unread_too_long_is_closed_for_another() {
        let now = Instant::now();
        let (mut table, ids) = table_of(client(1), 3, now);
        let [first, second, third] = ids[..] else {
            panic!("three");
        };
        assert!(table.try_begin_streaming(first, now) && table.try_begin_streaming(second, now));
        assert!(!table.try_begin_streaming(third, now));
        table.entries.get_mut(&second).expect("it is there").unread = Some(now);
        assert!(
            !table.try_begin_streaming(third, now + SECOND),
            "it may still be read"
        );
        assert!(table.try_begin_streaming(third, now + 2 * SECOND));
        assert_eq!(present(&table), [first, third]);
        let leaves = table.admit(client(1), now);
        assert_eq!(leaves.1, Admission::Full);
    }

    #[test]
    fn a_client_that_reads_nothing_does_not_block_another() {
        let now = Instant::now();
        let mut table = Table::new(Bounds {
            streamed_responses: 3,
            ..BOUNDS
        });
        let own: Vec<_> = (0..3).map(|_| table.admit(client(1), now).0).collect();
        assert!(table.try_begin_streaming(own[0], now) && table.try_begin_streaming(own[1], now));
        assert!(!table.try_begin_streaming(own[2], now));
        let other = table.admit(client(2), now).0;
        assert!(table.try_begin_streaming(other, now));
    }

    #[test]
    fn a_proxy_may_have_all_and_a_network_of_ipv6_is_one_client() {
        let proxies = ["192.0.2.0/24".parse().unwrap()];
        let from = |text: &str| Client::of(text.parse().unwrap(), &proxies);
        assert_eq!(from("192.0.2.7:1"), Client::Proxy);
        assert_eq!(from("[::ffff:192.0.2.7]:1"), Client::Proxy);
        assert_ne!(from("192.0.3.7:1"), Client::Proxy);
        assert_eq!(from("[2001:db8::1]:1"), from("[2001:db8::ffff:2]:9"));
        assert_ne!(from("[2001:db8::1]:1"), from("[2001:db8:0:1::1]:1"));
        let mut table = Table::new(BOUNDS);
        for _ in 0..4 {
            let (id, admission, _) = table.admit(Client::Proxy, Instant::now());
            table.enter(id, State::Active);
            assert_eq!(admission, Admission::Full);
        }
    }
}
