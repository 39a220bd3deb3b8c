//! Guide: Make Call.
//!
//! The account counts from 0 on the wire, as the guide's example and the vendor's own programs have
//! it, and from 1 everywhere else.

use std::num::NonZeroU16;

use crate::webapi::call::{Call, Query};

/// Dials this number from this account, as the phone lists it: from 1.
pub fn call(number: &str, account: NonZeroU16) -> Call<()> {
    Query::of("api-make_call")
        .with("phonenumber", number)
        .with("account", &(account.get() - 1).to_string())
        .writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent_for_the_first_account() {
        let expect = "/cgi-bin/api-make_call?phonenumber=123456&account=0";
        assert_eq!(call("123456", NonZeroU16::MIN).shown(), expect);
    }
}
