//! `discover`: which addresses of a net are phones of the vendor, as a list to poll.
//!
//! It asks each address for the few values that phones tell without a login, and nothing else: no
//! password is needed, tried or guessed, so it can lock no phone. What it finds becomes a list for
//! `phone_files`; an older list can be compared with what is there now.

mod discovered;
mod phone_list;
mod scan;

use std::io::{IsTerminal, Write};
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use ipnet::IpNet;
use serde_json::json;

use self::discovered::{DiscoveredPhone, named};
use self::phone_list::{Change, ListedPhone};
use super::phone::table;
use crate::fleet::place::Scheme;

/// Find phones of the vendor in nets, without logging in
///
/// Prints a table to stderr and a list for `phone_files` to stdout or a file. Phones that tell
/// nothing without a login are not found.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter discover 192.0.2.0/24 --output phones.d/hq.yaml\n  \
                  grandstream-exporter discover 192.0.2.0/24 --update phones.d/hq.yaml"
)]
pub(super) struct Args {
    /// Nets, as 192.0.2.0/24
    #[arg(required = true, value_name = "CIDR")]
    nets: Vec<IpNet>,
    /// How the phones are spoken to
    #[arg(long, value_enum, default_value = "both")]
    scheme: SchemeArg,
    /// Instead of the port that belongs to the scheme
    #[arg(long)]
    port: Option<u16>,
    /// How many addresses are begun with in a second at most
    #[arg(long, value_name = "N", default_value = "100")]
    rate: NonZeroU32,
    /// How many addresses at the same time
    #[arg(long, value_name = "N", default_value = "64")]
    jobs: NonZeroUsize,
    /// How long an address may take to answer
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// Nets larger than a /16 of IPv4 too
    #[arg(long)]
    large: bool,
    /// Tell which phones of this list (YAML, JSON or CSV) have moved or are gone, and list the new
    #[arg(long, value_name = "LIST")]
    update: Option<PathBuf>,
    /// Write the list to this file, which must not be there yet, instead of to stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON instead of a list
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SchemeArg {
    Http,
    Https,
    /// HTTP, then HTTPS where that finds none
    Both,
}

/// How many addresses a net may have: those of an IPv4 /16.
const MOST_ADDRESSES_BITS: u8 = 16;

pub(super) fn run(args: &Args) -> ExitCode {
    if let Some(net) = args
        .nets
        .iter()
        .find(|net| is_large(net))
        .filter(|_| !args.large)
    {
        super::eprintln_line(format_args!(
            "grandstream-exporter: {net} has more than 65536 addresses; name smaller nets, or use --large"
        ));
        return ExitCode::from(super::USAGE);
    }
    let known = match args.update.as_deref().map(phone_list::read).transpose() {
        Ok(known) => known,
        Err(error) => {
            super::eprintln_line(format_args!("grandstream-exporter: {error:#}"));
            return ExitCode::from(super::USAGE);
        }
    };
    let found = super::block_on(|stop| async move {
        match stop.run_until_cancelled(Box::pin(scan(args))).await {
            Some(found) => Ok(found),
            None => anyhow::bail!("interrupted"),
        }
    });
    match found.and_then(|found| print(args, &found, known.as_deref())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::failed(&error),
    }
}

fn is_large(net: &IpNet) -> bool {
    net.max_prefix_len() - net.prefix_len() > MOST_ADDRESSES_BITS
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
    let bar = bar(&args.nets);
    let addresses = args.nets.iter().flat_map(IpNet::hosts);
    let mut found = scan::scan(addresses, &options, || {
        if let Some(bar) = &bar {
            bar.inc(1);
        }
    })
    .await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    // Nets may overlap.
    found.sort_by_key(|found| found.address);
    found.dedup_by_key(|found| found.address);
    found
}

fn bar(nets: &[IpNet]) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let count = |net: &IpNet| 1_u64.checked_shl(u32::from(net.max_prefix_len() - net.prefix_len()));
    let total: u64 = nets.iter().filter_map(count).sum();
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} addresses, {eta} left");
    let bar = ProgressBar::new(total);
    Some(match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    })
}

fn print(
    args: &Args,
    found: &[DiscoveredPhone],
    known: Option<&[ListedPhone]>,
) -> anyhow::Result<()> {
    let named = named(found);
    let rows: Vec<Vec<String>> = named
        .iter()
        .map(|(name, found)| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            vec![
                name.clone(),
                found.host_port(),
                text(&found.model),
                text(&found.firmware),
                found
                    .mac
                    .as_deref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            ]
        })
        .collect();
    lines(&table(
        &["NAME", "ADDRESS", "MODEL", "FIRMWARE", "MAC"],
        &rows,
    ))?;
    super::eprintln_line(format_args!("{} phones found", found.len()));
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
        let rows: Vec<_> = changes.iter().map(Change::row).collect();
        lines(&table(&["CHANGE", "NAME", "ADDRESS", "WAS"], &rows))?;
    }
    let text = if args.json {
        let phones: Vec<_> = named
            .iter()
            .map(|(name, found)| found.as_json(name))
            .collect();
        let changes: Vec<_> = changes.iter().map(Change::as_json).collect();
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

fn lines(lines: &[String]) -> std::io::Result<()> {
    let mut stderr = std::io::stderr();
    lines.iter().try_for_each(|line| writeln!(stderr, "{line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_net_is_large_beyond_16_bits_of_addresses() {
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
