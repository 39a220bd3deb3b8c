//! `/api/v1/phones`: everything that is known of a phone, as JSON.
//!
//! Names of fields are a contract: they may be added to, never renamed. What is not known, or too
//! old to be true, is `null`. Times are RFC 3339 in universal time, durations are seconds.

use std::sync::Arc;

use jiff::{Timestamp, Unit};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::fleet::expect;
use crate::fleet::failure::{Endpoint, Failure};
use crate::fleet::guard::HeldBecause;
use crate::fleet::phone::PollSummary;
use crate::fleet::reading::{Account, Coarse, Line, Lines, PhoneStatus, Registration, Values};
use crate::fleet::{Fleet, Moment, Phone, Text};

use super::humanize::web_page;
use super::json_list::JsonList;
use super::phone_health::{PhoneHealth, failures, held, read_at};
use super::settings::Settings;
use super::streaming::ChunkSource;

/// One phone.
#[derive(Serialize)]
struct PhoneJson<'a> {
    name: &'a str,
    site: Option<&'a str>,
    labels: Object<'a, &'a str>,
    address: &'a str,
    /// Of the phone's own web page.
    url: String,
    portable: bool,
    /// `up`, `trouble`, `down`, `away` or `waiting`.
    health: &'static str,
    up: bool,
    reachable: bool,
    /// What is wrong now.
    failures: Vec<FailureJson<'a>>,
    login: LoginJson,
    vendor: Option<&'a str>,
    model: Option<&'a str>,
    firmware: Option<&'a str>,
    hardware: Option<&'a str>,
    /// Only with `metrics.mac_address`.
    mac: Option<&'a str>,
    status: Option<&'static str>,
    accounts: Option<Vec<AccountJson<'a>>>,
    lines: Option<LinesJson>,
    boot_time: Option<Timestamp>,
    clock_offset_seconds: Option<i64>,
    /// The P-values that the configuration publishes.
    values: Option<Vec<ValueJson<'a>>>,
    /// Whether P-values are as the configuration expects; tells neither.
    expectations: Option<Vec<ExpectationJson<'a>>>,
    certificate_expiry: Option<Timestamp>,
    endpoints: Object<'static, EndpointJson>,
    last_success: Option<Timestamp>,
    totals: TotalsJson,
    /// Newest first.
    recent_polls: Vec<PollJson<'a>>,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    /// `null` for the poll as a whole.
    endpoint: Option<&'static str>,
    reason: &'static str,
    detail: &'a str,
    mend: &'static str,
}

#[derive(Serialize)]
struct LoginJson {
    /// Authenticator are held back until then.
    held_until: Option<Timestamp>,
    /// `refused`, `locked` or `unclear`.
    held_because: Option<HeldBecause>,
    /// Which of the configured passwords opened the session, from 1.
    candidate: Option<u8>,
}

#[derive(Serialize)]
struct AccountJson<'a> {
    account: u16,
    server: &'a str,
    /// Only with `metrics.sip_user`.
    user: Option<&'a str>,
    registered: bool,
    /// `registered`, `registering` or `unregistered`.
    registration: &'static str,
}

#[derive(Serialize)]
struct LinesJson {
    /// How many lines are in which state.
    counts: Object<'static, u8>,
    /// Each line; empty unless `metrics.lines` is `per_line`.
    each: Vec<LineJson>,
}

#[derive(Serialize)]
struct LineJson {
    line: u16,
    state: &'static str,
    code: Option<i8>,
}

#[derive(Serialize)]
struct ValueJson<'a> {
    pvalue: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct ExpectationJson<'a> {
    pvalue: &'a str,
    matches: bool,
}

#[derive(Serialize)]
struct EndpointJson {
    /// Its last read was understood.
    understood: bool,
    /// When its last good reading was made.
    read_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct TotalsJson {
    polls: u64,
    poll_failures: u64,
    logins: u64,
    login_failures: u64,
    sessions_expired: u64,
    reboots: u64,
}

#[derive(Serialize)]
struct PollJson<'a> {
    began: Timestamp,
    took_seconds: f64,
    up: bool,
    failures: Vec<FailureJson<'a>>,
}

/// Pairs as a JSON object.
pub(super) struct Object<'a, T>(pub(super) Vec<(&'a str, T)>);

/// All phones.
pub(super) fn phones(
    fleet: &Fleet,
    now: Moment,
    settings: Arc<Settings>,
) -> impl ChunkSource + use<> {
    JsonList {
        open: "{\"phones\":[",
        close: "]}",
        items: fleet.phones().map(Arc::clone).collect(),
        item: move |phone: &Arc<Phone>, out: &mut Vec<u8>| {
            let json = phone_json(phone, now, &settings);
            serde_json::to_writer(out, &json).expect(ALWAYS_JSON);
        },
    }
}

/// One phone.
pub(super) fn phone(phone: &Phone, now: Moment, settings: &Settings) -> String {
    serde_json::to_string(&phone_json(phone, now, settings)).expect(ALWAYS_JSON)
}

pub(super) const ALWAYS_JSON: &str = "strings under string keys are always JSON";

