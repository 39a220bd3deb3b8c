//! The lockout guard: when a login may be sent to a phone, and with which password and format.
//!
//! Five refused logins lock a phone of this family for minutes or until it is rebooted, and people
//! fail logins there too. So the budget is small and counts everything together: all passwords of a
//! phone, both formats of the digest, the daemon and the commands beside it. Two refusals in the
//! first round, one in each later round; rounds are 10, 20, 40, then 60 minutes apart; after three
//! refusals in a row one attempt a day, until the credential changes.
//!
//! [`LoginRecord`] is the memory of one phone and lives in the login ledger. [`LoginRecord::claim`]
//! says what may be sent and notes that it is about to be; [`LoginRecord::settle`] notes the
//! outcome. All of it is pure in `now`.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment;

/// How username, realm and password are joined for the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretFormat {
    /// `user:realm:password`: later editions of the guide, and the phones themselves.
    Colon,
    /// `user.realm.password`: the edition of 2021.
    Dot,
}

/// One way to log in: which of the phone's passwords, in which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// Position among the candidates.
    pub candidate: u8,
    /// The format.
    pub format: SecretFormat,
}

/// What the configuration offers for logging in to a phone, without the secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// How many passwords there are to try, in order.
    pub candidates: u8,
    /// The format if the configuration fixes it, else both are tried, colon first.
    pub format: Option<SecretFormat>,
    /// Tells one set of credentials from another; too short to verify a guessed password.
    pub tag: u16,
}

/// The memory of one phone's logins. Unknown fields of a later version are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginRecord {
    /// Which set of credentials the rest speaks of.
    tag: Option<u16>,
    /// The attempt that opened the last session.
    worked: Option<Attempt>,
    /// The format that ever worked on this phone.
    format: Option<SecretFormat>,
    /// What was refused since the last success or change of credentials.
    refused: Vec<Attempt>,
    /// Refusals in a row.
    refusals: u8,
    /// Refusals in the present round.
    refusals_in_round: u8,
    /// Rounds that ended without success.
    rounds: u8,
    /// When the last refusals happened, whatever the credentials; at most [`WINDOW_REFUSALS`].
    recent: Vec<Timestamp>,
    /// Until when logins are held back.
    held: Option<Held>,
    /// An attempt whose outcome is not known yet.
    begun: Option<Begun>,
    /// What this phone refused before may have been forgotten.
    past_unknown: bool,
    /// What this phone's web server was found to do.
    pub habits: Habits,
}

/// What was learnt about a phone's web server and need not be tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    /// It answers `api.values.get` instead of `api-values.get`.
    pub dotted_values: bool,
    /// It resets a kept connection on the second request.
    pub one_request_a_connection: bool,
}

/// Logins are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Until then.
    pub until: Timestamp,
    /// Because of this.
    pub because: HeldBecause,
}

/// Why logins are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldBecause {
    /// The phone refused a password.
    Refused,
    /// The phone has locked logins.
    Locked,
    /// The phone answered logins, and not in a way that tells whether it refused the password.
    Unclear,
    /// Another login to this phone is on its way, from here or from a command.
    Busy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    attempt: Attempt,
    at: Timestamp,
}

/// What [`LoginRecord::claim`] decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Send this, then settle it.
    Go(Attempt),
    /// Send nothing.
    Held(Held),
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// A session was opened.
    Accepted,
    /// The password or its format was refused.
    Refused,
    /// The phone says that logins are locked, perhaps for how long.
    Locked {
        /// As the phone tells it; unknown or until a reboot: `None`.
        lasts: Option<Duration>,
    },
    /// It failed before the digest was sent.
    NotSent,
    /// It was answered, and nothing tells whether the password was refused: a status of HTTP, say.
    Unclear,
    /// It was sent, and no whole answer came.
    Lost,
}

