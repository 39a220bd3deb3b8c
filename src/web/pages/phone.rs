//! The page of one phone: what is wrong and what to do, its alerts, what it said last, its last polls,
//! and what happened to it.

use std::time::Duration;

use crate::alert_engine::command::Event;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::event::in_words;
use crate::fleet::phone::PollSummary;
use crate::fleet::reading::{Account, Line, Registration};
use crate::fleet::{Endpoint, Fleet, Moment, Phone, Text, expect};
use crate::rules::matcher::Matcher;
use crate::rules::{labels, severity};
use crate::web::Settings;
use crate::web::alerting::texts;
use crate::web::health::{Health, failures, held, read_at};
use crate::web::html::Html;
use crate::web::words;

use super::{
    Renewal, ago, badge, columns, encode, end_of_table, failure, frame, holding, pair, runbooks,
    signs, silence, unregistered,
};

/// How far back the history of a phone is shown.
pub(in crate::web) const HISTORY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many events of it are shown.
pub(in crate::web) const MOST_HISTORY: u32 = 50;

/// What is shown of a phone beside what it said.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct Beside<'a> {
    pub(in crate::web) fleet: &'a Fleet,
    pub(in crate::web) picture: &'a AlertSnapshot,
    /// What happened to it, newest first; `None` if the alert task did not tell.
    pub(in crate::web) events: Option<&'a [Event]>,
}

/// The page of this phone.
pub(in crate::web) fn phone(
    phone: &Phone,
    beside: Beside<'_>,
    now: Moment,
    settings: &Settings,
) -> String {
    let name = &*phone.place.name;
    frame(name, now.wall, Renewal::EachMinute, |html| {
        html.markup("<h1>").text(name).markup(" ");
        badge(html, Health::of(phone, now));
        html.markup("</h1>\n");
        muted(html, name, beside.picture);
        wrong(html, phone, now);
        alerts(html, name, beside, now);
        html.markup("<div class=\"parts\">\n");
        facts(html, phone, now, settings);
        accounts(html, phone, now);
        lines(html, phone, now);
        values(html, phone, now, settings);
        endpoints(html, phone, now);
        totals(html, phone);
        html.markup("</div>\n");
        polls(html, phone, now);
        history(html, beside.events, now);
    })
}

/// Says that alerts of the phone are kept back because somebody wanted it.
fn muted(html: &mut Html, name: &str, picture: &AlertSnapshot) {
    if let Some(by) = picture.board.muted().get(name) {
        html.markup("<p class=\"note\">Muted by a ")
            .text(by.label())
            .markup(
                ": nobody is told of its alerts. <a href=\"/alerts#silences\">Silences</a></p>\n",
            );
    }
}

fn alerts(html: &mut Html, name: &str, beside: Beside<'_>, now: Moment) {
    let picture = beside.picture;
    let all = picture.board.alerts_of(name).iter();
    let mut alerts: Vec<_> = all.filter(|alert| !alert.state.is_resolved()).collect();
    alerts.sort_by_key(|alert| (alert.state.is_pending(), severity::rank(alert.severity())));
    if alerts.is_empty() {
        return;
    }
    html.markup("<section><h2>Alerts</h2>\n");
    columns(html, &["Alert", "Of", "Since", "What is wrong", "State"]);
    for alert in alerts {
        let texts = texts(alert, picture, beside.fleet, now);
        html.markup("<tr><td>");
        signs::badge(html, alert.severity());
        html.markup(" <a href=\"");
        runbooks::link(html, &alert.rule().name);
        html.markup("\">")
            .text(&alert.rule().name)
            .markup("</a></td><td>");
        signs::subject(html, alert);
        html.markup("</td><td>")
            .text(words::since(alert.active_at.wall, now.wall))
            .markup("</td><td>")
            .text(labels::text(&texts, "summary"))
            .markup("</td><td>");
        signs::state(html, alert, picture, now);
        html.markup("</td></tr>\n");
    }
    end_of_table(html);
    html.markup("<p><a href=\"/alerts?silence=")
        .text(encode(&Matcher::equal("phone", name).to_string()))
        .markup("\">Silence this phone</a></p></section>\n");
}

