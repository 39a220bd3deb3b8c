//! Realms, digests, the lockout and sessions: pure in `now`.
//!
//! A realm serves for one login. A refused digest does not tell which realm it was made with, so
//! the newest is taken as spent. What is said on the wire about all this is the endpoints' part.

use std::collections::VecDeque;
use std::fmt::Write;
use std::time::Duration;

use md5::{Digest, Md5};

use super::behaviour::login::{Hash, Lockout, Login};

/// How many realms can be outstanding; the oldest gives way. Enough for clients that race.
const REALMS_KEPT: usize = 8;

/// How many sessions a phone holds; the oldest gives way.
const SESSIONS_KEPT: usize = 16;

/// Who a session belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `gmiadmin` or what the administrator is called.
    Admin,
    /// The role `user`, refused what the guide keeps for admin.
    User,
}

/// A login as it came, beside what the phone knows of its user.
pub(super) struct Attempt<'a> {
    pub(super) username: &'a str,
    /// The hex digest as it came; compared in lower case only, as phones do.
    pub(super) secret: &'a str,
    /// The password and role of that user, `None` for a user the phone does not know.
    pub(super) known: Option<(&'a str, Role)>,
}

/// What became of a login attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The token of the new session.
    Accepted(String),
    Refused(Refused),
    Locked(Lock),
}

/// A refused login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) failures: u32,
    /// Attempts left before the lock.
    pub(super) left: u32,
    pub(super) user_is_known: bool,
}

/// How long a lock lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Until(Duration),
    UntilReboot,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) token: String,
    pub(super) username: String,
    pub(super) role: Role,
    last_used: Duration,
    /// Idle time that no clock has seen, see [`Auth::age_sessions`].
    idle_before: Duration,
}

#[derive(Debug)]
struct Realm {
    text: String,
    /// The token that came with the realm in a cookie, to become the session's.
    token: String,
}

/// Realms, failures and sessions of one phone.
#[derive(Debug)]
pub(super) struct Auth {
    random: u64,
    realms: VecDeque<Realm>,
    sessions: Vec<Session>,
    failures: u32,
    lock: Option<Lock>,
    last_attempt: Option<Duration>,
}

