//! The other face of the client: every call of the guide, writes included.
//!
//! A read may be repeated as the poller's are; a write goes out at most once, on a connection of its
//! own, and when its answer is lost the caller is told just that: it was sent, and nobody knows
//! whether it was done. The daemon has no use for this type and cannot name it (`tests/it/layers.rs`
//! holds that); it belongs to the operator's commands.

use super::call::{Call, Effect, Unmet};
use super::calls::{accounts, time};
use super::client::Client;
use super::exchange::Removal;
use super::request::Line;
use super::transport::Stage;
use super::verdict::Verdict;
use crate::fleet::{Failure, Reason, Text};

/// Every call of the guide.
#[derive(Debug)]
pub struct Control<'a>(&'a mut Client);

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The phone wants a session, or another one; nothing was done.
    #[error("{0}")]
    NoSession(Failure),
    /// The session is good and its user may not do this; nothing was done.
    #[error("{0}")]
    RefusedRole(Failure),
    /// The phone does not know this call; nothing was done.
    #[error("{0}")]
    NotFound(Failure),
    /// The phone understood and did not do it.
    #[error("the phone rejected it{}", reason(.0))]
    Rejected(Text),
    /// A write that may have been done: it was sent, and no answer says what became of it.
    #[error("sent, answer lost ({0}); look at the phone before you repeat it")]
    SentAnswerLost(Failure),
    /// Longer than any phone is known to take; not sent.
    #[error("longer than a phone takes: shorten the values")]
    TooLong,
    /// A read that failed, or a write that was not sent.
    #[error("{0}")]
    Failed(Failure),
}

impl<'a> Control<'a> {
    /// Every call, through this client.
    pub fn new(client: &'a mut Client) -> Self {
        Self(client)
    }

    /// Sends a call and reads its answer. It never logs in: that is the caller's decision.
    pub async fn send<T>(&mut self, call: &Call<T>) -> Result<T, CallError> {
        let sent = self.find(call).await;
        match sent {
            Err(CallError::NoSession(_))
                if self.0.has_session() && self.is_session_good().await =>
            {
                Err(CallError::RefusedRole(Failure::new(
                    Reason::Forbidden,
                    "the user that logged in may not do this",
                )))
            }
            sent => sent,
        }
    }

    /// Sends it to the path of the guide, or to the one of other phones if that is where it was
    /// found; the one that answered is remembered.
    async fn find<T>(&mut self, call: &Call<T>) -> Result<T, CallError> {
        let Some(dotted) = call.dotted_line() else {
            return self.send_once(call, call.line()).await;
        };
        let was_dotted = self.0.habits.dotted_values;
        let (first, second) = if was_dotted {
            (dotted, call.line())
        } else {
            (call.line(), dotted)
        };
        let sent = self.send_once(call, first).await;
        let Err(CallError::NotFound(failure)) = sent else {
            return sent;
        };
        let sent = self.send_once(call, second).await;
        match sent {
            Err(CallError::NotFound(_)) => Err(CallError::NotFound(failure)),
            Ok(value) => {
                self.0.habits.dotted_values = !was_dotted;
                Ok(value)
            }
            Err(error) => Err(error),
        }
    }

    async fn send_once<T>(&mut self, call: &Call<T>, line: Line<'_>) -> Result<T, CallError> {
        if call.is_too_long() {
            return Err(CallError::TooLong);
        }
        let effect = call.effect();
        let answer = match effect {
            Effect::Reads => self.0.ask(line).await.map_err(CallError::Failed)?,
            Effect::Writes => match self.0.ask_once(line).await {
                Ok(answer) => answer,
                Err(fault) if fault.stage == Stage::Unsent => {
                    return Err(CallError::Failed(fault.failure));
                }
                Err(fault) => return Err(CallError::SentAnswerLost(fault.failure)),
            },
        };
        let verdict = answer.judge();
        let understood = verdict.in_words();
        let read = if let Verdict::Data(data) = verdict {
            call.parse(data).map_err(|unmet| match unmet {
                Unmet::Rejected(word) => CallError::Rejected(word),
                Unmet::NotUnderstood(failure) => unclear(effect, failure),
            })
        } else {
            Err(call_error(verdict, effect))
        };
        self.0.note(line, &answer, understood, Removal::AllButShape);
        read
    }

