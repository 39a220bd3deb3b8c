//! Tests of the whole page of metrics: against prometheus-client, and of its names.

mod client_library;
mod naming;
