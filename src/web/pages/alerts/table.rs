//! The alerts in a table, a part at a time.

use crate::alerts::board::Alert;
use crate::fleet::Moment;
use crate::rules::labels::{self, Pair};
use crate::rules::severity;
use crate::web::alerting::texts;
use crate::web::html::Html;
use crate::web::pages::part::Part;
use crate::web::pages::{encode, prose, runbooks, signs};
use crate::web::query::Query;
use crate::web::words;

use super::Scene;

/// What somebody should look at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// It fires and may be said.
    Firing,
    /// It does not fire yet.
    Pending,
    /// It fires and is not said.
    KeptBack,
}

/// An alert in its order.
struct Row<'a> {
    class: Class,
    alert: &'a Alert,
    /// Its texts; empty while it is pending, since only those that are shown are rendered.
    texts: &'a [Pair],
}

/// Summary, filter and table.
pub(super) fn write(html: &mut Html, scene: Scene<'_>, now: Moment, query: &Query) {
    let all = rows(scene);
    let words = query.get("q").unwrap_or_default().trim().to_lowercase();
    summary(html, &all);
    if all.is_empty() {
        html.markup("<p>Nothing fires and nothing is pending.</p>\n");
        return;
    }
    html.markup("<form method=\"get\" action=\"/alerts\">\n<label>Find <input type=\"search\" ")
        .markup("name=\"q\" placeholder=\"alert, phone, site\" value=\"")
        .text(&words)
        .markup("\"></label>\n<button>Show</button>\n</form>\n");
    let found: Vec<_> = all.iter().filter(|row| row.holds(&words)).collect();
    if found.is_empty() {
        html.markup("<p>No alert is like that. <a href=\"/alerts\">Show all</a></p>\n");
        return;
    }
    let part = Part::of(query, found.len());
    html.markup(
        "<table class=\"alerts\">\n<thead><tr><th>Alert</th><th>Of</th><th>Site</th><th>Since</th>\
         <th>What is wrong</th><th>State</th><th></th></tr></thead>\n<tbody>\n",
    );
    for row in part.rows(&found) {
        row.write(html, scene, now);
    }
    html.markup("</tbody>\n</table>\n");
    part.links(html, |part| {
        format!("/alerts?q={}&page={part}", encode(&words))
    });
}

fn rows(scene: Scene<'_>) -> Vec<Row<'_>> {
    let active = scene.picture.board.active();
    let row = |alert| Row {
        class: Class::of(alert),
        alert,
        texts: scene.picture.texts_of(alert),
    };
    let mut rows: Vec<_> = active.map(row).collect();
    rows.sort_by_key(|row| {
        let Row { class, alert, .. } = row;
        let rank = severity::rank(alert.severity());
        (*class, rank, site(alert), &alert.labels, &alert.subject)
    });
    rows
}

fn site(alert: &Alert) -> &str {
    labels::text(&alert.labels, "site")
}

impl Class {
    fn of(alert: &Alert) -> Self {
        if alert.state.is_pending() {
            Self::Pending
        } else if alert.is_shown() {
            Self::Firing
        } else {
            Self::KeptBack
        }
    }
}

impl Row<'_> {
    fn holds(&self, words: &str) -> bool {
        let labels = self.alert.labels.iter().map(|(_, value)| &**value);
        let mut texts = labels.chain([labels::text(self.texts, "summary")]);
        texts.any(|text| text.to_lowercase().contains(words))
    }

    fn write(&self, html: &mut Html, scene: Scene<'_>, now: Moment) {
        let alert = self.alert;
        html.markup("<tr><td data-name=\"Alert\">");
        signs::badge(html, alert.severity());
        html.markup(" <b>")
            .text(&alert.rule().name)
            .markup("</b></td><td data-name=\"Of\">");
        signs::subject(html, alert);
        html.markup("</td><td data-name=\"Site\">");
        if !site(alert).is_empty() {
            html.markup("<span class=\"name\">")
                .text(site(alert))
                .markup("</span>");
        }
        html.markup("</td><td data-name=\"Since\">")
            .text(words::since(alert.active_at.wall, now.wall))
            .markup("</td><td data-name=\"What is wrong\">");
        self.wrong(html, &texts(alert, scene.picture, scene.fleet, now));
        html.markup("</td><td data-name=\"State\">");
        signs::state(html, alert, scene.picture, now);
        html.markup("</td><td>");
        if scene.may_operate && self.class != Class::KeptBack {
            html.markup("<a href=\"")
                .text(signs::silence_path(alert))
                .markup("\">Silence</a>");
        }
        html.markup("</td></tr>\n");
    }

    fn wrong(&self, html: &mut Html, texts: &[Pair]) {
        let alert = self.alert;
        html.text(labels::text(texts, "summary"));
        let told = ["alertname", "severity", "phone", "site", "account", "line"];
        let others = alert
            .labels
            .iter()
            .filter(|(name, _)| !told.contains(&&**name));
        let others = labels::written(others, " ");
        if !others.is_empty() {
            html.markup("<small>").text(others).markup("</small>");
        }
        html.markup("<small>");
        let steps = labels::text(texts, "first_steps");
        if !steps.is_empty() {
            html.markup("<b>First</b> ");
            prose(html, steps, |html, text| {
                html.text(text);
            });
            html.markup(" ");
        }
        runbook_link(html, &alert.rule().name, labels::text(texts, "runbook_url"));
        html.markup("</small>");
    }
}

/// Only an address of the web becomes a link: a text of the configuration is no script. Otherwise it
/// leads to what is known of the rule here.
fn runbook_link(html: &mut Html, rule: &str, address: &str) {
    html.markup("<a rel=\"noreferrer noopener\" href=\"");
    if address.starts_with("https://") || address.starts_with("http://") {
        html.text(address);
    } else {
        runbooks::link(html, rule);
    }
    html.markup("\">Runbook</a>");
}

fn summary(html: &mut Html, all: &[Row<'_>]) {
    let count = |class| {
        let rows = all.iter().filter(|row| row.class == class);
        rows.filter(|row| signs::matters(row.alert)).count()
    };
    let fires = match count(Class::Firing) {
        1 => "1 alert fires".to_owned(),
        many => format!("{many} alerts fire"),
    };
    html.markup("<p class=\"summary\"><strong>")
        .text(fires)
        .markup("</strong>");
    for (class, words) in [(Class::Pending, "pending"), (Class::KeptBack, "kept back")] {
        let count = count(class);
        if count > 0 {
            html.markup(" <span>")
                .text(format_args!("{count} {words}"))
                .markup("</span>");
        }
    }
    html.markup("</p>\n");
}
