//! Where a request comes from, as the system and the connection tell.

use std::net::SocketAddr;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client on the network.
    Network {
        /// Its address.
        from: SocketAddr,
        /// Whether the connection is over TLS.
        encrypted: bool,
    },
    /// A user of this machine over the control socket; may change things.
    Local {
        /// As the kernel reports it.
        uid: u32,
    },
}
