//! Matchers: how alerts are selected by receivers, silences, maintenance windows and inhibition rules.
//!
//! The text and its meaning are Alertmanager's: `severity="critical"`, `site!="lab"`,
//! `site=~"lyon|hq"`, `phone!~"lab-.*"`. All matchers of a list must match; a label that an alert does
//! not have equals the empty text; a regular expression matches the whole value. Quotes may be left
//! out, and one text may hold several matchers, as `{site="hq",severity="critical"}`. As an object for
//! programs a matcher has the shape of Alertmanager's API.
//!
//! A regular expression that only lists literal texts is kept as these: it costs no automaton, and
//! names in it can be checked. Others are compiled by the crate `regex`, whose syntax is RE2's as in
//! Alertmanager; `\d`, `\w`, `\s` and `\b` know all of Unicode there.

use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::escape::{alternation, alternatives, quoted};
use crate::fleet::Text;

/// A condition on one label.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "MatcherObject", into = "MatcherObject")]
pub struct Matcher {
    name: Box<str>,
    op: MatchOp,
    value: Box<str>,
    accepted: Accepted,
}

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// What `=` and `=~` accept, and `!=` and `!~` do not.
#[derive(Clone)]
enum Accepted {
    /// One of these texts; sorted.
    Texts(Box<[Box<str>]>),
    /// What the expression matches from end to end.
    Regex(Regex),
}

/// A matcher as an object of Alertmanager's API.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MatcherObject {
    name: Box<str>,
    value: Box<str>,
    is_regex: bool,
    #[serde(default = "equal_unless_said")]
    is_equal: bool,
}

/// Why a text is not a matcher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// No label name, or no operator behind it.
    #[error("`{0}` is not a matcher")]
    Syntax(Box<str>),
    /// A quote within a value, or none at its end.
    #[error("`{0}` has a double quote that is not escaped, or lacks the closing one")]
    Quote(Box<str>),
    /// The expression cannot be read.
    #[error("`{0}` has an invalid regular expression: {1}")]
    Regex(Box<str>, Box<str>),
    /// The expression needs too much memory.
    #[error("`{0}` has a regular expression that is too large")]
    TooLarge(Box<str>),
}

/// The most memory that one compiled expression may take.
const REGEX_SIZE: usize = 1 << 20;

impl MatchOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }

    /// Whether it selects what its value does not fit.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::NotEqual | Self::NotRegex)
    }

    fn of(is_regex: bool, is_equal: bool) -> Self {
        match (is_regex, is_equal) {
            (false, true) => Self::Equal,
            (false, false) => Self::NotEqual,
            (true, true) => Self::Regex,
            (true, false) => Self::NotRegex,
        }
    }

    fn is_regex(self) -> bool {
        matches!(self, Self::Regex | Self::NotRegex)
    }
}

impl Accepted {
    fn texts<T: Into<Box<str>>>(texts: Vec<T>) -> Self {
        let mut texts: Box<[Box<str>]> = texts.into_iter().map(Into::into).collect();
        texts.sort_unstable();
        Self::Texts(texts)
    }
}

impl Matcher {
    /// A matcher of these parts; the value is a regular expression for `=~` and `!~`.
    pub fn new(name: &str, op: MatchOp, value: &str) -> Result<Self, MatcherError> {
        let mut matcher = Self {
            name: name.into(),
            op,
            value: value.into(),
            accepted: Accepted::Texts(Box::new([value.into()])),
        };
        if !is_label_name(name) {
            return Err(MatcherError::Syntax(shown(&matcher.to_string())));
        }
        if op.is_regex() {
            matcher.accepted = match alternatives(value) {
                Some(texts) => Accepted::texts(texts),
                None => Accepted::Regex(compiled(&matcher)?),
            };
        }
        Ok(matcher)
    }

    /// `name="value"`.
    pub fn equal(name: &str, value: &str) -> Self {
        Self::one_of(name, [value])
    }

    /// The value is one of these texts: `name="a"`, or `name=~"a|b"`.
    pub fn one_of<'a>(name: &str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        let (op, value) = match &*texts {
            [one] => (MatchOp::Equal, (*one).to_owned()),
            several => (MatchOp::Regex, alternation(several.iter().copied())),
        };
        Self {
            name: name.into(),
            op,
            value: value.into(),
            accepted: Accepted::texts(texts),
        }
    }

    /// The label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// With what it compares.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label of this value is selected; of a label that is not there the value is empty.
    pub fn matches(&self, value: &str) -> bool {
        self.accepts(value) != self.op.is_negative()
    }

    /// Whether its own value fits, whatever it makes of that.
    pub fn accepts(&self, value: &str) -> bool {
        match &self.accepted {
            Accepted::Texts(texts) => texts.binary_search_by(|text| (**text).cmp(value)).is_ok(),
            Accepted::Regex(regex) => regex.is_match(value),
        }
    }

    /// The texts that it names, sorted; `None` where it describes them.
    pub fn texts(&self) -> Option<&[Box<str>]> {
        match &self.accepted {
            Accepted::Texts(texts) => Some(texts),
            Accepted::Regex(_) => None,
        }
    }
}

