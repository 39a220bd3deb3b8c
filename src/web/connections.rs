//! Who holds the server's connections, and who gives way to others.
//!
//! Every connection is taken in at once. Where they are as many as there may be, the one that has
//! been idle for longest gives way to a new one, or else the one that has kept its answer waiting for
//! longest. No client may have more than a part of them, so one that opens hundreds closes its own.
//! What finds no room at all is asked in for the health endpoints alone: a watcher is never kept
//! waiting by somebody else. The same holds for answers as long as the fleet.
//!
//! A [`Table`] decides, given the time; [`Connections`] shares it between the connections' tasks.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) connections: usize,
    /// Of them, those of one client that is no proxy.
    pub(super) connections_of_a_client: usize,
    /// Connections beyond them, for the health endpoints alone.
    pub(super) health_only: usize,
    /// Answers as long as the fleet.
    pub(super) long_answers: usize,
    /// Of them, those to one client that is no proxy.
    pub(super) long_answers_of_a_client: usize,
    /// How long an answer may be kept waiting before it gives way to another.
    pub(super) patience: Duration,
}

/// Whose connections are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// One address, or the network of 64 bits that one site has of IPv6.
    Address(IpAddr),
    /// A proxy of ours, behind which are many.
    Proxy,
    /// Users of this machine, over the control socket.
    Local,
}

/// What a connection may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Everything.
    Full,
    /// The health endpoints; anything else is asked to come again.
    HealthOnly,
}

/// All connections of one kind.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    /// Told when room was made.
    changed: Notify,
}

/// One connection's entry, until it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Connections,
    id: u64,
    pub(super) standing: Standing,
    /// Cancelled when it gives way.
    pub(super) leave: CancellationToken,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(super) struct Answering(Arc<Connection>);

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
    standing: Standing,
    state: State,
    /// Since when what was offered of an answer is not taken.
    unread: Option<Instant>,
    leave: CancellationToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No request is being answered since then.
    Idle(Instant),
    Answering,
    /// The answer is as long as the fleet.
    AnsweringLong,
}