/// Refusals allowed before the first pause: one for each format of the digest.
const FIRST_ROUND: u8 = 2;
/// What is left of the first round where the refusals before it may have been forgotten.
const HALF_A_ROUND: u8 = FIRST_ROUND / 2;
/// After so many refusals in a row only one attempt a day is made.
const IN_A_ROW: u8 = 3;
/// Pauses after the first, second, third and every later round.
const PAUSES: [Duration; 4] = [minutes(10), minutes(20), minutes(40), minutes(60)];
/// The pause after [`IN_A_ROW`] refusals.
const A_DAY: Duration = minutes(24 * 60);
/// Never more refusals than these within [`WINDOW`], even when credentials change in between: the
/// phone counts five over minutes, and a person may need one.
const WINDOW_REFUSALS: usize = 4;
/// Longer than any lockout time these phones can be set to count over by default (five minutes).
const WINDOW: Duration = minutes(10);
/// After this an attempt without outcome is taken as lost: longer than any one login may take.
const BUSY: Duration = Duration::from_secs(60);
/// A lock that a phone announces is believed up to this.
const LONGEST_LOCK: Duration = A_DAY;

impl LoginRecord {
    /// What may be sent at `now`. [`Claim::Go`] is noted as begun before it is sent, so that an
    /// attempt cut off by a crash is remembered.
    pub fn claim(&mut self, offer: Offer, now: Timestamp) -> Claim {
        if let Some(busy) = self.busy(now) {
            return Claim::Held(busy);
        }
        if let Some(begun) = self.begun.take() {
            self.conclude(begun.attempt, LoginOutcome::Lost, offer, now);
        }
        self.take_over(offer);
        self.correct(now);
        if let Some(held) = self.held(now) {
            return Claim::Held(held);
        }
        self.held = None;
        let attempt = self.next_attempt(offer);
        self.begun = Some(Begun { attempt, at: now });
        Claim::Go(attempt)
    }

    /// Notes how the claimed attempt ended.
    pub fn settle(&mut self, outcome: LoginOutcome, offer: Offer, now: Timestamp) {
        if let Some(begun) = self.begun.take() {
            self.conclude(begun.attempt, outcome, offer, now);
        }
    }

    /// What holds logins back at `now`, leaving aside an attempt on its way.
    pub fn held(&self, now: Timestamp) -> Option<Held> {
        if let Some(held) = self.held.filter(|held| now < held.until) {
            return Some(held);
        }
        let oldest = self
            .recent
            .first()
            .filter(|_| self.recent.len() >= WINDOW_REFUSALS)?;
        let until = moment::later(*oldest, WINDOW);
        (now < until).then_some(Held {
            until,
            because: HeldBecause::Refused,
        })
    }

    /// Halves the budget of the first round until a login succeeds: what the phone refused before may
    /// have been forgotten, or will be at the next start.
    pub fn doubt(&mut self) {
        self.past_unknown = true;
        self.refusals_in_round = self.refusals_in_round.max(HALF_A_ROUND);
    }

    /// Which candidate opened the last session with these credentials.
    pub fn candidate(&self, offer: Offer) -> Option<u8> {
        let worked = self.worked.filter(|_| self.tag == Some(offer.tag))?;
        Some(worked.candidate)
    }

    fn busy(&self, now: Timestamp) -> Option<Held> {
        let begun = self.begun?;
        let until = moment::later(begun.at, BUSY);
        // An attempt from the future is one from before the wall clock was corrected.
        (begun.at <= now && now < until).then_some(Held {
            until,
            because: HeldBecause::Busy,
        })
    }

    /// Other credentials than those the record speaks of are free to be tried at once.
    fn take_over(&mut self, offer: Offer) {
        if self.tag == Some(offer.tag) {
            return;
        }
        let locked = self.held.filter(|held| held.because == HeldBecause::Locked);
        let past_unknown = self.past_unknown;
        *self = Self {
            tag: Some(offer.tag),
            format: self.format,
            recent: std::mem::take(&mut self.recent),
            held: locked,
            habits: self.habits,
            ..Self::default()
        };
        if past_unknown {
            self.doubt();
        }
    }

    /// What lies further ahead than it could have been put was noted before the wall clock was set
    /// back: it counts from now.
    fn correct(&mut self, now: Timestamp) {
        if let Some(held) = &mut self.held {
            held.until = held.until.min(moment::later(now, A_DAY));
        }
        for refused in &mut self.recent {
            *refused = now.min(*refused);
        }
    }

    fn next_attempt(&mut self, offer: Offer) -> Attempt {
        if let Some(worked) = self.worked.filter(|worked| self.may_try(*worked, offer)) {
            return worked;
        }
        if let Some(fresh) = self.fresh_attempt(offer) {
            return fresh;
        }
        self.refused.clear();
        self.fresh_attempt(offer).unwrap_or(Attempt {
            candidate: 0,
            format: SecretFormat::Colon,
        })
    }

