//! The whole program, over real sockets, against the simulated phones.

mod layers;
mod rules;
