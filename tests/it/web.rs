//! The HTTP server over real sockets, in front of a made-up fleet.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use grandstream_exporter::alert_engine::command::Command;
use grandstream_exporter::alert_engine::snapshot::AlertSnapshot;
use grandstream_exporter::alerting_config;
use grandstream_exporter::clock::Clock;
use grandstream_exporter::config;
use grandstream_exporter::fleet::command::{PollNow, Reload, ReloadStatus};
use grandstream_exporter::fleet::place::Scheme;
use grandstream_exporter::fleet::report::Outcome;
use grandstream_exporter::fleet::{Failure, Fleet, Place, PollReport, Reason};
use grandstream_exporter::telemetry;
use grandstream_exporter::web::{
    Inputs, Limits, Listeners, RequestMetrics, ServerConfig, Settings, bind, serve,
};

/// Longer than anything here takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A running server and the other ends of its channels.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) control: PathBuf,
    clock: Clock,
    pub(crate) fleet: watch::Sender<Arc<Fleet>>,
    pub(crate) polls: mpsc::Receiver<PollNow>,
    reloads: mpsc::Receiver<Reload>,
    stop: CancellationToken,
    pub(crate) tasks: JoinSet<()>,
    pub(crate) settings: watch::Sender<Arc<Settings>>,
    pub(crate) pictures: watch::Sender<Arc<AlertSnapshot>>,
    pub(crate) commands: mpsc::Receiver<Command>,
    /// Another way in to the alert task, to keep it busy.
    pub(crate) command_sender: mpsc::Sender<Command>,
    _directory: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Server {
    pub(crate) fn start(fleet: Fleet, limits: Limits) -> Self {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let directory = tempfile::tempdir().expect("a directory");
        let control = directory.path().join("control.sock");
        let network = bind(&[([127, 0, 0, 1], 0).into()]).expect("a free port");
        let address = network[0].local_addr().expect("an address");
        let listeners = Listeners {
            network,
            control: Some(UnixListener::bind(&control).expect("a socket")),
        };
        let (fleet, fleets) = watch::channel(Arc::new(fleet));
        let (settings, all_settings) = watch::channel(Arc::new(settings()));
        let (poll_sender, polls) = mpsc::channel(1);
        let (reload_sender, reloads) = mpsc::channel(1);
        let picture = Arc::new(AlertSnapshot::new(Arc::default()));
        let (pictures, alerts) = watch::channel(picture);
        let (command_sender, commands) = mpsc::channel(1);
        let mut registry = telemetry::registry();
        let inputs = Inputs {
            fleet: fleets,
            settings: all_settings,
            clock: clock.clone(),
            polls: poll_sender,
            reloads: reload_sender,
            alerts,
            commands: command_sender.clone(),
            ledger_fault: None,
            requests: RequestMetrics::register(&mut registry),
            registry: Arc::new(registry),
            started: clock.now(),
        };
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listeners, inputs, limits, stop.clone()));
        Self {
            address,
            control,
            clock,
            fleet,
            polls,
            reloads,
            pictures,
            commands,
            command_sender,
            stop,
            tasks,
            settings,
            _directory: directory,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let connected = TcpStream::connect(self.address).await;
        connected.expect("the server listens")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.connect().await, method, path, headers).await
    }

    pub(crate) async fn ask_control(&self, method: &str, path: &str) -> Answer {
        let stream = UnixStream::connect(&self.control).await;
        ask(stream.expect("the server listens"), method, path, &[]).await
    }

    /// Sends a request with a body over the network.
    pub(crate) async fn send(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        exchange(self.connect().await, (method, path), headers, body).await
    }

    /// Sends a request with a body over the control socket.
    pub(crate) async fn send_control(&self, what: (&str, &str), body: &str) -> Answer {
        let stream = UnixStream::connect(&self.control).await;
        let headers = [("content-type", "application/json")];
        exchange(stream.expect("the server listens"), what, &headers, body).await
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        metrics: config::Metrics::default(),
        values: Arc::default(),
        summary: Arc::default(),
        server_config: Arc::default(),
        reload: ReloadStatus {
            successful: true,
            last_success: Clock::real().now(),
        },
        loss: None,
        ready_after: Duration::from_secs(45),
    }
}

