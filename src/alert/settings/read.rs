//! The section as a whole: its parts in the order in which they build on each other.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::census::Census;
use super::keys::{self, REFUSED};
use super::patterns::text;
use super::reach::Reach;
use super::{
    EVALUATION_INTERVAL, Heartbeat, Settings, alertmanagers, calendars, inhibit, receivers, refuse,
    rules, web,
};
use crate::alert::board::Rules;
use crate::alert::export::Group;
use crate::alert::notify::alertmanager::Sender;
use crate::alert::notify::envelope::page_of_alerts;
use crate::alert::packs::RUNBOOKS;
use crate::alert::rule::Rule;
use crate::alert::suppress::Suppression;
use crate::config::read::{Around, Files, Findings, Node, Section, Wrong, check_letters, duration};

const RESEND_EVERY: Duration = Duration::from_secs(60);
const BEAT_EVERY: Duration = Duration::from_secs(60);

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
    refuse(found, &section, REFUSED);
    let enabled = section.read(found, "enabled", Node::flag);
    let enabled = enabled.map(|enabled| enabled.value);
    let switched_off = enabled == Some(false);
    let enabled = enabled == Some(true);
    let census = Census::new(around.listed, around.config);
    let public_url = section.read(found, "public_url", public_url);
    let public_url = public_url.map_or_else(Box::default, |url| url.value);
    let runbooks = runbooks(&public_url);
    let known = rules::rules(found, (&census, &runbooks), &section);
    let texts = rules::texts(found, &known);
    let groups = rules::groups(&known);
    let in_force = known.into_iter().map(|known| known.rule);
    let in_force: Vec<Rule> = in_force.filter(|rule| rule.enabled).collect();
    let reach = Reach {
        census: &census,
        rules: &in_force,
    };
    let calendars = calendars::calendars(found, &section);
    let suppression = Suppression {
        inhibits: inhibit::inhibits(found, reach, &section),
        windows: calendars::windows(found, reach, &section, &calendars),
        damping: inhibit::flapping(found, &section),
    };
    let every = section.read(found, "evaluation_interval", within_an_hour);
    let settings = Settings {
        enabled,
        switched_off,
        evaluation_interval: every.map_or(EVALUATION_INTERVAL, |every| every.value),
        sender: sender(found, &section, &public_url),
        public_url,
        suppression: Arc::new(suppression),
        texts,
        alertmanagers: alertmanagers::alertmanagers(found, files, &section),
        receivers: receivers::receivers(found, files, &section, reach, &calendars),
        heartbeat: heartbeat(found, files, &section),
        longest_silence: inhibit::longest_silence(found, &section),
        rules: Arc::new(Rules::new(in_force)),
    };
    let exported = section.read(found, "exported_rules", Node::flag);
    let exported = exported.is_some_and(|exported| exported.value);
    warn(found, around, &section, &settings, exported);
    Read {
        settings,
        groups,
        runbooks,
    }
}

/// The page with the runbooks of ready-made rules: ours, where people can find it.
fn runbooks(public_url: &str) -> Box<str> {
    match public_url {
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
    exported: bool,
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
    if exported && somebody {
        let what = "says that Prometheus or Grafana judges the same rules: all is told twice";
        warn(
            "exported_rules",
            what,
            "write `enabled: false`, or unload the rules there",
        );
    }
    if around.config.state_dir.is_none() {
        let what = "keeps its state in memory: a restart forgets who was told of what";
        warn("enabled", what, "set `state_dir` at the top of the file");
    }
}

/// Where people find the pages, without a slash at its end.
fn public_url(node: &Node) -> Result<Box<str>, Wrong> {
    let url = web::parsed(node.text()?)?;
    web::without_login(&url, "remove them: people see this address")?;
    if url.query().is_some() {
        return Err(Wrong::new("holds a `?`", "remove what follows it"));
    }
    Ok(url.as_str().trim_end_matches('/').into())
}

/// `labels` and `resend_every`.
fn sender(found: &mut Findings, section: &Section<'_>, public_url: &str) -> Sender {
    let mut labels = Vec::new();
    for (spot, name, node) in section.named(found, "labels") {
        let label = check_letters(name).and_then(|()| {
            if name == "alertname" {
                let what = "is the name of the alert's rule";
                return Err(Wrong::new(what, "choose another name"));
            }
            text(node)
        });
        labels.extend(found.keep(spot, label).map(|label| (name.into(), label)));
    }
    // An Alertmanager takes alerts for over that it has not heard of for some minutes.
    let resend_every = section.read(found, "resend_every", within_an_hour);
    Sender {
        labels: labels.into(),
        alerts_url: page_of_alerts(public_url).into(),
        resend_every: resend_every.map_or(RESEND_EVERY, |every| every.value),
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
    let url: Option<SecretString> = web::url(found, files, &section);
    let every = section.read(found, "every", duration);
    let every = every.map_or(BEAT_EVERY, |every| every.value);
    url.map(|url| Heartbeat { url, every })
}
