//! TLS towards phones: which certificates are accepted, and what a failed handshake means.
//!
//! A certificate is measured against a [`Trust`]: fingerprints of whole certificates, own
//! authorities, the system's, or nothing at all. A phone that is pinned is asked for nothing else:
//! neither name nor dates, only that it holds the key. TLS 1.2 and 1.3; sessions are resumed, so
//! that a phone that closes its connections costs a full handshake only now and then. No request is
//! written before the handshake and its check are done.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::fleet::trust::Trust;
use crate::fleet::{Failure, Reason};
use crate::tls_client::{self, Chain, Distrust, Peer, certificate};

/// How a phone's TLS is spoken of.
const PHONE: Peer = Peer {
    name: "the phone",
    ca_file: "tls.ca_file",
    fingerprints: Some("tls.fingerprints_sha256"),
    server_name: Some("tls.server_name"),
    without_tls: "check scheme and port",
    too_old: "raise its minimum TLS version, update its firmware, or use scheme: http",
};

/// Sessions remembered for each phone: what one TLS 1.3 handshake may hand out. With the library's
/// default of 256 for all phones together nothing was resumed above 32 phones.
const SESSIONS_A_PHONE: usize = 8;

/// TLS settings that check certificates against `trust`, with a session cache for `phones` phones.
pub fn tls_config(trust: &Trust, phones: usize) -> Result<Arc<ClientConfig>, Failure> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        check: Check::of(trust, &provider)?,
        algorithms: provider.signature_verification_algorithms,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| failure(format!("the TLS library does not work: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = sessions(phones);
    Ok(Arc::new(config))
}

/// The same settings for one phone whose checked name is not its own address.
///
/// Sessions are remembered by name: phones that share one would be offered each other's.
pub(super) fn with_own_sessions(config: &ClientConfig) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.resumption = sessions(1);
    Arc::new(config)
}

/// Why a handshake failed, and until when the certificate was valid if it had expired.
pub(super) fn handshake_failure(error: &io::Error) -> (Failure, Option<Timestamp>) {
    let Some(error) = tls_error(error) else {
        let detail = "the phone cut the connection during the TLS handshake";
        return (Failure::new(Reason::Reset, detail), None);
    };
    (failure(in_words(error)), expired_at(error))
}

fn expired_at(error: &Error) -> Option<Timestamp> {
    let Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) = error
    else {
        return None;
    };
    Timestamp::from_second(i64::try_from(not_after.as_secs()).ok()?).ok()
}

/// The TLS error inside of an I/O error.
pub(super) fn tls_error(error: &io::Error) -> Option<&Error> {
    tls_client::error_in(error)
}

/// A TLS error for an operator: what it means and what to do. Never quotes the phone.
pub(super) fn in_words(error: &Error) -> String {
    tls_client::explain(error, PHONE)
}

fn sessions(phones: usize) -> Resumption {
    Resumption::in_memory_sessions(phones.max(1).saturating_mul(SESSIONS_A_PHONE))
}

