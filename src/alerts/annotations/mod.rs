//! The texts of alerts for people: templates of the rules, filled with what an alert speaks of.
//!
//! Every template is compiled and filled with sample data when the configuration is read: a name
//! that is not there, or has no meaning for what the rule speaks of, is a fault then and not a
//! surprise at night. A template is known by its text, so rules that say the same share it.

mod names;

use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use super::board::{Alert, Rules};
use crate::fleet::{Moment, Phone};
use crate::rules::condition::{Condition, PhoneCondition};
use crate::rules::labels::{self, Pair};

/// Texts of one alert, by name.
pub type Rendered = Vec<Pair>;

/// The compiled templates of all rules.
#[derive(Debug)]
pub struct AnnotationTemplates {
    templates: Environment<'static>,
}

/// The texts of one alert, and how many of them had to be told as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// The texts; empty ones are left out.
    pub texts: Rendered,
    /// Templates that failed.
    pub failed: u64,
}

/// A template that does not compile, or names what is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the annotation `{annotation}` of the rule `{rule}`: {what}")]
pub struct TextFault {
    /// The rule.
    pub rule: Box<str>,
    /// Which of its texts.
    pub annotation: Box<str>,
    /// What is wrong, in the words of the template engine.
    pub what: Box<str>,
}

/// Steps that one template may take: far more than a text for people needs, and over in an instant.
pub const FUEL: u64 = 50_000;

/// Characters that one text may have; the rest is cut off.
pub const LONGEST: usize = 4096;

/// The text that tells which part of a combined condition holds.
pub const CAUSE: &str = "cause";

impl Default for AnnotationTemplates {
    fn default() -> Self {
        let mut templates = strict();
        templates.set_fuel(Some(FUEL));
        Self { templates }
    }
}

impl AnnotationTemplates {
    /// Compiles the texts of all rules and fills them with sample data, so that no template can
    /// fail when it is needed.
    pub fn compile(rules: &Rules) -> Result<Self, Vec<TextFault>> {
        let mut texts = Self::default();
        let mut faults = Vec::new();
        for rule in rules.iter() {
            let rule = &rule.rule;
            let sample = names::sample(rule);
            for (annotation, text) in rule.annotations.all() {
                if let Err(error) = texts.add(text, &sample) {
                    faults.push(TextFault {
                        rule: rule.name.clone(),
                        annotation: annotation.into(),
                        what: in_words(&error, &sample).into(),
                    });
                }
            }
        }
        if faults.is_empty() {
            return Ok(texts);
        }
        Err(faults)
    }

    fn add(&mut self, text: &str, sample: &minijinja::Value) -> Result<(), minijinja::Error> {
        if is_plain(text) {
            return Ok(());
        }
        self.templates
            .add_template_owned(text.to_owned(), text.to_owned())?;
        self.templates.get_template(text)?.render(sample)?;
        Ok(())
    }

    /// The texts of an alert; `phone` is the one it speaks of, where it is still listed. A template
    /// that fails all the same is told as it is written, and counted. Which part of a combined
    /// condition holds is told as `cause`.
    pub fn of(&self, alert: &Alert, phone: Option<&Phone>, now: Moment) -> Filled {
        let cause = names::cause_of(alert, phone, now);
        let names = names::of(alert, phone, cause.clone(), now);
        let mut filled = Filled::default();
        for (name, text) in alert.rule().annotations.all() {
            let told = self.fill(text, &names).unwrap_or_else(|_as_written| {
                filled.failed += 1;
                text.to_owned()
            });
            let told: String = told.chars().take(LONGEST).collect();
            if !told.is_empty() {
                filled.texts.push((name.into(), told.into()));
            }
        }
        let is_told = !labels::text(&filled.texts, CAUSE).is_empty();
        if is_combined(&alert.rule().when) && !cause.is_empty() && !is_told {
            filled.texts.push((CAUSE.into(), cause.into()));
        }
        filled
    }

    fn fill(&self, text: &str, names: &minijinja::Value) -> Result<String, minijinja::Error> {
        if is_plain(text) {
            return Ok(text.to_owned());
        }
        self.templates.get_template(text)?.render(names)
    }
}

/// Templates that refuse unknown names, load nothing, and escape nothing: who prints a text escapes
/// it for where it stands. The caller sets the fuel.
pub(crate) fn strict() -> Environment<'static> {
    let mut templates = Environment::new();
    // So that an error says which name is unknown.
    templates.set_debug(true);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    templates
}

/// Whether the rule looks for several things, so that its name does not say which it found.
fn is_combined(when: &Condition) -> bool {
    matches!(
        when,
        Condition::Phone(PhoneCondition::AnyOf(_) | PhoneCondition::AllOf(_))
    )
}

