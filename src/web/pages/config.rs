//! The page of the configuration in force: resolved, and without a secret.
//!
//! Phones are counted by their settings; `phones --effective` lists them one by one. Of receivers only
//! the name and the kind are shown, since addresses may hold tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use maud::{Markup, display, html};

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerting_config;
use crate::alerts::board::KnownRule;
use crate::config::ValueKind;
use crate::fleet::reading::LineDetail;
use crate::fleet::{Fleet, Moment, Place};
use crate::notify::channel::{Channel, Receiver};
use crate::notify::route::RepeatInterval;
use crate::rules::matcher::{self, Matcher};
use crate::rules::promql;
use crate::rules::time_interval::TimeIntervals;
use crate::web::humanize;
use crate::web::settings::Settings;

use super::badges::severity_badge;
use super::components::{columns, pair, row};
use super::layout;

/// The page.
pub(in crate::web) fn config(
    fleet: &Fleet,
    snapshot: &AlertSnapshot,
    now: Moment,
    settings: &Settings,
) -> String {
    let alerts = &snapshot.settings;
    let main = html! {
        h1 { "Configuration" }
        (load_status(settings, now))
        div class="parts" {
            (listener(settings))
            (phones(fleet, settings))
            (metrics(settings))
            (alerting(alerts))
        }
        (receivers(alerts))
        (rules(alerts))
        (windows(alerts))
        (inhibition_rules(alerts))
    };
    layout::page(
        "Configuration",
        now.wall,
        layout::Refresh::EveryMinute,
        &main,
    )
}

/// Whether the files in force are those on disk.
fn load_status(settings: &Settings, now: Moment) -> Markup {
    let status = settings.reload;
    let loaded = humanize::duration(now.since(status.last_success));
    html! {
        @if status.successful {
            p { "Loaded without errors " (loaded) " ago." }
        } @else {
            p class="note" {
                b { "The last reload failed: the files on disk have errors." }
                " Run " code { "check-config" } " to list them. The configuration loaded "
                (loaded) " ago stays in force."
            }
        }
        @for warning in &settings.summary.warnings { p class="note" { (warning) } }
    }
}

fn listener(settings: &Settings) -> Markup {
    let (server, summary) = (&settings.server_config, &settings.summary);
    let users: Vec<_> = server
        .listener
        .users
        .iter()
        .map(|user| {
            let operates = server.operators.contains(&user.name);
            format!("{}{}", user.name, if operates { " (operator)" } else { "" })
        })
        .collect();
    let tls = server.listener.tls.as_ref();
    let clients = tls.and_then(|tls| tls.clients.as_ref());
    let encryption = match (tls, clients) {
        (None, _) => "none: plain HTTP",
        (Some(_), Some(clients)) if clients.verified => "TLS, client certificates verified",
        (Some(_), _) => "TLS",
    };
    html! {
        section {
            h2 { "Listener and state" }
            dl {
                (pair("Listens on", list(&summary.listen)))
                (pair("Encryption", encryption))
                @if users.is_empty() {
                    (pair("Users", "none: everyone may read, changes only over the control socket"))
                } @else {
                    (pair("Users", users.join(", ")))
                }
                @if !server.proxies.is_empty() { (pair("Proxies", list(&server.proxies))) }
                @match &summary.state_dir {
                    Some(directory) => (pair("State directory", directory.display())),
                    None => (pair("State directory", "none: state is kept in memory")),
                }
            }
        }
    }
}

fn phones(fleet: &Fleet, settings: &Settings) -> Markup {
    let summary = &settings.summary;
    let count = |what: fn(&Place) -> bool| {
        let phones = fleet.phones();
        phones.filter(|phone| what(&phone.place)).count()
    };
    let shard = summary.shard;
    html! {
        section {
            h2 { "Phones" }
            dl {
                (pair("Polled", fleet.phones().len()))
                @if shard.count > 1 {
                    (pair("Shard", format_args!("index {} of {}", shard.index, shard.count)))
                }
                @if !summary.disabled.is_empty() { (pair("Disabled", summary.disabled.len())) }
                (pair("Max in flight", summary.max_in_flight))
                (pair("Portable", count(|place| place.portable)))
                (pair("HTTPS", count(|place| place.tls_verified.is_some())))
                (pair("Poll interval", durations(fleet, |place| place.interval)))
                (pair("P-value interval", durations(fleet, |place| place.values_interval)))
                (pair("Stale after", durations(fleet, |place| place.stale_after)))
            }
        }
    }
}

/// How many phones have which duration: `30s`, or `15s (2 phones), 30s (178 phones)`.
fn durations(fleet: &Fleet, duration: fn(&Place) -> Duration) -> String {
    let mut counts: BTreeMap<Duration, usize> = BTreeMap::new();
    for phone in fleet.phones() {
        *counts.entry(duration(&phone.place)).or_default() += 1;
    }
    if let [(duration, _)] = counts.iter().collect::<Vec<_>>()[..] {
        return promql::duration(*duration);
    }
    let counted = counts.iter().map(|(duration, count)| {
        let duration = promql::duration(*duration);
        format!("{duration} ({count} phones)")
    });
    counted.collect::<Vec<_>>().join(", ")
}

fn metrics(settings: &Settings) -> Markup {
    let metrics = settings.metrics;
    let on = |on| if on { "on" } else { "off" };
    let lines = match metrics.keep.lines {
        LineDetail::PerLine => "per_line",
        LineDetail::PerPhone => "per_phone",
        LineDetail::Off => "off",
    };
    let values = settings.values.iter().map(|value| {
        let kind = match value.kind {
            ValueKind::Info => "info",
            ValueKind::Number => "number",
        };
        format!("{} as {kind}", value.pvalue)
    });
    let values = values.collect::<Vec<_>>().join(", ");
    html! {
        section {
            h2 { "Metrics" }
            dl {
                (pair("lines", lines))
                (pair("line_state", on(metrics.line_state)))
                (pair("clock", on(metrics.clock)))
                (pair("sip_user", on(metrics.keep.sip_user)))
                (pair("mac_address", on(metrics.mac_address)))
                (pair("P-values", values))
            }
        }
    }
}