pub(crate) fn place(name: &str) -> Arc<Place> {
    Arc::new(Place {
        name: name.into(),
        address: "192.0.2.1".into(),
        scheme: Scheme::Http,
        tls_verified: None,
        mac: None,
        site: Some("hq".into()),
        labels: Box::default(),
        portable: false,
        time_zone: None,
        expect: Box::default(),
        interval: Duration::from_secs(30),
        values_interval: Duration::from_secs(600),
        stale_after: Duration::from_secs(90),
        values_stale_after: Duration::from_secs(1800),
    })
}

/// Two phones, never polled.
pub(crate) fn two_phones() -> Fleet {
    Fleet::new([place("reception"), place("café/2")])
}

fn good_poll(clock: &Clock) -> PollReport {
    let mut report = PollReport::new(clock.now());
    report.reached = true;
    report.session = true;
    report.parts.accounts = Outcome::Read {
        at: clock.now(),
        value: Box::default(),
    };
    report
}

/// Sends one request on a fresh connection and reads the whole answer.
async fn ask<S>(stream: S, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    exchange(stream, (method, path), headers, "").await
}

async fn exchange<S>(
    stream: S,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("a connection");
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "exporter:15060");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        let request = request.body(body).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.expect("a whole body").to_bytes(),
        }
    };
    tokio::time::timeout(LONG, exchange)
        .await
        .unwrap_or_else(|_| panic!("{method} {path} was not answered"))
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Waits until `condition` holds.
async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, wait).await;
    waited.unwrap_or_else(|_| panic!("{what} did not happen"));
}

#[tokio::test]
async fn metrics_come_in_the_format_that_was_asked_for() {
    let server = Server::start(two_phones(), Limits::default());
    for (accept, media, end) in [
        ("", "text/plain; version=0.0.4; charset=utf-8", "\n"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "\n# EOF\n",
        ),
        (
            "application/openmetrics-text;q=0.1,text/plain;q=0.5",
            "text/plain; version=0.0.4; charset=utf-8",
            "\n",
        ),
    ] {
        let answer = server.ask("GET", "/metrics", &[("accept", accept)]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), media);
        assert_eq!(answer.header("vary"), "accept, accept-encoding");
        assert!(answer.text().ends_with(end), "{accept}");
        assert!(answer.text().contains("\ngrandstream_exporter_phones 2\n"));
    }
}

