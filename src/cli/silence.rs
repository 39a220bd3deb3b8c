//! `silence`: makes, lists and expires silences of the running daemon.

use std::fmt;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::daemon::DaemonArg;
use super::{humanize, list_output};
use crate::clock::Clock;
use crate::rules::describe_rule::count;
use crate::rules::matcher::{self, MatchOp, Matcher, parse_list};
use crate::rules::phone_selector::matcher_of_pattern;

/// Make, list and expire silences, which suppress alerts for some time
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter silence add site=lyon --duration 2h --comment 'new switch'"
)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a silence
    ///
    /// All matchers must match, as in Alertmanager: with = and != the whole value, with =~ and !~ a
    /// regular expression for the whole value. A label that an alert does not have is empty.
    #[command(
        after_help = "Example:\n  grandstream-exporter silence add 'site=~\"lyon|hq\"' \
                      alertname=PhoneUnreachable --duration 30m --comment painters"
    )]
    Add {
        /// Alerts to silence, by phone, site, alertname, severity, account, or a label of your own
        #[arg(required = true, value_name = "MATCHER", value_parser = matchers)]
        matchers: Vec<Matchers>,
        /// How long it lasts, e.g. 30m, 2h or 1d
        #[arg(long, alias = "for", value_name = "DURATION", value_parser = length)]
        duration: String,
        /// Reason, shown with the suppressed alerts
        #[arg(long, value_name = "TEXT")]
        comment: String,
        /// Start, instead of now, e.g. 2024-05-01T22:00:00+02:00
        #[arg(long, alias = "from", value_name = "TIME")]
        start: Option<Timestamp>,
        #[command(flatten)]
        daemon: DaemonArg,
    },
    /// List silences
    List {
        /// Include expired silences
        #[arg(long)]
        all: bool,
        /// Print JSON for programs instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        daemon: DaemonArg,
    },
    /// Expire silences now
    Expire {
        /// Ids, from `silence list`
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
        #[command(flatten)]
        daemon: DaemonArg,
    },
}

/// The matchers of one argument, which may hold several.
#[derive(Clone, Debug)]
struct Matchers(Vec<Matcher>);

/// The fields of a silence that are used here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Silence {
    id: String,
    matchers: Vec<Matcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    created_by: String,
    comment: String,
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Status {
    state: String,
}

/// A silence that was just made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewSilence {
    pub(super) id: String,
    ends_at: Timestamp,
    matchers: Vec<Matcher>,
    phones: usize,
    alerts: usize,
}

impl fmt::Display for NewSilence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, ends_at, .. } = self;
        if self.phones == 0 && self.alerts == 0 {
            write!(
                f,
                "silence {id} until {ends_at}: no phone and no alert now; if that is not meant, \
                 run `silence expire {id}` and correct the matchers"
            )?;
            let equal = |one: &&Matcher| one.op() == MatchOp::Equal;
            let mut equal = self.matchers.iter().filter(equal);
            let meant = equal.find_map(|one| matcher_of_pattern(one.name(), one.value()));
            return match meant {
                Some(meant) => write!(f, "; for a pattern write {meant}"),
                None => Ok(()),
            };
        }
        let phones = count(self.phones, "phone");
        let alerts = count(self.alerts, "alert");
        write!(f, "silence {id} until {ends_at}: {phones}, {alerts} now")
    }
}

/// Silences in the API.
pub(super) const PATH: &str = "/api/v1/silences";

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.action {
        Action::Add {
            matchers,
            duration,
            comment,
            start,
            daemon,
        } => {
            let matchers: Vec<_> = matchers.iter().flat_map(|one| one.0.clone()).collect();
            let mut body = body(&matchers, duration, comment);
            if let Some(start) = start {
                body["startsAt"] = json!(start);
            }
            let silence: NewSilence = super::interruptible(daemon.post(PATH, &body))?;
            println_line!("{silence}")?;
            Ok(())
        }
        Action::List { all, json, daemon } => list(*all, *json, daemon),
        Action::Expire { ids, daemon } => super::interruptible(async {
            for id in ids {
                let ended: Silence = daemon.delete(&format!("{PATH}/{id}")).await?;
                println_line!("silence {} ended {}", ended.id, ended.ends_at)?;
            }
            Ok(())
        }),
    }
}

/// A new silence, as the API accepts it.
pub(super) fn body(matchers: &[Matcher], duration: &str, comment: &str) -> Value {
    json!({ "matchers": matchers, "duration": duration, "comment": comment })
}

fn list(all: bool, as_json: bool, daemon: &DaemonArg) -> anyhow::Result<()> {
    let silences: Vec<Value> = super::interruptible(daemon.get(PATH))?;
    let mut silences = list_output::items::<Silence>(silences)?;
    silences.retain(|silence| all || silence.value.status.state != "expired");
    if as_json {
        return list_output::print_json(&silences);
    }
    if silences.is_empty() {
        println_line!("no active or pending silences")?;
        return Ok(());
    }
    let now = Clock::real().now().wall;
    let header = ["ID", "STATE", "TIME", "BY", "MATCHERS", "COMMENT"];
    list_output::print_table(&header, &silences, |silence| silence.row(now))
}

impl Silence {
    fn row(&self, now: Timestamp) -> Vec<String> {
        let state = &self.status.state;
        let time = match state.as_str() {
            "active" => format!("for {}", humanize::between(now, self.ends_at)),
            "pending" => format!("in {}", humanize::between(now, self.starts_at)),
            _ => format!("ended {} ago", humanize::between(self.ends_at, now)),
        };
        vec![
            self.id.clone(),
            state.clone(),
            time,
            self.created_by.clone(),
            matcher::written(&self.matchers),
            self.comment.clone(),
        ]
    }
}

/// One or more matchers, or wrong usage.
fn matchers(text: &str) -> Result<Matchers, String> {
    match parse_list(text) {
        Ok(list) if list.is_empty() => Err("no matcher; write LABEL=\"VALUE\"".to_owned()),
        Ok(list) => Ok(Matchers(list)),
        Err(error) => Err(format!("{error}; {}", error.help())),
    }
}

/// A valid duration, unchanged: a wrong one is wrong usage.
fn length(text: &str) -> Result<String, humantime::DurationError> {
    humantime::parse_duration(text).map(|_length| text.to_owned())
}
