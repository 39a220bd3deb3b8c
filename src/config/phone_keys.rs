//! Any key of a phone, as written: every one may be missing.
//!
//! One function reads them for `defaults`, `groups`, `phones`, files of phones and rows of tables.
//! Each value is understood where it stands, so that a fault in `defaults` is told once and not for
//! every phone. Who wins where a key is written twice is [`layers`](super::layers)' business.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::fleet::expect::Expectation;
use crate::fleet::guard::SecretFormat;
use crate::fleet::place::Scheme;

use super::address::{Address, address, mac};
use super::credentials::{LoginKeys, login_keys};
use super::expect::expectations;
use super::fault::{Findings, Spot, Wrong, quoted};
use super::files::Files;
use super::keys;
use super::labels::{Label, labels, name};
use super::poll_keys::{PollKeys, poll_keys};
use super::section::{Given, Section, word};
use super::tls::{TlsKeys, tls_keys};
use super::tree::Node;

/// What a phone, a group or `defaults` says.
pub(super) struct PhoneKeys {
    /// Where it stands; places of single keys lie below it.
    pub(super) spot: Spot,
    pub(super) name: Option<Given<Box<str>>>,
    pub(super) address: Option<Given<Address>>,
    pub(super) mac: Option<Given<Box<str>>>,
    pub(super) group: Option<Given<Box<str>>>,
    pub(super) site: Option<Given<Box<str>>>,
    pub(super) login: LoginKeys,
    pub(super) enabled: Option<Given<bool>>,
    pub(super) portable: Option<Given<bool>>,
    pub(super) labels: Vec<Label>,
    pub(super) scheme: Option<Given<Scheme>>,
    pub(super) secret_format: Option<Given<Option<SecretFormat>>>,
    pub(super) tls: TlsKeys,
    pub(super) time_zone: Option<Given<TimeZone>>,
    pub(super) poll: PollKeys,
    pub(super) expect: Option<Given<Arc<[Expectation]>>>,
}

/// Whose keys are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Phone,
    Group,
    Defaults,
}

const SCHEMES: &[(&str, Scheme)] = &[("http", Scheme::Http), ("https", Scheme::Https)];

const FORMATS: &[(&str, Option<SecretFormat>)] = &[
    ("auto", None),
    ("colon", Some(SecretFormat::Colon)),
    ("dot", Some(SecretFormat::Dot)),
];

impl PhoneKeys {
    /// Says nothing, at `spot`.
    pub(super) fn none(spot: Spot) -> Self {
        Self {
            spot,
            name: None,
            address: None,
            mac: None,
            group: None,
            site: None,
            login: LoginKeys::default(),
            enabled: None,
            portable: None,
            labels: Vec::new(),
            scheme: None,
            secret_format: None,
            tls: TlsKeys::default(),
            time_zone: None,
            poll: PollKeys::default(),
            expect: None,
        }
    }

    /// Reads the mapping that stands at `spot`; `None` if it is no mapping.
    pub(super) fn read(
        found: &mut Findings,
        files: &mut Files<'_>,
        holder: Holder,
        (spot, node): (Spot, &Node),
    ) -> Option<Self> {
        let section = Section::open(found, spot, node, keys::PHONE)?;
        refuse_misplaced(found, holder, &section);
        if holder == Holder::Phone {
            section.require(found, "name");
            section.require(found, "address");
        }
        let listed = section.named(found, "labels");
        let expect = section.items(found, "expect").map(|list| Given {
            value: expectations(found, list).into(),
            line: section.spot_of("expect").line.unwrap_or_default(),
        });
        Some(Self {
            name: section.read(found, "name", name),
            address: section.read(found, "address", |node| address(node.text()?)),
            mac: section.read(found, "mac", |node| mac(node.text()?)),
            group: section.read(found, "group", |node| node.text().map(Into::into)),
            site: section.read(found, "site", name),
            login: login_keys(found, files, &section),
            enabled: section.read(found, "enabled", Node::flag),
            portable: section.read(found, "portable", Node::flag),
            labels: labels(found, listed),
            scheme: section.read(found, "scheme", |node| word(node, SCHEMES)),
            secret_format: section.read(found, "secret_format", |node| word(node, FORMATS)),
            tls: tls_keys(found, files, &section),
            time_zone: section.read(found, "time_zone", |node| time_zone(node.text()?)),
            poll: poll_keys(found, &section),
            expect,
            spot: section.spot,
        })
    }
}

/// Keys that cannot be shared by several phones, and a group within a group.
fn refuse_misplaced(found: &mut Findings, holder: Holder, section: &Section<'_>) {
    if holder == Holder::Phone {
        return;
    }
    for key in keys::OF_ONE_PHONE.iter().filter(|key| section.has(key)) {
        let wrong = Wrong::new("belongs to one phone", "write it at that phone");
        found.fault(section.spot_of(key), wrong);
    }
    if holder == Holder::Group && section.has("group") {
        let wrong = Wrong::new(
            "stands within a group",
            "name a group at phones or in defaults",
        );
        found.fault(section.spot_of("group"), wrong);
    }
}

/// A zone by its name in the zones of this machine.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, Wrong> {
    TimeZone::get(name).map_err(|_unknown| {
        Wrong::new(
            format!("{} is no time zone of this machine", quoted(name)),
            "write a name such as Europe/Paris; zones come with the package tzdata",
        )
    })
}
