//! Options of commands that read the configuration, also in the spelling of Prometheus.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Environment, Flags};

/// The option `--config` of all commands that read it.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigArg {
    /// The configuration (or --config.file)
    #[arg(
        long,
        alias = "config.file",
        value_name = "FILE",
        default_value = "/etc/grandstream-exporter/config.yaml"
    )]
    pub(super) config: PathBuf,
}

/// Options that replace keys of the configuration, as `serve` takes them.
#[derive(Debug, clap::Args)]
pub(super) struct FlagArgs {
    /// Web configuration file, instead of `web_config_file` of the configuration
    #[arg(long = "web.config.file", value_name = "FILE")]
    web_config_file: Option<PathBuf>,
    /// External URL, instead of `external_url` of the configuration
    #[arg(long = "web.external-url", value_name = "URL")]
    external_url: Option<String>,
}

impl FlagArgs {
    /// The environment with these options.
    pub(super) fn environment(&self) -> Arc<Environment> {
        let flags = Flags {
            web_config_file: self.web_config_file.clone(),
            external_url: self.external_url.clone(),
        };
        Arc::new(super::variables().with_flags(flags))
    }
}

/// An address to listen on: `127.0.0.1:15060`, or `:15060` for all addresses of the machine.
pub(super) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').and_then(|port| port.parse().ok());
    if let Some(port) = port {
        return Ok((Ipv6Addr::UNSPECIFIED, port).into());
    }
    text.parse().map_err(|_unparsed| {
        "write an IP address with a port, e.g. 127.0.0.1:15060 or [::]:15060, or only :15060"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_stands_for_every_address() {
        let parsed = |text| listen_address(text).map(|address| address.to_string());
        assert_eq!(parsed(":15060"), Ok("[::]:15060".to_owned()));
        for address in ["127.0.0.1:0", "[::1]:9090"] {
            assert_eq!(parsed(address), Ok(address.to_owned()));
        }
        for wrong in ["15060", ":", ":70000", "localhost:15060", "127.0.0.1"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