/// How often one that waits for its turn looks whether another has been kept waiting for too long.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Client {
    /// Whose connections one from there is counted with.
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

    /// Whether others are behind it, so that all may be its own.
    fn is_many(self) -> bool {
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

    /// Takes a connection in, in another's place if need be.
    pub(super) fn take_in(&self, client: Client) -> Arc<Connection> {
        let (id, standing, leave) = self.table().take_in(client, Instant::now());
        Arc::new(Connection {
            all: self.clone(),
            id,
            standing,
            leave,
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// A request came.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.all.table().enter(self.id, State::Answering);
        Answering(Arc::clone(self))
    }

    /// Whether something of an answer is offered and not taken.
    pub(super) fn is_unread(&self, unread: bool) {
        let mut table = self.all.table();
        if let Some(entry) = table.entries.get_mut(&self.id) {
            entry.unread = unread.then(Instant::now);
        }
    }

    /// Waits until an answer as long as the fleet may begin; whether it may.
    pub(super) async fn long_answer(&self, at_most: Duration) -> bool {
        let turn = async {
            loop {
                // Registered first, so that what happens in between is not missed.
                let changed = self.all.0.changed.notified();
                if self.all.table().begin_long(self.id, Instant::now()) {
                    return;
                }
                // Late or told, it is looked at again.
                let _looked = timeout(LOOK_EVERY, changed).await;
            }
        };
        timeout(at_most, turn).await.is_ok()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.table().entries.remove(&self.id);
        self.all.0.changed.notify_waiters();
    }
}

impl Drop for Answering {
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

    fn take_in(&mut self, client: Client, now: Instant) -> (u64, Standing, CancellationToken) {
        let standing = if self.makes_room(client, now) {
            Standing::Full
        } else {
            self.make_room_for_health();
            Standing::HealthOnly
        };
        let (id, leave) = (self.next, CancellationToken::new());
        self.next += 1;
        let entry = Entry {
            client,
            standing,
            state: State::Idle(now),
            unread: None,
            leave: leave.clone(),
        };
        self.entries.insert(id, entry);
        (id, standing, leave)
    }

    fn enter(&mut self, id: u64, state: State) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.state = state;
        }
    }

    /// Whether there is room for one more of this client, after another gave way if need be.
    fn makes_room(&mut self, client: Client, now: Instant) -> bool {
        let (all, own) = self.count(client, |entry| entry.standing == Standing::Full);
        let own_only = !client.is_many() && own >= self.bounds.connections_of_a_client;
        if !own_only && all < self.bounds.connections {
            return true;
        }
        let patience = self.bounds.patience;
        self.give_way(|entry| {
            let considered = entry.standing == Standing::Full;
            if !considered || own_only && entry.client != client {
                return None;
            }
            match entry.state {
                State::Idle(since) if entry.unread.is_none() => Some((false, since)),
                State::Idle(_) | State::Answering | State::AnsweringLong => {
                    Some((true, entry.kept_waiting(patience, now)?))
                }
            }
        })
    }

    /// The oldest of those for the health endpoints leaves where they are as many as may be.
    fn make_room_for_health(&mut self) {
        let is_one = |entry: &Entry| entry.standing == Standing::HealthOnly;
        let count = self.entries.values().filter(|entry| is_one(entry)).count();
        if count < self.bounds.health_only {
            return;
        }
        let oldest = self.entries.iter().find(|(_, entry)| is_one(entry));
        if let Some(id) = oldest.map(|(id, _)| *id) {
            self.dismiss(id);
        }
    }

    /// Whether a long answer may begin on this connection, after another gave way if need be.
    fn begin_long(&mut self, id: u64, now: Instant) -> bool {
        let Some(client) = self.entries.get(&id).map(|entry| entry.client) else {
            return false;
        };
        let is_long = |entry: &Entry| entry.state == State::AnsweringLong;
        let (all, own) = self.count(client, is_long);
        let own_only = !client.is_many() && own >= self.bounds.long_answers_of_a_client;
        let patience = self.bounds.patience;
        let begins = !own_only && all < self.bounds.long_answers
            || self.give_way(|entry| {
                let considered = is_long(entry) && (!own_only || entry.client == client);
                considered.then(|| entry.kept_waiting(patience, now))?
            });
        if begins {
            self.enter(id, State::AnsweringLong);
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

    /// Dismisses the one with the least rank; whether there was one with a rank.
    fn give_way<R: Ord>(&mut self, rank: impl Fn(&Entry) -> Option<R>) -> bool {
        let ranked = self.entries.iter();
        let ranked = ranked.filter_map(|(id, entry)| Some((rank(entry)?, *id)));
        let Some((_, id)) = ranked.min() else {
            return false;
        };
        self.dismiss(id);
        true
    }

    /// Its task ends soon; it counts no longer.
    fn dismiss(&mut self, id: u64) {
        if let Some(entry) = self.entries.remove(&id) {
            entry.leave.cancel();
        }
    }
}

impl Entry {
    /// Since when its answer is not taken, if that is for longer than others are patient.
    fn kept_waiting(&self, patience: Duration, now: Instant) -> Option<Instant> {
        let since = self.unread?;
        (now.saturating_duration_since(since) >= patience).then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    const BOUNDS: Bounds = Bounds {
        connections: 4,
        connections_of_a_client: 3,
        health_only: 2,
        long_answers: 2,
        long_answers_of_a_client: 2,
        patience: Duration::from_secs(2),
    };

    fn client(last: u8) -> Client {
        Client::of(SocketAddr::from(([192, 0, 2, last], 40_000)), &[])
    }

    /// A table in which a client has taken so many connections, and their numbers.
    fn table_of(client: Client, count: u32, at: Instant) -> (Table, Vec<u64>) {
        let mut table = Table::new(BOUNDS);
        let ids = (0..count).map(|n| table.take_in(client, at + SECOND * n).0);
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
        table.enter(0, State::Answering);
        assert_eq!(table.take_in(client(1), now).1, Standing::Full);
        assert_eq!(present(&table), [0, 2, 3], "the first is busy");
        assert_eq!(table.take_in(client(2), now).1, Standing::Full);
        assert_eq!(
            present(&table),
            [0, 2, 3, 4],
            "there was room for another's"
        );
    }

    #[test]
    fn where_all_are_taken_the_longest_idle_one_gives_way_whosoever_it_is() {
        let now = Instant::now();
        let (mut table, _) = table_of(client(1), 3, now);
        table.take_in(client(2), now + 9 * SECOND);
        assert_eq!(table.take_in(client(3), now).1, Standing::Full);
        assert_eq!(present(&table), [1, 2, 3, 4]);
    }

    #[test]
    fn who_finds_no_room_is_let_in_for_health_alone() {
        let now = Instant::now();
        let (mut table, ids) = table_of(client(1), 3, now);
        for id in ids {
            table.enter(id, State::Answering);
        }
        let standing = |table: &mut Table| table.take_in(client(1), now).1;
        assert_eq!(standing(&mut table), Standing::HealthOnly);
        assert_eq!(standing(&mut table), Standing::HealthOnly);
        assert_eq!(standing(&mut table), Standing::HealthOnly);
        assert_eq!(present(&table), [0, 1, 2, 4, 5], "two at a time");
        let other = table.take_in(client(2), now).1;
        assert_eq!(other, Standing::Full, "another client has its part");
    }

    #[test]
    fn an_answer_that_is_not_read_gives_way_after_a_while() {
        let now = Instant::now();
        let (mut table, ids) = table_of(client(1), 3, now);
        let [first, second, third] = ids[..] else {
            panic!("three");
        };
        assert!(table.begin_long(first, now) && table.begin_long(second, now));
        assert!(!table.begin_long(third, now));
        table.entries.get_mut(&second).expect("it is there").unread = Some(now);
        assert!(
            !table.begin_long(third, now + SECOND),
            "it may still be read"
        );
        assert!(table.begin_long(third, now + 2 * SECOND));
        assert_eq!(present(&table), [first, third]);
        let leaves = table.take_in(client(1), now);
        assert_eq!(leaves.1, Standing::Full);
    }

    #[test]
    fn a_client_that_reads_nothing_costs_another_no_long_answer() {
        let now = Instant::now();
        let mut table = Table::new(Bounds {
            long_answers: 3,
            ..BOUNDS
        });
        let own: Vec<_> = (0..3).map(|_| table.take_in(client(1), now).0).collect();
        assert!(table.begin_long(own[0], now) && table.begin_long(own[1], now));
        assert!(!table.begin_long(own[2], now));
        let other = table.take_in(client(2), now).0;
        assert!(table.begin_long(other, now));
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
            let (id, standing, _) = table.take_in(Client::Proxy, Instant::now());
            table.enter(id, State::Answering);
            assert_eq!(standing, Standing::Full);
        }
    }
}
