//! The page of alerts: what fires first, then what is pending, then what is kept back and why; then
//! silences, messages that wait, and the rules.
//!
//! What changes something is a form, shown only to those who may. There is no script, and while a
//! silence is being written the page is not renewed.

mod queue;
mod rules;
mod silences;
mod table;

use crate::alert_engine::command::OutboxEntry;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::{Fleet, Moment};
use crate::web::html::Html;
use crate::web::query::Query;

use super::{Renewal, frame};

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct Scene<'a> {
    pub(in crate::web) fleet: &'a Fleet,
    pub(in crate::web) picture: &'a AlertSnapshot,
    /// Messages that wait or were given up; `None` if the alert task did not tell.
    pub(in crate::web) letters: Option<&'a [OutboxEntry]>,
    /// Whether whoever looks at it may change something.
    pub(in crate::web) may_operate: bool,
}

/// The page.
pub(in crate::web) fn alerts(scene: Scene<'_>, now: Moment, query: &Query) -> String {
    let is_writing = query.get("silence").is_some();
    let renewal = if is_writing {
        Renewal::Never
    } else {
        Renewal::EachMinute
    };
    frame("Alerts", now.wall, renewal, |html| {
        html.markup("<h1>Alerts</h1>\n");
        warnings(html, scene.picture);
        if is_writing {
            silences::form(html, scene.may_operate, query);
        }
        table::write(html, scene, now, query);
        silences::list(html, scene, now);
        queue::write(html, scene, now);
        rules::write(html, scene.picture);
    })
}

/// What keeps alerts from being judged, told or kept.
fn warnings(html: &mut Html, picture: &AlertSnapshot) {
    if !picture.settings.enabled {
        html.markup(
            "<p class=\"note\">Alerts are not judged here. <code>alerting: { enabled: true }</code> in \
             the configuration switches that on. Silences work all the same: rules in Prometheus that \
             were exported from here leave out phones that are muted.</p>\n",
        );
    }
    if let Some(fault) = &picture.keeping.fault {
        html.markup("<p class=\"note\"><b>What must survive a restart is only in memory:</b> ")
            .text(fault)
            .markup("</p>\n");
    }
}

/// What is said instead of a form to those who may not.
const WHO_MAY: &str = "Changes are for users that <code>access.operate</code> names, and for \
                       <code>grandstream-exporter silence</code> and <code>notify</code> on the \
                       machine itself.";

#[cfg(test)]
mod tests;
