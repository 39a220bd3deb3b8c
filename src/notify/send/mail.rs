//! A message over SMTP, one connection a mail.
//!
//! The conversation is led step by step, so that a recipient who is refused does not cost the others
//! their mail and is tried again alone, and each step can be shown. Where encryption is wanted nothing is said without it. A
//! mail that was taken is taken, however the conversation ends.
//!
//! TLS is set up as towards web servers, not by the mail library, which knows one certificate of ours
//! and no chain above it.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::Attempt;
use super::http::{in_words, misconfigured, sources, tls_failed, too_slow};
use super::limited_stream::LimitedStream;
use super::mime::Mime;
use super::redact::Redactor;
use super::tls::{self, MAIL_SERVER};
use crate::notify::channel::{Email, Encryption, Receiver};
use crate::notify::delivery::Delivery;
use crate::notify::retry::{DeliveryResult, FailureReason, of_smtp};
use crate::tls_client;

/// How long the other side may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(2);

/// One conversation.
struct Talk<'a> {
    email: &'a Email,
    mime: &'a Mime,
    redactor: Redactor,
    dialogue: Vec<String>,
    refused: Vec<(Box<str>, DeliveryResult)>,
}

/// How far the conversation had come when it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Talking,
}

pub(super) async fn send(
    receiver: &Receiver,
    email: &Email,
    recipients: Option<&[Box<str>]>,
    delivery: &Delivery,
) -> Attempt {
    let name = &receiver.route.receiver;
    let mime = Mime::new(name, receiver.max_listed_alerts, email, delivery);
    let mime = match mime.and_then(|mime| mime.only_to(recipients)) {
        Ok(mime) => mime,
        Err(error) => {
            return Attempt {
                result: misconfigured(&error),
                refused: Vec::new(),
                remark: None,
                dialogue: Vec::new(),
            };
        }
    };
    let limit = email.timeout.unwrap_or(Email::TIMEOUT);
    let mut talk = Talk {
        email,
        mime: &mime,
        redactor: Redactor::of_login(email.login.as_ref()),
        dialogue: Vec::new(),
        refused: Vec::new(),
    };
    let result = match timeout(limit, talk.lead()).await {
        Ok(Ok(mut connection)) => {
            let _rude = timeout(FAREWELL, connection.quit()).await;
            DeliveryResult::Delivered
        }
        Ok(Err(result)) => result,
        Err(_elapsed) => too_slow(limit),
    };
    Attempt {
        remark: (result == DeliveryResult::Delivered)
            .then(|| list(&talk.refused))
            .flatten(),
        result,
        refused: talk.refused,
        dialogue: talk.dialogue,
    }
}

/// Who was refused and why, if anybody was.
fn list(refused: &[(Box<str>, DeliveryResult)]) -> Option<Box<str>> {
    let each = refused.iter().map(|(to, result)| match result {
        DeliveryResult::Delivered => to.to_string(),
        DeliveryResult::Temporary { error, .. } | DeliveryResult::Permanent { error, .. } => {
            format!("{to} ({error})")
        }
    });
    let each: Vec<_> = each.collect();
    (!each.is_empty()).then(|| format!("recipients were refused: {}", each.join(", ")).into())
}

