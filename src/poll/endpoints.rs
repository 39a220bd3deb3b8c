//! Sets of endpoints: what is due in a poll, what was refused, what was answered.

use crate::fleet::Endpoint;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EndpointSet(u8);

impl EndpointSet {
    pub(super) fn insert(&mut self, endpoint: Endpoint) {
        self.0 |= 1 << endpoint as u8;
    }

    pub(super) fn contains(self, endpoint: Endpoint) -> bool {
        self.0 & (1 << endpoint as u8) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Endpoint> {
        Endpoint::ALL
            .into_iter()
            .filter(move |endpoint| self.contains(*endpoint))
    }
}

/// Whether the guide wants a session for it; the others say some things to anybody.
pub(super) fn needs_session(endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::Accounts | Endpoint::Lines | Endpoint::Time => true,
        Endpoint::Status | Endpoint::Values => false,
    }
}
