//! A process that dies at any step between seeing an outage and having told of it, again and again:
//! nothing is lost, and what comes twice carries the same id.
//!
//! The receiver holds the rope: it ends the process (`SIGKILL`) when a message comes, before it
//! answers, after it has answered, or lets time decide.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;
use tokio::sync::watch;

use super::{config, cut, phone};
use crate::harness::sink::{Answers, Asked, Sink};
use crate::process::program;

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Death {
    /// When the message has come, before it is answered.
    Unanswered,
    /// As soon as the answer is on its way.
    Answered,
    /// When the receiver was busy and the message waits for its next attempt.
    Waiting,
}

const DEATHS: [Death; 3] = [Death::Unanswered, Death::Answered, Death::Waiting];

/// How often each death is died, at the beginning and at the end of an outage.
const ROUNDS: usize = 3;

fn serve(directory: &Path) -> Child {
    program()
        .args(["serve", "--config"])
        .arg(directory.join("config.yaml"))
        .env("RUNTIME_DIRECTORY", directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs")
}

/// `SIGKILL`: nothing is cleaned up.
fn kill(mut process: Child) {
    process.kill().expect("it is alive");
    process.wait().expect("it is reaped");
}

/// The id of a message, and what it says: `p0 firing` or `p0 resolved`.
fn said(asked: &Asked) -> (String, BTreeSet<String>) {
    let id = asked.header("idempotency-key").expect("an id").to_owned();
    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    let alerts = body["alerts"].as_array().expect("alerts").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let words = alerts.map(|alert| {
        let (phone, status) = (text(&alert["labels"]["phone"]), text(&alert["status"]));
        format!("{phone} {status}")
    });
    (id, words.collect())
}

/// A receiver that answers messages of one status as was said last, and takes all others: what waits
/// for its next attempt holds up what came later.
async fn sink() -> (Sink, watch::Sender<(&'static str, Answers)>) {
    let (mood, answers) = watch::channel(("firing", ok()));
    let sink = Sink::start_with(None, move |body| {
        let (status, answer) = answers.borrow().clone();
        let is_it = body.contains(&format!("\"status\":\"{status}\""));
        if is_it { answer } else { ok() }
    });
    (sink.await, mood)
}

fn ok() -> Answers {
    Answers::With("200 OK", String::new())
}

fn first_answer(death: Death) -> Answers {
    match death {
        Death::Unanswered => Answers::Never,
        Death::Answered => ok(),
        Death::Waiting => Answers::With("503 Busy", String::new()),
    }
}

#[tokio::test]
async fn whoever_is_killed_while_telling_tells_it_all_the_same() {
    let phone = phone().await;
    let directory = tempfile::tempdir().expect("a directory");
    let (mut sink, mood) = sink().await;
    let receiver = format!(
        "  receivers: {{ desk: {{ webhook: {{ url: 'http://{}/', preset: alertmanager_v4 }}, \
         group_wait: 0s, group_interval: 100ms }} }}\n",
        sink.address
    );
    let text = config(&[&phone], &receiver);
    std::fs::write(directory.path().join("config.yaml"), text).expect("written");

    let mut said_under: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut over: BTreeSet<String> = BTreeSet::new();
    let mut process = serve(directory.path());
    for round in 0..ROUNDS * DEATHS.len() * 2 {
        let (off, death) = (round % 2 == 0, DEATHS[round / 2 % DEATHS.len()]);
        let status = if off { "firing" } else { "resolved" };
        let wanted = &*format!("p0 {status}");
        mood.send_replace((status, first_answer(death)));
        cut(&phone, off);
        let mut killed = false;
        loop {
            let (id, words) = said(&sink.asked().await);
            let before = said_under
                .entry(id.clone())
                .or_insert_with(|| words.clone());
            assert_eq!(*before, words, "{id} says something else in round {round}");
            if over.contains(&id) || !words.contains(wanted) {
                continue;
            }
            // What was taken need not come again; what was not must.
            if killed || death == Death::Answered {
                over.insert(id);
            }
            if killed {
                break;
            }
            kill(process);
            mood.send_replace((status, ok()));
            process = serve(directory.path());
            killed = true;
            if death == Death::Answered {
                break;
            }
        }
    }
    kill(process);
}
