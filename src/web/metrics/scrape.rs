//! What a page of metrics is made from.

use std::sync::Arc;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::{Moment, Phone};
use crate::web::settings::Settings;

use super::exporter::Exporter;
use super::format::Format;

/// What a page of metrics is made from.
#[derive(Debug)]
pub struct Scrape {
    /// The phones to show, each once.
    pub phones: Vec<Arc<Phone>>,
    /// When they are shown.
    pub now: Moment,
    /// What may be shown of them.
    pub settings: Arc<Settings>,
    /// What is known of alerts.
    pub alerts: Arc<AlertSnapshot>,
    /// The exporter's own values; `None` leaves its families and those of alerts out.
    pub exporter: Option<Exporter>,
    /// In which format.
    pub format: Format,
}
