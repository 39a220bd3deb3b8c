//! How a phone that does not answer is waited for.
//!
//! A phone known as silent gets a short time for its first answer, so that its polls neither fill
//! up the limit of polls in flight nor run into its next tick. The first poll of all, the first after
//! one without an answer, and every fourth after that wait as long as the first attempt at any other
//! phone: one on a slow link that once did not answer is not held for silent for ever.

use std::time::Duration;

use crate::config::Limits;

/// What the last polls of a phone say of how long it takes to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Silence {
    /// The last poll brought a whole answer, or ended at once without one.
    answered: bool,
    /// How many polls in a row brought no whole answer before their time was up.
    unanswered: u32,
    /// Something in the last poll took until its time was up.
    ran_out: bool,
}

/// Which of the polls in flight a poll counts among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// All of them.
    Common,
    /// Also those of phones that did not answer in time last time, which are bounded.
    Silent,
}

/// Time for the first answer of a phone known as silent: a lost SYN is sent again after a second.
const FIRST_ANSWER: Duration = Duration::from_secs(2);

/// One of this many polls in a row waits for the first answer as long as at any other phone.
const PATIENT_EVERY: u32 = 4;

impl Silence {
    /// After a poll that brought a whole answer or none, and in which something took until its time
    /// was up or nothing did.
    pub(super) fn after(self, answered: bool, ran_out: bool) -> Self {
        let answered = answered || !ran_out;
        let unanswered = if answered {
            0
        } else {
            self.unanswered.saturating_add(1)
        };
        Self {
            answered,
            unanswered,
            ran_out,
        }
    }

    /// What the next poll counts among.
    pub(super) fn share(self) -> Share {
        if self.ran_out {
            Share::Silent
        } else {
            Share::Common
        }
    }

    /// After how long without a whole answer the next poll ends; `None`: only at its own limits.
    pub(super) fn first_answer_within(self, limits: Limits) -> Option<Duration> {
        // One attempt's share of the time, as the client parts it.
        let in_full = limits.timeout / (u32::from(limits.attempts) + 1);
        match self.unanswered {
            0 if self.answered => None,
            0 => Some(in_full),
            polls if polls % PATIENT_EVERY == 1 => Some(in_full),
            _ => Some(FIRST_ANSWER.min(in_full)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(timeout: Duration) -> Limits {
        Limits {
            timeout,
            connect_timeout: 5 * SECOND,
            attempts: 2,
        }
    }

    #[test]
    fn a_silent_phone_is_waited_for_shortly_and_now_and_then_in_full() {
        let mut silence = Silence::default().after(true, false);
        let mut waits = Vec::new();
        for _ in 0..7 {
            waits.push(silence.first_answer_within(limits(15 * SECOND)));
            silence = silence.after(false, true);
        }
        let seconds = waits
            .into_iter()
            .map(|wait| wait.map(|wait| wait.as_secs()));
        let expected = [None, Some(5), Some(2), Some(2), Some(2), Some(5), Some(2)];
        assert!(seconds.eq(expected));
        let brief = silence.first_answer_within(limits(SECOND));
        assert_eq!(brief, Some(SECOND / 3), "no longer than its own limits");
    }

    #[test]
    fn a_phone_that_never_answered_is_not_waited_for_beyond_the_first_attempt() {
        let unknown = Silence::default();
        assert_eq!(
            unknown.first_answer_within(limits(15 * SECOND)),
            Some(5 * SECOND)
        );
        assert_eq!(unknown.share(), Share::Common);
    }

    #[test]
    fn one_answer_ends_the_silence_and_a_refused_connection_is_none() {
        let silent = Silence::default().after(false, true).after(false, true);
        assert_eq!(silent.share(), Share::Silent);
        for (answered, ran_out, share) in [
            (true, false, Share::Common),
            (false, false, Share::Common),
            // It answers, and leaves a request hanging.
            (true, true, Share::Silent),
        ] {
            let next = silent.after(answered, ran_out);
            assert_eq!(next.share(), share);
            assert_eq!(next.first_answer_within(limits(15 * SECOND)), None);
        }
    }
}
