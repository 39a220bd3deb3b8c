//! Alerts to an Alertmanager, and the heartbeat: exchanges that are no messages.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::http::{self, Request};
use super::redact::Redactor;
use crate::notify::channel::Alertmanager;
use crate::notify::channel::Heartbeat;
use crate::notify::http_client::HttpClient;
use crate::notify::retry::{DeliveryResult, FailureReason};

/// What became of alerts that were posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostResult {
    /// They were taken.
    Accepted,
    /// Something in them is wrong: the same will be refused again. Others among them may have been
    /// taken all the same.
    Refused {
        /// In the words of the Alertmanager, without secrets.
        error: Box<str>,
    },
    /// They did not get there; nothing is wrong with them.
    Failed {
        /// The kind of trouble.
        reason: FailureReason,
        /// What went wrong, without secrets.
        error: Box<str>,
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
}

/// How long a heartbeat may take: it comes each minute, and the next is as good.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);

/// Posts alerts, as [`body`](crate::notify::alertmanager::body) writes them.
pub async fn post_alerts(manager: &Alertmanager, body: &str) -> PostResult {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let redactor = Redactor::of(&manager.url, &manager.client);
    let request = Request {
        method: Method::POST,
        url: &manager.url,
        path: "/api/v2/alerts",
        client: &manager.client,
        timeout: manager.timeout.unwrap_or(HttpClient::TIMEOUT),
        headers,
        body: body.to_owned(),
    };
    let (result, status) = match http::exchange(request, &redactor).await {
        Ok(answer) => (answer.result(), answer.status),
        Err(result) => (result, 0),
    };
    match (result, status) {
        (DeliveryResult::Delivered, _) => PostResult::Accepted,
        // Not understood, too large, not valid: it lies in what was sent.
        (DeliveryResult::Permanent { error, .. }, 400 | 413 | 422) => PostResult::Refused { error },
        (DeliveryResult::Permanent { reason, error }, _) => PostResult::Failed {
            reason,
            error,
            after: None,
        },
        (
            DeliveryResult::Temporary {
                reason,
                error,
                after,
            },
            _,
        ) => PostResult::Failed {
            reason,
            error,
            after,
        },
    }
}

/// Tells that the daemon lives; else what went wrong, without secrets.
pub async fn beat(heartbeat: &Heartbeat) -> Result<(), Box<str>> {
    let request = Request {
        method: Method::GET,
        url: &heartbeat.url,
        path: "",
        client: &heartbeat.client,
        timeout: HEARTBEAT_TIMEOUT,
        headers: HeaderMap::new(),
        body: String::new(),
    };
    let redactor = Redactor::of(&heartbeat.url, &heartbeat.client);
    let result = match http::exchange(request, &redactor).await {
        Ok(answer) => answer.result(),
        Err(result) => result,
    };
    match result {
        DeliveryResult::Delivered => Ok(()),
        DeliveryResult::Temporary { error, .. } | DeliveryResult::Permanent { error, .. } => {
            Err(error)
        }
    }
}
