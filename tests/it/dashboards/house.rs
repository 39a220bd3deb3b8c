//! The phones that the dashboards are asked about: healthy at first, then with every trouble that a
//! panel is there to show.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::sim::state::line::Line;
use grandstream_exporter::sim::{self, Behaviour, Fault};
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::harness::{PASSWORD, spec};

/// Name and site of each phone; the first part of the name says what becomes of it.
const PHONES: [(&str, &str); 10] = [
    ("steady", "hq"),
    ("flapping", "hq"),
    ("rebooting", "hq"),
    ("busy", "hq"),
    ("dead-1", "lyon"),
    ("dead-2", "lyon"),
    ("dead-3", "lyon"),
    ("refusing", "lyon"),
    ("old", "berlin"),
    ("portable", "berlin"),
];

/// The phone behind HTTPS.
const SECURE: &str = "secure";

/// How often the restless phones change: some changes fall into every window that is looked at.
const RESTLESS: Duration = Duration::from_millis(1500);

pub(super) struct House {
    phones: Vec<sim::Phone>,
    secure: sim::Phone,
}

impl House {
    pub(super) async fn start() -> Self {
        let mut phones = Vec::new();
        for (name, site) in PHONES {
            let named = sim::Spec {
                name: name.to_owned(),
                site: site.to_owned(),
                ..quick()
            };
            phones.push(sim::Phone::start(named).await);
        }
        let secure = secure().await;
        Self { phones, secure }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let all = self.phones.iter().chain([&self.secure]);
        all.map(sim::Phone::name).collect()
    }

    /// The configuration of an exporter that shows everything there is.
    pub(super) fn config(&self) -> String {
        let mut config = format!(
            "
listen: ['127.0.0.1:0']
state_dir: state
poll: {{ interval: 300ms, values_interval: 300ms, timeout: 20s, connect_timeout: 10s, stale_after: 3s }}
metrics: {{ clock: true }}
pvalues:
  - {{ pvalue: '64', as: info }}
  - {{ pvalue: '1561', as: number }}
defaults:
  password: '{PASSWORD}'
  time_zone: UTC
  expect: [{{ pvalue: '68', any_of: ['1.0.3.30', '1.0.3.31'] }}]
phones:
"
        );
        for phone in self.phones.iter().chain([&self.secure]) {
            let (name, site, address) = (phone.name(), phone.site(), phone.address());
            let more = match name {
                SECURE => "scheme: https, tls: { insecure_skip_verify: true }",
                "portable" => "portable: true",
                _ => "scheme: http",
            };
            writeln!(
                config,
                "  - {{ name: {name}, site: {site}, address: '{address}', {more} }}"
            )
            .expect("text");
        }
        config
    }

    /// From now on every phone has its trouble.
    pub(super) fn trouble(&self) {
        for phone in &self.phones {
            let (kind, _) = phone.name().split_once('-').unwrap_or((phone.name(), ""));
            phone.change(|state| match kind {
                "dead" | "portable" => state.faults.set(Fault::Refuse),
                "refusing" => {
                    state.admin.password = "another".to_owned();
                    state.end_sessions();
                }
                // A line first seen busy: the others were seen idle within the hour.
                "busy" => {
                    let mut line = Line::idle(5);
                    line.state = Line::HOLD;
                    state.lines.push(line);
                }
                "old" => {
                    state.firmware = "1.0.1.7".to_owned();
                    state.accounts[1].reg = 0;
                    state.lines[0].state = Line::FAILED;
                }
                _ => {}
            });
        }
    }

    /// Goes on changing what restless phones say, until dropped.
    pub(super) async fn restless(&self) {
        let mut tick = tokio::time::interval(RESTLESS);
        // Two changes at once would be none.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for round in 0_i64.. {
            tick.tick().await;
            for phone in &self.phones {
                phone.change(|state| match phone.name() {
                    "flapping" => state.accounts[0].reg = round % 2,
                    "rebooting" if round % 3 == 0 => {
                        state.firmware = format!("1.0.3.3{}", round / 3 % 2);
                        state.reboot();
                        state.come_back();
                    }
                    _ => {}
                });
            }
        }
    }
}

fn quick() -> sim::Spec {
    spec(Behaviour::default())
}

/// A phone that serves HTTPS with a certificate of its own making, as real ones do.
async fn secure() -> sim::Phone {
    let made = rcgen::generate_simple_self_signed(["phone.example".to_owned()]).expect("made");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a certificate");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let named = sim::Spec {
        name: SECURE.to_owned(),
        site: "hq".to_owned(),
        ..quick()
    };
    sim::Phone::start_on(named, listener, Some(Arc::new(tls)))
}
