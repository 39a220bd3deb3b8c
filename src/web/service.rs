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
use hyper::{Request, StatusCode};
use tracing::debug;

use crate::alert::Picture;
use crate::alert::command::{Command, Event, Letter};
use crate::fleet::moment::earlier;
use crate::fleet::{Fleet, Moment, Phone, Text};

use super::access::{self, Caller};
use super::alerting::{self, ActionRequest, AlertContext, AlertTaskError, EventQuery};
use super::basic_auth::Authenticator;
use super::body::{Body, WakeCounter};
use super::connections::{Admission, Connection};
use super::metrics::{Exporter, Page, Process, Scrape};
use super::query::Query;
use super::request_metrics::Handler;
use super::response::{Content, Response};
use super::route::Route;
use super::server::{Limits, Peer};
use super::server_config::ServerConfig;
use super::streaming::Coding;
use super::{
    Inputs, Settings, api, http_sd, negotiate, pages, peer_user, probe, ready, reload, request_body,
};

/// What answers are made from.
#[derive(Debug)]
pub(super) struct Service {
    inputs: Inputs,
    /// How long a long answer waits for its turn.
    turn: Duration,
    logins: Authenticator,
    body_time: Duration,
}

/// A request after authentication.
struct RequestContext<'a> {
    caller: Caller,
    route: Route<'a>,
    head: &'a Parts,
    server_config: &'a ServerConfig,
}

impl Service {
    /// Answers from these inputs within these limits.
    pub(super) fn new(inputs: Inputs, limits: Limits) -> Self {
        Self {
            inputs,
            turn: limits.turn,
            logins: Authenticator::default(),
            body_time: limits.body_time,
        }
    }

