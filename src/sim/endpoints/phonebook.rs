//! `phonebook_download`: the phonebook in the XML of the vendor's GXP2200 phonebook guide.
//!
//! The only answer that is no JSON by the guide. Names may hold anything, so the writer escapes,
//! and leaves out what XML cannot say.

use std::fmt::{self, Write};

use super::Call;
use super::answer::Answer;
use crate::sim::state::State;
use crate::sim::state::phonebook::{Contact, Phonebook};

pub(super) fn download(_call: &Call<'_>, state: &mut State) -> Answer {
    let mut document = String::new();
    write_book(&mut document, &state.phonebook).expect("a String takes all text");
    Answer::xml(document)
}

fn write_book(out: &mut String, book: &Phonebook) -> fmt::Result {
    out.push_str(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AddressBook>\n<version>1</version>\n",
    );
    for (id, name) in &book.groups {
        writeln!(
            out,
            "<pbgroup>\n<id>{id}</id>\n<name>{}</name>\n</pbgroup>",
            escaped(name)
        )?;
    }
    for (id, contact) in &book.contacts {
        write_contact(out, *id, contact)?;
    }
    out.push_str("</AddressBook>\n");
    Ok(())
}

fn write_contact(out: &mut String, id: u32, contact: &Contact) -> fmt::Result {
    writeln!(out, "<Contact>\n<id>{id}</id>")?;
    writeln!(out, "<FirstName>{}</FirstName>", escaped(&contact.first))?;
    writeln!(out, "<LastName>{}</LastName>", escaped(&contact.last))?;
    let numbers = [
        ("Work", &contact.work),
        ("Home", &contact.home),
        ("Mobile", &contact.mobile),
        ("Work Fax", &contact.fax),
    ];
    for (kind, number) in numbers.into_iter().filter(|(_, number)| !number.is_empty()) {
        let number = escaped(number);
        writeln!(
            out,
            "<Phone type=\"{kind}\">\n<phonenumber>{number}</phonenumber>"
        )?;
        writeln!(out, "<accountindex>0</accountindex>\n</Phone>")?;
    }
    if !contact.email.is_empty() {
        writeln!(
            out,
            "<Mail type=\"Work\">{}</Mail>",
            escaped(&contact.email)
        )?;
    }
    writeln!(out, "<Group>{}</Group>\n</Contact>", contact.group)
}

/// XML 1.0 has no way to write most control characters; they are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(letter),
            control if control < ' ' => {}
            '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use crate::sim::endpoints::desk::{Desk, done};
    use crate::sim::hostile;

    #[test]
    fn the_phonebook_is_xml_whatever_the_names_hold() {
        let mut desk = Desk::logged_in();
        for text in hostile::texts().iter().filter(|text| text.len() < 100) {
            desk.check(
                &format!(
                    "api-save_edit_contact?firstname={}&newphone4=7",
                    utf8_percent_encode(text, NON_ALPHANUMERIC)
                ),
                &done(),
            );
        }
        let document = desk.text("phonebook_download");
        assert!(document.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AddressBook>"));
        assert!(document.contains("<pbgroup>\n<id>100</id>\n<name>blacklist</name>\n</pbgroup>"));
        assert!(
            document.contains(
                "<FirstName>&lt;script&gt;alert('x')&lt;/script&gt;&amp;amp;</FirstName>"
            )
        );
        assert!(document.contains("<Phone type=\"Work Fax\">\n<phonenumber>7</phonenumber>"));
        let is_text = |letter: char| letter >= ' ' || matches!(letter, '\t' | '\n');
        assert!(document.chars().all(is_text), "no control character is XML");
    }
}
