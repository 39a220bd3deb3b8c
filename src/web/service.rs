//! Answers requests: from path and method to an answer.
//!
//! Everything but `/probe` and a reload is a function of the published fleet and the time. Who may
//! ask for what is decided in `access`.

use std::sync::Arc;

use hyper::body::Body as _;
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::debug;

use crate::fleet::{Fleet, Phone, Text};

use super::access::{self, Caller};
use super::answer::{Answer, Content};
use super::body::{Body, Turn};
use super::entrance::Entrance;
use super::login::Logins;
use super::metrics::{Exporter, Page, Process, Scrape};
use super::pieces::{Filled, Pieces};
use super::query::Query;
use super::requests::{Code, Requests};
use super::route::Route;
use super::server::Peer;
use super::{Inputs, Settings, api, discovery, negotiate, pages, probe, ready, reload};

/// What answers are made from.
#[derive(Debug)]
pub(super) struct Service {
    inputs: Inputs,
    requests: Requests,
    long_answers: Arc<Semaphore>,
    logins: Logins,
}

/// A long answer that counts as under way until it is dropped.
struct Admitted {
    source: Box<dyn Pieces>,
    #[expect(dead_code, reason = "it is given back when this is dropped")]
    permit: OwnedSemaphorePermit,
}

/// Largest body that a request may announce; nothing here reads one.
const MAX_BODY: u64 = 64 * 1024;

impl Service {
    /// Answers from these inputs, at most so many long answers at a time.
    pub(super) fn new(inputs: Inputs, long_answers: usize) -> Self {
        Self {
            inputs,
            requests: Requests::default(),
            long_answers: Arc::new(Semaphore::new(long_answers)),
            logins: Logins::default(),
        }
    }

    /// Answers one request.
    pub(super) async fn answer(
        &self,
        peer: Peer,
        request: Request<Incoming>,
        turn: Turn,
    ) -> Response<Body> {
        let announced = request.body().size_hint().lower();
        // The body is never read: the server hangs up on what of it did not come with the head.
        let (head, _) = request.into_parts();
        let route = Route::of(head.uri.path());
        let handler = route.handler();
        let entrance = Arc::clone(&self.settings().entrance);
        let admitted = access::admit(peer, &route, &head, &entrance, &self.logins).await;
        let answer = match admitted {
            Err(answer) => answer,
            Ok(_) if announced > MAX_BODY => {
                Answer::text(Code::ContentTooLarge, "nothing here reads a body")
            }
            Ok(caller) => self.admit(self.dispatch(caller, &route, &head, &entrance).await),
        };
        self.requests.count(handler, answer.code);
        if answer.code != Code::Ok {
            let (handler, code) = (handler.label(), answer.code.label());
            debug!(?peer, handler, code, "Answered a request with {code}");
        }
        let mut response = answer.into_response(negotiate::coding(&head.headers), turn);
        for (name, value) in entrance.listener.headers.iter() {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    async fn dispatch(
        &self,
        caller: Caller,
        route: &Route<'_>,
        head: &Parts,
        entrance: &Entrance,
    ) -> Answer {
        if let Some(allowed) = route.methods()
            && !allowed.split(", ").any(|method| method == head.method)
        {
            return Answer::method_not_allowed(allowed);
        }
        let now = self.inputs.clock.now();
        match route {
            Route::Fleet => Answer::page(pages::fleet(&self.fleet(), now, &query(head))),
            Route::Phone(name) => match self.phone(name) {
                Some(phone) => Answer::page(pages::phone(&phone, now, &self.settings())),
                None => unknown_phone(name),
            },
            Route::Style => Answer::style(pages::STYLE),
            Route::Metrics => self.metrics(head),
            Route::Probe => self.probe(head).await,
            Route::Discovery => self.discover(head),
            Route::Healthy => Answer::text(Code::Ok, "healthy"),
            Route::Ready => {
                let running = now.since(self.inputs.started);
                ready::answer(&self.fleet(), running, self.settings().ready_after)
            }
            Route::Reload => match access::operate(caller, head, host(head).as_deref(), entrance) {
                Ok(actor) => reload::answer(&actor, &self.inputs.reloads).await,
                Err(answer) => answer,
            },
            Route::ApiPhones => Answer::long_json(api::phones(&self.fleet(), now, self.settings())),
            Route::ApiPhone(name) => match self.phone(name) {
                Some(phone) => Answer::json(Code::Ok, api::phone(&phone, now, &self.settings())),
                None => Answer::json(Code::NotFound, api::error(&no_such_phone(name))),
            },
            Route::Unknown => Answer::text(Code::NotFound, UNKNOWN_PATH),
        }
    }

    /// Lets a long answer begin only while few are under way: each needs memory until it was read.
    fn admit(&self, answer: Answer) -> Answer {
        let Content::Long(source) = answer.content else {
            return answer;
        };
        match Arc::clone(&self.long_answers).try_acquire_owned() {
            Ok(permit) => Answer {
                content: Content::Long(Box::new(Admitted { source, permit })),
                ..answer
            },
            Err(_) => Answer::text(Code::Unavailable, "too many long answers under way"),
        }
    }

    fn metrics(&self, head: &Parts) -> Answer {
        let fleet = self.fleet();
        let phones = match select(&fleet, &query(head)) {
            Ok(phones) => phones,
            Err(name) => return unknown_phone(&name),
        };
        let exporter = Exporter {
            totals: fleet.totals.clone(),
            phones: fleet.phones().len(),
            reload: self.settings().reload,
            requests: self.requests.counts(),
            process: Process::look(),
            series: 0,
        };
        self.page(phones, Some(exporter), head)
    }

    async fn probe(&self, head: &Parts) -> Answer {
        let query = query(head);
        let Some(name) = query.get("target") else {
            return Answer::text(Code::BadRequest, "say which phone: /probe?target=NAME");
        };
        let Some(phone) = self.phone(name) else {
            return unknown_phone(name);
        };
        if probe::is_due(&phone, self.inputs.clock.now()) {
            let patience = probe::patience(&head.headers);
            probe::poll_now(name, &self.inputs.polls, patience).await;
        }
        match self.phone(name) {
            Some(phone) => self.page(vec![phone], None, head),
            None => unknown_phone(name),
        }
    }

    fn discover(&self, head: &Parts) -> Answer {
        match host(head) {
            Some(host) => Answer::long_json(discovery::targets(&self.fleet(), host)),
            None => Answer::text(Code::BadRequest, "the request names no host to scrape"),
        }
    }

    fn page(&self, phones: Vec<Arc<Phone>>, exporter: Option<Exporter>, head: &Parts) -> Answer {
        let offer = negotiate::format(&head.headers);
        let page = Page::new(Scrape {
            phones,
            now: self.inputs.clock.now(),
            settings: self.settings(),
            alerts: Arc::clone(&self.inputs.alerts.borrow()),
            exporter,
            format: offer.format,
        });
        Answer {
            vary: Some("accept, accept-encoding"),
            ..Answer::new(Code::Ok, offer.media, Content::Long(Box::new(page)))
        }
    }

    fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.inputs.fleet.borrow())
    }

