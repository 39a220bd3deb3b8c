//! Precedence: built in, then `poll`, then `defaults`, then the group, then the phone itself.
//!
//! Every question for a value goes through [`Layers`], which also knows where the answer was
//! written. So resolving, faults across layers, and the listing of effective values agree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::fleet::expect::Expectation;
use crate::fleet::guard::SecretFormat;
use crate::fleet::place::Scheme;

use super::fault::Spot;
use super::labels::Label;
use super::phone_keys::PhoneKeys;
use super::poll_keys::{
    ATTEMPTS, CONNECT_TIMEOUT, INTERVAL, STALE_INTERVALS, TIMEOUT, VALUES_INTERVAL,
};
use super::section::Given;
use super::tls::Authorities;

/// Everything that is said of one phone.
#[derive(Clone, Copy)]
pub(super) struct Layers<'a> {
    pub(super) phone: &'a PhoneKeys,
    pub(super) group: Option<&'a PhoneKeys>,
    pub(super) defaults: &'a PhoneKeys,
    /// Only its `poll` is set: the top-level section of this name.
    pub(super) global: &'a PhoneKeys,
}

/// A value and where it was written.
#[derive(Clone, Copy)]
pub(super) struct Choice<'a, T> {
    pub(super) value: T,
    /// `None`: built in.
    pub(super) origin: Option<Origin<'a>>,
}

/// Where a value was written.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) layer: Layer,
    keys: &'a PhoneKeys,
    key: &'static str,
    line: u32,
}

/// Who said it; the nearer to the phone, the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Global,
    Defaults,
    Group,
    Phone,
}

impl<T> Choice<'_, T> {
    /// The same, written under another key.
    pub(super) fn under(self, key: &'static str) -> Self {
        let origin = self.origin.map(|origin| Origin { key, ..origin });
        Self { origin, ..self }
    }
}

impl Origin<'_> {
    pub(super) fn spot(&self) -> Spot {
        self.keys.spot.below(self.key, self.line)
    }
}

impl<'a> Layers<'a> {
    /// The layers, nearest first.
    pub(super) fn nearest_first(&self) -> impl Iterator<Item = (Layer, &'a PhoneKeys)> {
        [
            (Layer::Phone, Some(self.phone)),
            (Layer::Group, self.group),
            (Layer::Defaults, Some(self.defaults)),
            (Layer::Global, Some(self.global)),
        ]
        .into_iter()
        .filter_map(|(layer, keys)| Some((layer, keys?)))
    }

    /// The nearest value of a key, if any layer has it.
    pub(super) fn given<T: 'a>(
        &self,
        key: &'static str,
        of: impl Fn(&'a PhoneKeys) -> &'a Option<Given<T>>,
    ) -> Option<Choice<'a, &'a T>> {
        self.nearest_first().find_map(|(layer, keys)| {
            let given = of(keys).as_ref()?;
            let line = given.line;
            let origin = Some(Origin {
                layer,
                keys,
                key,
                line,
            });
            Some(Choice {
                value: &given.value,
                origin,
            })
        })
    }

    fn or<T: Copy + 'a>(
        &self,
        key: &'static str,
        of: impl Fn(&'a PhoneKeys) -> &'a Option<Given<T>>,
        built_in: T,
    ) -> Choice<'a, T> {
        match self.given(key, of) {
            Some(Choice { value, origin }) => Choice {
                value: *value,
                origin,
            },
            None => Choice {
                value: built_in,
                origin: None,
            },
        }
    }

    /// The nearest value of a key that holds text.
    pub(super) fn text(
        &self,
        key: &'static str,
        of: impl Fn(&'a PhoneKeys) -> &'a Option<Given<Box<str>>>,
    ) -> Option<Choice<'a, &'a str>> {
        let Choice { value, origin } = self.given(key, of)?;
        Some(Choice { value, origin })
    }

    pub(super) fn group(&self) -> Option<Choice<'a, &'a str>> {
        self.text("group", |keys| &keys.group)
    }

    pub(super) fn site(&self) -> Option<Choice<'a, &'a str>> {
        self.text("site", |keys| &keys.site)
    }

    pub(super) fn enabled(&self) -> Choice<'a, bool> {
        self.or("enabled", |keys| &keys.enabled, true)
    }

    pub(super) fn portable(&self) -> Choice<'a, bool> {
        self.or("portable", |keys| &keys.portable, false)
    }

    pub(super) fn scheme(&self) -> Choice<'a, Scheme> {
        self.or("scheme", |keys| &keys.scheme, Scheme::Http)
    }

    pub(super) fn secret_format(&self) -> Choice<'a, Option<SecretFormat>> {
        self.or("secret_format", |keys| &keys.secret_format, None)
    }

    pub(super) fn ca_file(&self) -> Option<Choice<'a, &'a Authorities>> {
        self.given("tls.ca_file", |keys| &keys.tls.ca_file)
    }

    pub(super) fn fingerprints(&self) -> Option<Choice<'a, &'a Arc<[[u8; 32]]>>> {
        self.given("tls.fingerprints_sha256", |keys| &keys.tls.fingerprints)
    }

    pub(super) fn insecure_skip_verify(&self) -> Choice<'a, bool> {
        let of = |keys: &'a PhoneKeys| &keys.tls.insecure_skip_verify;
        self.or("tls.insecure_skip_verify", of, false)
    }

    pub(super) fn server_name(&self) -> Option<Choice<'a, &'a str>> {
        self.text("tls.server_name", |keys| &keys.tls.server_name)
    }

    pub(super) fn time_zone(&self) -> Option<Choice<'a, &'a TimeZone>> {
        self.given("time_zone", |keys| &keys.time_zone)
    }

    pub(super) fn interval(&self) -> Choice<'a, Duration> {
        self.or("poll.interval", |keys| &keys.poll.interval, INTERVAL)
    }

    pub(super) fn values_interval(&self) -> Choice<'a, Duration> {
        let of = |keys: &'a PhoneKeys| &keys.poll.values_interval;
        self.or("poll.values_interval", of, VALUES_INTERVAL)
    }

    pub(super) fn timeout(&self) -> Choice<'a, Duration> {
        self.or("poll.timeout", |keys| &keys.poll.timeout, TIMEOUT)
    }

    pub(super) fn connect_timeout(&self) -> Choice<'a, Duration> {
        let of = |keys: &'a PhoneKeys| &keys.poll.connect_timeout;
        self.or("poll.connect_timeout", of, CONNECT_TIMEOUT)
    }

    pub(super) fn attempts(&self) -> Choice<'a, u8> {
        self.or("poll.attempts", |keys| &keys.poll.attempts, ATTEMPTS)
    }

    /// By default a multiple of the interval.
    pub(super) fn stale_after(&self) -> Choice<'a, Duration> {
        let built_in = self.interval().value * STALE_INTERVALS;
        self.or("poll.stale_after", |keys| &keys.poll.stale_after, built_in)
    }

    /// The nearest list as a whole.
    pub(super) fn expect(&self) -> Option<Choice<'a, &'a Arc<[Expectation]>>> {
        self.given("expect", |keys| &keys.expect)
    }

    /// The labels of all layers together, by name, each with who said it.
    pub(super) fn labels(&self) -> BTreeMap<&'a str, (&'a PhoneKeys, &'a Label)> {
        let mut labels = BTreeMap::new();
        for (_, keys) in self.nearest_first() {
            for label in &keys.labels {
                labels.entry(&*label.name).or_insert((keys, label));
            }
        }
        labels
    }
}
