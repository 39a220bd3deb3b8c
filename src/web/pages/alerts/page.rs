//! The order of the page of alerts, and its warnings.

use maud::{Markup, html};

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::Moment;
use crate::web::pages::layout::{self, Refresh};
use crate::web::query::Query;

use super::view::AlertsView;
use super::{alerts_table, deliveries, rules_table, silences};

/// The page.
pub(in crate::web) fn alerts(view: AlertsView<'_>, now: Moment, query: &Query) -> String {
    let is_writing = query.get("silence").is_some();
    let refresh = if is_writing {
        Refresh::Never
    } else {
        Refresh::EveryMinute
    };
    let main = html! {
        h1 { "Alerts" }
        (warnings(view.snapshot))
        @if is_writing { (silences::form(view.may_operate, query)) }
        (alerts_table::section(view, now, query))
        (silences::list(view, now))
        (deliveries::section(view, now))
        (rules_table::section(view.snapshot))
    };
    layout::page("Alerts", now.wall, refresh, &main)
}

/// What keeps alerts from being evaluated or stored.
fn warnings(snapshot: &AlertSnapshot) -> Markup {
    html! {
        @if !snapshot.settings.enabled {
            p class="note" {
                "This exporter does not evaluate alerts. Set " code { "alerting: { enabled: true }" }
                " in the configuration to change that. Silences work nevertheless: rules that Prometheus \
                 has from " code { "rules export" } " skip muted phones."
            }
        }
        @if let Some(fault) = &snapshot.keeping.fault {
            p class="note" {
                b { "The state of alerts is only in memory and will not survive a restart:" }
                " " (fault)
            }
        }
    }
}
