//! The simulated phone over a real socket, asked by a client that knows nothing but bytes.
//!
//! What endpoints say is tested beside them; here is what only a socket shows: sessions over
//! connections, faults, framings, TLS, fleets.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::sim::behaviour::session::Denial;
use grandstream_exporter::sim::behaviour::transport::{Framing, Keep};
use grandstream_exporter::sim::state::line::Line;
use grandstream_exporter::sim::{
    Behaviour, Endpoint, Fault, Fleet, Layout, Phone, Scenario, Spec, State, hostile, scenario,
};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// How long anything on loopback may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(20);

/// What came back, or the kind of the error that came instead.
type Outcome = Result<Reply, ErrorKind>;

#[derive(Debug, PartialEq)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// Name and value of the first cookie, as they go back.
    fn cookie(&self) -> String {
        let set = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix("Set-Cookie: "));
        set.and_then(|cookie| cookie.split(';').next())
            .unwrap_or_default()
            .to_owned()
    }
}

fn parse(bytes: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Reply {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn connect(address: SocketAddr) -> TcpStream {
    timeout(LIMIT, TcpStream::connect(address))
        .await
        .expect("in time")
        .expect("a listener")
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), path: &str, headers: &str) {
    let request = format!("GET /cgi-bin/{path} HTTP/1.1\r\nHost: phone\r\n{headers}\r\n");
    // A phone that resets at once may do so before this; what comes back tells.
    let _sent = stream.write_all(request.as_bytes()).await;
}

/// Reads to the end of the connection: the bytes, and the error that ended it if one did.
async fn drain(stream: &mut (impl AsyncRead + Unpin)) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let read = timeout(LIMIT, stream.read_to_end(&mut bytes))
        .await
        .expect("an end in time");
    (bytes, read.err().map(|why| why.kind()))
}

/// One request on a connection of its own.
async fn ask(address: SocketAddr, path: &str, headers: &str) -> Outcome {
    let mut stream = connect(address).await;
    send(
        &mut stream,
        path,
        &format!("Connection: close\r\n{headers}"),
    )
    .await;
    match drain(&mut stream).await {
        (bytes, None) => Ok(parse(&bytes)),
        (_, Some(why)) => Err(why),
    }
}

/// A client of one phone that keeps the session's cookie.
struct Client<'a> {
    phone: &'a Phone,
    cookie: String,
}

impl<'a> Client<'a> {
    fn of(phone: &'a Phone) -> Self {
        Self {
            phone,
            cookie: String::new(),
        }
    }

    async fn logged_in(phone: &'a Phone) -> Self {
        let mut client = Self::of(phone);
        assert_eq!(client.log_in("admin").await.status, 200);
        client
    }

    async fn ask(&self, path: &str) -> Reply {
        self.outcome(path).await.expect("an answer")
    }

    async fn outcome(&self, path: &str) -> Outcome {
        ask(
            self.phone.address(),
            path,
            &format!("Cookie: {}\r\n", self.cookie),
        )
        .await
    }

    async fn json(&self, path: &str) -> Value {
        self.ask(path).await.json()
    }

    async fn log_in(&mut self, password: &str) -> Reply {
        let realm = self.ask("loginrealm").await.body;
        self.log_in_with(&realm, password).await
    }

    async fn log_in_with(&mut self, realm: &str, password: &str) -> Reply {
        let digest = Md5::digest(format!("gmiadmin:{realm}:{password}"));
        let secret = digest
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let reply = self
            .ask(&format!("login?Username=gmiadmin&Secret={secret}"))
            .await;
        self.cookie = reply.cookie();
        reply
    }

    async fn accounts_status(&self) -> u16 {
        self.ask("api-get_accounts").await.status
    }
}

async fn phone_with(set: impl FnOnce(&mut Behaviour)) -> Phone {
    let mut spec = Spec::default();
    set(&mut spec.behaviour);
    Phone::start(spec).await
}

/// A healthy phone that answers `api-get_time` to anybody.
async fn open_phone() -> Phone {
    phone_with(|knobs| {
        knobs.session.open.insert(Endpoint::Time);
    })
    .await
}

async fn assert_becomes(phone: &Phone, what: &str, holds: impl Fn(&State) -> bool) {
    assert!(
        phone.wait_until(LIMIT, holds).await,
        "never came true: {what}"
    );
}

