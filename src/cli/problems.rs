//! Phones with problems: counts by site and reason, each with a hint.
//!
//! `status` takes them from the daemon's JSON, `probe --all` from its own polls; both print the same.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::fleet::{self, Endpoint};

/// A phone with its problems: a part of `/api/v1/phones`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct PhoneStatus {
    pub(super) name: String,
    pub(super) site: Option<String>,
    pub(super) up: bool,
    pub(super) failures: Vec<Problem>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Problem {
    pub(super) reason: String,
    pub(super) detail: String,
    #[serde(rename = "mend")]
    pub(super) hint: String,
}

/// A key by which problems are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GroupBy {
    Site,
    Reason,
}

impl PhoneStatus {
    /// What the last poll of a phone found.
    pub(super) fn of(phone: &fleet::Phone) -> Self {
        let last = phone.recent.front();
        Self {
            name: phone.place.name.to_string(),
            site: phone.place.site.as_deref().map(str::to_owned),
            up: last.is_some_and(|poll| poll.up),
            failures: last.map_or_else(Vec::new, |poll| problems(&poll.failures)),
        }
    }

    pub(super) fn has_problem(&self) -> bool {
        !self.up || !self.failures.is_empty()
    }

    /// One line for each problem; several reads may fail for one.
    pub(super) fn problem_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Problem {
            reason,
            detail,
            hint,
        } in &self.failures
        {
            let line = format!("{reason}: {detail}; {hint}");
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }
}

/// Each failure once: the reads that failed for what failed the whole poll are left out.
fn problems(failures: &[(Option<Endpoint>, fleet::Failure)]) -> Vec<Problem> {
    let of_poll = failures.iter().find(|(endpoint, _)| endpoint.is_none());
    let own = failures.iter().filter(|(endpoint, failure)| {
        endpoint.is_none() || of_poll.is_none_or(|(_, of_poll)| of_poll != failure)
    });
    own.map(|(endpoint, failure)| Problem {
        reason: failure.reason.label().to_owned(),
        detail: match endpoint {
            Some(endpoint) => format!("{}: {}", endpoint.label(), failure.detail),
            None => failure.detail.to_string(),
        },
        hint: failure.reason.mend().to_owned(),
    })
    .collect()
}

/// Prints the counts and, with `name_phones`, each problem of each phone.
pub(super) fn print(
    phones: &[PhoneStatus],
    by: &[GroupBy],
    name_phones: bool,
) -> std::io::Result<()> {
    let up = phones.iter().filter(|phone| phone.up).count();
    println_line!("{up} of {} phones up", phones.len())?;
    for (key, (count, hint)) in count(phones, by) {
        println_line!("  {count:>6}  {key}: {hint}")?;
    }
    if !name_phones {
        return Ok(());
    }
    for phone in phones {
        for problem in phone.problem_lines() {
            println_line!("{}: {problem}", phone.name)?;
        }
    }
    Ok(())
}

/// How many phones have each problem, and its hint. A phone counts once for each reason.
fn count<'a>(phones: &'a [PhoneStatus], by: &[GroupBy]) -> BTreeMap<String, (usize, &'a str)> {
    let mut counts = BTreeMap::new();
    for phone in phones {
        let reasons: BTreeMap<_, _> = phone
            .failures
            .iter()
            .map(|failure| (failure.reason.as_str(), failure.hint.as_str()))
            .collect();
        for (reason, hint) in reasons {
            let site = phone.site.as_deref().unwrap_or("no site");
            let parts: Vec<_> = by
                .iter()
                .map(|key| match key {
                    GroupBy::Site => site,
                    GroupBy::Reason => reason,
                })
                .collect();
            let hint = if by.contains(&GroupBy::Reason) {
                hint
            } else {
                "see --by reason"
            };
            counts.entry(parts.join(" ")).or_insert((0, hint)).0 += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(name: &str, site: Option<&str>, reasons: &[&str]) -> PhoneStatus {
        PhoneStatus {
            name: name.to_owned(),
            site: site.map(str::to_owned),
            up: reasons.is_empty(),
            failures: reasons
                .iter()
                .map(|reason| Problem {
                    reason: (*reason).to_owned(),
                    detail: "why".to_owned(),
                    hint: format!("hint {reason}"),
                })
                .collect(),
        }
    }

    #[test]
    fn a_problem_of_several_reads_is_shown_once() {
        let phone = phone("a", None, &["parse", "timeout", "timeout", "timeout"]);
        assert_eq!(
            phone.problem_lines(),
            ["parse: why; hint parse", "timeout: why; hint timeout"]
        );
    }

    #[test]
    fn problems_are_counted_by_site_and_reason_with_their_hint() {
        let phones = [
            phone("a", Some("hq"), &["auth", "auth"]),
            phone("b", Some("hq"), &["auth", "parse"]),
            phone("c", None, &["refused"]),
            phone("d", Some("hq"), &[]),
        ];
        let counted = count(&phones, &[GroupBy::Site, GroupBy::Reason]);
        let rows: Vec<_> = counted
            .iter()
            .map(|(key, (n, hint))| (key.as_str(), *n, *hint))
            .collect();
        assert_eq!(
            rows,
            [
                ("hq auth", 2, "hint auth"),
                ("hq parse", 1, "hint parse"),
                ("no site refused", 1, "hint refused"),
            ]
        );
    }
}