    /// Whether the phone answers anything under this session that it answers nobody else.
    async fn is_session_good(&mut self) -> bool {
        for line in [accounts::LINE, time::LINE] {
            if let Ok(answer) = self.0.ask(Line::plain(line)).await
                && let Verdict::Data(_) = answer.judge()
            {
                return true;
            }
        }
        false
    }
}

/// What a verdict other than data means for a call.
fn call_error(verdict: Verdict<'_>, effect: Effect) -> CallError {
    let failure = |reason, detail: String| Failure::new(reason, detail);
    match verdict {
        Verdict::NoSession(form) => CallError::NoSession(failure(
            Reason::Session,
            format!("the phone wants a session ({form})"),
        )),
        Verdict::NotFound(form) => CallError::NotFound(failure(
            Reason::HttpStatus,
            format!("the phone does not know this call ({form})"),
        )),
        // The login has its own request: a password refused here is one that the call carries.
        Verdict::Refused(_) | Verdict::Error(_) => CallError::Rejected(Text::default()),
        Verdict::Locked { .. } => CallError::Failed(failure(
            Reason::Locked,
            "the phone has locked logins".to_owned(),
        )),
        Verdict::Empty | Verdict::Data(_) => unclear(
            effect,
            failure(Reason::Parse, "the answer is empty".to_owned()),
        ),
        Verdict::NotReady(form) => unclear(
            effect,
            failure(Reason::Parse, format!("the phone is not ready ({form})")),
        ),
        Verdict::Unfit(failure) => unclear(effect, failure),
    }
}

/// An answer that tells nothing: of a write it is as good as none.
fn unclear(effect: Effect, failure: Failure) -> CallError {
    match effect {
        Effect::Reads => CallError::Failed(failure),
        Effect::Writes => CallError::SentAnswerLost(failure),
    }
}

fn reason(word: &Text) -> String {
    if word.is_empty() {
        return String::new();
    }
    format!(" ({word})")
}

#[cfg(test)]
mod tests {
    use super::super::calls::get_contacts::Filter;
    use super::super::calls::{
        add_group, delete_contact, get_contacts, phonebook_download, sys_operation, values,
    };
    use super::super::raw::{Play, Server, ample, ok, soon, with_head};
    use super::*;

    const DONE: &str = r#"{"response":"success","body":""}"#;

    /// Sends a call to a server that answers everything so, under a session.
    async fn send<T>(call: &Call<T>, answer: Play) -> (Result<T, CallError>, Server) {
        let server = Server::plain(move |_| answer.clone()).await;
        let mut client = server.client();
        client.open(ample());
        client.begin_session(None);
        let sent = Control::new(&mut client).send(call).await;
        (sent, server)
    }

