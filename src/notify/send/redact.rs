//! What must not be repeated: secrets taken out of what the other side said.
//!
//! Web servers like to quote what they were asked for ("cannot POST /services/…"), and an address
//! may be a secret as a whole. Whatever of it is long enough to be one is blotted out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};

use crate::notify::http_client::{Authorization, HttpClient};
use crate::notify::words::{cut, line};

/// Secrets of one exchange.
pub(super) struct Redactor(Vec<String>);

/// How much of an answer is kept.
const LONGEST: usize = 256;

/// Parts of an address below this length are names of interfaces, not tokens.
const SHORTEST_PART: usize = 8;

impl Redactor {
    /// The address with its parts, and what is sent along to prove who sends.
    pub(super) fn of(url: &SecretString, client: &HttpClient) -> Self {
        let mut secrets = vec![url.expose_secret().to_owned()];
        if let Ok(url) = reqwest::Url::parse(url.expose_secret()) {
            secrets.extend(parts(&url).filter(|part| part.len() >= SHORTEST_PART));
            secrets.extend(url.password().map(str::to_owned));
        }
        match &client.authorization {
            Authorization::None => {}
            Authorization::Credentials { credentials, .. } => {
                secrets.push(credentials.expose_secret().to_owned());
            }
            Authorization::Basic { username, password } => {
                let password = password.expose_secret();
                secrets.push(STANDARD.encode(format!("{username}:{password}")));
                secrets.push(password.to_owned());
            }
        }
        let headers = client.headers.iter();
        Self(secrets).and(headers.filter_map(|header| header.value.secret()))
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
        // Of a long answer only the beginning was read, and so perhaps of a secret at its end.
        let begun = self.0.iter().map(|secret| begun(&text, secret)).max();
        if let Some(begun @ 1..) = begun {
            text.truncate(text.len() - begun);
            text.push_str("***");
        }
        cut(&line(&text), LONGEST)
    }
}

/// The steps of the path, and the names and values of the query, as they are sent and as they are
/// meant: a query may be a token without a name.
fn parts(url: &reqwest::Url) -> impl Iterator<Item = String> {
    let query = url.query().unwrap_or_default();
    let sent = url.path().split('/').chain(query.split(['&', '=']));
    let meant = sent.clone().map(|part| {
        let meant = percent_decode_str(part).decode_utf8_lossy();
        meant.into_owned()
    });
    let pairs = url.query_pairs();
    let pairs = pairs.flat_map(|(name, value)| [name.into_owned(), value.into_owned()]);
    sent.map(str::to_owned).chain(meant).chain(pairs)
}

/// How many bytes at the end of the text are the beginning of the secret, if that is long enough to
/// tell something.
fn begun(text: &str, secret: &str) -> usize {
    let text = text.as_bytes();
    let longest = secret.len().min(text.len());
    (SHORTEST_PART..=longest)
        .rev()
        .find(|length| {
            secret
                .as_bytes()
                .get(..*length)
                .is_some_and(|part| text.ends_with(part))
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::notify::send::redact::*;

    fn bearer(token: &str) -> HttpClient {
        HttpClient {
            authorization: Authorization::Credentials {
                scheme: "Bearer".into(),
                credentials: token.into(),
            },
            ..HttpClient::default()
        }
    }

    #[test]
    fn what_a_server_quotes_of_an_address_is_blotted_out() {
        let url =
            SecretString::from("https://u:pass@a.example/services/T0000/B12345678/tok?k=longvalue");
        let redactor = Redactor::of(&url, &bearer("bearer"));
        assert_eq!(
            redactor.over("Cannot POST /services/T0000/B12345678/tok?k=longvalue\r\nbearer pass"),
            "Cannot POST /***/T0000/***/tok?k=*** *** ***"
        );
    }

    #[test]
    fn a_query_is_known_as_it_was_written_as_it_is_meant_and_without_a_name() {
        let url =
            SecretString::from("https://a.example/h%2Fook%2Bpath?k=a%2Fb%2Bcdefg+h&bare-token");
        let redactor = Redactor::of(&url, &HttpClient::default());
        for echo in [
            "k=a%2Fb%2Bcdefg+h",
            "k=a/b+cdefg+h",
            "k=a/b+cdefg h",
            "k=bare-token",
            "k=h/ook+path",
        ] {
            assert_eq!(redactor.over(echo), "k=***", "{echo}");
        }
    }

    #[test]
    fn a_secret_of_which_only_the_beginning_was_read_is_blotted_out() {
        let token = "0123456789".repeat(300);
        let redactor = Redactor::of(&"https://a.example/".into(), &bearer(&token));
        let read = format!("bad token {}", "0123456789".repeat(5));
        assert_eq!(redactor.over(&read), "bad token ***");
        assert_eq!(redactor.over("bad token 012"), "bad token 012");
    }

    #[test]
    fn a_long_answer_is_cut() {
        let redactor = Redactor::of(&SecretString::from(""), &HttpClient::default());
        assert_eq!(redactor.over(&"a".repeat(300)).len(), LONGEST);
    }
}
