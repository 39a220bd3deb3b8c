//! The page of alerts: firing, pending and suppressed alerts, then silences, notifications and rules.
//!
//! Changes are forms, shown only to operators. The page has no script, and does not refresh while a
//! silence is written.

mod alerts_table;
mod deliveries;
mod page;
mod rules_table;
mod silences;
#[cfg(test)]
mod tests;
mod view;

pub(in crate::web) use page::alerts;
pub(in crate::web) use view::AlertsView;
