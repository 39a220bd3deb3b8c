//! Messages on their way out, over real sockets, to servers that behave well or badly.

mod certificates;
mod http_client;
mod mails;
mod managers;
pub(crate) mod smtp;
mod templates;
mod webhooks;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::notify::channel::{Channel, Receiver};
use grandstream_exporter::notify::http_client::{Authorization, Header, HeaderText};
use grandstream_exporter::notify::notification::{AlertRecord, NotificationReason};
use grandstream_exporter::notify::retry::{DeliveryResult, FailureReason};
use grandstream_exporter::notify::route::Route;
use grandstream_exporter::notify::{Delivery, Notification};
use jiff::Timestamp;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How long somebody who does not answer is waited for where that is what is tested.
const SHORT: Duration = Duration::from_millis(300);

/// What a result comes to: what tests compare.
type Meaning = (&'static str, Option<FailureReason>);

const DELIVERED: Meaning = ("delivered", None);

/// The proof of who holds this token.
fn bearer(token: &str) -> Authorization {
    Authorization::Credentials {
        scheme: "Bearer".into(),
        credentials: token.into(),
    }
}

fn header(name: &str, value: HeaderText) -> Header {
    let name = name.into();
    Header { name, value }
}

/// A receiver that is told like this.
fn receiver(channel: Channel) -> Receiver {
    Receiver {
        route: Route::new("desk"),
        max_listed_alerts: 10,
        channel,
    }
}

/// A message about one phone of this name.
fn delivery(phone: &str) -> Delivery {
    let pair = |name: &str, value: &str| (name.into(), value.into());
    Delivery {
        id: "7".into(),
        group_key: "hq".into(),
        group: vec![pair("site", "hq")],
        notification: Notification {
            reason: NotificationReason::First,
            firing: vec![AlertRecord {
                labels: vec![
                    pair("alertname", "PhoneUnreachable"),
                    pair("phone", phone),
                    pair("severity", "critical"),
                    pair("site", "hq"),
                ],
                annotations: vec![pair("summary", &format!("{phone} does not answer"))],
                since: Timestamp::from_second(1_700_000_000).expect("a moment"),
                ended: None,
            }],
            over: Vec::new(),
            fresh: BTreeSet::new(),
            missed: 0,
        },
        written: Timestamp::from_second(1_700_000_600).expect("a moment"),
        external_url: "https://phones.example".into(),
    }
}

fn meaning(result: &DeliveryResult) -> Meaning {
    match result {
        DeliveryResult::Delivered => DELIVERED,
        DeliveryResult::Temporary { reason, .. } => ("temporary", Some(*reason)),
        DeliveryResult::Permanent { reason, .. } => ("permanent", Some(*reason)),
    }
}

fn error(result: &DeliveryResult) -> &str {
    match result {
        DeliveryResult::Delivered => "",
        DeliveryResult::Temporary { error, .. } | DeliveryResult::Permanent { error, .. } => error,
    }
}

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.local_addr().expect("an address")
}

/// A server's side of TLS with the certificate that an authority of this name made here.
pub(crate) fn acceptor(home: &Path, authority: &str) -> TlsAcceptor {
    TlsAcceptor::from(server_config(home, authority))
}

/// The settings of such a server.
fn server_config(home: &Path, authority: &str) -> Arc<ServerConfig> {
    let path = |end: &str| home.join(format!("{authority}-server.{end}"));
    let chain = CertificateDer::from_pem_file(path("pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(path("key")).expect("a key");
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a certificate and its key");
    Arc::new(config)
}

/// The certificate of the authority of this name, as a receiver is configured with it.
fn authorities(home: &Path, authority: &str) -> Arc<[Box<[u8]>]> {
    let path = home.join(format!("{authority}.pem"));
    let pem = fs::read(path).expect("a file");
    let der = CertificateDer::from_pem_slice(&pem).expect("a certificate");
    Arc::from([Box::from(&*der)])
}
