//! Counts the requests that were answered, by who answered and how.
//!
//! Both are closed lists, so that nothing a client sends becomes a label.

use std::fmt::{self, Write as _};

use hyper::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use crate::telemetry::OrderedFamily;

/// Who answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handler {
    /// `/`.
    Fleet,
    /// `/phones/NAME`.
    Phone,
    /// `/alerts` and its forms.
    Alerts,
    /// `/runbooks`.
    Runbooks,
    /// `/config`.
    Config,
    /// `/metrics`.
    Metrics,
    /// `/probe`.
    Probe,
    /// `/sd`.
    Discovery,
    /// `/-/healthy`.
    Healthy,
    /// `/-/ready`.
    Ready,
    /// `/-/reload`.
    Reload,
    /// `/api/v1` and what is below it.
    Api,
    /// Style sheet, and paths that do not exist.
    Other,
}

/// How a request is answered: the few status codes in use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// As asked.
    Ok,
    /// Done; look there.
    SeeOther,
    /// The question makes no sense.
    BadRequest,
    /// Log in first.
    Unauthorized,
    /// Not from there.
    Forbidden,
    /// No such path or phone.
    NotFound,
    /// The path is right, the method is not.
    MethodNotAllowed,
    /// The body took too long to come.
    RequestTimeout,
    /// A body larger than anything that is asked for.
    ContentTooLarge,
    /// The body is of another kind than was asked for.
    UnsupportedMedia,
    /// Understood and refused: a configuration with faults, a silence without an end.
    Unprocessable,
    /// Not now.
    Unavailable,
}

/// Requests answered since the start. A clone counts into the same metric.
#[derive(Clone, Debug)]
pub struct Requests(OrderedFamily<RequestLabels, Counter>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct RequestLabels {
    handler: Handler,
    code: Code,
}

impl Requests {
    /// Registers the counter: the codes that each handler is known to answer with, at 0. Another code
    /// has a series once it was answered.
    pub fn register(registry: &mut Registry) -> Self {
        let answers = Handler::ALL.into_iter().flat_map(|handler| {
            let codes = handler.answers().iter();
            codes.map(move |&code| RequestLabels { handler, code })
        });
        let requests = Self(OrderedFamily::new(answers));
        let help = "Requests answered by this exporter";
        registry.register("http_requests", help, requests.0.clone());
        requests
    }

    /// Counts one answer.
    pub fn count(&self, handler: Handler, code: Code) {
        self.0.get_or_create(RequestLabels { handler, code }).inc();
    }
}

impl EncodeLabelValue for Handler {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.label())
    }
}

impl EncodeLabelValue for Code {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.label())
    }
}

impl Handler {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Fleet,
        Self::Phone,
        Self::Alerts,
        Self::Runbooks,
        Self::Config,
        Self::Metrics,
        Self::Probe,
        Self::Discovery,
        Self::Healthy,
        Self::Ready,
        Self::Reload,
        Self::Api,
        Self::Other,
    ];

    /// The value of the label `handler`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::Phone => "phone",
            Self::Alerts => "alerts",
            Self::Runbooks => "runbooks",
            Self::Config => "config",
            Self::Metrics => "metrics",
            Self::Probe => "probe",
            Self::Discovery => "sd",
            Self::Healthy => "healthy",
            Self::Ready => "ready",
            Self::Reload => "reload",
            Self::Api => "api",
            Self::Other => "other",
        }
    }

    /// The codes whose series exist from the start.
    fn answers(self) -> &'static [Code] {
        match self {
            Self::Fleet | Self::Alerts | Self::Runbooks | Self::Config | Self::Healthy => {
                &[Code::Ok]
            }
            Self::Phone | Self::Other => &[Code::Ok, Code::NotFound],
            Self::Metrics | Self::Api => &[Code::Ok, Code::NotFound, Code::Unavailable],
            Self::Discovery => &[Code::Ok, Code::BadRequest, Code::Unavailable],
            Self::Probe => &[
                Code::Ok,
                Code::BadRequest,
                Code::NotFound,
                Code::Unavailable,
            ],
            Self::Ready => &[Code::Ok, Code::Unavailable],
            Self::Reload => &[
                Code::Ok,
                Code::Forbidden,
                Code::Unprocessable,
                Code::Unavailable,
            ],
        }
    }
}

impl Code {
    /// All of them, ascending.
    pub const ALL: [Self; 12] = [
        Self::Ok,
        Self::SeeOther,
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::ContentTooLarge,
        Self::UnsupportedMedia,
        Self::Unprocessable,
        Self::Unavailable,
    ];

    /// As HTTP has it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::SeeOther => StatusCode::SEE_OTHER,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::ContentTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The value of the label `code`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "200",
            Self::SeeOther => "303",
            Self::BadRequest => "400",
            Self::Unauthorized => "401",
            Self::Forbidden => "403",
            Self::NotFound => "404",
            Self::MethodNotAllowed => "405",
            Self::RequestTimeout => "408",
            Self::ContentTooLarge => "413",
            Self::UnsupportedMedia => "415",
            Self::Unprocessable => "422",
            Self::Unavailable => "503",
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::prometheus_text;

    use super::*;

    #[test]
    fn labels_are_the_codes_of_http() {
        for code in Code::ALL {
            assert_eq!(code.status().as_str(), code.label());
        }
    }

    #[test]
    fn an_answer_outside_the_expected_ones_is_shown_once_it_happened() {
        let mut registry = Registry::default();
        let requests = Requests::register(&mut registry);
        requests.count(Handler::Healthy, Code::MethodNotAllowed);
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).expect("a String takes all");
        let of_healthy = text.lines().filter(|line| line.contains("\"healthy\""));
        assert_eq!(
            of_healthy.collect::<Vec<_>>(),
            [
                "http_requests_total{handler=\"healthy\",code=\"200\"} 0",
                "http_requests_total{handler=\"healthy\",code=\"405\"} 1",
            ]
        );
    }
}
