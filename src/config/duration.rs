//! Lengths of time, as people write them.

use std::time::Duration;

use super::fault::{Wrong, quoted};
use super::tree::Node;

/// The longest length of time that is accepted; keeps sums of times within every clock's range.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// A length of time such as `30s`, `10m` or `1h 30m`, longer than nothing.
pub(crate) fn duration(node: &Node) -> Result<Duration, Wrong> {
    let length = duration_or_none(node)?;
    if length.is_zero() {
        return Err(Wrong::new("is zero", "write a length of time above zero"));
    }
    Ok(length)
}

/// The same where `0s` means "at once" or "not at all".
pub(crate) fn duration_or_none(node: &Node) -> Result<Duration, Wrong> {
    const MEND: &str = "write a number with its unit, as 30s, 10m or 1h 30m";
    let Ok(text) = node.text() else {
        return Err(node.is_not("a length of time", MEND));
    };
    let Ok(length) = humantime::parse_duration(text) else {
        let what = format!("{} is no length of time", quoted(text));
        return Err(Wrong::new(what, MEND));
    };
    if length > LONGEST {
        return Err(Wrong::new("is longer than a year", "write a shorter time"));
    }
    Ok(length)
}

/// As text for people and faults.
pub(crate) fn shown(length: Duration) -> String {
    humantime::format_duration(length).to_string()
}
