//! A message for a Teams workflow ("when a webhook request is received"): an adaptive card.
//!
//! Text stands in runs, which are not read as Markdown: a phone's name stays a name.

use serde_json::{Value, json};

use super::template_data::TemplateData;
use crate::notify::words::cut;

/// Teams takes 28 KB a card; its frame and the quoting need room too.
const LONGEST: usize = 12_000;

/// At most so many lines, each an element of its own.
const MOST_LINES: usize = 120;

pub(super) fn body(data: &TemplateData) -> String {
    let mut elements = vec![paragraph(&data.title, true)];
    let text = cut(&data.text, LONGEST);
    let lines = text.lines().filter(|line| !line.is_empty());
    elements.extend(lines.take(MOST_LINES).map(|line| paragraph(line, false)));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": elements,
        "msteams": { "width": "Full" },
    });
    if !data.url.is_empty() {
        card["actions"] = json!([
            { "type": "Action.OpenUrl", "title": "All alerts", "url": data.url },
        ]);
    }
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    });
    json!({ "type": "message", "attachments": [attachment] }).to_string()
}

fn paragraph(text: &str, is_title: bool) -> Value {
    let run = if is_title {
        json!({ "type": "TextRun", "text": text, "weight": "Bolder", "size": "Medium" })
    } else {
        json!({ "type": "TextRun", "text": text })
    };
    json!({ "type": "RichTextBlock", "inlines": [run] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::notification::NotificationReason;
    use crate::notify::render::sample::{delivery, said, usual};

    fn made(delivery: &crate::notify::Delivery) -> Value {
        serde_json::from_str(&body(&TemplateData::new("team", 300, delivery))).expect("JSON")
    }

    #[test]
    fn a_message_is_a_card_with_a_paragraph_a_line_and_a_button() {
        let made = made(&usual());
        assert_eq!(made["type"], "message");
        let attachment = &made["attachments"][0];
        assert_eq!(
            attachment["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        let card = &attachment["content"];
        assert_eq!(
            (&card["type"], &card["version"]),
            (&"AdaptiveCard".into(), &"1.4".into())
        );
        let title = &card["body"][0]["inlines"][0]["text"];
        assert_eq!(
            title,
            "[FIRING 1] PhoneUnreachable hq: reception does not answer"
        );
        assert_eq!(card["actions"][0]["url"], "https://phones.example/alerts");
    }

    #[test]
    fn a_card_stays_below_what_teams_takes() {
        let long = "\"☎".repeat(200);
        let many = (0..300)
            .map(|n| said("A", &format!("{n}{long}"), 1))
            .collect();
        let text = body(&TemplateData::new(
            "team",
            300,
            &delivery(NotificationReason::New, many, Vec::new()),
        ));
        assert!(text.len() < 28_000, "{}", text.len());
    }
}
