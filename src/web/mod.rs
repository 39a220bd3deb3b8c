//! `/metrics`, pages and JSON: functions of a snapshot and the time, behind a bounded HTTP server.
//!
//! [`serve`] answers on sockets that [`bind`] opened. Snapshots come in by `watch` and are never changed
//! here; requests (poll now, reload, commands) go out over bounded channels as plain data.
//!
//! | file | holds |
//! |---|---|
//! | `inputs`, `settings`, `limits` | what the server is wired to |
//! | `server`, `peer`, `connections`, `write_timeout`, `listen` | connections and their limits |
//! | `server_config`, `tls`, `basic_auth`, `csrf`, `access`, `peer_user` | authentication, CSRF, and who may change what |
//! | `service`, `route`, `query`, `negotiate`, `request_body`, `response`, `body` | from a request to its response |
//! | `metrics`, `streaming`, `json_list` | what is as long as the fleet, chunk by chunk |
//! | `pages`, `humanize`, `phone_health` | pages for people |
//! | `api`, `http_sd`, `probe`, `ready`, `degraded`, `reload` | endpoints for programs |
//! | `alerting`, `actions` | alerts, silences, events and notifications for programs, and the actions on them |

mod access;
mod actions;
mod alerting;
mod api;
mod basic_auth;
mod body;
mod connections;
mod csrf;
mod degraded;
mod http_sd;
mod humanize;
mod inputs;
mod json_list;
mod limits;
mod listen;
pub mod metrics;
mod negotiate;
mod pages;
mod peer;
mod peer_user;
mod phone_health;
mod probe;
mod query;
mod ready;
mod reload;
mod request_body;
mod request_metrics;
mod response;
mod route;
mod server;
mod server_config;
mod service;
mod settings;
pub mod streaming;
#[cfg(test)]
mod testing;
mod tls;
mod write_timeout;

pub use inputs::Inputs;
pub use limits::Limits;
pub use listen::bind;
pub use peer::Peer;
pub use request_metrics::{Handler, RequestMetrics};
pub use server::{Listeners, serve};
pub use server_config::ServerConfig;
pub use settings::{ConfigSummary, Settings};
