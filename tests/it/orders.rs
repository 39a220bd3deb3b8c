//! The alert side of the server over real sockets, in front of an alert task that the test plays: who
//! may give orders, in which form, and what is shown.

use std::process::Command as Process;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};

use grandstream_exporter::alert_engine::command::{
    Command, Event, NewEntry, NewEvent, NewSilence, OutboxEntry, Refusal, SilenceEnd,
};
use grandstream_exporter::alert_engine::snapshot::AlertSnapshot;
use grandstream_exporter::alerting_config::Settings;
use grandstream_exporter::alerts::board::Rules;
use grandstream_exporter::alerts::self_monitoring::Health;
use grandstream_exporter::alerts::silence::{Silence, is_selective};
use grandstream_exporter::config;
use grandstream_exporter::fleet::moment::later;
use grandstream_exporter::fleet::{Failure, Fleet, Moment, PollReport, Reason};
use grandstream_exporter::rules::condition::{Condition, PhoneCondition};
use grandstream_exporter::rules::rule::Rule;
use grandstream_exporter::web::{self, Limits, ServerConfig};

use crate::web::{LONG, Server, place, settings, two_phones};

impl Server {
    /// Has commands answered as the alert task does, from memory.
    pub(crate) fn with_alert_task(mut self) -> Self {
        let commands = std::mem::replace(&mut self.commands, mpsc::channel(1).1);
        self.tasks.spawn(play(commands, self.pictures.clone()));
        self
    }

    /// Lets in two users, of whom `anna` operates.
    pub(crate) fn with_users(self) -> Self {
        self.settings.send_replace(Arc::new(web::Settings {
            server_config: Arc::new(users()),
            ..settings()
        }));
        self
    }
}

/// Answers commands until nobody can ask any more.
async fn play(mut commands: mpsc::Receiver<Command>, pictures: watch::Sender<Arc<AlertSnapshot>>) {
    let mut letters = vec![letter(3, true), letter(4, false)];
    while let Some(command) = commands.recv().await {
        match command {
            Command::AddSilence { wanted, by, done } => {
                let silence = if is_selective(&wanted.matchers) {
                    Ok(made(wanted, by, &pictures))
                } else {
                    Err(Refusal::Everything)
                };
                done.send(silence).expect("the asker waits");
            }
            Command::ExpireSilence { id, done, .. } => {
                let mut picture = AlertSnapshot::clone(&pictures.borrow());
                let mut silences = picture.board.silences().to_vec();
                let found = silences.iter_mut().find(|silence| silence.id == id);
                let ended = match found {
                    None => Err(Refusal::Unknown("silence", i64::try_from(id).expect("few"))),
                    Some(silence) if silence.ends_at == silence.starts_at => Err(Refusal::Over(id)),
                    Some(silence) => {
                        silence.ends_at = silence.starts_at;
                        Ok(silence.clone())
                    }
                };
                picture.board.with_silences(silences);
                pictures.send_replace(Arc::new(picture));
                done.send(ended).expect("the asker waits");
            }
            Command::Events {
                phone, most, done, ..
            } => {
                let events = [event(2, "reception"), event(1, "café/2")];
                let wanted = events.into_iter().filter(|event| {
                    let phone = phone.as_deref();
                    phone.is_none_or(|phone| phone == &*event.event.phone)
                });
                let events = wanted.take(most as usize).collect();
                done.send(Ok(events)).expect("the asker waits");
            }
            Command::Queue { done } => done.send(Ok(letters.clone())).expect("the asker waits"),
            Command::Retry { id, done, .. } => {
                let found = letters
                    .iter_mut()
                    .find(|letter| letter.id == id && letter.dead);
                let outcome = found.map(|letter| letter.dead = false);
                let outcome = outcome.ok_or(Refusal::Unknown("dead letter", id));
                done.send(outcome).expect("the asker waits");
            }
            Command::Drop { id, done, .. } => {
                let before = letters.len();
                letters.retain(|letter| letter.id != id);
                let outcome = if letters.len() < before {
                    Ok(())
                } else {
                    Err(Refusal::Unknown("message", id))
                };
                done.send(outcome).expect("the asker waits");
            }
            Command::Reload { done, .. } => done.send(Ok(())).expect("the asker waits"),
        }
    }
}

fn made(wanted: NewSilence, by: Box<str>, pictures: &watch::Sender<Arc<AlertSnapshot>>) -> Silence {
    let mut picture = AlertSnapshot::clone(&pictures.borrow());
    let mut silences = picture.board.silences().to_vec();
    let starts_at = wanted.starts_at.unwrap_or_default();
    let ends_at = match wanted.ends {
        SilenceEnd::At(ends_at) => ends_at,
        SilenceEnd::After(duration) => later(starts_at, duration),
    };
    let silence = Silence {
        id: silences.len() as u64 + 1,
        matchers: wanted.matchers,
        starts_at,
        ends_at,
        updated_at: starts_at,
        created_by: by,
        comment: wanted.comment,
    };
    silences.push(silence.clone());
    picture.board.with_silences(silences);
    pictures.send_replace(Arc::new(picture));
    silence
}

