//! JSON with one item a phone, an alert or whatever else there is much of, written chunk by chunk.

use std::collections::VecDeque;

use super::streaming::{CHUNK, ChunkSource, Progress};

/// Text before, items with commas between, text after.
pub(super) struct JsonList<T, F> {
    /// What goes before the first item: ends with `[`.
    pub(super) open: &'static str,
    /// What goes after the last item: begins with `]`.
    pub(super) close: &'static str,
    /// What is yet to be written.
    pub(super) items: VecDeque<T>,
    /// Appends one item.
    pub(super) item: F,
}

impl<T: Send, F: Fn(&T, &mut Vec<u8>) + Send> ChunkSource for JsonList<T, F> {
    fn fill(&mut self, chunk: &mut Vec<u8>) -> Progress {
        chunk.extend_from_slice(std::mem::take(&mut self.open).as_bytes());
        while chunk.len() < CHUNK {
            let Some(item) = self.items.pop_front() else {
                chunk.extend_from_slice(self.close.as_bytes());
                return Progress::Done;
            };
            (self.item)(&item, chunk);
            if !self.items.is_empty() {
                chunk.push(b',');
            }
        }
        Progress::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture;

    #[test]
    fn it_is_json_for_any_number_of_items_and_chunks() {
        for (items, padding) in [(0, 0), (1, 0), (3, CHUNK), (3, CHUNK / 2)] {
            let listing = JsonList {
                open: "{\"items\":[",
                close: "]}",
                items: (0..items).collect(),
                item: |item: &usize, out: &mut Vec<u8>| {
                    let item = (item, "x".repeat(padding));
                    serde_json::to_writer(out, &item).expect("a Vec takes all");
                },
            };
            let json = fixture::written(listing);
            assert_eq!(json["items"].as_array().map(Vec::len), Some(items));
        }
    }
}
