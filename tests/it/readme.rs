//! What the README says of a metric are the words of its HELP line.

use crate::harness::families::families;

#[test]
fn the_readme_explains_metrics_in_the_words_of_their_help() {
    let rows: Vec<_> = include_str!("../../README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `grandstream_"))
        .filter_map(|row| {
            let name = row.split(['`', '{']).next()?;
            let meaning = row.trim_end_matches(" |").rsplit(" | ").next()?;
            Some((format!("grandstream_{name}"), meaning))
        })
        .collect();
    assert!(!rows.is_empty(), "the README names no metric");
    let families = families();
    for (name, meaning) in rows {
        let family = families.iter().find(|family| family.name == name);
        let help = family.map(|family| family.help);
        assert_eq!(help, Some(meaning), "{name}");
    }
}
