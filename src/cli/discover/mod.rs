//! `discover`: scans networks for phones of the vendor and writes a list of them.
//!
//! It requests from each address the few values that phones return without a login, and nothing else:
//! no password is tried, so no phone can lock. The list is for `phone_files`; an older list can be
//! compared with what is found now.

mod discovered;
mod phone_list;
mod scan;

use std::io::Write;
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use ipnet::IpNet;
use serde_json::{Value, json};

use self::discovered::{DiscoveredPhone, named};
use self::phone_list::{Change, ListedPhone};
use super::progress::Progress;
use super::{UsageError, table};
use crate::fleet::place::Scheme;
use crate::rules::describe_rule::count;

/// Scan networks for phones of the vendor, without logging in
///
/// Prints a table to stderr and a list for `phone_files` to stdout or a file. Phones that return
/// nothing without a login are not found.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter discover 192.0.2.0/24 --output phones.d/hq.yaml\n  \
                  grandstream-exporter discover 192.0.2.0/24 --update phones.d/hq.yaml"
)]
pub(super) struct Args {
    /// Networks, e.g. 192.0.2.0/24
    #[arg(required = true, value_name = "CIDR")]
    nets: Vec<IpNet>,
    /// Scheme of the requests
    #[arg(long, value_enum, default_value = "both")]
    scheme: SchemeArg,
    /// Port, instead of the default port of the scheme
    #[arg(long)]
    port: Option<u16>,
    /// New addresses a second
    #[arg(long, value_name = "N", default_value = "100")]
    rate: NonZeroU32,
    /// Addresses at the same time
    #[arg(long, value_name = "N", default_value = "64")]
    jobs: NonZeroUsize,
    /// Time limit for each address
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// Allow networks of more than 65536 addresses
    #[arg(long)]
    large: bool,
    /// Compare with this list (YAML, JSON or CSV): show phones that moved or are gone, write new ones only
    #[arg(long, value_name = "LIST")]
    update: Option<PathBuf>,
    /// Write the list to this new file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON for programs instead of a list
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SchemeArg {
    Http,
    Https,
    /// HTTP, then HTTPS where HTTP finds no phone
    Both,
}

/// The largest network without `--large`: 2^16 addresses, as an IPv4 /16 has.
const MAX_HOST_BITS: u8 = 16;

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(net) = args.nets.iter().find(|net| is_large(net) && !args.large) {
        let error = format!("{net} has more than 65536 addresses; use smaller networks or --large");
        return Err(UsageError(error).into());
    }
    let known = args.update.as_deref().map(phone_list::read).transpose();
    let known = known.map_err(|error| UsageError(format!("{error:#}")))?;
    let found = super::interruptible(async { Ok(scan(args).await) })?;
    print(args, &found, known.as_deref())
}

fn is_large(net: &IpNet) -> bool {
    net.max_prefix_len() - net.prefix_len() > MAX_HOST_BITS
}

async fn scan(args: &Args) -> Vec<DiscoveredPhone> {
    let schemes: &[Scheme] = match args.scheme {
        SchemeArg::Http => &[Scheme::Http],
        SchemeArg::Https => &[Scheme::Https],
        SchemeArg::Both => &[Scheme::Http, Scheme::Https],
    };
    let options = scan::ScanOptions {
        schemes,
        port: args.port,
        timeout: args.timeout,
        rate: args.rate,
        jobs: args.jobs.get(),
    };
    let size = |net: &IpNet| 1_u64.checked_shl(u32::from(net.max_prefix_len() - net.prefix_len()));
    let progress = Progress::new(args.nets.iter().filter_map(size).sum(), "addresses");
    let addresses = args.nets.iter().flat_map(IpNet::hosts);
    let mut found = scan::scan(addresses, &options, || progress.advance()).await;
    // Networks may overlap.
    found.sort_by_key(|found| found.address);
    found.dedup_by_key(|found| found.address);
    found
}

fn print(
    args: &Args,
    found: &[DiscoveredPhone],
    known: Option<&[ListedPhone]>,
) -> anyhow::Result<()> {
    let named = named(found);
    let phones = named.iter().map(|(name, found)| found.as_json(name));
    let phones: Value = phones.collect();
    eprint_table(&["NAME", "ADDRESS", "MODEL", "FIRMWARE", "MAC"], &phones);
    eprintln_line!("{} found", count(found.len(), "phone"));
    let mut listed: Vec<&(String, &DiscoveredPhone)> = named.iter().collect();
    let mut changes = Vec::new();
    if let Some(known) = known {
        let is_covered = |address: IpAddr| args.nets.iter().any(|net| net.contains(&address));
        changes = phone_list::compare(known, &named, is_covered);
        listed.retain(|(name, _)| {
            changes
                .iter()
                .any(|change| matches!(change, Change::New { name: new, .. } if new == name))
        });
    }
    let changes: Value = changes.iter().map(Change::as_json).collect();
    if known.is_some() {
        eprint_table(&["CHANGE", "NAME", "ADDRESS", "WAS"], &changes);
    }
    let text = if args.json {
        format!("{}\n", json!({ "phones": phones, "changes": changes }))
    } else {
        phone_list::to_yaml(&listed)
    };
    let Some(path) = &args.output else {
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(());
    };
    std::fs::File::create_new(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("failed to write {}", path.display()))
}

fn eprint_table(header: &[&str], json: &Value) {
    for line in table::aligned(header, &table::rows_of(header, json)) {
        eprintln_line!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_large_beyond_16_bits_of_addresses() {
        for (net, expect) in [
            ("10.0.0.0/16", false),
            ("10.0.0.0/15", true),
            ("192.0.2.1/32", false),
            ("2001:db8::/112", false),
            ("2001:db8::/64", true),
        ] {
            assert_eq!(is_large(&net.parse().unwrap()), expect, "{net}");
        }
    }
}
