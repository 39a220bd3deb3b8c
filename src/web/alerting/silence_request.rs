//! A silence as a client asks for it: from JSON or a form to what the alert task takes.
//!
//! The JSON is that of Alertmanager's API. Each of `matchers` may also be a text, and `duration` may
//! stand in place of `endsAt`. `createdBy` is read, since clients of Alertmanager send it, and
//! ignored: who makes a silence is the user who was let in.
//!
//! Labels that nothing here has are refused, since a silence with a typing error silences nothing and
//! nobody notices. Whether its matchers select too much, it lasts too long, or there are too many
//! silences, the alert task decides.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::alert_engine::command::{NewSilence, SilenceEnd};
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::text::harmless;
use crate::fleet::{Fleet, Text};
use crate::rules::matcher::{Matcher, MatcherError, parse_list};
use crate::rules::phone_selector::{Glob, LabelPatterns};
use crate::rules::rule::RESERVED_LABELS;
use crate::web::query::Query;

/// The body of a POST by a program.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PostedSilence {
    matchers: Value,
    starts_at: Option<String>,
    ends_at: Option<String>,
    duration: Option<String>,
    comment: String,
    #[serde(rename = "createdBy")]
    _created_by: Option<IgnoredAny>,
    id: Option<String>,
}

/// What was asked for, before it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct SilenceRequest {
    matchers: Vec<Matcher>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    duration: Option<String>,
    comment: String,
}

/// What is wrong with a request, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::web) enum ValidationError {
    #[error(
        "the body is not understood: {0}; write {{\"matchers\": {EXAMPLE}, \"duration\": \"2h\", \"comment\": \"why\"}}"
    )]
    Json(String),
    #[error("`{0}` is called `{1}`; rename it")]
    Renamed(&'static str, &'static str),
    #[error("`matchers` is a list of matchers; write {0}")]
    MatcherMap(String),
    #[error("one of `matchers` is neither a text nor an object with name, value and isRegex: {0}")]
    MatcherForm(String),
    #[error("{source}; {}", source.help())]
    Matcher {
        #[from]
        source: MatcherError,
    },
    #[error("nothing here has the label `{label}`; there are {known}")]
    Label { label: String, known: String },
    #[error("a silence has at most {MAX_MATCHERS} matchers; write one with =~ for several values")]
    TooManyMatchers,
    #[error("a silence has either `endsAt` or `duration`; write one of them")]
    End,
    #[error("`{0}` is not a length of time; write a number with its unit, e.g. 30m, 2h or 1d")]
    Duration(String),
    #[error("`{0}` is not a time; write it as 2024-05-01T22:00:00+02:00")]
    Time(String),
    #[error("the comment must say why, in at most {MAX_COMMENT} characters")]
    Comment,
    #[error("a silence is not changed once it is made; expire it and make another, without `id`")]
    Id,
}

/// At most so many matchers in one silence; each alert is held against all of them.
const MAX_MATCHERS: usize = 50;
/// Longest comment, in characters.
const MAX_COMMENT: usize = 500;
/// What `matchers` may be.
const EXAMPLE: &str = r#"["site=\"lyon\""]"#;
/// Names of earlier versions.
const RENAMED: [(&str, &str); 3] = [
    ("from", "startsAt"),
    ("until", "endsAt"),
    ("by", "createdBy"),
];

impl SilenceRequest {
    /// From the JSON of a program.
    pub(in crate::web) fn of_json(body: &[u8]) -> Result<Self, ValidationError> {
        let unreadable =
            |error: serde_json::Error| ValidationError::Json(shown(&error.to_string()));
        let object: Map<String, Value> = serde_json::from_slice(body).map_err(unreadable)?;
        if let Some((old, new)) = RENAMED.iter().find(|(old, _)| object.contains_key(*old)) {
            return Err(ValidationError::Renamed(old, new));
        }
        let posted = PostedSilence::deserialize(Value::Object(object)).map_err(unreadable)?;
        if posted.id.is_some_and(|id| !id.is_empty()) {
            return Err(ValidationError::Id);
        }
        Ok(Self {
            matchers: matchers(posted.matchers)?,
            starts_at: posted.starts_at,
            ends_at: posted.ends_at,
            duration: posted.duration,
            comment: posted.comment,
        })
    }

    /// From a form of ours, with a line for each matcher.
    pub(in crate::web) fn of_form(body: &[u8]) -> Result<Self, ValidationError> {
        let text = String::from_utf8_lossy(body);
        let form = Query::of(Some(&text));
        let field = |name| form.get(name).unwrap_or_default();
        let mut matchers = Vec::new();
        for line in field("matchers").lines() {
            matchers.extend(parse_list(line)?);
        }
        Ok(Self {
            matchers,
            starts_at: None,
            ends_at: None,
            duration: Some(field("duration").to_owned()),
            comment: field("comment").to_owned(),
        })
    }

