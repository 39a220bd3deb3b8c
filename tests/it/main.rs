//! The whole program, over real sockets, against the simulated phones.

mod behaviours;
mod canary;
mod config;
mod container;
mod dependencies;
mod first_hour;
mod golden;
mod harness;
mod layers;
mod logins;
mod package;
mod process;
mod prometheus;
mod readme;
mod sim;
mod systemd;
mod tls;
mod truth;
mod web;
