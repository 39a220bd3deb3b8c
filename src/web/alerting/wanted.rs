//! A silence as somebody wants it: from JSON or a form to what the alert task takes.
//!
//! Labels that nothing here has are refused, since a silence with a slip of the pen silences nothing
//! and nobody notices. Whether it lasts too long, or there are too many, the alert task knows.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::alert::Picture;
use crate::alert::command::NewSilence;
use crate::alert::phone_selector::{Glob, LabelPatterns};
use crate::alert::rule::RESERVED_LABELS;
use crate::fleet::text::harmless;
use crate::fleet::{Fleet, Text};
use crate::web::query::Query;

/// The body of a POST by a program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Of each label a pattern, or a list of patterns.
    matchers: Map<String, Value>,
    duration: String,
    from: Option<String>,
    comment: String,
}

/// What was written, before it was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// Labels with a pattern each; of several for one label, one must match.
    matching: Vec<(String, String)>,
    lasts: String,
    from: Option<String>,
    comment: String,
}

/// What is wrong with it, and the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error(
        "the body is not understood: {0}; write {{\"matchers\": {{\"phone\": \"hq-*\"}}, \"duration\": \"2h\", \"comment\": \"why\"}}"
    )]
    Json(String),
    #[error("the patterns of `{0}` are neither a text nor a list of texts")]
    Patterns(String),
    #[error("`{0}` is no matcher; write LABEL=PATTERN, as phone=hq-*")]
    Matcher(String),
    #[error("a silence needs at least one matcher; name a phone, a site or an alert")]
    Everything,
    #[error("nothing here has the label `{label}`; there are {known}")]
    Label { label: String, known: String },
    #[error("a silence has at most {MAX_PATTERNS} patterns; make several silences")]
    Many,
    #[error("a pattern has at most {MAX_PATTERN} characters; `*` stands for any text")]
    Long,
    #[error("`{0}` is no length of time; write a number with its unit, as 30m, 2h or 1d")]
    Lasts(String),
    #[error("`{0}` is no time; write it as 2024-05-01T22:00:00+02:00")]
    From(String),
    #[error("the comment must say why, in at most {MAX_COMMENT} characters")]
    Comment,
}

/// At most so many patterns in one silence; each alert is held against all of them.
const MAX_PATTERNS: usize = 500;
/// Longest pattern, in characters: names of phones have at most 128.
const MAX_PATTERN: usize = 256;
/// Longest comment, in characters.
const MAX_COMMENT: usize = 500;

impl Draft {
    /// From the JSON of a program.
    pub(super) fn of_json(body: &[u8]) -> Result<Self, Flaw> {
        let written: Written =
            serde_json::from_slice(body).map_err(|error| Flaw::Json(shown(&error.to_string())))?;
        let mut matching = Vec::new();
        for (label, patterns) in written.matchers {
            let patterns = if let Value::Array(patterns) = patterns {
                patterns
            } else {
                vec![patterns]
            };
            for pattern in patterns {
                let Value::String(pattern) = pattern else {
                    return Err(Flaw::Patterns(shown(&label)));
                };
                matching.push((label.clone(), pattern));
            }
        }
        Ok(Self {
            matching,
            lasts: written.duration,
            from: written.from,
            comment: written.comment,
        })
    }

    /// From a form of ours: matchers stand a line each.
    pub(super) fn of_form(body: &[u8]) -> Result<Self, Flaw> {
        let text = String::from_utf8_lossy(body);
        let form = Query::of(Some(&text));
        let field = |name| form.get(name).unwrap_or_default();
        let lines = field("matching").lines().map(str::trim);
        let matching = lines.filter(|line| !line.is_empty()).map(|line| {
            let pair = line.split_once('=');
            let (label, pattern) = pair.ok_or_else(|| Flaw::Matcher(shown(line)))?;
            Ok((label.trim().to_owned(), pattern.trim().to_owned()))
        });
        Ok(Self {
            matching: matching.collect::<Result<_, _>>()?,
            lasts: field("for").to_owned(),
            from: None,
            comment: field("comment").to_owned(),
        })
    }

    /// What the alert task is asked for; `known` labels alone can match.
    pub(super) fn checked(self, known: &BTreeSet<&str>) -> Result<NewSilence, Flaw> {
        if self.matching.is_empty() {
            return Err(Flaw::Everything);
        }
        if self.matching.len() > MAX_PATTERNS {
            return Err(Flaw::Many);
        }
        let mut matching: Vec<(String, Vec<Glob>)> = Vec::new();
        for (label, pattern) in self.matching {
            if !known.contains(&*label) {
                let known: Vec<_> = known.iter().copied().collect();
                return Err(Flaw::Label {
                    label: shown(&label),
                    known: known.join(", "),
                });
            }
            if pattern.chars().count() > MAX_PATTERN {
                return Err(Flaw::Long);
            }
            let pattern = Glob::new(pattern);
            match matching.iter_mut().find(|(name, _)| *name == label) {
                Some((_, patterns)) => patterns.push(pattern),
                None => matching.push((label, vec![pattern])),
            }
        }
        let matching = matching.into_iter().map(|(name, any_of)| LabelPatterns {
            name: name.into(),
            any_of: any_of.into(),
        });
        let comment = self.comment.trim();
        if comment.is_empty() || comment.chars().count() > MAX_COMMENT {
            return Err(Flaw::Comment);
        }
        Ok(NewSilence {
            matching: matching.collect(),
            from: self.from.as_deref().map(moment).transpose()?,
            lasts: length(&self.lasts)?,
            comment: comment.chars().map(harmless).collect::<String>().into(),
        })
    }
}

