//! Every way in which a phone of the family is known to behave: the truth after one poll, and at most
//! one refused login.

use grandstream_exporter::sim::behaviour::login::{
    LockedAnswer, LoginAnswer, RealmBody, Refusal, Separator,
};
use grandstream_exporter::sim::behaviour::reading::{
    DateOrder, Hours, LineAccount, LineActive, LineParty, LineState, RegStyle, TimeBody,
    UnknownValue, UptimeText,
};
use grandstream_exporter::sim::behaviour::session::{Denial, Given, PerUser};
use grandstream_exporter::sim::behaviour::transport::{Envelope, Framing, Keep, Numbers};
use grandstream_exporter::sim::behaviour::{NotFound, ValuesPath};
use grandstream_exporter::sim::{self, Behaviour, Endpoint};

use crate::harness::{Daemon, config_for, spec};

type Change = fn(&mut Behaviour);

/// One row a behaviour.
const BEHAVIOURS: &[(&str, Change)] = &[
    ("the guide's later editions", |_| {}),
    ("the guide of 2021: joined by dots", |b| {
        b.login.separator = Separator::Dot;
    }),
    ("either separator", |b| {
        b.login.separator = Separator::Either;
    }),
    ("realm with CR LF", |b| b.login.realm = RealmBody::PlainCrlf),
    ("realm in quotes", |b| b.login.realm = RealmBody::Quoted),
    ("realm as a JSON string", |b| {
        b.login.realm = RealmBody::JsonString;
    }),
    ("realm as body", |b| b.login.realm = RealmBody::JsonBody),
    ("realm as random", |b| b.login.realm = RealmBody::JsonRandom),
    ("realm as realm", |b| b.login.realm = RealmBody::JsonRealm),
    ("login answered with the sid as body", |b| {
        sid(b, LoginAnswer::JsonSidAsBody);
    }),
    ("login answered with body.sid", |b| {
        sid(b, LoginAnswer::JsonSidInBody);
    }),
    ("login answered with sid beside the body", |b| {
        sid(b, LoginAnswer::JsonSidBeside);
    }),
    ("login answered in res and msg", |b| {
        b.login.answer = LoginAnswer::ResMsg;
    }),
    ("login answered in lines", |b| {
        b.login.answer = LoginAnswer::Lines;
    }),
    ("login answered by a cookie alone", |b| {
        b.login.answer = LoginAnswer::Empty;
    }),
    ("default password still set", |b| {
        b.login.must_change_password = true;
        b.login.answer = LoginAnswer::Lines;
    }),
    ("refusals in lines", |b| {
        b.login.separator = Separator::Dot;
        b.login.refusal = Refusal::Lines;
    }),
    ("refusals in res and msg", |b| {
        b.login.separator = Separator::Dot;
        b.login.refusal = Refusal::ResMsg;
    }),
    ("refusals without a word", |b| {
        b.login.separator = Separator::Dot;
        b.login.refusal = Refusal::Empty;
    }),
    ("locked told in lines", |b| {
        b.lockout.answer = LockedAnswer::Lines;
    }),
    ("cookie in quotes", |b| b.session.cookie.quoted = true),
    ("cookie of the realm", |b| {
        b.session.cookie.given = Given::AtRealm;
    }),
    ("cookie long expired, of another domain", |b| {
        b.session.cookie.attributes =
            "Path=/cgi-bin; Domain=phone.example; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"
                .to_owned();
    }),
    ("three cookies", |b| {
        b.session.cookie.name = "session-identity".to_owned();
        b.session.cookie.companions = [
            ("session-role".to_owned(), "admin".to_owned()),
            ("lang".to_owned(), "en".to_owned()),
        ]
        .into();
    }),
    ("a cookie of 5 kB beside", |b| {
        b.session.cookie.ballast = 5_000;
    }),
    ("cookie renewed at each read", |b| {
        b.session.cookie.renewed = true;
    }),
    ("one session a user", |b| b.session.per_user = PerUser::One),
    ("referer required", |b| b.session.referer_required = true),
    ("values under the dotted path", |b| {
        b.paths.values = ValuesPath::Dot;
    }),
    ("unknown paths told in 200", |b| {
        b.paths.values = ValuesPath::Dot;
        b.paths.not_found = NotFound::CommandNotFound;
    }),
    ("JSON as text/html", |b| {
        b.text.json_type = "text/html".to_owned();
    }),
    ("JSON as text/plain with BOM", |b| {
        b.text.json_type = "text/plain".to_owned();
        b.text.bom = true;
    }),
    ("trailing commas", |b| b.text.trailing_commas = true),
    ("numbers quoted", |b| b.text.numbers = Numbers::Quoted),
    ("numbers bare", |b| b.text.numbers = Numbers::Bare),
    ("empty as null", |b| b.text.empty_as_null = true),
    ("capital envelope", |b| b.text.envelope = Envelope::Capital),
    ("res and msg everywhere", |b| {
        b.text.envelope = Envelope::ResMsg;
    }),
    ("reg as text", |b| b.readings.reg = RegStyle::Text),
    ("reg as boolean", |b| b.readings.reg = RegStyle::Bool),
    ("reg as words", |b| b.readings.reg = RegStyle::Words),
    ("blank accounts left out", |b| {
        b.readings.hides_blank_accounts = true;
    }),
    ("accounts with extras", |b| b.readings.account_extras = true),
    ("line states as numbers", |b| {
        b.readings.line_state = LineState::Number;
    }),
    ("line states as words", |b| {
        b.readings.line_state = LineState::Words;
        b.readings.line_party = LineParty::RemoteNameNumber;
        b.readings.line_account = LineAccount::Number;
        b.readings.line_active = LineActive::Zero;
    }),
    ("session expiring told", |b| {
        b.readings.session_expiring = true;
    }),
    ("coarse uptime", |b| b.readings.uptime = UptimeText::Coarse),
    ("uptime as Unix tells it", |b| {
        b.readings.uptime = UptimeText::Unix;
    }),
    ("time in an envelope", |b| {
        b.readings.time = TimeBody::Enveloped;
    }),
    ("day before month, 24 hours", |b| {
        b.readings.date = DateOrder::DayFirst;
        b.readings.hours = Hours::TwentyFour;
    }),
    ("unknown values missing", |b| {
        b.values.unknown = UnknownValue::Missing;
    }),
    ("no values without a login", |b| b.values.open.clear()),
    ("chunked", |b| b.connection.framing = Framing::Chunked),
    ("HTTP/1.0", |b| b.connection.framing = Framing::Http10),
    ("closed after each answer", |b| {
        b.connection.keep = Keep::Close;
    }),
    ("reset on the second request", |b| {
        b.connection.keep = Keep::ResetSecond;
    }),
];

