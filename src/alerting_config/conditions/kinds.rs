//! The kinds of conditions by their names in the configuration, and how each is read.

use std::time::Duration;

use super::super::known_labels::KnownLabels;
use super::super::patterns::{list_of, listed};
use super::{Written, at_once, metric};
use crate::config::read::{
    Findings, Node, Section, Wrong, duration, duration_or_none, mend, pvalue, quoted, text, word,
};
use crate::fleet::reading::Coarse;
use crate::fleet::{Place, Reason};
use crate::rules::condition::{
    Condition, Counted, EachCondition, Fraction, Grouping, Own, PhoneCondition, Repeats, Weakness,
};

/// One kind of condition.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) keys: &'static [&'static str],
    pub(super) reader: Reader,
}

/// How a kind is read.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// It has no keys.
    Plain(fn() -> Condition),
    /// A length of time stands behind its name.
    Length(fn(&Node) -> Result<Condition, Wrong>),
    /// From its keys.
    Keys(fn(&mut Findings, &KnownLabels<'_>, &Section<'_>) -> Option<Written>),
}

const fn plain(name: &'static str, condition: fn() -> Condition) -> Kind {
    Kind {
        name,
        keys: &[],
        reader: Reader::Plain(condition),
    }
}

const fn length(name: &'static str, read: fn(&Node) -> Result<Condition, Wrong>) -> Kind {
    Kind {
        name,
        keys: &[],
        reader: Reader::Length(read),
    }
}

const fn keyed(
    name: &'static str,
    keys: &'static [&'static str],
    read: fn(&mut Findings, &KnownLabels<'_>, &Section<'_>) -> Option<Written>,
) -> Kind {
    Kind {
        name,
        keys,
        reader: Reader::Keys(read),
    }
}

const GROUP: &[&str] = &["by", "scope", "at_least", "min"];
const REPEATS: &[&str] = &["count", "within"];

/// Every kind: of phones, of accounts and lines, of groups, of the daemon.
pub(super) const KINDS: &[Kind] = &[
    plain("phone_unreachable", || phone(PhoneCondition::Unreachable)),
    plain("phone_not_readable", || phone(PhoneCondition::NotReadable)),
    keyed("unreachable_ratio", &["over", "above"], unreachable_ratio),
    keyed("poll_error", &["reason"], poll_error),
    plain("identity_changed", || {
        let reasons = Box::new([Reason::Identity]);
        phone(PhoneCondition::PollError { reasons })
    }),
    plain("login_blocked", || phone(PhoneCondition::LoginBlocked)),
    keyed("rebooted", &["within"], |found, _, section| {
        let within = required(found, section, "within", duration)?;
        Some(of_phone(PhoneCondition::Rebooted { within }))
    }),
    keyed("reboot_loop", REPEATS, |found, _, section| {
        Some(of_phone(PhoneCondition::RebootLoop(repeats(
            found, section,
        )?)))
    }),
    keyed("firmware_not", &["model", "target"], firmware_not),
    keyed("pvalue_drift", &["params", "except"], pvalue_drift),
    plain("plain_http", || {
        phone(PhoneCondition::Posture(Weakness::PlainHttp))
    }),
    plain("tls_unverified", || {
        phone(PhoneCondition::Posture(Weakness::TlsUnverified))
    }),
    keyed("clock_offset", &["over"], |found, _, section| {
        let over = required(found, section, "over", more_than_a_minute)?;
        Some(of_phone(PhoneCondition::ClockOffset { over }))
    }),
    keyed("certificate_expires", &["within"], |found, _, section| {
        let within = required(found, section, "within", duration_or_none)?;
        Some(of_phone(PhoneCondition::CertificateExpires { within }))
    }),
    length("data_older_than", |node| {
        let age = duration(node)?;
        Ok(phone(PhoneCondition::DataOlderThan { age }))
    }),
    length("not_seen_for", |node| {
        let age = duration(node)?;
        Ok(phone(PhoneCondition::NotSeenFor { age }))
    }),
    keyed(
        "account_not_registered",
        &["account"],
        |found, _, section| {
            let account = section.read(found, "account", account);
            if section.has("account") && account.is_none() {
                return None;
            }
            let account = account.map(|account| account.value);
            Some(each(EachCondition::AccountNotRegistered { account }))
        },
    ),
    keyed("flapping", REPEATS, |found, _, section| {
        let repeats = repeats(found, section)?;
        Some(each(EachCondition::RegistrationFlapping(repeats)))
    }),
    keyed("line_state", &["state", "longer_than"], line_state),
    keyed(
        "metric",
        &["name", "is", "over", "take", "pick"],
        metric::metric,
    ),
    keyed(
        "fraction_unreachable",
        GROUP,
        |found, known_labels, section| fraction(found, known_labels, section, Counted::Unreachable),
    ),
    keyed(
        "fraction_unregistered",
        GROUP,
        |found, known_labels, section| {
            fraction(found, known_labels, section, Counted::Unregistered)
        },
    ),
    keyed("polls_overrun", &["within"], |found, _, section| {
        let within = required(found, section, "within", duration)?;
        Some(at_once(Condition::Own(Own::PollsOverrun { within })))
    }),
    plain("reload_failed", || Condition::Own(Own::ReloadFailed)),
    keyed("notifier_failing", &["within"], |found, _, section| {
        let within = required(found, section, "within", duration)?;
        Some(at_once(Condition::Own(Own::NotifierFailing { within })))
    }),
    plain("dead_letters", || Condition::Own(Own::DeadLetters)),
    plain("state_not_persisted", || {
        Condition::Own(Own::StateNotPersisted)
    }),
    plain("watchdog", || Condition::Own(Own::Watchdog)),
];

