//! How many polls may be in flight, and who gives way where they are fewer than phones.
//!
//! A poll holds a [`Permit`] until it is dropped. Those of phones that did not answer last time
//! count among a share of their own as well, so that a silent site never takes what others need. A
//! poll of another phone that takes long moves into that share while there is room; where there is
//! none, and only if a poll waits for a permit, it is told to give up unless it was answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::resizable_semaphore::{self, ResizableSemaphore};
use super::silence::Share;
use crate::config::Capacity;

/// The limit of polls in flight, shared by all phones.
#[derive(Debug)]
pub(super) struct ConcurrencyLimit {
    polls: Arc<ResizableSemaphore>,
    silent: Arc<ResizableSemaphore>,
    demand: Mutex<Demand>,
    /// Told of each poll that begins to wait while no permit is free.
    wanted: Notify,
}

/// Polls that wait while no permit is free, and those that give way to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Demand {
    waiting: usize,
    /// Told to give up; each of their permits serves one that waits.
    yielding: usize,
}

/// The right to be in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    limit: Arc<ConcurrencyLimit>,
    _poll: resizable_semaphore::Permit,
    silent: Option<resizable_semaphore::Permit>,
}

/// A poll that takes no longer than this never gives way: nearly all end within a tenth of it.
const PROMPT: Duration = Duration::from_secs(1);

impl ConcurrencyLimit {
    /// No poll may be in flight yet.
    pub(super) fn none() -> Arc<Self> {
        Arc::new(Self {
            polls: ResizableSemaphore::empty(),
            silent: ResizableSemaphore::empty(),
            demand: Mutex::default(),
            wanted: Notify::new(),
        })
    }

    /// From now on these are the bounds. Polls beyond them end in their own time.
    pub(super) fn resize(&self, capacity: Capacity) {
        self.polls.resize(capacity.polls);
        self.silent.resize(capacity.silent);
    }

    /// Waits for a permit, in the order of asking within a share.
    pub(super) async fn acquire(self: &Arc<Self>, share: Share) -> Permit {
        let silent = match share {
            Share::Common => None,
            Share::Silent => Some(self.silent.acquire().await),
        };
        let poll = if let Some(permit) = self.polls.try_acquire() {
            permit
        } else {
            let _waiting = Waiting::begin(self);
            self.polls.acquire().await
        };
        Permit {
            limit: Arc::clone(self),
            _poll: poll,
            silent,
        }
    }

    fn demand(&self) -> std::sync::MutexGuard<'_, Demand> {
        self.demand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Waits until the poll should end unless it was answered: it takes long, there is no room among
    /// those that may, and another waits for its permit.
    pub(super) async fn revoked(&mut self) {
        tokio::time::sleep(PROMPT).await;
        self.gives_way().await;
    }

    async fn gives_way(&mut self) {
        if self.silent.is_none() {
            self.silent = self.limit.silent.try_acquire();
        }
        if self.silent.is_some() {
            return std::future::pending().await;
        }
        while !self.limit.demand().yields() {
            self.limit.wanted.notified().await;
        }
    }
}

impl Demand {
    /// Whether one more has to give way; if so, it is counted.
    fn yields(&mut self) -> bool {
        let unmet = self.waiting > self.yielding;
        self.yielding += usize::from(unmet);
        unmet
    }

    /// One waits no longer: most likely it was given way to.
    fn served(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        self.yielding = self.yielding.saturating_sub(1).min(self.waiting);
    }
}

/// A poll that waits while no permit is free.
struct Waiting<'a>(&'a ConcurrencyLimit);

impl<'a> Waiting<'a> {
    fn begin(limit: &'a ConcurrencyLimit) -> Self {
        limit.demand().waiting += 1;
        limit.wanted.notify_one();
        Self(limit)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.demand().served();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    fn limit(polls: usize, silent: usize) -> Arc<ConcurrencyLimit> {
        let limit = ConcurrencyLimit::none();
        limit.resize(Capacity {
            polls,
            silent,
            keeps_connections: true,
        });
        limit
    }

    /// What the future comes to, if it need not be waited for.
    async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = Box::pin(future);
        std::future::poll_fn(|cx| {
            Poll::Ready(match future.as_mut().poll(cx) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test]
    async fn silent_phones_never_take_what_others_need() {
        let limit = limit(4, 2);
        let mut silent = Vec::new();
        while let Some(permit) = at_once(limit.acquire(Share::Silent)).await {
            silent.push(permit);
        }
        assert_eq!(silent.len(), 2);
        let others = [
            at_once(limit.acquire(Share::Common)).await,
            at_once(limit.acquire(Share::Common)).await,
        ];
        assert!(others.iter().all(Option::is_some));
        assert!(
            at_once(limit.acquire(Share::Common)).await.is_none(),
            "four in all"
        );
        drop(others);
        assert!(at_once(limit.acquire(Share::Silent)).await.is_none());
    }

    #[tokio::test]
    async fn who_takes_long_moves_over_and_gives_way_only_where_another_waits() {
        let limit = limit(2, 1);
        let mut first = limit.acquire(Share::Common).await;
        let mut second = limit.acquire(Share::Common).await;
        assert!(at_once(first.gives_way()).await.is_none());
        assert!(first.silent.is_some(), "there is room for one");
        assert!(at_once(second.gives_way()).await.is_none(), "nobody waits");
        let mut third = Box::pin(limit.acquire(Share::Common));
        assert!(at_once(&mut third).await.is_none());
        assert!(at_once(first.gives_way()).await.is_none());
        assert!(at_once(second.gives_way()).await.is_some());
        drop(second);
        third.await;
        assert_eq!(*limit.demand(), Demand::default());
    }

    #[test]
    fn as_many_give_way_as_wait() {
        let mut demand = Demand::default();
        assert!(!demand.yields());
        demand.waiting = 2;
        assert!(demand.yields() && demand.yields() && !demand.yields());
        // The first is served; the second still has the permit to come.
        demand.served();
        assert!(!demand.yields());
        demand.served();
        assert_eq!(demand, Demand::default());
    }

    #[tokio::test]
    async fn a_wait_that_ends_wants_nothing_any_more() {
        let limit = limit(1, 1);
        let _held = limit.acquire(Share::Common).await;
        assert!(at_once(limit.acquire(Share::Common)).await.is_none());
        assert_eq!(*limit.demand(), Demand::default());
    }
}