fn sid(behaviour: &mut Behaviour, answer: LoginAnswer) {
    behaviour.login.answer = answer;
    behaviour.session.cookie.given = Given::Never;
}

#[tokio::test]
async fn every_known_behaviour_is_understood_with_at_most_one_refused_login() {
    let mut phones = Vec::new();
    for (_, change) in BEHAVIOURS {
        phones.push(start(*change).await);
    }
    check(
        &phones,
        BEHAVIOURS.iter().map(|(name, _)| (*name).to_owned()),
    )
    .await;
}

#[tokio::test]
async fn every_form_of_an_ended_session_is_cured_by_one_login() {
    let mut phones = Vec::new();
    for denial in Denial::ALL {
        let mut behaviour = Behaviour::default();
        behaviour.session.expired = denial;
        behaviour.session.expired_at.clear();
        phones.push(sim::Phone::start(spec(behaviour)).await);
    }
    let names = || {
        Denial::ALL
            .iter()
            .map(|denial| format!("expired as {denial:?}"))
    };
    let daemon = check(&phones, names()).await;
    for phone in &phones {
        phone.change(sim::State::end_sessions);
    }
    for (n, name) in names().enumerate() {
        let phone = format!("p{n}");
        let samples = daemon
            .wait(
                "grandstream_sessions_expired_total",
                &[("phone", &phone)],
                1.0,
            )
            .await;
        let up = samples.value("grandstream_up", &[("phone", &phone)]);
        assert_eq!(up, Some(1.0), "{name}");
        assert_eq!(phones[n].logins(), 2, "{name}");
        assert_eq!(phones[n].refusals(), 0, "{name}");
    }
}

