//! `silence`: makes, lists and ends silences of the running daemon.

use std::collections::BTreeMap;
use std::fmt;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::daemon::DaemonArg;
use super::{humanize, list_output, phone, println_line};
use crate::alert::words::count;
use crate::clock::Clock;

/// Make, list and end silences: alerts that nobody is told of for some time
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter silence add site=lyon --for 2h --comment 'new switch'"
)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a silence
    ///
    /// Every label must match; of several patterns for one label one must. In a pattern `*` is any
    /// text and `?` one character.
    #[command(
        after_help = "Example:\n  grandstream-exporter silence add phone=hq-1 phone='hq-2*' \
                            --for 30m --comment painters"
    )]
    Add {
        /// Of alerts with such a label: phone, site, alertname, severity, account, or your own
        #[arg(required = true, value_name = "LABEL=PATTERN", value_parser = phone::pair)]
        matchers: Vec<(String, String)>,
        /// For how long, as 30m, 2h or 1d
        #[arg(long = "for", value_name = "DURATION", value_parser = length)]
        lasts: String,
        /// Why; whoever misses an alert reads it
        #[arg(long, value_name = "TEXT")]
        comment: String,
        /// From then on instead of from now on, as 2024-05-01T22:00:00+02:00
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        #[command(flatten)]
        daemon: DaemonArg,
    },
    /// List silences
    List {
        /// Also those that are over
        #[arg(long)]
        all: bool,
        /// Print JSON for programs instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        daemon: DaemonArg,
    },
    /// End silences now
    Expire {
        /// Their numbers
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
        #[command(flatten)]
        daemon: DaemonArg,
    },
}

#[derive(Debug, Deserialize)]
struct Answer {
    silences: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Silence {
    id: u64,
    matchers: BTreeMap<String, Vec<String>>,
    from: Timestamp,
    until: Timestamp,
    by: String,
    comment: String,
    state: String,
}

/// A silence that was just made.
#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub(super) id: u64,
    until: Timestamp,
    phones: usize,
    alerts: usize,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, until, .. } = self;
        if self.phones == 0 && self.alerts == 0 {
            return write!(
                f,
                "silence {id} until {until}: no phone and no alert now; \
                 if that is not meant, run `silence expire {id}` and correct the pattern"
            );
        }
        let phones = count(self.phones, "phone");
        let alerts = count(self.alerts, "alert");
        write!(f, "silence {id} until {until}: {phones}, {alerts} now")
    }
}

/// Where silences are made.
pub(super) const PATH: &str = "/api/v1/silences";

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.action {
        Action::Add {
            matchers,
            lasts,
            comment,
            from,
            daemon,
        } => {
            let mut body = body(matchers, lasts, comment);
            if let Some(from) = from {
                body["from"] = json!(from);
            }
            let made: Made = super::interruptible(daemon.post(PATH, &body))?;
            println_line(format_args!("{made}"))?;
            Ok(())
        }
        Action::List { all, json, daemon } => list(*all, *json, daemon),
        Action::Expire { ids, daemon } => super::interruptible(async {
            for id in ids {
                let ended: Silence = daemon.delete(&format!("{PATH}/{id}")).await?;
                println_line(format_args!("silence {} ended {}", ended.id, ended.until))?;
            }
            Ok(())
        }),
    }
}

/// What the daemon takes for a silence.
pub(super) fn body(matchers: &[(String, String)], lasts: &str, comment: &str) -> Value {
    let mut patterns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (label, pattern) in matchers {
        patterns.entry(label).or_default().push(pattern);
    }
    json!({ "matchers": patterns, "duration": lasts, "comment": comment })
}

fn list(all: bool, as_json: bool, daemon: &DaemonArg) -> anyhow::Result<()> {
    let answer: Answer = super::interruptible(daemon.get(PATH))?;
    let mut silences = list_output::items::<Silence>(answer.silences)?;
    silences.retain(|silence| all || silence.value.state != "expired");
    if as_json {
        return list_output::print_json(&silences);
    }
    if silences.is_empty() {
        println_line(format_args!("no silence is in force"))?;
        return Ok(());
    }
    let now = Clock::real().now().wall;
    let head = ["ID", "STATE", "TIME", "WHO", "WHAT", "WHY"];
    list_output::print_table(&head, &silences, |silence| silence.row(now))
}

impl Silence {
    fn row(&self, now: Timestamp) -> Vec<String> {
        let time = match self.state.as_str() {
            "active" => format!("for {}", humanize::between(now, self.until)),
            "pending" => format!("in {}", humanize::between(now, self.from)),
            _ => format!("ended {} ago", humanize::between(self.until, now)),
        };
        let what = self.matchers.iter().flat_map(|(label, patterns)| {
            let line = move |pattern| format!("{label}={pattern}");
            patterns.iter().map(line)
        });
        vec![
            self.id.to_string(),
            self.state.clone(),
            time,
            self.by.clone(),
            what.collect::<Vec<_>>().join(" "),
            self.comment.clone(),
        ]
    }
}

/// Checked here so that wrong usage ends as such; sent as it was written.
fn length(text: &str) -> Result<String, humantime::DurationError> {
    humantime::parse_duration(text).map(|_length| text.to_owned())
}
