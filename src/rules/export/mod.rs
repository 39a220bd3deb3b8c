//! The same rules for other engines: a Prometheus rules file, the inhibitions for Alertmanager,
//! Grafana alert provisioning, and the runbooks of the ready-made rules.
//!
//! Prometheus does not fetch rules from what it scrapes, so a file is the only way there. What has
//! no form in PromQL is said in a comment beside the rule. The shipped files are this output for the
//! packs as they come; a test holds them equal.

mod alertmanager;
mod grafana;
mod prometheus;
mod runbooks;

pub use alertmanager::{alertmanager, explains};
pub use grafana::grafana;
pub use prometheus::prometheus;
pub use runbooks::runbooks;

use super::condition::Condition;
use super::packs::{self, Pack};
use super::promql;
use super::rule::{OnUnknown, Rule};

/// Rules under the name of their group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: Box<str>,
    /// Its rules; disabled ones are left out.
    pub rules: Vec<Rule>,
}

impl Group {
    /// The name of the group of a pack, or of `own` rules.
    pub fn named(pack: &str) -> Box<str> {
        format!("grandstream-{pack}").into()
    }
}

/// What the shipped files hold: every pack as it comes, with its runbooks on this page.
pub fn built_in(runbooks: &str) -> Vec<Group> {
    let group = |pack: Pack| Group {
        name: Group::named(pack.name),
        rules: pack.rules,
    };
    packs::all_on(runbooks).into_iter().map(group).collect()
}

/// One rule as both engines need it.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Its name.
    pub name: String,
    /// PromQL.
    pub expression: String,
    /// `for`, as Prometheus writes it.
    pub hold: String,
    keep_firing_for: Option<String>,
    /// `severity` first.
    pub labels: Vec<(String, String)>,
    annotations: Vec<(String, String)>,
    /// What has no form there.
    approximated: Vec<String>,
}

impl Exported {
    /// The annotation of this name, a template of Prometheus; empty if there is none.
    pub fn annotation(&self, name: &str) -> &str {
        let found = self.annotations.iter().find(|(one, _)| one == name);
        found.map_or("", |(_, text)| text)
    }
}

/// The groups, with what only Prometheus can see of the exporter at the end; the runbooks of that are
/// on this page.
fn exported(groups: &[Group], runbooks: &str) -> Vec<(String, Vec<Exported>)> {
    let mut all: Vec<_> = groups
        .iter()
        .map(|group| {
            let enabled = group.rules.iter().filter(|rule| rule.enabled);
            (group.name.to_string(), enabled.map(export).collect())
        })
        .filter(|(_, rules): &(_, Vec<_>)| !rules.is_empty())
        .collect();
    all.push((
        "grandstream-exporter".to_owned(),
        seen_from_outside(runbooks),
    ));
    all
}

fn export(rule: &Rule) -> Exported {
    let mut approximated = approximations(rule);
    let mut annotations = Vec::new();
    for (name, text) in rule.annotations.all() {
        match template(text) {
            Some(text) if !text.is_empty() => annotations.push((name.to_owned(), text)),
            Some(_) => {}
            None => approximated.push(format!("the annotation `{name}` is left out")),
        }
    }
    Exported {
        name: rule.name.to_string(),
        expression: promql::expression(rule),
        hold: promql::duration(rule.hold),
        keep_firing_for: (!rule.keep_firing_for.is_zero())
            .then(|| promql::duration(rule.keep_firing_for)),
        labels: rule
            .labels
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        annotations,
        approximated,
    }
}

/// What of a rule has no form in Prometheus.
fn approximations(rule: &Rule) -> Vec<String> {
    let mut found = Vec::new();
    if rule.min_polls > 1 {
        found.push(format!("`min_polls: {}`", rule.min_polls));
    }
    if matches!(rule.when, Condition::Own(_)) {
        return found;
    }
    match rule.on_unknown {
        OnUnknown::Keep => found.push("`on_unknown: keep`".to_owned()),
        OnUnknown::Fire => found.push("`on_unknown: fire`".to_owned()),
        OnUnknown::Resolve => {}
    }
    found
}

