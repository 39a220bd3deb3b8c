//! What an endpoint answers before it is spelled, and the spelling of it.
//!
//! Handlers say what they mean in the guide's own words; [`Answer::spelled`] is the one place that
//! obeys the knobs of [`Text`].

use crate::sim::behaviour::session::Denial;
use crate::sim::behaviour::transport::{Charset, Envelope, Text};
use crate::sim::wire::json::Json;
use crate::sim::wire::response::Response;

/// A page as it is shown to a browser that has no session.
pub(in crate::sim) const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Grandstream</title>\
    </head><body><form action=\"/login\"><input name=\"username\"></form></body></html>";

/// The unclosed list and tags are as phones send them.
const NOT_FOUND_PAGE: &str =
    "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1><ul>";

const FORBIDDEN_PAGE: &str = "<html><body><h1>403 Forbidden</h1></body></html>";

const UNAUTHORIZED_PAGE: &str = "<html><body><h1>401 Unauthorized</h1></body></html>";

/// What an endpoint answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim) struct Answer {
    pub(in crate::sim) status: u16,
    pub(in crate::sim) body: Body,
    /// Values of `Set-Cookie`.
    pub(in crate::sim) cookies: Vec<String>,
    location: Option<String>,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim) enum Body {
    Json(Json),
    Text(String),
    Html(&'static str),
    Xml(String),
}

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        Self {
            status,
            body,
            cookies: Vec::new(),
            location: None,
        }
    }

    pub(super) fn json(value: Json) -> Self {
        Self::new(200, Body::Json(value))
    }

    /// `{"response":"success","body":…}`.
    pub(super) fn success(body: Json) -> Self {
        Self::json(Json::object([
            ("response", "success".into()),
            ("body", body),
        ]))
    }

    /// `{"response":"error","body":…}`.
    pub(super) fn error(body: Json) -> Self {
        Self::json(Json::object([("response", "error".into()), ("body", body)]))
    }

    /// What the vendor's other lines answer to a request they understand and cannot carry out;
    /// the guide has no word for it.
    pub(super) fn failed() -> Self {
        Self::error("failed".into())
    }

    /// `success` with that body if `done`, else [`Answer::failed`].
    pub(super) fn done(done: bool, body: &str) -> Self {
        if done {
            Self::success(body.into())
        } else {
            Self::failed()
        }
    }

    /// `{"res":…,"msg":…}`.
    pub(super) fn message(res: &str, msg: Json) -> Self {
        Self::json(Json::object([("res", res.into()), ("msg", msg)]))
    }

    /// `{"res":"success","msg":[…]}`, as the guide has contacts and groups.
    pub(super) fn list(items: Vec<Json>) -> Self {
        Self::message("success", Json::List(items))
    }

    /// `key=value` lines that end with CR LF.
    pub(super) fn lines(lines: &[&str]) -> Self {
        Self::text(lines.iter().flat_map(|line| [*line, "\r\n"]).collect())
    }

    pub(super) fn text(text: String) -> Self {
        Self::new(200, Body::Text(text))
    }

    pub(super) fn html(status: u16, page: &'static str) -> Self {
        Self::new(status, Body::Html(page))
    }

    pub(super) fn xml(document: String) -> Self {
        Self::new(200, Body::Xml(document))
    }

    pub(super) fn not_found() -> Self {
        Self::html(404, NOT_FOUND_PAGE)
    }

    pub(super) fn redirect(status: u16, location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::html(status, "")
        }
    }

    /// "You may not", in that form.
    pub(super) fn denial(form: Denial) -> Self {
        match form {
            Denial::Status401 => Self::html(401, UNAUTHORIZED_PAGE),
            Denial::Status403 => Self::html(403, FORBIDDEN_PAGE),
            Denial::Unauthorized => Self::success("unauthorized".into()),
            Denial::SessionExpired => {
                Self::error(Json::object([("status", "session-expired".into())]))
            }
            Denial::AuthenticationRequired => {
                Self::lines(&["Response=Error", "Message=Authentication Required"])
            }
            Denial::ResMsg => Self::message("error", "authentication required".into()),
            Denial::EmptyBody => Self::error(Json::object([])),
            Denial::InvalidSession => {
                Self::error(Json::object([("reason", "invalid session".into())]))
            }
            Denial::LoginPage => Self::html(200, LOGIN_PAGE),
            Denial::RedirectToLogin => Self::redirect(302, "/login".to_owned()),
        }
    }

    /// The answer spelled as the knobs say; `as_lines` for an endpoint that does not speak JSON.
    pub(super) fn spelled(self, style: &Text, as_lines: bool) -> Response {
        let plain = || "text/plain".to_owned();
        let (kind, text, may_have_bom) = match self.body {
            Body::Json(value) => {
                let value = enveloped(value, style.envelope);
                if as_lines {
                    (plain(), value.lines(), true)
                } else {
                    (style.json_type.clone(), value.written(style), true)
                }
            }
            Body::Text(text) => (plain(), text, true),
            Body::Html(page) => ("text/html".to_owned(), page.to_owned(), false),
            Body::Xml(document) => ("text/xml".to_owned(), document, false),
        };
        let bom = if style.bom && may_have_bom {
            "\u{feff}"
        } else {
            ""
        };
        let mut headers = vec![("Content-Type", kind)];
        headers.extend(
            self.cookies
                .into_iter()
                .map(|cookie| ("Set-Cookie", cookie)),
        );
        headers.extend(self.location.map(|location| ("Location", location)));
        let body = encoded(&[bom, &text].concat(), style.charset);
        Response {
            status: self.status,
            headers,
            body,
        }
    }
}

