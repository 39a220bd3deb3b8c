//! The whole program, over real sockets, against the simulated phones.

mod behaviours;
mod canary;
mod config;
mod golden;
mod harness;
mod layers;
mod listener;
mod logins;
mod process;
mod prometheus;
mod readme;
mod sim;
mod truth;
mod web;