fn wrong(html: &mut Html, phone: &Phone, now: Moment) {
    if !Health::of(phone, now).is_problem() {
        return;
    }
    html.markup("<section class=\"wrong\"><h2>What is wrong</h2>\n");
    let whole = phone.last.as_ref().and_then(|last| last.failure.as_ref());
    // What keeps the whole poll from succeeding need not be told again of each part.
    let told = failures(phone).filter(|(place, cause)| place.is_none() || Some(*cause) != whole);
    for one in told {
        html.markup("<p>");
        failure(html, one);
        html.markup("<small>")
            .text(one.1.reason.mend())
            .markup("</small></p>\n");
    }
    if let Some(held) = held(phone, now) {
        holding(html, held, now);
    }
    unregistered(html, phone, now);
    silence(html, phone, now);
    html.markup("</section>\n");
}

fn facts(html: &mut Html, phone: &Phone, now: Moment, settings: &Settings) {
    let place = &phone.place;
    let values = phone.values(now);
    let shown = |value: Option<&Text>| value.map(ToString::to_string);
    let offset = phone
        .clock_offset(now)
        .map(|offset| format!("{} s", offset.as_secs()));
    let mac = values
        .and_then(|values| values.mac())
        .filter(|_| settings.metrics.mac_address);
    let facts = [
        ("Site", place.site.as_deref().map(str::to_owned)),
        ("Model", shown(values.and_then(|values| values.model()))),
        ("Vendor", shown(values.and_then(|values| values.vendor()))),
        (
            "Firmware",
            shown(values.and_then(|values| values.firmware())),
        ),
        (
            "Hardware",
            shown(values.and_then(|values| values.hardware())),
        ),
        ("MAC address", shown(mac)),
        (
            "Status",
            phone.status(now).map(|status| status.label().to_owned()),
        ),
        ("Booted", phone.booted_at(now).map(words::instant)),
        ("Clock against ours", offset),
        (
            "Certificate valid until",
            phone.certificate_expiry.map(words::instant),
        ),
        ("Last success", phone.last_success.map(|at| ago(at, now))),
        (
            "Password in use",
            phone.candidate.map(|nth| format!("candidate {nth}")),
        ),
    ];
    html.markup("<section><h2>Facts</h2>\n<dl>");
    html.markup("<dt>Web page</dt><dd><a rel=\"noreferrer noopener\" href=\"")
        .text(words::web_page(place))
        .markup("\">")
        .text(words::web_page(place))
        .markup("</a></dd>");
    for (name, fact) in facts {
        if let Some(fact) = fact {
            pair(html, name, &fact);
        }
    }
    for (name, value) in &place.labels {
        pair(html, name, value);
    }
    html.markup("</dl></section>\n");
}

fn accounts(html: &mut Html, phone: &Phone, now: Moment) {
    let Some(accounts) = phone.accounts(now) else {
        return;
    };
    html.markup("<section><h2>Accounts</h2>\n<table><thead><tr><th>Account</th><th>Server</th>")
        .markup("<th>Registration</th></tr></thead><tbody>");
    for account in accounts {
        let Account {
            id,
            server,
            user,
            registration,
        } = account;
        html.markup("<tr><td>").text(id).markup("</td><td>");
        if let Some(user) = user {
            html.text(user).markup("@");
        }
        let class = match registration {
            Registration::Registered => "",
            Registration::Registering | Registration::Unregistered => "lost",
        };
        html.text(server)
            .markup("</td><td class=\"")
            .text(class)
            .markup("\">")
            .text(registration.label())
            .markup("</td></tr>");
    }
    html.markup("</tbody></table></section>\n");
}

fn lines(html: &mut Html, phone: &Phone, now: Moment) {
    let Some(lines) = phone.lines(now) else {
        return;
    };
    if lines.each.is_empty() {
        return;
    }
    html.markup("<section><h2>Lines</h2>\n<table><thead><tr><th>Line</th><th>State</th></tr>")
        .markup("</thead><tbody>");
    for Line { number, state } in &lines.each {
        html.markup("<tr><td>")
            .text(number)
            .markup("</td><td>")
            .text(state.coarse().label().replace('_', " "))
            .markup("</td></tr>");
    }
    html.markup("</tbody></table></section>\n");
}

fn values(html: &mut Html, phone: &Phone, now: Moment, settings: &Settings) {
    let Some(values) = phone.values(now) else {
        return;
    };
    let expected = expect::matches(&phone.place.expect, values);
    let published: Vec<_> = settings
        .values
        .iter()
        .filter_map(|published| Some((&published.pvalue, values.get(&published.pvalue)?)))
        .collect();
    if expected.is_empty() && published.is_empty() {
        return;
    }
    html.markup("<section><h2>P-values</h2>\n<dl>");
    for (pvalue, value) in published {
        pair(html, pvalue, value.as_str());
    }
    for (pvalue, holds) in expected {
        pair(
            html,
            pvalue,
            if holds {
                "as expected"
            } else {
                "not as expected"
            },
        );
    }
    html.markup("</dl></section>\n");
}

