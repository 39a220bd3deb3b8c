//! What the logins of all phones teach about the next one.
//!
//! Phones of a fleet are alike: most take the same password of a credential, and the format of the
//! digest hangs on the firmware. So what worked elsewhere is tried first, on the same model before
//! any other, and a phone that was never logged in to is spared a refusal.

use super::guard::{LoginRecord, Prior, SecretFormat};

/// What was learnt, and whether the model of the phone would change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// What to try first.
    pub prior: Prior,
    /// Both formats are in use, so that the model decides.
    pub hangs_on_model: bool,
}

/// How many phones take each format.
#[derive(Clone, Copy, Default)]
struct Formats {
    colon: usize,
    dot: usize,
}

/// What these records teach about a phone of this model with the credentials of this tag.
pub fn learnt<'a>(
    records: impl IntoIterator<Item = &'a LoginRecord>,
    tag: u16,
    model: Option<&str>,
) -> Learnt {
    let (mut all, mut alike) = (Formats::default(), Formats::default());
    let mut takers = [0_usize; u8::MAX as usize + 1];
    for record in records {
        if let Some(format) = record.format() {
            all.add(format);
            if model.is_some() && record.model.as_deref() == model {
                alike.add(format);
            }
        }
        if let Some(worked) = record.worked(tag) {
            takers[usize::from(worked.candidate)] += 1;
        }
    }
    let format = alike.most().or(all.most()).unwrap_or_default();
    Learnt {
        prior: Prior {
            candidate: most(&takers),
            format,
            ..Prior::default()
        },
        hangs_on_model: all.colon > 0 && all.dot > 0,
    }
}

/// The position of the largest count, the first of equals; `None` if nothing was counted.
fn most(counts: &[usize]) -> Option<u8> {
    let (position, count) = counts.iter().enumerate().rev().max_by_key(|(_, n)| **n)?;
    u8::try_from(position).ok().filter(|_| *count > 0)
}

impl Formats {
    fn add(&mut self, format: SecretFormat) {
        match format {
            SecretFormat::Colon => self.colon += 1,
            SecretFormat::Dot => self.dot += 1,
        }
    }

    fn most(self) -> Option<SecretFormat> {
        match (self.colon, self.dot) {
            (0, 0) => None,
            (colon, dot) if colon >= dot => Some(SecretFormat::Colon),
            (_, _) => Some(SecretFormat::Dot),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::fleet::guard::{Claim, LoginOutcome, Offer};

    /// The record of a phone of this model that took this candidate in this format.
    fn took(model: &str, candidate: u8, format: SecretFormat) -> LoginRecord {
        let mut record = LoginRecord::default();
        let offer = Offer {
            candidates: 3,
            format: Some(format),
            tag: 7,
        };
        let prior = Prior {
            candidate: Some(candidate),
            ..Prior::default()
        };
        let now = Timestamp::UNIX_EPOCH;
        assert!(matches!(record.claim(offer, prior, now), Claim::Go(_)));
        record.settle(LoginOutcome::Accepted, offer, now);
        record.model = Some(model.into());
        record
    }

    #[test]
    fn the_same_model_decides_then_any_phone_then_the_colon() {
        use SecretFormat::{Colon, Dot};
        let dotted = [took("A", 1, Dot), took("A", 1, Dot), took("B", 0, Dot)];
        let mixed = [took("A", 0, Dot), took("A", 0, Dot), took("B", 0, Colon)];
        let cases: [(&[LoginRecord], _, _, _); 6] = [
            (&[], Some("A"), Colon, false),
            (&dotted, None, Dot, false),
            (&dotted, Some("C"), Dot, false),
            (&mixed, Some("B"), Colon, true),
            (&mixed, Some("A"), Dot, true),
            (&mixed, Some("C"), Dot, true),
        ];
        for (records, model, format, hangs_on_model) in cases {
            let learnt = learnt(records, 7, model);
            assert_eq!(learnt.prior.format, format, "{model:?}");
            assert_eq!(learnt.hangs_on_model, hangs_on_model, "{model:?}");
        }
    }

    #[test]
    fn the_candidate_that_most_phones_take_is_told_of_these_credentials_alone() {
        let records = [
            took("A", 0, SecretFormat::Colon),
            took("A", 2, SecretFormat::Colon),
            took("A", 2, SecretFormat::Colon),
        ];
        assert_eq!(learnt(&records, 7, None).prior.candidate, Some(2));
        assert_eq!(learnt(&records[..2], 7, None).prior.candidate, Some(0));
        assert_eq!(learnt(&records, 8, None).prior.candidate, None);
    }
}