fn enveloped(value: Json, envelope: Envelope) -> Json {
    let Json::Object(pairs) = value else {
        return value;
    };
    let names: fn(&str) -> &str = match envelope {
        Envelope::Guide => |name| name,
        Envelope::Capital => |name| match name {
            "response" => "Response",
            "body" => "Body",
            other => other,
        },
        Envelope::ResMsg => |name| match name {
            "response" => "res",
            "body" => "msg",
            other => other,
        },
        Envelope::Results => |name| match name {
            "body" | "msg" => "results",
            other => other,
        },
    };
    let is_dropped =
        |name: &str| envelope == Envelope::Results && matches!(name, "response" | "res");
    let kept = pairs.into_iter().filter(|(name, _)| !is_dropped(name));
    Json::Object(
        kept.map(|(name, value)| (names(&name).to_owned(), value))
            .collect(),
    )
}

fn encoded(text: &str, charset: Charset) -> Vec<u8> {
    match charset {
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Latin1 => text
            .chars()
            .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(style: &Text, expect: &str) {
        let response = Answer::success("é".into()).spelled(style, false);
        assert_eq!(String::from_utf8_lossy(&response.body), expect);
    }

    #[test]
    fn each_spelling_of_the_envelope_and_the_bytes() {
        let envelope = |envelope| Text {
            envelope,
            ..Text::default()
        };
        check(
            &envelope(Envelope::Guide),
            r#"{"response": "success", "body": "é"}"#,
        );
        check(
            &envelope(Envelope::Capital),
            r#"{"Response": "success", "Body": "é"}"#,
        );
        check(
            &envelope(Envelope::ResMsg),
            r#"{"res": "success", "msg": "é"}"#,
        );
        check(&envelope(Envelope::Results), r#"{"results": "é"}"#);
        check(
            &Text {
                bom: true,
                ..Text::default()
            },
            "\u{feff}{\"response\": \"success\", \"body\": \"é\"}",
        );
        check(
            &Text {
                charset: Charset::Latin1,
                ..Text::default()
            },
            "{\"response\": \"success\", \"body\": \"\u{fffd}\"}",
        );
    }

    #[test]
    fn lines_take_the_place_of_json_where_asked() {
        let response = Answer::failed().spelled(&Text::default(), true);
        assert_eq!(response.body, b"response=error\r\nbody=failed\r\n");
        assert_eq!(
            response.headers,
            [("Content-Type", "text/plain".to_owned())]
        );
    }

    #[test]
    fn no_two_denials_look_alike() {
        let looks: Vec<Response> = Denial::ALL
            .map(|form| Answer::denial(form).spelled(&Text::default(), false))
            .into();
        for (position, look) in looks.iter().enumerate() {
            assert!(!looks[..position].contains(look), "{look:?}");
        }
    }
}
