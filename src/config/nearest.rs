//! "Did you mean": the known word that a mistyped one resembles.

use crate::fleet::Text;

/// The mend of an unknown word: the known one that it resembles, or else `otherwise`.
pub fn mend<'a>(unknown: &str, known: impl Iterator<Item = &'a str>, otherwise: &str) -> String {
    let length = unknown.chars().count();
    // Words of which one is much longer differ by what it is longer.
    let alike = known.filter(|word| word.chars().count().abs_diff(length) <= tolerance(word));
    let near = alike.map(|word| (distance(unknown, word), word)).min();
    match near {
        Some((distance, word)) if distance <= tolerance(word) => {
            format!("did you mean `{}`?", Text::clean(word))
        }
        Some(_) | None => otherwise.to_owned(),
    }
}

/// How many letters may differ: one in three, so that short words do not resemble everything.
fn tolerance(word: &str) -> usize {
    word.chars().count().div_ceil(3)
}

/// The edit distance of two words (Levenshtein), which look alike whatever their case; an unknown
/// word longer than any known one is far from all.
fn distance(left: &str, right: &str) -> usize {
    const LONGEST: usize = 64;
    let left: Vec<char> = left
        .chars()
        .take(LONGEST)
        .flat_map(char::to_lowercase)
        .collect();
    let right: Vec<char> = right
        .chars()
        .take(LONGEST)
        .flat_map(char::to_lowercase)
        .collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (done, l) in left.iter().enumerate() {
        let mut diagonal = done;
        let mut before = done + 1;
        for (cell, r) in row.iter_mut().skip(1).zip(&right) {
            let swap = diagonal + usize::from(l != r);
            diagonal = *cell;
            *cell = swap.min(diagonal + 1).min(before + 1);
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = done + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_finds_its_neighbour_and_a_strange_one_finds_none() {
        let known = ["password", "password_file", "poll"];
        let mend = |unknown| mend(unknown, known.into_iter(), "remove it");
        assert_eq!(mend("pasword"), "did you mean `password`?");
        assert_eq!(mend("Poll"), "did you mean `poll`?");
        assert_eq!(mend("volume"), "remove it");
    }

    #[test]
    fn the_distance_counts_letters_to_change() {
        for (left, right, expect) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("same", "SAME", 0),
        ] {
            assert_eq!(distance(left, right), expect, "{left} to {right}");
        }
    }
}
