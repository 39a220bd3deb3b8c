//! From a target to an open, checked byte stream: resolve, connect, TLS handshake.
//!
//! All of it within the limit for opening a connection. Nothing of a request is written here, so a
//! failure of this file always means that the phone saw none.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

use super::limit::Limit;
use super::{Target, Tls, lookup, tls};
use crate::fleet::{Failure, Reason};
use crate::tls_client::certificate;

/// An open connection.
#[derive(Debug)]
pub(super) struct Dialled {
    /// Ready for HTTP.
    pub(super) stream: Stream,
    /// Where it leads.
    pub(super) address: SocketAddr,
    /// Until when the presented certificate is valid.
    pub(super) certificate_expiry: Option<Timestamp>,
}

/// Why none could be opened.
#[derive(Debug)]
pub(super) struct Undialled {
    /// The reason.
    pub(super) failure: Failure,
    /// Until when the presented certificate was valid, if that was the reason.
    pub(super) certificate_expiry: Option<Timestamp>,
}

/// A byte stream, encrypted or not.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// Opens a connection until `limit`; `known` is the address to prefer over asking for it again.
pub(super) async fn dial(
    target: &Target,
    known: Option<SocketAddr>,
    limit: &Limit,
) -> Result<Dialled, Undialled> {
    let addresses = match known {
        Some(address) => vec![address],
        None => resolve(target, limit).await?,
    };
    let (tcp, address) = connect(&addresses, limit).await?;
    let Some(tls) = &target.tls else {
        return Ok(Dialled {
            stream: Stream::Plain(tcp),
            address,
            certificate_expiry: None,
        });
    };
    let stream = encrypt(tls, &target.host, tcp, limit).await?;
    let certificate_expiry = presented(&stream).and_then(certificate::not_after);
    Ok(Dialled {
        stream: Stream::Encrypted(Box::new(stream)),
        address,
        certificate_expiry,
    })
}

async fn resolve(target: &Target, limit: &Limit) -> Result<Vec<SocketAddr>, Failure> {
    let port = target.port;
    if let Ok(address) = target.host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let lookup = lookup::addresses(&target.host, port);
    let Some(addresses) = limit.within(lookup).await else {
        let detail = "the name of the phone was not resolved in time";
        return Err(Failure::new(Reason::Dns, detail));
    };
    if addresses.is_empty() {
        let detail = "the name of the phone does not resolve to an address";
        return Err(Failure::new(Reason::Dns, detail));
    }
    Ok(addresses)
}

/// The first address that takes a connection; each gets an equal share of the time left.
async fn connect(
    addresses: &[SocketAddr],
    limit: &Limit,
) -> Result<(TcpStream, SocketAddr), Failure> {
    let mut failure = Failure::new(Reason::Dns, "there is no address to connect to");
    for (position, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - position).unwrap_or(u32::MAX);
        let share = limit.or_at(Instant::now() + limit.left() / left);
        failure = match share.within(TcpStream::connect(address)).await {
            Some(Ok(stream)) => {
                // A request is one small write: it shall not wait for an acknowledgement.
                let _best_effort = stream.set_nodelay(true);
                return Ok((stream, *address));
            }
            Some(Err(error)) => connect_failure(&error, address.port()),
            None => Failure::new(
                Reason::Unreachable,
                format!(
                    "nothing answered the connection attempt to port {}",
                    address.port()
                ),
            ),
        };
    }
    Err(failure)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's list is long and grows"
)]
fn connect_failure(error: &io::Error, port: u16) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => Reason::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Reason::Reset,
        _ => Reason::Unreachable,
    };
    let detail = if reason == Reason::Refused {
        format!("port {port} refused the connection")
    } else {
        format!("connecting to port {port} failed: {}", error.kind())
    };
    Failure::new(reason, detail)
}

async fn encrypt(
    tls: &Tls,
    host: &str,
    tcp: TcpStream,
    limit: &Limit,
) -> Result<TlsStream<TcpStream>, Undialled> {
    // The zone of a link-local address is ours, not the phone's.
    let host = host.split('%').next().unwrap_or(host);
    let name = tls.server_name.as_deref().unwrap_or(host);
    let Ok(name) = ServerName::try_from(name.to_owned()) else {
        let detail = "the name of the phone is no name for TLS: set tls.server_name";
        return Err(Failure::new(Reason::Tls, detail).into());
    };
    let handshake = TlsConnector::from(Arc::clone(&tls.config)).connect(name, tcp);
    match limit.within(handshake).await {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(error)) => {
            let (failure, certificate_expiry) = tls::handshake_failure(&error);
            Err(Undialled {
                failure,
                certificate_expiry,
            })
        }
        None => {
            let detail = "the TLS handshake did not end in time";
            Err(Failure::new(Reason::Timeout, detail).into())
        }
    }
}

fn presented(stream: &TlsStream<TcpStream>) -> Option<&CertificateDer<'static>> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates()?.first()
}

impl From<Failure> for Undialled {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            certificate_expiry: None,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        match read {
            // Small web servers close without TLS' own goodbye. That an answer is cut short shows
            // in its length or in its JSON.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(()))
            }
            Poll::Ready(other) => Poll::Ready(other),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{Play, Server, ample};
    use super::*;

    #[test]
    fn what_kept_a_connection_from_opening_is_told_by_what_an_operator_checks() {
        let cases = [
            (io::ErrorKind::ConnectionRefused, Reason::Refused),
            (io::ErrorKind::HostUnreachable, Reason::Unreachable),
            (io::ErrorKind::NetworkUnreachable, Reason::Unreachable),
            (io::ErrorKind::TimedOut, Reason::Unreachable),
            (io::ErrorKind::ConnectionReset, Reason::Reset),
        ];
        for (kind, expect) in cases {
            assert_eq!(connect_failure(&kind.into(), 80).reason, expect, "{kind}");
        }
    }

    #[tokio::test]
    async fn each_address_of_a_name_is_tried() {
        let server = Server::plain(|_| Play::Reset).await;
        let target = server.target(None);
        let closed = SocketAddr::from(([127, 0, 0, 2], server.port));
        let open = SocketAddr::from(([127, 0, 0, 1], server.port));
        let (_, address) = connect(&[closed, open], &Limit::at(ample())).await.unwrap();
        assert_eq!(address, open);
        let refused = connect(&[closed], &Limit::at(ample())).await.unwrap_err();
        assert_eq!(refused.reason, Reason::Refused);
        let named = Target {
            host: "localhost".into(),
            ..target
        };
        let dialled = dial(&named, None, &Limit::at(ample())).await.unwrap();
        assert_eq!(dialled.address, open);
    }
}
