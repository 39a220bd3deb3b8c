//! What the system says of this process, from `/proc/self`.
//!
//! The names are those of Prometheus' client libraries ("Process metrics").

use procfs::process::LimitValue;

/// One look at this process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// Processor time spent so far, in seconds.
    pub cpu_seconds: f64,
    /// Memory held in RAM, in bytes.
    pub resident_bytes: u64,
    /// Address space, in bytes.
    pub virtual_bytes: u64,
    /// Open file descriptors.
    pub open_fds: Option<usize>,
    /// How many there may be; `None` without a limit.
    pub max_fds: Option<u64>,
    /// When it started, in seconds since the epoch.
    pub start_seconds: Option<f64>,
}

impl Process {
    /// Looks now; `None` where `/proc` is not there.
    pub fn look() -> Option<Self> {
        let process = procfs::process::Process::myself().ok()?;
        let stat = process.stat().ok()?;
        let ticks = seconds(procfs::ticks_per_second());
        let max_fds =
            process
                .limits()
                .ok()
                .and_then(|limits| match limits.max_open_files.soft_limit {
                    LimitValue::Unlimited => None,
                    LimitValue::Value(limit) => Some(limit),
                });
        let booted = procfs::boot_time_secs().ok();
        Some(Self {
            cpu_seconds: seconds(stat.utime + stat.stime) / ticks,
            resident_bytes: stat.rss * procfs::page_size(),
            virtual_bytes: stat.vsize,
            open_fds: process.fd_count().ok(),
            max_fds,
            start_seconds: booted.map(|booted| seconds(booted) + seconds(stat.starttime) / ticks),
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53: three hundred million years of seconds"
)]
fn seconds(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_descriptors_and_a_start() {
        let process = Process::look().expect("the tests run where /proc is");
        assert!(process.resident_bytes > 100_000);
        assert!(process.virtual_bytes >= process.resident_bytes);
        assert!(process.open_fds.is_some_and(|fds| fds >= 3));
        // 2020-01-01: a start that is not on the wall clock would be far below.
        assert!(process.start_seconds.is_some_and(|at| at > 1_577_836_800.0));
    }
}
