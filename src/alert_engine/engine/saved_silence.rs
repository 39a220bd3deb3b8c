//! How a silence lies in the store.
//!
//! It is written as an object of Alertmanager's API would be. Silences of earlier versions, which
//! selected alerts by patterns with `*` and `?`, are read too and go on with matchers that select the
//! same.

use jiff::Timestamp;
use serde::Deserialize;

use super::saved_state::json;
use crate::alerts::silence::Silence;
use crate::rules::matcher::{Matcher, MatcherError};
use crate::rules::phone_selector::{Glob, LabelPatterns};

/// As it was written while silences had patterns.
#[derive(Deserialize)]
struct PatternSilence {
    id: u64,
    matching: Vec<Patterns>,
    from: Timestamp,
    until: Timestamp,
    by: Box<str>,
    comment: Box<str>,
}

/// Of one label; one must fit, and without any all do.
#[derive(Deserialize)]
struct Patterns {
    name: Box<str>,
    any_of: Vec<Box<str>>,
}

/// Its key and text in the store.
pub(super) fn document(silence: &Silence) -> (Box<str>, Box<str>) {
    (silence.id.to_string().into(), json(silence))
}

/// The silence of such a text; `None` if neither this version nor an earlier one wrote it.
pub(super) fn read(text: &str) -> Option<Silence> {
    if let Ok(silence) = serde_json::from_str(text) {
        return Some(silence);
    }
    let old: PatternSilence = serde_json::from_str(text).ok()?;
    Silence::try_from(old).ok()
}

impl TryFrom<PatternSilence> for Silence {
    type Error = MatcherError;

    fn try_from(old: PatternSilence) -> Result<Self, MatcherError> {
        let matchers: Result<Box<[Matcher]>, _> =
            old.matching.into_iter().map(Patterns::matcher).collect();
        Ok(Self {
            id: old.id,
            matchers: matchers?,
            starts_at: old.from,
            ends_at: old.until,
            updated_at: old.from,
            created_by: old.by,
            comment: old.comment,
        })
    }
}

impl Patterns {
    fn matcher(self) -> Result<Matcher, MatcherError> {
        let patterns = LabelPatterns {
            name: self.name,
            any_of: self.any_of.into_iter().map(Glob::new).collect(),
        };
        patterns.matcher()
    }
}

#[cfg(test)]
mod tests {
    use crate::alert_engine::engine::saved_silence::*;
    use crate::rules::matcher::written;

    /// As the version before matchers wrote it.
    const PATTERNS: &str = r#"{"id":1,"matching":[{"name":"phone","any_of":["hq-*","l.bby","a?|b"]},{"name":"site","any_of":["hq"]},{"name":"floor","any_of":["1","2"]},{"name":"team","any_of":[]}],"from":"1970-01-12T13:47:40Z","until":"1970-01-12T13:48:40Z","by":"anna","comment":"moving house"}"#;

    #[test]
    fn a_silence_with_patterns_goes_on_with_matchers() {
        let silence = read(PATTERNS).expect("it is read");
        assert_eq!(
            written(&silence.matchers),
            r#"phone=~"hq-.*|l\\.bby|a.\\|b", site="hq", floor=~"1|2", team=~".*""#
        );
        let from: Timestamp = "1970-01-12T13:47:40Z".parse().expect("a time");
        let until: Timestamp = "1970-01-12T13:48:40Z".parse().expect("a time");
        let times = (silence.starts_at, silence.ends_at, silence.updated_at);
        assert_eq!(times, (from, until, from));
        let (by, comment) = (&*silence.created_by, &*silence.comment);
        assert_eq!((silence.id, by, comment), (1, "anna", "moving house"));
    }

    #[test]
    fn a_silence_is_read_as_it_was_written() {
        let silence = read(PATTERNS).expect("it is read");
        let (key, text) = document(&silence);
        assert_eq!((&*key, read(&text)), ("1", Some(silence)));
        assert_eq!(read(&text.replace("hq-.*", "[")), None);
        assert_eq!(read("{}"), None);
    }
}
