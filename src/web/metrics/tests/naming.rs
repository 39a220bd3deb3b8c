//! Rules for every family of the page: names that no format confuses, units in names, and HELP lines
//! of one shape.

use std::collections::BTreeMap;

use crate::web::metrics::Format;
use crate::web::testing::metrics_page::golden;

/// What the page in OpenMetrics says of each family, by its name there.
fn metadata(keyword: &str) -> BTreeMap<String, String> {
    let page = golden(Format::OpenMetrics);
    let lines = page.lines().filter_map(|line| {
        let (name, rest) = line
            .strip_prefix("# ")?
            .strip_prefix(keyword)?
            .trim_start()
            .split_once(' ')?;
        Some((name.to_owned(), rest.to_owned()))
    });
    let found: BTreeMap<_, _> = lines.collect();
    assert!(!found.is_empty(), "{keyword}");
    found
}

#[test]
fn no_name_is_another_name_with_a_suffix_of_the_formats() {
    let names = metadata("TYPE");
    let page = golden(Format::OpenMetrics);
    let announced = page.lines().filter(|line| line.starts_with("# TYPE "));
    assert_eq!(announced.count(), names.len(), "a family stands twice");
    for suffix in ["_info", "_total", "_created", "_bucket", "_sum", "_count"] {
        for name in names.keys() {
            assert!(!name.ends_with(suffix), "{name}");
            assert!(!names.contains_key(&format!("{name}{suffix}")), "{name}");
        }
    }
}

#[test]
fn names_tell_the_unit_and_nothing_else_does() {
    let units = metadata("UNIT");
    for name in metadata("TYPE").keys() {
        let last = name.rsplit('_').next().unwrap_or_default();
        let told = ["seconds", "bytes"].contains(&last).then_some(last);
        assert_eq!(units.get(name).map(String::as_str), told, "{name}");
        let known = name.starts_with("grandstream_") || name.starts_with("process_");
        assert!(known, "{name}");
    }
}

#[test]
fn text_0_0_4_names_every_counter_and_info_in_full() {
    let page = golden(Format::Text);
    for (name, kind) in metadata("TYPE") {
        let expected = match kind.as_str() {
            "counter" => format!("\n# TYPE {name}_total counter\n"),
            "info" => format!("\n# TYPE {name}_info gauge\n"),
            kind => format!("\n# TYPE {name} {kind}\n"),
        };
        assert!(format!("\n{page}").contains(&expected), "{expected}");
    }
}

#[test]
fn help_is_one_plain_line_with_a_full_stop() {
    let helps = metadata("HELP");
    assert_eq!(helps.len(), metadata("TYPE").len());
    for (name, help) in helps {
        assert!(help.len() > 1 && help.ends_with('.'), "{name}: {help}");
        assert!(!help.ends_with(".."), "{name}: {help}");
        let plain = |c: char| c.is_ascii() && !c.is_control() && !matches!(c, '\\' | '"');
        assert!(help.chars().all(plain), "{name}: {help}");
        assert!(!help.contains("  "), "{name}: {help}");
    }
}
