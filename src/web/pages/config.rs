//! The page of the configuration in force: what was resolved, for people, without a secret.
//!
//! Phones are counted by what holds for them; each alone is told by `phones --effective`. Of whoever is
//! told of alerts the name and the kind are shown, never an address: those carry tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerting_config;
use crate::config::ValueKind;
use crate::fleet::reading::LineDetail;
use crate::fleet::{Fleet, Moment, Place};
use crate::notify::channel::{Channel, Receiver};
use crate::notify::route::RepeatInterval;
use crate::rules::time_interval::TimeIntervals;
use crate::rules::{matcher, promql};
use crate::web::html::Html;
use crate::web::{Settings, words};

use super::{Renewal, columns, end_of_table, frame, pair, row, signs};

/// The page.
pub(in crate::web) fn config(
    fleet: &Fleet,
    picture: &AlertSnapshot,
    now: Moment,
    settings: &Settings,
) -> String {
    frame("Configuration", now.wall, Renewal::EachMinute, |html| {
        html.markup("<h1>Configuration</h1>\n");
        reading(html, settings, now);
        html.markup("<div class=\"parts\">\n");
        listener(html, settings);
        phones(html, fleet, settings);
        published(html, settings);
        alerting(html, &picture.settings);
        html.markup("</div>\n");
        told(html, &picture.settings);
        rules(html, &picture.settings);
        kept_back(html, &picture.settings);
    })
}

/// Whether this is what stands in the files.
fn reading(html: &mut Html, settings: &Settings, now: Moment) {
    let read = settings.reload;
    if read.successful {
        html.markup("<p>Read without a fault ");
    } else {
        html.markup(
            "<p class=\"note\"><b>What stands in the files now has faults</b> and was refused; \
             <code>check-config</code> names them. In force is what was read ",
        );
    }
    html.text(words::since(read.last_success, now.wall))
        .markup(" ago.</p>\n");
    for warning in &settings.overview.warnings {
        html.markup("<p class=\"note\">")
            .text(warning)
            .markup("</p>\n");
    }
}

fn listener(html: &mut Html, settings: &Settings) {
    let listener = &settings.entrance.listener;
    let users: Vec<_> = listener
        .users
        .iter()
        .map(|user| {
            let operates = settings.entrance.operators.contains(&user.name);
            let may = if operates { " (operates)" } else { "" };
            format!("{}{may}", user.name)
        })
        .collect();
    let overview = &settings.overview;
    html.markup("<section><h2>Listener and state</h2>\n<dl>");
    let listen: Vec<_> = overview.listen.iter().map(ToString::to_string).collect();
    pair(html, "Listens on", listen.join(", "));
    let clients = listener.tls.as_ref().and_then(|tls| tls.clients.as_ref());
    pair(
        html,
        "Encryption",
        match (&listener.tls, clients) {
            (None, _) => "none: plain HTTP",
            (Some(_), Some(clients)) if clients.verified => "TLS, certificates of clients verified",
            (Some(_), _) => "TLS",
        },
    );
    let users = if users.is_empty() {
        "none: everybody may read, nobody may change".to_owned()
    } else {
        users.join(", ")
    };
    pair(html, "Users", users);
    if !settings.entrance.proxies.is_empty() {
        let proxies = settings.entrance.proxies.iter();
        let proxies: Vec<_> = proxies.map(ToString::to_string).collect();
        pair(html, "Proxies", proxies.join(", "));
    }
    match &overview.state_dir {
        Some(directory) => pair(html, "State", directory.display()),
        None => pair(html, "State", "in memory"),
    }
    html.markup("</dl></section>\n");
}

