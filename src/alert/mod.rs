//! Alerts: what is worth a word, for how long it must last, and who is told how it ended.
//!
//! A [`Rule`] is a typed [`Condition`] with its patience. It has two forms that mean the same: what
//! it sees of a fleet and PromQL over the metrics, so that the same rules serve the daemon, Prometheus
//! and Grafana. The [`Board`] holds what they make of a fleet. All of that is plain data and functions
//! that are pure in `now`; [`clerk`] has board, messages and store in one hand, and [`task`] is the
//! thin shell around it. What the task publishes is a [`Picture`].
//!
//! | to see … | go to |
//! |---|---|
//! | what a rule is, and what it can look for | [`rule`], [`condition`], [`metric`], [`phone_selector`], [`packs`] |
//! | how a condition is seen on phones, groups, the daemon | [`observe`], [`group`], [`own`], [`history`], [`truth`] |
//! | the same as PromQL, and as files for others | [`promql`], [`export`] |
//! | an alert, what tells it from others, and its life | [`board`], [`identity`], [`phase`], [`subject`], [`severity`], [`pairs`] |
//! | whether a rule still looks for what it did | [`canonical`] |
//! | how alerts are selected by their labels | [`matcher`], its texts [`escape`] |
//! | what keeps it from being said | [`suppress`], [`silence`], [`inhibit`], [`flap`], [`time_interval`] |
//! | its words for people | [`texts`], [`cause`]; of its rule [`words`]; of a phone's past [`event`] |
//! | who is told what, when and how; when a reminder is due | [`notify`] |
//! | what is asked of the task, done, kept over a restart | [`command`], [`clerk`], [`task`] |
//! | what is published, and what is told from it in rounds | [`picture`], `tell` |
//! | how `alerting` of the configuration is read | [`settings`] |

pub mod board;
pub mod canonical;
pub mod cause;
pub mod clerk;
pub mod command;
pub mod condition;
pub mod escape;
pub mod event;
pub mod export;
pub mod flap;
pub mod group;
pub mod history;
pub mod identity;
pub mod inhibit;
pub mod matcher;
pub mod metric;
pub mod notify;
pub mod observe;
pub mod own;
pub mod packs;
pub mod pairs;
pub mod phase;
pub mod phone_selector;
pub mod picture;
pub mod promql;
pub mod rule;
#[cfg(test)]
mod sample;
pub mod settings;
pub mod severity;
pub mod silence;
pub mod subject;
pub mod suppress;
pub mod task;
mod tell;
pub mod texts;
pub mod time_interval;
pub mod truth;
pub mod words;

pub use board::{Alert, Board};
pub use condition::Condition;
pub use picture::Picture;
pub use rule::Rule;
pub use settings::Settings;
