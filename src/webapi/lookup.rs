//! Names of phones become addresses: few at a time, and never all of them of one domain.
//!
//! The system's resolver blocks a thread until it answers, and it cannot be told to stop. One whose
//! server is down, as that of a site that is cut off, holds a thread for ten seconds and more. So the
//! names of one domain share a part of the threads, and those of others are resolved beside them.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// At most this many addresses of a name are tried: one or two for each family of addresses.
const MAX_ADDRESSES: usize = 4;

/// How many names are resolved at a time, in the whole process: half of the threads are left for the
/// login ledger and the configuration.
const LOOKUPS: usize = 32;

/// How many of them may be of one domain.
const LOOKUPS_OF_A_DOMAIN: usize = 8;

/// Who resolves names, in the whole process.
static RESOLVER: LazyLock<Lookups> = LazyLock::new(|| Lookups::new(LOOKUPS, LOOKUPS_OF_A_DOMAIN));

/// Lookups under way.
#[derive(Debug)]
struct Lookups {
    all: Arc<Semaphore>,
    of_a_domain: usize,
    /// By domain, those that are in use.
    domains: Mutex<HashMap<Box<str>, Arc<Semaphore>>>,
}

/// The addresses of a name; none if it has none.
pub(super) async fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    let name: Box<str> = host.into();
    let look_up = move || {
        let resolved = (&*name, port).to_socket_addrs();
        resolved.map_or_else(|_| Vec::new(), |all| all.take(MAX_ADDRESSES).collect())
    };
    RESOLVER.in_turn(host, look_up).await
}

impl Lookups {
    fn new(all: usize, of_a_domain: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            of_a_domain,
            domains: Mutex::default(),
        }
    }

    /// Blocks a thread with `work` while there is a place for it; the place is taken until the work
    /// ends, also if nobody waits for it any more.
    async fn in_turn<T: Default + Send + 'static>(
        &self,
        host: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        // The semaphores are never closed.
        let of_domain = self.domain(host).acquire_owned().await;
        let place = Arc::clone(&self.all).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((place, of_domain));
            result
        });
        // It ends without a result only with the process.
        done.await.unwrap_or_default()
    }

    fn domain(&self, host: &str) -> Arc<Semaphore> {
        let domain = host.split_once('.').map_or("", |(_, domain)| domain);
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits or works holds a reference.
        domains.retain(|_, places| Arc::strong_count(places) > 1);
        let places = domains
            .entry(domain.into())
            .or_insert_with(|| Arc::new(Semaphore::new(self.of_a_domain)));
        Arc::clone(places)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::Poll;

    use super::*;

    /// Starts a lookup that hangs until the sender is dropped, and stops waiting for it.
    async fn hang(lookups: &Lookups, host: &str) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel::<()>();
        let mut hangs = Box::pin(lookups.in_turn(host, move || held.recv().is_ok()));
        let waits = std::future::poll_fn(|cx| Poll::Ready(hangs.as_mut().poll(cx).is_pending()));
        assert!(waits.await);
        release
    }

    #[tokio::test]
    async fn a_lookup_that_nobody_waits_for_keeps_its_place_until_it_ends() {
        let lookups = Lookups::new(1, 1);
        let release = hang(&lookups, "phone.example.org").await;
        assert_eq!(lookups.all.available_permits(), 0);
        drop(release);
        assert!(lookups.in_turn("other.example.net", || true).await);
    }

    #[tokio::test]
    async fn a_domain_whose_server_is_down_leaves_places_for_the_others() {
        let lookups = Lookups::new(4, 2);
        let mut hanging = Vec::new();
        for host in [
            "a.lyon.example.org",
            "b.Lyon.example.org.",
            "c.lyon.example.org",
        ] {
            hanging.push(hang(&lookups, host).await);
        }
        for host in ["a.hq.example.org", "localhost"] {
            assert!(lookups.in_turn(host, || true).await, "{host}");
        }
        assert_eq!(lookups.domain("d.lyon.example.org").available_permits(), 0);
        drop(hanging);
        assert!(lookups.in_turn("c.lyon.example.org", || true).await);
        assert_eq!(lookups.domains.lock().unwrap().len(), 1);
    }
}
