//! JSON as phones write it.
//!
//! The guide's own sample has a trailing comma, other phones put a byte order mark in front or raw
//! control characters into strings, and numbers come as strings and back. [`text_of`] mends the
//! bytes in one pass and in place; what follows is strict `serde_json` into borrowed values.
//!
//! Lists and objects are handed over entry by entry, so that a phone that lists a hundred thousand
//! of them costs no memory. Errors never quote the phone.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::error::Category;

/// Why text was not understood; fits "the answer …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("is cut off")]
    CutOff,
    #[error("is not JSON")]
    NotJson,
    #[error("is JSON of another shape")]
    OtherShape,
}

/// A string, a number or a truth value: phones use one where the guide shows another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Scalar<'a> {
    /// Missing, null, or nothing that a single value can be read from.
    #[default]
    Absent,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

/// The text of a body, trimmed by [`trimmed`]: byte order mark and trailing commas gone, control
/// characters in strings blank, bytes that are no UTF-8 replaced.
pub(super) fn text_of(mut body: Vec<u8>) -> String {
    let first = body
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(&body)
        .trim_ascii_start()
        .first();
    if matches!(first, Some(b'{' | b'[')) {
        mend(&mut body);
    }
    String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Without blanks, byte order mark and trailing zero bytes.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '\0'))
}

/// Reads one value.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|error| Malformed::of(&error))
}

/// Hands over each entry of a list.
pub(super) fn for_each<'a, T, F>(text: &'a str, take: F) -> Result<(), Malformed>
where
    T: Deserialize<'a>,
    F: FnMut(T),
{
    feed(text, EachItem(take, PhantomData))
}

/// Hands over each key of an object with its value.
pub(super) fn for_each_entry<'a, F>(text: &'a str, take: F) -> Result<(), Malformed>
where
    F: FnMut(&str, Scalar<'a>),
{
    feed(text, EachEntry(take))
}

/// A value that must be an object: the fields of a struct are also read from a list in their order,
/// which no phone means.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

impl Malformed {
    fn of(error: &serde_json::Error) -> Self {
        match error.classify() {
            Category::Eof => Self::CutOff,
            Category::Syntax | Category::Io => Self::NotJson,
            Category::Data => Self::OtherShape,
        }
    }
}

impl Scalar<'_> {
    /// As text, trimmed; `None` if absent.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Absent => None,
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Integer(value) => Some(Cow::Owned(value.to_string())),
            Self::Float(value) => Some(Cow::Owned(value.to_string())),
            Self::Text(text) => Some(Cow::Borrowed(text.trim())),
        }
    }

    /// As a whole number, also from digits in a string.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Absent | Self::Bool(_) | Self::Float(_) => None,
        }
    }
}

/// Replaces by a blank each comma before a closing bracket and each control character in a string.
fn mend(body: &mut [u8]) {
    let mut in_string = false;
    let mut escaped = false;
    let mut comma: Option<&mut u8> = None;
    for byte in body {
        if in_string {
            match *byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                0..0x20 => *byte = b' ',
                _ => {}
            }
            continue;
        }
        match *byte {
            b',' => comma = Some(byte),
            b'}' | b']' => {
                if let Some(comma) = comma.take() {
                    *comma = b' ';
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            other => {
                in_string = other == b'"';
                comma = None;
            }
        }
    }
}

fn feed<'a, V: Visitor<'a, Value = ()>>(text: &'a str, visitor: V) -> Result<(), Malformed> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_any(visitor)
        .and_then(|()| json.end())
        .map_err(|error| Malformed::of(&error))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectSeed(PhantomData))
    }
}

struct ObjectSeed<T>(PhantomData<fn() -> T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectSeed<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Object)
    }
}

struct EachItem<T, F>(F, PhantomData<fn(T)>);

impl<'a, T: Deserialize<'a>, F: FnMut(T)> Visitor<'a> for EachItem<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}

struct EachEntry<F>(F);

impl<'a, F: FnMut(&str, Scalar<'a>)> Visitor<'a> for EachEntry<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut entries: A) -> Result<(), A::Error> {
        while let Some((key, value)) = entries.next_entry::<Scalar<'a>, Scalar<'a>>()? {
            if let Some(key) = key.text() {
                (self.0)(&key, value);
            }
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ScalarSeed.deserialize(deserializer)
    }
}

struct ScalarSeed;

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Scalar<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ScalarSeed {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(value).map_or(Scalar::Absent, Scalar::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar<'de>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Result<Vec<(String, String)>, Malformed> {
        let text = text_of(text.as_bytes().to_vec());
        let mut seen = Vec::new();
        for_each_entry(trimmed(&text), |key, value| {
            let value = value.text().unwrap_or("absent".into()).into_owned();
            seen.push((key.to_owned(), value));
        })?;
        Ok(seen)
    }

    #[test]
    fn what_phones_write_is_read() {
        let cases = [
            (r#"{"a":"1"}"#, "1"),
            ("\u{FEFF}{\"a\":\"1\"}\r\n\0", "1"),
            (r#"{"a":"1",}"#, "1"),
            ("{\"a\":\"1\" , \n }", "1"),
            (r#"{"a":1}"#, "1"),
            (r#"{"a":1.5}"#, "1.5"),
            (r#"{"a":true}"#, "true"),
            (r#"{"a":null}"#, "absent"),
            (r#"{"a":{"b":[1]}}"#, "absent"),
            (r#"{"a":[1,2,]}"#, "absent"),
            (r#"{"a":18446744073709551615}"#, "absent"),
            ("{\"a\":\"x\ny\"}", "x y"),
            (r#"{"a":"Gr\u00fc\u00dfe \"x\""}"#, "Grüße \"x\""),
            (r#"{"a":"kept: ,} and ,]"}"#, "kept: ,} and ,]"),
            (r#"{"a":"back\\",}"#, "back\\"),
        ];
        for (text, expect) in cases {
            let read = entries(text);
            assert_eq!(read, Ok(vec![("a".into(), expect.into())]), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_not_fatal() {
        let text = text_of(b"{\"a\":\"Jos\xE9\"}".to_vec());
        let read: Result<serde_json::Value, _> = parse(&text);
        assert_eq!(read.unwrap()["a"], "Jos\u{FFFD}");
    }

    #[test]
    fn what_is_not_json_is_told_apart_without_quoting_it() {
        let cases = [
            ("{\"a\":", Malformed::CutOff),
            ("Response=Success", Malformed::NotJson),
            ("[1]", Malformed::OtherShape),
            ("{\"a\":1}x", Malformed::NotJson),
        ];
        for (text, expect) in cases {
            assert_eq!(entries(text), Err(expect), "{text}");
        }
    }

    #[test]
    fn numbers_are_read_from_strings() {
        assert_eq!(Scalar::Text(" 7 ".into()).integer(), Some(7));
        assert_eq!(Scalar::Integer(-1).integer(), Some(-1));
        assert_eq!(Scalar::Text("seven".into()).integer(), None);
    }
}