/// Measures certificates against one [`Trust`].
#[derive(Debug)]
struct Verifier {
    check: Check,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Check {
    /// One of these whole certificates, and nothing else.
    Fingerprints(Box<[[u8; 32]]>),
    /// A chain to an authority, the name and the dates.
    Chain(Chain),
    /// Anything.
    Nothing,
}

impl Check {
    fn of(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, Failure> {
        if !trust.fingerprints.is_empty() {
            return Ok(Self::Fingerprints(trust.fingerprints.clone()));
        }
        if trust.insecure_skip_verify {
            return Ok(Self::Nothing);
        }
        let authorities = match &trust.authorities {
            Some(authorities) => own_authorities(authorities)?,
            None => system_authorities()?,
        };
        let chain = Chain::new(authorities, provider)
            .map_err(|error| failure(format!("the authorities are not usable: {error}")))?;
        Ok(Self::Chain(chain))
    }
}

/// Certificates of authorities, each usable.
type Authorities = Arc<[CertificateDer<'static>]>;

fn own_authorities(authorities: &[Box<[u8]>]) -> Result<Authorities, Failure> {
    let mut usable = Vec::with_capacity(authorities.len());
    for (position, authority) in authorities.iter().enumerate() {
        let der = CertificateDer::from_slice(authority).into_owned();
        RootCertStore::empty().add(der.clone()).map_err(|error| {
            failure(format!(
                "certificate {} of tls.ca_file is not usable as an authority: {error}",
                position + 1
            ))
        })?;
        usable.push(der);
    }
    if usable.is_empty() {
        return Err(failure("tls.ca_file holds no certificate"));
    }
    Ok(usable.into())
}

/// Single certificates of the system's store that cannot be read are left out, as browsers do.
fn system_authorities() -> Result<Authorities, Failure> {
    let all = rustls_native_certs::load_native_certs().certs.into_iter();
    let usable = all.filter(|der| RootCertStore::empty().add(der.clone()).is_ok());
    let usable: Authorities = usable.collect();
    if usable.is_empty() {
        return Err(failure(
            "this machine has no trusted authorities: set tls.ca_file or tls.fingerprints_sha256",
        ));
    }
    Ok(usable)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.check {
            Check::Nothing => Ok(ServerCertVerified::assertion()),
            Check::Fingerprints(pinned) => {
                if pinned.contains(&certificate::fingerprint(end_entity)) {
                    return Ok(ServerCertVerified::assertion());
                }
                let fingerprint = certificate::fingerprint_text(end_entity);
                Err(Distrust::OtherFingerprint { fingerprint }.into())
            }
            Check::Chain(chain) => {
                chain.verify((end_entity, intermediates), server_name, ocsp_response, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Some(checked) = self.checked_without_webpki(message, cert, dss) {
            return checked;
        }
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Some(checked) = self.checked_without_webpki(message, cert, dss) {
            return checked;
        }
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    /// The proof that the phone holds the key of its certificate, where the library cannot do it:
    /// it refuses to read certificates of version 1, and one that is pinned is asked for nothing
    /// but this proof. Where nothing is checked, the proof proves nothing either.
    fn checked_without_webpki(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Option<Result<HandshakeSignatureValid, Error>> {
        match self.check {
            Check::Nothing => return Some(Ok(HandshakeSignatureValid::assertion())),
            Check::Chain(_) => return None,
            Check::Fingerprints(_) => {}
        }
        if ParsedCertificate::try_from(cert).is_ok() {
            return None;
        }
        let algorithms = self
            .algorithms
            .mapping
            .iter()
            .find_map(|(scheme, algorithms)| (*scheme == dss.scheme).then_some(*algorithms));
        // The key is fixed by the fingerprint: no algorithm of another kind reads its bits.
        let proven = certificate::public_key(cert).is_some_and(|key| {
            algorithms.unwrap_or_default().iter().any(|algorithm| {
                algorithm
                    .verify_signature(key, message, dss.signature())
                    .is_ok()
            })
        });
        Some(if proven {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::BadSignature))
        })
    }
}

fn failure(detail: impl Into<Box<str>>) -> Failure {
    Failure::new(Reason::Tls, detail)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer};
    use rcgen::{KeyPair, date_time_ymd};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
    use tokio_rustls::rustls::{HandshakeKind, ServerConfig, SupportedProtocolVersion};

    use super::super::dial::{Stream, dial};
    use super::super::limit::Limit;
    use super::super::raw::{Play, Server, ample, ok};
    use super::super::request::{Line, Names};
    use super::super::transport::Connection;
    use super::super::{Client, ReadError, Tls, Traffic};
    use super::*;
    use crate::fleet::guard::Habits;
    use crate::fleet::reading::PhoneStatus;

    const BUSY: &str = r#"{"response":"success","body":"busy"}"#;
    const ADDRESS: &str = "127.0.0.1";

    /// What a phone presents: a certificate and its key.
    struct Presented {
        certificate: CertificateDer<'static>,
        key: Box<[u8]>,
    }

    struct Authority(Issuer<'static, KeyPair>, Box<[u8]>);

    fn params(name: &str, subject: &str, last_year: i32) -> CertificateParams {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        params
    }

    impl Authority {
        fn new() -> Self {
            let mut params = params("authority.example", "authority", 2100);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let der = params.self_signed(&key).unwrap().der().to_vec();
            Self(Issuer::new(params, key), der.into())
        }

        fn sign(&self, name: &str, last_year: i32) -> Presented {
            let key = KeyPair::generate().unwrap();
            let params = params(name, "phone", last_year);
            Presented {
                certificate: params.signed_by(&key, &self.0).unwrap().into(),
                key: key.serialize_der().into(),
            }
        }

        fn trust(&self) -> Trust {
            Trust {
                authorities: Some(Box::new([self.1.clone()])),
                ..Trust::default()
            }
        }
    }

    fn self_signed() -> Presented {
        let key = KeyPair::generate().unwrap();
        let certificate = params(ADDRESS, "phone", 2100).self_signed(&key).unwrap();
        Presented {
            certificate: certificate.into(),
            key: key.serialize_der().into(),
        }
    }

    /// Made by `openssl x509 -req` without extensions: no library at hand writes this version.
    fn of_version_1() -> Presented {
        let certificate = include_bytes!("../../tests/fixtures/webapi/version1.cert.der");
        let key = include_bytes!("../../tests/fixtures/webapi/version1.key.der");
        Presented {
            certificate: CertificateDer::from_slice(certificate).into_owned(),
            key: Box::from(&key[..]),
        }
    }

    fn pinned(certificate: &CertificateDer<'_>) -> Trust {
        Trust {
            fingerprints: Box::new([[7; 32], certificate::fingerprint(certificate)]),
            ..Trust::default()
        }
    }

    fn insecure() -> Trust {
        Trust {
            insecure_skip_verify: true,
            ..Trust::default()
        }
    }

    fn acceptor(presented: &Presented, version: &'static SupportedProtocolVersion) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(presented.key.to_vec()));
        let certified = CertifiedKey::new(
            vec![presented.certificate.clone()],
            ring::sign::any_supported_type(&key).unwrap(),
        );
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        TlsAcceptor::from(Arc::new(config))
    }

    async fn phone(
        presented: &Presented,
        version: &'static SupportedProtocolVersion,
        play: Play,
    ) -> Server {
        Server::encrypted(acceptor(presented, version), move |_| play.clone()).await
    }

    fn tls(trust: &Trust) -> Tls {
        Tls {
            config: tls_config(trust, 1).unwrap(),
            server_name: trust.server_name.clone(),
        }
    }

    async fn read(client: &mut Client) -> (Result<PhoneStatus, Failure>, Traffic) {
        client.open(ample());
        let read = client.reader().status().await;
        (read.map_err(ReadError::into_failure), client.close())
    }

    /// How a read ends from a phone that presents this to a client that trusts that.
    async fn check(presented: &Presented, trust: &Trust, words: Option<&str>) -> Traffic {
        let mut seen = Traffic::default();
        for version in [&TLS13, &TLS12] {
            let server = phone(presented, version, Play::Say(ok(BUSY))).await;
            let target = server.target(Some(tls(trust)));
            let (read, traffic) = read(&mut Client::new(target, Habits::default())).await;
            if let Some(words) = words {
                let failure = read.unwrap_err();
                assert_eq!(failure.reason, Reason::Tls);
                assert!(failure.detail.contains(words), "{failure}");
                assert_eq!(server.lines().len(), 0, "a request left before the check");
                assert!(!traffic.reached);
            } else {
                assert_eq!(read, Ok(PhoneStatus::Busy));
                assert!(traffic.certificate_expiry.is_some());
            }
            seen = traffic;
        }
        seen
    }

    #[tokio::test]
    async fn a_pinned_certificate_is_asked_for_nothing_else() {
        let expired = Authority::new().sign("elsewhere.example", 2002);
        for presented in [self_signed(), expired, of_version_1()] {
            check(&presented, &pinned(&presented.certificate), None).await;
        }
    }

    #[tokio::test]
    async fn a_certificate_that_is_not_pinned_is_refused_even_where_nothing_else_is_checked() {
        let mut trust = pinned(&self_signed().certificate);
        trust.insecure_skip_verify = true;
        let presented = self_signed();
        let own = certificate::fingerprint_text(&presented.certificate);
        check(
            &presented,
            &trust,
            Some("matches none of tls.fingerprints_sha256"),
        )
        .await;
        check(&presented, &trust, Some(&own)).await;
    }

    #[tokio::test]
    async fn a_pinned_certificate_without_its_key_is_worth_nothing() {
        for honest in [self_signed(), of_version_1()] {
            let thief = Presented {
                certificate: honest.certificate.clone(),
                key: KeyPair::generate().unwrap().serialize_der().into(),
            };
            check(&thief, &pinned(&honest.certificate), Some("signature")).await;
        }
    }

    #[tokio::test]
    async fn a_chain_to_an_own_authority_is_accepted_and_dated() {
        let authority = Authority::new();
        let traffic = check(&authority.sign(ADDRESS, 2090), &authority.trust(), None).await;
        let expiry = "2090-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(traffic.certificate_expiry, Some(expiry));
    }

    #[tokio::test]
    async fn what_is_not_trusted_is_told_with_its_mend() {
        let authority = Authority::new();
        let trust = authority.trust();
        let elsewhere = authority.sign("elsewhere.example", 2090);
        check(&elsewhere, &trust, Some("set tls.server_name")).await;
        check(&self_signed(), &trust, Some("self-signed")).await;
        let stranger = Authority::new().sign(ADDRESS, 2090);
        check(&stranger, &trust, Some("unknown authority")).await;
        check(&of_version_1(), &trust, Some("self-signed")).await;
        let expired = authority.sign(ADDRESS, 2002);
        let traffic = check(&expired, &trust, Some("has expired")).await;
        let expiry = "2002-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(traffic.certificate_expiry, Some(expiry));
    }

    #[tokio::test]
    async fn another_name_may_be_checked_than_the_address() {
        let authority = Authority::new();
        let mut trust = authority.trust();
        trust.server_name = Some("elsewhere.example".into());
        check(&authority.sign("elsewhere.example", 2090), &trust, None).await;
        let detail = "set tls.server_name";
        check(&authority.sign(ADDRESS, 2090), &trust, Some(detail)).await;
    }

    #[tokio::test]
    async fn anything_is_accepted_where_nothing_is_checked() {
        let expired = Authority::new().sign("elsewhere.example", 2002);
        for presented in [self_signed(), expired, of_version_1()] {
            check(&presented, &insecure(), None).await;
        }
    }

    #[tokio::test]
    async fn a_kept_connection_serves_the_next_poll_too() {
        let presented = self_signed();
        let server = phone(&presented, &TLS13, Play::Say(ok(BUSY))).await;
        let target = server.target(Some(tls(&pinned(&presented.certificate))));
        let mut client = Client::new(target, Habits::default());
        for _ in 0..3 {
            let (read, traffic) = read(&mut client).await;
            assert_eq!(read, Ok(PhoneStatus::Busy));
            assert!(traffic.certificate_expiry.is_some());
        }
        let connections: Vec<_> = server.lines().iter().map(|(n, _)| *n).collect();
        assert_eq!(connections, [1, 1, 1]);
    }

    #[tokio::test]
    async fn sessions_are_resumed_where_the_phone_closes_connections() {
        let presented = self_signed();
        for version in [&TLS13, &TLS12] {
            let server = phone(&presented, version, Play::SayAndClose(ok(BUSY))).await;
            let target = server.target(Some(tls(&pinned(&presented.certificate))));
            let names = Names::of(&target);
            let mut kinds = Vec::new();
            for _ in 0..3 {
                let dialled = dial(&target, None, &Limit::at(ample())).await.unwrap();
                assert!(dialled.certificate_expiry.is_some());
                let Stream::Encrypted(stream) = &dialled.stream else {
                    panic!("TLS was asked for");
                };
                kinds.push(stream.get_ref().1.handshake_kind());
                let mut connection = Connection::new(dialled.stream).await.unwrap();
                let request = names.get(Line::plain("/"), None, true);
                connection.exchange(request, 1024).await.unwrap();
            }
            let (full, resumed) = (Some(HandshakeKind::Full), Some(HandshakeKind::Resumed));
            assert_eq!(kinds, [full, resumed, resumed]);
        }
    }

    #[tokio::test]
    async fn a_phone_without_modern_tls_is_told_apart_from_one_without_tls() {
        let config = tls_config(&insecure(), 1).unwrap();
        let cases: [(&[u8], Reason, &str); 5] = [
            (
                b"\x15\x03\x01\0\x02\x02\x46",
                Reason::Tls,
                "TLS 1.1 or older",
            ),
            (
                b"\x15\x03\x01\0\x02\x02\x28",
                Reason::Tls,
                "TLS 1.1 or older",
            ),
            (b"\x15\x03\x01\0\x02\x02\x50", Reason::Tls, "an alert"),
            (
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
                Reason::Tls,
                "does not speak TLS",
            ),
            (b"", Reason::Reset, "during the TLS handshake"),
        ];
        for (said, reason, words) in cases {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let server = Server::plain(|_| Play::Reset).await;
            let mut target = server.target(Some(Tls {
                config: Arc::clone(&config),
                server_name: None,
            }));
            target.port = listener.local_addr().unwrap().port();
            let answer = async {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let (mut tcp, _) = listener.accept().await.unwrap();
                tcp.read_u8().await.unwrap();
                tcp.write_all(said).await.unwrap();
                tcp.shutdown().await.unwrap();
                tcp.read_to_end(&mut Vec::new()).await
            };
            let limit = Limit::at(ample());
            let (dialled, _) = tokio::join!(dial(&target, None, &limit), answer);
            let failure = dialled.unwrap_err().failure;
            assert_eq!(failure.reason, reason, "{failure}");
            assert!(failure.detail.contains(words), "{failure}");
        }
    }

    #[tokio::test]
    async fn a_handshake_that_hangs_costs_no_more_than_the_limit_for_connecting() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::plain(|_| Play::Reset).await;
        let mut target = server.target(Some(tls(&insecure())));
        target.port = listener.local_addr().unwrap().port();
        target.connect_timeout = std::time::Duration::from_millis(100);
        let (read, _) = read(&mut Client::new(target, Habits::default())).await;
        assert_eq!(read.unwrap_err().reason, Reason::Timeout);
    }

    #[test]
    fn authorities_that_are_none_are_refused_at_once() {
        for authorities in [Vec::new(), vec![Box::from(&b"nonsense"[..])]] {
            let trust = Trust {
                authorities: Some(authorities.into()),
                ..Trust::default()
            };
            let failure = tls_config(&trust, 1).unwrap_err();
            assert!(failure.detail.contains("tls.ca_file"), "{failure}");
        }
    }
}
