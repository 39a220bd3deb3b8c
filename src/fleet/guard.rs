//! The lockout guard: when a login may be sent to a phone, and with which password and format.
//!
//! Five refused logins lock a phone of this family for minutes or until it is rebooted, and people
//! fail logins there too. So the budget is small and counts everything together: all passwords of a
//! phone, both formats of the digest, the daemon and the commands beside it. Two refusals in the
//! first round, one in each later round; rounds are 10, 20, 40, then 60 minutes apart; after three
//! refusals in a row one attempt a day, until the credential changes. An answer that refuses no
//! password costs no budget and a pause of less than a minute.
//!
//! [`LoginRecord`] is the memory of one phone and lives in the login ledger. [`LoginRecord::claim`]
//! says what may be sent and notes that it is about to be; [`LoginRecord::settle`] notes the
//! outcome. All of it is pure in `now`, which must be read while the record is locked: other
//! processes write it too.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment;

pub use super::attempts::{Attempt, Attempts, Offer, Prior, SecretFormat};

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
    /// What was answered without a word since then or the last refusal; at most [`MOST_DOUBTS`].
    doubted: Vec<Attempt>,
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
    /// Answers in a row that refused no password.
    unclear: u8,
    /// An attempt whose outcome is not known yet.
    begun: Option<Begun>,
    /// What this phone refused before may have been forgotten.
    past_unknown: bool,
    /// What this phone's web server was found to do.
    pub habits: Habits,
    /// Its model, as it told it last.
    pub model: Option<Box<str>>,
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
    /// It was answered by something that refuses no password, as a page or an error status.
    Unclear,
    /// It was answered without a word, or by a login page: a phone that is starting does so, and one
    /// that refuses the password may.
    Wordless,
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
/// How many wordless answers are remembered; no more of them matter.
const MOST_DOUBTS: usize = 16;
/// Longer than any lockout time these phones can be set to count over by default (five minutes).
const WINDOW: Duration = minutes(10);
/// The pause after answers that refuse no password: less than two polls at the default interval.
pub const BRIEFLY: Duration = Duration::from_secs(45);
/// After this an attempt without outcome is taken as lost: longer than any one login may take.
const BUSY: Duration = Duration::from_secs(60);
/// A lock that a phone announces is believed up to this.
const LONGEST_LOCK: Duration = A_DAY;

impl LoginRecord {
    /// What may be sent at `now`. [`Claim::Go`] is noted as begun before it is sent, so that an
    /// attempt cut off by a crash is remembered.
    pub fn claim(&mut self, offer: Offer, prior: Prior, now: Timestamp) -> Claim {
        if let Some(held) = self.hindrance(offer, now) {
            return Claim::Held(held);
        }
        self.take_over(offer);
        self.held = None;
        let attempt = self.next_attempt(offer, prior);
        self.begun = Some(Begun { attempt, at: now });
        Claim::Go(attempt)
    }

    /// What keeps a login with these credentials from being sent at `now`, another one on its way
    /// included. What time has decided meanwhile is noted first.
    pub fn hindrance(&mut self, offer: Offer, now: Timestamp) -> Option<Held> {
        if let Some(busy) = self.busy(now) {
            return Some(busy);
        }
        if let Some(begun) = self.begun.take() {
            self.conclude(begun.attempt, LoginOutcome::Lost, offer, now);
        }
        self.correct(now);
        let held = self.held(now)?;
        let is_ours = self.tag == Some(offer.tag);
        if is_ours || held.because == HeldBecause::Locked {
            return Some(held);
        }
        self.full_window(now)
    }

    /// Notes how the claimed attempt ended.
    pub fn settle(&mut self, outcome: LoginOutcome, offer: Offer, now: Timestamp) {
        if let Some(begun) = self.begun.take() {
            self.conclude(begun.attempt, outcome, offer, now);
        }
    }

