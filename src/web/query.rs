//! The query of a request: what follows `?`, decoded as forms encode it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Keys with their values, in the order in which they were sent. Its size is bounded by that of
/// the head of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes; a key without `=` has an empty value.
    pub(super) fn of(text: Option<&str>) -> Self {
        let pairs = text.unwrap_or_default().split('&');
        let decoded = pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(decoded.collect())
    }

    /// The first value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Every value of a key.
    pub(super) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(move |(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// Bytes that are no UTF-8 become U+FFFD: they name nothing we know.
fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let decoded: Cow<'_, str> = percent_decode_str(&spaced).decode_utf8_lossy();
    decoded.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_may_repeat_and_are_decoded() {
        let query = Query::of(Some("phone=a%26b&&phone=c+d%2B&empty&q=%ff"));
        assert_eq!(query.all("phone").collect::<Vec<_>>(), ["a&b", "c d+"]);
        assert_eq!(query.get("empty"), Some(""));
        assert_eq!(query.get("q"), Some("\u{FFFD}"));
        assert_eq!(query.get("none"), None);
    }
}
