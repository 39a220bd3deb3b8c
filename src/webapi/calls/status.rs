//! Guide: Get Phone Status.
//!
//! The body is a word of an open set: firmware knows more of them than the guide. `unauthorized`,
//! which some phones call a success, never gets here: the verdict takes it for a lost session.

use super::{malformed, met, not_understood};
use crate::fleet::reading::PhoneStatus;
use crate::fleet::{Endpoint, Failure, Text};
use crate::webapi::call::{Call, Query};
use crate::webapi::json::{self, Scalar};

/// The request.
pub(in crate::webapi) const LINE: &str = "/cgi-bin/api-get_phone_status";

/// Asks for the phone's word for itself, as it says it.
pub fn call() -> Call<Text> {
    Query::of("api-get_phone_status").reads(|data| met(word(data.payload)))
}

/// The phone's word for itself, in ours.
pub(in crate::webapi) fn parse(payload: &str) -> Result<PhoneStatus, Failure> {
    Ok(
        match word(payload)?.as_str().to_ascii_lowercase().as_str() {
            "available" => PhoneStatus::Available,
            "unavailable" => PhoneStatus::Unavailable,
            "ringing" => PhoneStatus::Ringing,
            "busy" => PhoneStatus::Busy,
            _ => PhoneStatus::Other,
        },
    )
}

fn word(payload: &str) -> Result<Text, Failure> {
    let word: Scalar<'_> =
        json::parse(payload).map_err(|error| malformed(Endpoint::Status, error))?;
    let Scalar::Text(word) = word else {
        return Err(not_understood(
            Endpoint::Status,
            "there is no word in the answer",
        ));
    };
    let word = Text::clean(&word);
    if word.is_empty() {
        return Err(not_understood(Endpoint::Status, "the word is empty"));
    }
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Reason;

    const GUIDE: &str = include_str!("../../../tests/fixtures/webapi/guide-status.json");

    #[test]
    fn the_sample_of_the_guide_is_read() {
        let guide: serde_json::Value = json::parse(GUIDE).unwrap();
        let word = guide["body"].to_string();
        assert_eq!(parse(&word), Ok(PhoneStatus::Available));
    }

    #[test]
    fn known_words_are_told_apart_and_all_others_are_other() {
        let cases = [
            ("available", PhoneStatus::Available),
            ("Unavailable", PhoneStatus::Unavailable),
            (" RINGING ", PhoneStatus::Ringing),
            ("busy", PhoneStatus::Busy),
            ("preview", PhoneStatus::Other),
            ("oncall", PhoneStatus::Other),
            ("belegt", PhoneStatus::Other),
        ];
        for (word, expect) in cases {
            assert_eq!(parse(&format!("\"{word}\"")), Ok(expect), "{word}");
        }
    }

    #[test]
    fn what_is_no_word_is_refused() {
        for payload in [r#""""#, "1", "null", "{}", "[]", "available", ""] {
            assert_eq!(
                parse(payload).unwrap_err().reason,
                Reason::Parse,
                "{payload}"
            );
        }
    }
}