    /// What the alert task is asked for; only labels that are `known` can match.
    pub(in crate::web) fn checked(
        self,
        known: &BTreeSet<&str>,
    ) -> Result<NewSilence, ValidationError> {
        if self.matchers.len() > MAX_MATCHERS {
            return Err(ValidationError::TooManyMatchers);
        }
        let mut labels = self.matchers.iter().map(Matcher::name);
        if let Some(label) = labels.find(|label| !known.contains(label)) {
            let known: Vec<_> = known.iter().copied().collect();
            return Err(ValidationError::Label {
                label: shown(label),
                known: known.join(", "),
            });
        }
        let comment = self.comment.trim();
        if comment.is_empty() || comment.chars().count() > MAX_COMMENT {
            return Err(ValidationError::Comment);
        }
        let ends = match (&self.ends_at, &self.duration) {
            (Some(ends_at), None) => SilenceEnd::At(time(ends_at)?),
            (None, Some(duration)) => SilenceEnd::After(self::duration(duration)?),
            (None, None) | (Some(_), Some(_)) => return Err(ValidationError::End),
        };
        Ok(NewSilence {
            starts_at: self.starts_at.as_deref().map(time).transpose()?,
            ends,
            comment: comment.chars().map(harmless).collect::<String>().into(),
            matchers: self.matchers.into(),
        })
    }
}

/// A list of matchers, each as a text or as an object.
fn matchers(written: Value) -> Result<Vec<Matcher>, ValidationError> {
    let unreadable =
        |error: serde_json::Error| ValidationError::MatcherForm(shown(&error.to_string()));
    if let Value::Object(map) = &written {
        return Err(ValidationError::MatcherMap(instead_of(map)));
    }
    let Value::Array(items) = written else {
        return Err(ValidationError::MatcherMap(EXAMPLE.to_owned()));
    };
    let mut matchers = Vec::new();
    for item in items {
        if let Value::String(text) = item {
            matchers.extend(parse_list(&text)?);
        } else {
            matchers.push(Matcher::deserialize(item).map_err(unreadable)?);
        }
    }
    Ok(matchers)
}

/// The list of matchers that selects what an object of labels with patterns used to.
fn instead_of(map: &Map<String, Value>) -> String {
    let matcher = |(label, patterns): (&String, &Value)| {
        let one = std::slice::from_ref(patterns);
        let patterns = patterns.as_array().map_or(one, Vec::as_slice).iter();
        let patterns = LabelPatterns {
            name: label.as_str().into(),
            any_of: patterns
                .map(|pattern| pattern.as_str().map(Glob::new))
                .collect::<Option<_>>()?,
        };
        Some(patterns.matcher().ok()?.to_string())
    };
    let matchers: Vec<_> = map.iter().filter_map(matcher).collect();
    serde_json::json!(matchers).to_string()
}

/// Every label that an alert or a phone here can have.
pub(in crate::web) fn known_labels<'a>(
    fleet: &'a Fleet,
    snapshot: &'a AlertSnapshot,
) -> BTreeSet<&'a str> {
    let mut known: BTreeSet<&str> = RESERVED_LABELS.into();
    // How an alert is, which metrics say and no alert carries.
    for state in ["alertstate", "suppressed"] {
        known.remove(state);
    }
    known.insert("severity");
    for rule in snapshot.board.rules().iter() {
        known.extend(rule.rule.labels.iter().map(|(name, _)| &**name));
    }
    for phone in fleet.phones() {
        known.extend(phone.place.labels.iter().map(|(name, _)| &**name));
    }
    known
}

fn duration(text: &str) -> Result<Duration, ValidationError> {
    humantime::parse_duration(text.trim()).map_err(|_why| ValidationError::Duration(shown(text)))
}

fn time(text: &str) -> Result<Timestamp, ValidationError> {
    text.trim()
        .parse()
        .map_err(|_why| ValidationError::Time(shown(text)))
}

