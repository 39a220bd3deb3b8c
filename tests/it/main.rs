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
mod privacy;
mod process;
mod prometheus;
mod readme;
mod reference;
mod rules;
mod seats;
mod sim;
mod status;
mod tls;
mod truth;
mod web;
