//! What a message tells, as data: the one source of every body, and what templates of operators see.
//!
//! Alerts stand in the order of their weight. People are told of the first few by name and of the
//! others by count; programs get all of them up to [`MOST_LISTED`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::notify::delivery::{Delivery, page_of_alerts};
use crate::notify::notification::{AlertRecord, NotificationReason};
use crate::notify::words;
use crate::rules::describe_rule::at;
use crate::rules::severity;

/// A message.
#[derive(Clone, Debug, Serialize)]
pub struct TemplateData {
    /// Of these words; they only grow while it stays.
    pub version: &'static str,
    /// The same at each attempt to deliver this message.
    pub id: Box<str>,
    /// Who is told.
    pub receiver: Box<str>,
    /// `firing` while anything does, else `resolved`.
    pub status: &'static str,
    /// Why it is sent.
    pub reason: NotificationReason,
    /// All in one line.
    pub title: String,
    /// The whole message as plain text.
    pub text: String,
    /// When it was written.
    pub written: Timestamp,
    /// The labels that make the group, with their values.
    pub group: BTreeMap<Box<str>, Box<str>>,
    /// How many earlier messages never arrived and are merged into this one.
    pub missed: u32,
    /// The page of alerts; empty if nobody knows its address.
    pub url: String,
    /// How many fire.
    pub firing_count: usize,
    /// How many are over.
    pub over_count: usize,
    /// What fires now, the heaviest first; at most [`MOST_LISTED`].
    pub firing: Vec<TemplateAlert>,
    /// What ended since the last message; at most [`MOST_LISTED`].
    pub over: Vec<TemplateAlert>,
    /// Of how many people are told by name.
    #[serde(skip)]
    pub(super) listed: usize,
}

/// One alert in a message. Text that is not there is empty.
#[derive(Clone, Debug, Serialize)]
pub struct TemplateAlert {
    /// The name of its rule.
    pub alertname: String,
    /// How bad it is.
    pub severity: String,
    /// What is wrong, in one line.
    pub summary: String,
    /// What it means for the people at the phones.
    pub impact: String,
    /// What to do first.
    pub first_steps: String,
    /// Where to read on.
    pub runbook_url: String,
    /// Which part of a combined condition holds.
    pub cause: String,
    /// What was different when it was over.
    pub changed: String,
    /// Other texts.
    pub annotations: BTreeMap<Box<str>, String>,
    /// All its labels.
    pub labels: BTreeMap<Box<str>, String>,
    /// Since when.
    pub since: Timestamp,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// How it ended: `cleared`, `unknown`, `rule_removed`, `relabelled` or `subject_removed`.
    pub ending: Option<Box<str>>,
    /// How long it lasted, up to its end or to this message.
    pub lasted_seconds: u64,
    /// The same in words.
    pub lasted: String,
}

/// So many alerts of a kind at a place are not told of by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OmittedCount {
    pub(super) alertname: String,
    pub(super) site: String,
    pub(super) n: usize,
}

/// What an alert means and what to do about it: told once for all alerts of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RunbookSummary {
    pub(super) alertname: String,
    pub(super) impact: String,
    pub(super) first_steps: String,
    pub(super) runbook_url: String,
}

/// At most so many alerts of each kind are in a body for programs.
pub const MOST_LISTED: usize = 500;

/// A title is for a list of mails or the lock screen of a phone.
const LONGEST_TITLE: usize = 200;

/// Labels that say what kind of alert it is rather than where.
const KINDS: [&str; 2] = ["alertname", "severity"];

impl TemplateData {
    /// What the message tells this receiver, so many alerts by name.
    pub fn new(receiver: &str, listed: usize, delivery: &Delivery) -> Self {
        let notification = &delivery.notification;
        let items = |list: &[AlertRecord]| {
            let items = list
                .iter()
                .map(|said| TemplateAlert::new(said, delivery.written));
            let mut items: Vec<_> = items.collect();
            items.sort_by_key(|item| {
                (
                    severity::rank(&item.severity),
                    item.alertname.clone(),
                    item.since,
                )
            });
            items
        };
        let mut data = Self {
            version: "1",
            id: delivery.id.clone(),
            receiver: receiver.into(),
            status: if notification.firing.is_empty() {
                "resolved"
            } else {
                "firing"
            },
            reason: notification.reason,
            title: String::new(),
            text: String::new(),
            written: delivery.written,
            group: delivery.group.iter().cloned().collect(),
            missed: notification.missed,
            url: page_of_alerts(&delivery.external_url),
            firing_count: notification.firing.len(),
            over_count: notification.over.len(),
            firing: items(&notification.firing),
            over: items(&notification.over),
            listed: listed.min(MOST_LISTED),
        };
        data.title = data.titled();
        data.text = super::text::whole(&data);
        data.firing.truncate(MOST_LISTED);
        data.over.truncate(MOST_LISTED);
        data
    }

    fn titled(&self) -> String {
        let test = match self.reason {
            NotificationReason::Test => "[TEST] ",
            NotificationReason::First
            | NotificationReason::New
            | NotificationReason::Resolved
            | NotificationReason::Reminder => "",
        };
        let (state, items) = match self.firing_count {
            0 => ("[RESOLVED]".to_owned(), &self.over),
            n => (format!("[FIRING {n}]"), &self.firing),
        };
        let mut title = format!("{test}{state} {}", kinds(items));
        for value in self.places().values() {
            title.extend([" ", value]);
        }
        if let [only] = &items[..] {
            title.extend([": ", &only.summary]);
        }
        words::cut(&words::line(&title), LONGEST_TITLE)
    }

