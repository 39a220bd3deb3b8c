//! Durations of a scenario file are humantime text (`30s`, `5m`); this is how serde reads them.
//!
//! Only for `#[serde(deserialize_with)]` on the plain data of this room. Nothing writes durations
//! back.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// For `#[serde(deserialize_with)]` on a `Duration`.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    humantime::parse_duration(&text).map_err(|why| D::Error::custom(format!("`{text}`: {why}")))
}

/// For `#[serde(deserialize_with)]` on an `Option<Duration>`; a key that stands there has a value.
pub(super) fn some_duration<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
}
