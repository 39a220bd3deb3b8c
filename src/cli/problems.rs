//! Which phones are in trouble, told to a person: counts by site and reason, each with its mend.
//!
//! `status` fills it from the running daemon's JSON, `probe --all` from polls of its own; both print
//! the same.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::say;

/// A phone as far as its troubles go: a part of `/api/v1/phones`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Phone {
    pub(super) name: String,
    pub(super) site: Option<String>,
    pub(super) up: bool,
    pub(super) failures: Vec<Failure>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) mend: String,
}

/// What to count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    Site,
    Reason,
}

impl Phone {
    pub(super) fn is_in_trouble(&self) -> bool {
        !self.up || !self.failures.is_empty()
    }
}

/// Prints the counts and, with `problems`, each phone that is in trouble.
pub(super) fn tell(phones: &[Phone], by: &[By], problems: bool) -> std::io::Result<()> {
    let up = phones.iter().filter(|phone| phone.up).count();
    say(format_args!("{up} of {} phones up", phones.len()))?;
    for (key, (count, mend)) in count(phones, by) {
        say(format_args!("  {count:>6}  {key}: {mend}"))?;
    }
    if !problems {
        return Ok(());
    }
    for phone in phones {
        for trouble in troubles(phone) {
            say(format_args!("{}: {trouble}", phone.name))?;
        }
    }
    Ok(())
}

/// Each trouble of a phone once, of however many reads it is the failure.
fn troubles(phone: &Phone) -> Vec<String> {
    let mut told = Vec::new();
    for failure in &phone.failures {
        let trouble = format!("{}: {}; {}", failure.reason, failure.detail, failure.mend);
        if !told.contains(&trouble) {
            told.push(trouble);
        }
    }
    told
}

/// How many phones have each trouble, and the mend of it. A phone counts once a reason.
fn count<'a>(phones: &'a [Phone], by: &[By]) -> BTreeMap<String, (usize, &'a str)> {
    let mut counts = BTreeMap::new();
    for phone in phones {
        let reasons: BTreeMap<_, _> = phone
            .failures
            .iter()
            .map(|failure| (failure.reason.as_str(), failure.mend.as_str()))
            .collect();
        for (reason, mend) in reasons {
            let site = phone.site.as_deref().unwrap_or("no site");
            let parts: Vec<_> = by
                .iter()
                .map(|key| match key {
                    By::Site => site,
                    By::Reason => reason,
                })
                .collect();
            let mend = if by.contains(&By::Reason) {
                mend
            } else {
                "see --by reason"
            };
            counts.entry(parts.join(" ")).or_insert((0, mend)).0 += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(name: &str, site: Option<&str>, reasons: &[&str]) -> Phone {
        Phone {
            name: name.to_owned(),
            site: site.map(str::to_owned),
            up: reasons.is_empty(),
            failures: reasons
                .iter()
                .map(|reason| Failure {
                    reason: (*reason).to_owned(),
                    detail: "why".to_owned(),
                    mend: format!("mend {reason}"),
                })
                .collect(),
        }
    }

    #[test]
    fn a_trouble_of_several_reads_is_told_once() {
        let phone = phone("a", None, &["parse", "timeout", "timeout", "timeout"]);
        assert_eq!(
            troubles(&phone),
            ["parse: why; mend parse", "timeout: why; mend timeout"]
        );
    }

    #[test]
    fn troubles_are_counted_by_site_and_reason_with_their_mend() {
        let phones = [
            phone("a", Some("hq"), &["auth", "auth"]),
            phone("b", Some("hq"), &["auth", "parse"]),
            phone("c", None, &["refused"]),
            phone("d", Some("hq"), &[]),
        ];
        let counted = count(&phones, &[By::Site, By::Reason]);
        let rows: Vec<_> = counted
            .iter()
            .map(|(key, (n, mend))| (key.as_str(), *n, *mend))
            .collect();
        assert_eq!(
            rows,
            [
                ("hq auth", 2, "mend auth"),
                ("hq parse", 1, "mend parse"),
                ("no site refused", 1, "mend refused"),
            ]
        );
    }
}