/// Whether all match labels of these values; an empty list matches everything.
pub fn all_match<'a>(matchers: &[Matcher], value: impl Fn(&str) -> &'a str) -> bool {
    matchers
        .iter()
        .all(|matcher| matcher.matches(value(&matcher.name)))
}

/// All of them as `site="hq", severity="critical"`.
pub fn written(matchers: &[Matcher]) -> String {
    let matchers: Vec<_> = matchers.iter().map(ToString::to_string).collect();
    matchers.join(", ")
}

/// The matchers of one text, which commas separate; braces around them may be left out.
pub fn parse_list(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let mut list = trimmed(text);
    if let Some(inside) = list.strip_prefix('{') {
        let inside = inside.strip_suffix('}');
        list = inside.ok_or_else(|| MatcherError::Syntax(shown(text)))?;
    }
    let parts: Vec<&str> = split_outside_quotes(list);
    let end = parts.len().saturating_sub(1);
    // A comma may stand behind the last one.
    let given = |(position, part): &(usize, &str)| *position < end || !trimmed(part).is_empty();
    let parts = parts.into_iter().enumerate().filter(given);
    parts.map(|(_, part)| part.parse()).collect()
}

impl FromStr for Matcher {
    type Err = MatcherError;

    fn from_str(text: &str) -> Result<Self, MatcherError> {
        let syntax = || MatcherError::Syntax(shown(text));
        let whole = trimmed(text);
        let end = whole.find(|c| !is_letter_of_name(c)).ok_or_else(syntax)?;
        let (name, rest) = whole.split_at(end);
        if !is_label_name(name) {
            return Err(syntax());
        }
        let rest = trimmed(rest);
        let (op, value) = OPERATORS
            .into_iter()
            .find_map(|op| Some((op, rest.strip_prefix(op.as_str())?)))
            .ok_or_else(syntax)?;
        let value = unescaped(trimmed(value)).ok_or_else(|| MatcherError::Quote(shown(whole)))?;
        Self::new(name, op, &value)
    }
}

/// Longer ones first: `=` begins `=~`.
const OPERATORS: [MatchOp; 4] = [
    MatchOp::Regex,
    MatchOp::NotEqual,
    MatchOp::NotRegex,
    MatchOp::Equal,
];

impl MatcherError {
    /// What to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Syntax(_) => {
                r#"write LABEL="VALUE" with =, !=, =~ or !~ between, e.g. site=~"lyon|hq""#
            }
            Self::Quote(_) => r#"put the value in double quotes, and write \" for one within"#,
            Self::Regex(..) => "correct the expression, which must match the whole value",
            Self::TooLarge(_) => "shorten the expression",
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}{}",
            self.name,
            self.op.as_str(),
            quoted(&self.value)
        )
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl Eq for Matcher {}

impl TryFrom<MatcherObject> for Matcher {
    type Error = MatcherError;

    fn try_from(object: MatcherObject) -> Result<Self, MatcherError> {
        let op = MatchOp::of(object.is_regex, object.is_equal);
        Self::new(&object.name, op, &object.value)
    }
}

impl From<Matcher> for MatcherObject {
    fn from(matcher: Matcher) -> Self {
        Self {
            is_regex: matcher.op.is_regex(),
            is_equal: !matcher.op.is_negative(),
            name: matcher.name,
            value: matcher.value,
        }
    }
}

fn equal_unless_said() -> bool {
    true
}

fn is_letter_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}

fn is_label_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| !c.is_ascii_digit());
    begins && name.chars().all(is_letter_of_name)
}

/// Without the blanks around it that regular expressions know as `\s`.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\x0C'])
}

/// What somebody wrote, short enough and clean for an error.
fn shown(text: &str) -> Box<str> {
    Text::clean(trimmed(text)).as_str().into()
}

fn split_outside_quotes(list: &str) -> Vec<&str> {
    let (mut in_quotes, mut escaped) = (false, false);
    let is_separator = |c: char| {
        let separates = c == ',' && !in_quotes;
        in_quotes ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        separates
    };
    list.split(is_separator).collect()
}

