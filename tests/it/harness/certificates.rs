//! Authorities and the certificates that they sign, written as the files that tools read.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};

/// An authority in a directory, its own certificate in `NAME.pem`.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: PathBuf,
    pub(crate) name: &'static str,
}

/// Whether a certificate is still good.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    Current,
    Expired,
}

impl Authority {
    pub(crate) fn new(directory: &Path, name: &'static str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let authority = Self {
            issuer,
            directory: directory.to_owned(),
            name,
        };
        authority.write("", &authority.issuer.pem());
        authority
    }

    /// A server's certificate for loopback, in `NAME-server.pem` and `NAME-server.key`.
    pub(crate) fn server(&self) {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign("-server", &params);
    }

    /// A server's certificate for this host alone, in `NAME-HOST.pem` and `NAME-HOST.key`.
    pub(crate) fn server_of(&self, host: &str) {
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&format!("-{host}"), &params);
    }

    /// One that has expired, in `NAME-expired-server.pem` and `NAME-expired-server.key`.
    pub(crate) fn expired_server(&self) {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign("-expired-server", &params);
    }

    /// A client's certificate of this name, in `NAME-CLIENT.pem` and `NAME-CLIENT.key`.
    pub(crate) fn client(&self, client: &str, validity: Validity) {
        let name = format!("{client}.example");
        let mut params = CertificateParams::new([name]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if validity == Validity::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        self.sign(&format!("-{client}"), &params);
    }

    fn sign(&self, suffix: &str, params: &CertificateParams) {
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("signed");
        self.write(suffix, &signed.pem());
        let path = self.directory.join(format!("{}{suffix}.key", self.name));
        std::fs::write(path, key.serialize_pem()).expect("written");
    }

    fn write(&self, suffix: &str, pem: &str) {
        let path = self.directory.join(format!("{}{suffix}.pem", self.name));
        std::fs::write(path, pem).expect("written");
    }
}

/// A certificate for loopback that signed itself and is an authority, as plain `openssl req -x509`
/// makes it, in `NAME-server.pem`, `NAME-server.key` and once more in `NAME.pem`.
pub(crate) fn self_signed(
    directory: &Path,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2020, 1, 1);
    change(&mut params);
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("signed").pem();
    for (end, text) in [
        ("-server.pem", &pem),
        (".pem", &pem),
        ("-server.key", &key.serialize_pem()),
    ] {
        std::fs::write(directory.join(format!("{name}{end}")), text).expect("written");
    }
}
