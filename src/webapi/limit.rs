//! Until when something may take: a moment, and for what nothing was answered to yet, the caller's
//! word that it has waited long enough.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Ends a wait at a moment, or earlier once it is given up.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    until: Instant,
    give_up: Option<CancellationToken>,
}

impl Limit {
    /// A limit that only the moment sets.
    pub(super) fn at(until: Instant) -> Self {
        Self {
            until,
            give_up: None,
        }
    }

    /// The same, which also ends when `give_up` is cancelled.
    pub(super) fn or_when(self, give_up: CancellationToken) -> Self {
        Self {
            give_up: Some(give_up),
            ..self
        }
    }

    /// The same, or `until` if that is earlier.
    pub(super) fn or_at(&self, until: Instant) -> Self {
        Self {
            until: self.until.min(until),
            ..self.clone()
        }
    }

    /// How much time is left.
    pub(super) fn left(&self) -> Duration {
        if self.is_given_up() {
            return Duration::ZERO;
        }
        self.until.saturating_duration_since(Instant::now())
    }

    /// The result of `work`; `None` if it does not end in time.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let timed = timeout_at(self.until, work);
        match &self.give_up {
            Some(give_up) => give_up.run_until_cancelled(timed).await?.ok(),
            None => timed.await.ok(),
        }
    }

    fn is_given_up(&self) -> bool {
        self.give_up
            .as_ref()
            .is_some_and(CancellationToken::is_cancelled)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_with_its_work_its_moment_or_when_it_is_given_up() {
        let far = Instant::now() + Duration::from_secs(3600);
        let give_up = CancellationToken::new();
        let limit = Limit::at(far).or_when(give_up.clone());
        assert_eq!(limit.within(ready(7)).await, Some(7));
        assert!(!limit.left().is_zero());
        let passed = limit.or_at(Instant::now());
        assert_eq!(passed.within(pending::<()>()).await, None);
        assert!(passed.left().is_zero());
        give_up.cancel();
        assert_eq!(limit.within(pending::<()>()).await, None);
        assert!(limit.left().is_zero());
    }
}
