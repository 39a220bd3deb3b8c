//! The memfile of Kea: a CSV file of leases with a header, to which every change is appended.
//!
//! State 0 is a lease in use, 1 is declined, 2 is expired and reclaimed. A deleted lease is appended
//! again with a lifetime of zero.

use anyhow::{Context, bail};

use super::device::{Device, host_name};
use super::leases::{self, Lease};
use crate::cli::address;
use crate::fleet::place::mac_digits;

/// The leases in use.
pub(super) fn devices(text: &str) -> anyhow::Result<Vec<Device>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().context("failed to read the header")?;
    let column = |title: &str| header.iter().position(|found| found == title);
    let (Some(address), Some(mac)) = (column("address"), column("hwaddr")) else {
        bail!("the header has no columns `address` and `hwaddr`; use the lease file itself");
    };
    let (name, state) = (column("hostname"), column("state"));
    let lifetime = column("valid_lifetime");
    let mut journal = Vec::new();
    for record in reader.records() {
        let record = record.context("failed to read a lease")?;
        let cell = |column: Option<usize>| column.and_then(|column| record.get(column));
        let text = cell(Some(address)).unwrap_or_default();
        let Some(usable) = address::usable(text) else {
            continue;
        };
        journal.push(Lease {
            address: text.to_owned(),
            active: cell(state).is_none_or(|state| state == "0") && cell(lifetime) != Some("0"),
            device: Device {
                mac: cell(Some(mac)).and_then(mac_digits),
                name: cell(name).and_then(host_name),
                address: Some(usable),
                site: None,
            },
        });
    }
    Ok(leases::devices(journal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lease_of_an_address_counts() {
        let text = "\
address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
192.0.2.21,00:0b:82:12:34:56,01:00:0b:82:12:34:56,3600,1715886720,1,0,0,reception.example.org.,0,,0
192.0.2.22,c0:74:ad:0a:0b:0c,,3600,1715886720,1,0,0,,0,,0
192.0.2.22,c0:74:ad:0a:0b:0c,,3600,1715886720,1,0,0,,2,,0
192.0.2.23,ec:74:d7:22:c9:11,,3600,1715886800,1,0,0,kitchen,0,{ \"note\": \"a&#x2cb\" },0
192.0.2.24,ec:74:d7:22:c9:12,,0,1715886800,1,0,0,gone,0,,0
192.0.2.25,,,3600,1715886800,1,0,0,,1,,0
192.0.2.21,3c:5a:b4:00:00:01,,3600,1715890320,1,0,0,laptop,0,,0
192.0.2.45,00:0b:82:12:34:56,01:00:0b:82:12:34:56,3600,1715890320,1,0,0,reception.example.org.,0,,0
";
        let devices = devices(text).unwrap();
        let found: Vec<_> = devices
            .iter()
            .map(|d| (d.mac.as_deref(), d.address.as_deref(), d.name.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (Some("ec74d722c911"), Some("192.0.2.23"), Some("kitchen")),
                (Some("3c5ab4000001"), Some("192.0.2.21"), Some("laptop")),
                (
                    Some("000b82123456"),
                    Some("192.0.2.45"),
                    Some("reception.example.org")
                ),
            ]
        );
    }

    #[test]
    fn another_table_is_an_error() {
        assert!(devices("name,address\na,192.0.2.1\n").is_err());
    }
}