impl Talk<'_> {
    /// Up to the moment when the mail was taken.
    async fn lead(&mut self) -> Result<AsyncSmtpConnection, DeliveryResult> {
        let mut connection = self.connect().await?;
        if let Some((user, password)) = &self.email.login {
            self.says(&format!("AUTH as {user}"));
            let login = Credentials::new(user.to_string(), password.expose_secret().to_owned());
            let reply = connection.auth(DEFAULT_MECHANISMS, &login).await;
            self.hears("AUTH", reply)?;
        }
        let parameters = self.parameters(&connection)?;
        let from = self.mime.from.clone();
        self.says(&format!("MAIL FROM:<{from}>"));
        let reply = connection.command(Mail::new(Some(from), parameters)).await;
        self.hears("MAIL", reply)?;
        self.name_recipients(&mut connection).await?;
        self.says("DATA");
        let reply = connection.command(Data).await;
        self.hears("DATA", reply)?;
        self.says(&format!("{} bytes", self.mime.bytes.len()));
        let reply = connection.message(&self.mime.bytes).await;
        self.hears("the mail", reply)?;
        Ok(connection)
    }

    async fn connect(&mut self) -> Result<AsyncSmtpConnection, DeliveryResult> {
        let Email {
            host,
            port,
            encryption,
            ..
        } = self.email;
        let how = match encryption {
            Encryption::Tls => " with TLS",
            Encryption::Starttls | Encryption::None => "",
        };
        self.says(&format!("connect to {host} port {port}{how}"));
        let failed = |error: io::Error| self.unreached("the greeting", &error);
        let stream = TcpStream::connect((&**host, *port)).await.map_err(failed)?;
        let peer = stream.peer_addr().map_err(failed)?;
        match encryption {
            Encryption::None => self.greet(LimitedStream::new(stream, peer)).await,
            Encryption::Tls => {
                let stream = self.encrypt("the greeting", stream).await?;
                self.greet(LimitedStream::new(stream, peer)).await
            }
            Encryption::Starttls => {
                let (plain, stream) = twice(stream).map_err(failed)?;
                let connection = self.greet(LimitedStream::new(plain, peer)).await?;
                self.start_tls(connection).await?;
                let stream = self.encrypt("STARTTLS", stream).await?;
                self.dialogue.push("< encrypted".to_owned());
                self.greet(LimitedStream::greeted(stream, peer)).await
            }
        }
    }

    /// Takes the greeting of the server and says who we are.
    async fn greet(
        &mut self,
        stream: impl AsyncTokioStream + 'static,
    ) -> Result<AsyncSmtpConnection, DeliveryResult> {
        let hello = ClientId::Domain(self.mime.from.domain().to_owned());
        let connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
            .await
            .map_err(|error| self.fault("the greeting", &error, Stage::Connecting))?;
        self.dialogue
            .push(format!("< {}", connection.server_info()));
        Ok(connection)
    }

    /// Agrees on STARTTLS. The connection ends here, with whatever it has read: nothing that was said
    /// before encryption counts afterwards (RFC 3207).
    async fn start_tls(
        &mut self,
        mut connection: AsyncSmtpConnection,
    ) -> Result<(), DeliveryResult> {
        if !connection.can_starttls() {
            return Err(DeliveryResult::Temporary {
                reason: FailureReason::Tls,
                error: "the server offers no STARTTLS, and nothing is sent without: see whether \
                        `force_implicit_tls` and the port are right"
                    .into(),
                after: None,
            });
        }
        self.says("STARTTLS");
        let reply = connection.command(Starttls).await;
        self.hears("STARTTLS", reply)
    }

    /// The stream under TLS, for which `what` waits.
    async fn encrypt(
        &self,
        what: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, DeliveryResult> {
        let Email { host, tls, .. } = self.email;
        let config = tls::client_config(tls)
            .await
            .map_err(|error| misconfigured(&format!("TLS cannot be set up: {error}")))?;
        let name = tls.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_invalid| misconfigured("its host is no name that a certificate may bear"))?;
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await;
        stream.map_err(|error| self.unreached(what, &error))
    }

    /// What has to be said of the mail before it is sent.
    fn parameters(
        &self,
        connection: &AsyncSmtpConnection,
    ) -> Result<Vec<MailParameter>, DeliveryResult> {
        let Mime { from, to, bytes } = self.mime;
        let mut parameters = Vec::new();
        let mut addresses = to.iter().chain([from]);
        if !addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            let server = connection.server_info();
            if !server.supports_feature(Extension::SmtpUtfEight) {
                let error = "the server takes no addresses beyond ASCII: write them without";
                return Err(misconfigured(error));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// Names all recipients; an error if none is taken.
    async fn name_recipients(
        &mut self,
        connection: &mut AsyncSmtpConnection,
    ) -> Result<(), DeliveryResult> {
        for to in &self.mime.to {
            self.says(&format!("RCPT TO:<{to}>"));
            let reply = connection.command(Rcpt::new(to.clone(), Vec::new())).await;
            let answered = reply.as_ref().err().and_then(Error::status).is_some();
            match self.hears("RCPT", reply) {
                Ok(()) | Err(DeliveryResult::Delivered) => {}
                Err(result) if !answered => return Err(result),
                Err(result) => self.refused.push((to.to_string().into(), result)),
            }
        }
        if self.refused.len() < self.mime.to.len() {
            return Ok(());
        }
        let may_pass = |(_, result): &(Box<str>, DeliveryResult)| {
            matches!(result, DeliveryResult::Temporary { .. })
        };
        let error = list(&self.refused).unwrap_or_default();
        if self.refused.iter().any(may_pass) {
            return Err(DeliveryResult::Temporary {
                reason: FailureReason::Busy,
                error,
                after: None,
            });
        }
        Err(DeliveryResult::Permanent {
            reason: FailureReason::Refused,
            error,
        })
    }

    fn says(&mut self, words: &str) {
        self.dialogue.push(format!("> {words}"));
    }

    fn hears(&mut self, what: &str, reply: Result<Response, Error>) -> Result<(), DeliveryResult> {
        match reply {
            Ok(reply) => {
                let words = reply.first_line().unwrap_or_default();
                let words = self.redactor.over(words);
                self.dialogue.push(format!("< {} {words}", reply.code()));
                Ok(())
            }
            Err(error) => {
                self.dialogue
                    .push(format!("< {}", self.redactor.over(&in_words(&error))));
                Err(self.fault(what, &error, Stage::Talking))
            }
        }
    }

    /// What an error on the way to the server means.
    fn unreached(&self, what: &str, error: &io::Error) -> DeliveryResult {
        if let Some(tls) = tls_client::error_in(error) {
            return tls_failed(tls, MAIL_SERVER)
                .explained(|error| format!("{what}: {error}").into());
        }
        let reason = if error.kind() == io::ErrorKind::TimedOut {
            FailureReason::Timeout
        } else if BROKE_OFF.contains(&error.kind()) {
            FailureReason::Broken
        } else {
            FailureReason::Connect
        };
        let words = self.redactor.over(&in_words(error));
        DeliveryResult::Temporary {
            reason,
            error: format!("{what}: {words}").into(),
            after: None,
        }
    }

    /// What an error means.
    fn fault(&self, what: &str, error: &Error, stage: Stage) -> DeliveryResult {
        if let Some(code) = error.status() {
            let words = error.source().map(ToString::to_string);
            let words = self.redactor.over(&words.unwrap_or_default());
            let result = of_smtp(code.into());
            return result.explained(|error| format!("{what} was {error}: {words}").into());
        }
        if let Some(tls) = tls_client::error_in(error) {
            return tls_failed(tls, MAIL_SERVER)
                .explained(|error| format!("{what}: {error}").into());
        }
        let words = format!("{what}: {}", self.redactor.over(&in_words(error)));
        // No way of proving who we are that both know, or an address that cannot be said.
        if error.is_client() {
            return misconfigured(&words);
        }
        let reason = if error.is_timeout() {
            FailureReason::Timeout
        } else if stage == Stage::Connecting && !broke_off(error) {
            FailureReason::Connect
        } else {
            FailureReason::Broken
        };
        DeliveryResult::Temporary {
            reason,
            error: words.into(),
            after: None,
        }
    }
}

/// Two handles of one connection.
fn twice(stream: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let stream = stream.into_std()?;
    let other = TcpStream::from_std(stream.try_clone()?)?;
    Ok((other, TcpStream::from_std(stream)?))
}

/// How it looks when somebody was there and hung up.
const BROKE_OFF: [io::ErrorKind; 4] = [
    io::ErrorKind::BrokenPipe,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::UnexpectedEof,
];

/// Whether somebody was there and hung up, or said what is no SMTP.
fn broke_off(error: &Error) -> bool {
    let mut inner = sources(error).filter_map(|source| source.downcast_ref::<io::Error>());
    error.is_response() || inner.any(|error| BROKE_OFF.contains(&error.kind()))
}
