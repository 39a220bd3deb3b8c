//! What the tests of this room share: a small fleet with its alerts, fleets that say anything, and a
//! strict reader of metrics.

pub(in crate::web) mod arbitrary;
pub(in crate::web) mod exposition_parser;
pub(in crate::web) mod fixture;
pub(in crate::web) mod metrics_page;
pub(in crate::web) mod snapshot;