    fn phone(&self, name: &str) -> Option<Arc<Phone>> {
        self.inputs.fleet.borrow().phone(name).map(Arc::clone)
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.inputs.settings.borrow())
    }
}

impl Pieces for Admitted {
    fn fill(&mut self, piece: &mut Vec<u8>) -> Filled {
        self.source.fill(piece)
    }
}

const UNKNOWN_PATH: &str = "nothing is here; there are: / (all phones), /phones/NAME, /metrics, \
                            /probe?target=NAME, /sd, /api/v1/phones, /api/v1/phones/NAME, \
                            /-/healthy, /-/ready";

/// How the client names this exporter.
fn host(head: &Parts) -> Option<String> {
    if let Some(authority) = head.uri.authority() {
        return Some(authority.to_string());
    }
    let host = head.headers.get(HOST)?.to_str().ok()?;
    (!host.is_empty()).then(|| host.to_owned())
}

/// The phones that `?phone=` names, each once, or all; or a name that is not there.
fn select(fleet: &Fleet, query: &Query) -> Result<Vec<Arc<Phone>>, String> {
    let mut names: Vec<&str> = query.all("phone").collect();
    if names.is_empty() {
        return Ok(fleet.phones().map(Arc::clone).collect());
    }
    names.sort_unstable();
    names.dedup();
    let phone = |name: &str| fleet.phone(name).map(Arc::clone).ok_or(name.to_owned());
    names.into_iter().map(phone).collect()
}

fn query(head: &Parts) -> Query {
    Query::of(head.uri.query())
}

fn unknown_phone(name: &str) -> Answer {
    Answer::text(Code::NotFound, no_such_phone(name))
}

fn no_such_phone(name: &str) -> String {
    let name = Text::clean(name);
    format!("no phone `{name}` is listed and enabled here; /api/v1/phones tells which are")
}
