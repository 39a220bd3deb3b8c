//! Paths: which of them exist, and who answers them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::requests::Handler;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// The fleet page.
    Fleet,
    /// The page of one phone.
    Phone(Cow<'a, str>),
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
    /// Nothing that is here.
    Unknown,
}

impl<'a> Route<'a> {
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
            "/api/v1/phones" => Self::ApiPhones,
            _ => Self::of_phone(path).unwrap_or(Self::Unknown),
        }
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
            Self::Reload => Some("POST"),
            Self::Fleet
            | Self::Phone(_)
            | Self::Style
            | Self::Metrics
            | Self::Probe
            | Self::Discovery
            | Self::Healthy
            | Self::Ready
            | Self::ApiPhones
            | Self::ApiPhone(_) => Some("GET, HEAD"),
        }
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
            Self::ApiPhones | Self::ApiPhone(_) => Handler::Api,
            Self::Style | Self::Unknown => Handler::Other,
        }
    }
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
}