    /// Notes that the phone has locked logins, which it may say before one is sent.
    pub fn lock(&mut self, lasts: Option<Duration>, offer: Offer, now: Timestamp) {
        self.take_over(offer);
        let pause = self.end_round().max(lasts.unwrap_or_default());
        self.hold(HeldBecause::Locked, pause.min(LONGEST_LOCK), now);
    }

    /// What holds logins back at `now`, leaving aside an attempt on its way.
    pub fn held(&self, now: Timestamp) -> Option<Held> {
        let held = self.held.filter(|held| now < held.until);
        held.or_else(|| self.full_window(now))
    }

    /// What opened the last session, if it was one of these credentials.
    pub fn worked(&self, tag: u16) -> Option<Attempt> {
        self.worked.filter(|_| self.tag == Some(tag))
    }

    /// The format that ever worked on this phone.
    pub fn format(&self) -> Option<SecretFormat> {
        self.format
    }

    /// What was refused of these credentials since the last success; `None` if nothing was.
    pub fn refused(&self, tag: u16) -> Option<Attempts> {
        let refused = self.tag == Some(tag) && self.refusals > 0;
        refused.then(|| self.refused.iter().copied().collect())
    }

    /// As many possible refusals as the phone may get for the time being.
    fn full_window(&self, now: Timestamp) -> Option<Held> {
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
    pub fn doubt_past(&mut self) {
        self.past_unknown = true;
        self.refusals_in_round = self.refusals_in_round.max(HALF_A_ROUND);
    }
    fn busy(&self, now: Timestamp) -> Option<Held> {
        let begun = self.begun?;
        let until = moment::later(begun.at, BUSY);
        // An attempt from far ahead is one from before the wall clock was set back.
        let is_corrected = moment::earlier(begun.at, BUSY) > now;
        (!is_corrected && now < until).then_some(Held {
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
            model: self.model.take(),
            ..Self::default()
        };
        if past_unknown {
            self.doubt_past();
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

    fn next_attempt(&mut self, offer: Offer, prior: Prior) -> Attempt {
        if let Some(worked) = self.worked.filter(|worked| self.may_try(*worked, offer)) {
            return worked;
        }
        if let Some(fresh) = self.fresh_attempt(offer, prior) {
            return fresh;
        }
        self.refused.clear();
        self.fresh_attempt(offer, prior).unwrap_or(Attempt {
            candidate: 0,
            format: SecretFormat::Colon,
        })
    }

    /// The first way to log in that this phone did not refuse; better one that no other did, and that
    /// was not answered without a word.
    fn fresh_attempt(&self, offer: Offer, prior: Prior) -> Option<Attempt> {
        let doubts = |attempt: &Attempt| self.doubted.iter().filter(|one| *one == attempt).count();
        offer
            .attempts(self.format, prior)
            .filter(|attempt| !self.refused.contains(attempt))
            .min_by_key(|attempt| (prior.refused.contains(*attempt), doubts(attempt)))
    }

    fn may_try(&self, attempt: Attempt, offer: Offer) -> bool {
        attempt.candidate < offer.candidates
            && offer.format.is_none_or(|format| format == attempt.format)
            && !self.refused.contains(&attempt)
    }

    fn conclude(&mut self, attempt: Attempt, outcome: LoginOutcome, offer: Offer, now: Timestamp) {
        let has_worked = self.worked == Some(attempt);
        match outcome {
            LoginOutcome::Accepted => {
                *self = Self {
                    tag: Some(offer.tag),
                    worked: Some(attempt),
                    format: Some(attempt.format),
                    habits: self.habits,
                    model: self.model.take(),
                    ..Self::default()
                };
            }
            LoginOutcome::Locked { lasts } => self.lock(lasts, offer, now),
            LoginOutcome::NotSent => {}
            LoginOutcome::Unclear => self.wait_briefly(now),
            LoginOutcome::Wordless if has_worked => self.wait_briefly(now),
            LoginOutcome::Wordless => self.doubt(attempt, now),
            LoginOutcome::Lost if has_worked => {}
            LoginOutcome::Refused | LoginOutcome::Lost => self.refuse(attempt, offer, now),
        }
    }

    /// Nothing was refused: the next poll may try again, and from the second time on a later one.
    fn wait_briefly(&mut self, now: Timestamp) {
        self.unclear = self.unclear.saturating_add(1);
        if self.unclear > 1 {
            self.hold(HeldBecause::Unclear, BRIEFLY, now);
        }
    }

    /// An answer that may have been a refusal, of a password that never worked here: it counts as
    /// one, but the first pauses are those of a phone that is starting. Where refusals may have been
    /// forgotten, one more is assumed.
    fn doubt(&mut self, attempt: Attempt, now: Timestamp) {
        self.count(now);
        if self.doubted.len() < MOST_DOUBTS {
            self.doubted.push(attempt);
        }
        let forgotten = usize::from(self.past_unknown);
        let pause = match self.doubted.len() + usize::from(self.refusals) + forgotten {
            0 | 1 => return,
            2 => BRIEFLY,
            3 => self.end_round(),
            _ => A_DAY,
        };
        self.hold(HeldBecause::Unclear, pause, now);
    }

    /// Counts what the phone may have counted. A time ahead of `now` was noted before the wall clock
    /// was set back.
    fn count(&mut self, now: Timestamp) {
        self.correct(now);
        self.recent.retain(|at| now < moment::later(*at, WINDOW));
        self.recent.push(now);
    }

    /// The phone refuses in words: what it answered without one was no refusal.
    fn refuse(&mut self, attempt: Attempt, offer: Offer, now: Timestamp) {
        self.count(now);
        self.refused.push(attempt);
        self.doubted.clear();
        self.unclear = 0;
        self.refusals = self.refusals.saturating_add(1);
        self.refusals_in_round = self.refusals_in_round.saturating_add(1);
        let in_first_round = self.rounds == 0 && self.refusals_in_round < FIRST_ROUND;
        if in_first_round && self.fresh_attempt(offer, Prior::default()).is_some() {
            return;
        }
        let pause = self.end_round();
        let pause = if self.refusals >= IN_A_ROW {
            A_DAY
        } else {
            pause
        };
        self.hold(HeldBecause::Refused, pause, now);
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

    fn claim(record: &mut LoginRecord, offer: Offer, now: Timestamp) -> Claim {
        record.claim(offer, Prior::default(), now)
    }

    fn at(minute: u64) -> Timestamp {
        moment::later(Timestamp::UNIX_EPOCH, minutes(minute))
    }

    /// The minutes at which a phone that answers `outcome` to everything is sent a login, when it is
    /// asked once a minute for `until` minutes.
    fn sent(record: &mut LoginRecord, offer: Offer, outcome: LoginOutcome, until: u64) -> Vec<u64> {
        let mut sent = Vec::new();
        for minute in 0..until {
            while let Claim::Go(_) = claim(record, offer, at(minute)) {
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
        record.doubt_past();
        assert_eq!(
            sent(&mut record, offer(1), LoginOutcome::Refused, 15),
            [0, 10]
        );
        let mut record = LoginRecord::default();
        record.doubt_past();
        claim(&mut record, offer(1), at(0));
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
    fn every_password_is_tried_in_one_format_before_any_in_the_other() {
        let mut record = LoginRecord::default();
        let mut tried = Vec::new();
        for minute in [0, 0, 10, 10 + 24 * 60] {
            if let Claim::Go(attempt) = claim(&mut record, offer(2), at(minute)) {
                tried.push(attempt);
                record.settle(LoginOutcome::Refused, offer(2), at(minute));
            }
        }
        let second = |first: Attempt| Attempt {
            candidate: 1,
            ..first
        };
        assert_eq!(tried, [COLON, second(COLON), DOT, second(DOT)]);
    }

    #[test]
    fn what_other_phones_refused_is_tried_last_and_what_is_left_all_the_same() {
        let mut record = LoginRecord::default();
        let refused = |attempts: &[Attempt]| Prior {
            refused: attempts.iter().copied().collect(),
            ..Prior::default()
        };
        let others = refused(&[COLON]);
        assert_eq!(record.claim(offer(1), others, at(0)), Claim::Go(DOT));
        record.settle(LoginOutcome::Refused, offer(1), at(0));
        let others = refused(&[COLON, DOT]);
        assert_eq!(record.claim(offer(1), others, at(0)), Claim::Go(COLON));
        let told = record.refused(1);
        assert_eq!(told, Some([DOT].into_iter().collect()));
        assert_eq!(record.refused(2), None, "of other credentials");
    }

    #[test]
    fn a_known_winner_is_never_tried_in_the_other_format() {
        let mut record = LoginRecord::default();
        assert_eq!(claim(&mut record, offer(1), at(0)), Claim::Go(COLON));
        record.settle(LoginOutcome::Refused, offer(1), at(0));
        assert_eq!(claim(&mut record, offer(1), at(0)), Claim::Go(DOT));
        record.settle(LoginOutcome::Accepted, offer(1), at(0));
        assert_eq!(record.worked(1), Some(DOT));

        assert_eq!(claim(&mut record, offer(1), at(20)), Claim::Go(DOT));
        record.settle(LoginOutcome::Refused, offer(1), at(20));
        assert!(matches!(
            claim(&mut record, offer(1), at(20)),
            Claim::Held(_)
        ));
        assert_eq!(claim(&mut record, offer(1), at(30)), Claim::Go(DOT));
    }

    #[test]
    fn changed_credentials_are_free_at_once_but_not_beyond_what_locks_a_phone() {
        let mut record = LoginRecord::default();
        for tag in 1..=2 {
            let offer = Offer { tag, ..offer(1) };
            for _ in 0..2 {
                assert!(matches!(claim(&mut record, offer, at(0)), Claim::Go(_)));
                record.settle(LoginOutcome::Refused, offer, at(0));
            }
        }
        let third = Offer { tag: 3, ..offer(1) };
        assert!(matches!(claim(&mut record, third, at(9)), Claim::Held(_)));
        assert_eq!(claim(&mut record, third, at(10)), Claim::Go(COLON));
    }

    #[test]
    fn a_lock_outlives_a_change_of_credentials() {
        let mut record = LoginRecord::default();
        claim(&mut record, offer(1), at(0));
        record.settle(LoginOutcome::Locked { lasts: None }, offer(1), at(0));
        let changed = Offer { tag: 2, ..offer(1) };
        assert!(matches!(claim(&mut record, changed, at(9)), Claim::Held(_)));
        assert!(matches!(claim(&mut record, changed, at(10)), Claim::Go(_)));
    }

    #[test]
    fn a_crash_loop_in_the_middle_of_logins_stays_within_the_budget() {
        let mut record = LoginRecord::default();
        let sent = (0..24 * 60)
            .filter(|minute| matches!(claim(&mut record, offer(1), at(*minute)), Claim::Go(_)))
            .count();
        assert_eq!(sent, 3);
    }

    #[test]
    fn a_lost_answer_counts_only_for_a_password_that_never_worked() {
        let mut record = LoginRecord::default();
        claim(&mut record, offer(1), at(0));
        record.settle(LoginOutcome::Accepted, offer(1), at(0));
        assert_eq!(
            sent(&mut record, offer(1), LoginOutcome::NotSent, 5).len(),
            5
        );
        for minute in 5..10 {
            assert_eq!(claim(&mut record, offer(1), at(minute)), Claim::Go(COLON));
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
    fn an_answer_that_refuses_no_password_pauses_logins_for_less_than_a_minute() {
        let mut worked = LoginRecord::default();
        claim(&mut worked, offer(1), at(0));
        worked.settle(LoginOutcome::Accepted, offer(1), at(0));
        let each_minute = [0, 0, 1, 2, 3, 4];
        for outcome in [LoginOutcome::Unclear, LoginOutcome::Wordless] {
            let sent = sent(&mut worked.clone(), offer(1), outcome, 5);
            assert_eq!(sent, each_minute, "{outcome:?}");
        }
        let mut unknown = LoginRecord::default();
        let unclear = LoginOutcome::Unclear;
        assert_eq!(sent(&mut unknown, offer(1), unclear, 5), each_minute);
        assert_eq!(claim(&mut unknown, offer(1), at(5)), Claim::Go(COLON));
        assert_eq!(unknown.refused(1), None);
    }

    #[test]
    fn a_wordless_answer_to_a_password_that_never_worked_is_budgeted() {
        let day = 24 * 60;
        let wordless = LoginOutcome::Wordless;
        assert_eq!(
            sent(&mut LoginRecord::default(), offer(1), wordless, day + 20),
            [0, 0, 1, 11, 11 + day]
        );
    }

    #[test]
    fn where_the_past_is_unknown_a_wordless_answer_pauses_logins_at_once() {
        let mut record = LoginRecord::default();
        record.doubt_past();
        assert_eq!(
            sent(&mut record, offer(1), LoginOutcome::Wordless, 15),
            [0, 1, 11]
        );
    }

    #[test]
    fn a_refusal_in_words_tells_that_the_wordless_answer_before_was_none() {
        let mut record = LoginRecord::default();
        assert_eq!(claim(&mut record, offer(1), at(0)), Claim::Go(COLON));
        record.settle(LoginOutcome::Wordless, offer(1), at(0));
        assert_eq!(claim(&mut record, offer(1), at(0)), Claim::Go(DOT));
        record.settle(LoginOutcome::Refused, offer(1), at(0));
        assert_eq!(claim(&mut record, offer(1), at(0)), Claim::Go(COLON));
        record.settle(LoginOutcome::Refused, offer(1), at(0));
        assert!(matches!(
            claim(&mut record, offer(1), at(9)),
            Claim::Held(_)
        ));
    }

    #[test]
    fn a_refusal_that_another_process_noted_a_moment_ahead_stays_in_the_window() {
        let mut record = LoginRecord::default();
        let ahead = moment::later(at(5), Duration::from_millis(5));
        for tag in 1..=3 {
            let offer = Offer { tag, ..offer(1) };
            claim(&mut record, offer, ahead);
            record.settle(LoginOutcome::Refused, offer, ahead);
        }
        let fourth = Offer { tag: 4, ..offer(1) };
        claim(&mut record, fourth, ahead);
        record.settle(LoginOutcome::Refused, fourth, at(5));
        let fifth = Offer { tag: 5, ..offer(1) };
        assert!(matches!(claim(&mut record, fifth, at(6)), Claim::Held(_)));
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
                .find(|minute| matches!(claim(&mut record, offer, earlier(*minute)), Claim::Go(_)))
                .expect("a login within two days");
            assert!((10..=24 * 60).contains(&waited), "{waited} minutes");
        }
    }

    #[test]
    fn one_login_at_a_time() {
        let mut record = LoginRecord::default();
        assert!(matches!(claim(&mut record, offer(1), at(0)), Claim::Go(_)));
        let Claim::Held(held) = claim(&mut record, offer(1), at(0)) else {
            panic!("a second login was allowed beside the first");
        };
        assert_eq!(held.because, HeldBecause::Busy);
    }

    #[test]
    fn a_login_that_another_process_began_a_moment_ahead_is_on_its_way_and_not_lost() {
        let mut record = LoginRecord::default();
        let ahead = moment::later(at(5), Duration::from_millis(5));
        claim(&mut record, offer(1), ahead);
        let Claim::Held(held) = claim(&mut record, offer(1), at(5)) else {
            panic!("a second login was allowed beside the first");
        };
        assert_eq!(held.because, HeldBecause::Busy);
        assert_eq!(record.refused(1), None);
    }
}
