//! One request to somebody else's web server, and its answer.
//!
//! Each exchange has a connection of its own: messages are rare, and one that was kept would be
//! found dead when it is needed. Redirects are not followed, since they would carry what is secret
//! to somewhere else; no proxy of the environment is used. All of it ends at a deadline, and of an
//! answer no more is read than is shown.
//!
//! A configured `server_name` takes the place of the host in the URL, so that TLS asks for it and
//! checks it; [`Reroute`] leads that name to the host, which stays in the header `Host`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, DATE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, Proxy, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls;

use super::redact::Redactor;
use super::tls::{self, WEB_SERVER};
use crate::notify::http_client::{Authorization, Header, HttpClient};
use crate::notify::retry::{self, DeliveryResult, FailureReason};
use crate::tls_client::{self, Peer};

/// Who asks.
const USER_AGENT: &str = concat!("grandstream-exporter/", env!("CARGO_PKG_VERSION"));

/// How much of an answer is read: enough that a secret it quotes is seen as a whole.
const MOST_READ: usize = 2048;

/// A request.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: &'a SecretString,
    /// What stands behind the address.
    pub(super) path: &'static str,
    pub(super) client: &'a HttpClient,
    /// How long the whole exchange may take.
    pub(super) timeout: Duration,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: u16,
    retry_after: Option<String>,
    /// When, by the clock of the other side; dates in its answer are measured by it.
    date: Option<Timestamp>,
    /// The beginning of the body, on one line and without secrets.
    pub(super) excerpt: String,
}

impl Answer {
    /// What it means for what was sent.
    pub(super) fn result(&self) -> DeliveryResult {
        // Without a date of its own a date in the answer says nothing.
        let now = self.date.unwrap_or(Timestamp::MAX);
        let result = retry::of_http(self.status, self.retry_after.as_deref(), now);
        let hint = match self.status {
            300..=399 => "; redirects are not followed: configure the address it leads to",
            _ => "",
        };
        result.explained(|error| match &*self.excerpt {
            "" => format!("{error}{hint}").into(),
            excerpt => format!("{error}{hint}: {excerpt}").into(),
        })
    }
}

/// Asks, and reads the answer; what went wrong is said as a result.
pub(super) async fn exchange(
    request: Request<'_>,
    redactor: &Redactor,
) -> Result<Answer, DeliveryResult> {
    let timeout = request.timeout;
    let deadline = Instant::now() + timeout;
    let sent = timeout_at(deadline, respond(request))
        .await
        .map_err(|_elapsed| too_slow(timeout))?;
    let mut response = sent?;
    let text = |name: HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let date = text(DATE).and_then(|date| DateTimeParser::new().parse_timestamp(&date).ok());
    let retry_after = text(RETRY_AFTER);
    // The status is the answer; a body that does not come changes nothing.
    let mut body = Vec::new();
    let _elapsed = timeout_at(deadline, read(&mut response, &mut body)).await;
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after,
        date,
        excerpt: redactor.over(&String::from_utf8_lossy(&body)),
    })
}

async fn respond(request: Request<'_>) -> Result<Response, DeliveryResult> {
    let Request {
        method,
        client,
        mut headers,
        ..
    } = request;
    let mut url = address(request.url, request.path)?;
    let mut builder = builder(client).await?;
    add_headers(&mut headers, client)?;
    if let Some(value) = authorization(&client.authorization)? {
        headers.insert(AUTHORIZATION, value);
    }
    if let Some(name) = client.tls.server_name.as_deref()
        && url.scheme() == "https"
        && url.host_str() != Some(name)
    {
        let reroute = Reroute::of(&url);
        let host = HeaderValue::from_str(&reroute.authority());
        headers.insert(HOST, host.map_err(|_invalid| unusable_address())?);
        url.set_host(Some(name))
            .map_err(|_invalid| misconfigured("its `server_name` is not the name of a host"))?;
        builder = builder.dns_resolver(Arc::new(reroute));
    }
    let client = builder
        .build()
        .map_err(|error| misconfigured(&in_words(&error.without_url())))?;
    let sent = client.request(method, url).headers(headers);
    let sent = sent.body(request.body).send().await;
    sent.map_err(|error| failure(&error.without_url()))
}

async fn read(response: &mut Response, body: &mut Vec<u8>) {
    while body.len() < MOST_READ {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = MOST_READ - body.len();
                body.extend(chunk.iter().take(room));
            }
            Ok(None) | Err(_) => return,
        }
    }
}