fn endpoints(html: &mut Html, phone: &Phone, now: Moment) {
    html.markup(
        "<section><h2>What is read</h2>\n<table><thead><tr><th>Part</th><th>Last read</th>",
    )
    .markup("<th>Last good one</th></tr></thead><tbody>");
    for endpoint in Endpoint::ALL {
        let failure = failures(phone).find(|(place, _)| *place == Some(endpoint));
        let outcome = match failure {
            Some((_, failure)) => failure.reason.label(),
            None if phone.understood(endpoint) => "understood",
            None => "not tried",
        };
        let read = read_at(phone, endpoint).map_or("never".to_owned(), |at| ago(at, now));
        html.markup("<tr><td>")
            .text(endpoint.label())
            .markup("</td><td>")
            .text(outcome)
            .markup("</td><td>")
            .text(read)
            .markup("</td></tr>");
    }
    html.markup("</tbody></table></section>\n");
}

fn totals(html: &mut Html, phone: &Phone) {
    let tally = phone.tally;
    html.markup("<section><h2>Since the start</h2>\n<dl>");
    for (name, count) in [
        ("Polls", tally.polls),
        ("Failed polls", tally.poll_failures),
        ("Logins", tally.logins),
        ("Failed logins", tally.login_failures),
        ("Sessions found ended", tally.sessions_expired),
        ("Reboots", tally.reboots),
    ] {
        pair(html, name, count);
    }
    html.markup("</dl></section>\n");
}

fn polls(html: &mut Html, phone: &Phone, now: Moment) {
    if phone.recent.is_empty() {
        html.markup("<p>No poll has ended yet.</p>\n");
        return;
    }
    html.markup("<section><h2>Last polls</h2>\n<table><thead><tr><th>Began</th><th>Took</th>")
        .markup("<th>Found it</th><th>What failed</th></tr></thead><tbody>");
    for poll in phone.recent.iter() {
        let PollSummary {
            began,
            took,
            up,
            failures,
        } = poll;
        html.markup("<tr><td>")
            .text(words::since(*began, now.wall))
            .markup(" ago</td><td>")
            .text(words::short_duration(*took))
            .markup("</td><td>")
            .text(if *up { "up" } else { "not up" })
            .markup("</td><td>");
        for (endpoint, cause) in failures {
            html.markup("<div>");
            failure(html, (*endpoint, cause));
            html.markup("</div>");
        }
        html.markup("</td></tr>\n");
    }
    html.markup("</tbody></table></section>\n");
}

fn history(html: &mut Html, events: Option<&[Event]>, now: Moment) {
    let Some(events) = events else {
        html.markup("<p>What happened to it is not known now: the alert task is busy.</p>\n");
        return;
    };
    if events.is_empty() {
        return;
    }
    html.markup("<section><h2>What happened in the last ")
        .text(words::duration(HISTORY))
        .markup("</h2>\n");
    columns(html, &["When", "What"]);
    for Event { event, .. } in events {
        html.markup("<tr><td>")
            .text(words::since(event.at, now.wall))
            .markup(" ago</td><td>")
            .text(in_words(event))
            .markup("</td></tr>\n");
    }
    end_of_table(html);
    html.markup("</section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert_engine::command::NewEvent;
    use crate::web::example;

    fn shown(of: &Phone) -> String {
        let event = NewEvent {
            at: example::now().wall,
            phone: of.place.name.clone(),
            kind: "firmware_changed".into(),
            body: r#"{"kind":"firmware_changed","from":"1.0.11.5","to":"<b>"}"#.into(),
        };
        let beside = Beside {
            fleet: &example::fleet(),
            picture: &example::picture(),
            events: Some(&[Event { id: 1, event }]),
        };
        phone(of, beside, example::now(), &example::settings())
    }

    #[test]
    fn the_page_of_a_phone_that_tells_all() {
        let fleet = example::fleet();
        let reception = fleet.phone("reception").expect("it is listed");
        let page = shown(reception);
        insta::assert_snapshot!("reception", example::without_version(&page));
    }

    #[test]
    fn the_page_of_a_phone_that_refuses_us_says_what_to_do() {
        let fleet = example::fleet();
        let bar = fleet.phone(example::HOSTILE_NAME).expect("it is listed");
        let page = shown(bar);
        insta::assert_snapshot!("refused", example::without_version(&page));
    }
}