/// Whether nothing in it is a template.
fn is_plain(text: &str) -> bool {
    !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// What is wrong, and with an unknown name what there is.
pub(crate) fn in_words(error: &minijinja::Error, sample: &minijinja::Value) -> String {
    let mut words = match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    if let Some(line) = error.line().filter(|line| *line > 1) {
        words = format!("line {line}: {words}");
    }
    if error.kind() == ErrorKind::UndefinedError {
        let known = sample.try_iter().into_iter().flatten();
        let known: Vec<_> = known
            .map(|name| match name.as_str() {
                Some("phone") => names::OF_PHONES.to_owned(),
                Some(_) | None => name.to_string(),
            })
            .collect();
        words = format!("{words}; known here are {}", known.join(", "));
    }
    words
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::alerts::annotations::*;
    use crate::alerts::board::Board;
    use crate::alerts::self_monitoring::Health;
    use crate::fleet::sample::{Sample, fleet, minute};
    use crate::rules::condition::{Counted, EachCondition, Fraction, Grouping, Own};
    use crate::rules::packs;
    use crate::rules::rule::{Annotations, Rule};

    fn rule(when: Condition, summary: &str) -> Rule {
        Rule {
            min_polls: 1,
            annotations: Annotations {
                summary: summary.into(),
                ..Annotations::default()
            },
            ..Rule::new("A", when)
        }
    }

    fn unreachable() -> Condition {
        Condition::Phone(PhoneCondition::Unreachable)
    }

    fn unregistered() -> EachCondition {
        EachCondition::AccountNotRegistered { account: None }
    }

    /// What the texts of the first alert are while the phone `a` is like this.
    fn told(rule: Rule, sample: Sample) -> Filled {
        let rules = Arc::new(Rules::new([rule]));
        let texts = AnnotationTemplates::compile(&rules).expect("valid templates");
        let mut board = Board::new(rules);
        let fleet = fleet([sample]);
        let _told = board.after_poll(&fleet, "a", minute(10));
        let _told = board.after_tick(&fleet, &Health::default(), minute(10));
        let alert = board.alerts().next().expect("an alert");
        texts.of(alert, fleet.phone("a").map(|phone| &**phone), minute(10))
    }

    fn summary(rule: Rule, sample: Sample) -> String {
        told(rule, sample).texts[0].1.to_string()
    }

    #[track_caller]
    fn fault(when: Condition, summary: &str, expected: &str) {
        let rules = Rules::new([rule(when, summary)]);
        let faults = AnnotationTemplates::compile(&rules).expect_err("a fault");
        let found: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(found, [expected]);
    }

    #[test]
    fn the_texts_of_all_packs_compile() {
        let rules = packs::all().into_iter().flat_map(|pack| pack.rules);
        let rules = rules.map(|rule| Rule {
            enabled: true,
            ..rule
        });
        assert_eq!(AnnotationTemplates::compile(&Rules::new(rules)).err(), None);
    }

    #[test]
    fn a_text_names_what_the_alert_speaks_of() {
        let template = "{{ phone }} {{ phone.address }} {{ site }} {{ phone.labels.floor }}\
                        {{ phone.labels.none }} {{ labels.phone }} {{ phone.firmware }}, \
                        {{ alertname }} since {{ since }}";
        let sample = Sample::new("a").site("hq").polled(minute(10)).down();
        let sample = sample.with(|place| place.labels = Box::new([("floor".into(), "3".into())]));
        assert_eq!(
            summary(rule(unreachable(), template), sample),
            "a 192.0.2.1 hq 3 a , A since 1970-01-12 13:56 UTC"
        );
        let template = "account {{ account }} at {{ server }}: {{ cause }}";
        let sample = Sample::new("a").polled(minute(10)).account(2, "pbx", false);
        assert_eq!(
            summary(rule(Condition::Each(unregistered()), template), sample),
            "account 2 at pbx: account 2 is not registered"
        );
    }

    #[test]
    fn a_combined_rule_tells_its_cause_unasked() {
        let parts = [
            PhoneCondition::Unreachable,
            PhoneCondition::Any(unregistered()),
        ];
        let when = Condition::Phone(PhoneCondition::AnyOf(Box::new(parts)));
        let filled = told(
            rule(when, "{{ phone.name }} cannot take calls ({{ cause }})"),
            Sample::new("a").polled(minute(10)).down(),
        );
        let texts = [
            (
                "summary".into(),
                "a cannot take calls (does not answer)".into(),
            ),
            ("cause".into(), "does not answer".into()),
        ];
        assert_eq!(filled.texts, texts);
    }

    #[test]
    fn names_without_a_meaning_for_the_rule_are_faults() {
        fault(
            unreachable(),
            "account {{ account }}",
            "the annotation `summary` of the rule `A`: `account` is undefined; known here are \
             alertname, cause, labels, phone.(name|address|site|model|firmware|labels), \
             severity, since, site",
        );
        fault(
            Condition::Own(Own::Watchdog),
            "{{ phone.name }}",
            "the annotation `summary` of the rule `A`: `phone` is undefined; known here are \
             alertname, labels, severity, since",
        );
        let fraction = Fraction {
            of: Counted::Unregistered,
            by: Grouping::Server,
            at_least: 0.5,
            min: 1,
        };
        fault(
            Condition::Fraction(fraction),
            "{{ site }}",
            "the annotation `summary` of the rule `A`: `site` is undefined; known here are \
             alertname, labels, server, severity, since",
        );
    }

    #[test]
    fn a_template_that_is_none_or_runs_away_is_a_fault() {
        fault(
            unreachable(),
            "{{ phone.name",
            "the annotation `summary` of the rule `A`: syntax error: unexpected end of input, \
             expected end of variable block",
        );
        fault(
            unreachable(),
            "\n{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            "the annotation `summary` of the rule `A`: line 2: engine ran out of fuel",
        );
        fault(
            unreachable(),
            "{% include 'secrets' %}",
            "the annotation `summary` of the rule `A`: syntax error: unknown statement include",
        );
    }

    #[test]
    fn a_template_that_fails_when_it_is_needed_is_told_as_it_is_written_and_counted() {
        let template = "{{ 9 // labels.floor|length }}";
        let filled = told(
            rule(unreachable(), template),
            Sample::new("a").polled(minute(10)).down(),
        );
        assert_eq!(filled.failed, 1);
        assert_eq!(&*filled.texts[0].1, template);
    }
}