fn phones(html: &mut Html, fleet: &Fleet, settings: &Settings) {
    let overview = &settings.overview;
    let count = |what: fn(&Place) -> bool| {
        let phones = fleet.phones();
        phones.filter(|phone| what(&phone.place)).count()
    };
    html.markup("<section><h2>Phones</h2>\n<dl>");
    pair(html, "Polled here", fleet.phones().len());
    if overview.shard.count > 1 {
        let shard = overview.shard;
        let part = format!("index {} of {}", shard.index, shard.count);
        pair(html, "Part of the list", part);
    }
    if !overview.disabled.is_empty() {
        pair(html, "Not enabled", overview.disabled.len());
    }
    pair(html, "At the same time", overview.max_in_flight);
    pair(html, "Portable", count(|place| place.portable));
    pair(
        html,
        "Over HTTPS",
        count(|place| place.tls_verified.is_some()),
    );
    let of = |length: fn(&Place) -> Duration| lengths(fleet, length);
    pair(html, "Polled every", of(|place| place.interval));
    pair(html, "P-values every", of(|place| place.values_interval));
    pair(html, "Stale after", of(|place| place.stale_after));
    html.markup("</dl></section>\n");
}

/// How many phones have which length of time: `30s`, or `15s (2 phones), 30s (178 phones)`.
fn lengths(fleet: &Fleet, length: fn(&Place) -> Duration) -> String {
    let mut counts: BTreeMap<Duration, usize> = BTreeMap::new();
    for phone in fleet.phones() {
        *counts.entry(length(&phone.place)).or_default() += 1;
    }
    if let [(length, _)] = counts.iter().collect::<Vec<_>>()[..] {
        return written(*length);
    }
    let counted = counts.iter().map(|(length, count)| {
        let length = written(*length);
        format!("{length} ({count} phones)")
    });
    counted.collect::<Vec<_>>().join(", ")
}

fn published(html: &mut Html, settings: &Settings) {
    let metrics = settings.metrics;
    let on = |on| if on { "on" } else { "off" };
    html.markup("<section><h2>Published</h2>\n<dl>");
    let lines = match metrics.keep.lines {
        LineDetail::PerLine => "per_line",
        LineDetail::PerPhone => "per_phone",
        LineDetail::Off => "off",
    };
    pair(html, "lines", lines);
    pair(html, "line_state", on(metrics.line_state));
    pair(html, "clock", on(metrics.clock));
    pair(html, "sip_user", on(metrics.keep.sip_user));
    pair(html, "mac_address", on(metrics.mac_address));
    let values = settings.values.iter().map(|value| {
        let kind = match value.kind {
            ValueKind::Info => "info",
            ValueKind::Number => "number",
        };
        format!("{} as {kind}", value.pvalue)
    });
    pair(html, "P-values", values.collect::<Vec<_>>().join(", "));
    html.markup("</dl></section>\n");
}

fn alerting(html: &mut Html, settings: &alerting_config::Settings) {
    html.markup("<section><h2>Alerting</h2>\n<dl>");
    let judged = if settings.enabled { "here" } else { "not here" };
    pair(html, "Alerts are judged", judged);
    if !settings.external_url.is_empty() {
        pair(html, "external_url", &settings.external_url);
    }
    let longest = written(settings.longest_silence);
    pair(html, "A silence lasts at most", longest);
    let damping = settings.suppression.damping;
    let flapping = format!(
        "{} changes within {}, until calm for {}",
        damping.changes,
        written(damping.within),
        written(damping.calm)
    );
    pair(html, "Flapping is", flapping);
    if let Some(heartbeat) = &settings.heartbeat {
        let every = format!("every {}", written(heartbeat.interval));
        pair(html, "Heartbeat", every);
    }
    html.markup("</dl></section>\n");
}

