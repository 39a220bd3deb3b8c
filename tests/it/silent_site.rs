//! A site whose phones do not answer costs the others nothing: each healthy phone is polled as often
//! as one of a fleet that is well, and none is reported down.
//!
//! Two daemons run side by side on one machine, one of them with a third of its phones sick. What is
//! compared are polls, so that a busy machine, which holds up both, changes nothing.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use grandstream_exporter::sim::{self, Behaviour, Fault, Layout};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::harness::samples::Samples;
use crate::harness::{Daemon, PASSWORD, spec};

/// What a sick phone does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sick {
    /// Accepts it and says nothing.
    Hangs,
    /// Drops the packets that would open it.
    IsDark,
    /// Refuses it.
    Refuses,
    /// Answers one byte a second.
    Trickles,
}

/// Where sick phones are, until it is dropped.
struct Site {
    port: u16,
    _server: JoinSet<()>,
    /// Connections that fill up a queue.
    _held: Vec<Socket>,
}

const HEALTHY: usize = 28;
const SICK: usize = 12;

/// How often phones of the daemon that is well are polled before both are compared.
const ROUNDS: f64 = 8.0;

impl Site {
    async fn of(sick: Sick) -> Self {
        let (mut server, mut held) = (JoinSet::new(), Vec::new());
        let port = match sick {
            Sick::Refuses | Sick::IsDark => {
                let (socket, port) = bound();
                if sick == Sick::IsDark {
                    socket.listen(0).expect("a queue for one");
                    let first = tcp();
                    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                    first.connect(&local.into()).expect("there is room for one");
                    held.push(first);
                }
                held.push(socket);
                port
            }
            Sick::Hangs | Sick::Trickles => {
                let any = (Ipv4Addr::UNSPECIFIED, 0);
                let listener = TcpListener::bind(any).await.expect("a port");
                let port = listener.local_addr().expect("an address").port();
                server.spawn(serve(listener, sick));
                port
            }
        };
        Self {
            port,
            _server: server,
            _held: held,
        }
    }

    /// The entries of its phones, `sick0`, `sick1`, …
    fn entries(&self, count: usize) -> String {
        let mut text = String::new();
        let first = u32::from(Ipv4Addr::new(127, 1, 0, 1));
        for (n, host) in (0..count).zip(first..) {
            let host = Ipv4Addr::from(host);
            let port = self.port;
            writeln!(text, "  - {{ name: sick{n}, address: '{host}:{port}' }}").expect("text");
        }
        text
    }
}

fn tcp() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket")
}

/// A socket with a port of its own on which nothing listens, and that port.
fn bound() -> (Socket, u16) {
    let socket = tcp();
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    socket.bind(&any.into()).expect("a port");
    let address = socket.local_addr().expect("an address");
    let port = address.as_socket().expect("an address").port();
    (socket, port)
}

async fn serve(listener: TcpListener, sick: Sick) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        connections.spawn(async move {
            match sick {
                Sick::Trickles => trickle(stream).await,
                Sick::Hangs | Sick::IsDark | Sick::Refuses => {
                    std::future::pending::<()>().await;
                    drop(stream);
                }
            }
        });
        while connections.len() > 1000 {
            connections.join_next().await;
        }
    }
}

async fn trickle(mut stream: TcpStream) {
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}" {
        pace.tick().await;
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
    }
}

/// A fleet of healthy phones, `p0`, `p1`, …, and their entries.
async fn healthy(count: usize) -> (sim::Fleet, String) {
    let specs = (0..count).map(|_| spec(Behaviour::default()));
    let fleet = sim::Fleet::start(specs.collect(), Layout::Ports { base: 0 })
        .await
        .expect("a fleet");
    let mut text = String::new();
    for (n, address) in fleet.addresses().into_iter().enumerate() {
        writeln!(text, "  - {{ name: p{n}, address: '{address}' }}").expect("text");
    }
    (fleet, text)
}

fn config(max_in_flight: &str, entries: &str) -> String {
    format!(
        "
listen: ['127.0.0.1:0']
state_dir: state
poll: {{ interval: 1s, max_in_flight: {max_in_flight} }}
defaults: {{ password: '{PASSWORD}' }}
phones:
{entries}"
    )
}

