//! The section as a whole: its parts in the order in which they build on each other.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::keys;
use super::known_labels::KnownLabels;
use super::match_scope::MatchScope;
use super::{
    EVALUATION_INTERVAL, Settings, alertmanagers, http_client, inhibit, receivers, rules, secret,
    time_intervals,
};
use crate::alerts::board::Rules;
use crate::alerts::suppress::Suppression;
use crate::config::read::{Around, Files, Findings, Node, Section, Wrong, duration};
use crate::notify::alertmanager::Sender;
use crate::notify::channel::Heartbeat;
use crate::notify::delivery::page_of_alerts;
use crate::rules::export::Group;
use crate::rules::packs::RUNBOOKS;
use crate::rules::rule::Rule;

const RESEND_DELAY: Duration = Duration::from_secs(60);
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(60);

/// What was read, in force or not.
#[derive(Default)]
pub(super) struct Read {
    pub(super) settings: Settings,
    /// The rules as they are written, those that are disabled too.
    pub(super) groups: Vec<Group>,
    /// The page with the runbooks of the ready-made ones.
    pub(super) runbooks: Box<str>,
}

/// Reads `alerting`; without it the packs are there that are on by default, and nothing is enabled.
pub(super) fn alerting(found: &mut Findings, files: &mut Files<'_>, around: &Around<'_>) -> Read {
    let empty = Node::empty(1);
    let section = match around.top.section(found, "alerting", keys::ALERTING) {
        None if !around.top.has("alerting") => {
            Section::open(found, around.top.spot.clone(), &empty, keys::ALERTING)
        }
        written => written,
    };
    let Some(section) = section else {
        return Read::default();
    };
    let enabled = section.read(found, "enabled", Node::flag);
    let enabled = enabled.map(|enabled| enabled.value);
    let switched_off = enabled == Some(false);
    let enabled = enabled == Some(true);
    let known_labels = KnownLabels::new(around.listed, around.config);
    let external_url = around.config.external_url.clone();
    let runbooks = runbooks(&external_url);
    let known = rules::rules(found, (&known_labels, &runbooks), &section);
    let texts = rules::texts(found, &known);
    let groups = rules::groups(&known);
    let in_force = known.into_iter().map(|known| known.rule);
    let in_force: Vec<Rule> = in_force.filter(|rule| rule.enabled).collect();
    let scope = MatchScope {
        known_labels: &known_labels,
        rules: &in_force,
    };
    let intervals = time_intervals::time_intervals(found, &section);
    let suppression = Suppression {
        inhibit_rules: inhibit::inhibit_rules(found, scope, &section),
        windows: time_intervals::maintenance_windows(found, scope, &section, &intervals),
        damping: inhibit::flapping(found, &section),
    };
    let every = section.read(found, "evaluation_interval", within_an_hour);
    let settings = Settings {
        enabled,
        switched_off,
        evaluation_interval: every.map_or(EVALUATION_INTERVAL, |every| every.value),
        sender: sender(found, &section, around),
        external_url,
        suppression: Arc::new(suppression),
        texts,
        alertmanagers: alertmanagers::alertmanagers(found, files, &section),
        receivers: receivers::receivers(found, files, &section, scope, &intervals),
        heartbeat: heartbeat(found, files, &section),
        longest_silence: inhibit::longest_silence(found, &section),
        rules: Arc::new(Rules::new(in_force)),
    };
    let elsewhere = section.read(found, "rules_evaluated_elsewhere", Node::flag);
    let elsewhere = elsewhere.is_some_and(|elsewhere| elsewhere.value);
    warn(found, around, &section, &settings, elsewhere);
    Read {
        settings,
        groups,
        runbooks,
    }
}

/// The page with the runbooks of ready-made rules: ours, where people can find it.
fn runbooks(external_url: &str) -> Box<str> {
    match external_url {
        "" => RUNBOOKS.into(),
        url => format!("{url}/runbooks").into(),
    }
}

/// What each part may be right by itself and is odd together.
fn warn(
    found: &mut Findings,
    around: &Around<'_>,
    section: &Section<'_>,
    settings: &Settings,
    elsewhere: bool,
) {
    if !settings.enabled {
        return;
    }
    let somebody = !settings.alertmanagers.is_empty() || !settings.receivers.is_empty();
    let mut warn = |key, what: &str, mend: &str| {
        found.warn(section.spot_of(key), Wrong::new(what, mend));
    };
    if !somebody && !section.has("receivers") && !section.has("alertmanagers") {
        let what = "judges alerts, and nobody is told of them";
        warn("enabled", what, "add `receivers` or `alertmanagers`");
    }
    if !settings.alertmanagers.is_empty() && !settings.receivers.is_empty() {
        let what = "are told of what the Alertmanagers tell of too";
        warn(
            "receivers",
            what,
            "keep one of the two, or route it apart there",
        );
    }
    if elsewhere && somebody {
        let what = "says that Prometheus or Grafana evaluates the same rules: all is told twice";
        warn(
            "rules_evaluated_elsewhere",
            what,
            "write `enabled: false`, or unload the rules there",
        );
    }
    if around.config.state_dir.is_none() {
        let what = "keeps its state in memory: a restart forgets who was told of what";
        warn("enabled", what, "set `state_dir` at the top of the file");
    }
}

/// `resend_delay`, and what the top of the file says of every alert.
fn sender(found: &mut Findings, section: &Section<'_>, around: &Around<'_>) -> Sender {
    // An Alertmanager takes alerts for over that it has not heard of for some minutes.
    let resend_delay = section.read(found, "resend_delay", within_an_hour);
    Sender {
        external_labels: around.config.external_labels.clone(),
        alerts_url: page_of_alerts(&around.config.external_url).into(),
        resend_delay: resend_delay.map_or(RESEND_DELAY, |delay| delay.value),
    }
}

fn within_an_hour(node: &Node) -> Result<Duration, Wrong> {
    const SLOWEST: Duration = Duration::from_secs(3600);
    let every = duration(node)?;
    if every > SLOWEST {
        let what = "is longer than an hour";
        return Err(Wrong::new(what, "write a shorter time; 1m is usual"));
    }
    Ok(every)
}

/// `heartbeat`.
fn heartbeat(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<Heartbeat> {
    let section = section.section(found, "heartbeat", keys::HEARTBEAT)?;
    let url: Option<SecretString> = secret::url(found, files, &section);
    let interval = section.read(found, "interval", duration);
    let client = http_client::http_config(found, files, &section);
    let url = url?;
    http_client::warn_of_plain(found, section.spot.clone(), &url, &client);
    Some(Heartbeat {
        url,
        interval: interval.map_or(HEARTBEAT_INTERVAL, |interval| interval.value),
        client,
    })
}
