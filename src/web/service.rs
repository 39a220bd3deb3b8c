//! From a request to its response: authentication, the route, the handler.
//!
//! Everything but `/probe`, a reload and what the alert task is asked for is a function of the
//! published snapshots and the time. Who may ask for what is decided in `access`.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use tracing::debug;

use crate::alert_engine::command::{Command, Event, OutboxEntry};
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::moment::earlier;
use crate::fleet::{Fleet, Moment, Phone, Text};

use super::access::{self, Caller};
use super::actions::{self, ActionRequest};
use super::alerting::{self, API_TIMEOUT, AlertContext, AlertTaskError, EventQuery, PAGE_TIMEOUT};
use super::basic_auth::Authenticator;
use super::body::{Body, WakeCounter};
use super::connections::{Admission, Connection};
use super::degraded::{self, Degraded};
use super::inputs::Inputs;
use super::limits::Limits;
use super::metrics::{Exporter, Page, Process, Scrape};
use super::peer::Peer;
use super::query::Query;
use super::request_metrics::Handler;
use super::response::{Content, Response};
use super::route::{ApiRoute, Route, UNKNOWN_PATH};
use super::server_config::ServerConfig;
use super::settings::Settings;
use super::streaming::Coding;
use super::{api, http_sd, negotiate, pages, peer_user, probe, ready, reload, request_body};

