//! What `tls_server_config` asks of clients: their certificates.

use std::sync::Arc;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::config::fault::{Findings, Wrong};
use crate::config::files::Files;
use crate::config::section::{Section, word};
use crate::config::tls::certificates;
use crate::config::tree::Node;

use super::Clients;
use super::pem::{Pem, Source};

const AUTHORITIES: Source = Source {
    inline: "client_ca",
    file: "client_ca_file",
};

/// `client_auth_type`, by the names of Go's crypto/tls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    Nothing,
    Request,
    RequireAny,
    VerifyIfGiven,
    RequireAndVerify,
}

const POLICIES: &[(&str, Policy)] = &[
    ("NoClientCert", Policy::Nothing),
    ("RequestClientCert", Policy::Request),
    ("RequireAnyClientCert", Policy::RequireAny),
    // The toolkit's own older name of the one above.
    ("RequireClientCert", Policy::RequireAny),
    ("VerifyClientCertIfGiven", Policy::VerifyIfGiven),
    ("RequireAndVerifyClientCert", Policy::RequireAndVerify),
];

const VERIFY: &str = "set `client_auth_type: RequireAndVerifyClientCert`";

/// `client_auth_type` and what belongs to it.
pub(super) fn clients(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<Clients> {
    let policy = section.read(found, "client_auth_type", |node| word(node, POLICIES));
    let policy = match policy {
        Some(policy) => policy.value,
        // A wrong one has been told; nothing is said of what would belong to the right one.
        None if section.has("client_auth_type") => return None,
        None => Policy::Nothing,
    };
    let authorities = AUTHORITIES.read(found, files, section);
    let allowed_names = allowed_names(found, section);
    let verified = matches!(policy, Policy::VerifyIfGiven | Policy::RequireAndVerify);
    if !verified && section.has("client_allowed_sans") {
        let what = "has no worth: nobody verifies the certificates that carry the names";
        found.fault(
            section.spot_of("client_allowed_sans"),
            Wrong::new(what, VERIFY),
        );
    }
    check_policy(found, section, policy);
    let authorities = authorities.and_then(|pem| usable(found, &pem));
    Some(Clients {
        required: matches!(policy, Policy::RequireAny | Policy::RequireAndVerify),
        verified,
        authorities: authorities.unwrap_or_default(),
        allowed_names,
    })
    .filter(|_| policy != Policy::Nothing)
}

fn check_policy(found: &mut Findings, section: &Section<'_>, policy: Policy) {
    let given = [AUTHORITIES.inline, AUTHORITIES.file]
        .into_iter()
        .find(|key| section.has(key));
    match (policy, given) {
        (Policy::Nothing, Some(key)) => {
            let what = "has no effect: clients are asked for no certificate";
            found.fault(section.spot_of(key), Wrong::new(what, VERIFY));
        }
        (Policy::VerifyIfGiven | Policy::RequireAndVerify, None) => {
            let what = "needs client_ca_file: else any authority of this system would be good";
            let wrong = Wrong::new(what, "add `client_ca_file: …`");
            found.fault(section.spot_of("client_auth_type"), wrong);
        }
        (Policy::Request | Policy::RequireAny, _) => {
            let what = "takes any certificate, from whomever it comes";
            found.warn(
                section.spot_of("client_auth_type"),
                Wrong::new(what, VERIFY),
            );
        }
        (Policy::Nothing, None) | (Policy::VerifyIfGiven | Policy::RequireAndVerify, Some(_)) => {}
    }
}

fn usable(found: &mut Findings, pem: &Pem) -> Option<Arc<[CertificateDer<'static>]>> {
    let authorities = found.keep(pem.spot.clone(), certificates(&pem.bytes))?;
    let mut roots = RootCertStore::empty();
    for (position, authority) in authorities.iter().enumerate() {
        if let Err(error) = roots.add(authority.clone()) {
            let position = position + 1;
            let what = format!("holds no usable authority at position {position}: {error}");
            let wrong = Wrong::new(what, "remove it from there");
            found.fault(pem.spot.clone(), wrong);
            return None;
        }
    }
    Some(authorities.into())
}

/// `client_allowed_sans`; an empty list would let nobody in.
fn allowed_names(found: &mut Findings, section: &Section<'_>) -> Option<Arc<[Box<str>]>> {
    let names = section.items(found, "client_allowed_sans")?;
    if names.is_empty() {
        let wrong = Wrong::new("lets nobody in", "list the names of clients, or remove it");
        found.fault(section.spot_of("client_allowed_sans"), wrong);
    }
    let name = |node: &Node| node.text().map(Box::from);
    let names = names.into_iter();
    let read = names.filter_map(|(spot, node)| found.keep(spot, name(node)));
    Some(read.collect())
}
