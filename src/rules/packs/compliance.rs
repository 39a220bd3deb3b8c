//! The pack `compliance`: are the phones as `expect` in the configuration wants them?

use super::{NONE, Ready, hours, minutes};
use crate::rules::condition::{Condition, PhoneCondition};
use crate::rules::rule::Rule;

/// The program version of a phone (guide: P68).
const FIRMWARE: &str = "68";

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Ready {
            name: "FirmwareMismatch",
            severity: "warning",
            when: drift(&[FIRMWARE], &[]),
            patience: (hours(24), NONE),
            summary: "{{ phone.name }} does not run the wanted firmware",
            impact: "Known faults may be unmended, or a new firmware is not yet approved.",
            first_steps: "Compare its firmware with `expect` for P68; see whether the upgrade \
                          failed or was never offered.",
        }
        .rule(),
        Ready {
            name: "ConfigDrift",
            severity: "warning",
            when: drift(&[], &[FIRMWARE]),
            patience: (minutes(30), NONE),
            summary: "{{ phone.name }} is not configured as wanted",
            impact: "It may behave unlike the other phones.",
            first_steps: "Its page lists the P-values that differ. Provision it again, or correct \
                          `expect`.",
        }
        .rule(),
    ]
}

fn drift(only: &[&str], except: &[&str]) -> Condition {
    let owned = |list: &[&str]| list.iter().map(|one| (*one).into()).collect();
    Condition::Phone(PhoneCondition::PvalueDrift {
        only: owned(only),
        except: owned(except),
    })
}
