//! The ways to log in to a phone: which of its passwords, in which format of the digest, and in
//! which order they are tried.
//!
//! Candidates come in the order of the configuration, in the format that is known for the fleet; the
//! other format follows after every candidate. A [`Prior`] is what other phones taught: it moves
//! what is likely to the front and what was refused there to the end, and forbids nothing.

use serde::{Deserialize, Serialize};

/// How username, realm and password are joined for the digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretFormat {
    /// `user:realm:password`: later editions of the guide, and the phones themselves.
    #[default]
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
    /// The format if the configuration fixes it, else both are tried.
    pub format: Option<SecretFormat>,
    /// Tells one set of credentials from another; too short to verify a guessed password.
    pub tag: u16,
}

/// What is known from other phones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prior {
    /// The candidate that most phones with these credentials take.
    pub candidate: Option<u8>,
    /// The format that most phones take.
    pub format: SecretFormat,
    /// What other phones refused that try these credentials first; tried last.
    pub refused: Attempts,
}

/// A set of attempts; those beyond [`Attempts::CANDIDATES`] are never in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts(u16);

impl SecretFormat {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Colon => Self::Dot,
            Self::Dot => Self::Colon,
        }
    }
}

impl Offer {
    /// Every way to log in, in the order in which they are tried; the first may come twice. A format
    /// that is known for this very phone is the only one.
    pub(super) fn attempts(
        self,
        known: Option<SecretFormat>,
        prior: Prior,
    ) -> impl Iterator<Item = Attempt> {
        let only = self.format.or(known);
        let first = only.unwrap_or(prior.format);
        let second = only.is_none().then(|| first.other());
        let likely = prior.candidate.filter(|nth| *nth < self.candidates);
        let likely = likely.map(|candidate| Attempt {
            candidate,
            format: first,
        });
        let formats = [Some(first), second].into_iter().flatten();
        likely.into_iter().chain(formats.flat_map(move |format| {
            (0..self.candidates).map(move |candidate| Attempt { candidate, format })
        }))
    }
}

impl Attempts {
    /// Positions from here on are not held: more candidates than the configuration takes.
    pub const CANDIDATES: u8 = 8;
    /// None at all.
    pub const NONE: Self = Self(0);

    /// Adds one.
    pub fn insert(&mut self, attempt: Attempt) {
        self.0 |= bit(attempt);
    }

    /// Adds all of the other set.
    pub fn extend(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Whether it is among them.
    pub fn contains(self, attempt: Attempt) -> bool {
        self.0 & bit(attempt) != 0
    }
}

impl FromIterator<Attempt> for Attempts {
    fn from_iter<I: IntoIterator<Item = Attempt>>(attempts: I) -> Self {
        let mut set = Self::default();
        for attempt in attempts {
            set.insert(attempt);
        }
        set
    }
}

fn bit(attempt: Attempt) -> u16 {
    if attempt.candidate >= Attempts::CANDIDATES {
        return 0;
    }
    1 << (2 * attempt.candidate + attempt.format as u8)
}

#[cfg(test)]
mod tests {
    use super::SecretFormat::{Colon, Dot};
    use super::*;

    fn tried(offer: Offer, known: Option<SecretFormat>, prior: Prior) -> Vec<(u8, SecretFormat)> {
        offer
            .attempts(known, prior)
            .map(|attempt| (attempt.candidate, attempt.format))
            .collect()
    }

    #[test]
    fn every_candidate_in_the_likely_format_comes_before_any_in_the_other() {
        let offer = Offer {
            candidates: 2,
            format: None,
            tag: 1,
        };
        let dotted = Prior {
            format: Dot,
            ..Prior::default()
        };
        let second = Prior {
            candidate: Some(1),
            ..dotted
        };
        let fixed = Offer {
            format: Some(Colon),
            ..offer
        };
        let cases = [
            (
                tried(offer, None, Prior::default()),
                vec![(0, Colon), (1, Colon), (0, Dot), (1, Dot)],
            ),
            (
                tried(offer, None, dotted),
                vec![(0, Dot), (1, Dot), (0, Colon), (1, Colon)],
            ),
            (
                tried(offer, None, second),
                vec![(1, Dot), (0, Dot), (1, Dot), (0, Colon), (1, Colon)],
            ),
            (
                tried(offer, Some(Dot), Prior::default()),
                vec![(0, Dot), (1, Dot)],
            ),
            (tried(fixed, None, dotted), vec![(0, Colon), (1, Colon)]),
        ];
        for (found, expect) in cases {
            assert_eq!(found, expect);
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let all = (0..Attempts::CANDIDATES)
            .flat_map(|candidate| [Colon, Dot].map(|format| Attempt { candidate, format }));
        let all: Vec<_> = all.collect();
        for one in &all {
            let set: Attempts = [*one].into_iter().collect();
            let held: Vec<_> = all.iter().filter(|other| set.contains(**other)).collect();
            assert_eq!(held, [one]);
        }
        let beyond = Attempt {
            candidate: Attempts::CANDIDATES,
            format: Colon,
        };
        let set: Attempts = [beyond].into_iter().collect();
        assert_eq!(set, Attempts::default());
    }
}
