//! Paths: which of them exist, and who answers them.

use std::borrow::Cow;
use std::str::FromStr;

use hyper::Method;
use percent_encoding::percent_decode_str;

use super::requests::Handler;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// The fleet page.
    Fleet,
    /// The page of one phone.
    Phone(Cow<'a, str>),
    /// The page of alerts, silences and messages.
    Alerts,
    /// A form of that page.
    Form(Order),
    /// What each alert means and what to do first.
    Runbooks,
    /// The page of what was configured.
    Config,
    /// The style sheet of the pages.
    Style,
    /// The page of metrics.
    Metrics,
    /// One phone's metrics, polled for it.
    Probe,
    /// What Prometheus may scrape.
    Discovery,
    /// Whether the process answers.
    Healthy,
    /// Whether the first round of polls is over.
    Ready,
    /// Read the configuration again.
    Reload,
    /// All phones as JSON.
    ApiPhones,
    /// One phone as JSON.
    ApiPhone(Cow<'a, str>),
    /// Alerts as Prometheus lists them.
    ApiAlerts,
    /// Rules as Prometheus lists them.
    ApiRules,
    /// All silences as JSON.
    ApiSilences,
    /// One silence.
    ApiSilence(u64),
    /// What happened to phones, as JSON.
    ApiEvents,
    /// Messages that wait or were given up, as JSON.
    ApiNotifications,
    /// One such message.
    ApiNotification(i64),
    /// One such message, to be tried again.
    ApiRetry(i64),
    /// Nothing that is here.
    Unknown,
}

/// What a request can change beside the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Make the silence that stands in the body.
    AddSilence,
    /// End this one.
    ExpireSilence(u64),
    /// Try this message again.
    Retry(i64),
    /// Throw this message away.
    Drop(i64),
}

/// Who gives an order, and so reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Somebody who looks at a page.
    Person,
    /// A program that takes JSON.
    Program,
}

impl<'a> Route<'a> {
    /// Whether it tells of the daemon's health, which is answered whatever else is under way.
    pub(super) fn is_health(&self) -> bool {
        matches!(self, Self::Healthy | Self::Ready)
    }

    /// What `path` names. Names of phones are percent-decoded; they may hold any character.
    pub(super) fn of(path: &'a str) -> Self {
        match path {
            "/" => Self::Fleet,
            "/style.css" => Self::Style,
            "/metrics" => Self::Metrics,
            "/probe" => Self::Probe,
            "/sd" => Self::Discovery,
            "/-/healthy" => Self::Healthy,
            "/-/ready" => Self::Ready,
            "/-/reload" => Self::Reload,
            "/alerts" => Self::Alerts,
            "/alerts/silences" => Self::Form(Order::AddSilence),
            "/runbooks" => Self::Runbooks,
            "/config" => Self::Config,
            "/api/v1/phones" => Self::ApiPhones,
            "/api/v1/alerts" => Self::ApiAlerts,
            "/api/v1/rules" => Self::ApiRules,
            "/api/v1/silences" => Self::ApiSilences,
            "/api/v1/events" => Self::ApiEvents,
            "/api/v1/notifications" => Self::ApiNotifications,
            _ => Self::of_phone(path)
                .or_else(|| Self::of_number(path))
                .unwrap_or(Self::Unknown),
        }
    }