/// Who is told.
fn told(html: &mut Html, settings: &alerting_config::Settings) {
    if settings.receivers.is_empty() && settings.alertmanagers.is_empty() {
        return;
    }
    html.markup("<section><h2>Who is told</h2>\n");
    columns(
        html,
        &["Receiver", "By", "Of what", "Grouped by", "Repeated"],
    );
    for manager in &settings.alertmanagers {
        row(
            html,
            &[&manager.name, &"Alertmanager", &"everything", &"", &""],
        );
    }
    for receiver in &settings.receivers {
        let route = &receiver.route;
        let of = matcher::written(&route.matching);
        let of = if of.is_empty() { "everything" } else { &of };
        let repeated = match &route.repeat_interval {
            RepeatInterval::Off => "never".to_owned(),
            RepeatInterval::Every(every) => format!("every {}", written(*every)),
            RepeatInterval::Daily { at, .. } => format!("daily at {}", at.strftime("%H:%M")),
        };
        row(
            html,
            &[
                &route.receiver,
                &kind(receiver),
                &of,
                &route.group_by.join(", "),
                &repeated,
            ],
        );
    }
    end_of_table(html);
    html.markup("</section>\n");
}

/// The way to a receiver, without its address.
fn kind(receiver: &Receiver) -> String {
    match &receiver.channel {
        Channel::Email(email) => format!("mail to {}", email.to.len()),
        Channel::Webhook(webhook) => format!("webhook, {}", webhook.body.word()),
    }
}

fn rules(html: &mut Html, settings: &alerting_config::Settings) {
    let rules: Vec<_> = settings.rules.iter().collect();
    if rules.is_empty() {
        return;
    }
    html.markup("<section><h2>Rules</h2>\n");
    columns(
        html,
        &[
            "Rule",
            "Severity",
            "For",
            "Polls",
            "Keeps firing for",
            "Where",
        ],
    );
    for known in rules {
        let rule = &known.rule;
        html.markup("<tr><td>").text(&rule.name).markup("</td><td>");
        signs::badge(html, rule.severity().unwrap_or_default());
        html.markup("</td><td>")
            .text(length(rule.hold))
            .markup("</td><td>")
            .text(rule.min_polls)
            .markup("</td><td>")
            .text(length(rule.keep_firing_for))
            .markup("</td><td>")
            .text(rule.only.selector())
            .markup("</td></tr>\n");
    }
    end_of_table(html);
    html.markup("</section>\n");
}

/// A length of time, or nothing for none.
fn length(length: Duration) -> String {
    if length.is_zero() {
        return String::new();
    }
    written(length)
}

/// A length of time as the configuration may have it.
fn written(length: Duration) -> String {
    promql::duration(length)
}

/// Windows and what explains what.
fn kept_back(html: &mut Html, settings: &alerting_config::Settings) {
    let suppression = &settings.suppression;
    if !suppression.windows.is_empty() {
        html.markup("<section><h2>Maintenance windows</h2>\n");
        columns(html, &["Window", "When", "What"]);
        for window in &suppression.windows {
            let what = matcher::written(&window.matching);
            let what = if what.is_empty() { "everything" } else { &what };
            row(html, &[&window.name, &times(&window.when), &what]);
        }
        end_of_table(html);
        html.markup("</section>\n");
    }
    if !suppression.inhibit_rules.is_empty() {
        html.markup("<section><h2>Inhibition rules</h2>\n");
        columns(html, &["Source", "Target", "Equal"]);
        for rule in &suppression.inhibit_rules {
            row(
                html,
                &[
                    &matcher::written(&rule.source_matchers),
                    &matcher::written(&rule.target_matchers),
                    &rule.equal.join(", "),
                ],
            );
        }
        end_of_table(html);
        html.markup("</section>\n");
    }
}

/// Time intervals: `tuesday-night: tuesday 22:00-23:30 Europe/Berlin`.
fn times(intervals: &TimeIntervals) -> String {
    let intervals = intervals.0.iter().map(|interval| {
        let parts: Vec<_> = interval.parts.iter().map(ToString::to_string).collect();
        format!("{}: {}", interval.name, parts.join("; "))
    });
    intervals.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::example;

    #[test]
    fn the_page_of_the_configuration() {
        let (fleet, picture) = (example::fleet(), example::picture());
        let page = config(&fleet, &picture, example::now(), &example::settings());
        assert!(!page.contains("t0ken"), "{page}");
        insta::assert_snapshot!("config", example::without_version(&page));
    }
}
