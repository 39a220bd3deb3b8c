//! How many polls are under way at a time: never more than `max_in_flight`, whatever phones do and
//! however often the configuration is read again.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grandstream_exporter::sim::{self, Behaviour, Fault};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::{Daemon, config_for, spec};

/// Accepts connections and answers nothing; tells how many were open at once at most.
async fn count_open(listener: TcpListener, most: Arc<AtomicUsize>) {
    let mut open: Vec<TcpStream> = Vec::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        open.retain_mut(|stream| !is_closed(stream));
        open.push(stream.into_std().expect("a socket"));
        most.fetch_max(open.len(), Ordering::Relaxed);
    }
}

fn is_closed(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 1024];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

#[tokio::test]
async fn phones_that_stall_never_take_more_seats_than_there_are() {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let most = Arc::new(AtomicUsize::new(0));
    let mut server = JoinSet::new();
    server.spawn(count_open(listener, Arc::clone(&most)));

    let mut config = "
listen: ['127.0.0.1:0']
state_dir: state
poll: { interval: 100ms, timeout: 500ms, attempts: 1, max_in_flight: 1 }
defaults: { password: x }
phones:
"
    .to_owned();
    for n in 1..=4 {
        writeln!(
            config,
            "  - {{ name: p{n}, address: '127.0.0.{n}:{port}' }}"
        )
        .expect("text");
    }
    let daemon = Daemon::start(&config).await;
    for polls in 1..=4 {
        assert_eq!(daemon.reload().await.status, 200);
        daemon
            .wait_for("polls and skipped ones", |samples| {
                let skipped = samples.value(
                    "grandstream_exporter_polls_skipped_total",
                    &[("reason", "saturated")],
                );
                let polled = samples.all("grandstream_polls_total", &[]);
                let ended: f64 = polled.iter().map(|sample| sample.value).sum();
                let in_flight = samples.value("grandstream_exporter_polls_in_flight", &[]);
                assert!(in_flight <= Some(1.0), "{in_flight:?} in flight");
                skipped > Some(0.0) && ended >= f64::from(polls)
            })
            .await;
    }
    assert_eq!(most.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_phone_that_leaves_the_list_in_the_middle_of_a_poll_leaves_its_seat() {
    let gone = sim::Phone::start(spec(Behaviour::default())).await;
    gone.change(|state| state.faults.set(Fault::Stall));
    let stays = sim::Phone::start(spec(Behaviour::default())).await;
    let daemon = Daemon::start(&config_for(&[&stays, &gone])).await;
    let in_flight = "grandstream_exporter_polls_in_flight";
    daemon.wait(in_flight, &[], 1.0).await;
    let config = daemon.path().join("config.yaml");
    std::fs::write(config, config_for(&[&stays])).expect("written");
    assert_eq!(daemon.reload().await.status, 200);
    daemon.wait(in_flight, &[], 0.0).await;
}
