//! What the exporter says of itself: the registry of what it counts, and what it sees when the page
//! is asked for.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit::{Bytes, Seconds};

use crate::fleet::command::ReloadStatus;
use crate::fleet::moment::epoch_seconds;
use crate::fleet::totals::{SkipReason, Totals};

use super::process::Process;
use super::snapshot_families::{Families, unlabelled};

/// The exporter's own values at one moment.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// What is counted as it happens.
    pub registry: Arc<Registry>,
    /// What the polls of all phones added up to.
    pub totals: Totals,
    /// Phones in the fleet, whichever of them are shown.
    pub phones: usize,
    /// How reading the configuration went.
    pub reload: ReloadStatus,
    /// Whether the login ledger is on disk; `None` where it is kept in memory on purpose.
    pub ledger_on_disk: Option<bool>,
    /// The process; `None` where the system does not tell.
    pub process: Option<Process>,
}

/// What was seen when the page was asked for.
#[derive(Debug)]
pub(super) struct Seen {
    totals: Totals,
    phones: usize,
    reload: ReloadStatus,
    ledger_on_disk: Option<bool>,
    process: Option<Process>,
    /// Samples of phones on the page.
    series: u64,
}

impl Seen {
    pub(super) fn of(exporter: &Exporter, series: u64) -> Self {
        Self {
            totals: exporter.totals,
            phones: exporter.phones,
            reload: exporter.reload,
            ledger_on_disk: exporter.ledger_on_disk,
            process: exporter.process,
            series,
        }
    }

    fn own(&self, out: &mut Families<'_>) -> fmt::Result {
        out.gauge(
            "grandstream_exporter_config_last_reload_successful",
            None,
            "Whether the last attempt to read the configuration succeeded.",
            Some(u32::from(self.reload.successful)),
        )?;
        out.gauge(
            "grandstream_exporter_config_last_reload_success_timestamp",
            Some(&Seconds),
            "When the configuration was last read without errors.",
            Some(epoch_seconds(self.reload.last_success.wall)),
        )?;
        out.gauge(
            "grandstream_exporter_login_ledger_persisted",
            None,
            "Whether the login ledger is on disk; absent where it is kept in memory on purpose.",
            self.ledger_on_disk.map(u32::from),
        )?;
        out.gauge(
            "grandstream_exporter_phones",
            None,
            "Phones that this exporter polls.",
            Some(self.phones),
        )?;
        let skips = SkipReason::ALL.map(|reason| {
            let labels = [("reason", reason.label())];
            (labels, self.totals.skips(reason))
        });
        out.counters(
            "grandstream_exporter_polls_skipped",
            "Polls that were skipped, by reason.",
            skips,
        )?;
        out.gauge(
            "grandstream_exporter_series",
            None,
            "Series of phones on this page.",
            Some(self.series),
        )
    }
}

impl Collector for Seen {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Families(encoder);
        self.own(&mut out)?;
        match &self.process {
            Some(process) => of_process(process, &mut out),
            None => Ok(()),
        }
    }
}

/// The names are those of Prometheus' client libraries.
fn of_process(process: &Process, out: &mut Families<'_>) -> fmt::Result {
    let help = "Processor time spent in user and system mode.";
    let cpu = ConstCounter::new(process.cpu_seconds);
    out.family(("process_cpu", Some(&Seconds), help), [unlabelled(cpu)])?;
    out.gauge(
        "process_resident_memory",
        Some(&Bytes),
        "Memory held in RAM.",
        Some(process.resident_bytes),
    )?;
    out.gauge(
        "process_virtual_memory",
        Some(&Bytes),
        "Size of the address space.",
        Some(process.virtual_bytes),
    )?;
    out.gauge(
        "process_open_fds",
        None,
        "Open file descriptors.",
        process.open_fds,
    )?;
    out.gauge(
        "process_max_fds",
        None,
        "Maximum number of open file descriptors.",
        process.max_fds,
    )?;
    out.gauge(
        "process_start_time",
        Some(&Seconds),
        "When the process started.",
        process.start_seconds,
    )
}
