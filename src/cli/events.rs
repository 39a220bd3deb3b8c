//! `events`: the event history of phones, from the running daemon.

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::daemon::DaemonArg;
use super::list_output;

/// List the events of phones, newest first, from the running daemon
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter events reception --since 7d")]
pub(super) struct Args {
    /// Only events of this phone
    phone: Option<String>,
    #[command(flatten)]
    daemon: DaemonArg,
    /// Only events of the last e.g. 24h, or since e.g. 2024-05-01T09:00:00Z
    #[arg(long, value_name = "TIME", default_value = "24h")]
    since: String,
    /// The newest N events
    #[arg(long, value_name = "N", default_value = "1000")]
    limit: u32,
    /// Print JSON for programs instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct EventsJson {
    events: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Event {
    at: Timestamp,
    phone: String,
    words: String,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let answer: EventsJson = super::interruptible(args.daemon.get(&path(args)))?;
    let events = list_output::items::<Event>(answer.events)?;
    if args.json {
        return list_output::print_json(&events);
    }
    if events.is_empty() {
        println_line!("no events")?;
        return Ok(());
    }
    list_output::print_table(&["TIME", "PHONE", "EVENT"], &events, Event::row)
}

fn path(args: &Args) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (since, limit) = (encode(&args.since), args.limit);
    let mut path = format!("/api/v1/events?since={since}&limit={limit}");
    if let Some(phone) = &args.phone {
        path.extend(["&phone=", &encode(phone)]);
    }
    path
}

impl Event {
    fn row(&self) -> Vec<String> {
        vec![
            self.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            self.phone.clone(),
            self.words.clone(),
        ]
    }
}
