//! Text that a phone sent, made harmless.
//!
//! A phone's words reach labels, pages and logs. Here they are cut to a length and freed of control
//! and direction-changing characters; escaping is the business of whoever prints them.

use std::fmt;

use smol_str::SmolStr;

/// At most [`Text::LIMIT`] characters, none of which moves a cursor or turns the direction of text.
///
/// Short text stands in place: servers, models and firmware are below 24 bytes, and a scrape that
/// follows a pointer for each of them takes half as long again.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(SmolStr);

impl Text {
    /// How many characters are kept: longer than any model, firmware or server name seen, short
    /// enough that a hostile phone cannot bloat a scrape.
    pub const LIMIT: usize = 128;

    /// Cleans `raw`, trimmed of blanks at both ends.
    pub fn clean(raw: &str) -> Self {
        let raw = raw.trim();
        Self(raw.chars().take(Self::LIMIT).map(harmless).collect())
    }

    /// Whether [`Text::clean`] would cut `raw`.
    pub fn is_too_long(raw: &str) -> bool {
        raw.trim().chars().nth(Self::LIMIT).is_some()
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The character, or U+FFFD for one that moves a cursor or turns the direction of text.
pub fn harmless(c: char) -> char {
    let turns_direction = matches!(
        c,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    let breaks_line = matches!(c, '\u{2028}' | '\u{2029}');
    if c.is_control() || turns_direction || breaks_line {
        return char::REPLACEMENT_CHARACTER;
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_are_replaced_and_length_is_bounded() {
        assert_eq!(
            Text::clean(" a\nb\u{202E}c ").as_str(),
            "a\u{FFFD}b\u{FFFD}c"
        );
        let long = "ä".repeat(Text::LIMIT + 1);
        assert!(Text::is_too_long(&long));
        assert_eq!(Text::clean(&long).as_str().chars().count(), Text::LIMIT);
        assert!(!Text::is_too_long(&"ä".repeat(Text::LIMIT)));
    }
}
