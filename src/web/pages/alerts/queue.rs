//! How telling goes: of each receiver what waits, and what was given up and waits for a person.

use crate::alert_engine::command::OutboxEntry;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::Moment;
use crate::web::alerting::{notice, recipients};
use crate::web::html::Html;
use crate::web::pages::{columns, end_of_table, left_out, row};
use crate::web::words;

use super::Scene;

/// How many messages that were given up are listed; the rest is counted.
const ROWS: usize = 100;

/// The whole section; nothing where nobody is told.
pub(super) fn write(html: &mut Html, scene: Scene<'_>, now: Moment) {
    let picture = scene.picture;
    let dead = scene.letters.map(|letters| {
        let dead = letters.iter().filter(|letter| letter.dead);
        dead.collect::<Vec<_>>()
    });
    let nobody = picture.queues.is_empty() && picture.tallies.alertmanagers.is_empty();
    if nobody && dead.as_ref().is_none_or(Vec::is_empty) {
        return;
    }
    html.markup("<section id=\"notifications\"><h2>Messages</h2>\n");
    receivers(html, picture, now);
    alertmanagers(html, picture);
    match dead {
        None => {
            html.markup("<p>Which messages wait is not known now: the alert task is busy.</p>\n");
        }
        Some(dead) if dead.is_empty() => {}
        Some(dead) => given_up(html, &dead, scene.may_operate, now),
    }
    html.markup("</section>\n");
}

fn receivers(html: &mut Html, picture: &AlertSnapshot, now: Moment) {
    if picture.queues.is_empty() {
        return;
    }
    columns(
        html,
        &["Receiver", "Waiting", "Oldest", "Given up", "Failing for"],
    );
    for (receiver, queue) in picture.queues.iter() {
        let oldest = queue.oldest.map(|at| words::since(at, now.wall));
        let failing = queue.failing.map(words::duration);
        row(
            html,
            &[
                receiver,
                &queue.waiting,
                &oldest.unwrap_or_default(),
                &queue.dead,
                &failing.unwrap_or_default(),
            ],
        );
    }
    end_of_table(html);
}

fn alertmanagers(html: &mut Html, picture: &AlertSnapshot) {
    if picture.tallies.alertmanagers.is_empty() {
        return;
    }
    columns(
        html,
        &[
            "Alertmanager",
            "Sent",
            "Failed requests",
            "Refused",
            "Waiting",
        ],
    );
    for (name, tally) in &picture.tallies.alertmanagers {
        row(
            html,
            &[
                name,
                &tally.sent,
                &tally.errors,
                &tally.dropped,
                &tally.waiting,
            ],
        );
    }
    end_of_table(html);
}

fn given_up(html: &mut Html, dead: &[&OutboxEntry], may_operate: bool, now: Moment) {
    html.markup("<h2>Given up</h2>\n");
    columns(
        html,
        &[
            "",
            "Receiver",
            "Written",
            "What",
            "Attempts",
            "Why it failed",
            "",
        ],
    );
    for letter in dead.iter().take(ROWS) {
        html.markup("<tr><td>")
            .text(letter.id)
            .markup("</td><td>")
            .text(&letter.new.receiver);
        if let Some(recipients) = recipients(letter) {
            html.text(format_args!(": {}", recipients.join(", ")));
        }
        html.markup("</td><td>")
            .text(words::since(letter.created, now.wall))
            .markup(" ago</td><td>");
        match notice(letter) {
            Some(notice) => html.text(format_args!(
                "{} firing, {} over",
                notice.firing.len(),
                notice.over.len()
            )),
            None => html.markup("written by another version"),
        };
        html.markup("</td><td>")
            .text(letter.attempts)
            .markup("</td><td>")
            .text(letter.error.as_deref().unwrap_or_default())
            .markup("</td><td>");
        if may_operate {
            button(html, letter.id, "/retry\"><button>Try again</button>");
            button(html, letter.id, "/drop\"><button>Drop</button>");
        }
        html.markup("</td></tr>\n");
    }
    end_of_table(html);
    left_out(html, dead.len(), ROWS, "/api/v1/notifications");
}

fn button(html: &mut Html, id: i64, rest: &'static str) {
    html.markup("<form method=\"post\" action=\"/alerts/notifications/")
        .text(id)
        .markup(rest)
        .markup("</form>");
}
