//! The fleet page: every phone in a row, those with problems first.
//!
//! A large fleet is paginated, and can be filtered by site, by problems and by text. The view stands in
//! the address, so that it can be bookmarked.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::reading::Coarse;
use crate::fleet::{Fleet, Moment, Phone, Text};
use crate::web::degraded::Degraded;
use crate::web::humanize;
use crate::web::phone_health::{PhoneHealth, held, registrations};
use crate::web::query::Query;

use super::badges::{self, needs_attention};
use super::components::{ago, columns, encode};
use super::pagination::Pagination;
use super::phone_problems::{login_backoff, reason, stale, unregistered};
use super::{alert_cells, layout};

/// The chosen view.
#[derive(Debug)]
struct View<'a> {
    /// Only this site; empty for all.
    site: &'a str,
    /// Only phones with problems.
    problems: bool,
    /// Only phones with this text in name, address, site, model or firmware; in lower case.
    text: String,
}

/// One phone and its health.
struct Row<'a> {
    health: PhoneHealth,
    phone: &'a Phone,
}

/// The page of all phones.
pub(in crate::web) fn fleet(
    (fleet, snapshot, degraded): (&Fleet, &AlertSnapshot, &Degraded),
    now: Moment,
    query: &Query,
) -> String {
    let all: Vec<Row<'_>> = fleet
        .phones()
        .map(|phone| Row {
            health: PhoneHealth::of(phone, now),
            phone,
        })
        .collect();
    let view = View::of(query);
    let mut shown: Vec<&Row<'_>> = all.iter().filter(|row| view.shows(row, now)).collect();
    shown.sort_by_key(|row| row.health);
    let pagination = Pagination::of(query, shown.len());
    let main = html! {
        h1 { "Phones" }
        @for line in degraded.lines() { p class="note" { b { "Degraded" } ": " (line) } }
        (summary(&all, snapshot, now))
        (filter_form(&view, fleet))
        @if shown.is_empty() {
            p { "No phone matches. " a href="/" { "Show all" } }
        } @else {
            (table(pagination.rows(&shown), snapshot, now))
            (pagination.links(|page| view.address(page)))
        }
    };
    layout::page("Phones", now.wall, layout::Refresh::EveryMinute, &main)
}

impl<'a> View<'a> {
    fn of(query: &'a Query) -> Self {
        Self {
            site: query.get("site").unwrap_or_default(),
            problems: query.get("problems") == Some("1"),
            text: query.get("q").unwrap_or_default().trim().to_lowercase(),
        }
    }

    fn shows(&self, row: &Row<'_>, now: Moment) -> bool {
        let place = &row.phone.place;
        if !self.site.is_empty() && place.site.as_deref() != Some(self.site) {
            return false;
        }
        if self.problems && !row.health.is_problem() {
            return false;
        }
        if self.text.is_empty() {
            return true;
        }
        let values = row.phone.values(now);
        let texts = [
            Some(&*place.name),
            Some(&*place.address),
            place.site.as_deref(),
            values.and_then(|values| values.model()).map(Text::as_str),
            values
                .and_then(|values| values.firmware())
                .map(Text::as_str),
        ];
        let holds = |text: &str| text.to_lowercase().contains(&self.text);
        texts.into_iter().flatten().any(holds)
    }

    /// The address of another page of this view.
    fn address(&self, page: usize) -> String {
        let problems = if self.problems { "&problems=1" } else { "" };
        let (site, text) = (encode(self.site), encode(&self.text));
        format!("/?site={site}&q={text}{problems}&page={page}")
    }
}

fn summary(all: &[Row<'_>], snapshot: &AlertSnapshot, now: Moment) -> Markup {
    let count = |health| all.iter().filter(|row| row.health == health).count();
    // A phone in trouble is up: its readings are true, but something is wrong.
    let up = count(PhoneHealth::Up) + count(PhoneHealth::Trouble);
    let problems = [
        PhoneHealth::Down,
        PhoneHealth::Trouble,
        PhoneHealth::Away,
        PhoneHealth::Waiting,
    ];
    let accounts = all.iter().filter_map(|row| registrations(row.phone, now));
    let (registered, accounts) = accounts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let firing = snapshot.shown().filter(|alert| needs_attention(alert));
    let firing = firing.count();
    html! {
        p class="summary" {
            strong { (up) " of " (all.len()) " phones up" }
            @for health in problems.into_iter().filter(|health| count(*health) > 0) {
                " " span { (badges::health(health)) " " (count(health)) }
            }
            " " span { (registered) " of " (accounts) " accounts registered" }
            @if firing > 0 { " " a href="/alerts" { (firing) " firing" } }
        }
    }
}

fn filter_form(view: &View<'_>, fleet: &Fleet) -> Markup {
    let sites = fleet
        .phones()
        .filter_map(|phone| phone.place.site.as_deref());
    let sites: BTreeSet<&str> = sites.collect();
    html! {
        form method="get" action="/" {
            label {
                "Find "
                input type="search" name="q" placeholder="name, address, model" value=(view.text);
            }
            @if !sites.is_empty() {
                label {
                    "Site "
                    select name="site" {
                        option value="" { "all" }
                        @for site in sites {
                            option value=(site) selected[site == view.site] { (site) }
                        }
                    }
                }
            }
            label {
                input type="checkbox" name="problems" value="1" checked[view.problems];
                " only problems"
            }
            button { "Show" }
        }
    }
}

const COLUMNS: [&str; 12] = [
    "Phone",
    "Site",
    "Health",
    "Alerts",
    "Accounts",
    "Lines",
    "Status",
    "Model",
    "Firmware",
    "Uptime",
    "Last success",
    "Web page",
];

fn table<'a>(
    rows: impl Iterator<Item = &'a &'a Row<'a>>,
    snapshot: &AlertSnapshot,
    now: Moment,
) -> Markup {
    html! {
        table class="fleet" {
            (columns(&COLUMNS))
            tbody { @for row in rows { (phone_row(row, snapshot, now)) } }
        }
    }
}

