//! The templates that the documentation offers.

use std::collections::BTreeSet;
use std::sync::Arc;

use grandstream_exporter::notify::channel::Body;
use grandstream_exporter::notify::render::{check, post};

use super::delivery;

const JSON: &str = "application/json";

/// The templates of docs/receivers.md, by the receiver whose section they stand in.
fn offered() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/receivers.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let mut found = Vec::new();
    let mut section = "";
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ").or(line.strip_prefix("### ")) {
            section = title;
        }
        if line == "```jinja" {
            let template: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((section.to_owned(), template.join("\n")));
        }
    }
    found
}

#[test]
fn every_template_of_the_documentation_makes_json() {
    let mut sections = BTreeSet::new();
    for (section, template) in offered() {
        assert_eq!(check(&template, JSON), Ok(()), "{section}");
        let body = Body::Own {
            template: Arc::from(template),
            content_type: JSON.into(),
        };
        let hostile = delivery("a\"\\\r\n<b>&{{ 1 }}\u{0}☎");
        let post = post("desk", 10, &body, &hostile);
        assert_eq!(post.fault, None, "{section}");
        let read: serde_json::Value = serde_json::from_str(&post.body).expect(&section);
        assert!(
            read.to_string().contains("does not answer"),
            "{section}: {read}"
        );
        sections.insert(section);
    }
    for wanted in ["Telegram", "Gotify", "Discord"] {
        assert!(
            sections.contains(wanted),
            "{wanted} is missing in {sections:?}"
        );
    }
}
