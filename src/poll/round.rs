//! One poll of one phone: log in where needed, read what is due, tell what became of it.
//!
//! Everything is read first with the session at hand; only then is judged what refusals mean. If
//! anything was answered under the session, what was refused is forbidden and no login would help.
//! If nothing was, the session has ended: one login, one replay of what was refused. What answers
//! without a login is read even while logins are held back. Where a device is expected, what was read
//! is kept only if it is the one that answered.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::endpoints::{EndpointSet, needs_session};
use super::identity::{self, Identity};
use super::login::Pending;
pub use super::memory::Memory;
use crate::clock::Clock;
use crate::config;
use crate::fleet::guard::LoginOutcome;
use crate::fleet::reading::{Keep, LineDetail};
use crate::fleet::report::Outcome;
use crate::fleet::{Endpoint, Failure, Moment, PollReport, Reason};
use crate::webapi::ReadError;

/// What one poll is to do.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Of which phone.
    pub phone: &'a config::Phone,
    /// How much of the answers to keep.
    pub keep: Keep,
    /// Whether P-values are due.
    pub values: bool,
}

/// One poll under way.
struct Round<'a> {
    task: Task<'a>,
    clock: &'a Clock,
    memory: &'a mut Memory,
    report: PollReport,
    refused: EndpointSet,
    /// Answered, though they answer nothing without a session.
    proven: EndpointSet,
    /// The session at hand was opened in this poll.
    is_new: bool,
    /// The connection is of no use for the rest of this poll.
    broken: Option<Failure>,
}

/// Polls once. Ends within the phone's `timeout`, whatever the phone does.
pub async fn poll(memory: &mut Memory, task: Task<'_>, clock: &Clock) -> PollReport {
    poll_until(memory, task, clock, CancellationToken::new()).await
}

/// The same; a poll without a whole answer ends when `give_up` is cancelled.
pub(super) async fn poll_until(
    memory: &mut Memory,
    task: Task<'_>,
    clock: &Clock,
    give_up: CancellationToken,
) -> PollReport {
    let began = clock.now();
    let deadline = Instant::now() + task.phone.limits.timeout;
    memory.client.open_until(deadline, give_up);
    let mut round = Round {
        task,
        clock,
        memory,
        report: PollReport::new(began),
        refused: EndpointSet::default(),
        proven: EndpointSet::default(),
        is_new: false,
        broken: None,
    };
    let is_verified = round.run().await;
    round.finish(is_verified).await
}