impl Auth {
    /// `seed` makes its realms and tokens differ from those of other phones and runs.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: seed,
            realms: VecDeque::new(),
            sessions: Vec::new(),
            failures: 0,
            lock: None,
            last_attempt: None,
        }
    }

    /// A fresh realm, and the token to set with it where the cookie comes with the realm.
    pub(super) fn issue_realm(&mut self) -> (String, String) {
        let (text, token) = (self.nonce(), self.nonce());
        if self.realms.len() == REALMS_KEPT {
            self.realms.pop_front();
        }
        self.realms.push_back(Realm {
            text: text.clone(),
            token: token.clone(),
        });
        (text, token)
    }

    /// Judges a login. A refused one counts, and the one that reaches the limit locks.
    pub(super) fn log_in(
        &mut self,
        attempt: &Attempt<'_>,
        login: &Login,
        lockout: &Lockout,
        now: Duration,
    ) -> Verdict {
        if let Some(lock) = self.lock(now) {
            return Verdict::Locked(lock);
        }
        let last = self.last_attempt.replace(now);
        let came_too_soon = last.is_some_and(|last| now.saturating_sub(last) < login.min_gap);
        if came_too_soon {
            return self.refusal(attempt, lockout);
        }
        let Some((role, token)) = self.accept(attempt, login) else {
            self.realms.pop_back();
            return self.refuse(attempt, lockout, now);
        };
        self.failures = 0;
        if self.sessions.len() == SESSIONS_KEPT {
            self.sessions.remove(0);
        }
        self.sessions.push(Session {
            token: token.clone(),
            username: attempt.username.to_owned(),
            role,
            last_used: now,
            idle_before: Duration::ZERO,
        });
        Verdict::Accepted(token)
    }

    /// The role, and the token of the realm that the digest was made with; that realm is spent.
    fn accept(&mut self, attempt: &Attempt<'_>, login: &Login) -> Option<(Role, String)> {
        let (password, role) = attempt.known?;
        let spent = self.realms.iter().position(|realm| {
            login.separator.texts().iter().any(|separator| {
                let joined = [attempt.username, &realm.text, password].join(separator);
                digest(login.hash, &joined) == attempt.secret
            })
        })?;
        self.realms.remove(spent).map(|realm| (role, realm.token))
    }

    fn refuse(&mut self, attempt: &Attempt<'_>, lockout: &Lockout, now: Duration) -> Verdict {
        self.failures += 1;
        if lockout.after == 0 || self.failures < lockout.after {
            return self.refusal(attempt, lockout);
        }
        let lock = if lockout.until_reboot {
            Lock::UntilReboot
        } else {
            Lock::Until(now + lockout.lasts)
        };
        self.lock = Some(lock);
        Verdict::Locked(lock)
    }

    fn refusal(&self, attempt: &Attempt<'_>, lockout: &Lockout) -> Verdict {
        Verdict::Refused(Refused {
            failures: self.failures,
            left: lockout.after.saturating_sub(self.failures),
            user_is_known: attempt.known.is_some(),
        })
    }

    /// The lock that holds at `now`; one that has run out is lifted, and the count begins anew.
    pub(super) fn lock(&mut self, now: Duration) -> Option<Lock> {
        if self
            .lock
            .is_some_and(|lock| matches!(lock, Lock::Until(end) if end <= now))
        {
            self.lift_lock();
        }
        self.lock
    }

    /// The session that one of `tokens` names, if it is not idle for too long.
    pub(super) fn session<'a>(
        &mut self,
        tokens: impl IntoIterator<Item = &'a str>,
        idle_limit: Duration,
        now: Duration,
    ) -> Option<&mut Session> {
        self.sessions
            .retain(|session| session.idle(now) < idle_limit);
        let tokens: Vec<&str> = tokens.into_iter().collect();
        self.sessions
            .iter_mut()
            .find(|session| tokens.contains(&session.token.as_str()))
    }

    /// Gives the session of `token` a new token, which ends the old one.
    pub(super) fn renew(&mut self, token: &str) -> Option<String> {
        let fresh = self.nonce();
        let session = self
            .sessions
            .iter_mut()
            .find(|session| session.token == token)?;
        session.token.clone_from(&fresh);
        Some(fresh)
    }

    /// Ends every session of that user but the one of `kept`.
    pub(super) fn end_others(&mut self, username: &str, kept: &str) {
        self.sessions
            .retain(|session| session.username != username || session.token == kept);
    }

    /// Ends all sessions.
    pub(super) fn end_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Makes every session unused for longer by that much.
    pub(super) fn age_sessions(&mut self, by: Duration) {
        for session in &mut self.sessions {
            session.idle_before += by;
        }
    }

    /// Lifts a lock, and forgets the refusals that led to it.
    pub(super) fn lift_lock(&mut self) {
        self.lock = None;
        self.failures = 0;
    }

    /// What a reboot leaves: nothing.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.random);
    }

    /// How many sessions there are, those that ran out unnoticed included.
    pub(super) fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// The next 16 hex digits of a splitmix64 sequence: different each time, and good enough for
    /// a phone that guards nothing.
    fn nonce(&mut self) -> String {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x}", mixed ^ (mixed >> 31))
    }
}

impl Session {
    /// Notes a use, so that the session stays alive.
    pub(super) fn touch(&mut self, now: Duration) {
        self.last_used = now;
        self.idle_before = Duration::ZERO;
    }

    fn idle(&self, now: Duration) -> Duration {
        self.idle_before + now.saturating_sub(self.last_used)
    }
}

