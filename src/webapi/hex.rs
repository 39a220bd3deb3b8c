//! Bytes as lowercase hex.
//!
//! The login digest must be lowercase.

use std::fmt::Write;

/// Two lowercase digits a byte.
pub(super) fn lowercase(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string can always be written to");
    }
    text
}
