//! Writes HTML in which nothing can break out of its place.
//!
//! Markup can only be a literal of this program; whatever is only known at run time goes through
//! [`Html::text`], which escapes it for text and for quoted attributes alike.

use std::fmt::{self, Write as _};

/// A page or part of one in the making.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Appends markup as it stands.
    pub(super) fn markup(&mut self, literal: &'static str) -> &mut Self {
        self.0.push_str(literal);
        self
    }

    /// Appends text, escaped; also inside of a quoted attribute.
    pub(super) fn text(&mut self, text: impl fmt::Display) -> &mut Self {
        let written = write!(Escaped(&mut self.0), "{text}");
        written.expect("writing to a String does not fail");
        self
    }

    /// The page.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_in_elements_and_attributes() {
        let mut html = Html::default();
        html.markup("<b title=\"")
            .text("\"><script>'&amp;")
            .markup("\">");
        assert_eq!(
            html.into_string(),
            "<b title=\"&quot;&gt;&lt;script&gt;&#39;&amp;amp;\">"
        );
    }
}
