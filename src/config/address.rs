//! Where a phone answers, and which device it is: `host`, `host:port`, hardware address.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fault::{Wrong, quoted};

/// A host with or without a port.
#[derive(Clone)]
pub(crate) struct Address {
    /// As written.
    pub(crate) text: Box<str>,
    /// Without brackets, in lower case, an IPv6 address in its shortest form.
    pub(crate) host: Box<str>,
    /// `None`: that of the scheme.
    pub(crate) port: Option<u16>,
}

/// Reads `host` or `host:port`; IPv6 stands in brackets.
pub(crate) fn address(text: &str) -> Result<Address, Wrong> {
    if text.contains("://") {
        let what = format!("{} is a URL", quoted(text));
        return Err(Wrong::new(
            what,
            "write host or host:port; http or https goes to `scheme`",
        ));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => bracketed(text, rest)?,
        None if text.matches(':').count() > 1 => return Err(invalid(text)),
        None => match text.split_once(':') {
            Some((host, port)) => (plain_host(text, host)?, Some(port)),
            None => (plain_host(text, text)?, None),
        },
    };
    let port = match port {
        None => None,
        Some(port) => match port.parse::<u16>() {
            Ok(port) if port > 0 => Some(port),
            Ok(_) | Err(_) => {
                let what = format!("{} is no port", quoted(port));
                return Err(Wrong::new(what, "write a number from 1 to 65535"));
            }
        },
    };
    Ok(Address {
        text: text.into(),
        host: host.into(),
        port,
    })
}

/// Twelve lowercase hex digits from a hardware address in any usual spelling.
pub(super) fn mac(text: &str) -> Result<Box<str>, Wrong> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if digits.len() != 12 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        let what = format!("{} is no hardware address", quoted(text));
        return Err(Wrong::new(
            what,
            "write twelve hex digits, as 00:0b:82:12:34:56",
        ));
    }
    Ok(digits.into())
}

/// The host in brackets and the port behind them.
fn bracketed<'a>(text: &str, rest: &'a str) -> Result<(String, Option<&'a str>), Wrong> {
    let (host, behind) = rest.split_once(']').ok_or_else(|| invalid(text))?;
    let host: Ipv6Addr = host.parse().map_err(|_error| invalid(text))?;
    match behind.strip_prefix(':') {
        Some(port) => Ok((host.to_string(), Some(port))),
        None if behind.is_empty() => Ok((host.to_string(), None)),
        None => Err(invalid(text)),
    }
}

/// A DNS name or an IPv4 address. What looks like the latter must be one.
fn plain_host(text: &str, host: &str) -> Result<String, Wrong> {
    let numeric = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    let valid = if numeric {
        host.parse::<Ipv4Addr>().is_ok()
    } else {
        // RFC 1123, and the underscore that local names often have.
        host.len() <= 253 && host.trim_end_matches('.').split('.').all(is_label)
    };
    if !valid {
        return Err(invalid(text));
    }
    Ok(host.to_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !label.is_empty()
        && label.len() <= 63
        && label.chars().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn invalid(text: &str) -> Wrong {
    Wrong::new(
        format!("{} is no address", quoted(text)),
        "write host or host:port, an IPv6 address in brackets",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_brackets_are_told_apart() {
        for (text, host, port) in [
            ("192.0.2.21", "192.0.2.21", None),
            ("192.0.2.21:8080", "192.0.2.21", Some(8080)),
            ("Phone-1.Example.org:80", "phone-1.example.org", Some(80)),
            ("[2001:DB8:0::1]", "2001:db8::1", None),
            ("[2001:db8::1]:443", "2001:db8::1", Some(443)),
        ] {
            let address = address(text)
                .ok()
                .map(|address| (address.host, address.port));
            assert_eq!(address, Some((host.into(), port)), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":80",
            "a:",
            "a:0",
            "a:65536",
            "a:b:c",
            "2001:db8::1",
            "[2001:db8::1",
            "[a]:1",
            "[::1]80",
            "192.0.2.300",
            "1.2.3",
            "a b",
            "-a",
            "a..b",
            "http://a",
            "a/b",
            "ü",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_hardware_address_is_twelve_hex_digits_however_grouped() {
        for text in [
            "00:0B:82:12:34:56",
            "00-0b-82-12-34-56",
            "000b.8212.3456",
            "000b82123456",
        ] {
            assert_eq!(mac(text).ok().as_deref(), Some("000b82123456"), "{text}");
        }
        for text in [
            "",
            "00:0b:82:12:34",
            "00:0b:82:12:34:5g",
            "00:0b:82:12:34:56:78",
        ] {
            assert!(mac(text).is_err(), "{text}");
        }
    }
}
