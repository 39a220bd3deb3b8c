//! YAML as a tree whose nodes know their lines.
//!
//! Not serde, on purpose: serde stops at the first error and knows no line of a value, while every
//! fault of a configuration is to be named at once, each with its line. Not saphyr's own loader
//! either: it recurses once a level, so that a file of `- - - …` overflows the stack. The tree is
//! built from the parser's events instead, to a bounded depth; a key written twice stays twice.
//!
//! Scalars keep their text as written and are typed by whoever reads them, by YAML 1.2's core
//! schema. Aliases, tags and further documents are refused: `defaults` and `groups` do that work.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::fault::Wrong;

/// How deep mappings and lists may lie within each other: twice what any valid file needs.
const MAX_DEPTH: usize = 16;

/// A value and the line on which it begins.
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) value: Value,
}

/// A YAML value. No `Debug`: some of it is secret.
pub(crate) enum Value {
    Scalar(Box<str>, Style),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// How a scalar was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Bare: a number, a truth value, nothing, or else text.
    Plain,
    /// In quotes or as a block: text.
    Quoted,
    /// A cell of a table, which knows no types: whatever is asked for.
    Cell,
}

/// One key of a mapping.
pub(crate) struct Entry {
    pub(crate) key: Box<str>,
    pub(crate) line: u32,
    pub(crate) value: Node,
}

/// Why a text is no tree.
pub(crate) struct SyntaxFault {
    pub(crate) line: u32,
    pub(crate) wrong: Wrong,
}

/// What a scalar is under the core schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Nothing,
    Truth,
    Number,
    Text,
}

/// Reads one document; `None` if there is nothing in it.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, SyntaxFault> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::default();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| not_yaml(&error))?;
        builder.take(event, span)?;
    }
    Ok(builder.root.filter(|root| !root.is_null()))
}

/// The parser's words, without the character it may quote: it may be one of a password.
fn not_yaml(error: &ScanError) -> SyntaxFault {
    let info = error.info().split(": `").next().unwrap_or_default();
    SyntaxFault {
        line: line_of(error.marker().line()),
        wrong: Wrong::new(
            format!("is not valid YAML: {info}"),
            "correct the syntax; values with special characters go in quotes",
        ),
    }
}

fn line_of(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
}

/// A mapping or list whose end was not seen yet.
enum Open {
    List {
        line: u32,
        items: Vec<Node>,
    },
    Map {
        line: u32,
        entries: Vec<Entry>,
        key: Option<(Box<str>, u32)>,
    },
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxFault> {
        let line = line_of(span.start.line());
        let refuse = |what: &str, mend: &str| {
            Err(SyntaxFault {
                line,
                wrong: Wrong::new(what, mend),
            })
        };
        match event {
            Event::DocumentStart(_) if self.root.is_some() => refuse(
                "holds a second YAML document",
                "keep one document a file, without a second `---`",
            ),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(_) => refuse(
                "holds a YAML alias (`*name`)",
                "write the value out, or use `defaults` and `groups`",
            ),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                refuse("holds a YAML tag (`!name`)", "remove the tag")
            }
            Event::Scalar(text, style, _, None) => self.complete(Node {
                line,
                value: Value::Scalar(text.into(), Style::of(style)),
            }),
            Event::SequenceStart(_, None) => self.begin(Open::List {
                line,
                items: Vec::new(),
            }),
            Event::MappingStart(_, None) => self.begin(Open::Map {
                line,
                entries: Vec::new(),
                key: None,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn begin(&mut self, open: Open) -> Result<(), SyntaxFault> {
        if self.open.len() >= MAX_DEPTH {
            let (Open::List { line, .. } | Open::Map { line, .. }) = open;
            let what = format!("is nested more than {MAX_DEPTH} levels deep");
            return Err(SyntaxFault {
                line,
                wrong: Wrong::new(what, "check the indentation and brackets"),
            });
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), SyntaxFault> {
        match self.open.pop() {
            Some(Open::List { line, items }) => self.complete(Node {
                line,
                value: Value::List(items),
            }),
            Some(Open::Map { line, entries, .. }) => self.complete(Node {
                line,
                value: Value::Map(entries),
            }),
            None => Ok(()),
        }
    }

    fn complete(&mut self, node: Node) -> Result<(), SyntaxFault> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some((key, line)) => entries.push(Entry {
                    key,
                    line,
                    value: node,
                }),
                None => *key = Some(node.into_key()?),
            },
        }
        Ok(())
    }
}

impl Style {
    fn of(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted
            | ScalarStyle::DoubleQuoted
            | ScalarStyle::Literal
            | ScalarStyle::Folded => Self::Quoted,
        }
    }
}

