//! The page of alerts for operators and for readers.

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::web::query::Query;

use super::{AlertsView, alerts};
use crate::web::testing::fixture;

fn shown(snapshot: &AlertSnapshot, may_operate: bool, query: &str) -> String {
    let letters = [fixture::dead_letter()];
    let view = AlertsView {
        fleet: &fixture::fleet(),
        snapshot,
        notifications: Some(&letters),
        may_operate,
    };
    let page = alerts(view, fixture::now(), &Query::of(Some(query)));
    fixture::without_version(&page)
}

#[test]
fn the_page_of_alerts_for_an_operator() {
    let page = shown(&fixture::snapshot(), true, "");
    insta::assert_snapshot!("operator", fixture::golden_page(&page));
}

#[test]
fn readers_see_no_form_that_changes_something() {
    let page = shown(&fixture::snapshot(), false, "silence=phone%3D%22a%22");
    assert!(!page.contains("method=\"post\""), "{page}");
    assert!(page.contains("access.operate"), "{page}");
}

#[test]
fn the_form_is_filled_and_the_page_not_refreshed_while_it_is_open() {
    let snapshot = fixture::snapshot();
    let page = shown(
        &snapshot,
        true,
        "silence=alertname%3D%22A%22&silence=phone%3D%3C/textarea%3E",
    );
    let filled = "required>\nalertname=&quot;A&quot;\nphone=&lt;/textarea&gt;</textarea>";
    assert!(page.contains(filled), "{page}");
    assert!(!page.contains("http-equiv"), "{page}");
    assert!(shown(&snapshot, true, "").contains("http-equiv"));
}

#[test]
fn an_exporter_that_evaluates_no_alerts_tells_how_to_change_that() {
    let page = shown(&AlertSnapshot::new(std::sync::Arc::default()), true, "");
    for said in ["does not evaluate alerts", "enabled: true", "New silence"] {
        assert!(page.contains(said), "{said} in {page}");
    }
}

#[test]
fn text_filters_alerts_by_labels_and_summary() {
    let snapshot = fixture::snapshot();
    let names = |query: &str| {
        let page = shown(&snapshot, false, query);
        let rules = snapshot.board.rules().iter().map(|known| &known.rule.name);
        let table = page.split("</table>").next().expect("a page");
        let mut found: Vec<_> = rules.filter(|name| table.contains(&***name)).collect();
        found.sort_unstable();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names("q=RECEPTION"), ["AccountUnregistered"]);
    assert_eq!(names("q=bar").len(), 2);
    assert_eq!(names("q=nothing+like+it"), [""; 0]);
}

#[test]
fn the_address_of_a_receiver_is_not_shown() {
    let page = shown(&fixture::snapshot(), true, "");
    assert!(!page.contains("t0ken"), "{page}");
}
