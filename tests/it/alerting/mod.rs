//! The alert daemon as a whole: simulated phones, real receivers.

mod alertmanager;
mod inhibition;
mod kill;
mod mail;
mod runbooks;
mod upgrade;

use std::fmt::Write;
use std::net::SocketAddr;

use grandstream_exporter::sim::{self, Behaviour, Fault};

use crate::harness::{config_for, spec};

/// A quick daemon on these phones that tells of those that are down, to whom `more` says.
pub(crate) fn config(phones: &[&sim::Phone], more: &str) -> String {
    let mut config = config_for(phones);
    let rule = "{ name: Down, when: { phone_unreachable: {} }, min_polls: 1, \
                labels: { severity: critical }, \
                annotations: { summary: '{{ phone.name }} is down' } }";
    write!(
        config,
        "alerting:\n  enabled: true\n  evaluation_interval: 200ms\n  rule_groups: []\n  \
         rules: [{rule}]\n{more}"
    )
    .expect("text");
    config
}

/// The lines of a configuration that name Alertmanagers.
fn managers(addresses: &[SocketAddr]) -> String {
    let urls = addresses
        .iter()
        .map(|address| format!("{{ url: 'http://{address}' }}"));
    let urls: Vec<_> = urls.collect();
    format!(
        "  resend_delay: 1s\n  alertmanagers: [{}]\n",
        urls.join(", ")
    )
}

pub(crate) async fn phone() -> sim::Phone {
    sim::Phone::start(spec(Behaviour::default())).await
}

/// Lets the phone refuse connections, or take them again.
pub(crate) fn cut(phone: &sim::Phone, off: bool) {
    phone.change(|state| {
        if off {
            state.faults.set(Fault::Refuse);
        } else {
            state.faults.clear();
        }
    });
}