    /// What makes the group, but for kinds.
    pub(super) fn places(&self) -> BTreeMap<&str, &str> {
        let group = self.group.iter().map(|(name, value)| (&**name, &**value));
        group
            .filter(|(name, value)| !KINDS.contains(name) && !value.is_empty())
            .collect()
    }

    /// Those that are told of by name, and the counts of the others.
    pub(super) fn collapsed<'a>(
        &self,
        items: &'a [TemplateAlert],
    ) -> (&'a [TemplateAlert], Vec<OmittedCount>) {
        let (named, others) = items.split_at(self.listed.min(items.len()));
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for item in others {
            let site = item.labels.get("site").map_or("", |site| site);
            *counts.entry((&item.alertname, site)).or_default() += 1;
        }
        let counts = counts
            .into_iter()
            .map(|((alertname, site), n)| OmittedCount {
                alertname: alertname.to_owned(),
                site: site.to_owned(),
                n,
            });
        (named, counts.collect())
    }

    /// What the alerts that fire mean and what to do, once a name.
    pub(super) fn lessons(&self) -> Vec<RunbookSummary> {
        let mut told = BTreeSet::new();
        let first = self
            .firing
            .iter()
            .filter(|item| told.insert(&item.alertname));
        let lessons = first.map(|item| RunbookSummary {
            alertname: item.alertname.clone(),
            impact: item.impact.clone(),
            first_steps: item.first_steps.clone(),
            runbook_url: item.runbook_url.clone(),
        });
        let says = |runbook: &RunbookSummary| {
            let texts = [&runbook.impact, &runbook.first_steps, &runbook.runbook_url];
            texts.iter().any(|text| !text.is_empty())
        };
        lessons.filter(says).collect()
    }
}

impl TemplateAlert {
    fn new(said: &AlertRecord, written: Timestamp) -> Self {
        let labels: BTreeMap<_, _> = said
            .labels
            .iter()
            .map(|(name, value)| (name.clone(), words::line(value)))
            .collect();
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let mut texts: BTreeMap<_, _> = said
            .annotations
            .iter()
            .map(|(name, text)| (name.clone(), words::lines(text)))
            .collect();
        let mut text = |name: &str| texts.remove(name).unwrap_or_default();
        let ended = said.ended.as_ref().map(|(at, _)| *at);
        let lasted = ended.unwrap_or(written).duration_since(said.since);
        let lasted = Duration::try_from(lasted).unwrap_or_default();
        let mut item = Self {
            alertname: label("alertname"),
            severity: label("severity"),
            summary: words::line(&text("summary")),
            impact: text("impact"),
            first_steps: text("first_steps"),
            runbook_url: words::line(&text("runbook_url")),
            cause: words::line(&text("cause")),
            changed: words::line(&text("changed")),
            annotations: BTreeMap::new(),
            labels,
            since: said.since,
            ended,
            ending: said.ended.as_ref().map(|(_, how)| how.clone()),
            lasted_seconds: lasted.as_secs(),
            lasted: words::lasting(lasted),
        };
        item.annotations = texts;
        if item.summary.is_empty() {
            item.summary = format!("{} {}", item.alertname, item.about());
        }
        item
    }

    /// What it speaks of.
    pub(super) fn about(&self) -> String {
        let labels = self.labels.iter();
        let labels = labels.filter(|(name, _)| !KINDS.contains(&&***name));
        let words: Vec<_> = labels
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        words.join(", ")
    }

    /// Which part of its condition holds, where the summary does not say so.
    pub(super) fn because(&self) -> Option<String> {
        let told = self.cause.is_empty() || self.summary.contains(&self.cause);
        (!told).then(|| format!("cause: {}", self.cause))
    }

    /// When it was, and how it ended.
    pub(super) fn when(&self) -> String {
        let since = at(self.since);
        let Some(ended) = self.ended else {
            return format!("since {since}, for {}", self.lasted);
        };
        let (ended, lasted) = (at(ended), &self.lasted);
        let how = match self.ending.as_deref() {
            Some("unknown") => "; whether it is over is not known any more",
            Some("rule_removed") => "; its rule was removed",
            Some("relabelled") => "; its rule gives it other labels, under which it goes on",
            Some("subject_removed") => "; what it speaks of was removed from the configuration",
            Some(_) | None => "",
        };
        let changed = match &*self.changed {
            "" => String::new(),
            changed => format!("; meanwhile: {changed}"),
        };
        format!("from {since} to {ended}, for {lasted}{how}{changed}")
    }
}

/// Of a list, the names of its rules in one line.
fn kinds(items: &[TemplateAlert]) -> String {
    let names: BTreeSet<_> = items.iter().map(|item| &*item.alertname).collect();
    let names: Vec<_> = names.into_iter().collect();
    match &names[..] {
        [first, second, others @ ..] if !others.is_empty() => {
            format!("{first}, {second} and {} more", others.len())
        }
        names => names.join(", "),
    }
}
