//! The HTTP client block of Prometheus, wherever it stands: inline on an Alertmanager, as
//! `http_config` of a webhook or the heartbeat.
//!
//! Keys of the block that ask for what this program does not do are refused, unless what they say is
//! what it does: see [`refuse_switches`].

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::keys;
use super::secret::secret;
use crate::config::read::{
    Files, Findings, Kind, Node, Section, Spot, Wrong, authorities, client_key_pair, duration,
    from_file, inline, server_name, shown, text, tls_version, web_url, without_login,
};
use crate::notify::http_client::{Authorization, Header, HeaderText, HttpClient, TlsClient};

const PASSWORD: Kind = Kind {
    noun: "password",
    nouns: "passwords",
    file: "password_file",
};
const CREDENTIALS: Kind = Kind {
    noun: "token",
    nouns: "tokens",
    file: "credentials_file",
};
const HEADER: Kind = Kind {
    noun: "header",
    nouns: "headers",
    file: "files",
};

/// An exchange that takes longer than this holds others up.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Headers that the exchange itself needs or that have keys of their own, after Prometheus' list.
const RESERVED_HEADERS: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "user-agent",
    "www-authenticate",
    "x-signature-256",
];

/// The block that stands in this section; `url` is where it leads, if that is known.
pub(super) fn client(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> HttpClient {
    refuse_switches(found, section);
    let proxy_url = section.read(found, "proxy_url", |node| {
        let url = web_url(node.text()?)?;
        without_login(&url, "use a proxy that asks for none")?;
        Ok(url.as_str().trim_end_matches('/').into())
    });
    let client = HttpClient {
        authorization: authorization(found, files, section),
        tls: tls_config(found, files, section),
        proxy_url: proxy_url.map(|proxy| proxy.value),
        headers: headers(found, files, section),
    };
    if client.proxy_url.is_some() && client.tls.server_name.is_some() {
        let what = "stands beside `tls_config.server_name`";
        let help = "keep one of them: a proxy is asked for the host of the URL only";
        let wrong = Wrong::new(what, help);
        found.fault(section.spot_of("proxy_url"), wrong);
    }
    client
}

/// `http_config`.
pub(super) fn http_config(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> HttpClient {
    let section = section.section(found, "http_config", keys::HTTP_CONFIG);
    section.map_or_else(HttpClient::default, |section| {
        client(found, files, &section)
    })
}

/// Switches of the block that are off here: `false` says what is so, `true` what is not.
fn refuse_switches(found: &mut Findings, section: &Section<'_>) {
    const SWITCHES: [(&str, &str, &str); 3] = [
        (
            "follow_redirects",
            "is not supported: a redirect would carry secrets to another server",
            "configure the address that it leads to, and write false",
        ),
        (
            "enable_http2",
            "is not supported: requests are made by HTTP/1.1",
            "write false",
        ),
        (
            "proxy_from_environment",
            "is not supported: no proxy is taken from the environment",
            "write `proxy_url: …`",
        ),
    ];
    for (key, what, help) in SWITCHES {
        section.read(found, key, |node| {
            let is_on = node.flag()?;
            (!is_on).then_some(()).ok_or_else(|| Wrong::new(what, help))
        });
    }
}

/// `basic_auth` or `authorization`.
fn authorization(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Authorization {
    if section.has("basic_auth") && section.has("authorization") {
        let wrong = Wrong::new("stands beside `basic_auth`", "keep one of them");
        found.fault(section.spot_of("authorization"), wrong);
    }
    let basic = section.section(found, "basic_auth", keys::BASIC_AUTH);
    let basic = basic.and_then(|basic| {
        basic.require(found, "username");
        let username = basic.read(found, "username", user);
        let password = secret(found, files, &basic, ("password", PASSWORD));
        Some(Authorization::Basic {
            username: username?.value,
            password: password?,
        })
    });
    let other = section.section(found, "authorization", keys::AUTHORIZATION);
    let other = other.and_then(|other| {
        let scheme = other.read(found, "type", scheme);
        let credentials = secret(found, files, &other, ("credentials", CREDENTIALS));
        let credentials = credentials?;
        let mut keys = ["credentials", "credentials_file"].into_iter();
        let key = keys.find(|key| other.has(key))?;
        found.keep(
            other.spot_of(key),
            check_header(credentials.expose_secret()),
        )?;
        Some(Authorization::Credentials {
            scheme: scheme.map_or_else(|| "Bearer".into(), |scheme| scheme.value),
            credentials,
        })
    });
    basic.or(other).unwrap_or_default()
}

/// `type` of `authorization`.
fn scheme(node: &Node) -> Result<Box<str>, Wrong> {
    const HELP: &str = "write one word, e.g. Bearer";
    let scheme = node.text()?.trim();
    if scheme.eq_ignore_ascii_case("basic") {
        return Err(Wrong::new("is Basic", "use `basic_auth` instead"));
    }
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if scheme.is_empty() || !scheme.chars().all(token) {
        return Err(Wrong::new("is not the name of a scheme", HELP));
    }
    Ok(scheme.into())
}

/// `tls_config`.
pub(super) fn tls_config(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> TlsClient {
    let Some(tls) = section.section(found, "tls_config", keys::TLS_CONFIG) else {
        return TlsClient::default();
    };
    let insecure = tls.read(found, "insecure_skip_verify", Node::flag);
    let insecure_skip_verify = insecure.is_some_and(|insecure| insecure.value);
    if insecure_skip_verify {
        let what = "lets anybody stand in for that server and read what it is sent";
        let wrong = Wrong::new(what, "set ca_file instead");
        found.warn(tls.spot_of("insecure_skip_verify"), wrong);
    }
    let ca_file = tls.read(found, "ca_file", |node| authorities(files, node.text()?));
    let server_name = tls.read(found, "server_name", |node| dns_name(node.text()?));
    let min_version = tls.read(found, "min_version", tls_version);
    TlsClient {
        authorities: ca_file.map(|authorities| authorities.value.certificates),
        key_pair: client_key_pair(found, files, &tls).map(Arc::new),
        server_name: server_name.map(|name| name.value),
        insecure_skip_verify,
        min_version: min_version.map(|version| version.value).unwrap_or_default(),
    }
}

/// A name that a client can ask for.
fn dns_name(text: &str) -> Result<Box<str>, Wrong> {
    const HELP: &str = "write a DNS name, or leave it out";
    if text.parse::<std::net::IpAddr>().is_ok() {
        let what = "is an IP address, which no client can ask for by name";
        return Err(Wrong::new(what, HELP));
    }
    server_name(text).map_err(|wrong| Wrong {
        mend: HELP.to_owned(),
        ..wrong
    })
}

/// `http_headers`: of each header its values, whichever key gives them.
fn headers(found: &mut Findings, files: &mut Files<'_>, section: &Section<'_>) -> Vec<Header> {
    let mut headers = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (spot, name, node) in section.named(found, "http_headers") {
        if found.keep(spot.clone(), check_name(name)).is_none() {
            continue;
        }
        if names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            found.fault(spot, Wrong::new("is a header twice", "keep one of them"));
            continue;
        }
        names.push(name);
        let Some(header) = Section::open(found, spot, node, keys::HTTP_HEADER) else {
            continue;
        };
        let values = values(found, files, &header);
        headers.extend(values.into_iter().map(|value| Header {
            name: name.into(),
            value,
        }));
    }
    headers
}

/// `values`, `secrets` and `files` of one header, in this order.
fn values(found: &mut Findings, files: &mut Files<'_>, header: &Section<'_>) -> Vec<HeaderText> {
    let mut values = Vec::new();
    let mut listed = 0;
    for key in ["values", "secrets", "files"] {
        for (spot, node) in header.items(found, key).unwrap_or_default() {
            listed += 1;
            let value = match key {
                "values" => {
                    let text = found.keep(spot.clone(), node.text());
                    text.map(|text| HeaderText::Public(text.into()))
                }
                "secrets" => inline(found, files, HEADER, (&spot, node)).map(HeaderText::Secret),
                _ => from_file(found, files, HEADER, (&spot, node)).map(HeaderText::Secret),
            };
            values.extend(value.filter(|value| {
                let checked = found.keep(spot, check_header(value.expose()));
                checked.is_some()
            }));
        }
    }
    if listed == 0 {
        let help = "add `values: […]`, `secrets: […]` or `files: […]`";
        found.fault(header.spot.clone(), Wrong::new("has no value", help));
    }
    values
}

fn check_name(name: &str) -> Result<(), Wrong> {
    if HeaderName::try_from(name).is_err() {
        let what = "is not the name of a header";
        return Err(Wrong::new(what, "use letters, digits and `-`"));
    }
    if name.eq_ignore_ascii_case("authorization") {
        let what = "is a header with a key of its own";
        return Err(Wrong::new(what, "write `authorization` or `basic_auth`"));
    }
    if RESERVED_HEADERS
        .iter()
        .any(|ours| ours.eq_ignore_ascii_case(name))
    {
        let what = "is a header that the daemon sets itself";
        return Err(Wrong::new(what, "remove it"));
    }
    Ok(())
}

/// Whether a header can carry it.
pub(super) fn check_header(value: &str) -> Result<(), Wrong> {
    let fits = HeaderValue::from_str(value).is_ok();
    fits.then_some(()).ok_or_else(|| {
        let what = "holds a character that no header may";
        Wrong::new(what, "write it on one line, in plain letters")
    })
}

/// A user name that basic auth can carry; faults never repeat it.
pub(super) fn user(node: &Node) -> Result<Box<str>, Wrong> {
    let name = text(node)?;
    if name.is_empty() || name.contains(':') || name.chars().any(char::is_control) {
        let help = "write at least one character, no colon and no control character";
        return Err(Wrong::new("is not a user name", help));
    }
    Ok(name)
}

/// `timeout` of one exchange.
pub(super) fn timeout(found: &mut Findings, section: &Section<'_>) -> Option<Duration> {
    let timeout = section.read(found, "timeout", |node| {
        let timeout = duration(node)?;
        if timeout > LONGEST_TIMEOUT {
            let what = format!("is longer than {}", shown(LONGEST_TIMEOUT));
            let help = "others wait meanwhile; write a shorter time";
            return Err(Wrong::new(what, help));
        }
        Ok(timeout)
    });
    timeout.map(|timeout| timeout.value)
}

/// Warns where a proof of who sends crosses the network as it is.
pub(super) fn warn_of_plain(
    found: &mut Findings,
    spot: Spot,
    url: &SecretString,
    client: &HttpClient,
) {
    let plain = Url::parse(url.expose_secret()).is_ok_and(|url| {
        let here = url.host_str().is_some_and(is_this_machine);
        url.scheme() == "http" && !here
    });
    if plain && !matches!(client.authorization, Authorization::None) {
        let what = "sends its password or token over plain HTTP";
        found.warn(spot, Wrong::new(what, "use https"));
    }
}

/// Whether a host is the machine itself.
pub(super) fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare.parse::<std::net::IpAddr>();
    loopback.map_or(host == "localhost", |address| address.is_loopback())
}
