//! The whole program, over real sockets, against the simulated phones.

mod behaviours;
mod canary;
mod config;
mod discover;
mod harness;
mod layers;
mod logins;
mod phone;
mod process;
mod prometheus;
mod sim;
mod truth;
