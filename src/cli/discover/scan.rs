//! Scans addresses, with a limit a second and a limit at a time.
//!
//! Each address gets one request for values, on a connection of its own. One that does not answer in
//! time, refuses, or answers otherwise is not a phone.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::discovered::DiscoveredPhone;
use crate::fleet::guard::Habits;
use crate::fleet::place::Scheme;
use crate::fleet::reading::{BUILT_IN_VALUES, MAC_VALUES};
use crate::fleet::trust::Trust;
use crate::webapi::{Client, Target, Tls, tls_config};

/// How addresses are scanned.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanOptions<'a> {
    /// In this order until one finds a phone.
    pub(super) schemes: &'a [Scheme],
    /// Instead of the default port of the scheme.
    pub(super) port: Option<u16>,
    /// For one address and scheme.
    pub(super) timeout: Duration,
    /// New addresses a second.
    pub(super) rate: NonZeroU32,
    /// Addresses at the same time.
    pub(super) jobs: usize,
}

/// What each address is probed with.
#[derive(Clone)]
struct AddressProbe {
    schemes: Arc<[(Scheme, Option<Tls>)]>,
    port: Option<u16>,
    timeout: Duration,
}

/// The phones among these addresses; `each` is called after each address.
pub(super) async fn scan(
    addresses: impl Iterator<Item = IpAddr>,
    options: &ScanOptions<'_>,
    mut each: impl FnMut(),
) -> Vec<DiscoveredPhone> {
    let probe = AddressProbe {
        schemes: options
            .schemes
            .iter()
            .filter_map(|scheme| with_tls(*scheme))
            .collect(),
        port: options.port,
        timeout: options.timeout,
    };
    let mut pace = tokio::time::interval(Duration::from_secs(1) / options.rate.get());
    // A late address is not made up for: that would exceed the rate.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut probes = JoinSet::new();
    let mut found = Vec::new();
    let mut end = |ended: Result<Option<DiscoveredPhone>, tokio::task::JoinError>| {
        each();
        ended.expect("no probe is cancelled, and a panic ends the program")
    };
    for address in addresses {
        while probes.len() >= options.jobs
            && let Some(ended) = probes.join_next().await
        {
            found.extend(end(ended));
        }
        pace.tick().await;
        let probe = probe.clone();
        probes.spawn(async move { probe_address(address, &probe).await });
    }
    while let Some(ended) = probes.join_next().await {
        found.extend(end(ended));
    }
    found
}

/// No certificate is verified: nothing secret is sent, and what answers is only listed.
fn with_tls(scheme: Scheme) -> Option<(Scheme, Option<Tls>)> {
    if scheme == Scheme::Http {
        return Some((scheme, None));
    }
    let trust = Trust {
        insecure_skip_verify: true,
        ..Trust::default()
    };
    let config = tls_config(&trust, 1).ok()?;
    let tls = Tls {
        config,
        server_name: None,
    };
    Some((scheme, Some(tls)))
}

async fn probe_address(address: IpAddr, probe: &AddressProbe) -> Option<DiscoveredPhone> {
    let keys: Vec<Box<str>> = BUILT_IN_VALUES
        .iter()
        .chain(&MAC_VALUES)
        .map(|key| (*key).into())
        .collect();
    for (scheme, tls) in probe.schemes.iter() {
        let target = Target {
            host: address.to_string().into(),
            port: probe.port.unwrap_or(scheme.default_port()),
            tls: tls.clone(),
            connect_timeout: probe.timeout,
            attempts: 1,
            keeps_connection: false,
        };
        let mut client = Client::new(target, Habits::default());
        client.open(Instant::now() + probe.timeout);
        if let Ok(values) = client.reader().values(&keys).await
            && let Some(found) = DiscoveredPhone::of((address, probe.port, *scheme), &values)
        {
            return Some(found);
        }
    }
    None
}
