//! One phone's connection, cookies and habits, and the one way a request is sent.
//!
//! A poll is opened with a deadline and closed; in between requests go out one at a time over one
//! connection. Over HTTP it ends with the poll: an idle one would hold memory here and one of the
//! phone's few slots there. Over HTTPS it stays, because a handshake costs more than both.
//!
//! A client offers no way to send a request of one's own: [`Reader`](super::Reader) knows the
//! reads, [`Client::login`] the login, and a face that writes would stand beside them on the same
//! `ask_once`.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::cookies::Jar;
use super::exchange::{Exchange, Removal};
use super::limit::Limit;
use super::request::{Line, Names};
use super::transport::{Connection, Fault, Stage};
use super::{Target, Traffic, answer, dial, json, tls};
use crate::fleet::guard::Habits;
use crate::fleet::report::Dropped;
use crate::fleet::{Failure, Reason};

/// One phone's connection, session and habits.
#[derive(Debug)]
pub struct Client {
    target: Target,
    names: Names,
    pub(super) habits: Habits,
    jar: Jar,
    has_session: bool,
    connection: Option<Box<Connection>>,
    poll: Poll,
    exchanges: Option<Vec<Exchange>>,
}

/// What lasts no longer than a poll.
#[derive(Debug, Default)]
struct Poll {
    /// `None` between polls: nothing may be sent then.
    deadline: Option<Instant>,
    /// Cancelled once a phone that has not answered in this poll is waited for no longer.
    give_up: CancellationToken,
    /// Where the name of the phone led in this poll.
    address: Option<SocketAddr>,
    /// Why no connection could be opened: not tried again in this poll.
    gone: Option<Failure>,
    /// How many answers the connection at hand had brought before this poll.
    answers_before: u32,
    reached: bool,
    /// A whole answer came.
    answered: bool,
    certificate_expiry: Option<Timestamp>,
    dropped: Dropped,
}

impl Client {
    /// A client without connection or session.
    pub fn new(mut target: Target, habits: Habits) -> Self {
        if let Some(own) = target.tls.as_mut().filter(|tls| tls.server_name.is_some()) {
            own.config = tls::with_own_sessions(&own.config);
        }
        Self {
            names: Names::of(&target),
            target,
            habits,
            jar: Jar::default(),
            has_session: false,
            connection: None,
            poll: Poll::default(),
            exchanges: None,
        }
    }

    /// Begins a poll: everything until [`Client::close`] ends by `deadline`.
    ///
    /// Outside of a poll nothing is sent: what is asked then fails as out of time.
    pub fn open(&mut self, deadline: Instant) {
        self.open_until(deadline, CancellationToken::new());
    }

    /// The same; a poll that has not brought a whole answer when `give_up` is cancelled ends there.
    /// A login goes out after an answer, so none is ever given up.
    pub fn open_until(&mut self, deadline: Instant, give_up: CancellationToken) {
        self.poll = Poll {
            deadline: Some(deadline),
            give_up,
            answers_before: self.connection.as_ref().map_or(0, |kept| kept.answers()),
            // That of a kept connection was seen when it was opened.
            certificate_expiry: self
                .poll
                .certificate_expiry
                .filter(|_| self.connection.is_some()),
            ..Poll::default()
        };
    }

    /// Moves the end of the poll: its caller waited for something else than the phone.
    pub fn prolong(&mut self, by: Duration) {
        self.poll.deadline = self.poll.deadline.map(|deadline| deadline + by);
    }

    /// Ends a poll: closes what should not stay open and tells what was seen.
    pub fn close(&mut self) -> Traffic {
        if self.target.tls.is_none() || !self.target.keeps_connection {
            self.connection = None;
        }
        let poll = std::mem::take(&mut self.poll);
        self.poll.certificate_expiry = poll.certificate_expiry;
        Traffic {
            reached: poll.reached,
            answered: poll.answered,
            dropped: poll.dropped,
            certificate_expiry: poll.certificate_expiry,
            habits: self.habits,
        }
    }

