//! The canonical form of a condition, and its hash: whether a rule still looks for what it did.
//!
//! What is saved of an alert outlives the program that saved it. A clock that ran under one condition
//! says nothing of another, so the hash is saved with it. It is made of the typed condition alone,
//! in JSON with sorted keys: not of its PromQL, which may be written otherwise any day, nor of how
//! long the rule waits. A test pins the hash of every ready-made rule, so that no change goes
//! unnoticed.

use ring::digest::{SHA256, digest};

use super::condition::Condition;

/// Raised when conditions that are written alike come to mean something else.
const VERSION: &str = "v1";

/// The hash of a condition, as `v1:0123456789abcdef`: the same on every machine and in every version
/// that looks for the same. The first 64 bits are enough: no two conditions that a rule
/// ever had meet by chance.
pub fn hash(condition: &Condition) -> Box<str> {
    let digest = digest(&SHA256, text(condition).as_bytes());
    let first = digest.as_ref().first_chunk();
    let first = u64::from_be_bytes(*first.expect("SHA-256 has 32 bytes"));
    format!("{VERSION}:{first:016x}").into()
}

/// The whole condition in one line; maps of JSON sort their keys.
fn text(condition: &Condition) -> String {
    let form = serde_json::to_value(condition);
    let form = form.expect("a condition is made of names, numbers and lists");
    form.to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fleet::Reason;
    use crate::fleet::reading::Coarse;
    use crate::rules::condition::{
        Comparison, EachCondition, Operator, PhoneCondition, Repeats, Take,
    };
    use crate::rules::metric::Family;
    use crate::rules::packs;

    #[test]
    fn the_hash_of_every_ready_made_condition_is_as_it_was() {
        // A line that changed makes alerts of that rule unconfirmed once, over the upgrade: say so in
        // the changelog, or undo it.
        let rules = packs::all().into_iter().flat_map(|pack| pack.rules);
        let lines: Vec<_> = rules
            .map(|rule| format!("{} {}", hash(&rule.when), rule.name))
            .collect();
        insta::assert_snapshot!("hashes", lines.join("\n"));
    }

    #[test]
    fn the_form_names_what_is_looked_for_and_sorts_it() {
        let family = Family::named("grandstream_lines").expect("a metric");
        let comparison = Comparison {
            family,
            pick: Some("ringing".into()),
            is: Operator::Above,
            bound: 2.5,
            over: Some((Take::Min, Duration::from_secs(90))),
        };
        let parts = [
            PhoneCondition::PollError {
                reasons: Box::new([Reason::Auth, Reason::HttpStatus]),
            },
            PhoneCondition::Any(EachCondition::Metric(comparison)),
            PhoneCondition::Any(EachCondition::LineState {
                state: Coarse::InCall,
            }),
        ];
        let condition = Condition::Phone(PhoneCondition::AnyOf(parts.into()));
        assert_eq!(
            text(&condition),
            r#"{"phone":{"any_of":[{"poll_error":{"reasons":["auth","http_status"]}},{"any":{"metric":{"bound":2.5,"family":"grandstream_lines","is":"above","over":["min",{"nanos":0,"secs":90}],"pick":"ringing"}}},{"any":{"line_state":{"state":"in_call"}}}]}}"#
        );
    }

    #[test]
    fn conditions_that_differ_in_a_number_differ() {
        let flapping = |count| {
            let within = Duration::from_secs(60);
            Condition::Each(EachCondition::RegistrationFlapping(Repeats {
                count,
                within,
            }))
        };
        assert_eq!(hash(&flapping(3)), hash(&flapping(3)));
        assert_ne!(hash(&flapping(3)), hash(&flapping(4)));
    }
}
