//! A JSON writer that can misspell.
//!
//! `serde_json` writes only valid JSON; phones do not: trailing commas, unescaped names, numbers as
//! text and text as numbers. Keys keep their order, so answers look like the guide's samples.

use std::fmt::Write;

use crate::sim::behaviour::transport::{Numbers, Text};

/// A JSON value whose object keys keep their order, and may repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim) enum Json {
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    pub(in crate::sim) fn object<const N: usize>(pairs: [(&str, Self); N]) -> Self {
        Self::Object(
            pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// The value as JSON in the spelling of `style`.
    pub(in crate::sim) fn written(&self, style: &Text) -> String {
        let mut out = String::new();
        self.write(style, &mut out);
        out
    }

    /// The leaves as `key=value` lines that end with CR LF. Only a list marks what is in it, by
    /// the position: `0.id=1`.
    pub(in crate::sim) fn lines(&self) -> String {
        let mut out = String::new();
        self.write_lines("", "", &mut out);
        out
    }

    fn write(&self, style: &Text, out: &mut String) {
        match self {
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) if style.numbers == Numbers::Quoted => {
                write_text(&value.to_string(), style, out);
            }
            Self::Number(value) => out.push_str(&value.to_string()),
            Self::Text(text) if style.numbers == Numbers::Bare && is_plain_number(text) => {
                out.push_str(text);
            }
            Self::Text(text) if style.empty_as_null && text.is_empty() => out.push_str("null"),
            Self::Text(text) => write_text(text, style, out),
            Self::List(items) => {
                write_sequence(('[', ']'), items, style, out, |item, out| {
                    item.write(style, out);
                });
            }
            Self::Object(pairs) => {
                write_sequence(('{', '}'), pairs, style, out, |(key, value), out| {
                    write_text(key, style, out);
                    out.push_str(": ");
                    value.write(style, out);
                });
            }
        }
    }

    /// `place` is where a list holds this value, as `2.`, or nothing.
    fn write_lines(&self, place: &str, key: &str, out: &mut String) {
        match self {
            Self::Bool(value) => line(out, &[place, key], &value.to_string()),
            Self::Number(value) => line(out, &[place, key], &value.to_string()),
            Self::Text(text) => line(out, &[place, key], text),
            Self::List(items) => {
                for (position, item) in items.iter().enumerate() {
                    item.write_lines(&format!("{place}{position}."), key, out);
                }
            }
            Self::Object(pairs) => {
                for (name, value) in pairs {
                    value.write_lines(place, name, out);
                }
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Json {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

fn write_sequence<T>(
    (open, close): (char, char),
    items: &[T],
    style: &Text,
    out: &mut String,
    mut write_item: impl FnMut(&T, &mut String),
) {
    out.push(open);
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        write_item(item, out);
    }
    if style.trailing_commas && !items.is_empty() {
        out.push(',');
    }
    out.push(close);
}

fn write_text(text: &str, style: &Text, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            _ if style.unescaped => out.push(letter),
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", u32::from(control)).expect("a String takes all text");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn line(out: &mut String, key: &[&str], value: &str) {
    write!(out, "{}={value}\r\n", key.concat()).expect("a String takes all text");
}

/// Digits that mean the same as a JSON number; 15 of them are exact in every parser.
fn is_plain_number(text: &str) -> bool {
    let leads_with_zero = text.len() > 1 && text.starts_with('0');
    (1..=15).contains(&text.len()) && !leads_with_zero && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Json {
        let line = Json::object([
            ("id", 1_i64.into()),
            ("state", "4".into()),
            ("acct", "".into()),
        ]);
        Json::object([
            ("response", "success".into()),
            ("body", Json::List(vec![line])),
        ])
    }

    fn check(style: &Text, expect: &str) {
        assert_eq!(sample().written(style), expect);
    }

    #[test]
    fn each_spelling_is_written_as_named() {
        check(
            &Text::default(),
            r#"{"response": "success", "body": [{"id": 1, "state": "4", "acct": ""}]}"#,
        );
        check(
            &Text {
                trailing_commas: true,
                ..Text::default()
            },
            r#"{"response": "success", "body": [{"id": 1, "state": "4", "acct": "",},],}"#,
        );
        check(
            &Text {
                numbers: Numbers::Quoted,
                ..Text::default()
            },
            r#"{"response": "success", "body": [{"id": "1", "state": "4", "acct": ""}]}"#,
        );
        check(
            &Text {
                numbers: Numbers::Bare,
                empty_as_null: true,
                ..Text::default()
            },
            r#"{"response": "success", "body": [{"id": 1, "state": 4, "acct": null}]}"#,
        );
    }

    #[test]
    fn hostile_text_survives_a_strict_parser_unless_unescaped_is_set() {
        let hostile = "a\"b\\c\nd\u{1}e\u{202e}f";
        let strict = Json::from(hostile).written(&Text::default());
        assert_eq!(serde_json::from_str::<String>(&strict).unwrap(), hostile);
        let loose = Json::from(hostile).written(&Text {
            unescaped: true,
            ..Text::default()
        });
        assert!(serde_json::from_str::<String>(&loose).is_err());
    }

    #[test]
    fn lines_name_each_leaf() {
        assert_eq!(
            sample().lines(),
            "response=success\r\n0.id=1\r\n0.state=4\r\n0.acct=\r\n"
        );
    }

    #[test]
    fn only_texts_that_mean_the_same_become_numbers() {
        for (text, is_number) in [
            ("0", true),
            ("42", true),
            ("", false),
            ("007", false),
            ("+4", false),
        ] {
            assert_eq!(is_plain_number(text), is_number, "{text}");
        }
    }
}