impl Node {
    /// A cell of a table.
    pub(crate) fn cell(text: &str, line: u32) -> Self {
        Self {
            line,
            value: Value::Scalar(text.into(), Style::Cell),
        }
    }

    /// A mapping without entries.
    pub(crate) fn empty(line: u32) -> Self {
        Self {
            line,
            value: Value::Map(Vec::new()),
        }
    }

    /// Whether nothing is written here, which is the same as leaving the key out.
    pub(crate) fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar(text, Style::Plain) => type_of(text) == Type::Nothing,
            Value::Scalar(..) | Value::List(_) | Value::Map(_) => false,
        }
    }

    /// As text; faults never repeat it.
    pub(crate) fn text(&self) -> Result<&str, Wrong> {
        match &self.value {
            Value::Scalar(text, Style::Quoted | Style::Cell) => Ok(text),
            Value::Scalar(text, Style::Plain) => match type_of(text) {
                Type::Text => Ok(text),
                Type::Truth | Type::Number => Err(self.is_not("text", "put it in quotes")),
                Type::Nothing => Err(self.is_not("text", "write one, or remove the item")),
            },
            Value::List(_) | Value::Map(_) => Err(self.is_not("text", "write a single value")),
        }
    }

    /// As it stands there, be it text or a number; `None` if it is anything else.
    pub(crate) fn plain(&self) -> Option<&str> {
        self.typed(Type::Number).or_else(|| self.text().ok())
    }

    /// As true or false.
    pub(crate) fn flag(&self) -> Result<bool, Wrong> {
        match self.typed(Type::Truth) {
            Some("true" | "True" | "TRUE") => Ok(true),
            Some("false" | "False" | "FALSE") => Ok(false),
            Some(_) | None => Err(self.is_not("true or false", "write true or false, unquoted")),
        }
    }

    /// As a whole number within `least..=most`.
    pub(crate) fn number(&self, least: u32, most: u32) -> Result<u32, Wrong> {
        let Some(text) = self.typed(Type::Number) else {
            let mend = format!("write one from {least} to {most}");
            return Err(self.is_not("a whole number", &mend));
        };
        match text.parse::<u32>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            Ok(_) | Err(_) => {
                let what = format!("is no whole number from {least} to {most}");
                Err(Wrong::new(what, "choose one"))
            }
        }
    }

    /// As a number, with or without a fraction.
    pub(crate) fn decimal(&self) -> Result<f64, Wrong> {
        let number = self
            .typed(Type::Number)
            .and_then(|text| text.parse::<f64>().ok());
        match number {
            Some(number) if number.is_finite() => Ok(number),
            Some(_) | None => Err(self.is_not("a number", "write one, as 0.5")),
        }
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Result<&[Self], Wrong> {
        match &self.value {
            Value::List(items) => Ok(items),
            Value::Scalar(..) | Value::Map(_) => {
                Err(self.is_not("a list", "write `[…]`, or one `- …` a line"))
            }
        }
    }

    /// The entries of a mapping, in their order, doubles included.
    pub(crate) fn map(&self) -> Result<&[Entry], Wrong> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            Value::Scalar(..) | Value::List(_) => {
                Err(self.is_not("a mapping", "write one `key: value` a line"))
            }
        }
    }

    /// The fault of a value of the wrong type; names the type only.
    pub(crate) fn is_not(&self, wanted: &str, mend: &str) -> Wrong {
        let found = match &self.value {
            Value::Scalar(text, Style::Plain) => match type_of(text) {
                Type::Nothing => "empty",
                Type::Truth => "a truth value",
                Type::Number => "a number",
                Type::Text => "text",
            },
            Value::Scalar(..) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        };
        Wrong::new(format!("must be {wanted}, is {found}"), mend)
    }

    /// The text of a plain scalar of this type, or of a cell, which may be of any.
    fn typed(&self, wanted: Type) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, Style::Plain) if type_of(text) == wanted => Some(text),
            Value::Scalar(text, Style::Cell) => Some(text),
            Value::Scalar(..) | Value::List(_) | Value::Map(_) => None,
        }
    }

    fn into_key(self) -> Result<(Box<str>, u32), SyntaxFault> {
        match self.value {
            Value::Scalar(text, _) => Ok((text, self.line)),
            Value::List(_) | Value::Map(_) => Err(SyntaxFault {
                line: self.line,
                wrong: Wrong::new("holds a key that is no text", "write `key: value`"),
            }),
        }
    }
}

