//! A mail server that takes mails, or refuses them at the step it was told to.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::harness::PATIENCE;

/// How the server behaves.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// The certificate, where it speaks TLS.
    pub(crate) tls: Option<TlsAcceptor>,
    /// TLS from the first byte instead of STARTTLS.
    pub(crate) at_once: bool,
    /// Mails are taken only from this user with this password.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// What it answers to lines that begin so, instead of what it would.
    pub(crate) instead: Vec<(&'static str, &'static str)>,
    /// The first line that begins so is to come again later.
    pub(crate) greylists: Option<&'static str>,
}

/// Answers nothing from then on.
pub(crate) const SILENCE: &str = "";
/// Says something without end, on one line.
pub(crate) const ENDLESS: &str = "endless";
/// Hangs up.
pub(crate) const HANG_UP: &str = "hang up";
/// Stands for the moment before anything was said.
pub(crate) const GREETING: &str = "greeting";
/// Stands for the end of a mail.
pub(crate) const END: &str = "end";

/// What was received.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// Every line but those of the mail.
    pub(crate) lines: Vec<String>,
    pub(crate) mail: String,
    pub(crate) encrypted: bool,
}

/// The server; dropping it ends it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
    _tasks: JoinSet<()>,
}

/// Why a part of a conversation is over.
#[derive(PartialEq, Eq)]
enum Turn {
    Over,
    Encrypt,
}

impl Server {
    pub(crate) async fn start(mut manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let (tell, received) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                let mut received = Received::default();
                let _broken = serve(stream, &manners, &mut received).await;
                let greylisted =
                    |begins| received.lines.iter().any(|line| line.starts_with(begins));
                if manners.greylists.is_some_and(greylisted) {
                    manners.greylists = None;
                }
                let _gone = tell.send(received);
            }
        });
        Self {
            address,
            received,
            _tasks: tasks,
        }
    }

    /// What the next conversation that ended brought.
    pub(crate) async fn received(&mut self) -> Received {
        let received = tokio::time::timeout(PATIENCE, self.received.recv());
        received.await.expect("a conversation").expect("a server")
    }
}

async fn serve(
    stream: tokio::net::TcpStream,
    manners: &Manners,
    received: &mut Received,
) -> std::io::Result<()> {
    if let Some(tls) = manners.tls.as_ref().filter(|_| manners.at_once) {
        received.encrypted = true;
        let mut stream = BufReader::new(tls.accept(stream).await?);
        if greet(&mut stream, manners).await? {
            talk(&mut stream, manners, received).await?;
        }
        return Ok(());
    }
    let mut stream = BufReader::new(stream);
    if !greet(&mut stream, manners).await? {
        return Ok(());
    }
    let turn = talk(&mut stream, manners, received).await?;
    if let Some(tls) = manners.tls.as_ref().filter(|_| turn == Turn::Encrypt) {
        received.encrypted = true;
        let mut stream = BufReader::new(tls.accept(stream.into_inner()).await?);
        talk(&mut stream, manners, received).await?;
    }
    Ok(())
}

/// Whether the conversation goes on.
async fn greet(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    manners: &Manners,
) -> std::io::Result<bool> {
    match manners.instead(GREETING) {
        Some(HANG_UP) => Ok(false),
        Some(ENDLESS) => loop {
            stream.write_all(&[b'2'; 4096]).await?;
            stream.flush().await?;
        },
        Some(SILENCE) => {
            until_gone(stream).await?;
            Ok(false)
        }
        reply => {
            say(stream, reply.unwrap_or("220 mail.example ESMTP")).await?;
            Ok(true)
        }
    }
}

async fn talk(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    manners: &Manners,
    received: &mut Received,
) -> std::io::Result<Turn> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(Turn::Over);
        }
        let said = line.trim_end();
        received.lines.push(said.to_owned());
        let reply = match manners.instead(said) {
            Some(HANG_UP) => return Ok(Turn::Over),
            Some(SILENCE) => {
                until_gone(stream).await?;
                return Ok(Turn::Over);
            }
            Some(reply) => reply.to_owned(),
            None => manners.reply(said, received.encrypted),
        };
        say(stream, &reply).await?;
        if said == "STARTTLS" && reply.starts_with("220") {
            return Ok(Turn::Encrypt);
        }
        if said == "DATA" && reply.starts_with("354") {
            take_mail(stream, &mut received.mail).await?;
            say(stream, manners.instead(END).unwrap_or("250 2.0.0 taken")).await?;
        }
    }
}

impl Manners {
    fn instead(&self, said: &str) -> Option<&'static str> {
        if self
            .greylists
            .is_some_and(|begins| said.starts_with(begins))
        {
            return Some("451 4.7.1 greylisted");
        }
        let mut instead = self.instead.iter();
        let found = instead.find(|(begins, _)| said.starts_with(begins));
        found.map(|(_, reply)| *reply)
    }

    fn reply(&self, said: &str, encrypted: bool) -> String {
        let offers_tls = self.tls.is_some() && !self.at_once && !encrypted;
        let verb = said.split([' ', ':']).next().unwrap_or_default();
        match verb {
            "EHLO" => {
                let starttls = if offers_tls { "250-STARTTLS\r\n" } else { "" };
                format!("250-mail.example\r\n{starttls}250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
            }
            "STARTTLS" => "220 2.0.0 go ahead".to_owned(),
            "AUTH" => {
                let right = self.login.map(|(user, password)| {
                    let plain = STANDARD.encode(format!("\0{user}\0{password}"));
                    format!("AUTH PLAIN {plain}")
                });
                let is_right = right.is_some_and(|right| right == said);
                if is_right {
                    return "235 2.7.0 welcome".to_owned();
                }
                // Some servers quote what they did not like.
                format!("535 5.7.8 not {said}")
            }
            "DATA" => "354 go on".to_owned(),
            "QUIT" => "221 2.0.0 bye".to_owned(),
            _ => "250 2.1.0 ok".to_owned(),
        }
    }
}

async fn take_mail(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    mail: &mut String,
) -> std::io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 && line != ".\r\n" {
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        line.clear();
    }
    Ok(())
}

async fn say(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    reply: &str,
) -> std::io::Result<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn until_gone(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
) -> std::io::Result<()> {
    let mut rest = Vec::new();
    while stream.read_until(b'\n', &mut rest).await? > 0 {
        rest.clear();
    }
    Ok(())
}
