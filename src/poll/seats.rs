//! How many polls may be under way at a time, also while that number changes.
//!
//! A poll takes a seat and gives it back by dropping it, however it ends. Where a new configuration
//! allows fewer, the seats that are taken beyond it vanish as they are given back, so that reloads
//! never add up to more polls than either configuration allows.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// The seats of all phones' polls.
#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    room: Mutex<Room>,
}

#[derive(Debug, Default)]
struct Room {
    /// How many there are to be.
    seats: usize,
    /// Taken ones that vanish when they are given back.
    surplus: usize,
}

/// A seat that is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    permit: Option<OwnedSemaphorePermit>,
    seats: Arc<Seats>,
}

impl Seats {
    /// None yet.
    pub(super) fn none() -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(0)),
            room: Mutex::default(),
        })
    }

    /// From now on there are so many.
    pub(super) fn resize(&self, seats: usize) {
        let mut room = self.room();
        if seats >= room.seats {
            let more = seats - room.seats;
            let kept = more.min(room.surplus);
            room.surplus -= kept;
            self.free.add_permits(more - kept);
        } else {
            let fewer = room.seats - seats;
            room.surplus += fewer - self.free.forget_permits(fewer);
        }
        room.seats = seats;
    }

    /// Takes a seat, in the order of asking; `None` if none was free until then.
    pub(super) async fn take(self: &Arc<Self>, until: Instant) -> Option<Seat> {
        let taken = timeout_at(until, Arc::clone(&self.free).acquire_owned()).await;
        let permit = taken.ok()?.expect("the semaphore is never closed");
        Some(Seat {
            permit: Some(permit),
            seats: Arc::clone(self),
        })
    }

    fn room(&self) -> std::sync::MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut room = self.seats.room();
        if room.surplus > 0
            && let Some(permit) = self.permit.take()
        {
            room.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many seats as are free now.
    async fn take_all(seats: &Arc<Seats>) -> Vec<Seat> {
        let mut taken = Vec::new();
        while let Some(seat) = seats.take(Instant::now()).await {
            taken.push(seat);
            assert!(taken.len() < 100, "seats without end");
        }
        taken
    }

    #[tokio::test]
    async fn a_change_of_their_number_makes_no_seat_twice() {
        let seats = Seats::none();
        assert_eq!(take_all(&seats).await.len(), 0);
        seats.resize(4);
        let taken = take_all(&seats).await;
        assert_eq!(taken.len(), 4);
        for number in [4, 2, 4, 1, 3, 2] {
            seats.resize(number);
            assert_eq!(take_all(&seats).await.len(), 0, "at {number}");
        }
        seats.resize(5);
        assert_eq!(take_all(&seats).await.len(), 1, "four are still taken");
        seats.resize(2);
        drop(taken);
        assert_eq!(take_all(&seats).await.len(), 2);
    }
}