    /// The first way to log in that was not refused yet: each candidate in each format that can be
    /// right, the format settled with one password before the next is tried.
    fn fresh_attempt(&self, offer: Offer) -> Option<Attempt> {
        let formats: &[SecretFormat] = match offer.format.or(self.format) {
            Some(SecretFormat::Colon) => &[SecretFormat::Colon],
            Some(SecretFormat::Dot) => &[SecretFormat::Dot],
            None => &[SecretFormat::Colon, SecretFormat::Dot],
        };
        (0..offer.candidates)
            .flat_map(|candidate| {
                formats
                    .iter()
                    .map(move |&format| Attempt { candidate, format })
            })
            .find(|attempt| !self.refused.contains(attempt))
    }

    fn may_try(&self, attempt: Attempt, offer: Offer) -> bool {
        attempt.candidate < offer.candidates
            && offer.format.is_none_or(|format| format == attempt.format)
            && !self.refused.contains(&attempt)
    }

    fn conclude(&mut self, attempt: Attempt, outcome: LoginOutcome, offer: Offer, now: Timestamp) {
        match outcome {
            LoginOutcome::Accepted => {
                *self = Self {
                    tag: Some(offer.tag),
                    worked: Some(attempt),
                    format: Some(attempt.format),
                    habits: self.habits,
                    ..Self::default()
                };
            }
            LoginOutcome::Locked { lasts } => {
                let pause = self.end_round().max(lasts.unwrap_or_default());
                self.hold(HeldBecause::Locked, pause.min(LONGEST_LOCK), now);
            }
            LoginOutcome::NotSent => {}
            LoginOutcome::Lost if self.worked == Some(attempt) => {}
            LoginOutcome::Unclear if self.worked == Some(attempt) => self.pause(now),
            LoginOutcome::Unclear => self.refuse(attempt, offer, now, HeldBecause::Unclear),
            LoginOutcome::Refused | LoginOutcome::Lost => {
                self.refuse(attempt, offer, now, HeldBecause::Refused);
            }
        }
    }

    /// A password that worked was answered with neither yes nor no: it may count as refused there,
    /// so rounds go on as for one that was, but it is not given up for a day.
    fn pause(&mut self, now: Timestamp) {
        self.note(now);
        if self.rounds > 0 || self.refusals_in_round >= FIRST_ROUND {
            let pause = self.end_round();
            self.hold(HeldBecause::Unclear, pause, now);
        }
    }

    /// Counts what the phone may have counted.
    fn note(&mut self, now: Timestamp) {
        self.recent
            .retain(|at| *at <= now && now < moment::later(*at, WINDOW));
        self.recent.push(now);
        self.refusals_in_round += 1;
    }

    fn refuse(&mut self, attempt: Attempt, offer: Offer, now: Timestamp, because: HeldBecause) {
        self.refused.push(attempt);
        self.note(now);
        self.refusals = self.refusals.saturating_add(1);
        let in_first_round = self.rounds == 0 && self.refusals_in_round < FIRST_ROUND;
        if in_first_round && self.fresh_attempt(offer).is_some() {
            return;
        }
        let pause = self.end_round();
        let pause = if self.refusals >= IN_A_ROW {
            A_DAY
        } else {
            pause
        };
        self.hold(because, pause, now);
    }

    fn end_round(&mut self) -> Duration {
        let pause = PAUSES[usize::from(self.rounds).min(PAUSES.len() - 1)];
        self.rounds = self.rounds.saturating_add(1);
        self.refusals_in_round = 0;
        pause
    }