async fn builder(client: &HttpClient) -> Result<ClientBuilder, DeliveryResult> {
    let tls = tls::client_config(&client.tls)
        .await
        .map_err(|error| misconfigured(&format!("TLS cannot be set up: {error}")))?;
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .user_agent(USER_AGENT)
        .http1_only();
    let Some(proxy) = &client.proxy_url else {
        return Ok(builder);
    };
    let proxy = Proxy::all(&**proxy)
        .map_err(|_unreadable| misconfigured("`proxy_url` is not the address of a proxy"))?;
    Ok(builder.proxy(proxy))
}

fn address(url: &SecretString, path: &str) -> Result<Url, DeliveryResult> {
    let base = url.expose_secret();
    let text = match path {
        "" => base.to_owned(),
        path => format!("{}{path}", base.trim_end_matches('/')),
    };
    let url = Url::parse(&text).ok().filter(Url::has_host);
    url.ok_or_else(unusable_address)
}

fn unusable_address() -> DeliveryResult {
    misconfigured("its address is none of the form https://host/path")
}

/// Leads every name to one host: the one that was configured.
struct Reroute {
    host: String,
    port: Option<u16>,
}

impl Reroute {
    fn of(url: &Url) -> Self {
        Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port(),
        }
    }

    /// The host with its port, unless that is the usual one.
    fn authority(&self) -> String {
        let Self { host, port } = self;
        port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }
}

impl Resolve for Reroute {
    fn resolve(&self, _name: Name) -> Resolving {
        // An IPv6 address stands in brackets in a URL only.
        let host = self.host.trim_matches(['[', ']']).to_owned();
        Box::pin(async move {
            // Port 0 stands for that of the URL.
            let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The header that proves who sends.
fn authorization(authorization: &Authorization) -> Result<Option<HeaderValue>, DeliveryResult> {
    let text = match authorization {
        Authorization::None => return Ok(None),
        Authorization::Basic { username, password } => {
            let pair = format!("{username}:{}", password.expose_secret());
            format!("Basic {}", STANDARD.encode(pair))
        }
        Authorization::Credentials {
            scheme,
            credentials,
        } => format!("{scheme} {}", credentials.expose_secret()),
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_invalid| misconfigured("its credentials cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// Adds the headers that were configured; they replace those of their names.
pub(super) fn add_headers(
    headers: &mut HeaderMap,
    client: &HttpClient,
) -> Result<(), DeliveryResult> {
    let mut own = HeaderMap::new();
    for configured in &client.headers {
        let (name, value) = header(configured)?;
        own.append(name, value);
    }
    headers.extend(own);
    Ok(())
}

/// The address without what may be secret: scheme, host and port.
pub(super) fn place(url: &SecretString) -> String {
    let Ok(url) = Url::parse(url.expose_secret()) else {
        return "an address that cannot be read".to_owned();
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    format!("{}://{host}{}/", url.scheme(), port.unwrap_or_default())
}

fn header(header: &Header) -> Result<(HeaderName, HeaderValue), DeliveryResult> {
    let Header { name, value: text } = header;
    let wrong = || misconfigured(&format!("the header `{name}` cannot be sent"));
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_invalid| wrong())?;
    let mut value = HeaderValue::from_str(text.expose()).map_err(|_invalid| wrong())?;
    value.set_sensitive(text.secret().is_some());
    Ok((name, value))
}

/// A mistake that only a change of the configuration mends.
pub(super) fn misconfigured(error: &str) -> DeliveryResult {
    DeliveryResult::Permanent {
        reason: FailureReason::Broken,
        error: error.into(),
    }
}

pub(super) fn too_slow(timeout: Duration) -> DeliveryResult {
    DeliveryResult::Temporary {
        reason: FailureReason::Timeout,
        error: format!("no answer within {}", humantime::format_duration(timeout)).into(),
        after: None,
    }
}

fn failure(error: &reqwest::Error) -> DeliveryResult {
    if error.is_builder() {
        return misconfigured(&in_words(error));
    }
    if let Some(tls) = tls_client::error_in(error) {
        return tls_failed(tls, WEB_SERVER);
    }
    let reason = if error.is_timeout() {
        FailureReason::Timeout
    } else if error.is_connect() {
        FailureReason::Connect
    } else {
        FailureReason::Broken
    };
    DeliveryResult::Temporary {
        reason,
        error: in_words(error).into(),
        after: None,
    }
}

/// What a TLS error means: it may be cured at the other end.
pub(super) fn tls_failed(error: &rustls::Error, peer: Peer) -> DeliveryResult {
    DeliveryResult::Temporary {
        reason: FailureReason::Tls,
        error: tls_client::explain(error, peer).into(),
        after: None,
    }
}

/// The error with what is behind it, each said once.
pub(super) fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for source in sources(error) {
        let said = source.to_string();
        if words.last().is_none_or(|last| !last.contains(&said)) {
            words.push(said);
        }
    }
    words.join(": ")
}

pub(super) fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
