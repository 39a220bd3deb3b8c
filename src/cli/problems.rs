//! Which phones are in trouble, told to a person: counts by site and reason, each with its mend.
//!
//! `status` fills it from the running daemon's JSON, `probe --all` from polls of its own; both print
//! the same.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::println_line;

/// A phone as far as its troubles go: a part of `/api/v1/phones`.
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

/// What to count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GroupBy {
    Site,
    Reason,
}

impl PhoneStatus {
    pub(super) fn has_problem(&self) -> bool {
        !self.up || !self.failures.is_empty()
    }
}

/// Prints the counts and, with `problems`, each phone that is in trouble.
pub(super) fn print(phones: &[PhoneStatus], by: &[GroupBy], problems: bool) -> std::io::Result<()> {
    let up = phones.iter().filter(|phone| phone.up).count();
    println_line(format_args!("{up} of {} phones up", phones.len()))?;
    for (key, (count, hint)) in count(phones, by) {
        println_line(format_args!("  {count:>6}  {key}: {hint}"))?;
    }
    if !problems {
        return Ok(());
    }
    for phone in phones {
        for problem in problem_lines(phone) {
            println_line(format_args!("{}: {problem}", phone.name))?;
        }
    }
    Ok(())
}

/// Each trouble of a phone once, of however many reads it is the failure.
fn problem_lines(phone: &PhoneStatus) -> Vec<String> {
    let mut lines = Vec::new();
    for failure in &phone.failures {
        let line = format!("{}: {}; {}", failure.reason, failure.detail, failure.hint);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// How many phones have each trouble, and the mend of it. A phone counts once a reason.
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
    fn a_trouble_of_several_reads_is_told_once() {
        let phone = phone("a", None, &["parse", "timeout", "timeout", "timeout"]);
        assert_eq!(
            problem_lines(&phone),
            ["parse: why; hint parse", "timeout: why; hint timeout"]
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
