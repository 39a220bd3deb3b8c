//! Opens the sockets that are listened on.
//!
//! `[::]` takes IPv4 too, whatever the system's default is, and becomes `0.0.0.0` on a machine
//! without IPv6, so that one line of configuration serves everywhere.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// How many connections may wait to be accepted; the system cuts it to its own limit.
const BACKLOG: i32 = 1024;

/// Listens on every one of these addresses, or on none. Must be called within the runtime.
pub fn bind(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    addresses
        .iter()
        .map(|address| bind_one(*address).map_err(|error| explain(*address, &error)))
        .collect()
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    match open(address) {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && ipv6_is_off(&error) => open(
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()),
        ),
        opened => opened,
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Whether this is what a machine without IPv6 says.
fn ipv6_is_off(error: &io::Error) -> bool {
    // EAFNOSUPPORT: the kernel has none; it has no kind of its own in std.
    const NO_SUCH_FAMILY: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

fn explain(address: SocketAddr, error: &io::Error) -> io::Error {
    let kind = error.kind();
    let text = if kind == io::ErrorKind::AddrInUse {
        format!("address already in use: another process listens on {address}")
    } else if kind == io::ErrorKind::AddrNotAvailable {
        format!("cannot listen on {address}: this machine has no such address")
    } else if kind == io::ErrorKind::PermissionDenied {
        format!("cannot listen on {address}: ports below 1024 need a privilege")
    } else {
        format!("cannot listen on {address}: {error}")
    };
    io::Error::new(kind, text)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn loopback(ip: impl Into<IpAddr>) -> SocketAddr {
        SocketAddr::new(ip.into(), 0)
    }

    #[tokio::test]
    async fn a_taken_address_is_named_and_nothing_stays_open() {
        let first = bind(&[loopback(Ipv4Addr::LOCALHOST)]).expect("a free port");
        let taken = first[0].local_addr().expect("an address");
        let error = bind(&[taken]).expect_err("the port is taken");
        assert_eq!(
            error.to_string(),
            format!("address already in use: another process listens on {taken}")
        );
    }

    #[tokio::test]
    async fn any_address_takes_ipv4_too_with_or_without_ipv6() {
        let listeners = bind(&[loopback(Ipv6Addr::UNSPECIFIED)]).expect("a free port");
        let port = listeners[0].local_addr().expect("an address").port();
        let connected = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        connected.await.expect("IPv4 reaches it");
    }
}
