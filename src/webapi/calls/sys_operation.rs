//! Guide: System Operations.
//!
//! The guide wants the role admin for a reset and for provisioning.

use crate::webapi::call::{Call, Query};

/// What to do with the phone as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Restart it.
    Reboot,
    /// Give it back the settings it left the factory with.
    FactoryReset,
    /// Let it fetch its configuration and firmware.
    Provision,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Reboot, Self::FactoryReset, Self::Provision];

    /// The guide's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reboot => "REBOOT",
            Self::FactoryReset => "RESET",
            Self::Provision => "PROV",
        }
    }
}

/// Does this to the phone.
pub fn call(operation: Operation) -> Call<()> {
    Query::of("api-sys_operation")
        .with("request", operation.word())
        .writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_guide_are_sent() {
        let sent = Operation::ALL.map(|operation| call(operation).shown().to_owned());
        let expect = ["REBOOT", "RESET", "PROV"];
        assert_eq!(
            sent,
            expect.map(|word| format!("/cgi-bin/api-sys_operation?request={word}"))
        );
    }
}