    fn hold(&mut self, because: HeldBecause, pause: Duration, now: Timestamp) {
        self.held = Some(Held {
            until: moment::later(now, pause),
            because,
        });
    }
}

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLON: Attempt = Attempt {
        candidate: 0,
        format: SecretFormat::Colon,
    };
    const DOT: Attempt = Attempt {
        candidate: 0,
        format: SecretFormat::Dot,
    };

    fn offer(candidates: u8) -> Offer {
        Offer {
            candidates,
            format: None,
            tag: 1,
        }
    }

    fn at(minute: u64) -> Timestamp {
        moment::later(Timestamp::UNIX_EPOCH, minutes(minute))
    }

    /// The minutes at which a phone that answers `outcome` to everything is sent a login, when it is
    /// asked once a minute for `until` minutes.
    fn sent(record: &mut LoginRecord, offer: Offer, outcome: LoginOutcome, until: u64) -> Vec<u64> {
        let mut sent = Vec::new();
        for minute in 0..until {
            while let Claim::Go(_) = record.claim(offer, at(minute)) {
                sent.push(minute);
                record.settle(outcome, offer, at(minute));
                if outcome == LoginOutcome::NotSent {
                    break;
                }
            }
        }
        sent
    }

    #[test]
    fn a_wrong_password_is_tried_twice_then_once_then_once_a_day() {
        let mut record = LoginRecord::default();
        let day = 24 * 60;
        assert_eq!(
            sent(&mut record, offer(1), LoginOutcome::Refused, 2 * day + 20),
            [0, 0, 10, 10 + day, 10 + 2 * day]
        );
    }

    #[test]
    fn where_the_past_is_unknown_the_first_round_is_one_attempt_until_a_login_succeeds() {
        let mut record = LoginRecord::default();
        record.doubt();
        assert_eq!(
            sent(&mut record, offer(1), LoginOutcome::Refused, 15),
            [0, 10]
        );
        let mut record = LoginRecord::default();
        record.doubt();
        record.claim(offer(1), at(0));
        record.settle(LoginOutcome::Accepted, offer(1), at(0));
        let changed = Offer { tag: 2, ..offer(1) };
        assert_eq!(
            sent(&mut record, changed, LoginOutcome::Refused, 5),
            [0],
            "the format is known"
        );
        let other = Offer {
            tag: 3,
            candidates: 2,
            ..offer(1)
        };
        assert_eq!(
            sent(&mut record, other, LoginOutcome::Refused, 5),
            [0, 0],
            "nothing is unknown any more"
        );
    }

    #[test]
    fn with_a_fixed_format_and_one_password_nothing_is_tried_twice_in_a_round() {
        let mut record = LoginRecord::default();
        let fixed = Offer {
            format: Some(SecretFormat::Dot),
            ..offer(1)
        };
        assert_eq!(
            sent(&mut record, fixed, LoginOutcome::Refused, 200),
            [0, 10, 30]
        );
    }

    #[test]
    fn a_lock_is_waited_out_in_growing_rounds() {
        let mut record = LoginRecord::default();
        let locked = LoginOutcome::Locked { lasts: None };
        assert_eq!(
            sent(&mut record, offer(1), locked, 250),
            [0, 10, 30, 70, 130, 190]
        );
        let long = LoginOutcome::Locked {
            lasts: Some(minutes(45)),
        };
        assert_eq!(
            sent(&mut LoginRecord::default(), offer(1), long, 100),
            [0, 45, 90]
        );
    }

    #[test]
    fn the_format_is_settled_with_the_first_password_before_the_second_is_tried() {
        let mut record = LoginRecord::default();
        let mut tried = Vec::new();
        for minute in [0, 0, 10, 10 + 24 * 60] {
            if let Claim::Go(attempt) = record.claim(offer(2), at(minute)) {
                tried.push(attempt);
                record.settle(LoginOutcome::Refused, offer(2), at(minute));
            }
        }
        let second = |format| Attempt {
            candidate: 1,
            format,
        };
        assert_eq!(
            tried,
            [
                COLON,
                DOT,
                second(SecretFormat::Colon),
                second(SecretFormat::Dot)
            ]
        );
    }

    #[test]
    fn a_known_winner_is_never_tried_in_the_other_format() {
        let mut record = LoginRecord::default();
        assert_eq!(record.claim(offer(1), at(0)), Claim::Go(COLON));
        record.settle(LoginOutcome::Refused, offer(1), at(0));
        assert_eq!(record.claim(offer(1), at(0)), Claim::Go(DOT));
        record.settle(LoginOutcome::Accepted, offer(1), at(0));
        assert_eq!(record.candidate(offer(1)), Some(0));

        assert_eq!(record.claim(offer(1), at(20)), Claim::Go(DOT));
        record.settle(LoginOutcome::Refused, offer(1), at(20));
        assert!(matches!(record.claim(offer(1), at(20)), Claim::Held(_)));
        assert_eq!(record.claim(offer(1), at(30)), Claim::Go(DOT));
    }

    #[test]
    fn changed_credentials_are_free_at_once_but_not_beyond_what_locks_a_phone() {
        let mut record = LoginRecord::default();
        for tag in 1..=2 {
            let offer = Offer { tag, ..offer(1) };
            for _ in 0..2 {
                assert!(matches!(record.claim(offer, at(0)), Claim::Go(_)));
                record.settle(LoginOutcome::Refused, offer, at(0));
            }
        }
        let third = Offer { tag: 3, ..offer(1) };
        assert!(matches!(record.claim(third, at(9)), Claim::Held(_)));
        assert_eq!(record.claim(third, at(10)), Claim::Go(COLON));
    }

    #[test]
    fn a_lock_outlives_a_change_of_credentials() {
        let mut record = LoginRecord::default();
        record.claim(offer(1), at(0));
        record.settle(LoginOutcome::Locked { lasts: None }, offer(1), at(0));
        let changed = Offer { tag: 2, ..offer(1) };
        assert!(matches!(record.claim(changed, at(9)), Claim::Held(_)));
        assert!(matches!(record.claim(changed, at(10)), Claim::Go(_)));
    }

    #[test]
    fn a_crash_loop_in_the_middle_of_logins_stays_within_the_budget() {
        let mut record = LoginRecord::default();
        let sent = (0..24 * 60)
            .filter(|minute| matches!(record.claim(offer(1), at(*minute)), Claim::Go(_)))
            .count();
        assert_eq!(sent, 3);
    }

    #[test]
    fn a_lost_answer_counts_only_for_a_password_that_never_worked() {
        let mut record = LoginRecord::default();
        record.claim(offer(1), at(0));
        record.settle(LoginOutcome::Accepted, offer(1), at(0));
        assert_eq!(
            sent(&mut record, offer(1), LoginOutcome::NotSent, 5).len(),
            5
        );
        for minute in 5..10 {
            assert_eq!(record.claim(offer(1), at(minute)), Claim::Go(COLON));
            record.settle(LoginOutcome::Lost, offer(1), at(minute));
        }
        let other = Offer { tag: 2, ..offer(1) };
        assert_eq!(
            sent(&mut record, other, LoginOutcome::Lost, 10),
            [0],
            "the format is known, so one attempt makes the round"
        );
    }

    #[test]
    fn an_answer_that_says_nothing_is_budgeted_even_for_a_password_that_worked() {
        let mut record = LoginRecord::default();
        record.claim(offer(1), at(0));
        record.settle(LoginOutcome::Accepted, offer(1), at(0));
        assert_eq!(
            sent(&mut record, offer(1), LoginOutcome::Unclear, 200),
            [0, 0, 10, 30, 70, 130, 190]
        );
        let mut unknown = LoginRecord::default();
        assert_eq!(
            sent(&mut unknown, offer(1), LoginOutcome::Unclear, 200),
            [0, 0, 10]
        );
    }

    #[test]
    fn a_wall_clock_set_back_by_years_holds_logins_for_a_day_at_most() {
        let year = 365 * 24 * 60;
        let mut refused = LoginRecord::default();
        sent(&mut refused, offer(1), LoginOutcome::Refused, 1);
        let mut full = LoginRecord::default();
        for tag in 1..=2 {
            let offer = Offer { tag, ..offer(1) };
            assert_eq!(sent(&mut full, offer, LoginOutcome::Refused, 1), [0, 0]);
        }
        let earlier = |minute: u64| moment::earlier(at(minute), minutes(year));
        for (mut record, tag) in [(refused, 1), (full, 3)] {
            let offer = Offer { tag, ..offer(1) };
            let waited = (0..2 * 24 * 60)
                .find(|minute| matches!(record.claim(offer, earlier(*minute)), Claim::Go(_)))
                .expect("a login within two days");
            assert!((10..=24 * 60).contains(&waited), "{waited} minutes");
        }
    }

    #[test]
    fn one_login_at_a_time() {
        let mut record = LoginRecord::default();
        assert!(matches!(record.claim(offer(1), at(0)), Claim::Go(_)));
        let Claim::Held(held) = record.claim(offer(1), at(0)) else {
            panic!("a second login was allowed beside the first");
        };
        assert_eq!(held.because, HeldBecause::Busy);
    }
}
