//! Names with their texts: the labels of an alert, and what is told of it.
//!
//! A name that is not there has an empty text, as a label that is missing has in Prometheus.

/// A name and its text.
pub type Pair = (Box<str>, Box<str>);

/// The text of this name; empty if there is none.
pub fn text<'a>(pairs: &'a [Pair], name: &str) -> &'a str {
    let found = pairs.iter().find(|(one, _)| **one == *name);
    found.map_or("", |(_, text)| text)
}

/// All of them as `phone=hq-1`, with this between.
pub fn written<'a>(pairs: impl IntoIterator<Item = &'a Pair>, between: &str) -> String {
    let pairs = pairs.into_iter();
    let written: Vec<_> = pairs.map(|(name, text)| format!("{name}={text}")).collect();
    written.join(between)
}
