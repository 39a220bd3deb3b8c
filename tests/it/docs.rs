//! The documentation, held to the program: metrics, reasons and links. Its commands are held in `cli`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use grandstream_exporter::fleet::Reason;
use grandstream_exporter::web::metrics::FAMILIES;

use crate::harness::families::{Family, families};

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

fn row(family: &Family) -> String {
    let labels: Vec<_> = family
        .labels
        .iter()
        .map(|label| format!("`{label}`"))
        .collect();
    format!(
        "| `{}` | {} | {} | {} |\n",
        family.name,
        family.kind,
        labels.join(", "),
        family.help
    )
}

/// The title under which a family stands.
fn title(family: &Family) -> &'static str {
    if FAMILIES.iter().any(|one| *one.name == *family.name) {
        return OF_PHONES;
    }
    let of_exporter = ["grandstream_exporter_", "process_"];
    if of_exporter
        .iter()
        .any(|prefix| family.name.starts_with(prefix))
    {
        return "Of the exporter";
    }
    OF_ALERTS
}

const OF_PHONES: &str = "Of each phone\n\n\
    Each series carries `phone`, `site` if it has one, and the configured labels. A change of `site` or of \
    a\nconfigured label re-creates all series of the phone: the old ones end, and new ones begin, counters \
    with\ntheir values. `grandstream_line_state_code` is an enumeration: compare it with one code, \
    and\nnever add or average it over lines; `grandstream_lines` counts them. The reasons of \
    `grandstream_poll_error`\nand of `grandstream_exporter_poll_errors_total` are those of \
    [troubleshooting](troubleshooting.md).";

const OF_ALERTS: &str = "Of alerts\n\n\
    Only where the daemon evaluates alerts. The states of `grandstream_alerts` are disjoint: a suppressed \
    alert\nfires and does not count as firing. `grandstream_alert_active` and its beginning carry all labels of \
    the\nalert: those of the rule, of the phone, and of the account, line, server or receiver that it is \
    about.";

/// Names that later versions will use for exactly this, so that nothing else takes them meanwhile.
const RESERVED: &str = "
## Reserved

Not exported yet. These names are fixed for what some models can tell, and mean nothing else.

| metric | type | labels | meaning |
|---|---|---|---|
| `grandstream_battery_charge_ratio` | gauge |  | Charge of the battery, from 0 to 1 |
| `grandstream_battery_charging` | gauge |  | Whether the battery is being charged |
| `grandstream_wifi_signal_level` | gauge |  | Signal level of the Wi-Fi connection, as the phone gives it |
| `grandstream_wifi_info` | info | `band` | The Wi-Fi connection of the phone |
| `grandstream_call_mos` | gauge | `line` | Mean opinion score of the call on the line |
| `grandstream_call_jitter_seconds` | gauge | `line` | Jitter of the call on the line |
| `grandstream_call_loss_ratio` | gauge | `line` | Share of packets lost in the call on the line, from 0 to 1 |
";

/// The reference as the pages have it.
fn reference() -> String {
    let mut text = "# Metrics\n\n\
        Written from what `/metrics` says; change it in `src/web/metrics`. [The \
        configuration](configuration.md) says\nwhich are optional.\n\nHealth series exist always. A value exists only while it is fresh: a phone \
        that cannot be read loses\nits values after `stale_after` and keeps saying why in \
        `grandstream_poll_error`. Series of alerts exist\nwhere the daemon evaluates them; those of one alert \
        only while it is pending or fires, and for at most\n2000 at a time.\n"
        .to_owned();
    let mut title_before = "";
    for family in families() {
        let title = title(&family);
        if title != title_before {
            write!(
                text,
                "\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n"
            )
            .expect("text");
            title_before = title;
        }
        text.push_str(&row(&family));
    }
    text + RESERVED
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
fn no_family_bears_a_reserved_name() {
    let reserved = RESERVED.lines().filter(|line| line.starts_with("| `"));
    let reserved: Vec<_> = reserved.filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(reserved.len(), 7);
    for family in families() {
        assert!(!reserved.contains(&family.name.as_str()), "{}", family.name);
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
