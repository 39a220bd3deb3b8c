//! `POST /-/reload`: asks the daemon to read its configuration again, and waits for the outcome.
//! `?accept_loss=true` takes over one that lists no phones or receivers any more.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::info;

use crate::fleet::command::Reload;

use super::access::Actor;
use super::answer::Answer;
use super::query::Query;
use super::requests::Code;

/// How long the outcome is waited for: reading thousands of files takes seconds, not a minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for a reload on behalf of `actor`.
pub(super) async fn answer(actor: &Actor, query: &Query, reloads: &mpsc::Sender<Reload>) -> Answer {
    let accept_loss = match query.get("accept_loss") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Answer::text(Code::BadRequest, "accept_loss is true or false"),
    };
    info!(%actor, accept_loss, "A reload is asked for by {actor}");
    let (done, outcome) = oneshot::channel();
    if reloads.try_send(Reload { accept_loss, done }).is_err() {
        return Answer::text(Code::Unavailable, "another reload is under way");
    }
    match tokio::time::timeout(PATIENCE, outcome).await {
        Ok(Ok(Ok(()))) => Answer::text(Code::Ok, "reloaded"),
        Ok(Ok(Err(faults))) => Answer::text(Code::Unprocessable, faults),
        Ok(Err(_)) => Answer::text(Code::Unavailable, "the daemon is about to stop"),
        Err(_) => Answer::text(Code::Unavailable, "the reload is still under way"),
    }
}
