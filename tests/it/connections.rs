//! Who gives way where connections or long answers are as many as there may be: nobody keeps others
//! from a scrape, and health and the control socket always answer.

use std::time::Duration;

use grandstream_exporter::fleet::Fleet;
use grandstream_exporter::web::Limits;
use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use crate::web::{LONG, Server, place, two_phones};

/// A fleet whose page of metrics is far longer than what sockets hold.
fn long_fleet() -> Fleet {
    Fleet::new((0..20_000).map(|n| place(&format!("phone {n}"))))
}

/// Asks for the page of metrics and reads nothing of it.
async fn unread(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    let request = b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    stream
}

/// Reads until the other side closes.
async fn hung_up(mut stream: impl AsyncRead + Unpin) {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut rest)).await;
    // Closed, or reset where something sent was not read.
    let _end = read.expect("the server hangs up");
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn streamed_responses_are_bounded() {
    let limits = Limits {
        streamed_responses: 1,
        unread_timeout: LONG,
        queue_timeout: Duration::from_millis(20),
        ..Limits::default()
    };
    let server = Server::start(long_fleet(), limits);
    let slow = unread(&server).await;
    slow.readable().await.expect("an answer begins");
    let refused = server.get("/sd").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.get("/").await.status, StatusCode::OK);
    drop(slow);
    let wait = async { while server.get("/sd").await.status != StatusCode::OK {} };
    let waited = tokio::time::timeout(LONG, wait).await;
    waited.expect("the next has its turn once the first is gone");
}

#[tokio::test]
async fn eighty_who_read_nothing_keep_nobody_from_a_scrape() {
    let limits = Limits {
        unread_timeout: Duration::from_millis(20),
        write_timeout: LONG,
        queue_timeout: LONG,
        ..Limits::default()
    };
    let server = Server::start(long_fleet(), limits);
    let mut deaf = Vec::new();
    for _ in 0..80 {
        deaf.push(unread(&server).await);
    }
    // At least as many got their turn as may have it at a time.
    for stream in &deaf[..limits.streamed_responses_per_client] {
        stream.readable().await.expect("an answer begins");
    }
    let answer = server.get("/metrics?phone=phone%207").await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = server.ask_control("GET", "/api/v1/phones").await;
    assert_eq!(json.status, StatusCode::OK);
}

#[tokio::test]
async fn idle_connections_give_way_to_new_ones() {
    let limits = Limits {
        connections: 3,
        head_time: LONG,
        ..Limits::default()
    };
    let server = Server::start(two_phones(), limits);
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(server.connect().await);
    }
    assert_eq!(server.get("/metrics").await.status, StatusCode::OK);
    hung_up(idle.remove(0)).await;
}

#[tokio::test]
async fn idle_connections_of_one_client_leave_those_of_others_alone() {
    let limits = Limits {
        connections: 20,
        connections_per_client: 3,
        head_time: LONG,
        ..Limits::default()
    };
    let server = Server::start(two_phones(), limits);
    let other = TcpSocket::new_v4().expect("a socket");
    other.bind(([127, 0, 0, 9], 0).into()).expect("an address");
    let mut other = other.connect(server.address).await.expect("connected");
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(server.connect().await);
    }
    hung_up(idle.remove(0)).await;
    let request = b"GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\n";
    other.write_all(request).await.expect("sent");
    let mut buffer = [0; 4096];
    let read = other.read(&mut buffer).await.expect("an answer");
    assert!(buffer[..read].starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn idle_connections_over_the_control_socket_give_way_too() {
    let limits = Limits {
        head_time: LONG,
        ..Limits::default()
    };
    let server = Server::start(two_phones(), limits);
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(
            UnixStream::connect(&server.control)
                .await
                .expect("connected"),
        );
    }
    let answer = server.ask_control("GET", "/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    hung_up(idle.remove(0)).await;
}

#[tokio::test]
async fn health_and_control_are_answered_while_every_connection_is_busy() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let mut server = Server::start(two_phones(), limits);
    let mut busy = server.connect().await;
    let request = b"GET /probe?target=reception HTTP/1.1\r\nhost: a\r\n\r\n";
    busy.write_all(request).await.expect("sent");
    let asked = server.polls.recv().await.expect("a poll is asked for");
    for (path, status) in [
        ("/-/healthy", StatusCode::OK),
        ("/metrics", StatusCode::SERVICE_UNAVAILABLE),
        ("/-/ready", StatusCode::SERVICE_UNAVAILABLE),
        ("/-/healthy", StatusCode::OK),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    assert!(server.get("/-/ready").await.text().contains("not tried"));
    assert!(server.get("/metrics").await.text().contains("too many"));
    let control = server.ask_control("GET", "/metrics").await;
    assert_eq!(control.status, StatusCode::OK);
    asked.done.send(()).expect("the probe waits");
    let mut buffer = [0; 4096];
    let read = busy.read(&mut buffer).await.expect("an answer");
    assert!(buffer[..read].starts_with(b"HTTP/1.1 200 "));
    drop(busy);
    let wait = async { while server.get("/metrics").await.status != StatusCode::OK {} };
    let waited = tokio::time::timeout(LONG, wait).await;
    waited.expect("the next has its turn once the first is gone");
}
