//! The pack `security`: can the phones be trusted, and does the exporter stay welcome?

use super::{NONE, Ready, days, hours, minutes};
use crate::fleet::Reason;
use crate::rules::condition::{Condition, PhoneCondition, Weakness};
use crate::rules::rule::Rule;

pub(super) fn rules() -> Vec<Rule> {
    let mut rules = logins();
    rules.extend(certificates());
    rules.extend(postures());
    rules
}

fn logins() -> Vec<Rule> {
    vec![
        Ready {
            name: "PhoneLoginLocked",
            severity: "critical",
            when: failed(Reason::Locked),
            patience: (NONE, NONE),
            summary: "{{ phone.name }} has locked logins",
            impact: "Nobody can log in to the phone, and its state cannot be read.",
            first_steps: "Wait until the lock ends or reboot the phone. Find out who tried wrong \
                          passwords: the exporter stops well before a phone locks.",
        }
        .at_once(),
        Ready {
            name: "PhoneAuthRejected",
            severity: "warning",
            when: failed(Reason::Auth),
            patience: (NONE, NONE),
            summary: "{{ phone.name }} refuses the configured password",
            impact: "Its state cannot be read. Logins are held back so that the phone does not \
                     lock itself; what needs no login is still read.",
            first_steps: "Correct the password file; the next poll uses it at once.",
        }
        .at_once(),
        Ready {
            name: "IdentityChanged",
            severity: "warning",
            when: failed(Reason::Identity),
            patience: (NONE, NONE),
            summary: "Another device answers in place of {{ phone.name }}",
            impact: "Nothing of that device is shown, and no password is sent to it.",
            first_steps: "If the phone was replaced, correct `mac`; else find out what took its \
                          address.",
        }
        .at_once(),
    ]
}

fn certificates() -> Vec<Rule> {
    vec![
        Ready {
            name: "CertificateExpired",
            severity: "critical",
            when: expires(NONE),
            patience: (NONE, NONE),
            summary: "The certificate of {{ phone.name }} has expired",
            impact: "Whoever checks it refuses to talk to the phone.",
            first_steps: "Renew the certificate of the phone.",
        }
        .at_once(),
        Ready {
            name: "CertificateExpiring",
            severity: "warning",
            when: expires(days(21)),
            patience: (hours(1), NONE),
            summary: "The certificate of {{ phone.name }} expires within three weeks",
            impact: "After that, whoever checks it refuses to talk to the phone.",
            first_steps: "Renew the certificate of the phone.",
        }
        .at_once(),
    ]
}

/// Off until asked for: plain HTTP and unchecked certificates are what these phones come with.
fn postures() -> Vec<Rule> {
    let postures = vec![
        Ready {
            name: "PlainHTTP",
            severity: "info",
            when: Condition::Phone(PhoneCondition::Posture(Weakness::PlainHttp)),
            patience: (hours(1), NONE),
            summary: "{{ phone.name }} is spoken to without TLS",
            impact: "Who listens in on the network sees its state and can take over the session.",
            first_steps: "Switch the phone to HTTPS and set `scheme: https`.",
        },
        Ready {
            name: "TlsUnverified",
            severity: "info",
            when: Condition::Phone(PhoneCondition::Posture(Weakness::TlsUnverified)),
            patience: (hours(1), minutes(5)),
            summary: "The certificate of {{ phone.name }} is not checked",
            impact: "Another device could take its place unnoticed.",
            first_steps: "Set `tls.fingerprints_sha256` or `tls.ca_file`.",
        },
    ];
    let rules = postures.into_iter().map(Ready::at_once);
    rules
        .map(|rule| Rule {
            enabled: false,
            ..rule
        })
        .collect()
}

fn failed(reason: Reason) -> Condition {
    Condition::Phone(PhoneCondition::PollError {
        reasons: Box::new([reason]),
    })
}

fn expires(within: std::time::Duration) -> Condition {
    Condition::Phone(PhoneCondition::CertificateExpires { within })
}
