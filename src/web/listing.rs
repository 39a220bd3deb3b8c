//! JSON with one item a phone, written piece by piece.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::fleet::Phone;

use super::pieces::{Filled, PIECE, Pieces};

/// Text before, one item a phone with commas between, text after.
pub(super) struct Listing<F> {
    /// What goes before the first item: ends with `[`.
    pub(super) open: &'static str,
    /// What goes after the last item: begins with `]`.
    pub(super) close: &'static str,
    /// The phones yet to be written.
    pub(super) phones: VecDeque<Arc<Phone>>,
    /// Appends one phone's item.
    pub(super) item: F,
}

impl<F: Fn(&Phone, &mut Vec<u8>) + Send> Pieces for Listing<F> {
    fn fill(&mut self, piece: &mut Vec<u8>) -> Filled {
        piece.extend_from_slice(std::mem::take(&mut self.open).as_bytes());
        while piece.len() < PIECE {
            let Some(phone) = self.phones.pop_front() else {
                piece.extend_from_slice(self.close.as_bytes());
                return Filled::Last;
            };
            (self.item)(&phone, piece);
            if !self.phones.is_empty() {
                piece.push(b',');
            }
        }
        Filled::Full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Fleet;
    use crate::web::example;

    fn write(phones: Vec<Arc<Phone>>, padding: usize) -> serde_json::Value {
        let mut listing = Listing {
            open: "{\"phones\":[",
            close: "]}",
            phones: phones.into(),
            item: |phone: &Phone, out: &mut Vec<u8>| {
                let item = (&phone.place.name, "x".repeat(padding));
                serde_json::to_writer(out, &item).expect("a Vec takes all");
            },
        };
        let mut text = Vec::new();
        loop {
            let mut piece = Vec::new();
            let filled = listing.fill(&mut piece);
            text.extend(piece);
            if filled == Filled::Last {
                break;
            }
        }
        serde_json::from_slice(&text).expect("JSON")
    }

    #[test]
    fn it_is_json_whatever_the_number_of_phones_and_pieces() {
        for (phones, padding) in [(0, 0), (1, 0), (3, PIECE), (3, PIECE / 2)] {
            let places = (0..phones).map(|n| Arc::new(example::place(&n.to_string())));
            let fleet = Fleet::new(places);
            let json = write(fleet.phones().map(Arc::clone).collect(), padding);
            assert_eq!(json["phones"].as_array().map(Vec::len), Some(phones));
        }
    }
}
