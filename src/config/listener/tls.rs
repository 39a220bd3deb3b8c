//! `tls_server_config`: who we are, and which TLS we speak.
//!
//! Names of suites and curves are those of Go's crypto/tls, as everywhere in the Prometheus world.
//! Suites are chosen for both versions: the toolkit cannot choose those of TLS 1.3 and says nothing.

use std::sync::Arc;

use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{CipherSuite, NamedGroup};

use crate::config::fault::{Findings, Wrong, quoted};
use crate::config::files::{Files, Secrets};
use crate::config::key_pair::{check_pair, private_key, warn_of_readers};
use crate::config::section::{Section, word};
use crate::config::tls::certificates;
use crate::config::tree::Node;

use super::pem::{Pem, Source};
use super::{ServerTls, TlsVersion, clients};

/// `tls_server_config`.
pub(super) const TLS: &[&str] = &[
    "cert",
    "key",
    "client_ca",
    "cert_file",
    "key_file",
    "client_auth_type",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
];

const CERTIFICATE: Source = Source {
    inline: "cert",
    file: "cert_file",
};

const KEY: Source = Source {
    inline: "key",
    file: "key_file",
};

/// In the order in which they are preferred where none are listed: that of the TLS library.
const SUITES: &[(&str, (TlsVersion, CipherSuite))] = {
    use TlsVersion::{Tls12, Tls13};
    &[
        (
            "TLS_AES_256_GCM_SHA384",
            (Tls13, CipherSuite::TLS13_AES_256_GCM_SHA384),
        ),
        (
            "TLS_AES_128_GCM_SHA256",
            (Tls13, CipherSuite::TLS13_AES_128_GCM_SHA256),
        ),
        (
            "TLS_CHACHA20_POLY1305_SHA256",
            (Tls13, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
        ),
        (
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            (Tls12, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
        ),
        (
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            (Tls12, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
        ),
        (
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            (
                Tls12,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            ),
        ),
        (
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            (Tls12, CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
        ),
        (
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            (Tls12, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
        ),
        (
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            (
                Tls12,
                CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            ),
        ),
    ]
};

/// In the order in which they are preferred where none are listed: that of the TLS library.
const CURVES: &[(&str, NamedGroup)] = &[
    ("X25519", NamedGroup::X25519),
    ("CurveP256", NamedGroup::secp256r1),
    ("CurveP384", NamedGroup::secp384r1),
];

/// `tls_server_config`; `None` if it is left out or has faults, which have been told, or if the key
/// is a secret that is not to be read.
pub(super) fn tls(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'_>,
) -> Option<ServerTls> {
    let section = top.section(found, "tls_server_config", TLS)?;
    let chain = chain(found, files, &section);
    let key = key(found, files, &section);
    let clients = clients::clients(found, files, &section);
    let (min_version, max_version) = versions(found, &section);
    let ciphers = ciphers(found, &section, (min_version, max_version));
    let own_preference = section.read(found, "prefer_server_cipher_suites", Node::flag);
    let curves = curves(found, &section);
    let (certificate, chain) = chain?;
    let (pem, key) = key?;
    let certificate = (certificate.spot, certificate.key, &*chain);
    check_pair(found, certificate, (pem.spot, &key), "client");
    Some(ServerTls {
        chain,
        key: Arc::new(key),
        clients,
        min_version,
        max_version,
        ciphers,
        own_preference: own_preference.is_none_or(|given| given.value),
        curves,
    })
}

fn chain(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<(Pem, Vec<CertificateDer<'static>>)> {
    if !section.has(CERTIFICATE.inline) {
        section.require(found, CERTIFICATE.file);
    }
    let pem = CERTIFICATE.read(found, files, section)?;
    let chain = found.keep(pem.spot.clone(), certificates(&pem.bytes))?;
    Some((pem, chain))
}

fn key(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<(Pem, PrivateKeyDer<'static>)> {
    if !section.has(KEY.inline) {
        section.require(found, KEY.file);
    }
    if files.secrets == Secrets::Skip {
        KEY.key(found, section)?;
        return None;
    }
    let pem = KEY.read(found, files, section)?;
    let world_readable = if pem.key == KEY.file {
        let named = section.read(found, KEY.file, Node::text)?.value;
        files.is_world_readable(&files.path(named))
    } else {
        files.is_world_readable(&pem.spot.file)
    };
    warn_of_readers(found, &pem.spot, world_readable);
    let key = private_key(&pem.bytes);
    let key = found.keep(pem.spot.clone(), key)?;
    Some((pem, key))
}

/// `min_version` and `max_version`.
fn versions(found: &mut Findings, section: &Section<'_>) -> (TlsVersion, TlsVersion) {
    let min = section.read(found, "min_version", version);
    let max = section.read(found, "max_version", version);
    let min = min.map_or(TlsVersion::Tls12, |given| given.value);
    let max = max.map_or(TlsVersion::Tls13, |given| given.value);
    if min > max {
        let wrong = Wrong::new(
            "is newer than max_version",
            "lower it, or raise max_version",
        );
        found.fault(section.spot_of("min_version"), wrong);
    }
    (min, max)
}

/// A version of TLS, as Go's crypto/tls names it.
pub(crate) fn version(node: &Node) -> Result<TlsVersion, Wrong> {
    const VERSIONS: &[(&str, TlsVersion)] =
        &[("TLS12", TlsVersion::Tls12), ("TLS13", TlsVersion::Tls13)];
    if let Ok(old @ ("TLS10" | "TLS11")) = node.text() {
        let what = format!("{} is not spoken here: it is no longer safe", quoted(old));
        return Err(Wrong::new(what, "write one of TLS12, TLS13"));
    }
    word(node, VERSIONS)
}

/// `cipher_suites`. Where none of TLS 1.3 is listed, all of them are offered, as in the toolkit.
fn ciphers(
    found: &mut Findings,
    section: &Section<'_>,
    (min, max): (TlsVersion, TlsVersion),
) -> Vec<CipherSuite> {
    let mut listed = Vec::new();
    for (spot, node) in section.items(found, "cipher_suites").unwrap_or_default() {
        let Some((version, suite)) = found.keep(spot.clone(), cipher(node)) else {
            continue;
        };
        if version < min || version > max {
            let what = "has no effect between min_version and max_version";
            found.warn(spot, Wrong::new(what, "remove it"));
        }
        listed.push((version, suite));
    }
    let all = SUITES.iter().map(|(_, suite)| *suite);
    if listed.is_empty() {
        return all.map(|(_, suite)| suite).collect();
    }
    let lists = |version| listed.iter().any(|(of, _)| *of == version);
    if max == TlsVersion::Tls12 && !lists(max) {
        let wrong = Wrong::new(
            "lists no suite of TLS 1.2",
            "add one, or remove max_version",
        );
        found.fault(section.spot_of("cipher_suites"), wrong);
    }
    if !lists(TlsVersion::Tls13) {
        listed.extend(all.filter(|(version, _)| *version == TlsVersion::Tls13));
    }
    listed.into_iter().map(|(_, suite)| suite).collect()
}

fn cipher(node: &Node) -> Result<(TlsVersion, CipherSuite), Wrong> {
    word(node, SUITES).map_err(|wrong| match node.text() {
        Ok(name) if name.starts_with("TLS_RSA_") || name.contains("_CBC_") => Wrong {
            what: format!("{} is not offered here: it is no longer safe", quoted(name)),
            ..wrong
        },
        Ok(_) | Err(_) => wrong,
    })
}

/// `curve_preferences`.
fn curves(found: &mut Findings, section: &Section<'_>) -> Vec<NamedGroup> {
    let listed = section
        .items(found, "curve_preferences")
        .unwrap_or_default();
    let mut curves: Vec<_> = listed
        .into_iter()
        .filter_map(|(spot, node)| found.keep(spot, curve(node)))
        .collect();
    if curves.is_empty() {
        curves.extend(CURVES.iter().map(|(_, curve)| *curve));
    }
    curves
}

fn curve(node: &Node) -> Result<NamedGroup, Wrong> {
    word(node, CURVES).map_err(|wrong| match node.text() {
        Ok("CurveP521") => Wrong {
            what: "`CurveP521` is not known to the TLS library of this program".to_owned(),
            ..wrong
        },
        Ok(_) | Err(_) => wrong,
    })
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::SupportedCipherSuite;
    use tokio_rustls::rustls::crypto::ring;

    use super::*;

    #[test]
    fn the_tables_hold_what_the_library_offers_in_its_order() {
        let provider = ring::default_provider();
        let offered: Vec<_> = provider
            .cipher_suites
            .iter()
            .map(SupportedCipherSuite::suite)
            .collect();
        let suites: Vec<_> = SUITES.iter().map(|(_, (_, suite))| *suite).collect();
        assert_eq!(suites, offered);
        let offered: Vec<_> = provider
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect();
        let curves: Vec<_> = CURVES.iter().map(|(_, curve)| *curve).collect();
        assert_eq!(curves, offered);
    }
}
