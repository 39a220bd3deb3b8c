//! The body that a template of the operator's makes of a message.
//!
//! It sees what the generic body tells, by the same names, and writes text or JSON; `tojson` quotes
//! for the latter. It is tried on sample messages when the configuration is read.

use std::collections::BTreeSet;

use jiff::Timestamp;
use minijinja::Value;
use minijinja::value::Serde;

use super::template_data::TemplateData;
use crate::alerts::annotations::{in_words, strict};
use crate::notify::Notification;
use crate::notify::delivery::Delivery;
use crate::notify::notification::{AlertRecord, NotificationReason};

/// Steps that a template may take: each alert of the longest message costs some hundred.
const FUEL: u64 = 1_000_000;

/// What a template makes of the message.
pub(super) fn body(template: &str, data: &TemplateData) -> Result<String, minijinja::Error> {
    let mut templates = strict();
    templates.set_fuel(Some(FUEL));
    templates.render_str(template, Value::from(Serde(data)))
}

/// What is wrong with a template, tried on messages of each kind; where it makes JSON, whether that
/// can be read.
pub fn check(template: &str, content_type: &str) -> Result<(), String> {
    for data in samples() {
        let made = body(template, &data).map_err(|error| {
            let names = Value::from(Serde(&data));
            in_words(&error, &names)
        })?;
        if is_json(content_type) {
            serde_json::from_str::<serde::de::IgnoredAny>(&made).map_err(|error| {
                format!("it does not make JSON: {error}; write texts as {{{{ title | tojson }}}}")
            })?;
        }
    }
    Ok(())
}

/// Whether the media type is one of JSON.
pub(super) fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind == "application/json" || kind.ends_with("+json")
}

/// One message of each kind, with texts that break careless JSON, and one without anything.
fn samples() -> impl Iterator<Item = TemplateData> {
    let said = |ended: bool| AlertRecord {
        labels: [
            ("alertname", "PhoneUnreachable"),
            ("phone", "a \"b\"\\"),
            ("site", "hq"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into(),
        annotations: vec![("summary".into(), "\"a\"\n\\ does not answer".into())],
        since: Timestamp::UNIX_EPOCH,
        ended: ended.then(|| (Timestamp::UNIX_EPOCH, "cleared".into())),
    };
    let kinds = [(2, 0), (1, 1), (0, 1), (0, 0)]
        .into_iter()
        .zip(NotificationReason::ALL);
    kinds.map(move |((firing, over), reason)| {
        let delivery = Delivery {
            id: "1".into(),
            group_key: "sample".into(),
            group: vec![("site".into(), "hq".into())],
            notification: Notification {
                reason,
                firing: vec![said(false); firing],
                over: vec![said(true); over],
                fresh: BTreeSet::new(),
                missed: 0,
            },
            written: Timestamp::UNIX_EPOCH,
            external_url: "https://phones.example".into(),
        };
        TemplateData::new("sample", 1, &delivery)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::notify::channel::Body;
    use crate::notify::render::custom_template::*;
    use crate::notify::render::{Post, post, sample};

    fn made(template: &str, content_type: &str) -> Post {
        let body = Body::Own {
            template: Arc::from(template),
            content_type: content_type.into(),
        };
        post("mine", 10, &body, &sample::hostile())
    }

    #[test]
    fn a_template_sees_what_the_generic_body_tells() {
        let template = r#"{"title": {{ title | tojson }}, "who": [
            {%- for alert in firing %}{{ "," if not loop.first }}{{ alert.labels.phone | tojson }}{% endfor -%}
        ]}"#;
        assert_eq!(check(template, "application/json"), Ok(()));
        let post = made(template, "application/json");
        assert_eq!(post.fault, None);
        let body: serde_json::Value = serde_json::from_str(&post.body).expect("JSON");
        let name = body["who"][0].as_str().expect("a text");
        assert!(name.starts_with("a Bcc: x@y\"<script>"), "{name}");
    }

    #[test]
    fn a_template_that_cannot_work_is_refused_with_the_reason() {
        for (template, reason) in [
            ("{{ title", "syntax error"),
            (
                "{{ nothing }}",
                "`nothing` is undefined; known here are version, ",
            ),
            (r#"{"text": "{{ title }}"}"#, "it does not make JSON: "),
            (
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "engine ran out of fuel",
            ),
        ] {
            let error = check(template, "application/json").expect_err(template);
            assert!(error.contains(reason), "{error}");
        }
        assert_eq!(check("\"{{ title }}", "text/plain"), Ok(()));
    }

    #[test]
    fn a_template_that_fails_all_the_same_is_replaced_by_what_is_generic() {
        let json = made("{{ nothing }}", "application/vnd.x+json; charset=utf-8");
        assert!(json.fault.is_some());
        assert!(
            json.body.starts_with(r#"{"version":"1","id":"7","#),
            "{}",
            json.body
        );
        let text = made("{{ nothing }}", "text/plain");
        assert!(
            text.body.starts_with("[FIRING 1] PhoneUnreachable hq: "),
            "{}",
            text.body
        );
    }
}