#[tokio::test]
async fn an_endpoint_refused_to_a_good_session_is_forbidden_and_never_a_reason_to_log_in() {
    for denial in Denial::ALL {
        let mut behaviour = Behaviour::default();
        behaviour.session.forbidden = [(Endpoint::Lines, denial)].into();
        let phone = sim::Phone::start(spec(behaviour)).await;
        let daemon = Daemon::start(&config_for(&[&phone])).await;
        let samples = daemon
            .wait_for("five polls", |samples| {
                samples.value("grandstream_polls_total", &[]) >= Some(5.0)
            })
            .await;
        assert_eq!(phone.logins(), 1, "{denial:?}");
        assert_eq!(
            samples.value("grandstream_up", &[]),
            Some(1.0),
            "{denial:?}"
        );
        let reason = samples.label("grandstream_poll_error", &[], "reason");
        assert_eq!(reason.as_deref(), Some("forbidden"), "{denial:?}");
        let lines = [("endpoint", "lines")];
        assert_eq!(samples.value("grandstream_endpoint_up", &lines), Some(0.0));
        assert!(
            samples.all("grandstream_lines", &[]).is_empty(),
            "{denial:?}"
        );
    }
}

async fn start(change: Change) -> sim::Phone {
    let mut behaviour = Behaviour::default();
    change(&mut behaviour);
    sim::Phone::start(spec(behaviour)).await
}

/// Waits for the second poll of each phone, so that nothing learnt at the first is tried again.
async fn check(phones: &[sim::Phone], names: impl Iterator<Item = String>) -> Daemon {
    // Dozens of phones five times a second are more than a machine that does much else can poll.
    let config = config_for(&phones.iter().collect::<Vec<_>>()).replace("200ms", "2s");
    let daemon = Daemon::start(&config).await;
    for (n, name) in names.enumerate() {
        let phone = format!("p{n}");
        let this = [("phone", phone.as_str())];
        let samples = daemon
            .wait_for(&format!("two polls of {phone}, {name}"), |samples| {
                samples.value("grandstream_polls_total", &this) >= Some(2.0)
            })
            .await;
        let refused = phones[n].refusals();
        assert!(refused <= 1, "{name}: {refused} refused logins");
        assert_eq!(phones[n].logins(), 1, "{name}");
        let errors = samples.all("grandstream_poll_error", &this);
        assert!(errors.is_empty(), "{name}: {errors:?}");
        for (metric, labels, value) in [
            ("grandstream_up", vec![], 1.0),
            (
                "grandstream_account_registered",
                vec![("account", "1")],
                1.0,
            ),
            (
                "grandstream_account_registered",
                vec![("account", "2")],
                1.0,
            ),
            ("grandstream_lines", vec![("state", "idle")], 4.0),
            ("grandstream_line_state_code", vec![("line", "4")], 0.0),
            (
                "grandstream_phone_status",
                vec![("status", "available")],
                1.0,
            ),
            (
                "grandstream_phone_info",
                vec![("firmware", "1.0.3.30")],
                1.0,
            ),
            ("grandstream_reboots_total", vec![], 0.0),
        ] {
            let labels: Vec<_> = labels.into_iter().chain(this).collect();
            let found = samples.value(metric, &labels);
            assert_eq!(
                found,
                Some(value),
                "{name}: {metric}{labels:?} in\n{samples}"
            );
        }
        let accounts = samples.all("grandstream_account_registered", &this);
        assert_eq!(accounts.len(), 2, "{name}: blank slots are no accounts");
        let boot = samples.value("grandstream_boot_time_seconds", &this);
        assert!(boot.is_some_and(|boot| boot > 1e9), "{name}: {boot:?}");
    }
    daemon
}
