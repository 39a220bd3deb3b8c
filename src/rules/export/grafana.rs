//! Alert rules for Grafana's file provisioning.
//!
//! There a rule fires for each series whose value is not zero, so the vector of an expression is
//! turned into ones. No data means that nothing is wrong: that data should be there is a rule of
//! its own.

use std::fmt::Write as _;

use super::{Exported, Group, block, exported, text};

const HEAD: &str = "\
# Alert rules for Grafana, written by `grandstream-exporter rules export --format grafana`.
# Put the file into provisioning/alerting. The same rules are in prometheus/alerts.yml and in the
# daemon itself: use one of the three, or everything is told several times.
apiVersion: 1
groups:
";

/// How often Grafana evaluates a group: the usual scrape interval, twice.
const INTERVAL: &str = "1m";

/// The groups as a provisioning file on the data source of this uid; what only Prometheus can see has
/// its runbooks on this page.
pub fn grafana(groups: &[Group], datasource: &str, runbooks: &str) -> String {
    let mut file = HEAD.to_owned();
    for (name, rules) in exported(groups, runbooks) {
        write!(
            file,
            "  - orgId: 1\n    name: {name}\n    folder: Phones\n    interval: {INTERVAL}\n    rules:\n"
        )
        .expect("a string takes any text");
        for rule in rules {
            push(&mut file, &rule, datasource).expect("a string takes any text");
        }
    }
    file
}

fn push(file: &mut String, rule: &Exported, datasource: &str) -> std::fmt::Result {
    if !rule.approximated.is_empty() {
        let what = rule.approximated.join(", ");
        writeln!(file, "      # Approximated; without a form here: {what}.")?;
    }
    writeln!(file, "      - uid: {}", uid(&rule.name))?;
    writeln!(file, "        title: {}", rule.name)?;
    writeln!(file, "        condition: fires")?;
    writeln!(file, "        for: {}", rule.hold)?;
    if let Some(keep_firing_for) = &rule.keep_firing_for {
        writeln!(file, "        keepFiringFor: {keep_firing_for}")?;
    }
    writeln!(file, "        noDataState: OK\n        execErrState: Error")?;
    writeln!(file, "        labels:")?;
    for (name, value) in &rule.labels {
        writeln!(file, "          {name}: {}", text(value))?;
    }
    writeln!(file, "        annotations:")?;
    for (name, value) in &rule.annotations {
        writeln!(file, "          {name}: {}", text(value))?;
    }
    let ones = format!("(\n{}\n) * 0 + 1", rule.expression);
    writeln!(file, "        data:\n          - refId: found")?;
    writeln!(file, "            datasourceUid: {}", text(datasource))?;
    writeln!(
        file,
        "            relativeTimeRange: {{ from: 600, to: 0 }}"
    )?;
    writeln!(file, "            model:\n              refId: found")?;
    writeln!(file, "              instant: true")?;
    writeln!(file, "              expr: {}", block(&ones, 16))?;
    file.push_str(THRESHOLD);
    Ok(())
}

const THRESHOLD: &str = "          \
          - refId: fires
            datasourceUid: __expr__
            model:
              refId: fires
              type: threshold
              expression: found
              conditions:
                - evaluator: { type: gt, params: [0] }
";

/// At most 40 characters, which Grafana demands, and the same at each export.
fn uid(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    "gs-".chars().chain(name.chars()).take(40).collect()
}