    /// Answers one request over this connection.
    pub(super) async fn answer(
        &self,
        (peer, connection): (Peer, &Connection),
        request: Request<Incoming>,
        turn: WakeCounter,
    ) -> hyper::Response<Body> {
        let announced = request.body().size_hint().lower();
        // Only an order's body is read: the server hangs up on what of others did not come with the
        // head.
        let (head, body) = request.into_parts();
        let route = Route::of(head.uri.path());
        let handler = route.handler();
        let server_config = Arc::clone(&self.settings().server_config);
        if connection.standing == Admission::HealthOnly && !route.is_health() {
            return self.turn_away(handler, turn);
        }
        let admitted = access::admit(peer, &route, &head, &server_config, &self.logins).await;
        let answer = match admitted {
            Err(answer) => answer,
            Ok(_) if announced > request_body::MAX_BODY as u64 => Response::text(
                StatusCode::PAYLOAD_TOO_LARGE,
                request_body::BodyError::TooLarge,
            ),
            Ok(caller) => {
                let visit = RequestContext {
                    caller,
                    route,
                    head: &head,
                    server_config: &server_config,
                };
                let answer = Box::pin(self.receive(visit, body)).await;
                self.admit(answer, connection).await
            }
        };
        self.inputs.requests.count(handler, answer.code);
        if answer.code != StatusCode::OK {
            let (handler, code) = (handler.label(), answer.code.as_str());
            debug!(?peer, handler, code, "Answered a request with {code}");
        }
        let mut response = answer.into_http(negotiate::coding(&head.headers), turn);
        for (name, value) in server_config.listener.headers.iter() {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    async fn receive(&self, visit: RequestContext<'_>, body: Incoming) -> Response {
        let RequestContext { route, head, .. } = &visit;
        if let Some(allowed) = route.methods()
            && !allowed.split(", ").any(|method| method == head.method)
        {
            return Response::method_not_allowed(allowed);
        }
        let Some((order, reader)) = route.order(&head.method) else {
            return self.dispatch(&visit).await;
        };
        let host = host(head);
        let actor = match access::operate(&visit.caller, head, host.as_deref(), visit.server_config)
        {
            Ok(actor) => actor,
            Err(answer) => return answer,
        };
        let given = ActionRequest {
            order,
            reader,
            by: peer_user::name_of(actor).await,
            head,
            body_time: self.body_time,
        };
        alerting::obey(given, body, &self.inputs).await
    }

    async fn dispatch(&self, visit: &RequestContext<'_>) -> Response {
        let RequestContext { route, head, .. } = visit;
        let now = self.inputs.clock.now();
        match route {
            Route::Fleet => {
                let page = pages::fleet(&self.fleet(), &self.picture(), now, &query(head));
                Response::page(StatusCode::OK, page)
            }
            Route::Phone(name) => match self.phone(name) {
                Some(phone) => self.phone_page(&phone, now).await,
                None => unknown_phone(name),
            },
            Route::Alerts => self.alerts_page(visit, now).await,
            Route::Runbooks => {
                Response::page(StatusCode::OK, pages::runbooks(&self.picture(), now))
            }
            Route::Config => {
                let (fleet, picture) = (self.fleet(), self.picture());
                let page = pages::config(&fleet, &picture, now, &self.settings());
                Response::page(StatusCode::OK, page)
            }
            Route::Style => Response::style(pages::STYLE),
            Route::Metrics => self.metrics(head),
            Route::Probe => self.probe(head).await,
            Route::Discovery => self.discover(head),
            Route::Healthy => Response::text(StatusCode::OK, "healthy"),
            Route::Ready => {
                let running = now.since(self.inputs.started);
                ready::answer(&self.fleet(), running, self.settings().ready_after)
            }
            Route::Reload => {
                let host = host(head);
                match access::operate(&visit.caller, head, host.as_deref(), visit.server_config) {
                    Ok(actor) => reload::answer(&actor, &self.inputs.reloads).await,
                    Err(answer) => answer,
                }
            }
            Route::ApiPhones => {
                Response::long_json(api::phones(&self.fleet(), now, self.settings()))
            }
            Route::ApiPhone(name) => match self.phone(name) {
                Some(phone) => {
                    Response::json(StatusCode::OK, api::phone(&phone, now, &self.settings()))
                }
                None => Response::json(StatusCode::NOT_FOUND, api::error(&no_such_phone(name))),
            },
            Route::ApiAlerts => Response::long_json(alerting::alerts(self.told(now))),
            Route::ApiRules => Response::long_json(alerting::rules(self.told(now), &query(head))),
            Route::ApiSilences => Response::long_json(alerting::silences(&self.picture(), now)),
            Route::ApiEvents => self.events(head, now).await,
            Route::ApiNotifications => match self.letters(alerting::PATIENCE).await {
                Ok(letters) => Response::long_json(alerting::queue(letters)),
                Err(unanswered) => failed(&unanswered),
            },
            // What has no GET was an order.
            Route::Form(_)
            | Route::ApiSilence(_)
            | Route::ApiNotification(_)
            | Route::ApiRetry(_)
            | Route::Unknown => Response::text(StatusCode::NOT_FOUND, UNKNOWN_PATH),
        }
    }

    async fn phone_page(&self, phone: &Phone, now: Moment) -> Response {
        let wish = EventQuery {
            phone: Some(phone.place.name.clone()),
            since: earlier(now.wall, pages::HISTORY),
            most: pages::MOST_HISTORY,
        };
        let events = self.ask_events(wish, alerting::GLANCE).await;
        let beside = pages::PhoneView {
            fleet: &self.fleet(),
            picture: &self.picture(),
            events: events.as_deref().ok(),
        };
        let page = pages::phone(phone, beside, now, &self.settings());
        Response::page(StatusCode::OK, page)
    }

    async fn alerts_page(&self, visit: &RequestContext<'_>, now: Moment) -> Response {
        let letters = self.letters(alerting::GLANCE).await;
        let scene = pages::AlertsView {
            fleet: &self.fleet(),
            picture: &self.picture(),
            letters: letters.as_deref().ok(),
            may_operate: access::may_operate(&visit.caller, visit.server_config),
        };
        Response::page(
            StatusCode::OK,
            pages::alerts(scene, now, &query(visit.head)),
        )
    }

    async fn events(&self, head: &Parts, now: Moment) -> Response {
        let wish = match EventQuery::of(&query(head), now) {
            Ok(wish) => wish,
            Err(unclear) => {
                return Response::json(StatusCode::BAD_REQUEST, api::error(&unclear.to_string()));
            }
        };
        match self.ask_events(wish, alerting::PATIENCE).await {
            Ok(events) => Response::long_json(alerting::events(events)),
            Err(unanswered) => failed(&unanswered),
        }
    }

    async fn ask_events(
        &self,
        wish: EventQuery,
        patience: Duration,
    ) -> Result<Vec<Event>, AlertTaskError> {
        let EventQuery { phone, since, most } = wish;
        alerting::ask(&self.inputs.commands, patience, |done| Command::Events {
            phone,
            since,
            most,
            done,
        })
        .await
    }

    async fn letters(&self, patience: Duration) -> Result<Vec<Letter>, AlertTaskError> {
        let queue = |done| Command::Queue { done };
        alerting::ask(&self.inputs.commands, patience, queue).await
    }

    /// Lets a long answer begin only while few are under way: each needs memory until it was read.
    async fn admit(&self, answer: Response, connection: &Connection) -> Response {
        match &answer.content {
            Content::Long(_) if !connection.long_answer(self.turn).await => Response::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many long answers under way",
            ),
            Content::Long(_) | Content::Whole(_) => answer,
        }
    }

    /// What a connection that was let in for health alone is told of everything else.
    fn turn_away(&self, handler: Handler, turn: WakeCounter) -> hyper::Response<Body> {
        let text = "too many connections: only /-/healthy and /-/ready are answered now";
        self.inputs
            .requests
            .count(handler, StatusCode::SERVICE_UNAVAILABLE);
        let answer = Response::text(StatusCode::SERVICE_UNAVAILABLE, text);
        let mut response = answer.into_http(Coding::Identity, turn);
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    fn metrics(&self, head: &Parts) -> Response {
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
            process: Process::look(),
        };
        self.page(phones, Some(exporter), head)
    }

    async fn probe(&self, head: &Parts) -> Response {
        let query = query(head);
        let Some(name) = query.get("target") else {
            return Response::text(
                StatusCode::BAD_REQUEST,
                "say which phone: /probe?target=NAME",
            );
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

    fn discover(&self, head: &Parts) -> Response {
        match host(head) {
            Some(host) => Response::long_json(http_sd::targets(&self.fleet(), host)),
            None => Response::text(
                StatusCode::BAD_REQUEST,
                "the request names no host to scrape",
            ),
        }
    }

    fn page(&self, phones: Vec<Arc<Phone>>, exporter: Option<Exporter>, head: &Parts) -> Response {
        let offer = negotiate::format(&head.headers);
        let page = Page::new(Scrape {
            phones,
            now: self.inputs.clock.now(),
            settings: self.settings(),
            alerts: Arc::clone(&self.inputs.alerts.borrow()),
            exporter,
            format: offer.format,
        });
        Response {
            vary: Some("accept, accept-encoding"),
            ..Response::new(StatusCode::OK, offer.media, Content::Long(Box::new(page)))
        }
    }

    fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.inputs.fleet.borrow())
    }

    fn told(&self, now: Moment) -> AlertContext {
        AlertContext {
            picture: self.picture(),
            fleet: self.fleet(),
            now,
        }
    }

    fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.inputs.alerts.borrow())
    }

    fn phone(&self, name: &str) -> Option<Arc<Phone>> {
        self.inputs.fleet.borrow().phone(name).map(Arc::clone)
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.inputs.settings.borrow())
    }
}

const UNKNOWN_PATH: &str = "nothing is here; there are: / (all phones), /phones/NAME, /alerts, \
                            /runbooks, /config, /metrics, /probe?target=NAME, /sd, /api/v1/phones, \
                            /api/v1/phones/NAME, /api/v1/alerts, /api/v1/rules, \
                            /api/v1/silences, /api/v1/events, /api/v1/notifications, \
                            /-/healthy, /-/ready";

fn failed(unanswered: &AlertTaskError) -> Response {
    Response::json(unanswered.code(), api::error(&unanswered.to_string()))
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

fn unknown_phone(name: &str) -> Response {
    Response::text(StatusCode::NOT_FOUND, no_such_phone(name))
}

fn no_such_phone(name: &str) -> String {
    let name = Text::clean(name);
    format!("no phone `{name}` is listed and enabled here; /api/v1/phones tells which are")
}
