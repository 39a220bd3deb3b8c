//! Basic auth: who a request says it comes from, and whether that is true.
//!
//! bcrypt is slow on purpose, so a check runs off the async threads, few run at a time, and one that
//! succeeded is remembered: as a keyed digest of name, hash and password, from which none of them
//! can be told, and which a changed hash no longer matches. A name that is unknown costs what the
//! check of a known one costs, so that time tells nobody who exists.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use ring::hmac;
use ring::rand::SystemRandom;
use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::Semaphore;

use crate::config::listener::User;

/// Who a request says it comes from.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) user: String,
    /// The bytes that were sent: what they stand for is between user and hash.
    pub(super) password: SecretSlice<u8>,
}

/// Checks claims, few at a time.
#[derive(Debug)]
pub(super) struct Authenticator {
    room: Arc<Semaphore>,
    /// How long a claim waits for its check to begin.
    patience: Duration,
    key: hmac::Key,
    /// The digests of claims that were true, oldest first.
    known: Mutex<VecDeque<Digest>>,
}

/// Too many claims were waiting to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BusyError;

type Digest = [u8; 32];

/// How many checks run at a time: one may be slow, and yet not all cores are to be had for wrong
/// passwords.
const CHECKS: usize = 2;

/// How long a claim waits for its check to begin: a few dozen slow checks.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many true claims are remembered: one a user, for more users than basic auth is made for.
const KNOWN: usize = 256;

impl Credentials {
    /// What the header `Authorization` claims (RFC 7617); `None` if it claims nothing.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = STANDARD.decode(credentials.trim()).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (user, rest) = decoded.split_at_checked(colon)?;
        let password = rest.get(1..)?;
        Some(Self {
            user: String::from_utf8(user.to_vec()).ok()?,
            password: SecretSlice::from(password.to_vec()),
        })
    }
}

impl Default for Authenticator {
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self {
            room: Arc::new(Semaphore::new(CHECKS)),
            patience: PATIENCE,
            key: key.expect("the system has random numbers: TLS does not work without"),
            known: Mutex::default(),
        }
    }
}

impl Authenticator {
    /// Whether the claim is true of one of `users`, of whom there is at least one.
    pub(super) async fn verify(
        &self,
        claim: &Credentials,
        users: &[User],
    ) -> Result<bool, BusyError> {
        let user = users.iter().find(|user| *user.name == *claim.user);
        let digest = user.map(|user| self.digest(claim, user));
        if digest.is_some_and(|digest| self.knows(&digest)) {
            return Ok(true);
        }
        let room = Arc::clone(&self.room).acquire_owned();
        let Ok(Ok(room)) = tokio::time::timeout(self.patience, room).await else {
            return Err(BusyError);
        };
        // Who asks much at once, as for each phone a page, waits for one check, not for many.
        if digest.is_some_and(|digest| self.knows(&digest)) {
            return Ok(true);
        }
        let Some(against) = user.or_else(|| self.stand_in(claim, users)) else {
            return Ok(false);
        };
        let (hash, password) = (against.hash.clone(), claim.password.clone());
        let check = move || {
            // Held until the check is over, even where nobody waits for it any more.
            let _room = room;
            bcrypt::verify(password.expose_secret(), hash.expose_secret()).unwrap_or(false)
        };
        let matches = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        let Some(digest) = digest.filter(|_| matches) else {
            return Ok(false);
        };
        self.remember(digest);
        Ok(true)
    }

