//! How much clients may ask of the server: connections, sizes and times.

use std::time::Duration;

use super::connections::Bounds;

/// How much clients may ask of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time over the network, without those for the health endpoints alone.
    pub connections: usize,
    /// Of them, those of one address outside `access.proxies`.
    pub connections_per_client: usize,
    /// Streamed responses at a time; each needs one to two megabytes for ten thousand phones.
    pub streamed_responses: usize,
    /// Of them, those to one address outside `access.proxies`.
    pub streamed_responses_per_client: usize,
    /// How long a streamed response waits until it may begin; then it is refused.
    pub queue_timeout: Duration,
    /// How long a response that its client does not read may keep others waiting.
    pub unread_timeout: Duration,
    /// For the TLS handshake.
    pub handshake_timeout: Duration,
    /// For the whole head of a request, from the moment the connection is idle: it bounds both slow
    /// senders and kept connections.
    pub head_time: Duration,
    /// Size of the head of a request in bytes, at least 8192.
    pub head_bytes: usize,
    /// For the whole body of a request, where one is read.
    pub body_time: Duration,
    /// For a client to take what was offered of a response, at most a chunk.
    pub write_timeout: Duration,
    /// For responses under way when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    /// Room for a page of browsers and dozens of Prometheus servers, and for one that scrapes each
    /// phone by itself; times that no sane client on a slow link comes near: a chunk in ten seconds
    /// is 6 KiB a second.
    fn default() -> Self {
        Self {
            connections: 768,
            connections_per_client: 512,
            streamed_responses: 64,
            streamed_responses_per_client: 32,
            queue_timeout: Duration::from_secs(5),
            unread_timeout: Duration::from_secs(2),
            handshake_timeout: Duration::from_secs(10),
            head_time: Duration::from_secs(10),
            head_bytes: 16 * 1024,
            body_time: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }
}

/// Connections at a time over the control socket: a few operators, each with a few commands.
const CONTROL_CONNECTIONS: usize = 32;

/// Connections beyond the others, network and control socket alike, for the health endpoints alone.
const HEALTH_CONNECTIONS: usize = 32;

impl Limits {
    pub(super) fn network_bounds(self) -> Bounds {
        Bounds {
            connections: self.connections,
            connections_per_client: self.connections_per_client,
            health_only: HEALTH_CONNECTIONS,
            streamed_responses: self.streamed_responses,
            streamed_responses_per_client: self.streamed_responses_per_client,
            unread_timeout: self.unread_timeout,
        }
    }

    pub(super) fn control_bounds(self) -> Bounds {
        Bounds {
            connections: CONTROL_CONNECTIONS,
            connections_per_client: CONTROL_CONNECTIONS,
            streamed_responses: CONTROL_CONNECTIONS,
            streamed_responses_per_client: CONTROL_CONNECTIONS,
            ..self.network_bounds()
        }
    }
}
