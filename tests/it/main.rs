//! The whole program, over real sockets, against the simulated phones.

mod differential;
mod layers;
mod rules;
