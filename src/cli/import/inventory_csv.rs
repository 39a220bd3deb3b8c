//! Any CSV table with a header that has a column for name, address or MAC.
//!
//! The usual names of these columns are known. The separator is comma, semicolon or tab, whichever the
//! header has most of.

use anyhow::{Context, bail};

use super::device::{Device, written_name};
use crate::cli::address;
use crate::fleet::place::mac_digits;

/// Names of columns, in lower case with `_` for anything but letters and digits.
const NAMES: &[&str] = &["name", "hostname", "host_name", "device_name"];
const ADDRESSES: &[&str] = &[
    "address",
    "ip",
    "ip_address",
    "ipaddress",
    "ipv4",
    "ipv4_address",
];
const MACS: &[&str] = &[
    "mac",
    "mac_address",
    "macaddress",
    "hwaddr",
    "hardware_address",
];

/// Reads the table.
pub(super) fn devices(text: &str) -> anyhow::Result<Vec<Device>> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let header = reader.headers().context("failed to read the header")?;
    let column = |known: &[&str]| {
        header
            .iter()
            .position(|title| known.contains(&&*column_name(title)))
    };
    let (name, address) = (column(NAMES), column(ADDRESSES));
    let (mac, site) = (column(MACS), column(&["site"]));
    if name.is_none() && address.is_none() && mac.is_none() {
        bail!("the first line has no column `name`, `address` or `mac`; add a header");
    }
    let mut devices = Vec::new();
    for record in reader.records() {
        let record = record.context("failed to read a row")?;
        let cell = |column: Option<usize>| record.get(column?).filter(|cell| !cell.is_empty());
        devices.push(Device {
            mac: cell(mac).and_then(mac_digits),
            name: cell(name).and_then(written_name),
            address: cell(address).and_then(address::usable),
            site: cell(site).and_then(written_name),
        });
    }
    Ok(devices)
}

fn delimiter(text: &str) -> u8 {
    let header = text
        .lines()
        .find(|line| !line.starts_with('#'))
        .unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // The last of several with the most counts: a comma where there is none at all.
    b"\t;,".iter().copied().max_by_key(count).unwrap_or(b',')
}

/// The name of a column in the spelling of the lists above.
fn column_name(title: &str) -> String {
    let letter = |c: char| {
        if c.is_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    title.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_of_a_spreadsheet_is_read() {
        let text = "\u{FEFF}Asset;Host Name;IP Address;MAC-Address;Site;Bought\r\n\
                    4711;Réception;192.0.2.21;00-0B-82-12-34-56;HQ;2021-03-01\r\n\
                    4712;\"Hall; west\";n/a;000b.82ab.cdef;;\r\n\
                    4713;printer;192.0.2.9;3C:5A:B4:00:00:01;HQ;\r\n";
        let devices = devices(text).unwrap();
        assert_eq!(devices.len(), 3);
        assert_eq!(
            devices[0],
            Device {
                mac: Some("000b82123456".into()),
                name: Some("Réception".to_owned()),
                address: Some("192.0.2.21".to_owned()),
                site: Some("HQ".to_owned()),
            }
        );
        assert_eq!(devices[1].name.as_deref(), Some("Hall; west"));
        assert_eq!(devices[1].address, None);
        assert_eq!(devices[1].mac.as_deref(), Some("000b82abcdef"));
    }

    #[test]
    fn our_own_lists_can_be_imported_again() {
        let text = "# the list\nname,address,mac,group\nlobby,192.0.2.22,,hq\n";
        let devices = devices(text).unwrap();
        assert_eq!(devices[0].name.as_deref(), Some("lobby"));
        assert_eq!(devices[0].mac, None);
    }

    #[test]
    fn a_table_without_a_header_is_an_error() {
        let error = devices("lobby,192.0.2.22\n").unwrap_err().to_string();
        assert!(error.contains("add a header"), "{error}");
    }
}
