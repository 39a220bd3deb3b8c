//! The fleet page: every phone in a row, those with problems first.
//!
//! A large fleet is shown a part at a time, and can be filtered by site, by problems, and by words;
//! what is chosen stands in the address, so that a view can be kept as a bookmark.

use std::collections::BTreeSet;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::reading::Coarse;
use crate::fleet::{Fleet, Moment, Phone, Text};
use crate::web::degraded::Degraded;
use crate::web::health::{Health, held, registrations};
use crate::web::html::Html;
use crate::web::query::Query;
use crate::web::words;

use super::part::Part;
use super::{
    Renewal, ago, badge, encode, frame, holding, phone_path, reason, signs, silence, unregistered,
};

/// What the reader chose to see.
#[derive(Debug)]
struct View<'a> {
    /// Only this site; empty for all.
    site: &'a str,
    /// Only phones somebody should look at.
    problems: bool,
    /// Only phones in whose name, address, site, model or firmware this stands; in lower case.
    words: String,
}

/// One phone and how it does.
struct Row<'a> {
    health: Health,
    phone: &'a Phone,
}

/// The page of all phones.
pub(in crate::web) fn fleet(
    (fleet, picture, degraded): (&Fleet, &AlertSnapshot, &Degraded),
    now: Moment,
    query: &Query,
) -> String {
    let all: Vec<Row<'_>> = fleet
        .phones()
        .map(|phone| Row {
            health: Health::of(phone, now),
            phone,
        })
        .collect();
    let view = View::of(query);
    let mut shown: Vec<&Row<'_>> = all.iter().filter(|row| view.shows(row, now)).collect();
    shown.sort_by_key(|row| row.health);
    let part = Part::of(query, shown.len());
    frame("Phones", now.wall, Renewal::EachMinute, |html| {
        html.markup("<h1>Phones</h1>\n");
        for line in degraded.lines() {
            html.markup("<p class=\"note\"><b>Degraded</b>: ")
                .text(line)
                .markup("</p>\n");
        }
        summary(html, &all, picture, now);
        form(html, &view, fleet);
        if shown.is_empty() {
            html.markup("<p>No phone is like that. <a href=\"/\">Show all</a></p>\n");
            return;
        }
        table(html, part.rows(&shown), picture, now);
        part.links(html, |part| view.address(part));
    })
}