    /// Whether a session was opened and not given up since.
    pub fn has_session(&self) -> bool {
        self.has_session
    }

    /// Gives the session up: cookies are forgotten.
    pub fn drop_session(&mut self) {
        self.jar = Jar::default();
        self.has_session = false;
    }

    /// From now on keeps what is asked and answered, for a person to look at.
    ///
    /// What is kept grows until [`Client::take_exchanges`] takes it: this is for one poll, not for
    /// a client that lives for years.
    pub fn record(&mut self) {
        self.exchanges.get_or_insert_default();
    }

    /// What was asked and answered since it was last taken.
    pub fn take_exchanges(&mut self) -> Vec<Exchange> {
        self.exchanges
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Sends a request that may be sent again, up to the configured number of attempts.
    pub(super) async fn ask(&mut self, line: Line<'_>) -> Result<Answer, Failure> {
        let mut attempts = u32::from(self.target.attempts.max(1));
        loop {
            if let Some(gone) = &self.poll.gone {
                return Err(gone.clone());
            }
            let limit = self.limit(self.share(attempts));
            let fault = match self.attempt(line, limit).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            attempts -= 1;
            if attempts > 0 && fault.failure.reason.is_of_the_network() && !self.is_late() {
                continue;
            }
            if fault.stage == Stage::Unsent || self.is_given_up() {
                self.poll.gone = Some(fault.failure.clone());
            }
            return Err(fault.failure);
        }
    }

    /// Sends a request at most once, on a connection of its own, with all the time that is left.
    pub(super) async fn ask_once(&mut self, line: Line<'_>) -> Result<Answer, Fault> {
        self.send_afresh(line, self.limit(self.deadline())).await
    }

    /// Where the parsers count what they leave out.
    pub(super) fn dropped_mut(&mut self) -> &mut Dropped {
        &mut self.poll.dropped
    }

    /// A login was accepted, perhaps with a session id in its body.
    pub(super) fn begin_session(&mut self, sid: Option<&str>) {
        if let Some(sid) = sid {
            self.jar.take_sid(sid, &mut self.poll.dropped);
        }
        self.has_session = true;
    }

    /// Keeps an exchange for [`Client::take_exchanges`], if anybody wants it.
    pub(super) fn note(
        &mut self,
        line: Line<'_>,
        answer: &Answer,
        understood: Cow<'static, str>,
        removal: Removal,
    ) {
        if let Some(exchanges) = &mut self.exchanges {
            exchanges.push(Exchange {
                request: line.shown.to_owned(),
                status: Some(answer.status),
                understood: understood.into_owned(),
                body: removal.apply(answer.text()),
                took: answer.took,
            });
        }
    }

    /// One attempt: over the connection at hand if there is one, else over a new one.
    async fn attempt(&mut self, line: Line<'_>, limit: Limit) -> Result<Answer, Fault> {
        let Some(answers) = self.answers_if_open().await else {
            return self.send_afresh(line, limit).await;
        };
        let fault = match self.send(line, limit.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        if fault.failure.reason != Reason::Reset || fault.stage == Stage::Answering {
            return Err(fault);
        }
        // A kept connection may be closed at any time, even while a request is on its way: sending
        // again on a fresh one is part of keeping it (RFC 9112, section 9.3.1).
        let answer = self.send_afresh(line, limit).await?;
        if answers == 1 {
            self.habits.one_request_a_connection = true;
            self.connection = None;
        }
        Ok(answer)
    }

    /// How many answers of this poll came over the connection at hand; `None` if it takes no more
    /// requests.
    async fn answers_if_open(&mut self) -> Option<u32> {
        let connection = self.connection.as_mut()?;
        let answers = connection
            .answers()
            .saturating_sub(self.poll.answers_before);
        connection.is_open().await.then_some(answers)
    }

    async fn send_afresh(&mut self, line: Line<'_>, limit: Limit) -> Result<Answer, Fault> {
        if let Err(failure) = self.connect(&limit).await {
            return Err(self.noted(line, unsent(failure)));
        }
        self.send(line, limit).await
    }

    /// Replaces the connection: the old one is closed first, since phones serve few at a time.
    async fn connect(&mut self, limit: &Limit) -> Result<(), Failure> {
        self.connection = None;
        self.poll.answers_before = 0;
        if limit.left().is_zero() {
            return Err(out_of_time());
        }
        let limit = limit.or_at(Instant::now() + self.target.connect_timeout);
        // Boxed, so that a poll's future is not as large as a TLS handshake.
        let dialled = match Box::pin(dial::dial(&self.target, self.poll.address, &limit)).await {
            Ok(dialled) => dialled,
            Err(undialled) => {
                self.poll.address = None;
                self.poll.certificate_expiry = undialled.certificate_expiry;
                return Err(undialled.failure);
            }
        };
        self.poll.address = Some(dialled.address);
        self.poll.certificate_expiry = dialled.certificate_expiry;
        self.connection = Some(Box::new(Connection::new(dialled.stream).await?));
        Ok(())
    }

    /// Sends over the connection at hand, which stays only if the whole answer was read.
    async fn send(&mut self, line: Line<'_>, limit: Limit) -> Result<Answer, Fault> {
        let mut connection = self
            .connection
            .take()
            .expect("callers have a connection at hand");
        let answers = connection.answers();
        let began = Instant::now();
        if limit.left().is_zero() {
            return Err(self.noted(line, unsent(out_of_time())));
        }
        let is_last = self.habits.one_request_a_connection;
        let request = self.names.get(line, self.jar.header(), is_last);
        let exchange = connection.exchange(request, line.bound);
        let exchanged = limit.within(exchange).await;
        let answered = connection.answers() > answers;
        self.poll.reached |= answered;
        let (head, body) = match exchanged {
            Some(Ok(whole)) => whole,
            Some(Err(fault)) => return Err(self.noted(line, fault)),
            None => return Err(self.noted(line, late(answered))),
        };
        self.poll.answered = true;
        if !is_last {
            self.connection = Some(connection);
        }
        Ok(Answer {
            status: head.status.as_u16(),
            location: answer::location(&head.headers),
            brought_cookie: self.jar.take(&head.headers, &mut self.poll.dropped),
            over_tls: self.target.tls.is_some(),
            text: json::text_of(body),
            took: began.elapsed(),
        })
    }

    /// The same fault, after it was kept for [`Client::take_exchanges`].
    fn noted(&mut self, line: Line<'_>, fault: Fault) -> Fault {
        if let Some(exchanges) = &mut self.exchanges {
            exchanges.push(Exchange::failed(line.shown, &fault.failure));
        }
        fault
    }

    fn deadline(&self) -> Instant {
        self.poll.deadline.unwrap_or_else(Instant::now)
    }

    fn is_late(&self) -> bool {
        self.deadline() <= Instant::now() || self.is_given_up()
    }

    /// The limit of an attempt that may last until then.
    fn limit(&self, until: Instant) -> Limit {
        let limit = Limit::at(until);
        if self.poll.answered {
            return limit;
        }
        limit.or_when(self.poll.give_up.clone())
    }

    fn is_given_up(&self) -> bool {
        !self.poll.answered && self.poll.give_up.is_cancelled()
    }

    /// Until when one of `attempts` attempts may last: they share the time left among them and leave
    /// one share, so that an endpoint that hangs does not take those after it along.
    fn share(&self, attempts: u32) -> Instant {
        let now = Instant::now();
        now + self.deadline().saturating_duration_since(now) / attempts.saturating_add(1)
    }
}

fn unsent(failure: Failure) -> Fault {
    Fault {
        stage: Stage::Unsent,
        failure,
    }
}

fn out_of_time() -> Failure {
    Failure::new(Reason::Timeout, "the time of the poll was used up")
}

fn late(answered: bool) -> Fault {
    let (stage, detail) = if answered {
        (
            Stage::Answering,
            "the answer of the phone did not end in time",
        )
    } else {
        (Stage::Unanswered, "the phone did not answer in time")
    };
    Fault {
        stage,
        failure: Failure::new(Reason::Timeout, detail),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::ReadError;
    use super::super::raw::{Asked, Play, Server, ample, ok, soon, with_head};
    use super::*;
    use crate::fleet::reading::{Keep, PhoneStatus};

    const BUSY: &str = r#"{"response":"success","body":"busy"}"#;

    async fn status(client: &mut Client) -> Result<PhoneStatus, Failure> {
        client
            .reader()
            .status()
            .await
            .map_err(ReadError::into_failure)
    }

    /// How a read of the status ends against a server that plays this.
    async fn read(
        deadline: Instant,
        play: impl Fn(&Asked) -> Play + Send + Sync + 'static,
    ) -> (Result<PhoneStatus, Reason>, Server, Traffic) {
        let server = Server::plain(play).await;
        let mut client = server.client();
        client.open(deadline);
        let read = status(&mut client).await.map_err(|failure| failure.reason);
        let traffic = client.close();
        (read, server, traffic)
    }

    #[tokio::test]
    async fn one_connection_serves_a_poll_and_ends_with_it() {
        let server = Server::plain(|_| Play::Say(ok(BUSY))).await;
        let mut client = server.client();
        for _ in 0..2 {
            client.open(ample());
            for _ in 0..3 {
                assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
            }
            let traffic = client.close();
            assert!(traffic.reached);
            assert_eq!(traffic.habits, Habits::default());
            assert!(client.connection.is_none());
        }
        let connections: Vec<_> = server.lines().iter().map(|(n, _)| *n).collect();
        assert_eq!(connections, [1, 1, 1, 2, 2, 2]);
    }

    #[tokio::test]
    async fn a_request_says_who_asks_and_from_where_it_could_come() {
        let (_, server, _) = read(ample(), |_| Play::Say(ok(BUSY))).await;
        let asked = server.asked().remove(0);
        let host = format!("127.0.0.1:{}", server.port);
        let first = "GET /cgi-bin/api-get_phone_status HTTP/1.1\r\n";
        assert!(asked.head.starts_with(first), "{}", asked.head);
        let version = concat!("grandstream-exporter/", env!("CARGO_PKG_VERSION"));
        assert_eq!(asked.header("User-Agent"), Some(version));
        assert_eq!(asked.header("Host"), Some(host.as_str()));
        let referer = format!("http://{host}/");
        assert_eq!(asked.header("Referer"), Some(referer.as_str()));
        assert_eq!(asked.header("Cookie"), None);
        assert_eq!(asked.header("Connection"), None);
    }

    #[tokio::test]
    async fn every_framing_of_an_answer_is_read() {
        let (start, end) = BUSY.split_at(4);
        let rest = end.len();
        let closing = [
            format!("HTTP/1.0 200 OK\r\n\r\n{BUSY}"),
            format!("HTTP/1.1 200 OK\r\n\r\n{BUSY}"),
            with_head("HTTP/1.1 200 OK\r\nConnection: close", BUSY),
        ];
        let keeping = [
            with_head("HTTP/1.0 200 OK\r\nConnection: keep-alive", BUSY),
            with_head("HTTP/1.1 200 OK\r\nno header\r\nServer : x\r\n y", BUSY),
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                 4\r\n{start}\r\n{rest:x}\r\n{end}\r\n0\r\n\r\n"
            ),
        ];
        let plays = closing
            .map(|text| (Play::SayAndClose(text), 2))
            .into_iter()
            .chain(keeping.map(|text| (Play::Say(text), 1)));
        for (play, connections) in plays {
            let server = Server::plain(move |_| play.clone()).await;
            let mut client = server.client();
            client.open(ample());
            for _ in 0..2 {
                assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
            }
            assert_eq!(client.close().habits, Habits::default());
            assert_eq!(server.lines()[1].0, connections);
        }
    }

    #[tokio::test]
    async fn a_phone_that_cuts_kept_connections_is_remembered_and_spared() {
        for cut in [Play::Reset, Play::SayAndClose(String::new())] {
            let server = Server::plain(move |asked| match asked.nth {
                1 => Play::Say(ok(BUSY)),
                _ => cut.clone(),
            })
            .await;
            let mut client = server.client();
            client.open(ample());
            for _ in 0..3 {
                assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
            }
            assert!(client.close().habits.one_request_a_connection);
            let asked = server.asked();
            let order: Vec<_> = asked
                .iter()
                .map(|asked| (asked.connection, asked.nth))
                .collect();
            assert_eq!(order, [(1, 1), (1, 2), (2, 1), (3, 1)]);
            assert_eq!(asked[3].header("Connection"), Some("close"));
        }
    }

    #[tokio::test]
    async fn a_connection_cut_later_or_for_good_teaches_nothing() {
        let server = Server::plain(|asked| match (asked.connection, asked.nth) {
            (1, 1..=2) | (2, _) => Play::Say(ok(BUSY)),
            _ => Play::Reset,
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        for _ in 0..3 {
            assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
        }
        assert_eq!(client.close().habits, Habits::default());
        client.open(ample());
        let failure = status(&mut client).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Reset);
        assert_eq!(client.close().habits, Habits::default());
    }

    #[tokio::test]
    async fn a_read_that_the_network_failed_is_repeated_on_a_fresh_connection() {
        let broken_off = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
        for first in [
            Play::Reset,
            Play::SayAndClose(broken_off.to_owned()),
            Play::SayAndClose(String::new()),
        ] {
            let (read, server, traffic) = read(ample(), move |asked| match asked.connection {
                1 => first.clone(),
                _ => Play::Say(ok(BUSY)),
            })
            .await;
            assert_eq!(read, Ok(PhoneStatus::Busy));
            assert_eq!(server.lines().len(), 2);
            assert_eq!(traffic.habits, Habits::default());
        }
        let (read, server, _) = read(ample(), |_| Play::Reset).await;
        assert_eq!(read, Err(Reason::Reset));
        assert_eq!(server.lines().len(), 2);
    }

    #[tokio::test]
    async fn a_phone_that_falls_silent_costs_a_timeout() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
        for (said, reached) in [("", false), (head, true)] {
            let (read, server, traffic) = read(soon(), move |_| Play::Stall(said)).await;
            assert_eq!(read, Err(Reason::Timeout));
            assert_eq!(traffic.reached, reached);
            let connections: Vec<_> = server.lines().iter().map(|(n, _)| *n).collect();
            assert_eq!(connections, [1, 2]);
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_hangs_leaves_time_for_the_next() {
        let server = Server::plain(|asked| match asked.line() {
            "/cgi-bin/api-get_accounts" => Play::Stall(""),
            _ => Play::Say(ok(BUSY)),
        })
        .await;
        let mut client = server.client();
        client.open(soon());
        let accounts = client.reader().accounts(Keep::default()).await;
        assert_eq!(accounts.unwrap_err().into_failure().reason, Reason::Timeout);
        assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
    }

    #[tokio::test]
    async fn no_answer_is_read_beyond_its_bounds() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for play in [
            Play::Say("HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n".into()),
            Play::Endless("HTTP/1.1 200 OK\r\n\r\n", "0123456789abcdef"),
            Play::Endless(chunked, "10\r\n0123456789abcdef\r\n"),
            Play::Endless("HTTP/1.1 200 OK\r\nX: ", "0123456789abcdef"),
            Play::Endless("HTTP/1.1 200 OK\r\n", "X: 0123456789abcdef\r\n"),
        ] {
            let (read, server, _) = read(ample(), move |_| play.clone()).await;
            assert_eq!(read, Err(Reason::TooLarge));
            assert_eq!(server.lines().len(), 1);
        }
    }

    #[tokio::test]
    async fn what_is_not_http_is_not_understood() {
        for said in ["SSH-2.0-dropbear\r\n", "\u{15}\u{3}\u{1}\0\u{2}\u{2}F"] {
            let (read, _, traffic) = read(ample(), move |_| Play::SayAndClose(said.into())).await;
            assert_eq!(read, Err(Reason::Parse), "{said:?}");
            assert!(!traffic.reached);
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_refused_and_not_tried_again_in_the_same_poll() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::plain(|_| Play::Reset).await;
        let mut target = server.target(None);
        target.port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut client = Client::new(target, Habits::default());
        client.open(ample());
        let failure = status(&mut client).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Refused);
        assert_eq!(client.poll.gone, Some(failure));
        assert!(!client.close().reached);
        assert_eq!(client.poll.gone, None);
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_told_as_such() {
        let server = Server::plain(|_| Play::Reset).await;
        let mut target = server.target(None);
        target.host = "no such name".into();
        let mut client = Client::new(target, Habits::default());
        client.open(ample());
        assert_eq!(status(&mut client).await.unwrap_err().reason, Reason::Dns);
    }

    #[tokio::test]
    async fn nothing_is_sent_outside_of_a_poll_or_after_its_deadline() {
        let server = Server::plain(|_| Play::Say(ok(BUSY))).await;
        let mut client = server.client();
        let outside = status(&mut client).await.unwrap_err();
        assert_eq!(outside.reason, Reason::Timeout);
        client.open(ample());
        assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
        client.open(Instant::now());
        let late = status(&mut client).await.unwrap_err();
        assert_eq!(late.reason, Reason::Timeout);
        assert_eq!(server.lines().len(), 1);
    }

    #[tokio::test]
    async fn a_poll_that_is_given_up_leaves_a_client_that_works() {
        let server = Server::plain(|asked| match asked.connection {
            1 => Play::Stall(""),
            _ => Play::Say(ok(BUSY)),
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        let given_up = tokio::time::timeout_at(soon(), status(&mut client)).await;
        assert!(given_up.is_err());
        client.close();
        client.open(ample());
        assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
    }

    #[tokio::test]
    async fn a_phone_that_is_given_up_is_asked_for_nothing_more_in_that_poll() {
        let slow = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
        for said in ["", slow] {
            let server = Server::plain(move |asked| match asked.connection {
                1 => Play::Stall(said),
                _ => Play::Say(ok(BUSY)),
            })
            .await;
            let mut client = server.client();
            let give_up = CancellationToken::new();
            client.open_until(ample(), give_up.clone());
            let wait = async {
                while server.asked().is_empty() {
                    tokio::task::yield_now().await;
                }
                give_up.cancel();
            };
            let (failed, ()) = tokio::join!(status(&mut client), wait);
            assert_eq!(failed.unwrap_err().reason, Reason::Timeout);
            assert_eq!(
                status(&mut client).await.unwrap_err().reason,
                Reason::Timeout
            );
            assert!(!client.close().answered);
            assert_eq!(server.lines().len(), 1);
            client.open(ample());
            assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
        }
    }

    #[tokio::test]
    async fn who_has_answered_is_not_given_up() {
        let server = Server::plain(|_| Play::Say(ok(BUSY))).await;
        let mut client = server.client();
        let give_up = CancellationToken::new();
        client.open_until(ample(), give_up.clone());
        assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
        give_up.cancel();
        assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
        assert!(client.close().answered);
    }

    #[tokio::test]
    async fn cookies_of_any_answer_are_sent_from_then_on() {
        let server = Server::plain(|asked| {
            let head = format!(
                "HTTP/1.1 200 OK\r\nSet-Cookie: n={}; Path=/\r\nset-cookie: q=\"a b\"",
                asked.nth
            );
            Play::Say(with_head(&head, BUSY))
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        for _ in 0..3 {
            assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
        }
        client.drop_session();
        assert_eq!(status(&mut client).await, Ok(PhoneStatus::Busy));
        let asked = server.asked();
        let cookies: Vec<_> = asked.iter().map(|asked| asked.header("Cookie")).collect();
        assert_eq!(
            cookies,
            [None, Some("n=1; q=\"a b\""), Some("n=2; q=\"a b\""), None]
        );
    }

    #[test]
    fn an_idle_client_is_small() {
        assert!(size_of::<Client>() <= 512, "{} bytes", size_of::<Client>());
    }
}
