//! Pages for people: the fleet, one phone, alerts, runbooks, the configuration.
//!
//! They are functions of a snapshot and the time, without script, and each is bounded: long lists are
//! paginated or truncated. What is wrong is told in words and shapes, not by colour alone.

mod alert_cells;
mod alerts;
mod badges;
mod components;
mod config;
mod fleet;
mod layout;
mod pagination;
mod phone;
mod phone_problems;
mod phone_readings;
mod runbooks;

pub(super) use alerts::{AlertsView, alerts};
pub(super) use config::config;
pub(super) use fleet::fleet;
pub(super) use layout::{STYLE, action_failed};
pub(super) use phone::{HISTORY, MAX_HISTORY, PhoneView, phone};
pub(super) use runbooks::runbooks;