/// Every label that an alert or a phone here can have.
pub(super) fn known_labels<'a>(fleet: &'a Fleet, picture: &'a Picture) -> BTreeSet<&'a str> {
    let mut known: BTreeSet<&str> = RESERVED_LABELS.into();
    // How an alert is, which metrics say and no alert carries.
    for state in ["alertstate", "suppressed"] {
        known.remove(state);
    }
    known.insert("severity");
    for rule in picture.board.rules().iter() {
        known.extend(rule.rule.labels.iter().map(|(name, _)| &**name));
    }
    for phone in fleet.phones() {
        known.extend(phone.place.labels.iter().map(|(name, _)| &**name));
    }
    known
}

fn length(text: &str) -> Result<Duration, Flaw> {
    humantime::parse_duration(text.trim()).map_err(|_why| Flaw::Lasts(shown(text)))
}

fn moment(text: &str) -> Result<Timestamp, Flaw> {
    text.trim().parse().map_err(|_why| Flaw::From(shown(text)))
}

/// What somebody wrote, short enough and clean for an answer.
fn shown(text: &str) -> String {
    Text::clean(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeSet<&'static str> {
        BTreeSet::from(["phone", "site", "floor"])
    }

    fn json(body: &str) -> Result<NewSilence, Flaw> {
        Draft::of_json(body.as_bytes()).and_then(|draft| draft.checked(&known()))
    }

    fn form(body: &str) -> Result<NewSilence, Flaw> {
        Draft::of_form(body.as_bytes()).and_then(|draft| draft.checked(&known()))
    }

    #[test]
    fn json_and_form_say_the_same() {
        let program = json(
            r#"{"matchers": {"phone": ["hq-1", "hq=2 b"], "site": "hq"},
                "duration": "2h", "comment": " moving house "}"#,
        );
        let person = form(
            "matching=phone%3Dhq-1%0D%0A+phone+%3D+hq%3D2+b%0D%0A%0D%0Asite%3Dhq&for=2h&comment=moving+house",
        );
        assert_eq!(program, person);
        let silence = program.expect("no flaw");
        assert_eq!(
            super::super::matchers(&silence.matching),
            ["phone=hq-1", "phone=hq=2 b", "site=hq"]
        );
        assert_eq!(silence.lasts, Duration::from_secs(7200));
        assert_eq!(&*silence.comment, "moving house");
        let later = r#"{"matchers": {"site": ""}, "duration": "1d", "comment": "x",
                        "from": "2024-05-01T22:00:00+02:00"}"#;
        let from = json(later).expect("no flaw").from;
        assert_eq!(from, "2024-05-01T20:00:00Z".parse().ok());
    }

    #[test]
    fn every_flaw_is_told_with_its_mend() {
        let body = |matchers: &str, duration: &str, comment: &str| {
            format!(
                r#"{{"matchers": {matchers}, "duration": "{duration}", "comment": "{comment}"}}"#
            )
        };
        let many: Vec<_> = (0..501).map(|n| format!("\"{n}\"")).collect();
        let long = "x".repeat(501);
        for (body, told) in [
            ("{}".to_owned(), "write {\"matchers\""),
            ("[".to_owned(), "not understood"),
            (
                r#"{"matchers": {}, "duration": "1h", "comment": "x", "by": "me"}"#.to_owned(),
                "unknown field `by`",
            ),
            (body("{}", "1h", "x"), "at least one matcher"),
            (body(r#"{"phone": []}"#, "1h", "x"), "at least one matcher"),
            (body(r#"{"phone": 1}"#, "1h", "x"), "`phone` are neither"),
            (
                body(r#"{"phnoe": "a"}"#, "1h", "x"),
                "label `phnoe`; there are floor, phone, site",
            ),
            (
                body(&format!(r#"{{"phone": [{}]}}"#, many.join(",")), "1h", "x"),
                "at most 500",
            ),
            (
                body(&format!(r#"{{"phone": "{long}"}}"#), "1h", "x"),
                "at most 256",
            ),
            (body(r#"{"phone": "a"}"#, "2", "x"), "`2` is no length"),
            (body(r#"{"phone": "a"}"#, "1h", " "), "must say why"),
            (body(r#"{"phone": "a"}"#, "1h", &long), "must say why"),
        ] {
            let flaw = json(&body).expect_err(&body).to_string();
            assert!(flaw.contains(told), "{body}: {flaw}");
        }
        let flaw = form("matching=phone&for=1h&comment=x").expect_err("no matcher");
        assert_eq!(flaw, Flaw::Matcher("phone".to_owned()));
    }
}
