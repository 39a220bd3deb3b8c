//! `phones import`: brings phones from elsewhere into a table of phones.
//!
//! The difference is shown first and written only where somebody agrees. What was edited by hand
//! stays: of a row nothing but its address changes, and only if its own device is found elsewhere;
//! rows are added at the end and none is removed. One file a format turns text into devices, `plan`
//! compares them with the list, `list` makes the new text; all of that is pure. This file is the
//! rest: reading, showing, asking, writing.

mod address;
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
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use self::column_values::{ColumnValue, ColumnValues};
use self::csv_list::{CsvList, ListError};
use self::device::Device;
use self::plan::{Plan, plan};
use self::source::Format;

pub(super) use self::device::punctuated;

/// Bring phones from an inventory or a DHCP server into a list; shows the difference first
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter phones import --from dnsmasq /var/lib/misc/dnsmasq.leases --into phones.csv --set group=lyon"
)]
pub(super) struct Args {
    /// What the source is
    #[arg(long, value_name = "FORMAT")]
    from: Format,
    /// The file; for provisioning-dir the directory
    source: PathBuf,
    /// The list, a table of phones; begun if it is missing
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/grandstream-exporter/phones.csv"
    )]
    into: PathBuf,
    /// A cell of new rows that the source does not tell, `{mac}` in it being the twelve digits of
    /// the device; rows of another site, group or credential than set here are not missed
    #[arg(long, value_name = "COLUMN=VALUE")]
    set: Vec<ColumnValue>,
    /// A further prefix of the vendor's hardware addresses, as 00:0b:82
    #[arg(long, value_name = "PREFIX", value_parser = device::prefix)]
    oui: Vec<Box<str>>,
    /// Write without asking
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args) -> ExitCode {
    import(args).unwrap_or_else(|error| {
        let failed = super::failed(&error);
        if error.downcast_ref::<ListError>().is_some() {
            return ExitCode::from(super::USAGE);
        }
        failed
    })
}

fn import(args: &Args) -> anyhow::Result<ExitCode> {
    let into = args.into.display();
    let devices = source::devices(args.from, &args.source)
        .with_context(|| format!("failed to import from {}", args.source.display()))?;
    let before = text_of(&args.into)?;
    let column_values = ColumnValues(&args.set);
    let list = column_values
        .list(before.clone().unwrap_or_default())
        .with_context(|| format!("failed to import into {into}"))?;
    let all = devices.len();
    let devices = phones_among(devices, &list, args);
    let other_vendors = all - devices.len();
    let plan = plan(&list, devices, |row| column_values.expect(&list, row));

    show(&plan, &list, other_vendors)?;
    if plan.new.is_empty() && plan.moved.is_empty() {
        super::println_line(format_args!("Nothing to write to {into}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            super::eprintln_line(format_args!(
                "{into}: nothing was written, since there is no terminal to ask at; add --yes"
            ));
            return Ok(ExitCode::from(super::USAGE));
        }
        if !confirm(&args.into)? {
            super::println_line(format_args!("Nothing was written"))?;
            return Ok(ExitCode::FAILURE);
        }
    }
    let new: Vec<_> = plan
        .new
        .iter()
        .map(|new| column_values.row(&list, new))
        .collect();
    let text = list.changed(&plan.moved, &new);
    atomic_write::replace(&args.into, before.as_deref(), &text)?;
    super::println_line(format_args!(
        "Wrote {into}; `check-config` tells whether it fits the rest"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The list's text; `None` if there is no such file yet.
fn text_of(path: &Path) -> anyhow::Result<Option<String>> {
    let failed = || format!("failed to read {}", path.display());
    match source::bytes(path) {
        Ok(bytes) => Ok(Some(String::from_utf8(bytes).with_context(failed)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(failed),
    }
}

/// The devices that are listed or may be phones of the vendor. One that is not listed gets the name
/// and the address that are set where the source tells none.
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
        super::println_line(format_args!("{line}"))?;
    }
    if other_vendors > 0 {
        super::println_line(format_args!("{other_vendors} of other vendors left out"))?;
    }
    Ok(())
}

fn confirm(into: &Path) -> io::Result<bool> {
    let mut out = io::stdout();
    write!(out, "Write this to {}? [y/N] ", into.display())?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
