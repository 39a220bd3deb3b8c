//! One request over the network, as one of the users of the listener.
//!
//! `Origin` is that of the daemon, which refuses changes from pages of other sites. Redirects are not
//! followed, since they would carry the password elsewhere; proxies of the environment are not used.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{ApiRequest, MAX_BODY, body_if_success};
use crate::config;
use crate::tls_client::{self, Peer};

/// A client of a daemon on the network.
pub(super) struct HttpsClient {
    client: Client,
    /// Scheme, host, port and, behind a proxy, a path, without the final slash.
    base: String,
    origin: String,
    user: Option<(String, SecretString)>,
}

impl HttpsClient {
    /// A client of the daemon at `url`, with a user and the file of the password. Reads files.
    pub(super) fn new(
        url: &str,
        user: Option<(&str, &Path)>,
        ca_file: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let parsed = Url::parse(url).ok();
        let is_usable = |parsed: &Url| {
            let plain = parsed.query().is_none() && parsed.fragment().is_none();
            let bare = parsed.username().is_empty() && parsed.password().is_none();
            matches!(parsed.scheme(), "http" | "https") && plain && bare
        };
        let Some(parsed) = parsed.filter(is_usable) else {
            bail!("--url is not a valid address; write e.g. https://exporter.example:15060");
        };
        let user = match user {
            None => None,
            Some((name, file)) => Some((name.to_owned(), config::read_secret(file)?)),
        };
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(tls(ca_file)?)
            .build()?;
        Ok(Self {
            client,
            base: parsed.as_str().trim_end_matches('/').to_owned(),
            origin: parsed.origin().ascii_serialization(),
            user,
        })
    }

    /// Sends a request; the body of the response.
    pub(super) async fn send(&self, api: ApiRequest<'_>) -> anyhow::Result<Bytes> {
        let url = format!("{}{}", self.base, api.path);
        let mut request = self.client.request(api.method, url);
        request = request.header("Origin", &self.origin);
        if let Some((name, password)) = &self.user {
            request = request.basic_auth(name, Some(password.expose_secret()));
        }
        if let Some(body) = api.body {
            request = request
                .header("Content-Type", "application/json")
                .body(body);
        }
        let sent = request.send().await;
        let mut response = sent.map_err(|error| self.request_error(error))?;
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await? {
            if body.len() + piece.len() > MAX_BODY {
                bail!("the response is larger than {MAX_BODY} bytes");
            }
            body.extend_from_slice(&piece);
        }
        body_if_success(response.status(), body.freeze())
    }

    /// The error of a request without a response.
    fn request_error(&self, error: reqwest::Error) -> anyhow::Error {
        let base = &self.base;
        if let Some(tls) = tls_client::error_in(&error) {
            let message = tls_client::explain(tls, DAEMON);
            return anyhow!("TLS with {base} failed: {message}");
        }
        anyhow!(error).context(format!("no daemon answers at {base}; check --url"))
    }
}

/// The daemon in TLS errors.
const DAEMON: Peer = Peer {
    name: "the daemon",
    ca_file: "--ca-file",
    fingerprints: None,
    server_name: None,
    without_tls: "write http:// in --url, or check the port",
    too_old: "raise max_version in its web_config_file",
};

fn tls(ca_file: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let roots: Vec<_> = match ca_file {
        None => rustls_native_certs::load_native_certs().certs,
        Some(file) => {
            let unusable = || format!("{} has no CA certificate in PEM format", file.display());
            let certificates = CertificateDer::pem_file_iter(file).with_context(unusable)?;
            let named: Vec<_> = certificates
                .collect::<Result<_, _>>()
                .with_context(unusable)?;
            if named.is_empty() {
                bail!(unusable());
            }
            for certificate in &named {
                RootCertStore::empty().add(certificate.clone())?;
            }
            named
        }
    };
    let provider = Arc::new(ring::default_provider());
    let verifier = tls_client::verifier(roots.into(), false, &provider)?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}
