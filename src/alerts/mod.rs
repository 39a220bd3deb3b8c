//! Alerts: what the rules make of a fleet, and what suppresses it.
//!
//! The [`Board`] holds every pending and firing alert; a step evaluates all rules on a snapshot of the
//! fleet and moves each alert through its phases. Pure in `now`: no clock, no I/O.
//!
//! | to see … | go to |
//! |---|---|
//! | alerts, their life, how they are saved and restored | [`board`], [`phase`], [`identity`] |
//! | how a condition is evaluated on phones, groups, the daemon | [`evaluate`], [`history`], [`self_monitoring`] |
//! | what suppresses an alert | [`suppress`], [`inhibition`], [`silence`], [`flap`] |
//! | annotations, and what caused an alert | [`annotations`], [`explain_condition`] |
//! | what happened to a phone | [`event`] |

pub mod annotations;
pub mod board;
pub mod evaluate;
pub mod event;
pub mod explain_condition;
pub mod flap;
pub mod history;
pub mod identity;
pub mod inhibition;
pub mod phase;
pub mod self_monitoring;
pub mod silence;
pub mod suppress;

pub use board::{Alert, Board};
