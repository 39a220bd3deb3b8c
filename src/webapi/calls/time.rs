//! Guide: Get System Time.
//!
//! The only endpoint of the guide without an envelope. Its uptime is text that differs from
//! firmware to firmware; without it there is no reading. The clock is an extra, read only where
//! the date can mean one day only.

use serde::Deserialize;

use super::{clock, malformed, met, not_understood, uptime};
use crate::fleet::reading::PhoneTime;
use crate::fleet::{Endpoint, Failure};
use crate::webapi::call::{Call, Query};
use crate::webapi::json::{self, Scalar};

/// The request.
pub(in crate::webapi) const LINE: &str = "/cgi-bin/api-get_time";

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    time: Scalar<'a>,
    #[serde(borrow, default)]
    uptime: Scalar<'a>,
}

/// Asks for uptime and clock.
pub fn call() -> Call<PhoneTime> {
    Query::of("api-get_time").reads(|data| met(parse(data.payload)))
}

/// Uptime and clock.
pub(in crate::webapi) fn parse(payload: &str) -> Result<PhoneTime, Failure> {
    let wire: Wire<'_> = json::parse(payload).map_err(|error| malformed(Endpoint::Time, error))?;
    let refused = |why| not_understood(Endpoint::Time, why);
    let told = wire.uptime.text().unwrap_or_default();
    if told.is_empty() {
        return Err(refused("the answer has no uptime"));
    }
    let uptime = uptime::parse(&told)
        .ok_or_else(|| refused("the text of the uptime is in no form that is known"))?;
    let date = wire.date.text().unwrap_or_default();
    let time = wire.time.text().unwrap_or_default();
    Ok(PhoneTime {
        uptime,
        clock: clock::parse(&date, &time),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil;

    use super::*;
    use crate::fleet::Reason;
    use crate::fleet::reading::Uptime;

    const GUIDE: &str = include_str!("../../../tests/fixtures/webapi/guide-time.json");

    #[test]
    fn the_sample_of_the_guide_is_read() {
        let expect = PhoneTime {
            uptime: Uptime {
                length: Duration::from_secs(21 * 86_400 + 3600 + 50 * 60 + 23),
                resolution: Duration::from_secs(1),
            },
            clock: Some(civil::date(2016, 8, 30).at(11, 30, 0, 0)),
        };
        assert_eq!(parse(GUIDE), Ok(expect));
    }

    #[test]
    fn a_clock_that_is_not_understood_does_not_cost_the_uptime() {
        for payload in [
            r#"{"uptime":"4 day(s)"}"#,
            r#"{"date":"?","time":"","uptime":"4 day(s)"}"#,
            r#"{"date":null,"time":17,"uptime":"4 day(s)","extra":[1]}"#,
        ] {
            let time = parse(payload).unwrap();
            assert_eq!(time.uptime.length.as_secs(), 4 * 86_400, "{payload}");
            assert_eq!(time.clock, None, "{payload}");
        }
    }

    #[test]
    fn without_an_uptime_there_is_no_reading() {
        for payload in [
            r#"{"time":"2024-05-06 07:08:09"}"#,
            r#"{"uptime":""}"#,
            r#"{"uptime":null}"#,
            r#"{"uptime":"21 Tage"}"#,
            r#"{"uptime":12345}"#,
            "[]",
            "up 3 days",
        ] {
            assert_eq!(
                parse(payload).unwrap_err().reason,
                Reason::Parse,
                "{payload}"
            );
        }
    }
}
