//! A certificate and its key as PEM texts, which is how the mail library takes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::config::KeyPair;

/// The chain, and the key.
pub(super) fn of(pair: &KeyPair) -> (String, SecretString) {
    let chain = pair.chain.iter().map(|der| section("CERTIFICATE", der));
    let label = match &pair.key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let key = section(label, pair.key.secret_der());
    (chain.collect(), key.into())
}

fn section(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(["a.example".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        let pair = KeyPair {
            chain: vec![certificate.der().clone(), certificate.der().clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        };
        let (chain, key) = of(&pair);
        let chain: Result<_, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let read = KeyPair {
            chain: chain.expect("certificates"),
            key: PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).expect("a key"),
        };
        assert_eq!(read, pair);
    }
}
