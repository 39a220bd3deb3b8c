//! The one task of alerting: evaluates, notifies, saves.
//!
//! [`engine`] holds alerts, notification queue and store and takes one input after the other, pure in
//! `now`; [`task`] is the thin async shell around it. What it publishes is a [`AlertSnapshot`].
//!
//! | to see … | go to |
//! |---|---|
//! | what is asked of the task and how it answers | [`command`] |
//! | one turn: evaluation, notifications, persistence | [`engine`] |
//! | the task, its timers and channels | [`task`] |
//! | what is published, and sent to Alertmanagers from it | [`snapshot`], `tell` |

mod alertmanager_senders;
pub mod command;
pub mod engine;
pub mod snapshot;
pub mod task;

pub use snapshot::AlertSnapshot;
