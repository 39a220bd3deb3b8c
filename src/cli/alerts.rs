//! `alerts`: firing, pending and suppressed alerts of the running daemon.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::daemon::DaemonArg;
use super::{humanize, list_output};
use crate::clock::Clock;
use crate::rules::describe_rule::count;
use crate::rules::severity;

/// List firing and pending alerts, from the running daemon
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter alerts --all")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Include suppressed alerts, with the reason
    #[arg(long)]
    all: bool,
    /// Print JSON for programs instead of a table
    #[arg(long)]
    json: bool,
}

/// The fields of `/api/v1/alerts` that are used here.
#[derive(Debug, Deserialize)]
struct AlertsJson {
    data: AlertsData,
}

#[derive(Debug, Deserialize)]
struct AlertsData {
    alerts: Vec<Value>,
}

/// The fields of `/api/v1/rules` that are used here.
#[derive(Debug, Deserialize)]
struct RulesJson {
    data: RulesData,
}

#[derive(Debug, Deserialize)]
struct RulesData {
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
    let answer: AlertsJson = super::interruptible(args.daemon.get("/api/v1/alerts"))?;
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
        println_line!("{}", no_alerts(&args.daemon)?)?;
    } else {
        let header = [
            "SEVERITY", "ALERT", "TARGET", "SITE", "AGE", "STATE", "SUMMARY",
        ];
        list_output::print_table(&header, &alerts, |alert| alert.row(now))?;
    }
    if hidden > 0 {
        println_line!(
            "{} hidden; use --all to list them with reasons",
            count(hidden, "suppressed alert")
        )?;
    }
    Ok(())
}

/// The line for an empty list: without rules nothing is evaluated.
fn no_alerts(daemon: &DaemonArg) -> anyhow::Result<&'static str> {
    let rules: RulesJson = super::interruptible(daemon.get("/api/v1/rules"))?;
    if rules.data.groups.is_empty() {
        return Ok(
            "the daemon evaluates no alert rules; set `alerting: { enabled: true }` in its \
             configuration",
        );
    }
    Ok("no firing or pending alerts")
}

impl Alert {
    fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// Firing before pending before suppressed, the most severe first.
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
            (Some(why), None) => format!("suppressed: {why}"),
            (Some(why), Some(by)) => format!("suppressed: {why} {by}"),
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

    /// The phone with its account or line; without a phone, the labels that identify the alert.
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
        let columns = ["alertname", "severity", "site"];
        let others = self.labels.iter();
        let others = others.filter(|(name, _)| !columns.contains(&name.as_str()));
        let others: Vec<_> = others
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        others.join(" ")
    }
}