/// The fewest polls of a healthy phone.
fn fewest(samples: &Samples) -> f64 {
    let polls = samples.all("grandstream_polls_total", &[]).into_iter();
    polls
        .filter(|sample| sample.labels["phone"].starts_with('p'))
        .map(|sample| sample.value)
        .fold(f64::INFINITY, f64::min)
}

/// How many healthy phones are down.
fn down(samples: &Samples) -> usize {
    let phones = samples.all("grandstream_up", &[]).into_iter();
    phones
        .filter(|sample| sample.labels["phone"].starts_with('p') && sample.value < 1.0)
        .count()
}

/// Waits until both daemons polled all their healthy phones, then for many rounds of the one that is
/// well; the other must keep up, with no healthy phone ever down.
async fn keeps_up(ill: &Daemon, well: &Daemon) {
    let all_up = |samples: &Samples| down(samples) == 0;
    well.wait_for("all phones up", all_up).await;
    let before = fewest(&ill.wait_for("all healthy phones up", all_up).await);
    let start = fewest(&well.metrics().await);
    well.wait_for("many rounds", |samples| fewest(samples) >= start + ROUNDS)
        .await;
    let samples = ill.metrics().await;
    assert_eq!(down(&samples), 0, "{samples}");
    let polled = fewest(&samples) - before;
    assert!(
        polled >= ROUNDS * 0.75,
        "{polled} polls while a fleet that is well had {ROUNDS}; in\n{samples}"
    );
}

async fn costs_nothing(sick: Sick, max_in_flight: &str, count: usize) {
    let (_fleet, entries) = healthy(HEALTHY).await;
    let (_reference, others) = healthy(HEALTHY).await;
    let site = Site::of(sick).await;
    let with_sick = entries + &site.entries(count);
    let ill = Daemon::start(&config(max_in_flight, &with_sick)).await;
    let well = Daemon::start(&config("auto", &others)).await;
    keeps_up(&ill, &well).await;
}

#[tokio::test]
async fn phones_that_accept_and_hang_cost_the_others_nothing() {
    costs_nothing(Sick::Hangs, "8", SICK).await;
}

#[tokio::test]
async fn dark_phones_cost_the_others_nothing() {
    costs_nothing(Sick::IsDark, "8", SICK).await;
}

#[tokio::test]
async fn phones_that_refuse_cost_the_others_nothing() {
    costs_nothing(Sick::Refuses, "8", SICK).await;
}

#[tokio::test]
async fn phones_that_answer_a_byte_a_second_cost_the_others_nothing() {
    costs_nothing(Sick::Trickles, "8", SICK).await;
}

#[tokio::test]
async fn more_silent_phones_than_were_ever_polled_at_once_cost_the_others_nothing() {
    costs_nothing(Sick::Hangs, "auto", 400).await;
}

#[tokio::test]
async fn a_site_that_falls_silent_all_at_once_costs_nothing_and_comes_back() {
    let (fleet, entries) = healthy(HEALTHY + SICK).await;
    let (_reference, others) = healthy(HEALTHY).await;
    // The last of them are the site: `p` is a healthy phone.
    let mut with_site = entries;
    for n in HEALTHY..HEALTHY + SICK {
        with_site = with_site.replace(&format!("name: p{n},"), &format!("name: sick{n},"));
    }
    let ill = Daemon::start(&config("8", &with_site)).await;
    let well = Daemon::start(&config("auto", &others)).await;
    let all_up = |samples: &Samples| samples.count("grandstream_up", 1.0) == HEALTHY + SICK;
    ill.wait_for("all up", all_up).await;
    for phone in &fleet.phones()[HEALTHY..] {
        phone.change(|state| state.faults.set(Fault::Stall));
    }
    keeps_up(&ill, &well).await;
    let silent = |samples: &Samples| samples.count("grandstream_up", 0.0) == SICK;
    ill.wait_for("the site down", silent).await;
    for phone in &fleet.phones()[HEALTHY..] {
        phone.change(|state| state.faults.clear());
    }
    ill.wait_for("all up again", all_up).await;
}
