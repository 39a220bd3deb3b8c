//! Actions: add and expire silences, retry and drop notifications.
//!
//! The caller was authorized before. A program gets JSON; a browser is redirected to the page that
//! shows the result, so that reloading that page does not repeat the action.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::http::request::Parts;

use crate::alert_engine::command::{Command, NewSilence};
use crate::alerts::silence::Silence;

use super::alerting::{
    API_TIMEOUT, AlertTaskError, SilenceRequest, ValidationError, added_silence, ask,
    expired_silence, known_labels,
};
use super::inputs::Inputs;
use super::pages;
use super::request_body::{self, BodyError};
use super::response::Response;
use super::route::{Action, ResponseFormat};

/// An action with what it needs from its request.
#[derive(Debug)]
pub(super) struct ActionRequest<'a> {
    pub(super) action: Action,
    pub(super) format: ResponseFormat,
    /// The name under which it is recorded.
    pub(super) by: Box<str>,
    pub(super) head: &'a Parts,
    /// How long the body may take to arrive.
    pub(super) body_time: Duration,
}

/// What was done.
enum Outcome {
    SilenceAdded(Silence),
    SilenceExpired(Silence),
    /// A notification is retried or dropped.
    NotificationHandled,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
enum ActionError {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Invalid(#[from] ValidationError),
    #[error(transparent)]
    AlertTask(#[from] AlertTaskError),
}

/// Runs the action and reports its outcome.
pub(super) async fn execute(
    request: ActionRequest<'_>,
    body: Incoming,
    inputs: &Inputs,
) -> Response {
    let format = request.format;
    match (run(request, body, inputs).await, format) {
        (Ok(outcome), ResponseFormat::Page) => Response::see_other(&outcome.location()),
        (Ok(outcome), ResponseFormat::Json) => Response::json(StatusCode::OK, outcome.json(inputs)),
        (Err(error), ResponseFormat::Page) => {
            let page = pages::action_failed(&error.to_string(), inputs.clock.now());
            Response::page(error.status(), page)
        }
        (Err(error), ResponseFormat::Json) => Response::error(error.status(), error),
    }
}

async fn run(
    request: ActionRequest<'_>,
    body: Incoming,
    inputs: &Inputs,
) -> Result<Outcome, ActionError> {
    let (commands, by) = (&inputs.commands, request.by.clone());
    match request.action {
        Action::AddSilence => {
            let wanted = new_silence(&request, body, inputs).await?;
            let add = |done| Command::AddSilence { wanted, by, done };
            let silence = ask(commands, API_TIMEOUT, add).await?;
            Ok(Outcome::SilenceAdded(silence))
        }
        Action::ExpireSilence(id) => {
            let expire = |done| Command::ExpireSilence { id, by, done };
            let silence = ask(commands, API_TIMEOUT, expire).await?;
            Ok(Outcome::SilenceExpired(silence))
        }
        Action::Retry(id) => {
            let retry = |done| Command::Retry { id, by, done };
            ask(commands, API_TIMEOUT, retry).await?;
            Ok(Outcome::NotificationHandled)
        }
        Action::Drop(id) => {
            let drop = |done| Command::Drop { id, by, done };
            ask(commands, API_TIMEOUT, drop).await?;
            Ok(Outcome::NotificationHandled)
        }
    }
}

/// The silence that the body describes.
async fn new_silence(
    request: &ActionRequest<'_>,
    body: Incoming,
    inputs: &Inputs,
) -> Result<NewSilence, ActionError> {
    type Parse = fn(&[u8]) -> Result<SilenceRequest, ValidationError>;
    let (media, parse): (_, Parse) = match request.format {
        ResponseFormat::Page => ("application/x-www-form-urlencoded", SilenceRequest::of_form),
        ResponseFormat::Json => ("application/json", SilenceRequest::of_json),
    };
    let body = request_body::read(body, &request.head.headers, media, request.body_time).await?;
    let fleet = Arc::clone(&inputs.fleet.borrow());
    let snapshot = Arc::clone(&inputs.alerts.borrow());
    let known = known_labels(&fleet, &snapshot);
    Ok(parse(&body)?.checked(&known)?)
}

impl Outcome {
    /// The page that shows it.
    fn location(&self) -> String {
        match self {
            Self::SilenceAdded(silence) => format!("/alerts#silence-{}", silence.id),
            Self::SilenceExpired(_) => "/alerts#silences".to_owned(),
            Self::NotificationHandled => "/alerts#notifications".to_owned(),
        }
    }

    fn json(&self, inputs: &Inputs) -> String {
        let now = inputs.clock.now();
        match self {
            Self::SilenceAdded(silence) => {
                let (fleet, snapshot) = (inputs.fleet.borrow(), inputs.alerts.borrow());
                added_silence(silence, &fleet, &snapshot, now)
            }
            Self::SilenceExpired(silence) => expired_silence(silence, now),
            Self::NotificationHandled => serde_json::json!({ "done": true }).to_string(),
        }
    }
}

impl ActionError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Body(error) => error.status(),
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::AlertTask(error) => error.status(),
        }
    }
}
