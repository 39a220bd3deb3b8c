//! The whole program, over real sockets, against the simulated phones.

mod behaviours;
mod canary;
mod config;
mod differential;
mod discover;
mod golden;
mod harness;
mod layers;
mod list;
mod logins;
mod office;
mod phone;
mod process;
mod prometheus;
mod readme;
mod reference;
mod rules;
mod sim;
mod tls;
mod truth;
mod web;