/// A value without its quotes, if it has some; `None` where a quote is not escaped or lacks its other.
fn unescaped(written: &str) -> Option<String> {
    let inside = written.strip_prefix('"');
    let mut open = inside.is_some();
    let mut value = String::with_capacity(written.len());
    let mut rest = inside.unwrap_or(written).chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('n') => value.push('\n'),
                Some(c @ ('"' | '\\')) => value.push(c),
                // Not an escape: the backslash stands for itself.
                other => value.extend([Some('\\'), other].into_iter().flatten()),
            },
            '"' if open && rest.as_str().is_empty() => open = false,
            '"' => return None,
            _ => value.push(c),
        }
    }
    (!open).then_some(value)
}

fn compiled(matcher: &Matcher) -> Result<Regex, MatcherError> {
    let build = |expression: &str| {
        RegexBuilder::new(expression)
            .size_limit(REGEX_SIZE)
            .dfa_size_limit(REGEX_SIZE)
            .build()
    };
    // By itself first: `a)|(b` is none, and errors show what was written.
    build(&matcher.value)
        .and_then(|_valid| build(&format!("^(?:{})$", matcher.value)))
        .map_err(|error| {
            let written = shown(&matcher.to_string());
            if let regex::Error::CompiledTooBig(_) = error {
                return MatcherError::TooLarge(written);
            }
            let told = error.to_string();
            let why = told.rsplit("error: ").next().unwrap_or(&told);
            MatcherError::Regex(written, shown(why))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matcher(text: &str) -> Matcher {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn check(text: &str, matching: &[&str], others: &[&str]) {
        let matcher = matcher(text);
        for value in matching {
            assert!(matcher.matches(value), "{matcher} should match `{value}`");
        }
        for value in others {
            assert!(
                !matcher.matches(value),
                "{matcher} should not match `{value}`"
            );
        }
    }

    #[test]
    fn operators_mean_what_they_mean_in_alertmanager() {
        check(r#"site="hq""#, &["hq"], &["", "hq2", "HQ"]);
        check(r#"site!="hq""#, &["", "hq2", "lyon"], &["hq"]);
        check(r#"site=~"lyon|hq""#, &["lyon", "hq"], &["", "hq2", "xlyon"]);
        check(r#"site!~"lyon|hq""#, &["", "hq2"], &["lyon", "hq"]);
        check(
            r#"phone=~"lab-.*""#,
            &["lab-", "lab-1"],
            &["", "a lab-1", "lab"],
        );
        check(r#"phone!~"lab-.*""#, &["", "lab"], &["lab-1"]);
        check(r#"site="""#, &[""], &["hq"]);
        check(r#"site!="""#, &["hq"], &[""]);
        check(r#"site=~"|hq""#, &["", "hq"], &["lyon"]);
        check(r#"site=~".+""#, &["hq"], &[""]);
    }

    #[test]
    fn an_expression_is_anchored_as_a_whole_at_both_ends() {
        check("a=~x|y.", &["x", "yz"], &["xx", "ax", "y", "ayz"]);
        check("a=~(?i)HQ", &["hq", "Hq"], &["hq2"]);
        check("a=~^hq$", &["hq"], &["hq2"]);
        check(r"a=~a\.b|c\+", &["a.b", "c+"], &["axb", "c", "cc"]);
        check(r"a=~\d{2}", &["12"], &["1", "123"]);
        check(r"a=~a\|b", &["a|b"], &["a", "b"]);
    }

    #[test]
    fn what_alertmanager_reads_is_read() {
        for (text, canonical) in [
            ("foo=bar", r#"foo="bar""#),
            (r#"  foo  =~  "b.r" "#, r#"foo=~"b.r""#),
            ("foo != bar baz", r#"foo!="bar baz""#),
            ("foo=", r#"foo="""#),
            (r#"foo="""#, r#"foo="""#),
            (r#"foo=" a ""#, r#"foo=" a ""#),
            (r#"foo="a\"b""#, r#"foo="a\"b""#),
            (r"foo=a\nb", r#"foo="a\nb""#),
            (r"foo=~a\.b", r#"foo=~"a\\.b""#),
            (r"foo=a\", r#"foo="a\\""#),
            ("foo!~a,b", r#"foo!~"a,b""#),
            ("a:b=c", r#"a:b="c""#),
            ("foo==bar", r#"foo="=bar""#),
        ] {
            assert_eq!(matcher(text).to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn a_text_may_hold_several_matchers() {
        for (text, expected) in [
            (r#"{a="b",c=~"d"}"#, r#"a="b", c=~"d""#),
            (r#" a="b" , c!=d "#, r#"a="b", c!="d""#),
            (r#"{ a = "x,y" , }"#, r#"a="x,y""#),
            (r#"a="\",",b=c"#, r#"a="\",", b="c""#),
            ("a=~x{2}", r#"a=~"x{2}""#),
            ("{}", ""),
            ("", ""),
        ] {
            let list = parse_list(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(written(&list), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_matcher_is_refused_with_what_to_write_instead() {
        for (text, expected) in [
            ("phone", "`phone` is not a matcher"),
            ("=hq", "`=hq` is not a matcher"),
            ("1a=b", "`1a=b` is not a matcher"),
            ("a-b=c", "`a-b=c` is not a matcher"),
            ("a~b", "`a~b` is not a matcher"),
            ("{a=b", "`{a=b` is not a matcher"),
            ("a=b,,c=d", "`` is not a matcher"),
            (r#"a="b"#, r#"`a="b` has a double quote"#),
            (r#"a=b""#, r#"`a=b"` has a double quote"#),
            (r#"a="b\""#, r#"`a="b\"` has a double quote"#),
            (r#"a="b"c""#, r#"`a="b"c"` has a double quote"#),
            (
                "a=~[",
                r#"`a=~"["` has an invalid regular expression: unclosed character class"#,
            ),
            (
                "a=~x)|(y",
                "has an invalid regular expression: unopened group",
            ),
            (r"a=~\w{1000}", "has a regular expression that is too large"),
        ] {
            let error = parse_list(text).expect_err(text);
            let told = error.to_string();
            assert!(told.contains(expected), "{text}: {told}");
            assert!(!error.help().is_empty());
        }
    }

    #[test]
    fn objects_have_the_shape_of_alertmanagers_api() {
        let json = |text| serde_json::to_value(matcher(text)).expect("it has a form in JSON");
        let object = serde_json::json!(
            { "name": "site", "value": "lyon|h.", "isRegex": true, "isEqual": false }
        );
        assert_eq!(json(r#"site!~"lyon|h.""#), object);
        let read = |text| serde_json::from_str::<Matcher>(text).map(|matcher| matcher.to_string());
        let old = read(r#"{"name": "a", "value": "b", "isRegex": false}"#);
        assert_eq!(old.expect("`isEqual` came later there"), r#"a="b""#);
        for wrong in [
            r#"{"name": "a b", "value": "b", "isRegex": false}"#,
            r#"{"name": "a", "value": "[", "isRegex": true}"#,
            r#"{"name": "a", "value": "b"}"#,
            r#"{"name": "a", "value": "b", "isRegex": false, "isRegexp": true}"#,
        ] {
            read(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn texts_that_are_named_are_known() {
        let texts = |text| matcher(text).texts().map(<[_]>::to_vec);
        assert_eq!(texts("a=b"), Some(vec!["b".into()]));
        assert_eq!(
            texts(r"a!~c|b\.|"),
            Some(vec!["".into(), "b.".into(), "c".into()])
        );
        assert_eq!(texts("a=~b.*"), None);
        assert_eq!(texts(r"a=~\d"), None);
        assert_eq!(Matcher::one_of("a", ["b"]), matcher("a=b"));
        assert_eq!(Matcher::one_of("a", ["c.", "b"]), matcher(r"a=~c\.|b"));
    }

    proptest! {
        #[test]
        fn the_canonical_text_is_read_as_the_same(
            value in "(?s:.{0,12})",
            op in proptest::sample::select(&[MatchOp::Equal, MatchOp::NotEqual][..]),
        ) {
            let matcher = Matcher::new("a", op, &value).expect("a matcher");
            let text = matcher.to_string();
            prop_assert_eq!(&text.parse::<Matcher>().expect("it is read"), &matcher);
            let list = parse_list(&format!("{{b=c,{text},}}")).expect("it is read");
            prop_assert_eq!(&list[1], &matcher);
        }

        /// Listing texts and compiling what they are listed in comes to the same.
        #[test]
        fn named_texts_are_what_the_expression_matches(
            texts in proptest::collection::vec("[a-c.|\\\\*é\" -]{0,3}", 1..4),
            value in "[a-c.|\\\\*é\" -]{0,3}",
        ) {
            let one_of = Matcher::one_of("a", texts.iter().map(String::as_str));
            let expression = alternation(texts.iter().map(String::as_str));
            let named = Matcher::new("a", MatchOp::Regex, &expression).expect("a matcher");
            let regex = Regex::new(&format!("^(?:{expression})$")).expect("an expression");
            for value in texts.iter().chain([&value]) {
                prop_assert_eq!(named.matches(value), regex.is_match(value));
                prop_assert_eq!(one_of.matches(value), regex.is_match(value));
            }
            prop_assert!(named.texts().is_some());
        }
    }
}
