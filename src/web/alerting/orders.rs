//! Orders: silences that are made and ended, messages that are tried again or thrown away.
//!
//! Who may was decided before. A program is answered in JSON, a person by the page on which it can be
//! seen, reached by a redirect, so that renewing that page gives no order twice.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;

use crate::alert_engine::command::{Command, NewSilence};
use crate::alerts::silence::Silence;
use crate::web::answer::Answer;
use crate::web::intake::{self, Unread};
use crate::web::requests::Code;
use crate::web::route::{Order, Reader};
use crate::web::{Inputs, api, pages};

use super::silence_request::{SilenceRequest, ValidationError, known_labels};
use super::{PATIENCE, Unanswered, ask, silences};

/// An order, who gives it, and what came with it.
#[derive(Debug)]
pub(in crate::web) struct Given<'a> {
    pub(in crate::web) order: Order,
    pub(in crate::web) reader: Reader,
    /// A login name.
    pub(in crate::web) by: Box<str>,
    pub(in crate::web) head: &'a Parts,
    /// For how long its body is waited for.
    pub(in crate::web) body_time: Duration,
}

/// What was done.
enum Done {
    Made(Silence),
    Ended(Silence),
    /// To a message.
    Settled,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Unread(#[from] Unread),
    #[error(transparent)]
    Invalid(#[from] ValidationError),
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

/// Does as ordered and says what became of it.
pub(in crate::web) async fn obey(given: Given<'_>, body: Incoming, inputs: &Inputs) -> Answer {
    let reader = given.reader;
    match (carry_out(given, body, inputs).await, reader) {
        (Ok(done), Reader::Person) => Answer::see_other(&done.place()),
        (Ok(done), Reader::Program) => Answer::json(Code::Ok, done.json(inputs)),
        (Err(refused), Reader::Person) => {
            let now = inputs.clock.now();
            let page = pages::not_done(&refused.to_string(), now);
            Answer::page(refused.code(), page)
        }
        (Err(refused), Reader::Program) => {
            Answer::json(refused.code(), api::error(&refused.to_string()))
        }
    }
}

async fn carry_out(given: Given<'_>, body: Incoming, inputs: &Inputs) -> Result<Done, Refused> {
    let (commands, by) = (&inputs.commands, given.by.clone());
    match given.order {
        Order::AddSilence => {
            let wanted = wanted(&given, body, inputs).await?;
            let add = |done| Command::AddSilence { wanted, by, done };
            let silence = ask(commands, PATIENCE, add).await?;
            Ok(Done::Made(silence))
        }
        Order::ExpireSilence(id) => {
            let expire = |done| Command::ExpireSilence { id, by, done };
            let silence = ask(commands, PATIENCE, expire).await?;
            Ok(Done::Ended(silence))
        }
        Order::Retry(id) => {
            ask(commands, PATIENCE, |done| Command::Retry { id, by, done }).await?;
            Ok(Done::Settled)
        }
        Order::Drop(id) => {
            ask(commands, PATIENCE, |done| Command::Drop { id, by, done }).await?;
            Ok(Done::Settled)
        }
    }
}

/// The silence that the body describes.
async fn wanted(given: &Given<'_>, body: Incoming, inputs: &Inputs) -> Result<NewSilence, Refused> {
    type Reading = fn(&[u8]) -> Result<SilenceRequest, ValidationError>;
    let (media, understood): (_, Reading) = match given.reader {
        Reader::Person => ("application/x-www-form-urlencoded", SilenceRequest::of_form),
        Reader::Program => ("application/json", SilenceRequest::of_json),
    };
    let body: Bytes = intake::read(body, &given.head.headers, media, given.body_time).await?;
    let fleet = Arc::clone(&inputs.fleet.borrow());
    let picture = Arc::clone(&inputs.alerts.borrow());
    let known = known_labels(&fleet, &picture);
    Ok(understood(&body)?.checked(&known)?)
}

impl Done {
    /// Where a person sees it.
    fn place(&self) -> String {
        match self {
            Self::Made(silence) => format!("/alerts#silence-{}", silence.id),
            Self::Ended(_) => "/alerts#silences".to_owned(),
            Self::Settled => "/alerts#notifications".to_owned(),
        }
    }

    fn json(&self, inputs: &Inputs) -> String {
        let now = inputs.clock.now();
        match self {
            Self::Made(silence) => silences::made(
                silence,
                &inputs.fleet.borrow(),
                &inputs.alerts.borrow(),
                now,
            ),
            Self::Ended(silence) => silences::ended(silence, now),
            Self::Settled => serde_json::json!({ "done": true }).to_string(),
        }
    }
}

impl Refused {
    /// How that is said in HTTP.
    fn code(&self) -> Code {
        match self {
            Self::Unread(unread) => unread.code(),
            Self::Invalid(_) => Code::Unprocessable,
            Self::Unanswered(unanswered) => unanswered.code(),
        }
    }
}