#[tokio::test]
async fn a_login_opens_a_session_and_its_realm_serves_once() {
    let phone = Phone::start(Spec::default()).await;
    let mut client = Client::of(&phone);
    assert_eq!(client.accounts_status().await, 401);

    let realm = client.ask("loginrealm").await.body;
    assert_eq!(
        client.log_in_with(&realm, "admin").await.json()["response"],
        "success"
    );
    let accounts = client.json("api-get_accounts").await;
    assert_eq!(accounts["body"][0]["sip_id"], "699");

    let again = client.log_in_with(&realm, "admin").await;
    assert_eq!(
        again.json(),
        json!({ "response": "error", "body": "wrong4" })
    );
    assert_eq!((phone.logins(), phone.refusals()), (1, 1));
}

#[tokio::test]
async fn the_fifth_refusal_locks_the_phone_for_a_while() {
    let phone = Phone::start(Spec::default()).await;
    let mut client = Client::of(&phone);
    for left in ["wrong4", "wrong3", "wrong2", "wrong1", "locked"] {
        assert!(!phone.is_locked());
        assert_eq!(client.log_in("wrong").await.json()["body"], left);
    }
    assert!(phone.is_locked());
    let answer = client.log_in("admin").await.json();
    assert_eq!(
        answer,
        json!({ "response": "error", "body": "locked", "lockTime": 5 })
    );
    phone.change(State::lift_lock);
    client.log_in("admin").await;
    assert_eq!(client.accounts_status().await, 200);
}

