//! An answer before it becomes HTTP: a code, a media type, a text.
//!
//! Handlers say what they answer; the headers that keep a browser from doing harm with it are set in
//! one place, here.

use std::fmt;

use hyper::Response;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, LOCATION, REFERRER_POLICY, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};

use super::body::{Body, Turn};
use super::pieces::{Coding, Output, Pieces};
use super::requests::Code;

/// What is answered to a request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: Code,
    /// The header `Content-Type`.
    pub(super) media: &'static str,
    pub(super) content: Content,
    /// The header `Allow`, where the method was wrong.
    pub(super) allow: Option<&'static str>,
    /// Which headers of the request chose this answer.
    pub(super) vary: Option<&'static str>,
    /// The header `Location`, where to look now.
    pub(super) location: Option<HeaderValue>,
}

/// The text of an answer.
pub(super) enum Content {
    /// Short enough to stand in memory.
    Whole(String),
    /// As long as the fleet.
    Long(Box<dyn Pieces>),
}

/// The media type of pages.
const HTML: &str = "text/html; charset=utf-8";

/// What a page may load and where it may go: its style sheet and itself, nothing else.
const CONTENT_SECURITY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

impl Answer {
    /// A line or more of plain text.
    pub(super) fn text(code: Code, text: impl fmt::Display) -> Self {
        let text = format!("{text}\n");
        Self::new(code, "text/plain; charset=utf-8", Content::Whole(text))
    }

    /// A page.
    pub(super) fn page(code: Code, html: String) -> Self {
        Self::new(code, HTML, Content::Whole(html))
    }

    /// It is done, and what became of it is seen there. A browser that renews that page does not do
    /// it again.
    pub(super) fn see_other(path: &str) -> Self {
        Self {
            location: HeaderValue::from_str(path).ok(),
            ..Self::text(Code::SeeOther, format_args!("done; see {path}"))
        }
    }

    /// The style sheet of the pages.
    pub(super) fn style(css: &'static str) -> Self {
        let content = Content::Whole(css.to_owned());
        Self::new(Code::Ok, "text/css; charset=utf-8", content)
    }

    /// JSON that stands in memory.
    pub(super) fn json(code: Code, json: String) -> Self {
        Self::new(code, "application/json", Content::Whole(json))
    }

    /// JSON as long as the fleet.
    pub(super) fn long_json(source: impl Pieces + 'static) -> Self {
        let content = Content::Long(Box::new(source));
        Self {
            vary: Some("accept-encoding"),
            ..Self::new(Code::Ok, "application/json", content)
        }
    }

    /// The method is not one of those that the path knows.
    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let text = format!("only {allow} is answered here");
        Self {
            allow: Some(allow),
            ..Self::text(Code::MethodNotAllowed, text)
        }
    }

    pub(super) fn new(code: Code, media: &'static str, content: Content) -> Self {
        Self {
            code,
            media,
            content,
            allow: None,
            vary: None,
            location: None,
        }
    }

    /// The answer as HTTP. Only what is long is coded as the client likes it.
    pub(super) fn into_response(self, coding: Coding, turn: Turn) -> Response<Body> {
        let long = matches!(self.content, Content::Long(_));
        let body = match self.content {
            Content::Whole(text) => Body::whole(text),
            Content::Long(source) => Body::long(Output::new(source, coding), turn),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        if let Some(location) = self.location {
            headers.insert(LOCATION, location);
        }
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(CONTENT_TYPE, self.media);
        set(X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(CACHE_CONTROL, "no-store");
        if let Some(allow) = self.allow {
            set(ALLOW, allow);
        }
        if let Some(vary) = self.vary {
            set(VARY, vary);
        }
        if long && coding == Coding::Gzip {
            set(CONTENT_ENCODING, "gzip");
        }
        if self.code == Code::Unauthorized {
            set(
                WWW_AUTHENTICATE,
                "Basic realm=\"grandstream-exporter\", charset=\"UTF-8\"",
            );
        }
        if self.media == HTML {
            // Not `no-referrer`: with it browsers leave the `Origin` of our own forms blank.
            set(REFERRER_POLICY, "same-origin");
            headers.insert(CONTENT_SECURITY_POLICY, CONTENT_SECURITY);
        }
        response
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole(_) => "Whole",
            Self::Long(_) => "Long",
        })
    }
}
