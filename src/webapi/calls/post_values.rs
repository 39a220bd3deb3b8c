//! Guide: Post Values Request.
//!
//! The guide puts the values into the query, passwords too: a [`Secret`](NewValue::Secret) is sent
//! like any other value and never shown.

use secrecy::SecretString;

use super::values::ValueKey;
use crate::webapi::call::{Call, Query};

/// What a value is to become.
#[derive(Clone, Debug)]
pub enum NewValue {
    /// May be shown.
    Open(String),
    /// Is never shown.
    Secret(SecretString),
}

/// Writes these values in one request.
pub fn call(values: &[(ValueKey, NewValue)]) -> Call<()> {
    let query = Query::of("api-values.post");
    let query = values
        .iter()
        .fold(query, |query, (key, value)| match value {
            NewValue::Open(value) => query.with(&key.written(), value),
            NewValue::Secret(value) => query.with_secret(&key.written(), value),
        });
    query.writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent_and_its_passwords_are_masked() {
        let key = |text| ValueKey::parse(text).unwrap();
        let secret = |text: &str| NewValue::Secret(text.into());
        let example = call(&[(key("P2"), secret("admin")), (key("196"), secret("123"))]);
        let shown = "/cgi-bin/api-values.post?P2=(secret)&P196=(secret)";
        assert_eq!(example.shown(), shown);
        assert_eq!(
            example.line().wire,
            "/cgi-bin/api-values.post?P2=admin&P196=123"
        );
        let open = call(&[(key("vendor_name"), NewValue::Open("a&b".to_owned()))]);
        assert_eq!(open.shown(), "/cgi-bin/api-values.post?Pvendor_name=a%26b");
        assert!(example.carries_secret() && !open.carries_secret());
    }
}
