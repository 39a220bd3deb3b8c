//! Guide: Return Values Request.
//!
//! Keys are separated by a literal colon, which must not be encoded. Long keys and long request
//! lines have overflowed buffers of phones, so both are bounded and a long list goes out in
//! several requests. What was not asked for is not taken from an answer.

use super::{cleaned, malformed, met};
use crate::fleet::reading::MAX_VALUES;
use crate::fleet::report::{DropReason, Dropped};
use crate::fleet::{Endpoint, Failure, Text};
use crate::webapi::call::{Call, Query, Unmet, exact};
use crate::webapi::json;
use crate::webapi::request::MAX_REQUEST_LINE;
use crate::webapi::verdict::Data;

/// Longest key that is sent: longer than any known, and half of what overflowed a buffer.
const MAX_KEY: usize = 32;

/// Most keys in one request: well below where any phone was seen to struggle.
const MAX_KEYS_A_REQUEST: usize = 30;

/// Where values are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::webapi) enum Path {
    /// The guide's.
    Dashed,
    /// That of the vendor's other phones.
    Dotted,
}

/// The key of one value, without the `P` of a P-value: `68`, `vendor_name`. One that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueKey(Box<str>);

/// Text is no key of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write 1 to {MAX_KEY} letters, digits, `_`, `.`, `-`")]
pub struct NoKey;

/// Keys that may be sent, each once.
pub(in crate::webapi) struct Keys<'a> {
    keys: Vec<&'a str>,
    /// How many others there were.
    pub(in crate::webapi) left_out: usize,
}

impl Path {
    /// By what was learnt of a phone.
    pub(in crate::webapi) fn of(is_dotted: bool) -> Self {
        if is_dotted {
            Self::Dotted
        } else {
            Self::Dashed
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Dashed => "/cgi-bin/api-values.get?request=",
            Self::Dotted => "/cgi-bin/api.values.get?request=",
        }
    }
}

impl ValueKey {
    /// The key, as people write it: with or without `P` and leading zeros.
    pub fn parse(text: &str) -> Result<Self, NoKey> {
        if !may_be_sent(text) {
            return Err(NoKey);
        }
        let digits = text.strip_prefix(['P', 'p']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.into()));
        }
        let number = digits.trim_start_matches('0');
        Ok(Self(if number.is_empty() { "0" } else { number }.into()))
    }

    /// As asked for.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As written to a phone: the guide wants a `P` in front.
    pub(super) fn written(&self) -> String {
        if self.0.starts_with('P') {
            return self.0.to_string();
        }
        format!("P{}", self.0)
    }

    /// Whether an answer names this value so.
    pub fn is(&self, told: &str) -> bool {
        bare(told) == bare(&self.0)
    }
}

/// Asks for these values, so many at a time as a phone takes; each answer is pairs of key and value,
/// as the phone spells them and in full.
pub fn calls(keys: &[ValueKey]) -> impl Iterator<Item = Call<Vec<(String, String)>>> {
    keys.chunks(MAX_KEYS_A_REQUEST).map(|keys| {
        let keys: Vec<_> = keys.iter().map(ValueKey::as_str).collect();
        let keys = keys.join(":");
        // Phones take the colon literally only, so this query is not encoded; keys need it not.
        Query::of_line(format!("{}{keys}", Path::Dashed.text()))
            .reads(pairs)
            .or_dotted(format!("{}{keys}", Path::Dotted.text()))
    })
}

fn pairs(data: Data<'_>) -> Result<Vec<(String, String)>, Unmet> {
    let mut pairs = Vec::new();
    met(json::for_each_entry(data.payload, |key, value| {
        pairs.push((key.to_owned(), exact(&value)));
    })
    .map_err(|error| malformed(Endpoint::Values, error)))?;
    Ok(pairs)
}

impl<'a> Keys<'a> {
    /// Those of `keys` that may be sent.
    pub(in crate::webapi) fn of(keys: &'a [Box<str>]) -> Self {
        let mut known: Vec<&str> = Vec::with_capacity(keys.len().min(MAX_VALUES));
        let mut left_out = 0;
        for key in keys {
            if known.contains(&&**key) {
                continue;
            }
            if known.len() == MAX_VALUES || !may_be_sent(key) {
                left_out += 1;
                continue;
            }
            known.push(key);
        }
        Self {
            keys: known,
            left_out,
        }
    }

    /// The requests for them, each within all bounds.
    pub(in crate::webapi) fn lines(&self, path: Path) -> Vec<String> {
        /// What stands around path and query in a request line.
        const FRAME: usize = "GET  HTTP/1.1\r\n".len();
        let mut lines: Vec<String> = Vec::new();
        let mut keys = 0;
        for key in &self.keys {
            match lines.last_mut() {
                Some(line)
                    if keys < MAX_KEYS_A_REQUEST
                        && FRAME + line.len() + 1 + key.len() <= MAX_REQUEST_LINE =>
                {
                    line.push(':');
                    line.push_str(key);
                    keys += 1;
                }
                Some(_) | None => {
                    lines.push(format!("{}{key}", path.text()));
                    keys = 1;
                }
            }
        }
        lines
    }

    /// The key as asked for which an answer names `told`: some phones add or drop the `P` of a
    /// P-value.
    fn asked(&self, told: &str) -> Option<&'a str> {
        self.keys
            .iter()
            .find(|key| **key == told || bare(key) == bare(told))
            .copied()
    }
}

