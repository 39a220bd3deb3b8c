//! Paths: which of them exist, and who answers them.

use std::borrow::Cow;
use std::str::FromStr;

use hyper::Method;
use percent_encoding::percent_decode_str;

use super::request_metrics::Handler;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// The fleet page.
    Fleet,
    /// The page of one phone.
    Phone(Cow<'a, str>),
    /// The page of alerts, silences and notifications.
    Alerts,
    /// A form of that page, which changes something.
    Form(Action),
    /// What each alert means, and first steps.
    Runbooks,
    /// The page of the configuration.
    Config,
    /// The style sheet of the pages.
    Style,
    /// The page of metrics.
    Metrics,
    /// One phone's metrics, polled for it.
    Probe,
    /// Targets for Prometheus' `http_sd_configs`.
    Discovery,
    /// Whether the process answers.
    Healthy,
    /// Whether every phone was polled once.
    Ready,
    /// Reload the configuration.
    Reload,
    /// An endpoint of the JSON API.
    Api(ApiRoute<'a>),
    /// No such path.
    Unknown,
}

/// What a path below `/api/v1` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ApiRoute<'a> {
    /// All phones.
    Phones,
    /// One phone.
    Phone(Cow<'a, str>),
    /// Alerts as Prometheus lists them.
    Alerts,
    /// Rules as Prometheus lists them.
    Rules,
    /// All silences.
    Silences,
    /// One silence.
    Silence(u64),
    /// Events of phones.
    Events,
    /// Queued notifications and dead letters.
    Notifications,
    /// One of them.
    Notification(i64),
    /// One of them, to be retried.
    Retry(i64),
}

/// What a request can change, beside the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Add the silence in the body.
    AddSilence,
    /// Expire this silence.
    ExpireSilence(u64),
    /// Retry this dead letter or queued notification.
    Retry(i64),
    /// Drop this dead letter or queued notification.
    Drop(i64),
}

/// How the outcome of an action is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseFormat {
    /// As a page: a redirect, or a page with the error.
    Page,
    /// As JSON.
    Json,
}

impl<'a> Route<'a> {
    /// Whether it is a health endpoint, which is answered under any load.
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
            "/alerts/silences" => Self::Form(Action::AddSilence),
            "/runbooks" => Self::Runbooks,
            "/config" => Self::Config,
            "/api/v1/phones" => Self::Api(ApiRoute::Phones),
            "/api/v1/alerts" => Self::Api(ApiRoute::Alerts),
            "/api/v1/rules" => Self::Api(ApiRoute::Rules),
            "/api/v1/silences" => Self::Api(ApiRoute::Silences),
            "/api/v1/events" => Self::Api(ApiRoute::Events),
            "/api/v1/notifications" => Self::Api(ApiRoute::Notifications),
            _ => Self::of_phone(path)
                .or_else(|| Self::of_number(path))
                .unwrap_or(Self::Unknown),
        }
    }

    fn of_number(path: &str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/alerts/") {
            let action = match rest.split('/').collect::<Vec<_>>()[..] {
                ["silences", id, "expire"] => Action::ExpireSilence(number(id)?),
                ["notifications", id, "retry"] => Action::Retry(number(id)?),
                ["notifications", id, "drop"] => Action::Drop(number(id)?),
                _ => return None,
            };
            return Some(Self::Form(action));
        }
        let rest = path.strip_prefix("/api/v1/")?;
        Some(match rest.split('/').collect::<Vec<_>>()[..] {
            ["silences", id] => Self::Api(ApiRoute::Silence(number(id)?)),
            ["notifications", id] => Self::Api(ApiRoute::Notification(number(id)?)),
            ["notifications", id, "retry"] => Self::Api(ApiRoute::Retry(number(id)?)),
            _ => return None,
        })
    }

    fn of_phone(path: &'a str) -> Option<Self> {
        if let Some(name) = path.strip_prefix("/phones/") {
            return Some(Self::Phone(decode(name)?));
        }
        let name = path.strip_prefix("/api/v1/phones/")?;
        Some(Self::Api(ApiRoute::Phone(decode(name)?)))
    }

    /// Which methods are answered, as the header `Allow` lists them; `None` where nothing is.
    pub(super) fn methods(&self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Reload | Self::Form(_) | Self::Api(ApiRoute::Retry(_)) => Some("POST"),
            Self::Api(ApiRoute::Silence(_) | ApiRoute::Notification(_)) => Some("DELETE"),
            Self::Api(ApiRoute::Silences) => Some("GET, HEAD, POST"),
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
            | Self::Api(
                ApiRoute::Phones
                | ApiRoute::Phone(_)
                | ApiRoute::Alerts
                | ApiRoute::Rules
                | ApiRoute::Events
                | ApiRoute::Notifications,
            ) => Some("GET, HEAD"),
        }
    }

    /// What a request by one of [`Route::methods`] changes, and how the outcome is reported; `None` where it
    /// only reads, or reloads.
    pub(super) fn action(&self, method: &Method) -> Option<(Action, ResponseFormat)> {
        let action = match (self, method) {
            (Self::Form(action), _) => return Some((*action, ResponseFormat::Page)),
            (Self::Api(ApiRoute::Silences), &Method::POST) => Action::AddSilence,
            (Self::Api(ApiRoute::Silence(id)), _) => Action::ExpireSilence(*id),
            (Self::Api(ApiRoute::Notification(id)), _) => Action::Drop(*id),
            (Self::Api(ApiRoute::Retry(id)), _) => Action::Retry(*id),
            _ => return None,
        };
        Some((action, ResponseFormat::Json))
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
            Self::Api(_) => Handler::Api,
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
        assert_eq!(
            Route::of("/api/v1/phones/a"),
            Route::Api(ApiRoute::Phone("a".into()))
        );
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
                Some((Action::AddSilence, ResponseFormat::Json)),
            ),
            ("/api/v1/silences", Method::GET, None),
            (
                "/api/v1/silences/7",
                Method::DELETE,
                Some((Action::ExpireSilence(7), ResponseFormat::Json)),
            ),
            (
                "/alerts/silences/7/expire",
                Method::POST,
                Some((Action::ExpireSilence(7), ResponseFormat::Page)),
            ),
            (
                "/alerts/notifications/3/drop",
                Method::POST,
                Some((Action::Drop(3), ResponseFormat::Page)),
            ),
            (
                "/api/v1/notifications/3/retry",
                Method::POST,
                Some((Action::Retry(3), ResponseFormat::Json)),
            ),
            ("/alerts", Method::GET, None),
        ] {
            assert_eq!(Route::of(path).action(&method), expected, "{method} {path}");
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
