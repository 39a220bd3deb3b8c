//! Texts as literals: of PromQL and matchers, and within regular expressions.
//!
//! Both are written as Prometheus and Alertmanager write them, so that what is exported is what they
//! would print.

/// The characters that RE2 gives a meaning.
const SPECIAL: &str = r"\.+*?()|[]{}^$";

/// A string literal of PromQL and of matchers.
pub fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            _ => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// A regular expression that matches exactly this text.
pub fn regex_of(text: &str) -> String {
    let mut regex = String::new();
    for c in text.chars() {
        if SPECIAL.contains(c) {
            regex.push('\\');
        }
        regex.push(c);
    }
    regex
}

/// A regular expression that matches exactly these texts.
pub fn alternation<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<_> = texts.into_iter().map(regex_of).collect();
    texts.join("|")
}

/// The texts that a regular expression lists; `None` if it does more than that.
pub fn alternatives(expression: &str) -> Option<Vec<String>> {
    let mut texts = vec![String::new()];
    let mut rest = expression.chars();
    while let Some(c) = rest.next() {
        let literal = match c {
            '|' => {
                texts.push(String::new());
                continue;
            }
            '\\' => rest.next().filter(char::is_ascii_punctuation)?,
            _ if SPECIAL.contains(c) => return None,
            _ => c,
        };
        texts.last_mut()?.push(literal);
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_prometheus_does() {
        assert_eq!(quoted("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
        assert_eq!(regex_of("a.b|c-d é"), r"a\.b\|c-d é");
        assert_eq!(alternation(["a", "b.", ""]), r"a|b\.|");
    }

    #[test]
    fn only_a_list_of_literals_has_alternatives() {
        let texts = |expression| alternatives(expression).map(|texts| texts.join(" "));
        assert_eq!(texts(r"a|b\.|c\||d-e").as_deref(), Some("a b. c| d-e"));
        assert_eq!(texts("").as_deref(), Some(""));
        for expression in ["a.", r"\d", "a|(b)", "^a", r"a\"] {
            assert_eq!(texts(expression), None, "{expression}");
        }
    }
}
