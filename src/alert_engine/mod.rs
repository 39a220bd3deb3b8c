//! The one task of alerting: evaluates, notifies, saves.
//!
//! [`clerk`] holds alerts, notification queue and store and takes one input after the other, pure in
//! `now`; [`task`] is the thin async shell around it. What it publishes is a [`Picture`].
//!
//! | to see … | go to |
//! |---|---|
//! | what is asked of the task and how it answers | [`command`] |
//! | one turn: evaluation, notifications, persistence | [`clerk`] |
//! | the task, its timers and channels | [`task`] |
//! | what is published, and sent to Alertmanagers from it | [`picture`], `tell` |

pub mod clerk;
pub mod command;
pub mod picture;
pub mod task;
mod tell;

pub use picture::Picture;