    /// The user whose hash stands in for that of an unknown name: always the same one for a name,
    /// so that costs that differ from user to user tell nothing either.
    fn stand_in<'a>(&self, claim: &Credentials, users: &'a [User]) -> Option<&'a User> {
        let digest = hmac::sign(&self.key, claim.user.as_bytes());
        let number = digest.as_ref().iter().take(7);
        let number = number.fold(0, |number, byte| number << 8 | usize::from(*byte));
        users.get(number.checked_rem(users.len())?)
    }

    fn digest(&self, claim: &Credentials, user: &User) -> Digest {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [
            user.name.as_bytes(),
            user.hash.expose_secret().as_bytes(),
            claim.password.expose_secret(),
        ] {
            // Lengths, so that no two claims run into the same text.
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        digest
    }

    fn knows(&self, digest: &Digest) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(digest)
    }

    fn remember(&self, digest: Digest) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&digest) {
            return;
        }
        if known.len() >= KNOWN {
            known.pop_front();
        }
        known.push_back(digest);
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use secrecy::SecretString;

    use super::*;

    fn header(value: &str) -> HeaderMap {
        let value = HeaderValue::from_str(value).expect("a header");
        [(AUTHORIZATION, value)].into_iter().collect()
    }

    fn claim(user: &str, password: &str) -> Credentials {
        Credentials {
            user: user.to_owned(),
            password: SecretSlice::from(password.as_bytes().to_vec()),
        }
    }

    fn user(name: &str, password: &str) -> User {
        User {
            name: name.into(),
            hash: SecretString::from(bcrypt::hash(password, 4).expect("a hash")),
        }
    }

    #[test]
    fn the_header_is_read_as_rfc_7617_has_it() {
        let read = |value: &str| {
            let claim = Credentials::of(&header(value))?;
            let password = String::from_utf8_lossy(claim.password.expose_secret()).into_owned();
            Some((claim.user, password))
        };
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(read("Basic YW5uYTpvcGVu"), pair("anna", "open"));
        assert_eq!(read("bAsIc  YW5uYTpvcGVu "), pair("anna", "open"));
        assert_eq!(read("Basic YW5uYTphOmI="), pair("anna", "a:b"));
        assert_eq!(read("Basic YW5uYTo="), pair("anna", ""));
        for nothing in [
            "",
            "Basic",
            "Basic YW5uYQ==",
            "Basic ???",
            "Bearer YW5uYTpvcGVu",
        ] {
            assert_eq!(read(nothing), None, "{nothing:?}");
        }
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_name_is_true_again_and_again() {
        let logins = Authenticator::default();
        let users = [user("anna", "open"), user("bert", "sesame")];
        for _ in 0..2 {
            for (name, password, expect) in [
                ("anna", "open", true),
                ("bert", "sesame", true),
                ("anna", "sesame", false),
                ("anna", "", false),
                ("nobody", "open", false),
                ("nobody", "sesame", false),
                ("Anna", "open", false),
            ] {
                let found = logins.verify(&claim(name, password), &users).await;
                assert_eq!(found, Ok(expect), "{name} {password}");
            }
        }
        assert_eq!(logins.known.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_is_remembered_ends_with_the_hash_that_it_was_checked_against() {
        let logins = Authenticator::default();
        let open = claim("anna", "open");
        assert_eq!(
            logins.verify(&open, &[user("anna", "open")]).await,
            Ok(true)
        );
        let changed = [user("anna", "closed")];
        assert_eq!(logins.verify(&open, &changed).await, Ok(false));
        let gone = [user("bert", "open")];
        assert_eq!(logins.verify(&open, &gone).await, Ok(false));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
        let logins = Authenticator::default();
        for n in 0..=KNOWN {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_be_bytes());
            logins.remember(digest);
            logins.remember(digest);
        }
        assert_eq!(logins.known.lock().unwrap().len(), KNOWN);
        assert!(!logins.knows(&[0; 32]));
    }

    #[tokio::test]
    async fn who_would_wait_too_long_for_a_check_is_told_so_and_who_is_known_does_not_wait() {
        let mut logins = Authenticator::default();
        let users = [user("anna", "open")];
        let open = claim("anna", "open");
        assert_eq!(logins.verify(&open, &users).await, Ok(true));
        logins.patience = Duration::ZERO;
        logins.room = Arc::new(Semaphore::new(0));
        assert_eq!(logins.verify(&open, &users).await, Ok(true));
        // An unknown name waits for a check like a known one.
        for (name, password) in [("anna", "wrong"), ("nobody", "open")] {
            let wrong = claim(name, password);
            assert_eq!(
                logins.verify(&wrong, &users).await,
                Err(BusyError),
                "{name}"
            );
        }
    }

    #[test]
    fn a_claim_shows_no_password() {
        assert!(!format!("{:?}", claim("anna", "open")).contains("open"));
    }
}
