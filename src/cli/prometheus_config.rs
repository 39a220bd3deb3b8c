//! `prometheus-config`: the part of `prometheus.yml` that scrapes this exporter.
//!
//! Port, TLS, users and the scrape interval follow from the configuration. Paths on the Prometheus
//! server (CA, password file) are examples with a comment. The configuration is read with its secrets:
//! the listener's TLS needs the key.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;

use super::{ConfigArg, FlagArgs};
use crate::config::{self, Config, Listener, Secrets};

/// Print the part of prometheus.yml that scrapes this exporter
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter prometheus-config --target exporter.example:15060"
)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    flags: FlagArgs,
    /// Address at which Prometheus reaches the exporter; default: this machine's name and the first
    /// port of `listen`
    #[arg(long, value_name = "HOST:PORT")]
    target: Option<String>,
    /// Make each phone a target of its own, for very large fleets or several Prometheus servers
    #[arg(long)]
    per_phone: bool,
}

/// Where the package installs the rules.
const RULES: &str = "/usr/share/grandstream-exporter/prometheus";

/// The interval where no phone is listed: the default of `poll.interval`.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

/// The default `scrape_timeout` of Prometheus.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let path = &args.config.config;
    let config = config::load(path, &args.flags.environment(), Secrets::Read)?;
    let target = match &args.target {
        Some(target) => target.clone(),
        None => own_target(&config.listen)?,
    };
    println_line!("# For prometheus.yml, generated from {}.", path.display())?;
    for line in scrape_configs(args.per_phone, &config, &target) {
        println_line!("{line}")?;
    }
    println_line!("rule_files:")?;
    for rules in ["recording.yml", "alerts.yml"] {
        println_line!("  - {RULES}/{rules}  # copy it to the Prometheus server")?;
    }
    Ok(())
}

fn own_target(listen: &[SocketAddr]) -> anyhow::Result<String> {
    let first = listen.first().context("`listen` has no address")?;
    if !first.ip().is_unspecified() {
        return Ok(first.to_string());
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .context("failed to read the host name; use --target")?;
    Ok(format!("{}:{}", name.trim(), first.port()))
}

fn scrape_configs(per_phone: bool, config: &Config, target: &str) -> Vec<String> {
    let shortest = config.phones.iter().map(|phone| phone.place.interval).min();
    let interval = shortest.unwrap_or(DEFAULT_INTERVAL);
    let client = client(&config.listener);
    let scheme = config.listener.tls.as_ref().map(|_| "https");
    let mut lines = vec![
        "scrape_configs:".to_owned(),
        "  - job_name: grandstream".to_owned(),
        format!("    scrape_interval: {}", duration(interval)),
        format!(
            "    scrape_timeout: {}",
            duration(interval.min(DEFAULT_TIMEOUT))
        ),
    ];
    lines.extend(scheme.map(|scheme| format!("    scheme: {scheme}")));
    lines.extend(client.iter().map(|line| format!("    {line}")));
    if per_phone {
        let url = format!("{}://{target}/sd", scheme.unwrap_or("http"));
        lines.push("    http_sd_configs:".to_owned());
        lines.push(format!("      - url: {}", quoted(&url)));
        lines.extend(client.iter().map(|line| format!("        {line}")));
        lines.push("    relabel_configs:".to_owned());
        lines
            .push("      - { source_labels: [__param_target], target_label: instance }".to_owned());
        return lines;
    }
    lines.push("    static_configs:".to_owned());
    lines.push(format!("      - targets: [{}]", quoted(target)));
    lines
}

/// TLS and basic auth for the listener, as lines of YAML.
fn client(listener: &Listener) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(tls) = &listener.tls {
        lines.push("tls_config:".to_owned());
        lines.push(
            "  ca_file: grandstream-exporter-ca.pem  # the CA of the listener's certificate"
                .to_owned(),
        );
        if tls.clients.is_some() {
            lines.push(
                "  cert_file: prometheus.pem  # signed by the listener's client_ca_file".to_owned(),
            );
            lines.push("  key_file: prometheus.key".to_owned());
        }
    }
    if let Some(user) = listener.users.first() {
        lines.push("basic_auth:".to_owned());
        lines.push(format!("  username: {}", quoted(&user.name)));
        lines.push("  password_file: grandstream-exporter.password".to_owned());
    }
    lines
}

/// As a YAML string; JSON strings are valid YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A duration as Prometheus writes it.
fn duration(length: Duration) -> String {
    match length.subsec_millis() {
        0 => format!("{}s", length.as_secs()),
        _ => format!("{}ms", length.as_millis()),
    }
}