fn letter(id: i64, dead: bool) -> OutboxEntry {
    OutboxEntry {
        id,
        new: NewEntry {
            receiver: "push".into(),
            group_key: "hq".into(),
            body: r#"{"reason":"new","firing":[],"over":[],"missed":0}"#.into(),
            due: jiff::Timestamp::UNIX_EPOCH,
        },
        recipients: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        attempts: 5,
        error: Some("<no>".into()),
        dead,
    }
}

fn event(id: i64, phone: &str) -> Event {
    Event {
        id,
        event: NewEvent {
            at: jiff::Timestamp::UNIX_EPOCH,
            phone: phone.into(),
            kind: "firmware_changed".into(),
            body: r#"{"kind":"firmware_changed","from":"1.0","to":"<3>"}"#.into(),
        },
    }
}

/// The password of the users.
pub(crate) const SESAME: &str = "sesame";

fn users() -> ServerConfig {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let hash = bcrypt::hash(SESAME, 4).expect("a hash");
    let users = format!("basic_auth_users: {{ anna: {hash}, bert: {hash} }}");
    write("web.yaml", &users);
    let text = "web_config_file: web.yaml\naccess: { operate: [anna] }\nlisten: ['127.0.0.1:0']";
    let path = write("config.yaml", text);
    let environment = config::Environment::default();
    let config = config::load(&path, &environment, config::Secrets::Read).expect("no faults");
    ServerConfig::of(&config, &ServerConfig::default()).expect("no TLS")
}

fn as_user(name: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{SESAME}")))
}

const SILENCE: &str =
    r#"{"matchers": ["phone=\"reception\""], "duration": "2h", "comment": "<b>paint</b>"}"#;
const FORM: &str = "matchers=phone%3Dreception&duration=2h&comment=%3Cb%3Epaint%3C%2Fb%3E";
const JSON: (&str, &str) = ("content-type", "application/json");
const URLENCODED: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("origin", "http://exporter:15060");

