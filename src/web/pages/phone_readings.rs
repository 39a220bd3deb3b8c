//! What is known of a phone from its polls, in sections: facts, accounts, lines, P-values, endpoints,
//! counters.

use maud::{Markup, html};

use crate::fleet::reading::{Account, Registration};
use crate::fleet::{Endpoint, Moment, Phone, Text, expect};
use crate::web::humanize;
use crate::web::phone_health::{failures, read_at};
use crate::web::settings::Settings;

use super::components::{ago, columns, pair};

/// All sections; those without a fresh reading are left out.
pub(super) fn sections(phone: &Phone, now: Moment, settings: &Settings) -> Markup {
    html! {
        div class="parts" {
            (facts(phone, now, settings))
            (accounts(phone, now))
            (lines(phone, now))
            (values(phone, now, settings))
            (endpoints(phone, now))
            (counters(phone))
        }
    }
}

fn facts(phone: &Phone, now: Moment, settings: &Settings) -> Markup {
    let place = &phone.place;
    let values = phone.values(now);
    let text = |value: Option<&Text>| value.map(ToString::to_string);
    let offset = phone.clock_offset(now);
    let mac = values
        .and_then(|values| values.mac())
        .filter(|_| settings.metrics.mac_address);
    let facts = [
        ("Site", place.site.as_deref().map(str::to_owned)),
        ("Model", text(values.and_then(|values| values.model()))),
        ("Vendor", text(values.and_then(|values| values.vendor()))),
        (
            "Firmware",
            text(values.and_then(|values| values.firmware())),
        ),
        (
            "Hardware",
            text(values.and_then(|values| values.hardware())),
        ),
        ("MAC address", text(mac)),
        (
            "Status",
            phone.status(now).map(|status| status.label().to_owned()),
        ),
        ("Booted", phone.booted_at(now).map(humanize::instant)),
        (
            "Clock offset",
            offset.map(|offset| format!("{} s", offset.as_secs())),
        ),
        (
            "Certificate expires",
            phone.certificate_expiry.map(humanize::instant),
        ),
        ("Last success", phone.last_success.map(|at| ago(at, now))),
        (
            "Password in use",
            phone
                .candidate
                .map(|nth| format!("number {nth} of the configured")),
        ),
    ];
    let url = humanize::web_page(place);
    html! {
        section {
            h2 { "Facts" }
            dl {
                dt { "Web page" }
                dd { a rel="noreferrer noopener" href=(url) { (url) } }
                @for (name, fact) in facts {
                    @if let Some(fact) = fact { (pair(name, fact)) }
                }
                @for (name, value) in &place.labels { (pair(name, value)) }
            }
        }
    }
}

fn accounts(phone: &Phone, now: Moment) -> Markup {
    html! {
        @if let Some(accounts) = phone.accounts(now) {
            section {
                h2 { "Accounts" }
                table {
                    (columns(&["Account", "Server", "Registration"]))
                    tbody { @for account in accounts { (account_row(account)) } }
                }
            }
        }
    }
}

fn account_row(account: &Account) -> Markup {
    let class = match account.registration {
        Registration::Registered => "",
        Registration::Registering | Registration::Unregistered => "lost",
    };
    html! {
        tr {
            td { (account.id) }
            td {
                @if let Some(user) = &account.user { (user.as_str()) "@" }
                (account.server.as_str())
            }
            td class=(class) { (account.registration.label()) }
        }
    }
}

fn lines(phone: &Phone, now: Moment) -> Markup {
    let lines = phone.lines(now).filter(|lines| !lines.each.is_empty());
    html! {
        @if let Some(lines) = lines {
            section {
                h2 { "Lines" }
                table {
                    (columns(&["Line", "State"]))
                    tbody {
                        @for line in &lines.each {
                            tr {
                                td { (line.number) }
                                td { (line.state.coarse().label().replace('_', " ")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn values(phone: &Phone, now: Moment, settings: &Settings) -> Markup {
    let Some(values) = phone.values(now) else {
        return Markup::default();
    };
    let expected = expect::matches(&phone.place.expect, values);
    let published = settings.values.iter();
    let published: Vec<_> = published
        .filter_map(|published| Some((&published.pvalue, values.get(&published.pvalue)?)))
        .collect();
    html! {
        @if !(expected.is_empty() && published.is_empty()) {
            section {
                h2 { "P-values" }
                dl {
                    @for (pvalue, value) in published { (pair(pvalue, value.as_str())) }
                    @for (pvalue, matches) in expected {
                        (pair(pvalue, if matches { "as expected" } else { "not as expected" }))
                    }
                }
            }
        }
    }
}

fn endpoints(phone: &Phone, now: Moment) -> Markup {
    html! {
        section {
            h2 { "Endpoints" }
            table {
                (columns(&["Endpoint", "Last read", "Last success"]))
                tbody { @for endpoint in Endpoint::ALL { (endpoint_row(phone, endpoint, now)) } }
            }
        }
    }
}

fn endpoint_row(phone: &Phone, endpoint: Endpoint, now: Moment) -> Markup {
    let failure = failures(phone).find(|(part, _)| *part == Some(endpoint));
    let outcome = match failure {
        Some((_, failure)) => failure.reason.label(),
        None if phone.understood(endpoint) => "ok",
        None => "not read yet",
    };
    let success = read_at(phone, endpoint).map(|at| ago(at, now));
    html! {
        tr {
            td { (endpoint.label()) }
            td { (outcome) }
            td { (success.as_deref().unwrap_or("never")) }
        }
    }
}

fn counters(phone: &Phone) -> Markup {
    let tally = phone.tally;
    let counters = [
        ("Polls", tally.polls),
        ("Failed polls", tally.poll_failures),
        ("Logins", tally.logins),
        ("Failed logins", tally.login_failures),
        ("Sessions expired", tally.sessions_expired),
        ("Reboots", tally.reboots),
    ];
    html! {
        section {
            h2 { "Counters since start" }
            dl { @for (name, count) in counters { (pair(name, count)) } }
        }
    }
}
