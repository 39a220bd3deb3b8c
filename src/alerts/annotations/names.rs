//! What a template may name, for what a rule speaks of.
//!
//! A rule of phones may name the phone, one of accounts the account too, one of sites the site. A
//! label that is missing is empty, as it is everywhere; a name that has no meaning is not there.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};

use crate::alerts::board::Alert;
use crate::alerts::explain_condition::cause;
use crate::fleet::{Moment, Phone};
use crate::rules::condition::{Condition, Grouping, Own, Scope};
use crate::rules::describe_rule::at;
use crate::rules::labels;
use crate::rules::rule::Rule;

/// What may be asked of a phone.
pub(super) const OF_PHONES: &str = "phone.(name|address|site|model|firmware|labels)";

/// Which part of the condition of an alert of a phone holds.
pub(super) fn cause_of(alert: &Alert, phone: Option<&Phone>, now: Moment) -> String {
    let words = |phone| cause(&alert.rule().when, &alert.subject, phone, now);
    phone.map(words).unwrap_or_default()
}

/// The names of an alert with their values.
pub(super) fn of(alert: &Alert, phone: Option<&Phone>, cause: String, now: Moment) -> Value {
    let label = |name: &str| labels::text(&alert.labels, name).to_owned();
    let labels = alert.labels.iter().cloned().collect();
    let speech = Speech {
        phone: Named::of(phone, alert.subject.phone().unwrap_or_default(), now),
        labels: Labels::Known(labels),
        label: &label,
        cause,
        since: alert.active_at.wall,
    };
    speech.names(alert.rule())
}

/// The names of a rule with made-up values.
pub(super) fn sample(rule: &Rule) -> Value {
    let label = |name: &str| match name {
        "account" | "line" => "1".to_owned(),
        _ => format!("some {name}"),
    };
    let speech = Speech {
        phone: Named {
            name: "reception".into(),
            address: "192.0.2.21".into(),
            site: "hq".into(),
            model: "GXV3370".into(),
            firmware: "1.0.3.30".into(),
            labels: Value::from_object(Labels::Any),
        },
        labels: Labels::Any,
        label: &label,
        cause: "does not answer".into(),
        since: Timestamp::UNIX_EPOCH,
    };
    speech.names(rule)
}

/// Everything that can be named.
struct Speech<'a> {
    phone: Named,
    labels: Labels,
    label: &'a dyn Fn(&str) -> String,
    cause: String,
    since: Timestamp,
}

impl Speech<'_> {
    /// What has a meaning for this rule.
    fn names(self, rule: &Rule) -> Value {
        let text = |name: &'static str| (name, Value::from((self.label)(name)));
        let mut names = BTreeMap::from([
            text("alertname"),
            text("severity"),
            ("labels", Value::from_object(self.labels)),
            ("since", Value::from(at(self.since))),
        ]);
        match &rule.when {
            Condition::Phone(_) | Condition::Each(_) => {
                names.extend([text("site"), ("cause", Value::from(self.cause))]);
                names.insert("phone", Value::from_object(self.phone));
            }
            Condition::Fraction(fraction) => match &fraction.by {
                Grouping::Label(label) if **label == *"site" => names.extend([text("site")]),
                Grouping::Server => names.extend([text("server")]),
                Grouping::Label(_) | Grouping::Fleet => {}
            },
            Condition::Own(Own::NotifierFailing { .. }) => names.extend([text("receiver")]),
            Condition::Own(_) => {}
        }
        match rule.scope() {
            Scope::Account => names.extend([text("account"), text("server")]),
            Scope::Line => names.extend([text("line")]),
            Scope::Phone | Scope::Group | Scope::Daemon => {}
        }
        Value::from(names)
    }
}

/// A phone in a template: its name where it stands alone, else what is asked of it.
#[derive(Debug)]
struct Named {
    name: Box<str>,
    address: Box<str>,
    site: Box<str>,
    model: Box<str>,
    firmware: Box<str>,
    labels: Value,
}

impl Named {
    /// Of a phone that is no longer listed only the name is left; what it does not tell is empty.
    fn of(phone: Option<&Phone>, name: &str, now: Moment) -> Self {
        let place = phone.map(|phone| &phone.place);
        let values = phone.and_then(|phone| phone.values(now));
        let text = |text: Option<&crate::fleet::Text>| {
            text.map(|text| Box::from(text.as_str()))
                .unwrap_or_default()
        };
        let labels = place.map(|place| place.labels.iter().cloned().collect());
        Self {
            name: name.into(),
            address: place.map(|place| place.address.clone()).unwrap_or_default(),
            site: place
                .and_then(|place| place.site.clone())
                .unwrap_or_default(),
            model: text(values.and_then(|values| values.model())),
            firmware: text(values.and_then(|values| values.firmware())),
            labels: Value::from_object(Labels::Known(labels.unwrap_or_default())),
        }
    }
}

impl Object for Named {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let text = match key.as_str()? {
            "name" => &self.name,
            "address" => &self.address,
            "site" => &self.site,
            "model" => &self.model,
            "firmware" => &self.firmware,
            "labels" => return Some(self.labels.clone()),
            _ => return None,
        };
        Some(Value::from(&**text))
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// Labels in a template.
#[derive(Debug)]
enum Labels {
    /// These; any other is empty.
    Known(BTreeMap<Box<str>, Box<str>>),
    /// Every label has some value.
    Any,
}

impl Object for Labels {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        Some(Value::from(match &**self {
            Self::Known(labels) => labels.get(key).map_or("", |value| value),
            Self::Any => "some value",
        }))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &**self {
            Self::Known(labels) => {
                Enumerator::Values(labels.keys().map(|key| Value::from(&**key)).collect())
            }
            Self::Any => Enumerator::Values(vec![Value::from("label")]),
        }
    }
}