impl Round<'_> {
    /// Reads what is due, unless another device answers; whether it is the expected one that did.
    async fn run(&mut self) -> bool {
        let first = self.identity().await;
        match first {
            Identity::Other(failure) => return self.reject(failure),
            Identity::Unanswered(failure) if breaks_connection(&failure) => {
                self.give_up(failure);
                return false;
            }
            Identity::Expected | Identity::Untold | Identity::Unanswered(_) => {}
        }
        self.read_and_cure().await;
        if first == Identity::Expected {
            return true;
        }
        if !self.report.session {
            return false;
        }
        match self.identity().await {
            Identity::Expected | Identity::Untold => true,
            Identity::Other(failure) => self.reject(failure),
            // Another device would not know the session.
            Identity::Unanswered(_) if self.memory.is_verified && !self.is_new => true,
            Identity::Unanswered(failure) => {
                self.report.failure.get_or_insert(failure);
                false
            }
        }
    }

    async fn identity(&mut self) -> Identity {
        let expected = self.task.phone.place.mac.as_deref();
        identity::ask(&mut self.memory.client, expected).await
    }

    /// Another device answers.
    fn reject(&mut self, failure: Failure) -> bool {
        self.memory.client.drop_session();
        self.give_up(failure);
        false
    }

    async fn read_and_cure(&mut self) {
        let had_session = self.memory.client.has_session();
        let mut pending = None;
        if !had_session {
            pending = self.log_in().await;
        }
        self.read_all(self.due()).await;
        if had_session && self.has_expired().await && self.may_cure() {
            self.report.sessions_expired += 1;
            self.memory.client.drop_session();
            pending = self.log_in().await;
            if self.memory.client.has_session() {
                let replay = std::mem::take(&mut self.refused);
                self.read_all(replay).await;
            }
        }
        if let Some(pending) = pending {
            self.prove(pending).await;
        }
        self.judge();
    }

    fn due(&self) -> EndpointSet {
        let mut due = EndpointSet::default();
        for endpoint in Endpoint::ALL {
            let is_due = match endpoint {
                Endpoint::Lines => self.task.keep.lines != LineDetail::Off,
                Endpoint::Values => self.task.values,
                Endpoint::Accounts | Endpoint::Status | Endpoint::Time => true,
            };
            if is_due {
                due.insert(endpoint);
            }
        }
        due
    }

    async fn log_in(&mut self) -> Option<Pending> {
        if self.broken.is_some() {
            return None;
        }
        let gate = self.memory.gate.clone();
        let credential = &self.task.phone.credential;
        let entered = gate
            .log_in(&mut self.memory.client, credential, &mut self.report)
            .await;
        match entered {
            Ok(pending) => {
                self.is_new = true;
                pending
            }
            Err(failure) if breaks_connection(&failure) => {
                self.give_up(failure);
                None
            }
            Err(failure) => {
                self.report.failure = Some(failure);
                None
            }
        }
    }

    async fn read_all(&mut self, endpoints: EndpointSet) {
        for endpoint in endpoints.iter() {
            if let Some(failure) = self.broken.clone() {
                self.fail(endpoint, failure);
                continue;
            }
            self.read(endpoint).await;
        }
    }

    async fn read(&mut self, endpoint: Endpoint) {
        let asked = self.clock.now();
        let keep = self.task.keep;
        let mut reader = self.memory.client.reader();
        let parts = &mut self.report.parts;
        let error = match endpoint {
            Endpoint::Accounts => {
                let read = reader.accounts(keep).await;
                take(&mut parts.accounts, read, asked, self.clock)
            }
            Endpoint::Lines => {
                let read = reader.lines(keep).await;
                take(&mut parts.lines, read, asked, self.clock)
            }
            Endpoint::Status => {
                let read = reader.status().await;
                take(&mut parts.status, read, asked, self.clock)
            }
            Endpoint::Time => {
                let read = reader.time().await;
                take(&mut parts.time, read, asked, self.clock)
            }
            Endpoint::Values => {
                let read = reader.values(&self.task.phone.values).await;
                take(&mut parts.values, read, asked, self.clock)
            }
        };
        match error {
            None if needs_session(endpoint) => self.proven.insert(endpoint),
            None => {}
            Some(ReadError::NoSession(failure)) => {
                self.refused.insert(endpoint);
                self.fail(endpoint, failure);
            }
            Some(ReadError::NotFound(failure)) => self.fail(endpoint, failure),
            Some(ReadError::Failed(failure)) => {
                if breaks_connection(&failure) {
                    self.broken = Some(failure.clone());
                }
                self.fail(endpoint, failure);
            }
        }
    }

    /// Whether what was refused means that the session has ended. It may have ended in the middle
    /// of the poll: then what was answered before is refused now.
    async fn has_expired(&mut self) -> bool {
        if self.refused.is_empty() || self.broken.is_some() {
            return false;
        }
        let Some(answered) = self.proven.iter().next() else {
            return true;
        };
        if self.refused.is_within(self.memory.forbidden) {
            return false;
        }
        self.read(answered).await;
        if !self.refused.contains(answered) {
            return false;
        }
        self.proven = EndpointSet::default();
        true
    }

    fn may_cure(&self) -> bool {
        self.memory.cure.may_log_in(self.clock.now())
    }

    /// A session without a word of success is one if anything was answered under it.
    async fn prove(&mut self, pending: Pending) {
        if !self.proven.is_empty() {
            self.report.held = pending.settle(LoginOutcome::Accepted).await;
            return;
        }
        let (outcome, failure) = match &self.broken {
            Some(failure) => (LoginOutcome::Lost, failure.clone()),
            None if self.refused.is_empty() => (LoginOutcome::Unclear, opened_nothing()),
            None => (LoginOutcome::Wordless, opened_nothing()),
        };
        self.report.login_failures += 1;
        self.report.candidate = None;
        self.report.default_password = None;
        self.report.held = pending.settle(outcome).await;
        self.memory.client.drop_session();
        self.report.failure.get_or_insert(failure);
    }

    /// Gives what was refused its reason.
    fn judge(&mut self) {
        let has_session = self.memory.client.has_session();
        self.report.session = has_session && !self.proven.is_empty();
        let is_lost = has_session && self.is_new && !self.refused.is_empty();
        if !self.proven.is_empty() {
            self.memory.cure.is_over();
            self.memory.forbidden = self.refused;
        } else if is_lost && self.broken.is_none() {
            self.report.login_failures += 1;
            self.memory.cure.did_not_help(self.clock.now());
        }
        let failure = self.meaning_of_refusal(has_session);
        for endpoint in self.refused.iter() {
            self.fail(endpoint, failure.clone());
        }
    }

    fn meaning_of_refusal(&self, has_session: bool) -> Failure {
        if !self.proven.is_empty() {
            return Failure::new(
                Reason::Forbidden,
                "refused to a session under which others are answered",
            );
        }
        match &self.report.failure {
            Some(failure) if !has_session => failure.clone(),
            Some(_) | None if self.is_new => Failure::new(
                Reason::Login,
                "the session was lost as it was opened; the login is tried again",
            ),
            Some(_) | None => Failure::new(
                Reason::Session,
                "the phone does not accept the session it gave; the next login waits",
            ),
        }
    }

    fn give_up(&mut self, failure: Failure) {
        for endpoint in self.due().iter() {
            self.fail(endpoint, failure.clone());
        }
        self.report.failure = Some(failure.clone());
        self.broken = Some(failure);
    }

    fn fail(&mut self, endpoint: Endpoint, failure: Failure) {
        let parts = &mut self.report.parts;
        match endpoint {
            Endpoint::Accounts => parts.accounts = Outcome::Failed(failure),
            Endpoint::Lines => parts.lines = Outcome::Failed(failure),
            Endpoint::Status => parts.status = Outcome::Failed(failure),
            Endpoint::Time => parts.time = Outcome::Failed(failure),
            Endpoint::Values => parts.values = Outcome::Failed(failure),
        }
    }

    async fn finish(mut self, is_verified: bool) -> PollReport {
        let traffic = self.memory.client.close();
        self.report.reached = traffic.reached;
        let reasons = self.report.reasons();
        let ran_out = reasons.contains(Reason::Timeout) || reasons.contains(Reason::Unreachable);
        self.memory.silence = self.memory.silence.after(traffic.answered, ran_out);
        self.report.dropped = traffic.dropped;
        self.report.certificate_expiry = traffic.certificate_expiry;
        if !is_verified {
            self.report.withhold();
        }
        self.memory.is_verified = is_verified && self.memory.client.has_session();
        let told = match &self.report.parts.values {
            Outcome::Read { value, .. } => value.model(),
            Outcome::NotDue | Outcome::Failed(_) => None,
        };
        self.memory.learn(traffic.habits, told).await;
        self.report.took = self.clock.now().since(self.report.began);
        self.report
    }
}

fn opened_nothing() -> Failure {
    Failure::new(
        Reason::Login,
        "the login was answered without a word of success and opened nothing",
    )
}

/// Whether the failure will meet every other request of this poll too.
fn breaks_connection(failure: &Failure) -> bool {
    matches!(
        failure.reason,
        Reason::Refused | Reason::Unreachable | Reason::Dns | Reason::Tls
    )
}

fn take<T>(
    outcome: &mut Outcome<T>,
    read: Result<T, ReadError>,
    asked: Moment,
    clock: &Clock,
) -> Option<ReadError> {
    match read {
        Ok(value) => {
            let middle: Duration = clock.now().since(asked) / 2;
            *outcome = Outcome::Read {
                at: asked.after(middle),
                value,
            };
            None
        }
        Err(error) => Some(error),
    }
}
