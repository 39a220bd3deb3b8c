//! Pages for people: the fleet, and one phone. Rendered whole, without script.
//!
//! They are functions of a snapshot and the time like everything else here. What is wrong is said in
//! words and shapes, not in colour alone.

mod fleet;
mod phone;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::fleet::guard::{Held, HeldBecause};
use crate::fleet::{Endpoint, Failure, Moment, Phone, Reason};

use super::health::{Health, registrations};
use super::html::Html;
use super::words;

pub(super) use fleet::fleet;
pub(super) use phone::phone;

/// The style sheet.
pub(super) const STYLE: &str = include_str!("style.css");

/// A whole page around `main`.
fn frame(title: &str, now: Timestamp, main: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.markup(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"60\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n<title>",
    );
    html.text(title)
        .markup("</title>\n</head>\n<body>\n<main>\n");
    main(&mut html);
    html.markup("</main>\n<footer>As of ")
        .text(words::instant(now))
        .markup(
            ", renewed every minute. <a href=\"/\">All phones</a> \
             <a href=\"/metrics\">Metrics</a> <a href=\"/api/v1/phones\">JSON</a>\
             <span>grandstream-exporter ",
        )
        .text(env!("CARGO_PKG_VERSION"))
        .markup("</span></footer>\n</body>\n</html>\n");
    html.into_string()
}

/// The word for how a phone does, with its shape and colour.
fn badge(html: &mut Html, health: Health) {
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
            .text(words::duration(now.since(last.began)))
            .markup("</small>");
    }
}

/// For how long no login is sent, and why.
fn holding(html: &mut Html, held: Held, now: Moment) {
    html.markup("<small><b>logins</b> held back for ")
        .text(words::since(now.wall, held.until))
        .text(match held.because {
            HeldBecause::Refused => ": the phone refused the password",
            HeldBecause::Locked => ": the phone has locked logins",
            HeldBecause::Unclear => ": the phone did not say whether it takes the password",
            HeldBecause::Busy => ": another login is under way",
        })
        .markup("</small>");
}

/// The path of a phone's page.
fn phone_path(name: &str) -> String {
    format!("/phones/{}", encode(name))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn ago(at: Moment, now: Moment) -> String {
    format!("{} ago", words::duration(now.since(at)))
}
