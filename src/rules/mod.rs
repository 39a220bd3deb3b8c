//! Alert rules: what they look for, and the same as PromQL.
//!
//! A [`Rule`] is a typed [`Condition`] with its labels, annotations and `for` duration. It has two
//! forms that mean the same: what `alerts` evaluates on a fleet, and PromQL over the metrics, so that
//! the same rules serve the daemon, Prometheus and Grafana. Plain data and pure functions.
//!
//! | to see … | go to |
//! |---|---|
//! | what a rule is, and what it can look for | [`rule`], [`condition`], [`metric`] |
//! | the built-in rules | [`packs`] |
//! | which phones a rule covers (`where`), how phones are grouped | [`phone_selector`], [`group`] |
//! | how alerts are selected by their labels | [`matcher`], [`escape`] |
//! | inhibition rules, time intervals | [`inhibit`], [`time_interval`] |
//! | PromQL, and files for Prometheus, Grafana and Alertmanager | [`promql`], [`export`] |
//! | whether a rule still looks for what it did | [`canonical`] |
//! | a rule described to people | [`describe_rule`] |

pub mod canonical;
pub mod condition;
pub mod describe_rule;
pub mod escape;
pub mod export;
pub mod group;
pub mod inhibit;
pub mod labels;
pub mod matcher;
pub mod metric;
pub mod packs;
pub mod phone_selector;
pub mod promql;
pub mod rule;
pub mod severity;
pub mod subject;
pub mod time_interval;
pub mod tristate;

pub use condition::Condition;
pub use rule::Rule;
