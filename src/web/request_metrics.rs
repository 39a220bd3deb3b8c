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

/// Requests answered since the start. A clone counts into the same metric.
#[derive(Clone, Debug)]
pub struct RequestMetrics(OrderedFamily<RequestLabels, Counter>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct RequestLabels {
    handler: Handler,
    /// A status of HTTP, one of those that this server sends.
    code: u16,
}

impl RequestMetrics {
    /// Registers the counter: the codes that each handler is known to answer with, at 0. Another code
    /// has a series once it was answered.
    pub fn register(registry: &mut Registry) -> Self {
        let answers = Handler::ALL.into_iter().flat_map(|handler| {
            let codes = handler.answers().iter();
            codes.map(move |&status| labels(handler, status))
        });
        let requests = Self(OrderedFamily::new(answers));
        let help = "Requests answered by this exporter";
        registry.register("http_requests", help, requests.0.clone());
        requests
    }

    /// Counts one answer.
    pub fn count(&self, handler: Handler, status: StatusCode) {
        self.0.get_or_create(labels(handler, status)).inc();
    }
}

fn labels(handler: Handler, status: StatusCode) -> RequestLabels {
    let code = status.as_u16();
    RequestLabels { handler, code }
}

impl EncodeLabelValue for Handler {
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
    fn answers(self) -> &'static [StatusCode] {
        match self {
            Self::Fleet | Self::Alerts | Self::Runbooks | Self::Config | Self::Healthy => {
                &[StatusCode::OK]
            }
            Self::Phone | Self::Other => &[StatusCode::OK, StatusCode::NOT_FOUND],
            Self::Metrics | Self::Api => &[
                StatusCode::OK,
                StatusCode::NOT_FOUND,
                StatusCode::SERVICE_UNAVAILABLE,
            ],
            Self::Discovery => &[
                StatusCode::OK,
                StatusCode::BAD_REQUEST,
                StatusCode::SERVICE_UNAVAILABLE,
            ],
            Self::Probe => &[
                StatusCode::OK,
                StatusCode::BAD_REQUEST,
                StatusCode::NOT_FOUND,
                StatusCode::SERVICE_UNAVAILABLE,
            ],
            Self::Ready => &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE],
            Self::Reload => &[
                StatusCode::OK,
                StatusCode::FORBIDDEN,
                StatusCode::UNPROCESSABLE_ENTITY,
                StatusCode::SERVICE_UNAVAILABLE,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::prometheus_text;

    use super::*;

    #[test]
    fn an_answer_outside_the_expected_ones_is_shown_once_it_happened() {
        let mut registry = Registry::default();
        let requests = RequestMetrics::register(&mut registry);
        requests.count(Handler::Healthy, StatusCode::METHOD_NOT_ALLOWED);
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
