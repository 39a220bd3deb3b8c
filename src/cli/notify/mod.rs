//! `notify`: the notification queue with its dead letters, and test notifications.

mod test_receivers;

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::daemon::DaemonArg;
use super::humanize;
use super::list_output::{self, Item};
use crate::clock::Clock;

/// List, retry and drop notifications, and send test notifications
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter notify test --receiver helpdesk")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List queued notifications and dead letters
    Queue {
        /// Only dead letters
        #[arg(long)]
        dead: bool,
        /// Print JSON for programs instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        daemon: DaemonArg,
    },
    /// Send dead letters again
    Retry {
        /// Ids, from `notify queue`
        #[arg(value_name = "ID", required_unless_present = "all_dead")]
        ids: Vec<i64>,
        /// All dead letters
        #[arg(long, conflicts_with = "ids")]
        all_dead: bool,
        #[command(flatten)]
        daemon: DaemonArg,
    },
    /// Drop notifications
    Drop {
        /// Ids, from `notify queue`
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,
        #[command(flatten)]
        daemon: DaemonArg,
    },
    Test(test_receivers::Args),
}

#[derive(Debug, Deserialize)]
struct NotificationsJson {
    notifications: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Notification {
    id: i64,
    receiver: String,
    /// Recipients of the receiver that it is for; empty for all.
    #[serde(default)]
    recipients: Vec<String>,
    topic: String,
    state: String,
    attempts: u32,
    error: Option<String>,
    created: Timestamp,
    due: Option<Timestamp>,
}

/// The queue in the API.
const PATH: &str = "/api/v1/notifications";

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::Queue { dead, json, daemon } => queue(*dead, *json, daemon)?,
        Action::Retry {
            ids,
            all_dead,
            daemon,
        } => super::interruptible(retry(ids, *all_dead, daemon))?,
        Action::Drop { ids, daemon } => super::interruptible(drop_all(ids, daemon))?,
        Action::Test(args) => return test_receivers::run(args),
    }
    Ok(ExitCode::SUCCESS)
}

async fn notifications(dead: bool, daemon: &DaemonArg) -> anyhow::Result<Vec<Item<Notification>>> {
    let answer: NotificationsJson = daemon.get(PATH).await?;
    let mut notifications = list_output::items::<Notification>(answer.notifications)?;
    notifications.retain(|notification| !dead || notification.value.is_dead());
    Ok(notifications)
}

fn queue(dead: bool, as_json: bool, daemon: &DaemonArg) -> anyhow::Result<()> {
    let notifications = super::interruptible(notifications(dead, daemon))?;
    if as_json {
        return list_output::print_json(&notifications);
    }
    if notifications.is_empty() {
        let none = if dead {
            "no dead letters"
        } else {
            "no queued notifications"
        };
        println_line!("{none}")?;
        return Ok(());
    }
    let now = Clock::real().now().wall;
    let header = [
        "ID", "RECEIVER", "STATE", "ATTEMPTS", "CREATED", "GROUP", "ERROR",
    ];
    list_output::print_table(&header, &notifications, |notification| {
        notification.row(now)
    })
}

async fn retry(ids: &[i64], all_dead: bool, daemon: &DaemonArg) -> anyhow::Result<()> {
    let mut ids = ids.to_vec();
    if all_dead {
        let dead = notifications(true, daemon).await?;
        ids.extend(dead.iter().map(|notification| notification.value.id));
        if ids.is_empty() {
            bail!("no dead letters to retry");
        }
    }
    for id in ids {
        let _done: Value = daemon
            .post(&format!("{PATH}/{id}/retry"), &Value::Null)
            .await?;
        println_line!("notification {id} queued again")?;
    }
    Ok(())
}

async fn drop_all(ids: &[i64], daemon: &DaemonArg) -> anyhow::Result<()> {
    for id in ids {
        let _done: Value = daemon.delete(&format!("{PATH}/{id}")).await?;
        println_line!("notification {id} dropped")?;
    }
    Ok(())
}

impl Notification {
    fn is_dead(&self) -> bool {
        self.state == "dead"
    }

    /// The receiver, with the recipients where they are not all of its own.
    fn recipient(&self) -> String {
        if self.recipients.is_empty() {
            return self.receiver.clone();
        }
        format!("{}: {}", self.receiver, self.recipients.join(", "))
    }

    /// The values of the labels by which it is grouped.
    fn group(&self) -> String {
        match serde_json::from_str::<Vec<String>>(&self.topic) {
            Ok(values) => values.join(", "),
            Err(_) => self.topic.clone(),
        }
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let state = match self.due {
            Some(due) if now < due => format!("next attempt in {}", humanize::between(now, due)),
            Some(_) => "being sent".to_owned(),
            None => "dead letter".to_owned(),
        };
        vec![
            self.id.to_string(),
            self.recipient(),
            state,
            self.attempts.to_string(),
            format!("{} ago", humanize::between(self.created, now)),
            self.group(),
            self.error.clone().unwrap_or_default(),
        ]
    }
}
