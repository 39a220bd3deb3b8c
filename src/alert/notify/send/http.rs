//! One request to somebody else's web server, and its answer.
//!
//! Each exchange has a connection of its own: messages are rare, and one that was kept would be
//! found dead when it is needed. Redirects are not followed, since they would carry what is secret
//! to somewhere else; no proxy of the environment is used. All of it ends at a deadline, and of an
//! answer no more is read than is shown.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Proxy, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls;

use super::hush::Hush;
use super::trust;
use crate::alert::notify::channel::{Access, Auth};
use crate::alert::notify::retry::{self, Cause, Verdict};

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
    pub(super) auth: &'a Auth,
    pub(super) access: &'a Access,
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
    pub(super) fn verdict(&self) -> Verdict {
        // Without a date of its own a date in the answer says nothing.
        let now = self.date.unwrap_or(Timestamp::MAX);
        let verdict = retry::of_http(self.status, self.retry_after.as_deref(), now);
        let hint = match self.status {
            300..=399 => "; redirects are not followed: configure the address it leads to",
            _ => "",
        };
        verdict.explained(|error| match &*self.excerpt {
            "" => format!("{error}{hint}").into(),
            excerpt => format!("{error}{hint}: {excerpt}").into(),
        })
    }
}

/// Asks, and reads the answer; what went wrong is said as a verdict.
pub(super) async fn exchange(request: Request<'_>, hush: &Hush) -> Result<Answer, Verdict> {
    let patience = request.access.timeout.unwrap_or(Access::PATIENCE);
    let deadline = Instant::now() + patience;
    let sent = timeout_at(deadline, respond(request))
        .await
        .map_err(|_elapsed| too_slow(patience))?;
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
        excerpt: hush.over(&String::from_utf8_lossy(&body)),
    })
}

async fn respond(request: Request<'_>) -> Result<Response, Verdict> {
    let url = address(request.url, request.path)?;
    let client = client(request.access).await?;
    let builder = client
        .request(request.method, url)
        .headers(request.headers)
        .body(request.body);
    let builder = match request.auth {
        Auth::None => builder,
        Auth::Bearer(token) => builder.bearer_auth(token.expose_secret()),
        Auth::Basic { username, password } => {
            builder.basic_auth(username, Some(password.expose_secret()))
        }
    };
    builder
        .send()
        .await
        .map_err(|error| failure(&error.without_url()))
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

async fn client(access: &Access) -> Result<Client, Verdict> {
    let authorities = trust::authorities(access.authorities.as_deref()).await;
    let tls = trust::client_config(&authorities, access.insecure_skip_verify)
        .map_err(|error| misconfigured(&format!("TLS cannot be set up: {error}")))?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .user_agent(USER_AGENT)
        .http1_only();
    if let Some(proxy) = &access.proxy_url {
        let proxy = Proxy::all(&**proxy)
            .map_err(|_unreadable| misconfigured("`proxy_url` is no address of a proxy"))?;
        builder = builder.proxy(proxy);
    }
    builder
        .build()
        .map_err(|error| misconfigured(&in_words(&error.without_url())))
}

fn address(url: &SecretString, path: &str) -> Result<Url, Verdict> {
    let base = url.expose_secret();
    let text = match path {
        "" => base.to_owned(),
        path => format!("{}{path}", base.trim_end_matches('/')),
    };
    let url = Url::parse(&text).ok().filter(Url::has_host);
    url.ok_or_else(|| misconfigured("its address is none of the form https://host/path"))
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

/// A header that was configured.
pub(super) fn header(
    name: &str,
    value: &SecretString,
) -> Result<(HeaderName, HeaderValue), Verdict> {
    let wrong = || misconfigured(&format!("the header `{name}` cannot be sent"));
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_invalid| wrong())?;
    let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_invalid| wrong())?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// A mistake that only a change of the configuration mends.
pub(super) fn misconfigured(error: &str) -> Verdict {
    Verdict::Permanent {
        cause: Cause::Broken,
        error: error.into(),
    }
}

pub(super) fn too_slow(patience: Duration) -> Verdict {
    Verdict::Temporary {
        cause: Cause::Timeout,
        error: format!("no answer within {}", humantime::format_duration(patience)).into(),
        after: None,
    }
}

fn failure(error: &reqwest::Error) -> Verdict {
    if error.is_builder() {
        return misconfigured(&in_words(error));
    }
    let cause = if is_tls(error) {
        Cause::Tls
    } else if error.is_timeout() {
        Cause::Timeout
    } else if error.is_connect() {
        Cause::Connect
    } else {
        Cause::Broken
    };
    Verdict::Temporary {
        cause,
        error: in_words(error).into(),
        after: None,
    }
}

/// Whether the TLS library is what failed.
pub(super) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|source| match source.downcast_ref::<std::io::Error>() {
        // What an I/O error wraps is not its source, and may be another one.
        Some(wrapping) => wrapping.get_ref().is_some_and(|inner| is_tls(inner)),
        None => source.is::<rustls::Error>(),
    })
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
