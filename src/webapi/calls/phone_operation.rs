//! Guide: Phone/Call Operations.
//!
//! The line counts from 0 on the wire, as the guide's example has it, and from 1 everywhere else.
//! The guide's table spells the parameter `Line`, its example `line`; the example is what phones
//! were seen to take.

use std::num::NonZeroU16;

use crate::webapi::call::{Call, Query};

/// What to do with the call on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// End it.
    End,
    /// Put it on hold.
    Hold,
    /// Accept it.
    Accept,
    /// Reject it.
    Reject,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::End, Self::Hold, Self::Accept, Self::Reject];

    /// The guide's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::End => "endcall",
            Self::Hold => "holdcall",
            Self::Accept => "acceptcall",
            Self::Reject => "rejectcall",
        }
    }
}

/// Does this to the call on this line, as the phone lists it: from 1.
pub fn call(operation: Operation, line: NonZeroU16) -> Call<()> {
    Query::of("api-phone_operation")
        .with("cmd", operation.word())
        .with("line", &(line.get() - 1).to_string())
        .writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent_for_the_first_line() {
        let expect = "/cgi-bin/api-phone_operation?cmd=endcall&line=0";
        assert_eq!(call(Operation::End, NonZeroU16::MIN).shown(), expect);
        let lines = Operation::ALL.map(|operation| call(operation, NonZeroU16::MAX));
        let [_, hold, accept, reject] = lines.map(|call| call.shown().to_owned());
        assert!(hold.ends_with("cmd=holdcall&line=65534"), "{hold}");
        assert!(accept.contains("acceptcall") && reject.contains("rejectcall"));
    }
}