impl<'a> View<'a> {
    fn of(query: &'a Query) -> Self {
        Self {
            site: query.get("site").unwrap_or_default(),
            problems: query.get("problems") == Some("1"),
            words: query.get("q").unwrap_or_default().trim().to_lowercase(),
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
        if self.words.is_empty() {
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
        let holds = |text: &str| text.to_lowercase().contains(&self.words);
        texts.into_iter().flatten().any(holds)
    }

    /// The address of another part of this view.
    fn address(&self, part: usize) -> String {
        let problems = if self.problems { "&problems=1" } else { "" };
        let (site, words) = (encode(self.site), encode(&self.words));
        format!("/?site={site}&q={words}{problems}&page={part}")
    }
}

fn summary(html: &mut Html, all: &[Row<'_>], picture: &AlertSnapshot, now: Moment) {
    let count = |health| all.iter().filter(|row| row.health == health).count();
    // A phone in trouble is up: what it says is true, it only does not say all is well.
    let up = count(Health::Up) + count(Health::Trouble);
    html.markup("<p class=\"summary\"><strong>")
        .text(format_args!("{up} of {} phones up", all.len()))
        .markup("</strong>");
    for health in [Health::Down, Health::Trouble, Health::Away, Health::Waiting] {
        let count = count(health);
        if count > 0 {
            html.markup(" <span>");
            badge(html, health);
            html.markup(" ").text(count).markup("</span>");
        }
    }
    let accounts = all.iter().filter_map(|row| registrations(row.phone, now));
    let (registered, all) = accounts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    html.markup(" <span>")
        .text(format_args!("{registered} of {all} accounts registered"))
        .markup("</span>");
    let firing = picture
        .shown()
        .filter(|alert| signs::matters(alert))
        .count();
    if firing > 0 {
        html.markup(" <a href=\"/alerts\">")
            .text(format_args!("{firing} firing"))
            .markup("</a>");
    }
    html.markup("</p>\n");
}

fn form(html: &mut Html, view: &View<'_>, fleet: &Fleet) {
    let sites = fleet
        .phones()
        .filter_map(|phone| phone.place.site.as_deref());
    let sites: BTreeSet<&str> = sites.collect();
    html.markup(
        "<form method=\"get\" action=\"/\">\n<label>Find <input type=\"search\" name=\"q\" ",
    )
    .markup("placeholder=\"name, address, model\" value=\"")
    .text(&view.words)
    .markup("\"></label>\n");
    if !sites.is_empty() {
        html.markup("<label>Site <select name=\"site\"><option value=\"\">all</option>");
        for site in sites {
            let chosen = if site == view.site { " selected" } else { "" };
            html.markup("<option value=\"").text(site).markup("\"");
            html.markup(chosen)
                .markup(">")
                .text(site)
                .markup("</option>");
        }
        html.markup("</select></label>\n");
    }
    let checked = if view.problems { " checked" } else { "" };
    html.markup("<label><input type=\"checkbox\" name=\"problems\" value=\"1\"")
        .markup(checked)
        .markup("> only problems</label>\n<button>Show</button>\n</form>\n");
}

fn table<'a>(
    html: &mut Html,
    rows: impl Iterator<Item = &'a &'a Row<'a>>,
    picture: &AlertSnapshot,
    now: Moment,
) {
    html.markup(
        "<table class=\"fleet\">\n<thead><tr><th>Phone</th><th>Site</th><th>Health</th>\
         <th>Alerts</th><th>Accounts</th><th>Lines</th><th>Status</th><th>Model</th><th>Firmware</th>\
         <th>Uptime</th><th>Last success</th><th>Web page</th></tr></thead>\n<tbody>\n",
    );
    for row in rows {
        html.markup("<tr>");
        whereabouts(html, row.phone);
        health(html, row, now);
        html.markup("<td data-name=\"Alerts\">");
        signs::of_phone(html, &row.phone.place.name, picture);
        html.markup("</td>");
        readings(html, row.phone, now);
        html.markup("<td data-name=\"Web page\"><a rel=\"noreferrer noopener\" href=\"")
            .text(words::web_page(&row.phone.place))
            .markup("\">")
            .text(&row.phone.place.address)
            .markup("</a></td></tr>\n");
    }
    html.markup("</tbody>\n</table>\n");
}

fn whereabouts(html: &mut Html, phone: &Phone) {
    html.markup("<td data-name=\"Phone\"><a class=\"name\" href=\"")
        .text(phone_path(&phone.place.name))
        .markup("\">")
        .text(&phone.place.name)
        .markup("</a></td><td data-name=\"Site\">")
        .text(phone.place.site.as_deref().unwrap_or_default())
        .markup("</td>");
}

fn health(html: &mut Html, row: &Row<'_>, now: Moment) {
    let phone = row.phone;
    html.markup("<td data-name=\"Health\">");
    badge(html, row.health);
    for one in phone.last.iter().flat_map(|last| last.reasons.iter()) {
        reason(html, one);
    }
    if let Some(held) = held(phone, now) {
        holding(html, held, now);
    }
    unregistered(html, phone, now);
    silence(html, phone, now);
    html.markup("</td>");
}

fn readings(html: &mut Html, phone: &Phone, now: Moment) {
    html.markup("<td data-name=\"Accounts\">");
    match registrations(phone, now) {
        Some((registered, all)) if registered < all => {
            html.markup("<b class=\"lost\">")
                .text(format_args!("{registered} of {all}"))
                .markup("</b>");
        }
        Some((registered, all)) => {
            html.text(format_args!("{registered} of {all}"));
        }
        None => {}
    }
    let values = phone.values(now);
    let model = values.and_then(|values| values.model());
    let firmware = values.and_then(|values| values.firmware());
    let uptime = phone.booted_at(now).map(|at| words::since(at, now.wall));
    html.markup("</td><td data-name=\"Lines\">")
        .text(lines(phone, now))
        .markup("</td><td data-name=\"Status\">")
        .text(phone.status(now).map_or("", |status| status.label()))
        .markup("</td><td data-name=\"Model\">")
        .text(model.map_or("", Text::as_str))
        .markup("</td><td data-name=\"Firmware\">")
        .text(firmware.map_or("", Text::as_str))
        .markup("</td><td data-name=\"Uptime\">")
        .text(uptime.unwrap_or_default())
        .markup("</td><td data-name=\"Last success\">")
        .text(
            phone
                .last_success
                .map_or("never".to_owned(), |at| ago(at, now)),
        )
        .markup("</td>");
}

/// What the lines do, those that do nothing left out: `2 in call, 1 ringing`.
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
    use crate::web::example;

    fn names(query: &str) -> Vec<String> {
        let page = fleet(
            (&example::fleet(), &example::picture(), &Degraded::default()),
            example::now(),
            &Query::of(Some(query)),
        );
        let rows = page.lines().filter(|line| line.starts_with("<tr>"));
        let name = |row: &str| row.split(['>', '<']).nth(6).map(str::to_owned);
        rows.filter_map(name).collect()
    }

    #[test]
    fn the_page_of_all_phones() {
        let page = fleet(
            (&example::fleet(), &example::picture(), &Degraded::default()),
            example::now(),
            &Query::default(),
        );
        insta::assert_snapshot!("fleet", example::without_version(&page));
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
    fn a_large_fleet_is_shown_a_part_at_a_time() {
        let places = (0..450).map(|n| Arc::new(example::place(&format!("p{n}"))));
        let large = Fleet::new(places);
        let rows = |query: &str| {
            let page = fleet(
                (&large, &example::picture(), &Degraded::default()),
                example::now(),
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
    fn a_link_to_another_part_keeps_the_view() {
        let query = Query::of(Some("site=a%26b&q=x+y&problems=1"));
        assert_eq!(
            View::of(&query).address(2),
            "/?site=a%26b&q=x%20y&problems=1&page=2"
        );
    }
}
