//! Answers requests: from path and method to an answer.
//!
//! Everything but `/probe`, a reload and what the alert task is asked for is a function of what is
//! published and the time. Who may ask for what is decided in `access`.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Body as _;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use tracing::debug;

use crate::alert_engine::command::{Command, Event, OutboxEntry};
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::moment::earlier;
use crate::fleet::{Fleet, Moment, Phone, Text};

use super::access::{self, Actor, Caller};
use super::alerting::{self, Given, Told, Unanswered, Wish};
use super::answer::{Answer, Content};
use super::body::{Body, Turn};
use super::connections::{Connection, Standing};
use super::degraded::{self, Degraded};
use super::entrance::Entrance;
use super::login::Logins;
use super::metrics::{Exporter, Page, Process, Scrape};
use super::pieces::Coding;
use super::query::Query;
use super::requests::{Code, Handler};
use super::route::{Route, UNKNOWN_PATH};
use super::server::{Limits, Peer};
use super::{
    Inputs, Settings, api, discovery, intake, negotiate, pages, probe, ready, reload, who,
};

/// What answers are made from.
#[derive(Debug)]
pub(super) struct Service {
    inputs: Inputs,
    /// How long a long answer waits for its turn.
    turn: Duration,
    logins: Logins,
    body_time: Duration,
}

/// A request after the entrance.
struct Visit<'a> {
    caller: Caller,
    route: Route<'a>,
    head: &'a Parts,
    entrance: &'a Entrance,
}

impl Service {
    /// Answers from these inputs within these limits.
    pub(super) fn new(inputs: Inputs, limits: Limits) -> Self {
        Self {
            inputs,
            turn: limits.turn,
            logins: Logins::default(),
            body_time: limits.body_time,
        }
    }

