//! A web server inside the process that stands for the demo's receiver and Alertmanager.
//!
//! It prints the title of each notification; what an Alertmanager gets is accepted and not shown.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The path of the receiver.
const PUSH: &str = "/push";

/// The largest body: an Alertmanager gets hundreds of alerts at once.
const MAX_MESSAGE: usize = 4 << 20;

/// The most connections at a time; the daemon opens two.
const MAX_CONNECTIONS: usize = 16;

/// The server before it serves.
pub(super) struct WebhookSink {
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl WebhookSink {
    pub(super) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The `alerting` section of the configuration: short waits, and one phone that is muted.
    pub(super) fn alerting(&self) -> String {
        let address = self.address;
        format!(
            r#"
alerting:
  enabled: true
  evaluation_interval: 1s
  rule_groups: [core, security, compliance, calls, self]
  rule_overrides:
    PhoneUnreachable: {{ for: 4s }}
    AccountUnregistered: {{ for: 4s }}
    FirmwareMismatch: {{ for: 4s }}
  receivers:
    terminal:
      webhook: {{ url: 'http://{address}{PUSH}', preset: ntfy }}
      group_wait: 1s
      group_interval: 15s
  alertmanagers: [{{ url: 'http://{address}' }}]
  time_intervals: [{{ name: always, time_intervals: [{{}}] }}]
  maintenance_windows:
    - {{ name: demo, matchers: ['phone="hq-secure"'], active_time_intervals: [always] }}
"#
        )
    }

    /// Accepts every request until it is dropped.
    pub(super) async fn serve(self) -> anyhow::Result<()> {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = self.listener.accept().await?;
            while connections.len() >= MAX_CONNECTIONS {
                connections.join_next().await;
            }
            connections.spawn(async {
                let service = service_fn(take);
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // The daemon reports failed requests.
                let _broken = served.await;
            });
        }
    }
}

async fn take(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let is_push = request.uri().path() == PUSH;
    let title = request.headers().get("Title").cloned();
    let title = title.and_then(|title| title.to_str().map(str::to_owned).ok());
    let body = Limited::new(request.into_body(), MAX_MESSAGE)
        .collect()
        .await;
    if is_push
        && let Some(title) = title
        && body.is_ok()
    {
        // Where stdout is closed, there is nothing to show it on.
        let _closed = println_line!("Notification: {title}");
    }
    Ok(Response::new(Empty::new()))
}