#[tokio::test]
async fn an_idle_session_ends_and_each_phone_says_so_in_its_own_form() {
    let phone = Phone::start(Spec::default()).await;
    for (form, status, part) in [
        (Denial::Status401, 401, "<h1>401"),
        (Denial::Status403, 403, "<h1>403"),
        (
            Denial::Unauthorized,
            200,
            r#""success", "body": "unauthorized""#,
        ),
        (
            Denial::SessionExpired,
            200,
            r#""error", "body": {"status": "session-expired"}"#,
        ),
        (
            Denial::AuthenticationRequired,
            200,
            "Response=Error\r\nMessage=Authentication Required",
        ),
        (
            Denial::ResMsg,
            200,
            r#""res": "error", "msg": "authentication required""#,
        ),
        (Denial::EmptyBody, 200, r#""error", "body": {}"#),
        (
            Denial::InvalidSession,
            200,
            r#""body": {"reason": "invalid session"}"#,
        ),
        (Denial::LoginPage, 200, "<!DOCTYPE html>"),
        (Denial::RedirectToLogin, 302, ""),
    ] {
        let client = Client::logged_in(&phone).await;
        assert_eq!(client.accounts_status().await, 200);
        phone.change(|state| {
            state.behaviour.session.expired = form;
            state.age_sessions(Duration::from_mins(15));
        });
        let reply = client.ask("api-get_accounts").await;
        assert_eq!(reply.status, status, "{form:?}");
        assert!(reply.body.contains(part), "{form:?}: {}", reply.body);
    }
}

#[tokio::test]
async fn contacts_of_any_text_come_back_as_they_were_sent() {
    let phone = Phone::start(Spec::default()).await;
    let client = Client::logged_in(&phone).await;
    for text in hostile::texts() {
        // The phone shows a name without the blanks around it.
        let name = text.trim();
        let escaped =
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let saved = client
            .json(&format!("api-save_edit_contact?lastname={escaped}"))
            .await;
        assert_eq!(saved["response"], "success", "{name}");
        let contacts = client.json("api-get_contacts").await;
        let newest = contacts["msg"]
            .as_array()
            .and_then(|list| list.last())
            .cloned();
        assert_eq!(newest.unwrap_or_default()["contactName"], name);
    }
}

#[tokio::test]
async fn a_reboot_is_acknowledged_then_the_phone_is_gone_and_comes_back_fresh() {
    let phone = Phone::start(Spec::default()).await;
    let client = Client::logged_in(&phone).await;
    let mut kept = connect(phone.address()).await;
    let answer = client.json("api-sys_operation?request=REBOOT").await;
    assert_eq!(answer, json!({ "response": "success", "body": "reset" }));

    assert!(client.outcome("loginrealm").await.is_err());
    send(&mut kept, "loginrealm", "").await;
    assert_eq!(drain(&mut kept).await.1, Some(ErrorKind::ConnectionReset));

    let uptime = phone.change(|state| {
        state.come_back();
        state.uptime()
    });
    assert_eq!(uptime, Duration::ZERO);
    assert_eq!(client.accounts_status().await, 401);
}

#[tokio::test]
async fn faults_that_answer_answer_what_they_say() {
    let phone = open_phone().await;
    for (fault, status, part) in [
        (Fault::Html, 200, "<!DOCTYPE html>"),
        (Fault::ServerError, 500, "<html><body><h1>500"),
        (Fault::Empty, 200, ""),
        (Fault::HalfJson, 200, r#"{"date": "#),
        (Fault::NotHttp, 0, ""),
    ] {
        phone.change(|state| state.faults.set(fault));
        let reply = Client::of(&phone).ask("api-get_time").await;
        assert_eq!(reply.status, status, "{fault:?}");
        assert!(
            reply.body.starts_with(part) && !reply.body.ends_with("\"}"),
            "{reply:?}"
        );
    }
    phone.change(|state| state.faults.clear());
    assert!(Client::of(&phone).json("api-get_time").await["uptime"].is_string());
}

#[tokio::test]
async fn a_refusing_phone_resets_new_and_kept_connections() {
    let phone = open_phone().await;
    let mut kept = connect(phone.address()).await;
    assert_becomes(&phone, "the connection is there", |state| {
        state.counters.connections == 1
    })
    .await;
    phone.change(|state| state.faults.set(Fault::Refuse));
    send(&mut kept, "api-get_time", "").await;
    assert_eq!(
        drain(&mut kept).await,
        (Vec::new(), Some(ErrorKind::ConnectionReset))
    );
    assert!(Client::of(&phone).outcome("api-get_time").await.is_err());
}

/// A phone that stalls says nothing in all the time that a healthy one takes to answer.
#[tokio::test]
async fn a_stalling_phone_says_nothing_or_half_of_it() {
    for (fault, half) in [
        (Fault::StallAtConnect, ""),
        (Fault::Stall, ""),
        (Fault::StallInBody, "{\"date\": "),
    ] {
        let phone = open_phone().await;
        phone.change(|state| state.faults.set(fault));
        let mut stalled = connect(phone.address()).await;
        assert_becomes(&phone, "connected", |state| state.counters.connections == 1).await;
        send(&mut stalled, "api-get_time", "").await;
        let mut bytes = Vec::new();
        while !half.is_empty() && !parse(&bytes).body.starts_with(half) {
            let read = timeout(LIMIT, stalled.read_buf(&mut bytes))
                .await
                .expect("half in time");
            assert_ne!(read.expect("half a body"), 0);
        }
        if fault == Fault::Stall {
            assert_becomes(&phone, "asked", |state| state.counters.requests == 1).await;
        }
        phone.change(|state| state.faults.clear());
        assert_eq!(Client::of(&phone).ask("api-get_time").await.status, 200);
        let more = stalled.try_read(&mut [0; 1]).map_err(|why| why.kind());
        assert_eq!(more, Err(ErrorKind::WouldBlock), "{fault:?}");
        drop(stalled);
        assert_becomes(&phone, "hung up", |state| {
            state.counters.connections_open == 0
        })
        .await;
    }
}

#[tokio::test]
async fn an_answer_can_be_cut_in_the_middle_of_its_body() {
    let phone = open_phone().await;
    phone.change(|state| state.faults.once(Endpoint::Time, Fault::ResetInBody));
    let mut stream = connect(phone.address()).await;
    send(&mut stream, "api-get_time", "").await;
    let (bytes, why) = drain(&mut stream).await;
    assert_eq!(why, Some(ErrorKind::ConnectionReset));
    let cut = parse(&bytes);
    let whole = Client::of(&phone).ask("api-get_time").await;
    assert!(cut.body.len() < whole.body.len());
    assert!(cut.body.starts_with("{\"date\": "), "{cut:?}");
}

#[tokio::test]
async fn a_slow_phone_begins_an_answer_and_does_not_end_it_at_once() {
    let phone = open_phone().await;
    phone.change(|state| state.faults.set(Fault::SlowBytes));
    let mut stream = connect(phone.address()).await;
    send(&mut stream, "api-get_time", "").await;
    let mut first = [0; 4];
    timeout(LIMIT, stream.read_exact(&mut first))
        .await
        .expect("in time")
        .expect("bytes");
    assert_eq!(&first, b"HTTP");
    let mut more = [0; 4096];
    let read = timeout(LIMIT, stream.read(&mut more))
        .await
        .expect("in time")
        .expect("bytes");
    assert!(read < 100, "{read} bytes came at once");
}

#[tokio::test]
async fn an_endless_answer_goes_on_as_long_as_it_is_read() {
    let phone = open_phone().await;
    for fault in [Fault::EndlessHead, Fault::EndlessBody] {
        phone.change(|state| state.faults.set(fault));
        let mut stream = connect(phone.address()).await;
        send(&mut stream, "api-get_time", "").await;
        let mut bytes = vec![0; 1 << 20];
        timeout(LIMIT, stream.read_exact(&mut bytes))
            .await
            .expect("in time")
            .expect("a MiB");
        assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_an_error_to_the_client_and_done_to_the_phone() {
    let phone = Phone::start(Spec::default()).await;
    phone.change(|state| state.faults.once(Endpoint::AddGroup, Fault::LoseAnswer));
    let client = Client::logged_in(&phone).await;
    assert_eq!(
        client.outcome("api-add_group?name=team").await,
        Err(ErrorKind::ConnectionReset)
    );
    let groups = client.json("api-get_groups?id=1").await;
    assert_eq!(groups["msg"][0]["groupName"], "team");
}

#[tokio::test]
async fn a_connection_is_kept_closed_or_reset_as_set() {
    for (keep, says_close, second) in [
        (Keep::Open, false, None),
        (Keep::Close, true, Some(None)),
        (
            Keep::ResetSecond,
            false,
            Some(Some(ErrorKind::ConnectionReset)),
        ),
    ] {
        let phone = phone_with(|knobs| {
            knobs.connection.keep = keep;
            knobs.session.open.insert(Endpoint::Time);
        })
        .await;
        let mut stream = connect(phone.address()).await;
        send(&mut stream, "api-get_time", "").await;
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\"}") {
            let read = timeout(LIMIT, stream.read_buf(&mut bytes))
                .await
                .expect("in time");
            assert_ne!(read.expect("the answer"), 0);
        }
        assert_eq!(
            parse(&bytes).head.contains("Connection: close"),
            says_close,
            "{keep:?}"
        );
        send(&mut stream, "api-get_time", "Connection: close\r\n").await;
        let (bytes, why) = drain(&mut stream).await;
        match second {
            None => assert_eq!(parse(&bytes).status, 200, "{keep:?}"),
            // A closed connection may also answer a late request by a reset.
            Some(None) => assert!(bytes.is_empty(), "{keep:?}"),
            Some(reset) => assert_eq!((bytes, why), (Vec::new(), reset), "{keep:?}"),
        }
        assert_eq!(phone.counters().connections, 1);
    }
}

#[tokio::test]
async fn each_framing_carries_the_same_body() {
    let mut bodies = Vec::new();
    for (framing, mark) in [
        (Framing::Length, "Content-Length: "),
        (Framing::Chunked, "Transfer-Encoding: chunked"),
        (Framing::Http10, "HTTP/1.0 200 OK"),
    ] {
        let phone = phone_with(|knobs| knobs.connection.framing = framing).await;
        let reply = Client::of(&phone).ask("api-get_phone_status").await;
        assert!(reply.head.contains(mark), "{}", reply.head);
        bodies.push(reply.body);
    }
    let chunked = format!("{:x}\r\n{}\r\n0\r\n\r\n", bodies[0].len(), bodies[0]);
    assert_eq!(bodies[1], chunked);
    assert_eq!(bodies[2], bodies[0]);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_phone_lives_on() {
    let phone = open_phone().await;
    for (bytes, status) in [
        ("garbage\r\n\r\n".to_owned(), 400),
        ("DELETE /cgi-bin/login HTTP/1.1\r\n\r\n".to_owned(), 501),
        ("POST /cgi-bin/login HTTP/1.1\r\n\r\n".to_owned(), 411),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(17_000)), 413),
    ] {
        let mut stream = connect(phone.address()).await;
        stream
            .write_all(bytes.as_bytes())
            .await
            .expect("the phone listens");
        let mut first = vec![0; 12];
        timeout(LIMIT, stream.read_exact(&mut first))
            .await
            .expect("in time")
            .expect("a status");
        assert_eq!(parse(&first).status, status);
    }
    assert_eq!(Client::of(&phone).ask("api-get_time").await.status, 200);
}

#[tokio::test]
async fn the_record_tells_what_was_asked_and_how() {
    let phone = Phone::start(Spec {
        remembered_requests: 2,
        ..Spec::default()
    })
    .await;
    for path in [
        "loginrealm",
        "api-get_accounts?registered=1",
        "api-values.get?request=68:x",
    ] {
        ask(
            phone.address(),
            path,
            "Referer: http://phone/\r\nX-Other: 1\r\n",
        )
        .await
        .expect("an answer");
    }
    let requests = phone.requests();
    assert_eq!(phone.counters().requests, 3);
    assert_eq!(requests.len(), 2, "the oldest gives way");
    assert_eq!(requests[0].endpoint, Some(Endpoint::Accounts));
    assert_eq!(requests[0].param("registered"), Some("1"));
    assert_eq!(requests[0].header("x-other"), None);
    assert_eq!(requests[1].target, "/cgi-bin/api-values.get?request=68:x");
    assert_eq!(requests[1].header("referer"), Some("http://phone/"));
    assert!(requests[0].at <= requests[1].at);
}

/// A server and a client that trust one self-signed certificate for `phone.test`.
fn tls() -> (Arc<ServerConfig>, TlsConnector) {
    let certified =
        rcgen::generate_simple_self_signed(["phone.test".to_owned()]).expect("a certificate");
    let chain = vec![certified.cert.der().clone()];
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server
        .with_single_cert(chain.clone(), key)
        .expect("key and certificate fit");
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(chain);
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), TlsConnector::from(Arc::new(client)))
}

