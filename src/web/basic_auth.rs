//! Basic auth: the credentials of a request, and their check against `basic_auth_users`.
//!
//! bcrypt is slow on purpose, so a check runs off the async threads, few run at a time, and a success is
//! remembered: as a keyed digest of name, hash and password, which reveals none of them and which a
//! changed hash no longer matches. An unknown name costs as much time as a known one, so that timing
//! does not reveal which users exist.

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

/// User and password of a request.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) user: String,
    /// The bytes as sent; their encoding is up to the user.
    pub(super) password: SecretSlice<u8>,
}

/// Checks credentials, few at a time.
#[derive(Debug)]
pub(super) struct Authenticator {
    permits: Arc<Semaphore>,
    /// How long credentials wait for its check to begin.
    check_timeout: Duration,
    key: hmac::Key,
    /// The digests of credentials that were verified, oldest first.
    verified: Mutex<VecDeque<Digest>>,
}

/// Too many logins wait to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BusyError;

type Digest = [u8; 32];

/// How many checks run at a time: so that one slow check does not delay all, and wrong passwords do not
/// occupy all cores.
const MAX_CHECKS: usize = 2;

/// How long credentials wait for its check to begin: a few dozen slow checks.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// How many verified credentials are remembered: one per user, for more users than basic auth is made for.
const MAX_VERIFIED: usize = 256;

impl Credentials {
    /// Those in the header `Authorization` (RFC 7617); `None` if it holds none.
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
            permits: Arc::new(Semaphore::new(MAX_CHECKS)),
            check_timeout: CHECK_TIMEOUT,
            key: key.expect("the system has random numbers: TLS does not work without"),
            verified: Mutex::default(),
        }
    }
}

impl Authenticator {
    /// Whether the credentials are those of one of `users`, of whom there is at least one.
    pub(super) async fn verify(
        &self,
        credentials: &Credentials,
        users: &[User],
    ) -> Result<bool, BusyError> {
        let user = users.iter().find(|user| *user.name == *credentials.user);
        let digest = user.map(|user| self.digest(credentials, user));
        if digest.is_some_and(|digest| self.is_verified(&digest)) {
            return Ok(true);
        }
        let permit = Arc::clone(&self.permits).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(self.check_timeout, permit).await else {
            return Err(BusyError);
        };
        // Parallel requests of one client wait for one check, not for many.
        if digest.is_some_and(|digest| self.is_verified(&digest)) {
            return Ok(true);
        }
        let Some(against) = user.or_else(|| self.stand_in(credentials, users)) else {
            return Ok(false);
        };
        let (hash, password) = (against.hash.clone(), credentials.password.clone());
        let check = move || {
            // Held until the check is over, even if the request is gone.
            let _held = permit;
            bcrypt::verify(password.expose_secret(), hash.expose_secret()).unwrap_or(false)
        };
        let matches = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        let Some(digest) = digest.filter(|_| matches) else {
            return Ok(false);
        };
        self.remember(digest);
        Ok(true)
    }

    /// The user whose hash is checked in place of an unknown name's: always the same one for a name,
    /// so that costs that differ between users reveal nothing either.
    fn stand_in<'a>(&self, credentials: &Credentials, users: &'a [User]) -> Option<&'a User> {
        let digest = hmac::sign(&self.key, credentials.user.as_bytes());
        let number = digest.as_ref().iter().take(7);
        let number = number.fold(0, |number, byte| number << 8 | usize::from(*byte));
        users.get(number.checked_rem(users.len())?)
    }

    fn digest(&self, credentials: &Credentials, user: &User) -> Digest {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [
            user.name.as_bytes(),
            user.hash.expose_secret().as_bytes(),
            credentials.password.expose_secret(),
        ] {
            // Lengths, so that no two credentials run into the same text.
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        digest
    }

    fn is_verified(&self, digest: &Digest) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.contains(digest)
    }

    fn remember(&self, digest: Digest) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.contains(&digest) {
            return;
        }
        if verified.len() >= MAX_VERIFIED {
            verified.pop_front();
        }
        verified.push_back(digest);
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

    fn credentials(user: &str, password: &str) -> Credentials {
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
            let credentials = Credentials::of(&header(value))?;
            let password =
                String::from_utf8_lossy(credentials.password.expose_secret()).into_owned();
            Some((credentials.user, password))
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
        let authenticator = Authenticator::default();
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
                let found = authenticator
                    .verify(&credentials(name, password), &users)
                    .await;
                assert_eq!(found, Ok(expect), "{name} {password}");
            }
        }
        assert_eq!(authenticator.verified.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_is_remembered_ends_with_the_hash_that_it_was_checked_against() {
        let authenticator = Authenticator::default();
        let open = credentials("anna", "open");
        assert_eq!(
            authenticator.verify(&open, &[user("anna", "open")]).await,
            Ok(true)
        );
        let changed = [user("anna", "closed")];
        assert_eq!(authenticator.verify(&open, &changed).await, Ok(false));
        let gone = [user("bert", "open")];
        assert_eq!(authenticator.verify(&open, &gone).await, Ok(false));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
        let authenticator = Authenticator::default();
        for n in 0..=MAX_VERIFIED {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_be_bytes());
            authenticator.remember(digest);
            authenticator.remember(digest);
        }
        assert_eq!(authenticator.verified.lock().unwrap().len(), MAX_VERIFIED);
        assert!(!authenticator.is_verified(&[0; 32]));
    }

    #[tokio::test]
    async fn who_would_wait_too_long_for_a_check_is_told_so_and_who_is_known_does_not_wait() {
        let mut authenticator = Authenticator::default();
        let users = [user("anna", "open")];
        let open = credentials("anna", "open");
        assert_eq!(authenticator.verify(&open, &users).await, Ok(true));
        authenticator.check_timeout = Duration::ZERO;
        authenticator.permits = Arc::new(Semaphore::new(0));
        assert_eq!(authenticator.verify(&open, &users).await, Ok(true));
        // An unknown name waits for a check like a verified one.
        for (name, password) in [("anna", "wrong"), ("nobody", "open")] {
            let wrong = credentials(name, password);
            assert_eq!(
                authenticator.verify(&wrong, &users).await,
                Err(BusyError),
                "{name}"
            );
        }
    }

    #[test]
    fn credentials_show_no_password() {
        assert!(!format!("{:?}", credentials("anna", "open")).contains("open"));
    }
}
