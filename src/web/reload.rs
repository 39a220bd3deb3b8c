//! `POST /-/reload`: reloads the configuration and waits for the outcome. With `?accept_loss=true` also one
//! that lists no phones or receivers any more.

use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::{mpsc, oneshot};
use tracing::info;

use crate::fleet::command::Reload;

use super::access::Actor;
use super::query::Query;
use super::response::Response;

/// How long the outcome is waited for: reading thousands of files takes seconds, not a minute.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Asks for a reload on behalf of `actor`.
pub(super) async fn respond(
    actor: &Actor,
    query: &Query,
    reloads: &mpsc::Sender<Reload>,
) -> Response {
    let accept_loss = match query.get("accept_loss") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            return Response::text(StatusCode::BAD_REQUEST, "accept_loss is true or false");
        }
    };
    info!(%actor, accept_loss, "Reload requested by {actor}");
    let (done, outcome) = oneshot::channel();
    if reloads.try_send(Reload { accept_loss, done }).is_err() {
        return Response::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "another reload is under way",
        );
    }
    match tokio::time::timeout(RELOAD_TIMEOUT, outcome).await {
        Ok(Ok(Ok(()))) => Response::text(StatusCode::OK, "reloaded"),
        Ok(Ok(Err(faults))) => Response::text(StatusCode::UNPROCESSABLE_ENTITY, faults),
        Ok(Err(_)) => Response::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the daemon is about to stop",
        ),
        Err(_) => Response::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the reload is still under way",
        ),
    }
}