/// The lower-case hex digest of the joined text.
pub(super) fn digest(hash: Hash, joined: &str) -> String {
    match hash {
        Hash::Md5 => hex(&Md5::digest(joined)),
        Hash::Sha256 => {
            hex(ring::digest::digest(&ring::digest::SHA256, joined.as_bytes()).as_ref())
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes all text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::behaviour::login::Separator;

    const NOW: Duration = Duration::from_secs(1000);

    fn secret(realm: &str, password: &str) -> String {
        digest(Hash::Md5, &format!("gmiadmin:{realm}:{password}"))
    }

    fn try_secret(auth: &mut Auth, secret: &str, now: Duration) -> Verdict {
        let attempt = Attempt {
            username: "gmiadmin",
            secret,
            known: Some(("admin", Role::Admin)),
        };
        auth.log_in(&attempt, &Login::default(), &Lockout::default(), now)
    }

    fn log_in(auth: &mut Auth, password: &str, now: Duration) -> Verdict {
        let (realm, _) = auth.issue_realm();
        try_secret(auth, &secret(&realm, password), now)
    }

    fn accepted(auth: &mut Auth, now: Duration) -> String {
        match log_in(auth, "admin", now) {
            Verdict::Accepted(token) => token,
            other @ (Verdict::Refused(_) | Verdict::Locked(_)) => panic!("{other:?}"),
        }
    }

    fn is_alive(auth: &mut Auth, token: &str, now: Duration) -> bool {
        auth.session([token], Duration::from_mins(15), now)
            .is_some()
    }

    /// The expected values were made with md5sum and sha256sum.
    #[test]
    fn the_digests_are_those_of_other_tools() {
        let colon = "gmiadmin:0123456789:admin";
        assert_eq!(digest(Hash::Md5, colon), "f57bf2cacdbc82026e3fc5de6b42f48d");
        let dot = "gmiadmin.0123456789.admin";
        assert_eq!(digest(Hash::Md5, dot), "2b137124315e9c21f2cbab5f3b3905a1");
        assert_eq!(
            digest(Hash::Sha256, colon),
            "22c2c0334bd5f8dd960f27f009fa88d848aef1dd809893fff1e9234ffc1a3a5c"
        );
    }

    #[test]
    fn a_realm_serves_once_whether_the_login_succeeds_or_not() {
        let mut auth = Auth::new(1);
        let (realm, _) = auth.issue_realm();
        let right = secret(&realm, "admin");
        assert!(matches!(
            try_secret(&mut auth, &right, NOW),
            Verdict::Accepted(_)
        ));
        assert!(matches!(
            try_secret(&mut auth, &right, NOW),
            Verdict::Refused(_)
        ));

        let (realm, _) = auth.issue_realm();
        assert!(matches!(
            try_secret(&mut auth, "no digest", NOW),
            Verdict::Refused(_)
        ));
        let right = secret(&realm, "admin");
        assert!(matches!(
            try_secret(&mut auth, &right, NOW),
            Verdict::Refused(_)
        ));
    }

    #[test]
    fn realms_differ_between_calls_and_phones() {
        let (mut one, mut other) = (Auth::new(1), Auth::new(2));
        let realms = [
            one.issue_realm().0,
            one.issue_realm().0,
            other.issue_realm().0,
        ];
        assert_ne!(realms[0], realms[1]);
        assert_ne!(realms[0], realms[2]);
    }

    #[test]
    fn the_oldest_realm_gives_way() {
        let mut auth = Auth::new(1);
        let (oldest, _) = auth.issue_realm();
        for _ in 0..REALMS_KEPT {
            auth.issue_realm();
        }
        let late = secret(&oldest, "admin");
        assert!(matches!(
            try_secret(&mut auth, &late, NOW),
            Verdict::Refused(_)
        ));
    }

    #[test]
    fn either_separator_takes_both() {
        for separator in [":", "."] {
            let mut auth = Auth::new(1);
            let (realm, _) = auth.issue_realm();
            let secret = digest(Hash::Md5, &["gmiadmin", &realm, "admin"].join(separator));
            let attempt = Attempt {
                username: "gmiadmin",
                secret: &secret,
                known: Some(("admin", Role::Admin)),
            };
            let login = Login {
                separator: Separator::Either,
                ..Login::default()
            };
            let verdict = auth.log_in(&attempt, &login, &Lockout::default(), NOW);
            assert!(matches!(verdict, Verdict::Accepted(_)), "{separator}");
        }
    }

    #[test]
    fn the_fifth_refusal_locks_and_time_lifts_the_lock() {
        let mut auth = Auth::new(1);
        for failures in 1..5 {
            let refused = Refused {
                failures,
                left: 5 - failures,
                user_is_known: true,
            };
            assert_eq!(log_in(&mut auth, "wrong", NOW), Verdict::Refused(refused));
        }
        let end = NOW + Duration::from_mins(5);
        assert_eq!(
            log_in(&mut auth, "wrong", NOW),
            Verdict::Locked(Lock::Until(end))
        );
        assert_eq!(
            log_in(&mut auth, "admin", NOW),
            Verdict::Locked(Lock::Until(end))
        );
        accepted(&mut auth, end);
        let Verdict::Refused(first) = log_in(&mut auth, "wrong", end) else {
            panic!("the count begins anew")
        };
        assert_eq!(first.failures, 1);
    }

    #[test]
    fn a_login_that_is_accepted_clears_the_count() {
        let mut auth = Auth::new(1);
        for _ in 0..3 {
            for _ in 0..4 {
                log_in(&mut auth, "wrong", NOW);
            }
            accepted(&mut auth, NOW);
        }
        assert_eq!(auth.lock(NOW), None);
    }

    #[test]
    fn a_lock_of_type_two_outlasts_time_but_not_a_reboot() {
        let mut auth = Auth::new(1);
        let lockout = Lockout {
            after: 1,
            until_reboot: true,
            ..Lockout::default()
        };
        let attempt = Attempt {
            username: "nobody",
            secret: "",
            known: None,
        };
        let verdict = auth.log_in(&attempt, &Login::default(), &lockout, NOW);
        assert_eq!(verdict, Verdict::Locked(Lock::UntilReboot));
        assert_eq!(
            auth.lock(NOW + Duration::from_hours(999)),
            Some(Lock::UntilReboot)
        );
        auth.restart();
        assert_eq!(auth.lock(NOW), None);
    }

    #[test]
    fn a_login_too_soon_after_another_is_refused_uncounted() {
        let mut auth = Auth::new(1);
        let login = Login {
            min_gap: Duration::from_secs(30),
            ..Login::default()
        };
        let mut log_in_at = |now| {
            let (realm, _) = auth.issue_realm();
            let secret = secret(&realm, "admin");
            let attempt = Attempt {
                username: "gmiadmin",
                secret: &secret,
                known: Some(("admin", Role::Admin)),
            };
            auth.log_in(&attempt, &login, &Lockout::default(), now)
        };
        assert!(matches!(log_in_at(NOW), Verdict::Accepted(_)));
        let soon = log_in_at(NOW + Duration::from_secs(29));
        assert!(matches!(
            soon,
            Verdict::Refused(Refused { failures: 0, .. })
        ));
        assert!(matches!(
            log_in_at(NOW + Duration::from_secs(59)),
            Verdict::Accepted(_)
        ));
    }

    #[test]
    fn a_session_lives_as_long_as_it_is_used() {
        let mut auth = Auth::new(1);
        let token = accepted(&mut auth, NOW);
        let minutes = |n| NOW + Duration::from_mins(n);
        assert!(is_alive(&mut auth, &token, minutes(14)));
        auth.session([token.as_str()], Duration::from_mins(15), minutes(14))
            .unwrap()
            .touch(minutes(14));
        assert!(is_alive(&mut auth, &token, minutes(28)));
        assert!(!is_alive(&mut auth, &token, minutes(29)));
        assert!(
            !is_alive(&mut auth, &token, NOW),
            "an ended session does not come back"
        );
    }

    #[test]
    fn renewal_ends_the_old_token() {
        let mut auth = Auth::new(1);
        let old = accepted(&mut auth, NOW);
        let new = auth.renew(&old).unwrap();
        assert!(!is_alive(&mut auth, &old, NOW));
        assert!(is_alive(&mut auth, &new, NOW));
        assert_eq!(auth.renew(&old), None);
    }

    #[test]
    fn other_sessions_of_a_user_end_and_the_kept_one_stays() {
        let mut auth = Auth::new(1);
        let (first, second) = (accepted(&mut auth, NOW), accepted(&mut auth, NOW));
        auth.end_others("user", &second);
        assert!(is_alive(&mut auth, &first, NOW));
        auth.end_others("gmiadmin", &second);
        assert!(!is_alive(&mut auth, &first, NOW));
        assert!(is_alive(&mut auth, &second, NOW));
    }
}
