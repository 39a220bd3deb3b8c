//! Guide: Phonebook Download.
//!
//! The one answer of the guide that is XML, in the vendor's `AddressBook` format. It is handed on as
//! it came; what it says of contacts is read by whoever wants to know.

use crate::webapi::call::{Call, Query, Unmet, not_understood};
use crate::webapi::verdict::Data;

/// Asks for the phonebook: an XML document of at most 16 MiB.
pub fn call() -> Call<String> {
    Query::of("phonebook_download").reads_much(parse)
}

fn parse(data: Data<'_>) -> Result<String, Unmet> {
    if !data.payload.starts_with('<') {
        return Err(not_understood("the phonebook is not XML"));
    }
    Ok(data.payload.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_handed_on_and_anything_else_is_refused() {
        let read = |payload| {
            parse(Data {
                payload,
                said_success: false,
            })
        };
        let book = "<?xml version=\"1.0\"?><AddressBook></AddressBook>";
        assert_eq!(read(book), Ok(book.to_owned()));
        assert!(read("hello").is_err() && read("[]").is_err());
        assert_eq!(call().shown(), "/cgi-bin/phonebook_download");
    }
}
