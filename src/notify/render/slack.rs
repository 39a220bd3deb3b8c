//! A message for Slack's incoming webhooks; Mattermost and Rocket.Chat take the same.
//!
//! It is an attachment with a bar in the colour of the worst alert. Texts are not read as Slack's
//! markup: a phone's name cannot call a channel or hide a link.

use serde_json::json;

use super::html::color;
use super::template_data::TemplateData;
use crate::notify::words::cut;

/// What Slack shows of one text.
const LONGEST: usize = 3000;

pub(super) fn body(data: &TemplateData) -> String {
    let worst = data.firing.first().or(data.over.first());
    let title = escaped(&data.title);
    let mut attachment = json!({
        "fallback": title,
        "color": worst.map_or("#57606a", color),
        "text": escaped(&cut(&data.text, LONGEST)),
        "mrkdwn_in": [],
    });
    if !data.url.is_empty() {
        attachment["title"] = "All alerts".into();
        attachment["title_link"] = (*data.url).into();
    }
    json!({ "text": title, "mrkdwn": false, "attachments": [attachment] }).to_string()
}

/// The three characters that mean something to Slack in any text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::notify::render::sample::{hostile, usual};

    fn made(delivery: &crate::notify::Delivery) -> Value {
        serde_json::from_str(&body(&TemplateData::new("chat", 10, delivery))).expect("JSON")
    }

    #[test]
    fn a_message_is_a_title_and_an_attachment_in_the_colour_of_the_worst() {
        let made = made(&usual());
        let title = "[FIRING 1] PhoneUnreachable hq: reception does not answer";
        assert_eq!(made["text"], title);
        let attachment = &made["attachments"][0];
        assert_eq!(attachment["color"], "#cf222e");
        assert_eq!(attachment["title_link"], "https://phones.example/alerts");
        let text = attachment["text"].as_str().expect("a text");
        assert!(text.contains("* reception does not answer"), "{text}");
    }

    #[test]
    fn a_phone_calls_no_channel() {
        let made = made(&hostile()).to_string();
        assert!(made.contains("&lt;!channel&gt;"), "{made}");
        assert!(!made.contains('<'), "{made}");
    }
}