fn phone_row(row: &Row<'_>, snapshot: &AlertSnapshot, now: Moment) -> Markup {
    let Row { health, phone } = row;
    let place = &phone.place;
    let values = phone.values(now);
    let model = values.and_then(|values| values.model());
    let firmware = values.and_then(|values| values.firmware());
    let uptime = phone.booted_ago(now).map(humanize::duration);
    let last_success = phone.last_success.map(|at| ago(at, now));
    html! {
        tr {
            td data-name="Phone" { (alert_cells::phone_link(&place.name)) }
            td data-name="Site" { (place.site.as_deref().unwrap_or_default()) }
            td data-name="Health" {
                (badges::health(*health))
                @for one in phone.last.iter().flat_map(|last| last.reasons.iter()) { (reason(one)) }
                @if let Some(held) = held(phone, now) { (login_backoff(held, now)) }
                (unregistered(phone, now))
                (stale(phone, now))
            }
            td data-name="Alerts" { (alert_cells::of_phone(&place.name, snapshot)) }
            td data-name="Accounts" { (accounts(phone, now)) }
            td data-name="Lines" { (lines(phone, now)) }
            td data-name="Status" { (phone.status(now).map_or("", |status| status.label())) }
            td data-name="Model" { (model.map_or("", Text::as_str)) }
            td data-name="Firmware" { (firmware.map_or("", Text::as_str)) }
            td data-name="Uptime" { (uptime.unwrap_or_default()) }
            td data-name="Last success" { (last_success.as_deref().unwrap_or("never")) }
            td data-name="Web page" {
                a rel="noreferrer noopener" href=(humanize::web_page(place)) { (place.address) }
            }
        }
    }
}

fn accounts(phone: &Phone, now: Moment) -> Markup {
    html! {
        @match registrations(phone, now) {
            Some((registered, all)) if registered < all => {
                b class="lost" { (registered) " of " (all) }
            }
            Some((registered, all)) => { (registered) " of " (all) }
            None => {}
        }
    }
}

/// The lines in use, or how many are idle: `2 in call, 1 ringing`.
fn lines(phone: &Phone, now: Moment) -> String {
    let Some(lines) = phone.lines(now) else {
        return String::new();
    };
    let busy = Coarse::ALL
        .into_iter()
        .filter(|state| *state != Coarse::Idle && lines.count(*state) > 0)
        .map(|state| format!("{} {}", lines.count(state), state.label().replace('_', " ")));
    let busy: Vec<String> = busy.collect();
    match (busy.is_empty(), lines.count(Coarse::Idle)) {
        (true, 0) => String::new(),
        (true, idle) => format!("{idle} idle"),
        (false, _) => busy.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::web::testing::fixture;

    fn names(query: &str) -> Vec<String> {
        let page = fleet(
            (
                &fixture::fleet(),
                &fixture::snapshot(),
                &Degraded::default(),
            ),
            fixture::now(),
            &Query::of(Some(query)),
        );
        let names = page.split("href=\"/phones/").skip(1);
        let name = |row: &str| row.split(['>', '<']).nth(1).map(str::to_owned);
        names.filter_map(name).collect()
    }

    #[test]
    fn the_page_of_all_phones() {
        let page = fleet(
            (
                &fixture::fleet(),
                &fixture::snapshot(),
                &Degraded::default(),
            ),
            fixture::now(),
            &Query::default(),
        );
        insta::assert_snapshot!("fleet", fixture::golden_page(&page));
    }

    #[test]
    fn problems_come_first_and_filters_combine() {
        let bar = "bar &quot;";
        let hostile = |name: &String| name.starts_with(bar);
        let all = names("");
        assert!(hostile(&all[0]), "{all:?}");
        assert_eq!(all[1..], ["reception", "lobby", "cordless"]);
        let problems = names("problems=1");
        assert_eq!(problems.len(), 2);
        assert_eq!(names("problems=1&q=RECEP"), ["reception"]);
        assert_eq!(names("q=gxv3370"), ["reception"]);
        assert_eq!(names("site=hq&q=less"), ["cordless"]);
        assert!(names("site=lyon").is_empty());
    }

    #[test]
    fn a_large_fleet_is_paginated() {
        let places = (0..450).map(|n| Arc::new(fixture::place(&format!("p{n}"))));
        let large = Fleet::new(places);
        let rows = |query: &str| {
            let page = fleet(
                (&large, &fixture::snapshot(), &Degraded::default()),
                fixture::now(),
                &Query::of(Some(query)),
            );
            let rows = page.matches("<tr><td").count();
            (rows, page.contains("Previous"), page.contains("Next"))
        };
        assert_eq!(rows(""), (200, false, true));
        assert_eq!(rows("page=2"), (200, true, true));
        assert_eq!(rows("page=3"), (50, true, false));
        assert_eq!(rows("page=99"), (50, true, false));
        assert_eq!(rows("page=0"), (200, false, true));
        assert_eq!(rows("page=x"), (200, false, true));
    }

    #[test]
    fn a_link_to_another_page_keeps_the_view() {
        let query = Query::of(Some("site=a%26b&q=x+y&problems=1"));
        assert_eq!(
            View::of(&query).address(2),
            "/?site=a%26b&q=x%20y&problems=1&page=2"
        );
    }
}