    /// Answers one request over this connection.
    pub(super) async fn answer(
        &self,
        (peer, connection): (Peer, &Connection),
        request: Request<Incoming>,
        turn: Turn,
    ) -> Response<Body> {
        let announced = request.body().size_hint().lower();
        // Only an order's body is read: the server hangs up on what of others did not come with the
        // head.
        let (head, body) = request.into_parts();
        let route = Route::of(head.uri.path());
        let handler = route.handler();
        let entrance = Arc::clone(&self.settings().entrance);
        if connection.standing == Standing::HealthOnly && !route.is_health() {
            return self.turn_away(handler, turn);
        }
        let admitted = access::admit(peer, &route, &head, &entrance, &self.logins).await;
        let answer = match admitted {
            Err(answer) => answer,
            Ok(_) if announced > intake::MAX_BODY as u64 => {
                Answer::text(Code::ContentTooLarge, intake::Unread::TooLarge)
            }
            Ok(caller) => {
                let visit = Visit {
                    caller,
                    route,
                    head: &head,
                    entrance: &entrance,
                };
                let answer = Box::pin(self.receive(visit, body)).await;
                self.admit(answer, connection).await
            }
        };
        self.inputs.requests.count(handler, answer.code);
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

    async fn receive(&self, visit: Visit<'_>, body: Incoming) -> Answer {
        let Visit { route, head, .. } = &visit;
        if let Some(allowed) = route.methods()
            && !allowed.split(", ").any(|method| method == head.method)
        {
            return Answer::method_not_allowed(allowed);
        }
        let Some((order, reader)) = route.order(&head.method) else {
            return self.dispatch(&visit).await;
        };
        let actor = match operator(&visit) {
            Ok(actor) => actor,
            Err(answer) => return answer,
        };
        let given = Given {
            order,
            reader,
            by: who::name_of(actor).await,
            head,
            body_time: self.body_time,
        };
        alerting::obey(given, body, &self.inputs).await
    }

    async fn dispatch(&self, visit: &Visit<'_>) -> Answer {
        let Visit { route, head, .. } = visit;
        let now = self.inputs.clock.now();
        match route {
            Route::Fleet => {
                let degraded = Degraded::of(&self.inputs, now);
                let all = (&*self.fleet(), &*self.picture(), &degraded);
                let page = pages::fleet(all, now, &query(head));
                Answer::page(Code::Ok, page)
            }
            Route::Phone(name) => match self.phone(name) {
                Some(phone) => self.phone_page(&phone, now).await,
                None => unknown_phone(name),
            },
            Route::Alerts => self.alerts_page(visit, now).await,
            Route::Runbooks => Answer::page(Code::Ok, pages::runbooks(&self.picture(), now)),
            Route::Config => {
                let (fleet, picture) = (self.fleet(), self.picture());
                let page = pages::config(&fleet, &picture, now, &self.settings());
                Answer::page(Code::Ok, page)
            }
            Route::Style => Answer::style(pages::STYLE),
            Route::Metrics => self.metrics(head),
            Route::Probe => self.probe(head).await,
            Route::Discovery => self.discover(head),
            Route::Healthy => Degraded::of(&self.inputs, now).health(),
            Route::Ready => {
                let running = now.since(self.inputs.started);
                ready::answer(&self.fleet(), running, &self.settings())
            }
            Route::Reload => match operator(visit) {
                Ok(actor) => reload::answer(&actor, &query(head), &self.inputs.reloads).await,
                Err(answer) => answer,
            },
            Route::ApiPhones => Answer::long_json(api::phones(&self.fleet(), now, self.settings())),
            Route::ApiPhone(name) => match self.phone(name) {
                Some(phone) => Answer::json(Code::Ok, api::phone(&phone, now, &self.settings())),
                None => Answer::json(Code::NotFound, api::error(&no_such_phone(name))),
            },
            Route::ApiAlerts => Answer::long_json(alerting::alerts(self.told(now))),
            Route::ApiRules => Answer::long_json(alerting::rules(self.told(now), &query(head))),
            Route::ApiSilences => Answer::long_json(alerting::silences(&self.picture(), now)),
            Route::ApiEvents => self.events(head, now).await,
            Route::ApiNotifications => match self.letters(alerting::PATIENCE).await {
                Ok(letters) => Answer::long_json(alerting::queue(letters)),
                Err(unanswered) => failed(&unanswered),
            },
            // What has no GET was an order.
            Route::Form(_)
            | Route::ApiSilence(_)
            | Route::ApiNotification(_)
            | Route::ApiRetry(_)
            | Route::Unknown => Answer::text(Code::NotFound, UNKNOWN_PATH),
        }
    }

    async fn phone_page(&self, phone: &Phone, now: Moment) -> Answer {
        let wish = Wish {
            phone: Some(phone.place.name.clone()),
            since: earlier(now.wall, pages::HISTORY),
            most: pages::MOST_HISTORY,
        };
        let events = self.ask_events(wish, alerting::GLANCE).await;
        let beside = pages::Beside {
            fleet: &self.fleet(),
            picture: &self.picture(),
            events: events.as_deref().ok(),
        };
        let page = pages::phone(phone, beside, now, &self.settings());
        Answer::page(Code::Ok, page)
    }

    async fn alerts_page(&self, visit: &Visit<'_>, now: Moment) -> Answer {
        let letters = self.letters(alerting::GLANCE).await;
        let scene = pages::Scene {
            fleet: &self.fleet(),
            picture: &self.picture(),
            letters: letters.as_deref().ok(),
            may_operate: access::may_operate(&visit.caller, visit.entrance),
        };
        Answer::page(Code::Ok, pages::alerts(scene, now, &query(visit.head)))
    }

    async fn events(&self, head: &Parts, now: Moment) -> Answer {
        let wish = match Wish::of(&query(head), now) {
            Ok(wish) => wish,
            Err(unclear) => {
                return Answer::json(Code::BadRequest, api::error(&unclear.to_string()));
            }
        };
        match self.ask_events(wish, alerting::PATIENCE).await {
            Ok(events) => Answer::long_json(alerting::events(events)),
            Err(unanswered) => failed(&unanswered),
        }
    }

    async fn ask_events(&self, wish: Wish, patience: Duration) -> Result<Vec<Event>, Unanswered> {
        let Wish { phone, since, most } = wish;
        alerting::ask(&self.inputs.commands, patience, |done| Command::Events {
            phone,
            since,
            most,
            done,
        })
        .await
    }

    async fn letters(&self, patience: Duration) -> Result<Vec<OutboxEntry>, Unanswered> {
        let queue = |done| Command::Queue { done };
        alerting::ask(&self.inputs.commands, patience, queue).await
    }

    /// Lets a long answer begin only while few are under way: each needs memory until it was read.
    async fn admit(&self, answer: Answer, connection: &Connection) -> Answer {
        match &answer.content {
            Content::Long(_) if !connection.long_answer(self.turn).await => {
                Answer::text(Code::Unavailable, "too many long answers under way")
            }
            Content::Long(_) | Content::Whole(_) => answer,
        }
    }

    /// What a connection that was let in for health alone is told of everything else.
    fn turn_away(&self, handler: Handler, turn: Turn) -> Response<Body> {
        let text = "too many connections: only /-/healthy and /-/ready are answered now";
        self.inputs.requests.count(handler, Code::Unavailable);
        let answer = Answer::text(Code::Unavailable, text);
        let mut response = answer.into_response(Coding::Identity, turn);
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    fn metrics(&self, head: &Parts) -> Answer {
        let fleet = self.fleet();
        let phones = match select(&fleet, &query(head)) {
            Ok(phones) => phones,
            Err(name) => return unknown_phone(&name),
        };
        let exporter = Exporter {
            registry: Arc::clone(&self.inputs.registry),
            totals: fleet.totals,
            phones: fleet.phones().len(),
            reload: self.settings().reload,
            ledger_on_disk: degraded::ledger_on_disk(&self.inputs),
            process: Process::look(),
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

    fn told(&self, now: Moment) -> Told {
        Told {
            picture: self.picture(),
            fleet: self.fleet(),
            now,
        }
    }

    fn picture(&self) -> Arc<AlertSnapshot> {
        Arc::clone(&self.inputs.alerts.borrow())
    }

    fn phone(&self, name: &str) -> Option<Arc<Phone>> {
        self.inputs.fleet.borrow().phone(name).map(Arc::clone)
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.inputs.settings.borrow())
    }
}

fn failed(unanswered: &Unanswered) -> Answer {
    Answer::json(unanswered.code(), api::error(&unanswered.to_string()))
}

/// Who asks to change something, if they may.
fn operator(visit: &Visit<'_>) -> Result<Actor, Answer> {
    let host = host(visit.head);
    access::operate(&visit.caller, visit.head, host.as_deref(), visit.entrance)
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