#[tokio::test]
async fn a_phone_speaks_tls_with_the_certificate_it_is_given() {
    let (server, connector) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let phone = Phone::start_on(Spec::default(), listener, Some(server));
    let name = ServerName::try_from("phone.test").expect("a name");
    let handshake = connector.connect(name, connect(phone.address()).await);
    let mut stream = timeout(LIMIT, handshake)
        .await
        .expect("in time")
        .expect("a handshake");
    send(&mut stream, "loginrealm", "Connection: close\r\n").await;
    let (bytes, why) = drain(&mut stream).await;
    assert_eq!(
        (parse(&bytes).status, why),
        (200, None),
        "and the end is announced"
    );

    let plain = ask(phone.address(), "loginrealm", "").await;
    assert!(!matches!(plain, Ok(Reply { status: 200, .. })), "{plain:?}");
}

#[tokio::test]
async fn a_dropped_phone_no_longer_listens() {
    let phone = Phone::start(Spec::default()).await;
    let address = phone.address();
    let mut kept = connect(address).await;
    assert_becomes(&phone, "connected", |state| state.counters.connections == 1).await;
    drop(phone);
    drain(&mut kept).await;
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, refused).await.expect("the listener is gone");
}

fn named(count: usize) -> Vec<Spec> {
    (0..count)
        .map(|k| Spec {
            mac: format!("{k:012X}"),
            ..Spec::default()
        })
        .collect()
}

