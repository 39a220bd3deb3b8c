//! Which phones a rule applies to: `where` of the configuration.
//!
//! It selects phones, not alerts (those are selected by matchers). Patterns know `*` (any text) and
//! `?` (one character) and nothing else: enough for names of places, and the same thing as a regular
//! expression of Prometheus. A label that a phone does not have counts as empty, as it does there.

use std::fmt::Write as _;

use super::escape::{quoted, regex_of};
use super::labels;
use super::matcher::{MatchOp, Matcher, MatcherError};
use crate::fleet::Place;

/// A pattern of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob(Box<str>);

/// Phones by name, site and labels; of each list one pattern must match. Empty: every phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Where {
    /// Patterns of the label `phone`.
    pub phones: Box<[Glob]>,
    /// Patterns of the label `site`.
    pub sites: Box<[Glob]>,
    /// Patterns of configured labels.
    pub labels: Box<[LabelPatterns]>,
}

/// Patterns of one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LabelPatterns {
    /// The label.
    pub name: Box<str>,
    /// One of these must match; empty: any.
    pub any_of: Box<[Glob]>,
}

impl Glob {
    /// Every text is a valid pattern.
    pub fn new(pattern: impl Into<Box<str>>) -> Self {
        Self(pattern.into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), text.chars());
        // Where to go on when a try fails: behind the last star, one character further on.
        let mut retry = None;
        loop {
            let mut ahead = pattern.clone();
            let fits = match ahead.next() {
                Some('*') => {
                    retry = Some((ahead.clone(), rest.clone()));
                    pattern = ahead;
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                None => false,
                Some(wanted) => rest.next().is_some_and(|c| wanted == '?' || wanted == c),
            };
            if fits {
                pattern = ahead;
                continue;
            }
            let Some((after_star, mut from)) = retry.take() else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            retry = Some((after_star.clone(), from.clone()));
            (pattern, rest) = (after_star, from);
        }
    }

    /// The text itself, if it is no pattern.
    pub fn literal(&self) -> Option<&str> {
        (!self.0.contains(['*', '?'])).then_some(&*self.0)
    }

    /// The same as a regular expression of Prometheus, which anchors it at both ends.
    pub fn regex(&self) -> String {
        let mut regex = String::new();
        for c in self.0.chars() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                _ => regex.push_str(&regex_of(c.encode_utf8(&mut [0; 4]))),
            }
        }
        regex
    }
}

impl Where {
    /// Whether it speaks of this phone.
    pub fn matches(&self, place: &Place) -> bool {
        self.patterns()
            .all(|(name, globs)| globs.iter().any(|glob| glob.matches(label(place, name))))
    }

    /// Each label of which it wants something, with its patterns.
    pub fn patterns(&self) -> impl Iterator<Item = (&str, &[Glob])> {
        let own = [("phone", &*self.phones), ("site", &*self.sites)];
        let configured = self.labels.iter().map(|one| (&*one.name, &*one.any_of));
        let all = own.into_iter().chain(configured);
        all.filter(|(_, globs)| !globs.is_empty())
    }

    /// As matchers of a PromQL selector, without braces: empty, or `phone="a",site=~"b.*"`.
    pub fn selector(&self) -> String {
        let mut selector = String::new();
        for (name, globs) in self.patterns() {
            if !selector.is_empty() {
                selector.push(',');
            }
            match globs {
                [one] if one.literal().is_some() => {
                    write!(selector, "{name}={}", quoted(&one.0))
                }
                several => write!(selector, "{name}=~{}", quoted(&alternation(several))),
            }
            .expect("a string takes any text");
        }
        selector
    }
}

impl LabelPatterns {
    /// The same as a matcher.
    pub fn matcher(&self) -> Result<Matcher, MatcherError> {
        let literals: Option<Vec<_>> = self.any_of.iter().map(Glob::literal).collect();
        match literals {
            None => Matcher::new(&self.name, MatchOp::Regex, &alternation(&self.any_of)),
            Some(literals) if literals.is_empty() => Matcher::new(&self.name, MatchOp::Regex, ".*"),
            Some(literals) => Ok(Matcher::one_of(&self.name, literals)),
        }
    }
}

/// The matcher that selects what this pattern of a label does; `None` if the text is not a pattern. It
/// is for those who write `*` where a matcher compares the whole value.
pub fn matcher_of_pattern(name: &str, text: &str) -> Option<Matcher> {
    let glob = Glob::new(text);
    if glob.literal().is_some() {
        return None;
    }
    let patterns = LabelPatterns {
        name: name.into(),
        any_of: Box::new([glob]),
    };
    patterns.matcher().ok()
}

/// A regular expression that matches what one of the patterns matches.
fn alternation(globs: &[Glob]) -> String {
    let globs: Vec<_> = globs.iter().map(Glob::regex).collect();
    globs.join("|")
}

/// The value of a label of a phone by the label's name; empty if it has none such.
pub fn label<'a>(place: &'a Place, name: &str) -> &'a str {
    match name {
        "phone" => &place.name,
        "site" => place.site.as_deref().unwrap_or_default(),
        _ => labels::text(&place.labels, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let glob = Glob::new(pattern);
        for text in matching {
            assert!(glob.matches(text), "`{pattern}` should match `{text}`");
        }
        for text in others {
            assert!(!glob.matches(text), "`{pattern}` should not match `{text}`");
        }
    }

    #[test]
    fn stars_and_question_marks_are_the_whole_language() {
        check("hq-*", &["hq-", "hq-1", "hq-ä"], &["hq", "xhq-1"]);
        check("*-fax", &["a-fax", "a-fax-fax"], &["a-fax-b"]);
        check("a*b*c", &["abc", "axbbxc", "abcbc"], &["acb", "ab"]);
        check("h?", &["h1", "hä"], &["h", "h12"]);
        check("", &[""], &["a"]);
        check("*", &["", "a"], &[]);
        check("[a].+", &["[a].+"], &["a", "a..+"]);
    }

    #[test]
    fn a_selector_says_the_same_to_prometheus() {
        let spoken_of = Where {
            phones: [Glob::new("reception-*"), Glob::new("a.b")].into(),
            sites: [Glob::new("h\"q")].into(),
            labels: Box::new([LabelPatterns {
                name: "floor".into(),
                any_of: [Glob::new("?")].into(),
            }]),
        };
        assert_eq!(
            spoken_of.selector(),
            r#"phone=~"reception-.*|a\\.b",site="h\"q",floor=~".""#
        );
        assert_eq!(Where::default().selector(), "");
    }

    #[test]
    fn a_matcher_selects_what_the_patterns_of_a_label_do() {
        for (patterns, expected) in [
            (&["hq"][..], r#"site="hq""#),
            (&["hq", "l.n"], r#"site=~"hq|l\\.n""#),
            (&["hq-*", "l?on"], r#"site=~"hq-.*|l.on""#),
            (&[""], r#"site="""#),
            (&[], r#"site=~".*""#),
        ] {
            let patterns = LabelPatterns {
                name: "site".into(),
                any_of: patterns.iter().map(|pattern| Glob::new(*pattern)).collect(),
            };
            let matcher = patterns.matcher().expect("a matcher");
            assert_eq!(matcher.to_string(), expected);
            for value in ["", "hq", "hq-1", "l.n", "lyon", "lxn"] {
                let any = patterns.any_of.is_empty();
                let fits = any || patterns.any_of.iter().any(|glob| glob.matches(value));
                assert_eq!(matcher.matches(value), fits, "{matcher} of `{value}`");
            }
        }
    }
}
