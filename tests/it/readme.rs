//! The README speaks of every metric, in the words of the table in the code.

use std::collections::BTreeMap;

use grandstream_exporter::web::metrics::FAMILIES;

#[test]
fn the_readme_explains_every_metric_in_the_words_of_its_help() {
    let rows: BTreeMap<&str, &str> = include_str!("../../README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| {
            let name = row.split(['`', '{']).next()?;
            let meaning = row.trim_end_matches(" |").rsplit(" | ").next()?;
            Some((name, meaning))
        })
        .collect();
    let missing: Vec<_> = FAMILIES
        .iter()
        .filter(|family| rows.get(family.name) != Some(&family.help))
        .map(|family| format!("| `{}` | … | {} |", family.name, family.help))
        .collect();
    assert!(
        missing.is_empty(),
        "missing or different:\n{}",
        missing.join("\n")
    );
    for name in rows.keys().filter(|name| name.starts_with("grandstream_")) {
        let known = FAMILIES.iter().any(|family| family.name == *name);
        assert!(known, "{name} is no metric");
    }
}