/// What Prometheus sees of the exporter and the exporter cannot see of itself. It is known by its
/// series, since nobody knows the name of the scrape job. Its runbooks are on this page.
pub fn seen_from_outside(runbooks: &str) -> Vec<Exported> {
    let critical = |name: &str, expression: &str, hold: &str, texts: [&str; 3]| Exported {
        name: name.to_owned(),
        expression: expression.to_owned(),
        hold: hold.to_owned(),
        keep_firing_for: None,
        labels: vec![("severity".to_owned(), "critical".to_owned())],
        annotations: ["summary", "impact", "first_steps"]
            .into_iter()
            .zip(texts)
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .chain([("runbook_url".to_owned(), packs::runbook(runbooks, name))])
            .collect(),
        approximated: Vec::new(),
    };
    vec![
        critical(
            "ExporterDown",
            "up == 0\nand on (job, instance) count_over_time(grandstream_exporter_build_info[1d])",
            "3m",
            [
                "The exporter at {{ $labels.instance }} does not answer",
                "Nothing is known of its phones, and it sends no alerts.",
                "Look at `systemctl status grandstream-exporter` and its journal.",
            ],
        ),
        critical(
            "ExporterAbsent",
            "absent(grandstream_exporter_build_info)",
            "5m",
            [
                "Prometheus scrapes no grandstream-exporter",
                "Nothing is known of any phone.",
                "Look at the targets of Prometheus: is the exporter still among them?",
            ],
        ),
    ]
}

/// What templates may name, and its form in the templates of Prometheus.
const NAMES: [(&str, &str); 7] = [
    ("phone.name", "$labels.phone"),
    ("phone", "$labels.phone"),
    ("site", "$labels.site"),
    ("account", "$labels.account"),
    ("line", "$labels.line"),
    ("server", "$labels.server"),
    ("receiver", "$labels.receiver"),
];

/// A template of ours as one of Prometheus; `None` where it uses more than names of labels.
fn template(ours: &str) -> Option<String> {
    let mut theirs = String::new();
    let mut rest = ours;
    while let Some((before, inside)) = rest.split_once("{{") {
        let (name, after) = inside.split_once("}}")?;
        let (_, form) = NAMES.iter().find(|(known, _)| *known == name.trim())?;
        theirs.extend([before, "{{ ", form, " }}"]);
        rest = after;
    }
    // Statements of our templates have no counterpart.
    (!rest.contains("{%") && !theirs.contains("{%")).then(|| theirs + rest)
}

/// A string of YAML; JSON's strings are a subset of its double-quoted ones.
fn text(value: &str) -> String {
    serde_json::to_string(value).expect("every text has a form in JSON")
}

/// A text with quotes in it as a string of YAML that people like to read.
pub(crate) fn single_quoted(value: &str) -> String {
    if value.contains(char::is_control) {
        return text(value);
    }
    format!("'{}'", value.replace('\'', "''"))
}

/// A text of several lines as a literal block, indented by so many blanks.
fn block(value: &str, indent: usize) -> String {
    let blanks = " ".repeat(indent);
    let lines: Vec<_> = value
        .lines()
        .map(|line| format!("{blanks}{line}"))
        .collect();
    format!("|-\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::condition::{Own, PhoneCondition};
    use super::*;

    #[test]
    fn templates_that_only_name_labels_have_a_form_in_prometheus() {
        assert_eq!(
            template("{{ phone.name }} at {{site}}").as_deref(),
            Some("{{ $labels.phone }} at {{ $labels.site }}")
        );
        assert_eq!(template("no names").as_deref(), Some("no names"));
        for ours in [
            "{{ cause }}",
            "{{ phone.name | upper }}",
            "{{",
            "{% if a %}",
        ] {
            assert_eq!(template(ours), None, "{ours}");
        }
    }

    #[test]
    fn quotes_are_doubled_in_single_ones_and_control_characters_escaped() {
        assert_eq!(single_quoted(r#"a="b\\""#), r#"'a="b\\"'"#);
        assert_eq!(single_quoted("it's"), "'it''s'");
        assert_eq!(single_quoted("a\u{7}"), r#""a\u0007""#);
    }

    #[test]
    fn what_has_no_form_is_said() {
        let mut rule = Rule::new("A", Condition::Own(Own::Watchdog));
        assert_eq!(approximations(&rule), ["`min_polls: 2`"]);
        rule.min_polls = 1;
        assert_eq!(approximations(&rule), [""; 0]);
        rule.when = Condition::Phone(PhoneCondition::Unreachable);
        assert_eq!(approximations(&rule), ["`on_unknown: keep`"]);
    }
}
