//! How bad an alert is: its label `severity`, and the words that mean something here.
//!
//! Operators may route by words of their own; such a word stands between a warning and what is only
//! to be known.

/// The label.
pub const LABEL: &str = "severity";

/// The words of the ready-made rules, the worst first.
pub const KNOWN: [&str; 4] = [CRITICAL, "warning", "info", NONE];

/// Somebody is to see it at once.
pub const CRITICAL: &str = "critical";

/// What fires while all is well: no news to people, but a sign of life for programs.
pub const NONE: &str = "none";

/// The order of weight, the worst first.
pub fn rank(severity: &str) -> usize {
    let known = KNOWN.iter().position(|one| *one == severity);
    // Twice as many, so that there is room for words of operators.
    known.map_or(3, |position| 2 * position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_an_operator_weighs_less_than_a_warning_and_more_than_a_remark() {
        let mut words = ["none", "page-me", "info", "critical", "warning"];
        words.sort_by_key(|word| rank(word));
        assert_eq!(words, ["critical", "warning", "page-me", "info", "none"]);
    }
}
