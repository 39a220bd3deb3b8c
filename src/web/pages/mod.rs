//! Pages for people: the fleet, one phone, alerts, runbooks, the configuration. Rendered whole, without script.
//!
//! They are functions of a snapshot and the time like everything else here. What is wrong is said in
//! words and shapes, not in colour alone.

mod alerts;
mod badges;
mod config;
mod fleet;
mod pagination;
mod phone;
mod runbooks;

use std::fmt;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::fleet::guard::{Held, HeldBecause};
use crate::fleet::{Endpoint, Failure, Moment, Phone, Reason};

use super::html::Html;
use super::humanize;
use super::phone_health::{PhoneHealth, registrations};

pub(super) use alerts::{AlertsView, alerts};
pub(super) use config::config;
pub(super) use fleet::fleet;
pub(super) use phone::{HISTORY, MAX_HISTORY, PhoneView, phone};
pub(super) use runbooks::runbooks;

/// The style sheet.
pub(super) const STYLE: &str = include_str!("style.css");

/// Whether a page is loaded again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    EachMinute,
    /// What is being typed would be lost.
    Never,
}

/// A whole page around `main`.
fn frame(title: &str, now: Timestamp, renewal: Renewal, main: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.markup(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    );
    let (refresh, renewed) = match renewal {
        Renewal::EachMinute => (
            "<meta http-equiv=\"refresh\" content=\"60\">\n",
            ", renewed every minute. ",
        ),
        Renewal::Never => ("", ". "),
    };
    html.markup(refresh)
        .markup(
            "<link rel=\"icon\" href=\"data:,\">\n\
             <link rel=\"stylesheet\" href=\"/style.css\">\n<title>",
        )
        .text(title)
        .markup(
            "</title>\n</head>\n<body>\n<header><nav><a href=\"/\">Phones</a>\
             <a href=\"/alerts\">Alerts</a><a href=\"/config\">Configuration</a></nav></header>\n\
             <main>\n",
        );
    main(&mut html);
    html.markup("</main>\n<footer>As of ")
        .text(humanize::instant(now))
        .markup(renewed)
        .markup(
            "<a href=\"/metrics\">Metrics</a> <a href=\"/api/v1/phones\">JSON</a>\
             <span>grandstream-exporter ",
        )
        .text(env!("CARGO_PKG_VERSION"))
        .markup("</span></footer>\n</body>\n</html>\n");
    html.into_string()
}

/// The page that says why an order was not carried out.
pub(super) fn action_failed(why: &str, now: Moment) -> String {
    frame("Not done", now.wall, Renewal::Never, |html| {
        html.markup("<h1>Not done</h1>\n<p>")
            .text(why)
            .markup("</p>\n<p><a href=\"/alerts\">Back to the alerts</a></p>\n");
    })
}

/// A name and its value in a list of such.
fn pair(html: &mut Html, name: &str, value: impl fmt::Display) {
    html.markup("<dt>")
        .text(name)
        .markup("</dt><dd>")
        .text(value)
        .markup("</dd>");
}

/// The beginning of a table with these columns.
fn columns(html: &mut Html, names: &[&'static str]) {
    html.markup("<table><thead><tr>");
    for name in names {
        html.markup("<th>").markup(name).markup("</th>");
    }
    html.markup("</tr></thead>\n<tbody>\n");
}

/// A row of plain cells.
fn row(html: &mut Html, cells: &[&dyn fmt::Display]) {
    html.markup("<tr>");
    for cell in cells {
        html.markup("<td>").text(cell).markup("</td>");
    }
    html.markup("</tr>\n");
}

/// The end of a table.
fn end_of_table(html: &mut Html) {
    html.markup("</tbody></table>\n");
}

/// Says that more were left out of a list than it shows, and where they all are.
fn left_out(html: &mut Html, all: usize, shown: usize, path: &'static str) {
    if let Some(more) = all.checked_sub(shown).filter(|more| *more > 0) {
        html.markup("<p>")
            .text(more)
            .markup(" more: <a href=\"")
            .markup(path)
            .markup("\">")
            .markup(path)
            .markup("</a> has them all.</p>\n");
    }
}

/// The word for how a phone does, with its shape and colour.
fn badge(html: &mut Html, health: PhoneHealth) {
    html.markup("<span class=\"health ")
        .text(health.label())
        .markup("\">")
        .text(health.label())
        .markup("</span>");
}

/// A reason, and what to do about it.
fn reason(html: &mut Html, reason: Reason) {
    html.markup("<small><b>")
        .text(reason.label())
        .markup("</b> ")
        .text(reason.mend())
        .markup("</small>");
}

/// What failed, and where.
fn failure(html: &mut Html, (endpoint, failure): (Option<Endpoint>, &Failure)) {
    html.markup("<b>").text(failure.reason.label());
    if let Some(endpoint) = endpoint {
        html.markup("</b> of <b>").text(endpoint.label());
    }
    html.markup("</b>: ").text(&failure.detail);
}

/// Says how many accounts are not registered, if any.
fn unregistered(html: &mut Html, phone: &Phone, now: Moment) {
    if let Some((registered, all)) = registrations(phone, now)
        && registered < all
    {
        html.markup("<small><b>registration</b> ")
            .text(format_args!(
                "{} of {all} accounts are not registered",
                all - registered
            ))
            .markup("</small>");
    }
}

/// Says that a phone is taken for down because it was not polled lately.
fn silence(html: &mut Html, phone: &Phone, now: Moment) {
    if let Some(last) = &phone.last
        && last.up
        && !phone.is_up(now)
    {
        html.markup("<small><b>stale</b> not polled since ")
            .text(humanize::duration(now.since(last.began)))
            .markup("</small>");
    }
}

/// For how long no login is sent, and why.
fn holding(html: &mut Html, held: Held, now: Moment) {
    html.markup("<small><b>logins</b> held back for ")
        .text(humanize::since(now.wall, held.until))
        .text(match held.because {
            HeldBecause::Refused => ": the phone refused the password",
            HeldBecause::Locked => ": the phone has locked logins",
            HeldBecause::Unclear => ": the phone did not say whether it takes the password",
            HeldBecause::Busy => ": another login is under way",
        })
        .markup("</small>");
}

/// Words for people, with code between backquotes; `write` knows what else may stand in them.
fn prose(html: &mut Html, text: &str, write: fn(&mut Html, &str)) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else {
            break;
        };
        write(html, before);
        html.markup("<code>");
        write(html, code);
        html.markup("</code>");
        rest = after;
    }
    write(html, rest);
}

/// The path of a phone's page.
fn phone_path(name: &str) -> String {
    format!("/phones/{}", encode(name))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn ago(at: Moment, now: Moment) -> String {
    format!("{} ago", humanize::duration(now.since(at)))
}
