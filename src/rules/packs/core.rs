//! The pack `core`: can people make and take calls?

use super::{NONE, Ready, days, hours, minutes};
use crate::rules::condition::{
    Condition, Counted, EachCondition, Fraction, Grouping, PhoneCondition, Repeats,
};
use crate::rules::rule::{OnUnknown, Rule};

pub(super) fn rules() -> Vec<Rule> {
    let mut rules = outages();
    rules.extend(registrations());
    rules.extend(troubles());
    rules.extend(boots_and_clocks());
    rules
}

/// What explains everything below it.
fn outages() -> Vec<Rule> {
    let outages = vec![
        Ready {
            name: "PollerIsolated",
            severity: "critical",
            when: unreachable(Grouping::Fleet, 1.0, 5),
            patience: (minutes(2), NONE),
            summary: "No phone answers the exporter",
            impact: "Nothing is known of any phone; they may well be working.",
            first_steps: "Check the network of the machine that runs the exporter: its link, \
                          route, VLAN and firewall. Only if these are fine look at the phones.",
        },
        Ready {
            name: "SiteOutage",
            severity: "critical",
            when: unreachable(Grouping::Label("site".into()), 0.5, 3),
            patience: (minutes(2), minutes(5)),
            summary: "Many phones at {{ site }} do not answer",
            impact: "People there probably cannot make or take calls.",
            first_steps: "Check uplink, power and PoE switches of the site; ask somebody there \
                          whether the displays are on.",
        },
        Ready {
            name: "PhoneUnreachable",
            severity: "critical",
            when: Condition::Phone(PhoneCondition::Unreachable),
            patience: (minutes(5), minutes(2)),
            summary: "{{ phone.name }} does not answer",
            impact: "The phone is off, away, or cut off; nobody can call there.",
            first_steps: "Check power, cable and switch port; ping its address; see on its page \
                          how the last polls failed.",
        },
    ];
    let rules = outages.into_iter().map(Ready::rule);
    rules
        .map(|rule| Rule {
            inhibits_below: true,
            ..rule
        })
        .collect()
}

fn registrations() -> Vec<Rule> {
    vec![
        Ready {
            name: "MassUnregistered",
            severity: "critical",
            when: Condition::Fraction(Fraction {
                of: Counted::Unregistered,
                by: Grouping::Server,
                at_least: 0.3,
                min: 5,
            }),
            patience: (minutes(2), minutes(5)),
            summary: "Many accounts are not registered at {{ server }}",
            impact: "It is the SIP server or the way to it, not the phones: calls fail for many.",
            first_steps: "Check the SIP server, its name in DNS, its certificate and the firewall \
                          between it and the phones.",
        }
        .rule(),
        Ready {
            name: "AccountUnregistered",
            severity: "critical",
            when: Condition::Each(EachCondition::AccountNotRegistered { account: None }),
            patience: (minutes(3), minutes(2)),
            summary: "Account {{ account }} of {{ phone.name }} is not registered",
            impact: "The phone cannot be called on this account. A phone goes on saying \
                     \"registered\" until its next REGISTER fails, so calls may have failed for a \
                     while.",
            first_steps: "Check the account on the SIP server (locked, wrong password, moved), \
                          then the SIP settings of the phone.",
        }
        .rule(),
        Ready {
            name: "RegistrationFlapping",
            severity: "warning",
            when: Condition::Each(EachCondition::RegistrationFlapping(Repeats {
                count: 6,
                within: minutes(30),
            })),
            patience: (NONE, minutes(15)),
            summary: "Account {{ account }} of {{ phone.name }} loses its registration again and \
                      again",
            impact: "Calls to it fail now and then.",
            first_steps: "Look for packet loss, a NAT that forgets too early, or two devices with \
                          the same account.",
        }
        .at_once(),
    ]
}

fn troubles() -> Vec<Rule> {
    vec![
        Ready {
            name: "PhoneNotReadable",
            severity: "warning",
            when: Condition::Phone(PhoneCondition::NotReadable),
            patience: (minutes(5), minutes(2)),
            summary: "{{ phone.name }} answers, but does not let its state be read",
            impact: "The phone may work; whether it is registered is not known.",
            first_steps: "See on its page which reads fail and why; run `probe` on it.",
        }
        .rule(),
        Ready {
            name: "PhoneUnstable",
            severity: "warning",
            when: Condition::Phone(PhoneCondition::UnreachableRatio {
                over: minutes(30),
                above: 0.5,
            }),
            patience: (minutes(5), minutes(15)),
            summary: "{{ phone.name }} misses more than half of its polls",
            impact: "Calls break off or fail now and then.",
            first_steps: "On Wi-Fi check signal and roaming; on cable check for errors at the \
                          switch port.",
        }
        .rule(),
        Ready {
            name: "PhoneDataStale",
            severity: "warning",
            when: Condition::Phone(PhoneCondition::DataOlderThan { age: minutes(30) }),
            patience: (minutes(5), NONE),
            summary: "{{ phone.name }} was not read for half an hour",
            impact: "What is shown of this phone is old.",
            first_steps: "See on its page why polls fail. If they succeed, the exporter is stuck: \
                          restart it and report it.",
        }
        .rule(),
        Ready {
            name: "PortableNotSeen",
            severity: "info",
            when: Condition::Phone(PhoneCondition::NotSeenFor { age: days(7) }),
            patience: (NONE, NONE),
            summary: "{{ phone.name }} was not seen for a week",
            impact: "A portable phone may be lost, broken or forgotten in a drawer.",
            first_steps: "Ask its owner; remove it from the list if it is gone.",
        }
        .at_once(),
    ]
}

fn boots_and_clocks() -> Vec<Rule> {
    vec![
        Ready {
            name: "PhoneRebootLoop",
            severity: "warning",
            when: Condition::Phone(PhoneCondition::RebootLoop(Repeats {
                count: 3,
                within: hours(1),
            })),
            patience: (NONE, minutes(30)),
            summary: "{{ phone.name }} reboots again and again",
            impact: "Calls break off; the phone is away for a minute or two each time.",
            first_steps: "Check PoE budget and cable; look for a provisioning server that makes \
                          it reboot, or a failing firmware upgrade.",
        }
        .at_once(),
        Rule {
            // A boot that is no longer read about is old news.
            on_unknown: OnUnknown::Resolve,
            ..Ready {
                name: "PhoneRebooted",
                severity: "info",
                when: Condition::Phone(PhoneCondition::Rebooted {
                    within: minutes(15),
                }),
                patience: (NONE, NONE),
                summary: "{{ phone.name }} has rebooted",
                impact: "Calls at that moment broke off.",
                first_steps: "None if it was planned. If several phones of a switch rebooted, \
                              check its power.",
            }
            .at_once()
        },
        Ready {
            name: "ClockSkew",
            severity: "warning",
            when: Condition::Phone(PhoneCondition::ClockOffset { over: minutes(3) }),
            patience: (minutes(30), NONE),
            summary: "The clock of {{ phone.name }} is wrong",
            impact: "Call lists show wrong times; TLS fails when the clock is far off.",
            first_steps: "Check the NTP server and the time zone of the phone, and `time_zone` in \
                          the configuration.",
        }
        .rule(),
    ]
}

fn unreachable(by: Grouping, at_least: f64, min: u32) -> Condition {
    Condition::Fraction(Fraction {
        of: Counted::Unreachable,
        by,
        at_least,
        min,
    })
}