/// The name of whoever runs this, as the system has it.
fn login_name() -> String {
    let told = Process::new("id").arg("-un").output().expect("it runs");
    String::from_utf8(told.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned()
}

#[tokio::test]
async fn silences_are_made_listed_and_ended_over_the_control_socket() {
    let server = Server::start(two_phones(), Limits::default()).with_alert_task();
    let made = server
        .send_control(("POST", "/api/v1/silences"), SILENCE)
        .await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let made = made.json();
    assert_eq!(made["createdBy"], login_name());
    assert_eq!((&made["id"], &made["phones"]), (&"1".into(), &1.into()));
    assert_eq!(made["silenceID"], "1");
    assert_eq!(made["endsAt"], "1970-01-01T02:00:00Z");
    let all = server.get("/api/v1/silences").await.json();
    assert_eq!(all[0]["status"]["state"], "active");
    let matcher = serde_json::json!(
        { "name": "phone", "value": "reception", "isRegex": false, "isEqual": true }
    );
    assert_eq!(all[0]["matchers"], serde_json::json!([matcher]));

    let expire = ("DELETE", "/api/v1/silences/1");
    let ended = server.send_control(expire, "").await;
    assert_eq!(ended.json()["status"]["state"], "expired");
    let again = server.send_control(expire, "").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unknown = server
        .send_control(("DELETE", "/api/v1/silences/7"), "")
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let error = unknown.json()["error"].to_string();
    assert!(error.contains("no silence 7; list them"), "{error}");
}

#[tokio::test]
async fn over_the_network_only_operators_from_a_page_of_ours_change_anything() {
    let open = Server::start(two_phones(), Limits::default()).with_alert_task();
    let anyone = open
        .send(("POST", "/api/v1/silences"), &[JSON, OURS], SILENCE)
        .await;
    assert_eq!(anyone.status, StatusCode::FORBIDDEN);

    let server = Server::start(two_phones(), Limits::default())
        .with_alert_task()
        .with_users();
    let (anna, bert) = (as_user("anna"), as_user("bert"));
    let evil = ("origin", "http://evil");
    let orders = [
        (("POST", "/api/v1/silences"), JSON, SILENCE, 200),
        (("POST", "/alerts/silences"), URLENCODED, FORM, 303),
        (("POST", "/alerts/silences/1/expire"), URLENCODED, "", 303),
        (("DELETE", "/api/v1/silences/2"), JSON, "", 200),
        (("POST", "/api/v1/notifications/3/retry"), JSON, "", 200),
        (("DELETE", "/api/v1/notifications/3"), JSON, "", 200),
        (
            ("POST", "/alerts/notifications/4/drop"),
            URLENCODED,
            "",
            303,
        ),
    ];
    for (what, media, body, code) in orders {
        for (user, origin, expected) in [
            (&bert, OURS, 403),
            (&anna, evil, 403),
            (&anna, ("x-nothing", ""), 403),
            (&anna, OURS, code),
        ] {
            let headers = [("authorization", &**user), media, origin];
            let answer = server.send(what, &headers, body).await;
            let shown = answer.text();
            assert_eq!(
                answer.status.as_u16(),
                expected,
                "{what:?} {origin:?} {shown}"
            );
        }
        let stranger = server.send(what, &[media, OURS], body).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    }
    let read = [("authorization", &*bert)];
    let listed = server.ask("GET", "/api/v1/silences", &read).await.json();
    for silence in listed.as_array().expect("a list") {
        assert_eq!(silence["createdBy"], "anna");
        assert_eq!(silence["status"]["state"], "expired");
    }
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_form_leads_to_what_it_made_and_says_why_it_did_not() {
    let server = Server::start(two_phones(), Limits::default())
        .with_alert_task()
        .with_users();
    let anna = as_user("anna");
    let headers = [("authorization", &*anna), URLENCODED, OURS];
    let made = server
        .send(("POST", "/alerts/silences"), &headers, FORM)
        .await;
    assert_eq!(made.status, StatusCode::SEE_OTHER);
    assert_eq!(made.header("location"), "/alerts#silence-1");
    let user = [("authorization", &*anna)];
    let page = server.ask("GET", "/alerts", &user).await;
    for shown in [
        "&lt;b&gt;paint&lt;/b&gt;",
        "action=\"/alerts/silences/1/expire\"",
        "action=\"/alerts/notifications/3/retry\"",
        "&lt;no&gt;",
    ] {
        assert!(page.text().contains(shown), "{shown} in {}", page.text());
    }
    assert!(!page.text().contains("<b>paint"));
    let bert = as_user("bert");
    let reader = server
        .ask("GET", "/alerts", &[("authorization", &*bert)])
        .await;
    assert!(reader.text().contains("paint"));
    assert!(!reader.text().contains("method=\"post\""));

    let wrong = FORM.replace("2h", "soon");
    let refused = server
        .send(("POST", "/alerts/silences"), &headers, &wrong)
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
    assert!(refused.text().contains("`soon` is not a length of time"));
}

#[tokio::test]
async fn bodies_are_bounded_in_kind_size_and_time() {
    let limits = Limits {
        body_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::start(two_phones(), limits).with_alert_task();
    let path = "/api/v1/silences";
    let large = " ".repeat(100_000);
    let announced = server.send_control(("POST", path), &large).await;
    assert_eq!(announced.status, StatusCode::PAYLOAD_TOO_LARGE);

    let head = "POST /api/v1/silences HTTP/1.1\r\nhost: a\r\n";
    let json = "content-type: application/json\r\n";
    let chunk = format!("ffff\r\n{}\r\n", " ".repeat(0xffff));
    for (rest, expected) in [
        ("content-length: 2\r\n\r\n{}".to_owned(), "415"),
        (format!("{json}content-length: 90\r\n\r\n{{"), "408"),
        (
            format!("{json}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}"),
            "413",
        ),
        (format!("{json}content-length: 2\r\n\r\n{{}}"), "422"),
    ] {
        let stream = UnixStream::connect(&server.control).await;
        let mut stream = stream.expect("the server listens");
        let request = format!("{head}connection: close\r\n{rest}");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = [0; 12];
        let read = tokio::time::timeout(LONG, stream.read_exact(&mut answer)).await;
        read.expect("an answer in time").expect("an answer");
        assert_eq!(
            answer,
            *format!("HTTP/1.1 {expected}").as_bytes(),
            "{rest:.60}"
        );
    }
}

#[tokio::test]
async fn only_the_methods_of_a_path_are_answered() {
    let server = Server::start(two_phones(), Limits::default()).with_alert_task();
    for (method, path, allow) in [
        ("PUT", "/api/v1/silences", "GET, HEAD, POST"),
        ("GET", "/api/v1/silences/1", "DELETE"),
        ("POST", "/api/v1/alerts", "GET, HEAD"),
        ("GET", "/api/v1/notifications/3", "DELETE"),
        ("DELETE", "/api/v1/notifications/3/retry", "POST"),
        ("GET", "/alerts/silences", "POST"),
        ("POST", "/alerts", "GET, HEAD"),
    ] {
        let answer = server.ask(method, path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    let page = server.get("/metrics").await;
    for counted in [
        "{handler=\"api\",code=\"405\"} 5\n",
        "{handler=\"alerts\",code=\"405\"} 2\n",
    ] {
        assert!(page.text().contains(counted), "{counted}");
    }
}

#[tokio::test]
async fn events_and_messages_are_asked_of_the_alert_task() {
    let server = Server::start(two_phones(), Limits::default()).with_alert_task();
    let all = server.get("/api/v1/events").await.json();
    assert_eq!(all["events"].as_array().map(Vec::len), Some(2));
    let one = server
        .get("/api/v1/events?phone=caf%C3%A9/2&since=1h")
        .await
        .json();
    assert_eq!(one["events"][0]["detail"]["to"], "<3>");
    assert_eq!(one["events"].as_array().map(Vec::len), Some(1));
    let unclear = server.get("/api/v1/events?since=yesterday").await;
    assert_eq!(unclear.status, StatusCode::BAD_REQUEST);
    assert!(unclear.text().contains("`since=yesterday`"));
    let page = server.get("/phones/reception").await;
    assert!(
        page.text().contains("firmware 1.0 became &lt;3&gt;"),
        "{}",
        page.text()
    );

    let waiting = server.get("/api/v1/notifications").await.json();
    assert_eq!(waiting["notifications"][0]["state"], "dead");
    let retry = ("POST", "/api/v1/notifications/3/retry");
    assert_eq!(server.send_control(retry, "").await.status, StatusCode::OK);
    let again = server.send_control(retry, "").await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let drop = ("DELETE", "/api/v1/notifications/3");
    assert_eq!(server.send_control(drop, "").await.status, StatusCode::OK);
    let left = server.get("/api/v1/notifications").await.json();
    assert_eq!(left["notifications"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_busy_alert_task_is_said_to_be_busy_and_pages_do_without_it() {
    let mut server = Server::start(two_phones(), Limits::default());
    let (done, _answer) = tokio::sync::oneshot::channel();
    let waiting = Command::Queue { done };
    server
        .command_sender
        .try_send(waiting)
        .expect("room for one");
    let busy = async |server: &Server| {
        for path in ["/api/v1/events", "/api/v1/notifications"] {
            let refused = server.get(path).await;
            assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        let refused = server
            .send_control(("POST", "/api/v1/silences"), SILENCE)
            .await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        for path in ["/alerts", "/runbooks", "/phones/reception", "/config", "/"] {
            let page = server.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
        }
        for path in ["/api/v1/alerts", "/api/v1/rules", "/api/v1/silences"] {
            assert_eq!(server.get(path).await.status, StatusCode::OK, "{path}");
        }
    };
    busy(&server).await;
    server.commands.close();
    busy(&server).await;
}

/// A picture in which every phone is down.
pub(crate) fn all_down(fleet: &Fleet, now: Moment) -> AlertSnapshot {
    let down = Condition::Phone(PhoneCondition::Unreachable);
    let rule = Rule {
        min_polls: 1,
        ..Rule::new("Down", down)
    };
    let settings = Settings {
        enabled: true,
        rules: Arc::new(Rules::new([rule])),
        ..Settings::default()
    };
    let mut picture = AlertSnapshot::new(Arc::new(settings));
    let _told = picture.board.after_tick(fleet, &Health::default(), now);
    picture
}

#[tokio::test]
async fn thousands_of_alerts_are_listed_for_programs_and_a_part_at_a_time_for_people() {
    let places: Vec<_> = (0..3000).map(|n| place(&format!("<phone {n}>"))).collect();
    let clock = grandstream_exporter::clock::Clock::manual(jiff::Timestamp::UNIX_EPOCH);
    let mut fleet = Fleet::new(places.iter().map(Arc::clone));
    for place in &places {
        let mut report = PollReport::new(clock.now());
        report.failure = Some(Failure::new(Reason::Timeout, "no answer"));
        fleet = fleet.with_report(&place.name, report);
    }
    let picture = all_down(&fleet, clock.now());
    let server = Server::start(fleet, Limits::default());
    server.pictures.send_replace(Arc::new(picture));
    let listed = server.get("/api/v1/alerts").await.json();
    let alerts = listed["data"]["alerts"].as_array().expect("a list");
    assert_eq!(alerts.len(), 3000);
    assert_eq!(alerts[0]["labels"]["phone"], "<phone 0>");
    let rules = server.get("/api/v1/rules").await.json();
    let rule = &rules["data"]["groups"][0]["rules"][0];
    assert_eq!(rule["alerts"].as_array().map(Vec::len), Some(3000));
    assert_eq!(rule["state"], "firing");

    let page = server.get("/alerts").await;
    assert_eq!(page.text().matches("<tr><td data-name").count(), 200);
    assert!(page.text().contains("Page 1 of 15"));
    assert!(!page.text().contains("<phone"));
    let one = server.get("/alerts?q=phone+2999").await;
    assert_eq!(one.text().matches("<tr><td data-name").count(), 1);
}