fn phone(condition: PhoneCondition) -> Condition {
    Condition::Phone(condition)
}

fn of_phone(condition: PhoneCondition) -> Written {
    at_once(phone(condition))
}

fn each(condition: EachCondition) -> Written {
    at_once(Condition::Each(condition))
}

/// What must be there.
pub(super) fn required<'a, T>(
    found: &mut Findings,
    section: &Section<'a>,
    key: &'static str,
    read: impl FnOnce(&'a Node) -> Result<T, Wrong>,
) -> Option<T> {
    section.require(found, key);
    section.read(found, key, read).map(|given| given.value)
}

fn unreachable_ratio(
    found: &mut Findings,
    _: &KnownLabels<'_>,
    section: &Section<'_>,
) -> Option<Written> {
    let over = required(found, section, "over", duration);
    let above = required(found, section, "above", |node| {
        let above = node.decimal()?;
        if (0.0..1.0).contains(&above) {
            return Ok(above);
        }
        let what = "is no share from 0 to below 1";
        Err(Wrong::new(what, "write one, as 0.5"))
    });
    let (over, above) = (over?, above?);
    Some(of_phone(PhoneCondition::UnreachableRatio { over, above }))
}

fn poll_error(found: &mut Findings, _: &KnownLabels<'_>, section: &Section<'_>) -> Option<Written> {
    section.require(found, "reason");
    let known = Reason::ALL.map(|reason| (reason.label(), reason));
    let reasons = list_of(found, section, "reason", |node| word(node, &known));
    let reasons: Box<[_]> = reasons.into_iter().map(|(_, reason)| reason).collect();
    (!reasons.is_empty()).then(|| of_phone(PhoneCondition::PollError { reasons }))
}

fn repeats(found: &mut Findings, section: &Section<'_>) -> Option<Repeats> {
    let count = required(found, section, "count", |node| {
        node.number(1, Repeats::MOST.into())
    });
    let within = required(found, section, "within", duration);
    let count = u8::try_from(count?).ok()?;
    let within = within?;
    Some(Repeats { count, within })
}

fn firmware_not(
    found: &mut Findings,
    _: &KnownLabels<'_>,
    section: &Section<'_>,
) -> Option<Written> {
    section.require(found, "target");
    let model = section.read(found, "model", text);
    let targets = list_of(found, section, "target", text);
    let targets: Box<[_]> = targets.into_iter().map(|(_, target)| target).collect();
    let model = model.map(|model| model.value);
    (!targets.is_empty()).then(|| of_phone(PhoneCondition::FirmwareNot { model, targets }))
}

