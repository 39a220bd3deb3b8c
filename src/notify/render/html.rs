//! A message as HTML for mail programs: styles inline, no script, no image, nothing fetched.
//!
//! The template escapes whatever is put into it. An address is a link only where it is the
//! exporter's own.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, HtmlEscape, UndefinedBehavior};
use serde::Serialize;

use super::template_data::{RunbookSummary, TemplateAlert, TemplateData};
use super::text;

/// What the template names.
#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    headline: String,
    why: &'static str,
    missed: Option<String>,
    sections: Vec<Section<'a>>,
    url: &'a str,
}

#[derive(Serialize)]
struct Section<'a> {
    title: &'static str,
    alerts: Vec<Row<'a>>,
    others: Option<String>,
    lessons: Vec<RunbookSummary>,
}

#[derive(Serialize)]
struct Row<'a> {
    summary: &'a str,
    color: &'static str,
    kind: String,
    about: String,
    when: String,
    because: Option<String>,
}

/// The whole document.
pub fn document(data: &TemplateData) -> String {
    let page = Page {
        title: &data.title,
        headline: text::headline(data),
        why: text::why(data.reason),
        missed: text::missed(data),
        sections: sections(data),
        url: &data.url,
    };
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    let page = Serde(&page);
    templates
        .render_str(include_str!("mail.html"), page)
        // The tests fill it in every way; whoever is told all the same is told in plain text.
        .unwrap_or_else(|_| format!("<pre>{}</pre>", HtmlEscape(&data.text)))
}

fn sections(data: &TemplateData) -> Vec<Section<'_>> {
    let lists = [
        ("Firing", &data.firing, data.lessons()),
        ("Over", &data.over, Vec::new()),
    ];
    let lists = lists.into_iter().filter(|(_, items, _)| !items.is_empty());
    let sections = lists.map(|(title, items, lessons)| {
        let (named, counts) = data.collapsed(items);
        Section {
            title,
            alerts: named.iter().map(row).collect(),
            others: text::others(&counts),
            lessons,
        }
    });
    sections.collect()
}

fn row(item: &TemplateAlert) -> Row<'_> {
    let kind = match &*item.severity {
        "" => item.alertname.clone(),
        severity => format!("{}, {severity}", item.alertname),
    };
    Row {
        summary: &item.summary,
        color: color(item),
        kind,
        about: item.about(),
        when: item.when(),
        because: item.because(),
    }
}

/// Dark enough to be told apart on white, by those who see no red or green too.
pub(super) fn color(item: &TemplateAlert) -> &'static str {
    match (&item.ended, &*item.severity) {
        (Some(_), _) => "#1a7f37",
        (None, "critical") => "#cf222e",
        (None, "warning") => "#bf8700",
        (None, _) => "#0969da",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::render::sample::{hostile, usual};

    #[test]
    fn a_mail_has_everything_in_place() {
        insta::assert_snapshot!("mail", document(&TemplateData::new("mail", 10, &usual())));
    }

    #[test]
    fn nothing_that_a_phone_says_is_markup() {
        let html = document(&TemplateData::new("mail", 10, &hostile()));
        assert!(html.contains("&lt;script&gt;"), "{html}");
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("{{ 7 * 7 }}"), "{html}");
    }

    #[test]
    fn every_part_of_the_template_is_filled() {
        let mut delivery = usual();
        delivery.notification.missed = 1;
        delivery.external_url = Box::default();
        for listed in [0, 1] {
            let html = document(&TemplateData::new("mail", listed, &delivery));
            assert!(html.ends_with("</html>"), "{html}");
            assert_eq!(html.contains("and 1 more"), listed == 0, "{html}");
            assert!(html.contains("1 earlier message was merged"), "{html}");
        }
    }
}