async fn mac(address: SocketAddr) -> Value {
    let reply = ask(address, "api-values.get?request=67", "")
        .await
        .expect("an answer");
    reply.json()["body"]["67"].clone()
}

#[tokio::test]
async fn a_fleet_by_address_finds_each_phone_behind_one_listener() {
    let layout = Layout::ByAddress { port: 0 };
    let fleet = Fleet::start(named(1000), layout)
        .await
        .expect("a free port");
    let port = fleet.phone(0).address().port();
    for (k, ip) in [
        (0, [127, 0, 0, 1]),
        (255, [127, 0, 1, 0]),
        (999, [127, 0, 3, 232]),
    ] {
        let address = SocketAddr::from((ip, port));
        assert_eq!(fleet.phone(k).address(), address);
        assert_eq!(mac(address).await, format!("{k:012X}"));
        assert_eq!(fleet.phone(k).counters().requests, 1);
    }
    let nobody = SocketAddr::from((Ipv4Addr::new(127, 9, 9, 9), port));
    assert!(ask(nobody, "loginrealm", "").await.is_err());
}

#[tokio::test]
async fn a_fleet_on_ports_has_one_for_each_phone() {
    let fleet = Fleet::start(named(3), Layout::Ports { base: 0 })
        .await
        .expect("free ports");
    for (k, address) in fleet.addresses().into_iter().enumerate() {
        assert_eq!(mac(address).await, format!("{k:012X}"));
    }
    let too_high = Fleet::start(named(2), Layout::Ports { base: u16::MAX }).await;
    assert!(too_high.is_err());
}

#[tokio::test]
async fn a_scenario_happens_to_the_phones_it_names() {
    let scenario: Scenario = serde_json::from_value(json!({
        "groups": [{ "count": 3 }],
        "events": [
            { "at": "0s", "phone": 1, "event": "ring", "line": 2 },
            { "at": "0s", "phone": 2, "event": "dead" },
        ],
    }))
    .expect("a scenario");
    scenario.check().expect("a possible scenario");
    let fleet = Fleet::start(scenario.specs(), Layout::Ports { base: 0 })
        .await
        .expect("ports");
    let happened = async {
        assert_becomes(fleet.phone(1), "it rings", |state| {
            state.lines[1].state == Line::RINGING
        })
        .await;
        assert!(
            ask(fleet.phone(2).address(), "loginrealm", "")
                .await
                .is_err()
        );
        assert!(
            ask(fleet.phone(0).address(), "loginrealm", "")
                .await
                .is_ok()
        );
    };
    tokio::select! {
        () = scenario::play(&fleet, &scenario) => panic!("a scenario goes on until dropped"),
        () = happened => {}
    }
}
