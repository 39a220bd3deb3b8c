//! The documentation, held to the program: metrics, reasons and links. Its commands are held in `cli`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use grandstream_exporter::fleet::Reason;
use grandstream_exporter::web::metrics::{FAMILIES, Family, Kind, Read};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The README and every page of `docs`.
fn pages() -> Vec<(PathBuf, String)> {
    let listed = std::fs::read_dir(root().join("docs")).expect("docs");
    listed
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .chain([root().join("README.md")])
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a page");
            (path, text)
        })
        .collect()
}

/// The golden pages of metrics: of a daemon on simulated phones, and of everything that can be said
/// of alerts.
const GOLDEN: [&str; 2] = [
    include_str!("snapshots/it__golden__the_whole_page_in_text.snap"),
    include_str!(
        "../../src/web/metrics/snapshots/grandstream_exporter__web__metrics__page__tests__text.snap"
    ),
];

/// The labels of each family in the golden pages of metrics, beyond those that every phone carries.
fn labels() -> BTreeMap<String, BTreeSet<String>> {
    // Of this one the golden page shows neither values nor labels.
    let build = ["version", "revision", "rustversion"].map(str::to_owned);
    let mut found: BTreeMap<_, BTreeSet<_>> =
        BTreeMap::from([("grandstream_exporter_build_info".to_owned(), build.into())]);
    let lines = GOLDEN.iter().flat_map(|golden| golden.lines());
    for line in lines.filter(|line| !line.starts_with('#')) {
        let Some((name, rest)) = line.split_once('{') else {
            continue;
        };
        let name = name.trim_end_matches("_bucket");
        let own = rest
            .split("=\"")
            .filter_map(|before| before.rsplit(['{', ',', '"']).next())
            .filter(|label| {
                let is_name = label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                is_name && !label.is_empty() && !["phone", "site", "floor"].contains(label)
            });
        found
            .entry(name.to_owned())
            .or_default()
            .extend(own.map(str::to_owned));
    }
    found
}

fn row(family: &Family, labels: &BTreeMap<String, BTreeSet<String>>) -> String {
    let kind = match family.kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Info => "info",
        Kind::Histogram => "histogram",
    };
    let own = labels.get(family.name).into_iter().flatten();
    let own: Vec<_> = own.map(|label| format!("`{label}`")).collect();
    format!(
        "| `{}` | {kind} | {} | {} |\n",
        family.name,
        own.join(", "),
        family.help
    )
}

/// The title under which a family stands.
fn title(family: &Family) -> &'static str {
    match family.read {
        Read::Phone(_) | Read::Part(_, _) => OF_PHONES,
        Read::Alerts(_) | Read::Alert(_) => OF_ALERTS,
        Read::Exporter(_) => "Of the exporter",
    }
}

const OF_PHONES: &str = "Of each phone\n\n\
    Each series carries `phone`, `site` if it has one, and the configured labels.";

const OF_ALERTS: &str = "Of alerts\n\n\
    Only where the daemon judges alerts. `grandstream_alert_active` and its beginning carry all labels \
    of the\nalert: those of the rule, of the phone, and of the account, line, server or receiver that it \
    speaks\nof.";

/// The reference as the table in the code has it.
fn reference() -> String {
    let mut text = "# Metrics\n\n\
        Written from `src/web/metrics/table.rs`; change it there. [The configuration](configuration.md) says \
        which are\noptional.\n\nHealth series exist always. A value exists only while it is fresh: a phone \
        that cannot be read loses\nits values after `stale_after` and keeps saying why in \
        `grandstream_poll_error`. Series of alerts exist\nwhere the daemon judges them; those of one alert \
        only while it is pending or fires, and for at most\n2000 at a time.\n"
        .to_owned();
    let labels = labels();
    let mut title_before = "";
    for family in FAMILIES {
        let title = title(family);
        if title != title_before {
            write!(
                text,
                "\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n"
            )
            .expect("text");
            title_before = title;
        }
        text.push_str(&row(family, &labels));
    }
    text
}

#[test]
fn the_reference_of_metrics_is_that_of_the_code() {
    let made = reference();
    let committed = std::fs::read_to_string(root().join("docs/metrics.md")).unwrap_or_default();
    if made != committed {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("metrics.md");
        std::fs::write(&path, made).expect("written");
        panic!(
            "docs/metrics.md is not up to date: cp {} docs/metrics.md",
            path.display()
        );
    }
}

#[test]
fn every_reason_of_failure_has_its_section_and_its_mend() {
    let page = include_str!("../../docs/troubleshooting.md");
    for reason in Reason::ALL {
        let begin = format!(
            "\n## `{}`\n\n**{}.**",
            reason.label(),
            first_upper(reason.mend())
        );
        assert!(
            page.contains(&begin),
            "docs/troubleshooting.md lacks: {begin}"
        );
    }
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().expect("a letter").to_ascii_uppercase();
    format!("{first}{}", letters.as_str())
}

#[test]
fn every_page_is_found_from_the_first() {
    let first = include_str!("../../docs/README.md");
    let lost: Vec<_> = pages()
        .into_iter()
        .filter_map(|(path, _)| path.file_name()?.to_str().map(str::to_owned))
        .filter(|name| name != "README.md" && !first.contains(&format!("]({name})")))
        .collect();
    assert!(lost.is_empty(), "docs/README.md lacks: {lost:?}");
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for (path, text) in pages() {
        let directory = path.parent().expect("a directory");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                directory.join(file)
            };
            let leads = target.exists() && (anchor.is_empty() || has_heading(&target, anchor));
            if !leads {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn has_heading(page: &Path, anchor: &str) -> bool {
    let text = std::fs::read_to_string(page).expect("a page");
    let slug = |heading: &str| -> String {
        heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| slug(line.trim_start_matches('#')) == anchor)
}
