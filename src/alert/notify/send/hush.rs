//! What must not be repeated: secrets taken out of what the other side said.
//!
//! Web servers like to quote what they were asked for ("cannot POST /services/…"), and an address
//! may be a secret as a whole. Whatever of it is long enough to be one is blotted out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::alert::notify::channel::Auth;
use crate::alert::notify::words::{cut, line};

/// Secrets of one exchange.
pub(super) struct Hush(Vec<String>);

/// How much of an answer is kept.
const LONGEST: usize = 256;

/// Parts of an address below this length are names of interfaces, not tokens.
const SHORTEST_PART: usize = 8;

impl Hush {
    /// The address with its parts, and what proves who sends.
    pub(super) fn of(url: &SecretString, auth: &Auth) -> Self {
        let mut secrets = vec![url.expose_secret().to_owned()];
        if let Ok(url) = reqwest::Url::parse(url.expose_secret()) {
            let parts = url.path().split('/').map(str::to_owned);
            let parts = parts.chain(url.query_pairs().map(|(_, value)| value.into_owned()));
            secrets.extend(parts.filter(|part| part.len() >= SHORTEST_PART));
            secrets.extend(url.password().map(str::to_owned));
        }
        match auth {
            Auth::None => {}
            Auth::Bearer(token) => secrets.push(token.expose_secret().to_owned()),
            Auth::Basic { username, password } => {
                let password = password.expose_secret();
                secrets.push(STANDARD.encode(format!("{username}:{password}")));
                secrets.push(password.to_owned());
            }
        }
        Self(secrets)
    }

    /// A login to a mail server, as it is sent by each of the ways we know.
    pub(super) fn of_login(login: Option<&(Box<str>, SecretString)>) -> Self {
        let secrets = login.map(|(user, password)| {
            let password = password.expose_secret();
            let plain = STANDARD.encode(format!("\0{user}\0{password}"));
            vec![plain, STANDARD.encode(password), password.to_owned()]
        });
        Self(secrets.unwrap_or_default())
    }

    /// More of them.
    pub(super) fn and<'a>(mut self, secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let secrets = secrets.into_iter();
        self.0
            .extend(secrets.map(|secret| secret.expose_secret().to_owned()));
        self
    }

    /// The text on one line without them, cut.
    pub(super) fn over(&self, text: &str) -> String {
        let mut secrets: Vec<_> = self.0.iter().filter(|secret| !secret.is_empty()).collect();
        // The whole before its parts.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for secret in secrets {
            text = text.replace(secret.as_str(), "***");
        }
        cut(&line(&text), LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_quotes_of_an_address_is_blotted_out() {
        let url =
            SecretString::from("https://u:pass@a.example/services/T0000/B12345678/tok?k=longvalue");
        let hush = Hush::of(&url, &Auth::Bearer("bearer".into()));
        assert_eq!(
            hush.over("Cannot POST /services/T0000/B12345678/tok?k=longvalue\r\nbearer pass"),
            "Cannot POST /***/T0000/***/tok?k=*** *** ***"
        );
    }

    #[test]
    fn a_long_answer_is_cut() {
        let hush = Hush::of(&SecretString::from(""), &Auth::None);
        assert_eq!(hush.over(&"a".repeat(300)).len(), LONGEST);
    }
}
