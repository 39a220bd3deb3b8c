//! Addresses of web servers, as URLs.
//!
//! A URL may hold a secret, so no fault repeats one.

use reqwest::Url;

use super::fault::Wrong;

/// The address of a web server.
pub(crate) fn web_url(text: &str) -> Result<Url, Wrong> {
    const HELP: &str = "write it as https://HOST/PATH";
    let url = Url::parse(text).map_err(|_may_repeat_it| Wrong::new("is not a URL", HELP))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(Wrong::new("is not the URL of a web server", HELP));
    }
    if url.fragment().is_some() {
        return Err(Wrong::new(
            "holds a `#`, which no server sees",
            "remove what follows it",
        ));
    }
    Ok(url)
}

/// An address that names neither user nor password; `help` says where these belong.
pub(crate) fn without_login(url: &Url, help: &str) -> Result<(), Wrong> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    Err(Wrong::new("holds a user or a password", help))
}

/// An address below which paths are added: without a query, and without a slash at its end.
pub(crate) fn base_url(text: &str, help: &str) -> Result<Box<str>, Wrong> {
    let url = web_url(text)?;
    without_login(&url, help)?;
    if url.query().is_some() {
        return Err(Wrong::new("holds a `?`", "remove what follows it"));
    }
    Ok(url.as_str().trim_end_matches('/').into())
}
