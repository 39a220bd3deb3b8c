//! A desk for the tests of the endpoints: one phone, and a client at it that keeps its cookies.
//!
//! No socket: a path goes in, the spelled response comes out. Passwords are sent by the phone's
//! own digest, which is tested against other tools where it stands.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::respond;
use crate::sim::auth::digest;
use crate::sim::behaviour::login::Hash;
use crate::sim::wire::request;
use crate::sim::wire::response::Response;
use crate::sim::{Behaviour, Spec, State};

/// A phone and a client that keeps its cookies.
pub(super) struct Desk {
    pub(super) state: State,
    pub(super) cookies: BTreeMap<String, String>,
    /// More header lines, each with its end.
    pub(super) headers: String,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            state: State::sample(Spec::default()),
            cookies: BTreeMap::new(),
            headers: String::new(),
        }
    }

    pub(super) fn with(set: impl FnOnce(&mut Behaviour)) -> Self {
        let mut desk = Self::new();
        set(&mut desk.state.behaviour);
        desk
    }

    /// A phone with an administrator at it.
    pub(super) fn logged_in() -> Self {
        let mut desk = Self::new();
        desk.log_in("gmiadmin", "admin");
        desk
    }

    pub(super) fn ask(&mut self, path: &str) -> Response {
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let head = format!(
            "GET /cgi-bin/{path} HTTP/1.1\r\nHost: phone\r\nCookie: {}\r\n{}\r\n",
            jar.join("; "),
            self.headers,
        );
        let request = request::take(&mut head.into_bytes()).unwrap().unwrap();
        let response = respond(&request, &mut self.state);
        for (_, cookie) in response
            .headers
            .iter()
            .filter(|(name, _)| *name == "Set-Cookie")
        {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    pub(super) fn text(&mut self, path: &str) -> String {
        String::from_utf8(self.ask(path).body).unwrap()
    }

    pub(super) fn json(&mut self, path: &str) -> Value {
        let text = self.text(path);
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"))
    }

    pub(super) fn log_in(&mut self, username: &str, password: &str) -> String {
        let realm = self.text("loginrealm");
        self.log_in_with(username, &realm, password)
    }

    pub(super) fn log_in_with(&mut self, username: &str, realm: &str, password: &str) -> String {
        self.text(&login_path(username, realm, password))
    }

    /// Whether a read under the session is answered.
    pub(super) fn is_in(&mut self) -> bool {
        self.ask("api-get_accounts").status == 200
    }

    #[track_caller]
    pub(super) fn check(&mut self, path: &str, expect: &Value) {
        assert_eq!(self.json(path), *expect, "{path}");
    }
}

pub(super) fn done() -> Value {
    json!({ "response": "success", "body": "" })
}

pub(super) fn failed() -> Value {
    json!({ "response": "error", "body": "failed" })
}

/// The request of a login.
pub(super) fn login_path(username: &str, realm: &str, password: &str) -> String {
    let secret = digest(Hash::Md5, &format!("{username}:{realm}:{password}"));
    format!("login?Username={username}&Secret={secret}")
}
