//! A response before it becomes HTTP: status, media type and content.
//!
//! Handlers choose these; the headers that protect browsers, such as `Content-Security-Policy`, are
//! set here for all.

use std::fmt;

use hyper::StatusCode;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, LOCATION, REFERRER_POLICY, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};

use super::body::{Body, WakeCounter};
use super::streaming::{ChunkSource, Coding, Encoder};

/// The response to a request.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    /// The header `Content-Type`.
    pub(super) media: &'static str,
    pub(super) content: Content,
    /// The header `Allow`, where the method was wrong.
    pub(super) allow: Option<&'static str>,
    /// The header `Vary`: headers of the request that chose this response.
    pub(super) vary: Option<&'static str>,
    /// The header `Location`.
    pub(super) location: Option<HeaderValue>,
}

/// The content of a response.
pub(super) enum Content {
    /// Short enough to stand in memory.
    Complete(String),
    /// Grows with the fleet.
    Streamed(Box<dyn ChunkSource>),
}

/// The media type of pages.
const HTML: &str = "text/html; charset=utf-8";

/// A page may load its style sheet and send forms to this server, nothing else.
const CONTENT_SECURITY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

impl Response {
    /// A line or more of plain text.
    pub(super) fn text(status: StatusCode, text: impl fmt::Display) -> Self {
        let text = format!("{text}\n");
        Self::new(status, "text/plain; charset=utf-8", Content::Complete(text))
    }

    /// A page.
    pub(super) fn page(status: StatusCode, html: String) -> Self {
        Self::new(status, HTML, Content::Complete(html))
    }

    /// It is done, and what became of it is seen there. A browser that renews that page does not do
    /// it again.
    pub(super) fn see_other(path: &str) -> Self {
        Self {
            location: HeaderValue::from_str(path).ok(),
            ..Self::text(StatusCode::SEE_OTHER, format_args!("done; see {path}"))
        }
    }

    /// The style sheet of the pages.
    pub(super) fn style(css: &'static str) -> Self {
        let content = Content::Complete(css.to_owned());
        Self::new(StatusCode::OK, "text/css; charset=utf-8", content)
    }

    /// JSON that stands in memory.
    pub(super) fn json(status: StatusCode, json: String) -> Self {
        Self::new(status, "application/json", Content::Complete(json))
    }

    /// JSON as long as the fleet.
    pub(super) fn streamed_json(source: impl ChunkSource + 'static) -> Self {
        let content = Content::Streamed(Box::new(source));
        Self {
            vary: Some("accept-encoding"),
            ..Self::new(StatusCode::OK, "application/json", content)
        }
    }

    /// An error of the API.
    pub(super) fn error(status: StatusCode, error: impl fmt::Display) -> Self {
        let json = serde_json::json!({ "error": error.to_string() });
        Self::json(status, json.to_string())
    }

    /// The method is not one of those that the path knows.
    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let text = format!("only {allow} is answered here");
        Self {
            allow: Some(allow),
            ..Self::text(StatusCode::METHOD_NOT_ALLOWED, text)
        }
    }

    pub(super) fn new(status: StatusCode, media: &'static str, content: Content) -> Self {
        Self {
            status,
            media,
            content,
            allow: None,
            vary: None,
            location: None,
        }
    }

    /// The answer as HTTP. Only what is long is coded as the client likes it.
    pub(super) fn into_http(self, coding: Coding, wakes: WakeCounter) -> hyper::Response<Body> {
        let streamed = matches!(self.content, Content::Streamed(_));
        let body = match self.content {
            Content::Complete(text) => Body::complete(text),
            Content::Streamed(source) => Body::streamed(Encoder::new(source, coding), wakes),
        };
        let mut response = hyper::Response::new(body);
        *response.status_mut() = self.status;
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
        if streamed && coding == Coding::Gzip {
            set(CONTENT_ENCODING, "gzip");
        }
        if self.status == StatusCode::UNAUTHORIZED {
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
            Self::Complete(_) => "Complete",
            Self::Streamed(_) => "Streamed",
        })
    }
}
