//! The whole program, over real sockets, against the simulated phones.

mod web;
