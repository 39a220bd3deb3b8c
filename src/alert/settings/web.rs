//! Ways to web servers: addresses, proofs of who sends, TLS and proxies.
//!
//! An address may hold a secret, so no fault repeats one.

use std::time::Duration;

use hyper::header::HeaderValue;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::keys;
use super::patterns::text;
use crate::alert::notify::channel::{Access, Auth};
use crate::config::read::{
    Files, Findings, Kind, Node, Section, Spot, Wrong, authorities, duration, from_file, inline,
    shown,
};

const ADDRESS: Kind = Kind {
    noun: "address",
    nouns: "addresses",
    file: "url_file",
};
pub(super) const PASSWORD: Kind = Kind {
    noun: "password",
    nouns: "passwords",
    file: "password_file",
};
const TOKEN: Kind = Kind {
    noun: "token",
    nouns: "tokens",
    file: "bearer_file",
};

/// An exchange that takes longer than this holds others up.
const MOST_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// `url` or `url_file`, whichever is there; one must be. Empty where secrets are left alone.
pub(super) fn url(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<SecretString> {
    match (section.has("url"), section.has("url_file")) {
        (true, true) => {
            let wrong = Wrong::new("stands beside `url`", "keep one of them");
            found.fault(section.spot_of("url_file"), wrong);
        }
        (false, false) => {
            let wrong = Wrong::new("has no address", "add `url_file: …`");
            found.fault(section.spot.clone(), wrong);
        }
        (true, false) | (false, true) => {}
    }
    let mend = if section.knows("auth") {
        "move them to `auth`"
    } else {
        "remove them"
    };
    let check = |url: &str| without_login(&parsed(url)?, mend);
    if let Some(node) = section.read(found, "url", Ok) {
        let spot = section.spot_of("url");
        // One that stands here is checked even where secrets are left alone.
        found.keep(spot.clone(), node.value.text().and_then(check))?;
        return inline(found, files, ADDRESS, (&spot, node.value));
    }
    let url = secret_file(found, files, section, ADDRESS)?;
    if !url.expose_secret().is_empty() {
        found.keep(section.spot_of("url_file"), check(url.expose_secret()))?;
    }
    Some(url)
}

/// The address of a web server.
pub(super) fn parsed(text: &str) -> Result<Url, Wrong> {
    const MEND: &str = "write it as https://HOST/PATH";
    let url = Url::parse(text).map_err(|_may_repeat_it| Wrong::new("is no URL", MEND))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(Wrong::new("is no URL of a web server", MEND));
    }
    if url.fragment().is_some() {
        return Err(Wrong::new(
            "holds a `#`, which no server sees",
            "remove what follows it",
        ));
    }
    Ok(url)
}

/// An address that names neither user nor password.
pub(super) fn without_login(url: &Url, mend: &str) -> Result<(), Wrong> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    Err(Wrong::new("holds a user or a password", mend))
}

/// The secret of this kind that stands in a file; empty where secrets are left alone.
pub(super) fn secret_file(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
    kind: Kind,
) -> Option<SecretString> {
    let node = section.read(found, kind.file, Ok)?.value;
    from_file(found, files, kind, (&section.spot_of(kind.file), node))
}

/// `auth`.
pub(super) fn auth(found: &mut Findings, files: &mut Files<'_>, section: &Section<'_>) -> Auth {
    let Some(auth) = section.section(found, "auth", keys::AUTH) else {
        return Auth::None;
    };
    let basic = ["username", "password_file"];
    let one_of_them = basic.into_iter().find(|key| auth.has(key));
    match (auth.has("bearer_file"), one_of_them) {
        (true, Some(key)) => {
            let wrong = Wrong::new("stands beside `bearer_file`", "keep one of them");
            found.fault(auth.spot_of(key), wrong);
        }
        (false, None) => {
            let mend = "add bearer_file, or username and password_file";
            found.fault(auth.spot.clone(), Wrong::new("says nothing", mend));
        }
        (false, Some(_)) => {
            for key in basic {
                auth.require(found, key);
            }
        }
        (true, None) => {}
    }
    let bearer = secret_file(found, files, &auth, TOKEN);
    let username = auth.read(found, "username", user);
    let password = secret_file(found, files, &auth, PASSWORD);
    if let Some(bearer) = bearer {
        let spot = auth.spot_of("bearer_file");
        let sent = found.keep(spot, check_header(bearer.expose_secret()));
        return sent.map_or(Auth::None, |()| Auth::Bearer(bearer));
    }
    let basic = username.zip(password);
    basic.map_or(Auth::None, |(username, password)| Auth::Basic {
        username: username.value,
        password,
    })
}

/// A user name that basic auth can carry; faults never repeat it.
pub(super) fn user(node: &Node) -> Result<Box<str>, Wrong> {
    let name = text(node)?;
    if name.is_empty() || name.contains(':') || name.chars().any(char::is_control) {
        let mend = "write at least one character, no colon and no control character";
        return Err(Wrong::new("is no user name", mend));
    }
    Ok(name)
}

/// Whether a header can carry it.
pub(super) fn check_header(value: &str) -> Result<(), Wrong> {
    let fits = HeaderValue::from_str(value).is_ok();
    fits.then_some(()).ok_or_else(|| {
        let what = "holds a character that no header may";
        Wrong::new(what, "write it on one line, in plain letters")
    })
}

/// `ca_file`, `insecure_skip_verify`, `proxy_url` and `timeout`.
pub(super) fn access(found: &mut Findings, files: &mut Files<'_>, section: &Section<'_>) -> Access {
    let insecure = section.read(found, "insecure_skip_verify", Node::flag);
    let insecure_skip_verify = insecure.is_some_and(|insecure| insecure.value);
    if insecure_skip_verify {
        let what = "lets anybody stand in for that server and read what it is told";
        let wrong = Wrong::new(what, "set ca_file instead");
        found.warn(section.spot_of("insecure_skip_verify"), wrong);
    }
    let ca_file = section.read(found, "ca_file", |node| authorities(files, node.text()?));
    let proxy = section.read(found, "proxy_url", |node| {
        let url = parsed(node.text()?)?;
        without_login(&url, "use a proxy that asks for none")?;
        Ok(url.as_str().trim_end_matches('/').into())
    });
    Access {
        authorities: ca_file.map(|authorities| authorities.value.certificates),
        insecure_skip_verify,
        proxy_url: proxy.map(|proxy| proxy.value),
        timeout: timeout(found, section),
    }
}

/// `timeout` of one exchange.
pub(super) fn timeout(found: &mut Findings, section: &Section<'_>) -> Option<Duration> {
    let timeout = section.read(found, "timeout", |node| {
        let timeout = duration(node)?;
        if timeout > MOST_PATIENCE {
            let what = format!("is longer than {}", shown(MOST_PATIENCE));
            return Err(Wrong::new(
                what,
                "others wait meanwhile; write a shorter time",
            ));
        }
        Ok(timeout)
    });
    timeout.map(|timeout| timeout.value)
}

/// Warns where a proof of who sends crosses the network as it is.
pub(super) fn warn_of_plain(found: &mut Findings, spot: Spot, url: &SecretString, auth: &Auth) {
    let plain = Url::parse(url.expose_secret()).is_ok_and(|url| {
        let here = url.host_str().is_some_and(is_this_machine);
        url.scheme() == "http" && !here
    });
    if plain && !matches!(auth, Auth::None) {
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
