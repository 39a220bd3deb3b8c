//! grandstream-exporter: a Prometheus exporter and alert daemon for fleets of Grandstream Android desk
//! phones.
//!
//! The map of the house. Imports go from a row to a lower row, never sideways, never up; the test
//! `tests/it/layers.rs` holds it. ARCHITECTURE.md tells the same story with the data flow.
//!
//! | row | module | holds |
//! |---|---|---|
//! | 0 | [`fleet`] | the facts about phones as plain data, and their pure transitions |
//! | 0 | [`sim`] | the simulated phone, written from the vendor's guide alone |
//! | 0 | [`local_files`] | files that daemon and commands share, opened without following links |
//! | 0 | [`tls_client`] | which servers are trusted, and TLS errors in words |
//! | 1 | [`clock`] | the only reader of the wall clock |
//! | 1 | [`config`] | the YAML as written, checked and resolved |
//! | 1 | [`webapi`] | the vendor's Web API as a client |
//! | 1 | [`ledger`] | the login ledger on disk: refusals and what worked |
//! | 1 | [`store`] | what must survive the process, in SQLite |
//! | 1 | [`telemetry`] | what the exporter counts of itself, as metrics of prometheus-client |
//! | 2 | [`poll`] | one task a phone, and the keeper, the only writer of the fleet |
//! | 2 | [`rules`] | alert rules: typed conditions, matchers, PromQL, exports |
//! | 3 | [`alerts`] | what the rules make of a fleet: alerts, suppression, silences, events |
//! | 4 | [`notify`] | notifications: queue, grouping, rendering, sending |
//! | 5 | [`alerting_config`] | `alerting` of the configuration, read and checked |
//! | 6 | [`alert_engine`] | the one task that evaluates, notifies and saves |
//! | 7 | [`web`] | `/metrics`, pages, JSON: functions of a snapshot and the time |
//! | 8 | [`app`] | the wiring: one straight line, owner of every task |
//! | 9 | [`cli`] | one file a subcommand: arguments, environment, printing |

pub mod alert_engine;
pub mod alerting_config;
pub mod alerts;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod fleet;
pub mod ledger;
pub mod local_files;
pub mod notify;
pub mod poll;
pub mod rules;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod tls_client;
pub mod web;
pub mod webapi;
