//! A semaphore whose number of permits may change while some are out.
//!
//! Where a new configuration allows fewer, the permits beyond them vanish as they are given back, so
//! that reloads never add up to more than either configuration allows.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hands out permits in the order of asking.
#[derive(Debug)]
pub(super) struct ResizableSemaphore {
    free: Arc<Semaphore>,
    size: Mutex<Size>,
}

#[derive(Debug, Default)]
struct Size {
    /// How many permits there are to be.
    permits: usize,
    /// Those that are out and vanish when they are given back.
    surplus: usize,
}

/// A permit that is out until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    permit: Option<OwnedSemaphorePermit>,
    semaphore: Arc<ResizableSemaphore>,
}

impl ResizableSemaphore {
    /// One without permits.
    pub(super) fn empty() -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(0)),
            size: Mutex::default(),
        })
    }

    /// From now on there are so many.
    pub(super) fn resize(&self, permits: usize) {
        let mut size = self.size();
        if permits >= size.permits {
            let more = permits - size.permits;
            let kept = more.min(size.surplus);
            size.surplus -= kept;
            self.free.add_permits(more - kept);
        } else {
            let fewer = size.permits - permits;
            size.surplus += fewer - self.free.forget_permits(fewer);
        }
        size.permits = permits;
    }

    /// Waits for a permit.
    pub(super) async fn acquire(self: &Arc<Self>) -> Permit {
        let acquired = Arc::clone(&self.free).acquire_owned().await;
        self.handed_out(acquired.expect("the semaphore is never closed"))
    }

    /// A permit, if one is free and nobody waits for it.
    pub(super) fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let acquired = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(self.handed_out(acquired))
    }

    fn handed_out(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Permit {
        Permit {
            permit: Some(permit),
            semaphore: Arc::clone(self),
        }
    }

    fn size(&self) -> std::sync::MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut size = self.semaphore.size();
        if size.surplus > 0
            && let Some(permit) = self.permit.take()
        {
            size.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many permits as are free now.
    fn take_all(semaphore: &Arc<ResizableSemaphore>) -> Vec<Permit> {
        let mut taken = Vec::new();
        while let Some(permit) = semaphore.try_acquire() {
            taken.push(permit);
            assert!(taken.len() < 100, "permits without end");
        }
        taken
    }

    #[test]
    fn a_change_of_their_number_makes_no_permit_twice() {
        let semaphore = ResizableSemaphore::empty();
        assert_eq!(take_all(&semaphore).len(), 0);
        semaphore.resize(4);
        let taken = take_all(&semaphore);
        assert_eq!(taken.len(), 4);
        for number in [4, 2, 4, 1, 3, 2] {
            semaphore.resize(number);
            assert_eq!(take_all(&semaphore).len(), 0, "at {number}");
        }
        semaphore.resize(5);
        assert_eq!(take_all(&semaphore).len(), 1, "four are still taken");
        semaphore.resize(2);
        drop(taken);
        assert_eq!(take_all(&semaphore).len(), 2);
    }
}
