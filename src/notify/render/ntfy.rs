//! A message for ntfy: the text as body; title, priority, tags and link as headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::template_data::TemplateData;
use crate::notify::words::cut;

/// What ntfy shows as a message; it makes a file of anything longer.
const LONGEST: usize = 4096;

/// The headers.
pub(super) fn headers(data: &TemplateData) -> Vec<(&'static str, String)> {
    let worst = data.firing.first().map(|item| &*item.severity);
    let (priority, tag) = match worst {
        Some("critical") => ("5", "rotating_light"),
        Some("warning") => ("4", "warning"),
        Some(_) => ("3", "information_source"),
        None => ("3", "white_check_mark"),
    };
    let mut headers = vec![
        ("Title", word(&data.title)),
        ("Priority", priority.to_owned()),
        ("Tags", tag.to_owned()),
    ];
    if !data.url.is_empty() {
        headers.push(("Click", word(&data.url)));
    }
    headers
}

/// The body.
pub(super) fn body(data: &TemplateData) -> String {
    cut(&data.text, LONGEST)
}

/// A value of a header: as it is where it may be, else as an encoded word (RFC 2047), which ntfy
/// understands.
fn word(text: &str) -> String {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    format!("=?UTF-8?B?{}?=", STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::notification::NotificationReason;
    use crate::notify::render::sample::{delivery, ended, hostile, said, usual};

    #[test]
    fn headers_say_how_urgent_it_is() {
        let data = TemplateData::new("push", 10, &usual());
        let headers = headers(&data);
        let lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        Title: [FIRING 1] PhoneUnreachable hq: reception does not answer
        Priority: 5
        Tags: rotating_light
        Click: https://phones.example/alerts
        ");
        let over = vec![ended(said("A", "p", 9), 1, "cleared")];
        let over = TemplateData::new(
            "push",
            10,
            &delivery(NotificationReason::Resolved, Vec::new(), over),
        );
        assert_eq!(super::headers(&over)[1].1, "3");
    }

    #[test]
    fn headers_are_of_ascii_and_the_body_is_what_ntfy_shows() {
        let data = TemplateData::new("push", 10, &hostile());
        for (_, value) in headers(&data) {
            assert!(
                value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{value}"
            );
        }
        let many = (0..300).map(|n| said("A", &format!("p{n}"), 1)).collect();
        let data = TemplateData::new(
            "push",
            300,
            &delivery(NotificationReason::New, many, Vec::new()),
        );
        assert!(body(&data).len() <= LONGEST);
    }
}