fn phone_json<'a>(phone: &'a Phone, now: Moment, settings: &'a Settings) -> PhoneJson<'a> {
    let place = &*phone.place;
    let values = phone.values(now);
    let held = held(phone, now);
    let of = |value: fn(&Values) -> Option<&Text>| values.and_then(value).map(Text::as_str);
    let labels = place.labels.iter().map(|(name, value)| (&**name, &**value));
    PhoneJson {
        name: &place.name,
        site: place.site.as_deref(),
        labels: Object(labels.collect()),
        address: &place.address,
        url: web_page(place),
        portable: place.portable,
        health: PhoneHealth::of(phone, now).label(),
        up: phone.is_up(now),
        reachable: phone.is_reachable(now),
        failures: failures(phone).map(failure_json).collect(),
        login: LoginJson {
            held_until: held.map(|held| whole_millis(held.until)),
            held_because: held.map(|held| held.because),
            candidate: phone.candidate,
        },
        vendor: of(Values::vendor),
        model: of(Values::model),
        firmware: of(Values::firmware),
        hardware: of(Values::hardware),
        mac: of(Values::mac).filter(|_| settings.metrics.mac_address),
        status: phone.status(now).map(PhoneStatus::label),
        accounts: phone
            .accounts(now)
            .map(|all| all.iter().map(account_json).collect()),
        lines: phone.lines(now).map(lines_json),
        boot_time: phone.booted_at(now).map(whole_millis),
        clock_offset_seconds: phone.clock_offset(now).map(|offset| offset.as_secs()),
        values: values.map(|values| values_json(values, settings)),
        expectations: values.map(|values| expectations_json(phone, values)),
        certificate_expiry: phone.certificate_expiry,
        endpoints: endpoints_json(phone),
        last_success: phone.last_success.map(|at| whole_millis(at.wall)),
        totals: totals_json(phone),
        recent_polls: phone.recent.iter().map(poll_json).collect(),
    }
}

fn failure_json((endpoint, failure): (Option<Endpoint>, &Failure)) -> FailureJson<'_> {
    FailureJson {
        endpoint: endpoint.map(Endpoint::label),
        reason: failure.reason.label(),
        detail: &failure.detail,
        mend: failure.reason.mend(),
    }
}

fn account_json(account: &Account) -> AccountJson<'_> {
    AccountJson {
        account: account.id,
        server: account.server.as_str(),
        user: account.user.as_ref().map(Text::as_str),
        registered: account.registration == Registration::Registered,
        registration: account.registration.label(),
    }
}

fn lines_json(lines: &Lines) -> LinesJson {
    let count = |state: Coarse| (state.label(), lines.count(state));
    let line = |line: &Line| LineJson {
        line: line.number,
        state: line.state.coarse().label(),
        code: line.state.code(),
    };
    LinesJson {
        counts: Object(Coarse::ALL.into_iter().map(count).collect()),
        each: lines.each.iter().map(line).collect(),
    }
}

fn values_json<'a>(values: &'a Values, settings: &'a Settings) -> Vec<ValueJson<'a>> {
    let published = settings.values.iter();
    let json = published.filter_map(|published| {
        Some(ValueJson {
            pvalue: &published.pvalue,
            value: values.get(&published.pvalue)?.as_str(),
        })
    });
    json.collect()
}

fn expectations_json<'a>(phone: &'a Phone, values: &Values) -> Vec<ExpectationJson<'a>> {
    let matches = expect::matches(&phone.place.expect, values).into_iter();
    let json = matches.map(|(pvalue, matches)| ExpectationJson { pvalue, matches });
    json.collect()
}

fn endpoints_json(phone: &Phone) -> Object<'static, EndpointJson> {
    let json = Endpoint::ALL.into_iter().map(|endpoint| {
        let read_at = read_at(phone, endpoint).map(|at| whole_millis(at.wall));
        let understood = phone.understood(endpoint);
        (
            endpoint.label(),
            EndpointJson {
                understood,
                read_at,
            },
        )
    });
    Object(json.collect())
}

fn totals_json(phone: &Phone) -> TotalsJson {
    TotalsJson {
        polls: phone.tally.polls,
        poll_failures: phone.tally.poll_failures,
        logins: phone.tally.logins,
        login_failures: phone.tally.login_failures,
        sessions_expired: phone.tally.sessions_expired,
        reboots: phone.tally.reboots,
    }
}

fn poll_json(poll: &PollSummary) -> PollJson<'_> {
    let failures = poll.failures.iter();
    PollJson {
        began: whole_millis(poll.began.wall),
        took_seconds: poll.took.as_secs_f64(),
        up: poll.up,
        failures: failures
            .map(|(endpoint, failure)| failure_json((*endpoint, failure)))
            .collect(),
    }
}

/// Nanoseconds say nothing to anybody here.
pub(super) fn whole_millis(at: Timestamp) -> Timestamp {
    at.round(Unit::Millisecond).unwrap_or(at)
}

impl<T: Serialize> Serialize for Object<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture;

    fn pretty(name: &str) -> String {
        let fleet = fixture::fleet();
        let known = fleet.phone(name).expect("it is listed");
        let json = phone(known, fixture::now(), &fixture::settings());
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        serde_json::to_string_pretty(&json).expect("JSON")
    }

    #[test]
    fn a_phone_that_tells_all() {
        insta::assert_snapshot!("reception", pretty("reception"));
    }

    #[test]
    fn a_phone_that_refuses_us() {
        insta::assert_snapshot!("refused", pretty(fixture::HOSTILE_NAME));
    }

    #[test]
    fn what_is_opt_in_stays_hidden() {
        let fleet = fixture::fleet();
        let reception = fleet.phone("reception").expect("it is listed");
        let settings = Settings {
            metrics: crate::config::Metrics::default(),
            values: Arc::default(),
            ..fixture::settings()
        };
        let json = phone(reception, fixture::now(), &settings);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert!(json["mac"].is_null());
        assert_eq!(json["values"].as_array().map(Vec::len), Some(0));
    }
}