/// What responses are made from.
#[derive(Debug)]
pub(super) struct Service {
    inputs: Inputs,
    authenticator: Authenticator,
    limits: Limits,
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
            authenticator: Authenticator::default(),
            limits,
        }
    }

    /// Answers one request over this connection.
    pub(super) async fn respond(
        &self,
        (peer, connection): (Peer, &Connection),
        request: Request<Incoming>,
        wakes: WakeCounter,
    ) -> hyper::Response<Body> {
        let announced = request.body().size_hint().lower();
        // Only the body of an action is read. The server closes the connection where another body
        // did not come with the head.
        let (head, body) = request.into_parts();
        let route = Route::of(head.uri.path());
        let handler = route.handler();
        let server_config = Arc::clone(&self.settings().server_config);
        if connection.admission == Admission::HealthOnly && !route.is_health() {
            return self.reject_overload(handler, wakes);
        }
        let caller =
            access::authenticate(peer, &route, &head, &server_config, &self.authenticator).await;
        let response = match caller {
            Err(refused) => refused,
            Ok(_) if announced > request_body::MAX_BODY as u64 => Response::text(
                StatusCode::PAYLOAD_TOO_LARGE,
                request_body::BodyError::TooLarge,
            ),
            Ok(caller) => {
                let context = RequestContext {
                    caller,
                    route,
                    head: &head,
                    server_config: &server_config,
                };
                let response = Box::pin(self.handle(context, body)).await;
                self.begin_streaming(response, connection).await
            }
        };
        self.inputs.requests.count(handler, response.status);
        if response.status != StatusCode::OK {
            let (handler, code) = (handler.label(), response.status.as_str());
            debug!(?peer, handler, code, "Answered a request with {code}");
        }
        let mut response = response.into_http(negotiate::coding(&head.headers), wakes);
        for (name, value) in server_config.listener.headers.iter() {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    async fn handle(&self, context: RequestContext<'_>, body: Incoming) -> Response {
        let RequestContext { route, head, .. } = &context;
        if let Some(allowed) = route.methods()
            && !allowed.split(", ").any(|method| method == head.method)
        {
            return Response::method_not_allowed(allowed);
        }
        let Some((action, format)) = route.action(&head.method) else {
            return self.read(&context).await;
        };
        let actor = match context.authorize() {
            Ok(actor) => actor,
            Err(refused) => return refused,
        };
        let request = ActionRequest {
            action,
            format,
            by: peer_user::name_of(actor).await,
            head,
            body_time: self.limits.body_time,
        };
        actions::execute(request, body, &self.inputs).await
    }

    /// Answers what changes nothing, and a reload.
    async fn read(&self, context: &RequestContext<'_>) -> Response {
        let RequestContext { route, head, .. } = context;
        let now = self.inputs.clock.now();
        match route {
            Route::Fleet => {
                let degraded = Degraded::of(&self.inputs, now);
                let shown = (&*self.fleet(), &*self.snapshot(), &degraded);
                Response::page(StatusCode::OK, pages::fleet(shown, now, &query(head)))
            }
            Route::Phone(name) => match self.phone(name) {
                Some(phone) => self.phone_page(&phone, now).await,
                None => unknown_phone(name),
            },
            Route::Alerts => self.alerts_page(context, now).await,
            Route::Runbooks => {
                Response::page(StatusCode::OK, pages::runbooks(&self.snapshot(), now))
            }
            Route::Config => {
                let (fleet, snapshot) = (self.fleet(), self.snapshot());
                let page = pages::config(&fleet, &snapshot, now, &self.settings());
                Response::page(StatusCode::OK, page)
            }
            Route::Style => Response::style(pages::STYLE),
            Route::Metrics => self.metrics(head),
            Route::Probe => self.probe(head).await,
            Route::Discovery => match host(head) {
                Some(host) => Response::streamed_json(http_sd::targets(&self.fleet(), host)),
                None => Response::text(
                    StatusCode::BAD_REQUEST,
                    "the request has no Host header, which names the target to scrape",
                ),
            },
            Route::Healthy => Degraded::of(&self.inputs, now).health(),
            Route::Ready => {
                let running = now.since(self.inputs.started);
                ready::respond(&self.fleet(), running, &self.settings())
            }
            Route::Reload => match context.authorize() {
                Ok(actor) => reload::respond(&actor, &query(head), &self.inputs.reloads).await,
                Err(refused) => refused,
            },
            Route::Api(endpoint) => self.api(endpoint, head, now).await,
            // These are actions.
            Route::Form(_) | Route::Unknown => Response::text(StatusCode::NOT_FOUND, UNKNOWN_PATH),
        }
    }

    async fn api(&self, endpoint: &ApiRoute<'_>, head: &Parts, now: Moment) -> Response {
        match endpoint {
            ApiRoute::Phones => {
                Response::streamed_json(api::phones(&self.fleet(), now, self.settings()))
            }
            ApiRoute::Phone(name) => match self.phone(name) {
                Some(phone) => {
                    Response::json(StatusCode::OK, api::phone(&phone, now, &self.settings()))
                }
                None => Response::error(StatusCode::NOT_FOUND, no_such_phone(name)),
            },
            ApiRoute::Alerts => Response::streamed_json(alerting::alerts(self.alert_context(now))),
            ApiRoute::Rules => {
                Response::streamed_json(alerting::rules(self.alert_context(now), &query(head)))
            }
            ApiRoute::Silences => {
                Response::streamed_json(alerting::silences(&self.snapshot(), now))
            }
            ApiRoute::Events => self.events(head, now).await,
            ApiRoute::Notifications => match self.notifications(API_TIMEOUT).await {
                Ok(queued) => Response::streamed_json(alerting::notifications(queued)),
                Err(error) => Response::error(error.status(), error),
            },
            // These have no GET: they are actions.
            ApiRoute::Silence(_) | ApiRoute::Notification(_) | ApiRoute::Retry(_) => {
                Response::text(StatusCode::NOT_FOUND, UNKNOWN_PATH)
            }
        }
    }

    async fn phone_page(&self, phone: &Phone, now: Moment) -> Response {
        let query = EventQuery {
            phone: Some(phone.place.name.clone()),
            since: earlier(now.wall, pages::HISTORY),
            limit: pages::MAX_HISTORY,
        };
        let events = self.ask_events(query, PAGE_TIMEOUT).await;
        let view = pages::PhoneView {
            fleet: &self.fleet(),
            snapshot: &self.snapshot(),
            events: events.as_deref().ok(),
        };
        let page = pages::phone(phone, view, now, &self.settings());
        Response::page(StatusCode::OK, page)
    }

    async fn alerts_page(&self, context: &RequestContext<'_>, now: Moment) -> Response {
        let queued = self.notifications(PAGE_TIMEOUT).await;
        let view = pages::AlertsView {
            fleet: &self.fleet(),
            snapshot: &self.snapshot(),
            notifications: queued.as_deref().ok(),
            may_operate: access::may_operate(&context.caller, context.server_config),
        };
        let page = pages::alerts(view, now, &query(context.head));
        Response::page(StatusCode::OK, page)
    }

    async fn events(&self, head: &Parts, now: Moment) -> Response {
        let query = match EventQuery::of(&query(head), now) {
            Ok(query) => query,
            Err(error) => return Response::error(StatusCode::BAD_REQUEST, error),
        };
        match self.ask_events(query, API_TIMEOUT).await {
            Ok(events) => Response::streamed_json(alerting::events(events)),
            Err(error) => Response::error(error.status(), error),
        }
    }

    async fn ask_events(
        &self,
        EventQuery {
            phone,
            since,
            limit,
        }: EventQuery,
        timeout: Duration,
    ) -> Result<Vec<Event>, AlertTaskError> {
        alerting::ask(&self.inputs.commands, timeout, |done| Command::Events {
            phone,
            since,
            most: limit,
            done,
        })
        .await
    }

    async fn notifications(&self, timeout: Duration) -> Result<Vec<OutboxEntry>, AlertTaskError> {
        let queue = |done| Command::Queue { done };
        alerting::ask(&self.inputs.commands, timeout, queue).await
    }

    /// Lets a streamed response begin only while few are under way: each needs memory until the
    /// client has read it.
    async fn begin_streaming(&self, response: Response, connection: &Connection) -> Response {
        match &response.content {
            Content::Streamed(_)
                if !connection.begin_streaming(self.limits.queue_timeout).await =>
            {
                Response::text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many large responses are being sent; try again",
                )
            }
            Content::Streamed(_) | Content::Complete(_) => response,
        }
    }

    /// Answers a connection that was admitted for the health endpoints alone.
    fn reject_overload(&self, handler: Handler, wakes: WakeCounter) -> hyper::Response<Body> {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let text = "too many connections: only /-/healthy and /-/ready are answered now";
        self.inputs.requests.count(handler, status);
        let mut response = Response::text(status, text).into_http(Coding::Identity, wakes);
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
            ledger_on_disk: degraded::ledger_on_disk(&self.inputs),
            process: Process::look(),
        };
        self.metrics_page(phones, Some(exporter), head)
    }

    async fn probe(&self, head: &Parts) -> Response {
        let query = query(head);
        let Some(name) = query.get("target") else {
            return Response::text(
                StatusCode::BAD_REQUEST,
                "the parameter target is missing; write /probe?target=NAME",
            );
        };
        let Some(phone) = self.phone(name) else {
            return unknown_phone(name);
        };
        if probe::is_due(&phone, self.inputs.clock.now()) {
            let wait_limit = probe::wait_limit(&head.headers);
            probe::poll_now(name, &self.inputs.polls, wait_limit).await;
        }
        match self.phone(name) {
            Some(phone) => self.metrics_page(vec![phone], None, head),
            None => unknown_phone(name),
        }
    }

    fn metrics_page(
        &self,
        phones: Vec<Arc<Phone>>,
        exporter: Option<Exporter>,
        head: &Parts,
    ) -> Response {
        let offer = negotiate::format(&head.headers);
        let page = Page::new(Scrape {
            phones,
            now: self.inputs.clock.now(),
            settings: self.settings(),
            alerts: self.snapshot(),
            exporter,
            format: offer.format,
        });
        Response {
            vary: Some("accept, accept-encoding"),
            ..Response::new(
                StatusCode::OK,
                offer.media,
                Content::Streamed(Box::new(page)),
            )
        }
    }

    fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.inputs.fleet.borrow())
    }

    fn alert_context(&self, now: Moment) -> AlertContext {
        AlertContext {
            snapshot: self.snapshot(),
            fleet: self.fleet(),
            now,
        }
    }

    fn snapshot(&self) -> Arc<AlertSnapshot> {
        Arc::clone(&self.inputs.alerts.borrow())
    }

    fn phone(&self, name: &str) -> Option<Arc<Phone>> {
        self.inputs.fleet.borrow().phone(name).map(Arc::clone)
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.inputs.settings.borrow())
    }
}

impl RequestContext<'_> {
    /// Who changes something by this request, or the refusal.
    fn authorize(&self) -> Result<access::Actor, Response> {
        let host = host(self.head);
        access::authorize(&self.caller, self.head, host.as_deref(), self.server_config)
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

/// The phones that `?phone=` names, each once, or all; or a name that is not listed.
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
    format!("no phone `{name}` is listed and enabled here; /api/v1/phones lists all")
}
