//! The page of alerts as it is shown to those who may change something and to those who may not.

use super::*;
use crate::web::example;

fn shown(picture: &AlertSnapshot, may_operate: bool, query: &str) -> String {
    let letters = [example::dead_letter()];
    let scene = Scene {
        fleet: &example::fleet(),
        picture,
        letters: Some(&letters),
        may_operate,
    };
    let page = alerts(scene, example::now(), &Query::of(Some(query)));
    example::without_version(&page)
}

#[test]
fn the_page_of_alerts_for_an_operator() {
    insta::assert_snapshot!("operator", shown(&example::picture(), true, ""));
}

#[test]
fn who_only_reads_is_shown_no_form_that_changes_something() {
    let page = shown(&example::picture(), false, "silence=phone%3D%22a%22");
    assert!(!page.contains("method=\"post\""), "{page}");
    assert!(page.contains("access.operate"), "{page}");
}

#[test]
fn the_form_is_filled_and_not_renewed_while_it_is_open() {
    let picture = example::picture();
    let page = shown(
        &picture,
        true,
        "silence=alertname%3D%22A%22&silence=phone%3D%3C/textarea%3E",
    );
    let filled = "required>\nalertname=&quot;A&quot;\nphone=&lt;/textarea&gt;</textarea>";
    assert!(page.contains(filled), "{page}");
    assert!(!page.contains("http-equiv"), "{page}");
    assert!(shown(&picture, true, "").contains("http-equiv"));
}

#[test]
fn an_exporter_that_judges_nothing_says_so_and_how_to_change_that() {
    let page = shown(&AlertSnapshot::new(std::sync::Arc::default()), true, "");
    for said in ["not judged here", "enabled: true", "New silence"] {
        assert!(page.contains(said), "{said} in {page}");
    }
}

#[test]
fn words_choose_alerts_by_labels_and_summary() {
    let picture = example::picture();
    let names = |query: &str| {
        let page = shown(&picture, false, query);
        let rules = picture.board.rules().iter().map(|known| &known.rule.name);
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
fn nothing_leads_to_the_address_of_a_receiver() {
    let page = shown(&example::picture(), true, "");
    assert!(!page.contains("t0ken"), "{page}");
}