/// Adds what an answer says of the keys that were asked for; what is empty or missing is absent.
pub(in crate::webapi) fn parse(
    payload: &str,
    keys: &Keys<'_>,
    pairs: &mut Vec<(Box<str>, Text)>,
    dropped: &mut Dropped,
) -> Result<(), Failure> {
    json::for_each_entry(payload, |told, value| {
        let Some(key) = keys.asked(told) else {
            return;
        };
        let Some(text) = value.text().filter(|text| !text.is_empty()) else {
            return;
        };
        if pairs.iter().any(|(known, _)| **known == *key) {
            dropped.count(DropReason::Duplicate);
            return;
        }
        pairs.push((key.into(), cleaned(&text, dropped)));
    })
    .map_err(|error| malformed(Endpoint::Values, error))
}

fn may_be_sent(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !key.is_empty() && key.len() <= MAX_KEY && key.bytes().all(is_plain)
}

fn bare(key: &str) -> &str {
    key.strip_prefix('P')
        .filter(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Reason;
    use crate::fleet::reading::Values;

    const GUIDE: &str = include_str!("../../../tests/fixtures/webapi/guide-values.json");

    fn boxed(keys: &[&str]) -> Vec<Box<str>> {
        keys.iter().map(|key| (*key).into()).collect()
    }

    fn read(asked: &[&str], payload: &str) -> (Result<Values, Failure>, Dropped) {
        let asked = boxed(asked);
        let mut dropped = Dropped::default();
        let mut pairs = Vec::new();
        let read = parse(payload, &Keys::of(&asked), &mut pairs, &mut dropped);
        (read.map(|()| Values::new(pairs)), dropped)
    }

    fn shown(values: &Values) -> Vec<(&str, &str)> {
        values
            .iter()
            .map(|(key, text)| (key, text.as_str()))
            .collect()
    }

    #[test]
    fn the_sample_of_the_guide_is_read() {
        let mut guide: serde_json::Value =
            json::parse(&json::text_of(GUIDE.as_bytes().to_vec())).unwrap();
        let body = guide["body"].take().to_string();
        let (values, dropped) = read(&["68", "1561", "vendor_name", "hw_rev", "70"], &body);
        let values = values.unwrap();
        assert_eq!(
            shown(&values),
            [
                ("68", "11.16.8.20"),
                ("hw_rev", "V2.2A"),
                ("vendor_name", "Grandstream")
            ]
        );
        assert_eq!(dropped, Dropped::default());
    }

    #[test]
    fn only_what_was_asked_for_is_taken_as_it_was_asked_for() {
        let payload = r#"{"P68":"1.0","phone_model":"GXV3380","2":"admin","64":3,
            "P35":true,"hw_rev":null,"x":{"y":1},"68":"2.0"}"#;
        let (values, dropped) = read(&["68", "phone_model", "P64", "35", "hw_rev", "x"], payload);
        assert_eq!(
            shown(&values.unwrap()),
            [
                ("35", "true"),
                ("68", "1.0"),
                ("P64", "3"),
                ("phone_model", "GXV3380")
            ]
        );
        assert_eq!(dropped.get(DropReason::Duplicate), 1);
    }

    #[test]
    fn long_text_is_cut_and_counted() {
        let payload = format!(r#"{{"68":"{}"}}"#, "x".repeat(10_000));
        let (values, dropped) = read(&["68"], &payload);
        let values = values.unwrap();
        assert_eq!(values.firmware().unwrap().as_str().len(), Text::LIMIT);
        assert_eq!(dropped.get(DropReason::Text), 1);
    }

    #[test]
    fn what_is_no_object_of_values_is_refused() {
        for payload in ["[]", r#""x""#, "P68=1.0", "", "{\"68\":"] {
            let (values, _) = read(&["68"], payload);
            assert_eq!(values.unwrap_err().reason, Reason::Parse, "{payload}");
        }
    }

    #[test]
    fn keys_are_joined_by_a_literal_colon() {
        let keys = boxed(&["68", "vendor_name", "68"]);
        let keys = Keys::of(&keys);
        assert_eq!(
            keys.lines(Path::Dashed),
            ["/cgi-bin/api-values.get?request=68:vendor_name"]
        );
        assert_eq!(
            keys.lines(Path::Dotted),
            ["/cgi-bin/api.values.get?request=68:vendor_name"]
        );
        assert_eq!(Keys::of(&[]).lines(Path::Dashed), [""; 0]);
    }

    #[test]
    fn a_long_list_goes_out_in_several_short_requests() {
        let long: Vec<Box<str>> = (0..40).map(|n| format!("{n:0>32}").into()).collect();
        let lines = Keys::of(&long).lines(Path::Dashed);
        assert_eq!(lines.len(), 3);
        for line in &lines {
            assert!(format!("GET {line} HTTP/1.1\r\n").len() <= MAX_REQUEST_LINE);
        }
        let short: Vec<Box<str>> = (100..164).map(|n| n.to_string().into()).collect();
        let lines = Keys::of(&short).lines(Path::Dashed);
        assert_eq!(lines.len(), 3);
        let asked: usize = lines.iter().map(|line| line.matches(':').count() + 1).sum();
        assert_eq!(asked, 64);
    }

    #[test]
    fn keys_beyond_the_bounds_are_never_sent() {
        let keys = boxed(&["", "68&P2=x", "68%3A2", "a b", "ä", "ok-1.2_3"]);
        let kept = Keys::of(&keys);
        assert_eq!((kept.keys, kept.left_out), (vec!["ok-1.2_3"], 5));
        let long = [Box::from("x".repeat(MAX_KEY + 1))];
        assert_eq!(Keys::of(&long).left_out, 1);
        let many: Vec<Box<str>> = (0..70).map(|n| n.to_string().into()).collect();
        assert_eq!(Keys::of(&many).left_out, 70 - MAX_VALUES);
    }
}
