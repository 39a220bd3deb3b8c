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
use tracing::debug;

use crate::fleet::{Fleet, Phone, Text};

use super::access::{self, Caller};
use super::answer::{Answer, Content};
use super::body::{Body, Turn};
use super::entrance::Entrance;
use super::login::Logins;
use super::metrics::{Exporter, Page, Process, Scrape};
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
    logins: Logins,
}

/// Largest body that a request may announce; nothing here reads one.
const MAX_BODY: u64 = 64 * 1024;

impl Service {
    pub(super) fn new(inputs: Inputs) -> Self {
        Self {
            inputs,
            requests: Requests::default(),
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
            Ok(caller) => self.dispatch(caller, &route, &head, &entrance).await,
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
        let allowed = route.methods();
        if !allowed.split(", ").any(|method| method == head.method) {
            return Answer::method_not_allowed(allowed);
        }
        let fleet = self.fleet();
        let now = self.inputs.clock.now();
        match route {
            Route::Fleet => Answer::page(pages::fleet(&fleet, now, &query(head))),
            Route::Phone(name) => match fleet.phone(name) {
                Some(phone) => Answer::page(pages::phone(phone, now, &self.settings())),
                None => unknown_phone(name),
            },
            Route::Style => Answer::style(pages::STYLE),
            Route::Metrics => self.metrics(&fleet, head),
            Route::Probe => self.probe(head).await,
            Route::Discovery => discover(&fleet, head),
            Route::Healthy => Answer::text(Code::Ok, "healthy"),
            Route::Ready => {
                let running = now.since(self.inputs.started);
                ready::answer(&fleet, running, self.settings().ready_after)
            }
            Route::Reload => match access::operate(caller, head, host(head).as_deref(), entrance) {
                Ok(actor) => reload::answer(&actor, &self.inputs.reloads).await,
                Err(answer) => answer,
            },
            Route::ApiPhones => Answer::long_json(api::phones(&fleet, now, self.settings())),
            Route::ApiPhone(name) => match fleet.phone(name) {
                Some(phone) => Answer::json(Code::Ok, api::phone(phone, now, &self.settings())),
                None => Answer::json(Code::NotFound, api::error(&no_such_phone(name))),
            },
            Route::Unknown => Answer::text(Code::NotFound, UNKNOWN_PATH),
        }
    }

    fn metrics(&self, fleet: &Fleet, head: &Parts) -> Answer {
        match select(fleet, &query(head)) {
            Ok(phones) => {
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
            Err(name) => unknown_phone(&name),
        }
    }

    async fn probe(&self, head: &Parts) -> Answer {
        let query = query(head);
        let Some(name) = query.get("target") else {
            return Answer::text(Code::BadRequest, "say which phone: /probe?target=NAME");
        };
        let asked = self.fleet().phone(name).map(Arc::clone);
        let Some(phone) = asked else {
            return unknown_phone(name);
        };
        if probe::is_due(&phone, self.inputs.clock.now()) {
            let patience = probe::patience(&head.headers);
            probe::poll_now(name, &self.inputs.polls, patience).await;
        }
        match self.fleet().phone(name) {
            Some(phone) => self.page(vec![Arc::clone(phone)], None, head),
            None => unknown_phone(name),
        }
    }

    fn page(&self, phones: Vec<Arc<Phone>>, exporter: Option<Exporter>, head: &Parts) -> Answer {
        let offer = negotiate::format(&head.headers);
        let page = Page::new(Scrape {
            phones,
            now: self.inputs.clock.now(),
            settings: self.settings(),
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

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.inputs.settings.borrow())
    }
}

const UNKNOWN_PATH: &str = "nothing is here; there are: / (all phones), /phones/NAME, /metrics, \
                            /probe?target=NAME, /sd, /api/v1/phones, /api/v1/phones/NAME, \
                            /-/healthy, /-/ready";

fn discover(fleet: &Fleet, head: &Parts) -> Answer {
    match host(head) {
        Some(host) => Answer::long_json(discovery::targets(fleet, host)),
        None => Answer::text(
            Code::BadRequest,
            "the request names no Host to be scraped at",
        ),
    }
}

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
