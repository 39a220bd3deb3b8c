//! From what was written to what holds: one phone at a time, and what phones have in common.
//!
//! Layers are resolved by [`Layers`]; what can only be judged across layers or phones is judged
//! here. Equal trust and equal lists of P-values are shared, since ten thousand phones have the same.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::fleet::Place;
use crate::fleet::place::Scheme;
use crate::fleet::reading::{BUILT_IN_VALUES, MAC_VALUES, MAX_VALUES};
use crate::fleet::trust::Trust;

use super::address::Address;
use super::duration::shown;
use super::fault::{Findings, Spot, Wrong, quoted};
use super::layers::{Layer, Layers};
use super::login::{Login, NoLogin, login};
use super::nearest;
use super::phone_keys::PhoneKeys;
use super::poll_keys::STALE_INTERVALS;
use super::section::Given;
use super::written::Written;
use super::{Credential, Limits, Phone, pvalues};

/// Resolves phones one after the other.
pub(super) struct Resolver<'a> {
    written: &'a Written<'a>,
    trusts: HashMap<TrustKeys<'a>, Arc<Trust>>,
    values: HashSet<Arc<[Box<str>]>>,
}

/// What makes two trusts equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TrustKeys<'a> {
    ca_file: Option<&'a Path>,
    fingerprints: &'a [[u8; 32]],
    server_name: Option<&'a str>,
    insecure_skip_verify: bool,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(written: &'a Written<'a>) -> Self {
        Self {
            written,
            trusts: HashMap::new(),
            values: HashSet::new(),
        }
    }

    /// Everything that is said of a phone; `None` if its group is unknown or has faults.
    pub(super) fn layers(&self, found: &mut Findings, phone: &'a PhoneKeys) -> Option<Layers<'a>> {
        let layers = Layers {
            phone,
            group: None,
            defaults: &self.written.defaults,
            global: &self.written.global,
        };
        let Some(group) = layers.group() else {
            return Some(layers);
        };
        if let Some(keys) = self.written.groups.get(group.value) {
            let group = Some(keys.as_ref()?);
            return Some(Layers { group, ..layers });
        }
        let known = self.written.groups.keys().copied();
        let define = "define it under `groups`";
        let mend = if found.may_suggest() {
            nearest::mend(group.value, known, define)
        } else {
            define.to_owned()
        };
        let spot = group
            .origin
            .map_or(phone.spot.clone(), |origin| origin.spot());
        let what = format!("{} is no group", quoted(group.value));
        found.fault(spot, Wrong::new(what, mend));
        None
    }

    /// How a phone is logged in to; its fault is told here.
    pub(super) fn login(&self, found: &mut Findings, layers: &Layers<'a>) -> Option<Login<'a>> {
        match login(layers, &self.written.credentials) {
            Ok(login) => Some(login),
            Err(NoLogin::Told) => None,
            Err(NoLogin::Fault(fault)) => {
                found.push(fault);
                None
            }
        }
    }

    /// The phone that the layers make; `None` if anything is missing, which has been told.
    pub(super) fn phone(&mut self, found: &mut Findings, layers: &Layers<'a>) -> Option<Phone> {
        let login = self.login(found, layers);
        check_times(found, layers);
        check_tls(found, layers);
        let values = self.values(found, layers);
        let trust = self.trust(layers);
        let place = place(layers, trust.as_deref())?;
        let Address { host, port, .. } = &layers.phone.address.as_ref()?.value;
        let login = login?;
        Some(Phone {
            host: host.clone(),
            port: port.unwrap_or(place.scheme.default_port()),
            place: Arc::new(place),
            trust,
            credential: Credential {
                username: login.username.value.into(),
                passwords: login.passwords().to_vec(),
                format: layers.secret_format().value,
            },
            operator: login.operator().cloned(),
            limits: Limits {
                timeout: layers.timeout().value,
                connect_timeout: layers.connect_timeout().value,
                attempts: layers.attempts().value,
            },
            values,
        })
    }

    fn trust(&mut self, layers: &Layers<'a>) -> Option<Arc<Trust>> {
        if layers.scheme().value == Scheme::Http {
            return None;
        }
        let ca_file = layers.ca_file().map(|ca_file| ca_file.value);
        let keys = TrustKeys {
            ca_file: ca_file.map(|authorities| &*authorities.path),
            fingerprints: layers.fingerprints().map_or(&[], |list| &**list.value),
            server_name: layers.server_name().map(|name| name.value),
            insecure_skip_verify: layers.insecure_skip_verify().value,
        };
        let trust = self.trusts.entry(keys).or_insert_with(|| {
            Arc::new(Trust {
                authorities: ca_file.map(|ca_file| ca_file.certificates.to_vec().into()),
                fingerprints: keys.fingerprints.into(),
                server_name: keys.server_name.map(Into::into),
                insecure_skip_verify: keys.insecure_skip_verify,
            })
        });
        Some(Arc::clone(trust))
    }

    /// The P-values to ask for: built-in, published, expected, and the hardware address where
    /// something needs it.
    fn values(&mut self, found: &mut Findings, layers: &Layers<'a>) -> Arc<[Box<str>]> {
        let expect = layers.expect();
        let needs_mac = layers.phone.mac.is_some() || self.written.metrics.mac_address;
        let expected = expect
            .iter()
            .flat_map(|list| list.value.iter())
            .map(|e| &*e.pvalue);
        let published = self.written.published.iter().map(|value| &*value.pvalue);
        let mac: &[&str] = if needs_mac { &MAC_VALUES } else { &[] };
        let mut values: Vec<Box<str>> = Vec::new();
        for key in BUILT_IN_VALUES
            .into_iter()
            .chain(published)
            .chain(expected)
            .chain(mac.iter().copied())
        {
            if !values.iter().any(|value| **value == *key) {
                values.push(key.into());
            }
        }
        if values.len() > MAX_VALUES {
            let origin = expect.and_then(|list| list.origin);
            let spot =
                origin.map_or_else(|| self.written.pvalues_at.clone(), |origin| origin.spot());
            found.fault(spot, pvalues::too_many(values.len()));
        }
        if let Some(same) = self.values.get(&*values) {
            return Arc::clone(same);
        }
        let values: Arc<[Box<str>]> = values.into();
        self.values.insert(Arc::clone(&values));
        values
    }
}

fn place(layers: &Layers<'_>, trust: Option<&Trust>) -> Option<Place> {
    let phone = layers.phone;
    let interval = layers.interval().value;
    let values_interval = layers.values_interval().value;
    let text = |given: &Option<Given<Box<str>>>| given.as_ref().map(|given| given.value.clone());
    let labels = layers.labels().into_iter();
    Some(Place {
        name: text(&phone.name)?,
        address: phone.address.as_ref()?.value.text.clone(),
        scheme: layers.scheme().value,
        tls_verified: trust.map(Trust::verifies),
        mac: text(&phone.mac),
        site: layers.site().map(|site| site.value.into()),
        labels: labels
            .map(|(name, (_, label))| (name.into(), label.value.clone()))
            .collect(),
        portable: layers.portable().value,
        time_zone: layers.time_zone().map(|zone| zone.value.clone()),
        expect: layers
            .expect()
            .map(|list| list.value.to_vec().into())
            .unwrap_or_default(),
        interval,
        values_interval,
        stale_after: layers.stale_after().value,
        values_stale_after: values_interval * STALE_INTERVALS,
    })
}

/// Times that are allowed but probably not meant, told where they were written.
fn check_times(found: &mut Findings, layers: &Layers<'_>) {
    let (interval, timeout, stale) = (layers.interval(), layers.timeout(), layers.stale_after());
    let mut warn = |spot: Spot, what: String, mend: &str| found.warn(spot, Wrong::new(what, mend));
    if timeout.value > interval.value
        && let Some(origin) = timeout.origin.or(interval.origin)
    {
        let (timeout, interval) = (shown(timeout.value), shown(interval.value));
        let what = format!("lets a poll take {timeout}, longer than the interval of {interval}");
        warn(
            origin.spot(),
            what,
            "polls that fall into a running one are skipped",
        );
    }
    if stale.value < interval.value
        && let Some(origin) = stale.origin
    {
        let (stale, interval) = (shown(stale.value), shown(interval.value));
        let what = format!("drops readings after {stale}, before the next at {interval}");
        warn(
            origin.spot(),
            what,
            "choose at least the interval, better three times as much",
        );
    }
}

/// Keys of TLS that have no effect, since the phone is spoken to in plain HTTP. Those in `defaults`
/// wait for other phones; those that a nearer `scheme: http` overrides are meant to be overridden.
fn check_tls(found: &mut Findings, layers: &Layers<'_>) {
    let scheme = layers.scheme();
    if scheme.value != Scheme::Http {
        return;
    }
    let insecure = Some(layers.insecure_skip_verify()).filter(|insecure| insecure.value);
    let origins = [
        layers.ca_file().and_then(|choice| choice.origin),
        layers.fingerprints().and_then(|choice| choice.origin),
        insecure.and_then(|choice| choice.origin),
        layers.server_name().and_then(|choice| choice.origin),
    ];
    let decided = scheme.origin.map(|origin| origin.layer);
    for origin in origins.into_iter().flatten() {
        if origin.layer > Layer::Defaults && Some(origin.layer) >= decided {
            let wrong = Wrong::new("has no effect with scheme http", "set `scheme: https`");
            found.fault(origin.spot(), wrong);
        }
    }
}
