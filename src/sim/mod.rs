//! The simulated phone: a stateful HTTP server of the whole vendor API, with faults.
//!
//! Written from the vendor's guide and from what is known of its phones; shares no code with the
//! client, so that neither hides the other's mistakes. It serves the integration tests, `demo` and
//! `simulate`.
//!
//! A [`Spec`] becomes a [`Phone`], many become a [`Fleet`]; [`Phone::change`] reaches everything
//! at run time. Inside, a request goes down these steps, all pure but the first:
//!
//! | file | does |
//! |---|---|
//! | `server` | accepts, reads, sends: the only async part |
//! | `exchange` | puts behaviour and faults together: how an answer travels |
//! | `endpoints` | one file a family: request and [`State`] to an answer, and its spelling |
//! | `auth`, `state` | realms, sessions, lockout; accounts, lines, contacts, values |
//! | `wire` | bytes to request, response to bytes |
//!
//! [`behaviour`] holds the knobs, [`fault`](Fault) the faults, [`scenario`] fleets and timed events.

mod auth;
pub mod behaviour;
mod endpoints;
mod exchange;
mod fault;
mod fleet;
pub mod hostile;
mod human;
mod phone;
pub mod scenario;
mod server;
pub mod spec;
pub mod state;
mod wire;

pub use self::behaviour::Behaviour;
pub use self::endpoints::Endpoint;
pub use self::fault::{Fault, Faults};
pub use self::fleet::{Fleet, Layout};
pub use self::phone::Phone;
pub use self::scenario::Scenario;
pub use self::spec::{Account, Spec, User};
pub use self::state::State;
pub use self::wire::Request;