    fn kind<T>(sent: &Result<T, CallError>) -> &'static str {
        match sent {
            Ok(_) => "done",
            Err(CallError::NoSession(_)) => "no session",
            Err(CallError::RefusedRole(_)) => "refused role",
            Err(CallError::NotFound(_)) => "not found",
            Err(CallError::Rejected(_)) => "rejected",
            Err(CallError::SentAnswerLost(_)) => "lost",
            Err(CallError::TooLong) => "too long",
            Err(CallError::Failed(_)) => "failed",
        }
    }

    #[tokio::test]
    async fn a_write_whose_answer_is_lost_is_told_so_and_never_sent_again() {
        for answer in [
            Play::Reset,
            Play::SayAndClose("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_owned()),
            Play::Say(ok("")),
            Play::Say(ok("{\"response\":")),
            Play::Say(ok("<html>Please wait</html>")),
            Play::Say(with_head("HTTP/1.1 500 Oops", "")),
        ] {
            let (sent, server) = send(&add_group::call("x"), answer).await;
            assert_eq!(kind(&sent), "lost", "{sent:?}");
            assert_eq!(server.lines().len(), 1);
        }
        let server = Server::plain(|_| Play::Stall("")).await;
        let mut client = server.client();
        client.open(soon());
        let sent = Control::new(&mut client).send(&add_group::call("x")).await;
        assert_eq!((kind(&sent), server.lines().len()), ("lost", 1));
    }

    #[tokio::test]
    async fn a_write_that_could_not_be_sent_is_no_lost_answer() {
        let server = Server::plain(|_| Play::Reset).await;
        let mut target = server.target(None);
        drop(server);
        target.attempts = 1;
        let mut client = Client::new(target, crate::fleet::guard::Habits::default());
        client.open(ample());
        let sent = Control::new(&mut client).send(&add_group::call("x")).await;
        assert_eq!(kind(&sent), "failed");
    }

    #[tokio::test]
    async fn an_answer_is_told_by_what_the_caller_does_about_it() {
        let cases = [
            (ok(DONE), "done"),
            (ok(r#"{"response":"error","body":"failed"}"#), "rejected"),
            (ok(r#"{"response":"success","body":false}"#), "rejected"),
            (
                ok(r#"{"response":"success","body":"unauthorized"}"#),
                "no session",
            ),
            (with_head("HTTP/1.1 401 No", ""), "no session"),
            (with_head("HTTP/1.1 404 No", ""), "not found"),
            (
                ok(r#"{"res":"error","msg":"command not found"}"#),
                "not found",
            ),
            (ok(r#"{"response":"error","body":"locked"}"#), "failed"),
        ];
        for (answer, expect) in cases {
            let (sent, _) = send(&delete_contact::call(1), Play::Say(answer.clone())).await;
            assert_eq!(kind(&sent), expect, "{answer}");
        }
    }

    #[tokio::test]
    async fn a_refusal_under_a_session_that_reads_is_one_of_the_role() {
        let server = Server::plain(|asked| {
            Play::Say(match asked.line() {
                accounts::LINE => ok(r#"{"response":"success","body":[]}"#),
                _ => with_head("HTTP/1.1 401 No", ""),
            })
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        let call = sys_operation::call(sys_operation::Operation::Provision);
        let sent = Control::new(&mut client).send(&call).await;
        assert_eq!(kind(&sent), "no session", "nobody logged in yet");
        client.begin_session(None);
        let sent = Control::new(&mut client).send(&call).await;
        assert_eq!(kind(&sent), "refused role");
    }

    #[tokio::test]
    async fn a_phonebook_may_be_larger_than_what_a_poll_reads_but_not_without_bound() {
        let book = |bytes: usize| {
            let name = "authentication required, login ".repeat(bytes / 31);
            format!("<?xml version=\"1.0\"?>\n<AddressBook><!--{name}--></AddressBook>")
        };
        let large = book(1 << 20);
        let (sent, _) = send(&phonebook_download::call(), Play::Say(ok(&large))).await;
        assert_eq!(sent, Ok(large));
        let (sent, _) = send(&phonebook_download::call(), Play::Say(ok(&book(17 << 20)))).await;
        assert_eq!(kind(&sent), "failed");
        let page = "<html><form>login</form></html>";
        let (sent, _) = send(&phonebook_download::call(), Play::Say(ok(page))).await;
        assert_eq!(kind(&sent), "no session");
    }

    #[tokio::test]
    async fn what_is_too_long_is_not_sent() {
        let (sent, server) = send(&add_group::call(&"x".repeat(9000)), Play::Reset).await;
        assert_eq!((kind(&sent), server.lines().len()), ("too long", 0));
    }

    #[tokio::test]
    async fn a_read_is_repeated_when_the_network_fails() {
        let (sent, server) = send(&get_contacts::call(&Filter::default()), Play::Reset).await;
        assert_eq!((kind(&sent), server.lines().len()), ("failed", 2));
    }

    #[tokio::test]
    async fn values_are_read_in_full_from_whichever_path_the_phone_has() {
        let long = "x".repeat(500);
        let body = format!(r#"{{"response":"success","body":{{"68":"{long}","none":""}}}}"#);
        let server = Server::plain(move |asked| {
            Play::Say(match asked.line() {
                "/cgi-bin/api.values.get?request=68:none" => ok(&body),
                _ => with_head("HTTP/1.1 404 No", ""),
            })
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        let keys = ["P068", "none"].map(|key| values::ValueKey::parse(key).unwrap());
        let call = values::calls(&keys).next().unwrap();
        let read = Control::new(&mut client).send(&call).await;
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(read, Ok(vec![pair("68", &long), pair("none", "")]));
        assert!(client.close().habits.dotted_values);
    }
}