fn alerting(settings: &alerting_config::Settings) -> Markup {
    let damping = settings.suppression.damping;
    let flapping = format!(
        "{} changes within {}, until stable for {}",
        damping.changes,
        promql::duration(damping.within),
        promql::duration(damping.calm)
    );
    html! {
        section {
            h2 { "Alerting" }
            dl {
                (pair("enabled", settings.enabled))
                @if !settings.external_url.is_empty() { (pair("external_url", &settings.external_url)) }
                (pair("Longest silence", promql::duration(settings.longest_silence)))
                (pair("Flapping after", flapping))
                @if let Some(heartbeat) = &settings.heartbeat {
                    (pair("Heartbeat", format_args!("every {}", promql::duration(heartbeat.interval))))
                }
            }
        }
    }
}

fn receivers(settings: &alerting_config::Settings) -> Markup {
    html! {
        @if !(settings.receivers.is_empty() && settings.alertmanagers.is_empty()) {
            section {
                h2 { "Receivers" }
                table {
                    (columns(&["Receiver", "Type", "Matchers", "Grouped by", "Repeat interval"]))
                    tbody {
                        @for manager in &settings.alertmanagers {
                            (row(&[&manager.name, &"Alertmanager", &"all alerts", &"", &""]))
                        }
                        @for receiver in &settings.receivers { (receiver_row(receiver)) }
                    }
                }
            }
        }
    }
}

fn receiver_row(receiver: &Receiver) -> Markup {
    let route = &receiver.route;
    // The type without its address.
    let kind = match &receiver.channel {
        Channel::Email(email) => match email.to.len() {
            1 => "email, 1 recipient".to_owned(),
            many => format!("email, {many} recipients"),
        },
        Channel::Webhook(webhook) => format!("webhook, {}", webhook.body.word()),
    };
    let repeat = match &route.repeat_interval {
        RepeatInterval::Off => "off".to_owned(),
        RepeatInterval::Every(every) => promql::duration(*every),
        RepeatInterval::Daily { at, .. } => format!("daily at {}", at.strftime("%H:%M")),
    };
    let matchers = matchers_or_all(&route.matching);
    let group_by = route.group_by.join(", ");
    row(&[&route.receiver, &kind, &matchers, &group_by, &repeat])
}

fn rules(settings: &alerting_config::Settings) -> Markup {
    html! {
        @if settings.rules.iter().next().is_some() {
            section {
                h2 { "Rules" }
                table {
                    (columns(&["Rule", "Severity", "For", "Min polls", "Keep firing for", "Matchers"]))
                    tbody { @for known in settings.rules.iter() { (rule_row(known)) } }
                }
            }
        }
    }
}

fn rule_row(known: &KnownRule) -> Markup {
    let rule = &known.rule;
    let unless_zero = |length: Duration| (!length.is_zero()).then(|| promql::duration(length));
    html! {
        tr {
            td { (rule.name) }
            td { (severity_badge(rule.severity().unwrap_or_default())) }
            td { (unless_zero(rule.hold).unwrap_or_default()) }
            td { (rule.min_polls) }
            td { (unless_zero(rule.keep_firing_for).unwrap_or_default()) }
            td { (display(rule.only.selector())) }
        }
    }
}

fn windows(settings: &alerting_config::Settings) -> Markup {
    let windows = &settings.suppression.windows;
    html! {
        @if !windows.is_empty() {
            section {
                h2 { "Maintenance windows" }
                table {
                    (columns(&["Window", "Time intervals", "Matchers"]))
                    tbody {
                        @for window in windows {
                            (row(&[&window.name, &times(&window.when), &matchers_or_all(&window.matching)]))
                        }
                    }
                }
            }
        }
    }
}

fn inhibition_rules(settings: &alerting_config::Settings) -> Markup {
    let rules = &settings.suppression.inhibit_rules;
    html! {
        @if !rules.is_empty() {
            section {
                h2 { "Inhibition rules" }
                table {
                    (columns(&["Source", "Target", "Equal"]))
                    tbody {
                        @for rule in rules {
                            (row(&[
                                &matcher::written(&rule.source_matchers),
                                &matcher::written(&rule.target_matchers),
                                &rule.equal.join(", "),
                            ]))
                        }
                    }
                }
            }
        }
    }
}

fn matchers_or_all(matchers: &[Matcher]) -> String {
    if matchers.is_empty() {
        return "all alerts".to_owned();
    }
    matcher::written(matchers)
}

/// Time intervals: `tuesday-night: tuesday 22:00-23:30 Europe/Berlin`.
fn times(intervals: &TimeIntervals) -> String {
    let intervals = intervals.0.iter().map(|interval| {
        let parts: Vec<_> = interval.parts.iter().map(ToString::to_string).collect();
        format!("{}: {}", interval.name, parts.join("; "))
    });
    intervals.collect::<Vec<_>>().join("; ")
}

fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture;

    #[test]
    fn the_page_of_the_configuration() {
        let (fleet, snapshot) = (fixture::fleet(), fixture::snapshot());
        let page = config(&fleet, &snapshot, fixture::now(), &fixture::settings());
        assert!(!page.contains("t0ken"), "{page}");
        insta::assert_snapshot!("config", fixture::golden_page(&page));
    }
}
