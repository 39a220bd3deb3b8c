//! Many phones in one process.
//!
//! A fleet owns the listeners, its phones only their state, so that an idle phone costs a few
//! kilobytes and no task. What happens to the phones over time is a scenario's part.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::rustls::ServerConfig;

use super::phone::Phone;
use super::server::{self, Behind};
use super::spec::Spec;

/// How the phones of a fleet are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Phone k listens on 127.0.0.1 at `base` + k; with a base of 0 each on a free port.
    Ports {
        /// The port of phone 0.
        base: u16,
    },
    /// One listener on 0.0.0.0 serves phone k at 127.0.0.0 + 1 + k, so that 10,000 phones cost one
    /// descriptor and no task while idle. Peers outside loopback are reset.
    ByAddress {
        /// The port of all phones; 0 for a free one.
        port: u16,
    },
}

/// How many phones fit below 127.255.255.255.
const PHONES_BY_ADDRESS: usize = (1 << 24) - 2;

/// Many phones in one process. Dropping it ends them all.
pub struct Fleet {
    phones: Vec<Phone>,
    _servers: JoinSet<Infallible>,
}

impl Fleet {
    /// Starts one phone for each of `specs`. Fails where a port is taken or there are too many.
    pub async fn start(specs: Vec<Spec>, layout: Layout) -> io::Result<Self> {
        Self::start_with(specs, layout, None).await
    }

    /// The same, with TLS if given.
    pub async fn start_with(
        specs: Vec<Spec>,
        layout: Layout,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        match layout {
            Layout::Ports { base } => Self::on_ports(specs, base, tls).await,
            Layout::ByAddress { port } => Self::by_address(specs, port, tls).await,
        }
    }

    /// Phone k, from 0. Panics if there are not so many.
    pub fn phone(&self, k: usize) -> &Phone {
        &self.phones[k]
    }

    /// All phones in order.
    pub fn phones(&self) -> &[Phone] {
        &self.phones
    }

    /// Where the phones listen, in order.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.phones.iter().map(Phone::address).collect()
    }

    async fn on_ports(
        specs: Vec<Spec>,
        base: u16,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let mut servers = JoinSet::new();
        let mut phones = Vec::with_capacity(specs.len());
        for (k, spec) in specs.into_iter().enumerate() {
            let port = match base {
                0 => 0,
                base => u16::try_from(usize::from(base) + k)
                    .map_err(|_none| io::Error::other(format!("no port is left for phone {k}")))?,
            };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let phone = Phone::without_listener(spec, listener.local_addr()?);
            let behind = Behind::One(phone.shared());
            servers.spawn(server::serve(listener, behind, tls.clone()));
            phones.push(phone);
        }
        Ok(Self {
            phones,
            _servers: servers,
        })
    }

    async fn by_address(
        specs: Vec<Spec>,
        port: u16,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        if specs.len() > PHONES_BY_ADDRESS {
            return Err(io::Error::other(
                "127.0.0.0/8 has no room for so many phones",
            ));
        }
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
        let port = listener.local_addr()?.port();
        let first = u32::from(Ipv4Addr::LOCALHOST);
        let phones: Vec<Phone> = (first..)
            .zip(specs)
            .map(|(ip, spec)| Phone::without_listener(spec, (Ipv4Addr::from(ip), port).into()))
            .collect();
        let behind = Behind::ByAddress(phones.iter().map(Phone::shared).collect());
        let mut servers = JoinSet::new();
        servers.spawn(server::serve(listener, behind, tls));
        Ok(Self {
            phones,
            _servers: servers,
        })
    }
}
