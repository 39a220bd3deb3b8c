//! `alerts`: what fires, as the running daemon judges it, and what is kept back and why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::daemon::DaemonArg;
use super::{humanize, list_output, println_line};
use crate::alert::severity;
use crate::clock::Clock;

/// Ask the running daemon which alerts fire and which are pending
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter alerts --all")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Also what is kept back, with the reason
    #[arg(long)]
    all: bool,
    /// Print JSON for programs instead of a table
    #[arg(long)]
    json: bool,
}

/// What is used of `/api/v1/alerts`.
#[derive(Debug, Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    alerts: Vec<Value>,
}

/// What is used of `/api/v1/rules`.
#[derive(Debug, Deserialize)]
struct Rules {
    data: Groups,
}

#[derive(Debug, Deserialize)]
struct Groups {
    groups: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    state: String,
    active_at: Timestamp,
    suppressed: Option<String>,
    suppressed_by: Option<String>,
    waits_for: Option<String>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let answer: Answer = super::interruptible(args.daemon.get("/api/v1/alerts"))?;
    let mut alerts = list_output::items::<Alert>(answer.data.alerts)?;
    let all = alerts.len();
    alerts.retain(|alert| args.all || alert.value.suppressed.is_none());
    let hidden = all - alerts.len();
    if args.json {
        return list_output::print_json(&alerts);
    }
    alerts.sort_by_key(|alert| alert.value.order());
    let now = Clock::real().now().wall;
    if alerts.is_empty() {
        println_line(format_args!("{}", quiet(&args.daemon)?))?;
    } else {
        let head = ["SEVERITY", "ALERT", "OF", "SITE", "SINCE", "STATE", "WHAT"];
        list_output::print_table(&head, &alerts, |alert| alert.row(now))?;
    }
    if hidden > 0 {
        println_line(format_args!(
            "{hidden} more are kept back; --all names them and why"
        ))?;
    }
    Ok(())
}

/// What it means that there is nothing: without rules nothing is looked for.
fn quiet(daemon: &DaemonArg) -> anyhow::Result<&'static str> {
    let rules: Rules = super::interruptible(daemon.get("/api/v1/rules"))?;
    if rules.data.groups.is_empty() {
        return Ok(
            "alerts are not judged here: `alerting: { enabled: true }` in the \
                   configuration switches that on",
        );
    }
    Ok("nothing fires and nothing is pending")
}

impl Alert {
    fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// What fires and may be said first, then what is pending, then what is kept back; the worse
    /// before the less bad.
    fn order(&self) -> (u8, usize, String, Timestamp) {
        let class = match (self.suppressed.is_some(), self.state.as_str()) {
            (false, "firing") => 0,
            (false, _) => 1,
            (true, _) => 2,
        };
        let rank = severity::rank(self.label(severity::LABEL));
        let site = self.label("site").to_owned();
        (class, rank, site, self.active_at)
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let state = match (&self.suppressed, &self.suppressed_by) {
            (None, _) => match &self.waits_for {
                Some(waits) => format!("{}, {waits}", self.state),
                None => self.state.clone(),
            },
            (Some(why), None) => format!("kept back: {why}"),
            (Some(why), Some(by)) => format!("kept back: {why} {by}"),
        };
        let summary = self.annotations.get("summary").cloned();
        vec![
            self.label(severity::LABEL).to_owned(),
            self.label("alertname").to_owned(),
            self.subject(),
            self.label("site").to_owned(),
            humanize::between(self.active_at, now),
            state,
            summary.unwrap_or_default(),
        ]
    }

    /// The phone with its account or line, or whatever else tells it from others.
    fn subject(&self) -> String {
        let phone = self.label("phone");
        for part in ["account", "line"] {
            if let Some(number) = self.labels.get(part) {
                return format!("{phone} {part} {number}");
            }
        }
        if !phone.is_empty() {
            return phone.to_owned();
        }
        let told = ["alertname", "severity", "site"];
        let others = self.labels.iter();
        let others = others.filter(|(name, _)| !told.contains(&name.as_str()));
        let others: Vec<_> = others
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        others.join(" ")
    }
}
