//! `email` of a receiver: from whom, to whom, and through which server, in Alertmanager's words.

use secrecy::SecretString;

use super::http_client::{is_this_machine, timeout, tls_config, user};
use super::secret::secret;
use crate::config::read::{
    Address, Files, Findings, Kind, Node, Section, Spot, Wrong, address, items, quoted,
};
use crate::notify::channel::{Email, Encryption};

const PASSWORD: Kind = Kind {
    noun: "password",
    nouns: "passwords",
    file: "auth_password_file",
};

/// The port at which TLS begins with the first byte (RFC 8314).
const IMPLICIT_TLS: u16 = 465;

pub(super) fn email(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<Email> {
    for key in ["to", "from", "smarthost"] {
        section.require(found, key);
    }
    let to = recipients(found, section);
    let from = section.read(found, "from", |node| mail_address(node.text()?));
    let server = section.read(found, "smarthost", smarthost);
    let encryption = encryption(found, section, server.as_ref().map(|server| &server.value));
    let login = login(found, files, section);
    let tls = tls_config(found, files, section);
    let timeout = timeout(found, section);
    let (host, port) = server?.value;
    if encryption == Encryption::None && section.has("tls_config") {
        let what = "has no effect with `require_tls: false`";
        let wrong = Wrong::new(what, "remove one of them");
        found.fault(section.spot_of("tls_config"), wrong);
    }
    if to.is_empty() {
        return None;
    }
    Some(Email {
        to,
        from: from?.value,
        host,
        port,
        encryption,
        tls,
        login,
        timeout,
    })
}

/// `force_implicit_tls` and `require_tls`. Where TLS begins with the first byte, nothing more is
/// required.
fn encryption(
    found: &mut Findings,
    section: &Section<'_>,
    server: Option<&(Box<str>, u16)>,
) -> Encryption {
    let implicit = section.read(found, "force_implicit_tls", Node::flag);
    let required = section.read(found, "require_tls", Node::flag);
    let required = required.is_none_or(|required| required.value);
    let Some((host, port)) = server else {
        return Encryption::Starttls;
    };
    if implicit.map_or(*port == IMPLICIT_TLS, |implicit| implicit.value) {
        return Encryption::Tls;
    }
    if required {
        return Encryption::Starttls;
    }
    if !is_this_machine(host) {
        let what = "is false, and the server is another machine";
        let wrong = Wrong::new(what, "remove it; it is for localhost");
        found.fault(section.spot_of("require_tls"), wrong);
    }
    Encryption::None
}

/// `auth_username` and its password, which belong together.
fn login(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<(Box<str>, SecretString)> {
    const PASSWORDS: [&str; 2] = ["auth_password", PASSWORD.file];
    let given = PASSWORDS.into_iter().find(|key| section.has(key));
    let user = section.read(found, "auth_username", user);
    match given {
        None if !section.has("auth_username") => return None,
        None => {
            let wrong = Wrong::new(
                "needs `auth_password_file`",
                "write both, or neither where the server wants none",
            );
            found.fault(section.spot_of("auth_username"), wrong);
            return None;
        }
        Some(key) if !section.has("auth_username") => {
            let help = "write both, or neither where the server wants none";
            found.fault(
                section.spot_of(key),
                Wrong::new("needs `auth_username`", help),
            );
        }
        Some(_) => {}
    }
    let password = secret(found, files, section, ("auth_password", PASSWORD));
    Some((user?.value, password?))
}

/// Host and port.
fn smarthost(node: &Node) -> Result<(Box<str>, u16), Wrong> {
    const HELP: &str = "write host:port, an IPv6 address in brackets";
    let Address { host, port, .. } = address(node.text()?).map_err(|wrong| Wrong {
        mend: HELP.to_owned(),
        ..wrong
    })?;
    let port = port.ok_or_else(|| {
        let help = "write host:port: 587 for STARTTLS, 465 for TLS, 25 to this machine";
        Wrong::new("has no port", help)
    })?;
    Ok((host, port))
}

/// `to`: a list of addresses, or one text with commas between them.
fn recipients(found: &mut Findings, section: &Section<'_>) -> Vec<Box<str>> {
    let Some(node) = section.read(found, "to", Ok::<&Node, Wrong>) else {
        return Vec::new();
    };
    let (spot, node) = (section.spot_of("to"), node.value);
    let texts: Vec<(Spot, Result<&str, Wrong>)> = match node.list() {
        Ok(list) => {
            let items = items(&spot, list).into_iter();
            items.map(|(spot, node)| (spot, node.text())).collect()
        }
        Err(_) => match node.text() {
            Ok(text) => {
                let addresses = text.split(',').map(str::trim);
                addresses.map(|one| (spot.clone(), Ok(one))).collect()
            }
            Err(wrong) => vec![(spot.clone(), Err(wrong))],
        },
    };
    if texts.is_empty() {
        found.fault(spot, Wrong::new("is empty", "name at least one address"));
    }
    let texts = texts.into_iter();
    texts
        .filter_map(|(spot, text)| found.keep(spot, text.and_then(mail_address)))
        .collect()
}

fn mail_address(text: &str) -> Result<Box<str>, Wrong> {
    if text.parse::<lettre::Address>().is_err() {
        let what = format!("{} is not a mail address", quoted(text));
        return Err(Wrong::new(what, "write it as name@example.org"));
    }
    Ok(text.into())
}