    fn of_number(path: &str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/alerts/") {
            let order = match rest.split('/').collect::<Vec<_>>()[..] {
                ["silences", id, "expire"] => Order::ExpireSilence(number(id)?),
                ["notifications", id, "retry"] => Order::Retry(number(id)?),
                ["notifications", id, "drop"] => Order::Drop(number(id)?),
                _ => return None,
            };
            return Some(Self::Form(order));
        }
        let rest = path.strip_prefix("/api/v1/")?;
        Some(match rest.split('/').collect::<Vec<_>>()[..] {
            ["silences", id] => Self::ApiSilence(number(id)?),
            ["notifications", id] => Self::ApiNotification(number(id)?),
            ["notifications", id, "retry"] => Self::ApiRetry(number(id)?),
            _ => return None,
        })
    }

    fn of_phone(path: &'a str) -> Option<Self> {
        if let Some(name) = path.strip_prefix("/phones/") {
            return Some(Self::Phone(decode(name)?));
        }
        let name = path.strip_prefix("/api/v1/phones/")?;
        Some(Self::ApiPhone(decode(name)?))
    }

    /// Which methods are answered, as the header `Allow` lists them; `None` where nothing is.
    pub(super) fn methods(&self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Reload | Self::Form(_) | Self::ApiRetry(_) => Some("POST"),
            Self::ApiSilence(_) | Self::ApiNotification(_) => Some("DELETE"),
            Self::ApiSilences => Some("GET, HEAD, POST"),
            Self::Fleet
            | Self::Phone(_)
            | Self::Alerts
            | Self::Runbooks
            | Self::Config
            | Self::Style
            | Self::Metrics
            | Self::Probe
            | Self::Discovery
            | Self::Healthy
            | Self::Ready
            | Self::ApiPhones
            | Self::ApiPhone(_)
            | Self::ApiAlerts
            | Self::ApiRules
            | Self::ApiEvents
            | Self::ApiNotifications => Some("GET, HEAD"),
        }
    }

    /// What a request by one of [`Route::methods`] changes, and who reads the answer; `None` where it
    /// only reads, or reloads.
    pub(super) fn order(&self, method: &Method) -> Option<(Order, Reader)> {
        let order = match (self, method) {
            (Self::Form(order), _) => return Some((*order, Reader::Person)),
            (Self::ApiSilences, &Method::POST) => Order::AddSilence,
            (Self::ApiSilence(id), _) => Order::ExpireSilence(*id),
            (Self::ApiNotification(id), _) => Order::Drop(*id),
            (Self::ApiRetry(id), _) => Order::Retry(*id),
            _ => return None,
        };
        Some((order, Reader::Program))
    }

    /// Who answers.
    pub(super) fn handler(&self) -> Handler {
        match self {
            Self::Fleet => Handler::Fleet,
            Self::Phone(_) => Handler::Phone,
            Self::Metrics => Handler::Metrics,
            Self::Probe => Handler::Probe,
            Self::Discovery => Handler::Discovery,
            Self::Healthy => Handler::Healthy,
            Self::Ready => Handler::Ready,
            Self::Reload => Handler::Reload,
            Self::Alerts | Self::Form(_) => Handler::Alerts,
            Self::Runbooks => Handler::Runbooks,
            Self::Config => Handler::Config,
            Self::ApiPhones
            | Self::ApiPhone(_)
            | Self::ApiAlerts
            | Self::ApiRules
            | Self::ApiSilences
            | Self::ApiSilence(_)
            | Self::ApiEvents
            | Self::ApiNotifications
            | Self::ApiNotification(_)
            | Self::ApiRetry(_) => Handler::Api,
            Self::Style | Self::Unknown => Handler::Other,
        }
    }
}

/// What is said where a path names nothing.
pub(super) const UNKNOWN_PATH: &str = "nothing is here; there are: / (all phones), /phones/NAME, /alerts, \
                            /runbooks, /config, /metrics, /probe?target=NAME, /sd, /api/v1/phones, \
                            /api/v1/phones/NAME, /api/v1/alerts, /api/v1/rules, \
                            /api/v1/silences, /api/v1/events, /api/v1/notifications, \
                            /-/healthy, /-/ready";

/// Digits alone: neither a sign nor blanks name anything.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn decode(name: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(name).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_may_hold_a_slash() {
        assert_eq!(
            Route::of("/phones/caf%C3%A9%2F2%20b"),
            Route::Phone("café/2 b".into())
        );
        assert_eq!(Route::of("/api/v1/phones/a"), Route::ApiPhone("a".into()));
        assert_eq!(Route::of("/phones/%FF"), Route::Unknown);
        assert_eq!(Route::of("/phones"), Route::Unknown);
        assert_eq!(Route::of("/metrics/"), Route::Unknown);
    }

    #[test]
    fn what_changes_something_is_told_by_path_and_method() {
        for (path, method, expected) in [
            (
                "/api/v1/silences",
                Method::POST,
                Some((Order::AddSilence, Reader::Program)),
            ),
            ("/api/v1/silences", Method::GET, None),
            (
                "/api/v1/silences/7",
                Method::DELETE,
                Some((Order::ExpireSilence(7), Reader::Program)),
            ),
            (
                "/alerts/silences/7/expire",
                Method::POST,
                Some((Order::ExpireSilence(7), Reader::Person)),
            ),
            (
                "/alerts/notifications/3/drop",
                Method::POST,
                Some((Order::Drop(3), Reader::Person)),
            ),
            (
                "/api/v1/notifications/3/retry",
                Method::POST,
                Some((Order::Retry(3), Reader::Program)),
            ),
            ("/alerts", Method::GET, None),
        ] {
            assert_eq!(Route::of(path).order(&method), expected, "{method} {path}");
        }
        for path in [
            "/api/v1/silences/",
            "/api/v1/silences/-1",
            "/api/v1/silences/+1",
            "/api/v1/silences/99999999999999999999",
            "/api/v1/silences/7/expire",
            "/api/v1/notifications/x",
            "/alerts/silences/7",
            "/alerts/",
        ] {
            assert_eq!(Route::of(path), Route::Unknown, "{path}");
        }
    }
}
