//! Sources of an import: the formats, and reading a file or directory within bounds.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::ensure;
use clap::ValueEnum;

use super::device::{Device, latest};
use super::{dnsmasq, file_sd, inventory_csv, isc_dhcpd, kea, provisioning_dir};

/// The format of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Any CSV table with a header that has a column name, address or mac
    Csv,
    /// A directory of files named `cfg<mac>.xml`; their content is not read
    ProvisioningDir,
    /// The leases file of dnsmasq
    Dnsmasq,
    /// dhcpd.leases of ISC dhcpd
    Isc,
    /// The memfile of Kea, a CSV file
    Kea,
    /// Targets of Prometheus in JSON
    #[value(name = "file_sd")]
    FileSd,
}

/// The largest file: the leases of some 200,000 devices.
const MAX_BYTES: u64 = 64 << 20;

/// The devices of a source, each hardware address once.
pub(super) fn devices(format: Format, source: &Path) -> anyhow::Result<Vec<Device>> {
    // Names in leases are chosen by devices and may not be UTF-8.
    let text = || bytes(source).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let devices = match format {
        Format::Csv => inventory_csv::devices(&text()?)?,
        Format::ProvisioningDir => provisioning_dir::devices(names_in(source)?.into_iter()),
        Format::Dnsmasq => dnsmasq::devices(&text()?),
        Format::Isc => isc_dhcpd::devices(&text()?),
        Format::Kea => kea::devices(&text()?)?,
        Format::FileSd => file_sd::devices(&text()?)?,
    };
    ensure!(!devices.is_empty(), "no device in it; check --from");
    Ok(latest(devices))
}

/// A file's content, within [`MAX_BYTES`].
pub(super) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let what = format!("larger than {MAX_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

fn names_in(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}