/// What the client wrote, cut and cleaned for a response.
fn shown(text: &str) -> String {
    Text::clean(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::matcher::written;

    fn known() -> BTreeSet<&'static str> {
        BTreeSet::from(["phone", "site", "floor"])
    }

    fn json(body: &str) -> Result<NewSilence, ValidationError> {
        SilenceRequest::of_json(body.as_bytes()).and_then(|request| request.checked(&known()))
    }

    fn form(body: &str) -> Result<NewSilence, ValidationError> {
        SilenceRequest::of_form(body.as_bytes()).and_then(|request| request.checked(&known()))
    }

    #[test]
    fn texts_objects_and_forms_say_the_same() {
        let texts = json(
            r#"{"matchers": ["phone=~\"hq-1|hq=2 b\"", "{site!=\"lab\",floor=1}"],
                "duration": "2h", "comment": " moving house "}"#,
        );
        let objects = json(
            r#"{"matchers": [
                    {"name": "phone", "value": "hq-1|hq=2 b", "isRegex": true, "isEqual": true},
                    {"name": "site", "value": "lab", "isRegex": false, "isEqual": false},
                    {"name": "floor", "value": "1", "isRegex": false}
                ], "duration": "2h", "comment": "moving house", "createdBy": "mallory", "id": ""}"#,
        );
        let person = form(
            "matchers=phone%3D~%22hq-1|hq%3D2+b%22%0D%0A+site+!%3D+lab%0D%0A%0D%0Afloor%3D1\
             &duration=2h&comment=moving+house",
        );
        assert_eq!(texts, objects);
        assert_eq!(texts, person);
        let silence = texts.expect("no error");
        assert_eq!(
            written(&silence.matchers),
            r#"phone=~"hq-1|hq=2 b", site!="lab", floor="1""#
        );
        assert_eq!(silence.ends, SilenceEnd::After(Duration::from_secs(7200)));
        assert_eq!(&*silence.comment, "moving house");
    }

    #[test]
    fn a_silence_ends_at_a_time_or_after_a_duration() {
        let body =
            |times: &str| format!(r#"{{"matchers": ["site=\"\""], "comment": "x", {times}}}"#);
        let at = |text: &str| text.parse().expect("a time");
        let silence = json(&body(
            r#""startsAt": "2024-05-01T22:00:00+02:00", "endsAt": "2024-05-02T08:00:00Z""#,
        ));
        let silence = silence.expect("no error");
        assert_eq!(silence.starts_at, Some(at("2024-05-01T20:00:00Z")));
        assert_eq!(silence.ends, SilenceEnd::At(at("2024-05-02T08:00:00Z")));
        for times in [
            r#""startsAt": "2024-05-01T22:00:00Z""#,
            r#""duration": "2h", "endsAt": "2024-05-02T08:00:00Z""#,
        ] {
            assert_eq!(json(&body(times)), Err(ValidationError::End), "{times}");
        }
        let wrong = json(&body(r#""endsAt": "tomorrow""#));
        assert_eq!(wrong, Err(ValidationError::Time("tomorrow".to_owned())));
    }

    #[test]
    fn every_error_says_what_to_write_instead() {
        let body = |matchers: &str, duration: &str, comment: &str| {
            format!(
                r#"{{"matchers": {matchers}, "duration": "{duration}", "comment": "{comment}"}}"#
            )
        };
        let good = r#"["phone=\"a\""]"#;
        let many = format!("[{}]", vec![r#""phone=a""#; 51].join(","));
        let long = "x".repeat(501);
        for (body, context) in [
            ("{}".to_owned(), "write {\"matchers\""),
            ("[".to_owned(), "not understood"),
            (
                body(good, "1h", r#"x", "author": "me"#),
                "unknown field `author`",
            ),
            (
                body(good, "1h", r#"x", "from": "2024-05-01T22:00:00Z"#),
                "`from` is called `startsAt`",
            ),
            (
                body(good, "1h", r#"x", "until": "2024-05-01T22:00:00Z"#),
                "`until` is called `endsAt`",
            ),
            (
                body(r#"{"site": ["hq", "l*"], "phone": "a"}"#, "1h", "x"),
                r#"a list of matchers; write ["phone=\"a\"","site=~\"hq|l.*\""]"#,
            ),
            (body("[1]", "1h", "x"), "neither a text nor an object"),
            (
                body(r#""site=hq""#, "1h", "x"),
                "is a list of matchers; write [",
            ),
            (
                body(r#"[{"name": "site", "value": "hq"}]"#, "1h", "x"),
                "missing field `isRegex`",
            ),
            (
                body(r#"["phone"]"#, "1h", "x"),
                "`phone` is not a matcher; write LABEL",
            ),
            (
                body(r#"["phone=~["]"#, "1h", "x"),
                "unclosed character class",
            ),
            (
                body(r#"["phnoe=a"]"#, "1h", "x"),
                "label `phnoe`; there are floor, phone, site",
            ),
            (body(&many, "1h", "x"), "at most 50"),
            (body(good, "2", "x"), "`2` is not a length"),
            (body(good, "1h", " "), "must say why"),
            (body(good, "1h", &long), "must say why"),
            (
                body(good, "1h", r#"x", "id": "7"#),
                "expire it and make another",
            ),
        ] {
            let error = json(&body).expect_err(&body).to_string();
            assert!(error.contains(context), "{body}: {error}");
        }
        let error = form("matchers=phone&duration=1h&comment=x").expect_err("no matcher");
        assert!(matches!(error, ValidationError::Matcher { .. }), "{error}");
    }
}
