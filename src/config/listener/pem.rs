//! PEM texts, which stand in the file itself or in a file of their own.

use crate::config::fault::{Findings, Spot, Wrong};
use crate::config::files::{Files, MAX_CERTIFICATES};
use crate::config::section::Section;
use crate::config::tree::Node;

/// A PEM text and where it was given.
pub(super) struct Pem {
    pub(super) spot: Spot,
    pub(super) key: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// The key of a text within the file, and the key that names a file instead.
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub(super) inline: &'static str,
    pub(super) file: &'static str,
}

impl Source {
    /// The key that is used; `None` if neither is. Both together are a fault: the toolkit takes one
    /// and says nothing.
    pub(super) fn key(self, found: &mut Findings, section: &Section<'_>) -> Option<&'static str> {
        match (section.has(self.inline), section.has(self.file)) {
            (true, true) => {
                let what = format!("stands beside `{}`", self.file);
                let wrong = Wrong::new(what, "keep one of them");
                found.fault(section.spot_of(self.inline), wrong);
                Some(self.file)
            }
            (true, false) => Some(self.inline),
            (false, true) => Some(self.file),
            (false, false) => None,
        }
    }

    /// The text, whichever key gives it; `None` if neither does, or if it cannot be read.
    pub(super) fn read(
        self,
        found: &mut Findings,
        files: &mut Files<'_>,
        section: &Section<'_>,
    ) -> Option<Pem> {
        let key = self.key(found, section)?;
        let read = |node: &Node| {
            let text = node.text()?;
            if key == self.inline {
                return Ok(text.as_bytes().to_vec());
            }
            files.read(&files.path(text), MAX_CERTIFICATES)
        };
        let bytes = section.read(found, key, read)?.value;
        let spot = section.spot_of(key);
        Some(Pem { spot, key, bytes })
    }
}