/// P-values that no phone is expected to have right can not be wrong.
fn pvalue_drift(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    section: &Section<'_>,
) -> Option<Written> {
    let only = list_of(found, section, "params", pvalue);
    let except = listed(found, section, "except", pvalue);
    let expected = |key: &str| {
        let has = |place: &Place| place.expect.iter().any(|one| *one.pvalue == *key);
        known_labels
            .places()
            .is_none_or(|mut places| places.any(has))
    };
    let mut all_expected = true;
    for (spot, key) in only.iter().filter(|(_, key)| !expected(key)) {
        all_expected = false;
        let what = format!("{} is expected of no phone", quoted(key));
        let wrong = Wrong::new(what, "add it to `expect`, or remove it");
        found.fault(spot.clone(), wrong);
    }
    let only = only.into_iter().map(|(_, key)| key).collect();
    let except = except.into();
    all_expected.then(|| of_phone(PhoneCondition::PvalueDrift { only, except }))
}

/// A phone shows its clock to the minute.
fn more_than_a_minute(node: &Node) -> Result<Duration, Wrong> {
    let over = duration(node)?;
    if over > Duration::from_secs(60) {
        return Ok(over);
    }
    let what = "is not more than a minute, to which phones tell their time";
    Err(Wrong::new(what, "choose 2m or more"))
}

fn account(node: &Node) -> Result<u16, Wrong> {
    /// Far more than any phone of this vendor has.
    const MOST: u32 = 99;
    let number = node.number(1, MOST)?;
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}

fn line_state(found: &mut Findings, _: &KnownLabels<'_>, section: &Section<'_>) -> Option<Written> {
    // `other` has no code.
    let known = Coarse::ALL.map(|state| (state.label(), state));
    let known: Vec<_> = known
        .into_iter()
        .filter(|(_, state)| *state != Coarse::Other)
        .collect();
    let longer_than = section.read(found, "longer_than", duration);
    let state = required(found, section, "state", |node| word(node, &known))?;
    Some(Written {
        longer_than: longer_than.map_or(Duration::ZERO, |longer| longer.value),
        ..each(EachCondition::LineState { state })
    })
}

fn fraction(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    section: &Section<'_>,
    of: Counted,
) -> Option<Written> {
    // Both words say the same; `scope` reads better for phones, `by` for servers.
    let key = if section.has("scope") { "scope" } else { "by" };
    if section.has("scope") && section.has("by") {
        let wrong = Wrong::new("stands beside `scope`", "keep one of them");
        found.fault(section.spot_of("by"), wrong);
    }
    let by = required(found, section, key, |node| grouping(node, known_labels, of));
    let at_least = required(found, section, "at_least", |node| {
        let share = node.decimal()?;
        if share > 0.0 && share <= 1.0 {
            return Ok(share);
        }
        Err(Wrong::new(
            "is no share above 0, at most 1",
            "write one, as 0.5",
        ))
    });
    let min = section.read(found, "min", |node| node.number(1, 1_000_000));
    let fraction = Fraction {
        of,
        by: by?,
        at_least: at_least?,
        min: min.map_or(1, |min| min.value),
    };
    Some(at_once(Condition::Fraction(fraction)))
}

fn grouping(node: &Node, known_labels: &KnownLabels<'_>, of: Counted) -> Result<Grouping, Wrong> {
    match node.text()? {
        "fleet" => Ok(Grouping::Fleet),
        "server" | "sip_server" if of == Counted::Unregistered => Ok(Grouping::Server),
        "server" | "sip_server" => Err(Wrong::new(
            "phones have no SIP server of their own, accounts have",
            "use fraction_unregistered, or write fleet, site or another label of phones",
        )),
        label if label != "phone" && known_labels.has_label(label) => {
            Ok(Grouping::Label(label.into()))
        }
        label => {
            let what = format!("{} is no label that makes groups of phones", quoted(label));
            let known = known_labels
                .labels()
                .into_iter()
                .filter(|known| *known != "phone");
            let words = known.chain(["fleet", "sip_server"]);
            Err(Wrong::new(
                what,
                mend(label, words, "write fleet, site or another label"),
            ))
        }
    }
}
