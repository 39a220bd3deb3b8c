//! `email` of a receiver: from whom, to whom, and through which server.

use super::patterns::list_of;
use super::web::{PASSWORD, is_this_machine, secret_file, timeout, user};
use crate::alert::notify::channel::{Email, Encryption};
use crate::config::read::{
    Address, Files, Findings, Node, Section, Wrong, address, authorities, quoted, word,
};

const ENCRYPTIONS: &[(&str, Encryption)] = &[
    ("starttls", Encryption::Starttls),
    ("tls", Encryption::Tls),
    ("none", Encryption::None),
];

pub(super) fn email(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<Email> {
    for key in ["to", "from", "server"] {
        section.require(found, key);
    }
    let to = list_of(found, section, "to", mail_address);
    let from = section.read(found, "from", mail_address);
    let encryption = section.read(found, "tls", |node| word(node, ENCRYPTIONS));
    let encryption = encryption.map_or(Encryption::Starttls, |encryption| encryption.value);
    let server = section.read(found, "server", server);
    let login = login(found, files, section);
    let ca_file = section.read(found, "ca_file", |node| authorities(files, node.text()?));
    let timeout = timeout(found, section);
    let server = server?.value;
    if encryption == Encryption::None {
        if !is_this_machine(&server.host) {
            let what = "is none, and the server is another machine";
            let wrong = Wrong::new(what, "write starttls or tls; none is for localhost");
            found.fault(section.spot_of("tls"), wrong);
        }
        if section.has("ca_file") {
            let wrong = Wrong::new("has no effect with `tls: none`", "remove it");
            found.fault(section.spot_of("ca_file"), wrong);
        }
    }
    let to: Vec<_> = to.into_iter().map(|(_, address)| address).collect();
    if to.is_empty() {
        return None;
    }
    Some(Email {
        to,
        from: from?.value,
        port: server.port.unwrap_or_else(|| default_port(encryption)),
        host: server.host,
        encryption,
        login,
        authorities: ca_file.map(|authorities| authorities.value.certificates),
        timeout,
    })
}

fn default_port(encryption: Encryption) -> u16 {
    match encryption {
        Encryption::Starttls => 587,
        Encryption::Tls => 465,
        Encryption::None => 25,
    }
}

/// `user` and `password_file`, which belong together.
fn login(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<(Box<str>, secrecy::SecretString)> {
    for (key, other) in [("user", "password_file"), ("password_file", "user")] {
        if section.has(key) && !section.has(other) {
            let what = format!("needs `{other}`");
            let mend = "write both, or neither where the server wants none";
            found.fault(section.spot_of(key), Wrong::new(what, mend));
        }
    }
    let user = section.read(found, "user", user);
    let password = secret_file(found, files, section, PASSWORD);
    Some((user?.value, password?))
}

fn server(node: &Node) -> Result<Address, Wrong> {
    address(node.text()?).map_err(|wrong| Wrong {
        mend: "write host or host:port, an IPv6 address in brackets".to_owned(),
        ..wrong
    })
}

fn mail_address(node: &Node) -> Result<Box<str>, Wrong> {
    let text = node.text()?;
    if text.parse::<lettre::Address>().is_err() {
        let what = format!("{} is no mail address", quoted(text));
        return Err(Wrong::new(what, "write it as name@example.org"));
    }
    Ok(text.into())
}
