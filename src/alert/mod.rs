//! Alerts: what is worth a word, for how long it must last, and who is told how it ended.
//!
//! A [`Rule`] is a typed [`Condition`] with its patience. It has two forms that mean the same: what
//! it sees of a fleet (`observe`, `group`) and PromQL over the metrics (`promql`), so that the same
//! rules serve the daemon, Prometheus and Grafana. The [`Board`] holds what they make of a fleet
//! (`phase` is the life of one alert); `suppress` says what of it may be said. Everything here is
//! plain data and functions that are pure in `now`.

pub mod board;
pub mod calendar;
pub mod cause;
pub mod clerk;
pub mod command;
pub mod condition;
pub mod event;
pub mod export;
pub mod flap;
pub mod group;
pub mod history;
pub mod inhibit;
pub mod matcher;
pub mod metric;
pub mod notify;
pub mod observe;
pub mod own;
pub mod packs;
pub mod pairs;
pub mod phase;
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
pub mod truth;
pub mod words;

pub use board::{Alert, Board};
pub use condition::Condition;
pub use picture::Picture;
pub use rule::Rule;
pub use settings::Settings;