/// The type of a plain scalar (YAML 1.2.2, section 10.3.2).
fn type_of(text: &str) -> Type {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Type::Nothing,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Type::Truth,
        _ if is_number(text) => Type::Number,
        _ => Type::Text,
    }
}

fn is_number(text: &str) -> bool {
    let based = |prefix, radix| {
        let digits: Option<&str> = text.strip_prefix(prefix);
        digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)))
    };
    if based("0x", 16) || based("0o", 8) {
        return true;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    // What `f64` accepts beyond YAML ("inf", "nan", "infinity") has no digit first.
    let digit_first = unsigned
        .trim_start_matches('.')
        .starts_with(|c: char| c.is_ascii_digit());
    digit_first && unsigned.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Node {
        let parsed = parse(text).map_err(|syntax| syntax.wrong.what);
        parsed.expect("it is YAML").expect("something is in it")
    }

    #[test]
    fn bare_words_are_typed_by_the_core_schema_and_quoted_ones_are_text() {
        for (expect, texts) in [
            (Type::Nothing, &["", "~", "null"][..]),
            (Type::Truth, &["true", "False", "TRUE"]),
            (
                Type::Number,
                &[
                    "0", "-1", "+7", "0x1F", "0o17", "1.5", ".5", "5.", "1e9", "-.inf", ".NaN",
                ],
            ),
            (
                Type::Text,
                &[
                    "a", "yes", "no", "1.0.3", "0x", "0xg", "inf", "nan", "-", ".", "1_000",
                    "00:0b",
                ],
            ),
        ] {
            for text in texts {
                assert!(
                    type_of(text) == expect,
                    "{text:?} is taken for something else"
                );
            }
        }
        for text in ["\"1\"", "'true'", "\"~\"", "|\n  1\n"] {
            assert!(root(text).text().is_ok(), "{text:?} is text");
        }
    }

    #[test]
    fn keys_and_values_know_their_lines() {
        let root = root("# comment\na: 1\nb:\n  - x\n\n  - y: { z: 1 }\n");
        let [a, b] = root.map().ok().unwrap() else {
            panic!("two keys");
        };
        assert_eq!((root.line, a.line, b.line), (2, 2, 3));
        let items = b.value.list().ok().unwrap();
        let lines: Vec<u32> = items.iter().map(|item| item.line).collect();
        assert_eq!(lines, [4, 6]);
    }

    #[test]
    fn a_key_written_twice_stays_twice_and_no_key_is_merged() {
        let root = root("a: 1\n<<: { b: 2 }\na: 3\n");
        let keys: Vec<&str> = root.map().ok().unwrap().iter().map(|e| &*e.key).collect();
        assert_eq!(keys, ["a", "<<", "a"]);
    }
}