#[tokio::test]
async fn a_long_page_survives_compression() {
    let places: Vec<_> = (0..2000).map(|n| place(&format!("phone {n}"))).collect();
    let server = Server::start(Fleet::new(places), Limits::default());
    for path in ["/api/v1/phones", "/sd", "/metrics?phone=phone+7"] {
        let plain = server.get(path).await;
        let packed = server
            .ask("GET", path, &[("accept-encoding", "gzip")])
            .await;
        assert_eq!(plain.header("content-encoding"), "");
        assert_eq!(packed.header("content-encoding"), "gzip");
        let mut unpacked = String::new();
        // A single member: a decoder of one reads all of it.
        flate2::bufread::GzDecoder::new(&*packed.body)
            .read_to_string(&mut unpacked)
            .expect("gzip");
        let of_phones = |text: &str| {
            let lines = text.lines().filter(|line| line.contains("phone 7"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(!of_phones(plain.text()).is_empty(), "{path}");
        assert_eq!(of_phones(plain.text()), of_phones(&unpacked), "{path}");
    }
}

#[tokio::test]
async fn metrics_can_be_limited_to_phones() {
    let server = Server::start(two_phones(), Limits::default());
    // Named twice, written differently: shown once.
    let twice = "/metrics?phone=caf%C3%A9/2&phone=caf%C3%A9%2F2";
    let answer = server.get(twice).await;
    let shown = "grandstream_up{phone=\"café/2\",site=\"hq\"} 0\n";
    assert!(answer.text().contains(shown), "{}", answer.text());
    assert!(!answer.text().contains("phone=\"reception\""));
    assert_eq!(answer.text().matches("grandstream_up{").count(), 1);
    let answer = server.get("/metrics?phone=reception&phone=nobody").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text().contains("`nobody`"), "{}", answer.text());
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let server = Server::start(two_phones(), Limits::default());
    for path in ["/", "/metrics", "/sd", "/-/healthy", "/phones/reception"] {
        let got = server.get(path).await;
        let head = server.ask("HEAD", path, &[]).await;
        assert_eq!(head.status, StatusCode::OK, "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"));
        assert!(head.body.is_empty(), "{path}");
        assert!(!got.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_say_what_there_is() {
    let server = Server::start(two_phones(), Limits::default());
    for path in ["/nothing", "/favicon.ico", "/metrics/", "/api/v2/phones"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().contains("/metrics"), "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/metrics", "GET, HEAD"),
        ("DELETE", "/api/v1/phones/reception", "GET, HEAD"),
        ("OPTIONS", "/", "GET, HEAD"),
        ("GET", "/-/reload", "POST"),
    ] {
        let answer = server.ask(method, path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    let page = server.get("/metrics").await;
    for counted in [
        "{handler=\"other\",code=\"404\"} 4\n",
        "{handler=\"reload\",code=\"405\"} 1\n",
    ] {
        assert!(page.text().contains(counted), "{counted}");
    }
}

#[tokio::test]
async fn pages_show_phones_and_let_nothing_in() {
    let server = Server::start(two_phones(), Limits::default());
    for (path, expected) in [
        ("/", "0 of 2 phones up"),
        ("/phones/caf%C3%A9%2F2", "<h1>café/2"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text().contains(expected), "{path}");
        let security = answer.header("content-security-policy");
        assert!(security.starts_with("default-src 'none';"), "{security}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let style = server.get("/style.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    let answer = server.get("/phones/nobody").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn json_tells_all_phones_and_one() {
    let server = Server::start(two_phones(), Limits::default());
    let all = server.get("/api/v1/phones").await;
    assert_eq!(all.header("content-type"), "application/json");
    let all = all.json();
    let phones = all["phones"].as_array().expect("a list");
    let names: Vec<_> = phones.iter().map(|phone| &phone["name"]).collect();
    assert_eq!(names, ["reception", "café/2"]);
    let one = server.get("/api/v1/phones/caf%C3%A9%2F2").await;
    assert_eq!(one.json(), all["phones"][1]);
    let none = server.get("/api/v1/phones/nobody").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(none.json()["error"].is_string());
}

#[tokio::test]
async fn service_discovery_names_the_exporter_as_it_was_asked() {
    let server = Server::start(two_phones(), Limits::default());
    let answer = server
        .ask("GET", "/sd", &[("host", "phones.example:15060")])
        .await;
    assert_eq!(answer.header("content-type"), "application/json");
    let targets = answer.json();
    assert_eq!(targets.as_array().map(Vec::len), Some(2));
    assert_eq!(
        targets[1],
        serde_json::json!({
            "targets": ["phones.example:15060"],
            "labels": {
                "__metrics_path__": "/probe",
                "__param_target": "café/2",
                "__meta_grandstream_phone": "café/2",
                "__meta_grandstream_site": "hq",
            },
        })
    );
}

#[tokio::test]
async fn a_probe_has_the_phone_polled_and_shows_the_outcome() {
    let mut server = Server::start(two_phones(), Limits::default());
    let poller = async {
        let asked = server.polls.recv().await.expect("a poll is asked for");
        assert_eq!(&*asked.phone, "reception");
        let fleet = server.fleet.borrow().clone();
        let fleet = fleet.with_report("reception", good_poll(&server.clock));
        server.fleet.send_replace(Arc::new(fleet));
        asked.done.send(()).expect("the probe waits");
    };
    let stream = TcpStream::connect(server.address)
        .await
        .expect("a connection");
    let probe = ask(stream, "GET", "/probe?target=reception", &[]);
    let (answer, ()) = tokio::join!(probe, poller);
    assert_eq!(answer.status, StatusCode::OK);
    let up = "grandstream_up{phone=\"reception\",site=\"hq\"} 1\n";
    assert!(answer.text().contains(up), "{}", answer.text());
    for foreign in ["café", "grandstream_exporter_", "process_"] {
        assert!(!answer.text().contains(foreign), "{foreign}");
    }

    server.clock.advance(Duration::from_secs(15));
    let again = server.get("/probe?target=reception").await;
    assert!(again.text().contains(up));
    let asked = server.polls.try_recv();
    assert!(asked.is_err(), "half an interval is no age: {asked:?}");
}

#[tokio::test]
async fn a_probe_is_answered_in_time_whatever_the_phone_does() {
    let mut failed = PollReport::new(Clock::manual(jiff::Timestamp::UNIX_EPOCH).now());
    failed.failure = Some(Failure::new(Reason::Timeout, "no answer"));
    let fleet = two_phones().with_report("reception", failed);
    let server = Server::start(fleet, Limits::default());
    server.clock.advance(Duration::from_secs(60));
    let down = "grandstream_up{phone=\"reception\",site=\"hq\"} 0\n";
    // Nobody takes the requests to poll: the first waits its time out, the second finds the
    // channel full.
    let impatient = [("x-prometheus-scrape-timeout-seconds", "0.05")];
    for _ in 0..2 {
        let answer = server
            .ask("GET", "/probe?target=reception", &impatient)
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text().contains(down), "{}", answer.text());
        assert!(answer.text().contains("reason=\"timeout\"} 1\n"));
    }
    let unknown = server.get("/probe?target=192.0.2.1").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let nameless = server.get("/probe").await;
    assert_eq!(nameless.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn alerts_that_are_not_evaluated_for_long_are_unhealthy_and_other_trouble_is_not() {
    let server = Server::start(two_phones(), Limits::default());
    let judging = alerting_config::Settings {
        enabled: true,
        evaluation_interval: Duration::from_secs(120),
        ..alerting_config::Settings::default()
    };
    let mut picture = AlertSnapshot::new(Arc::new(judging));
    picture.evaluated = Some(server.clock.now());
    picture.keeping.fault = Some("the disk is full".into());
    server.pictures.send_replace(Arc::new(picture));
    let expect = [
        (8 * 60, StatusCode::OK),
        (1, StatusCode::SERVICE_UNAVAILABLE),
    ];
    for (seconds, expected) in expect {
        server.clock.advance(Duration::from_secs(seconds));
        let health = server.get("/-/healthy").await;
        assert_eq!(health.status, expected, "{health:?}");
        let text = health.text();
        assert!(text.contains("degraded: the state of alerts"), "{text}");
        let stalled = text.contains("alerts have not been evaluated for 8 min");
        assert_eq!(stalled, expected != StatusCode::OK, "{text}");
    }
}

#[tokio::test]
async fn ready_comes_after_healthy() {
    let server = Server::start(two_phones(), Limits::default());
    assert_eq!(server.get("/-/healthy").await.status, StatusCode::OK);
    let waiting = server.get("/-/ready").await;
    assert_eq!(waiting.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(waiting.text(), "2 of 2 phones were not tried yet\n");
    server.clock.advance(Duration::from_secs(45));
    assert_eq!(server.get("/-/ready").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_reload_is_for_the_control_socket() {
    let mut server = Server::start(two_phones(), Limits::default());
    let refused = server.ask("POST", "/-/reload", &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    for way in ["SIGHUP", "control socket"] {
        assert!(refused.text().contains(way), "{}", refused.text());
    }
    assert!(server.reloads.try_recv().is_err());

    for (outcome, status) in [
        (Ok(()), StatusCode::OK),
        (
            Err("line 3: no".to_owned()),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let stream = UnixStream::connect(&server.control).await;
        let stream = stream.expect("a connection");
        let expected = outcome.clone().err().unwrap_or("reloaded".to_owned());
        let reloader = async {
            let asked = server.reloads.recv().await.expect("a reload is asked for");
            asked.done.send(outcome).expect("the request waits");
        };
        let (answer, ()) = tokio::join!(ask(stream, "POST", "/-/reload", &[]), reloader);
        assert_eq!(answer.status, status);
        assert_eq!(answer.text(), format!("{expected}\n"));
    }
    let answer = server.ask_control("GET", "/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn who_is_slow_with_a_head_is_cut_off() {
    let limits = Limits {
        head_time: Duration::from_millis(20),
        ..Limits::default()
    };
    let server = Server::start(two_phones(), limits);
    for beginning in ["", "GET / HTTP/1.1\r\nhost: a\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(beginning.as_bytes()).await.expect("sent");
        let mut rest = Vec::new();
        let read = tokio::time::timeout(LONG, stream.read_to_end(&mut rest)).await;
        read.expect("the server hangs up").expect("an end");
        assert_eq!(rest, b"");
    }
}

#[tokio::test]
async fn who_is_slow_with_a_handshake_is_cut_off() {
    let limits = Limits {
        handshake_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::start(two_phones(), limits);
    server.settings.send_replace(Arc::new(Settings {
        server_config: Arc::new(encrypted()),
        ..settings()
    }));
    let mut stream = server.connect().await;
    // The beginning of a handshake, as it stands in a record of TLS.
    stream
        .write_all(b"\x16\x03\x01\x02\x00\x01")
        .await
        .expect("sent");
    let mut answer = Vec::new();
    let cut_off = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await;
    // The end of the connection, or its reset.
    let _ended = cut_off.expect("the server hangs up in time");
    assert!(answer.is_empty(), "{answer:?}");
}

/// TLS with a certificate that nobody looks at.
fn encrypted() -> ServerConfig {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    write(
        "a.pem",
        include_str!("../config/invalid/files/listener.pem"),
    );
    write(
        "a.key",
        include_str!("../config/invalid/files/listener.key"),
    );
    let tls = "tls_server_config: { cert_file: a.pem, key_file: a.key }";
    write("web.yaml", tls);
    let path = write("config.yaml", "web_config_file: web.yaml");
    let environment = config::Environment::default();
    let config = config::load(&path, &environment, config::Secrets::Read).expect("no faults");
    ServerConfig::of(&config, &ServerConfig::default()).expect("TLS")
}

#[tokio::test]
async fn a_head_has_a_size() {
    let server = Server::start(two_phones(), Limits::default());
    let padding = "x".repeat(20_000);
    let answer = server.ask("GET", "/", &[("padding", &padding)]).await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn a_large_body_is_refused_unread() {
    let server = Server::start(two_phones(), Limits::default());
    let mut stream = server.connect().await;
    let head = "POST /-/reload HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await;
    read.expect("the server hangs up").expect("an end");
    let answer = String::from_utf8(answer).expect("UTF-8");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn who_does_not_read_an_answer_is_cut_off() {
    let limits = Limits {
        write_timeout: Duration::from_millis(20),
        ..Limits::default()
    };
    let places: Vec<_> = (0..20_000).map(|n| place(&format!("phone {n}"))).collect();
    let fleet = Fleet::new(places);
    let phone = Arc::clone(fleet.phones().next().expect("a phone"));
    let server = Server::start(fleet, limits);
    let alone = Arc::strong_count(&phone);
    let mut stream = server.connect().await;
    let request = b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    eventually("the page", || Arc::strong_count(&phone) > alone).await;
    eventually("its end", || Arc::strong_count(&phone) == alone).await;
}

#[tokio::test]
async fn answers_under_way_outlive_the_stop_and_idle_connections_do_not() {
    let mut server = Server::start(two_phones(), Limits::default());
    let mut idle = server.connect().await;
    let stream = server.connect().await;
    let stop = server.stop.clone();
    let poller = async {
        let asked = server.polls.recv().await.expect("a poll is asked for");
        stop.cancel();
        let read = tokio::time::timeout(LONG, idle.read(&mut [0])).await;
        assert_eq!(read.expect("hung up").expect("an end"), 0);
        asked.done.send(()).expect("the probe waits");
    };
    let probe = ask(stream, "GET", "/probe?target=reception", &[]);
    let (answer, ()) = tokio::join!(probe, poller);
    assert_eq!(answer.status, StatusCode::OK);
    let ended = tokio::time::timeout(LONG, server.tasks.join_next()).await;
    ended.expect("it ends").expect("a task").expect("no panic");
}

#[tokio::test]
async fn who_outlasts_the_grace_period_is_cut_off() {
    let limits = Limits {
        grace: Duration::from_millis(20),
        ..Limits::default()
    };
    let mut server = Server::start(two_phones(), limits);
    let mut stream = server.connect().await;
    let request = b"GET /probe?target=reception HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let _asked = server.polls.recv().await.expect("a poll is asked for");
    server.stop.cancel();
    let ended = tokio::time::timeout(LONG, server.tasks.join_next()).await;
    ended.expect("it ends").expect("a task").expect("no panic");
    assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0);
}
