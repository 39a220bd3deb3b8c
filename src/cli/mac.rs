//! Hardware addresses: the vendor's prefixes, and how they are written.

/// The prefixes that the IEEE has assigned to the vendor (MA-L registry).
const VENDOR_PREFIXES: [&str; 3] = ["000b82", "c074ad", "ec74d7"];

/// Whether twelve lowercase hex digits begin with a prefix of the vendor.
pub(super) fn is_vendor(mac: &str) -> bool {
    VENDOR_PREFIXES.iter().any(|prefix| mac.starts_with(prefix))
}

/// Six lowercase hex digits from a prefix in any usual spelling.
pub(super) fn prefix(text: &str) -> Result<Box<str>, String> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err("write six hex digits, e.g. 00:0b:82".to_owned());
    }
    Ok(digits.into())
}

/// Twelve hex digits as people write them: `00:0b:82:12:34:56`.
pub(super) fn punctuated(mac: &str) -> String {
    let mut text = String::with_capacity(17);
    for (position, digit) in mac.chars().enumerate() {
        if position > 0 && position.is_multiple_of(2) {
            text.push(':');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_addresses_are_read_and_written_in_the_usual_ways() {
        for text in ["00:0B:82", "00-0b-82", "000b82"] {
            assert_eq!(prefix(text).as_deref(), Ok("000b82"), "{text}");
        }
        for text in ["", "00:0b", "00:0b:82:12", "00:0b:8g"] {
            assert!(prefix(text).is_err(), "{text}");
        }
        assert_eq!(punctuated("000b82123456"), "00:0b:82:12:34:56");
    }
}
