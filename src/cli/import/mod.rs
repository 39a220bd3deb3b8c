//! `phones import`: adds phones from other sources to a CSV list.
//!
//! The changes are shown first and written after a confirmation. Of an existing row only the address
//! changes, and only if its MAC is found elsewhere; rows are added at the end and none is removed. One
//! file a format turns text into devices, `plan` compares them with the list, `csv_list` makes the new
//! text; all of that is pure. This file reads, shows, asks and writes.

mod atomic_write;
mod column_values;
mod csv_list;
mod csv_spans;
mod device;
mod diff;
mod dnsmasq;
mod file_sd;
mod inventory_csv;
mod isc_dhcpd;
mod kea;
mod leases;
mod plan;
mod provisioning_dir;
mod source;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use self::column_values::{ColumnValue, ColumnValues};
use self::csv_list::CsvList;
use self::device::Device;
use self::plan::{Plan, plan};
use self::source::Format;
use super::{UsageError, address, mac, prompt};
use crate::rules::describe_rule::count;

/// Import phones from an inventory or a DHCP server into a list; shows the changes first
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter phones import --from dnsmasq /var/lib/misc/dnsmasq.leases --into phones.csv --set group=lyon"
)]
pub(super) struct Args {
    /// Format of the source
    #[arg(long, value_name = "FORMAT")]
    from: Format,
    /// The file, or the directory for provisioning-dir
    source: PathBuf,
    /// The CSV list of phones; created if missing
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/grandstream-exporter/phones.csv"
    )]
    into: PathBuf,
    /// Value of a column that the source lacks, for new rows; `{mac}` is the twelve digits of the
    /// device. Rows with another site, group or credential than set here are not reported as gone
    #[arg(long, value_name = "COLUMN=VALUE")]
    set: Vec<ColumnValue>,
    /// Another MAC prefix of the vendor, e.g. 00:0b:82
    #[arg(long, value_name = "PREFIX", value_parser = mac::prefix)]
    oui: Vec<Box<str>>,
    /// Write without confirmation
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let into = args.into.display();
    let devices = source::devices(args.from, &args.source)
        .with_context(|| format!("failed to import from {}", args.source.display()))?;
    let before = text_of(&args.into)?;
    let column_values = ColumnValues(&args.set);
    let list = column_values
        .list(before.clone().unwrap_or_default())
        .map_err(|error| UsageError(format!("failed to import into {into}: {error}")))?;
    let all = devices.len();
    let devices = phones_among(devices, &list, args);
    let other_vendors = all - devices.len();
    let plan = plan(&list, devices, |row| column_values.expect(&list, row));

    show(&plan, &list, other_vendors)?;
    if plan.new.is_empty() && plan.moved.is_empty() {
        println_line!("No changes to {into}")?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !prompt::confirm(&format!("Write the changes to {into}"))? {
        println_line!("No changes written")?;
        return Ok(ExitCode::FAILURE);
    }
    let new: Vec<_> = plan
        .new
        .iter()
        .map(|new| column_values.row(&list, new))
        .collect();
    let text = list.changed(&plan.moved, &new);
    atomic_write::replace(&args.into, before.as_deref(), &text)?;
    println_line!("Wrote {into}; check the configuration with `check-config`")?;
    Ok(ExitCode::SUCCESS)
}

/// The text of the list; `None` if the file does not exist.
fn text_of(path: &Path) -> anyhow::Result<Option<String>> {
    let failed = || format!("failed to read {}", path.display());
    match source::bytes(path) {
        Ok(bytes) => Ok(Some(String::from_utf8(bytes).with_context(failed)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(failed),
    }
}

/// The devices that are listed or may be phones of the vendor. Those that are not listed take name and
/// address from `--set` where the source has none.
fn phones_among(devices: Vec<Device>, list: &CsvList, args: &Args) -> Vec<Device> {
    let macs = list.rows.iter().filter_map(|row| row.mac.as_deref());
    let listed: HashSet<&str> = macs.collect();
    let mut phones = Vec::with_capacity(devices.len());
    for mut device in devices {
        let mac = device.mac.as_deref();
        let is_listed = mac.is_some_and(|mac| listed.contains(mac));
        if is_listed {
            phones.push(device);
        } else if device.may_be_a_phone(&args.oui) {
            let set = |column| ColumnValues(&args.set).value(column, mac);
            if device.name.is_none() {
                device.name = set("name");
            }
            if device.address.is_none() {
                device.address = set("address").as_deref().and_then(address::usable);
            }
            phones.push(device);
        }
    }
    phones
}

fn show(plan: &Plan, list: &CsvList, other_vendors: usize) -> io::Result<()> {
    for line in diff::lines(plan, list) {
        println_line!("{line}")?;
    }
    if other_vendors > 0 {
        println_line!(
            "{} of other vendors skipped",
            count(other_vendors, "device")
        )?;
    }
    Ok(())
}
