//! What a message looks like, for each kind of receiver: pure functions of an [`Delivery`].
//!
//! [`TemplateData`] is the message as data. Mails show it as text and HTML, webhooks as one of the known
//! bodies or what a template of the operator's makes of it. Whatever a phone sent is escaped for
//! where it stands, and every body is bounded.

mod alertmanager;
mod custom_template;
mod html;
mod ntfy;
#[cfg(test)]
mod sample;
mod slack;
mod teams;
mod template_data;
mod text;

use super::channel::Body;
use super::delivery::Delivery;

pub use custom_template::check;
pub use html::document;
pub use template_data::{MOST_LISTED, TemplateAlert, TemplateData};

/// The body of a POST, with the headers that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The media type.
    pub content_type: Box<str>,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// Why it is not what was wanted: the operator's template failed.
    pub fault: Option<Box<str>>,
}

/// What is posted to a receiver of this name, so many alerts by name. A template that fails is made
/// good for by the generic text, since a message of another form is better than none.
pub fn post(receiver: &str, listed: usize, body: &Body, delivery: &Delivery) -> Post {
    let data = TemplateData::new(receiver, listed, delivery);
    match body {
        Body::AlertmanagerV4 => json(alertmanager::body(receiver, delivery)),
        Body::Generic => json(generic(&data)),
        Body::Slack => json(slack::body(&data)),
        Body::Teams => json(teams::body(&data)),
        Body::Ntfy => Post {
            headers: ntfy::headers(&data),
            ..plain(ntfy::body(&data))
        },
        Body::Own {
            template,
            content_type,
        } => match custom_template::body(template, &data) {
            Ok(body) => Post {
                content_type: content_type.clone(),
                ..plain(body)
            },
            Err(error) => Post {
                fault: Some(format!("its template failed: {error}").into()),
                ..instead(content_type, &data)
            },
        },
    }
}

/// What is sent instead of what a template did not make.
fn instead(content_type: &str, data: &TemplateData) -> Post {
    if custom_template::is_json(content_type) {
        return Post {
            content_type: content_type.into(),
            ..json(generic(data))
        };
    }
    plain(format!("{}\n\n{}", data.title, data.text))
}

fn generic(data: &TemplateData) -> String {
    serde_json::to_string(data).expect("texts, numbers and times have a form in JSON")
}

fn json(body: String) -> Post {
    Post {
        content_type: "application/json".into(),
        ..plain(body)
    }
}

fn plain(body: String) -> Post {
    Post {
        content_type: "text/plain; charset=utf-8".into(),
        headers: Vec::new(),
        body,
        fault: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generic_body_tells_everything() {
        let post = post("mine", 10, &Body::Generic, &sample::usual());
        let body: serde_json::Value = serde_json::from_str(&post.body).expect("JSON");
        let body = serde_json::to_string_pretty(&body).expect("JSON");
        insta::assert_snapshot!("generic", body);
    }

    #[test]
    fn every_body_of_json_is_json_whatever_a_phone_says() {
        for body in [
            Body::AlertmanagerV4,
            Body::Generic,
            Body::Slack,
            Body::Teams,
        ] {
            let post = post("mine", 10, &body, &sample::hostile());
            assert_eq!(&*post.content_type, "application/json", "{body:?}");
            let read = serde_json::from_str::<serde_json::Value>(&post.body);
            assert!(read.is_ok(), "{body:?}: {}", post.body);
        }
    }
}
