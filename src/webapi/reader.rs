//! The reads of the guide, each a request and a parser.
//!
//! Nothing here changes a phone: the paths are constants, and the guide's writes, which are GET
//! requests too, are not among them.

use super::ReadError;
use super::calls::{accounts, lines, status, time, values};
use super::client::Client;
use super::exchange::Removal;
use super::request::Line;
use super::verdict::Verdict;
use crate::fleet::reading::{Accounts, Keep, Lines, PhoneStatus, PhoneTime, Values};
use crate::fleet::report::{DropReason, Dropped};
use crate::fleet::{Failure, Reason};

/// The reads of the guide, and nothing else.
#[derive(Debug)]
pub struct Reader<'a>(&'a mut Client);

impl Client {
    /// The reads.
    pub fn reader(&mut self) -> Reader<'_> {
        Reader(self)
    }
}

impl Reader<'_> {
    /// Guide: Get Account Status.
    pub async fn accounts(&mut self, keep: Keep) -> Result<Accounts, ReadError> {
        self.read(accounts::LINE, |payload, dropped| {
            accounts::parse(payload, keep, dropped)
        })
        .await
    }

    /// Guide: Get Line Status. Remote names and numbers are dropped.
    pub async fn lines(&mut self, keep: Keep) -> Result<Lines, ReadError> {
        self.read(lines::LINE, |payload, dropped| {
            lines::parse(payload, keep, dropped)
        })
        .await
    }

    /// Guide: Get Phone Status; answers without a login too.
    pub async fn status(&mut self) -> Result<PhoneStatus, ReadError> {
        self.read(status::LINE, |payload, _| status::parse(payload))
            .await
    }

    /// Guide: Get System Time.
    pub async fn time(&mut self) -> Result<PhoneTime, ReadError> {
        self.read(time::LINE, |payload, _| time::parse(payload))
            .await
    }

    /// Guide: Return Values Request; answers some keys without a login.
    ///
    /// The path of the guide comes first, then the one with a dot that other phones of the vendor
    /// know; the one that answered is remembered. Keys that may not be sent are left out and
    /// counted as dropped.
    pub async fn values(&mut self, keys: &[Box<str>]) -> Result<Values, ReadError> {
        let keys = values::Keys::of(keys);
        self.0.dropped_mut().add(DropReason::Values, keys.left_out);
        let was_dotted = self.0.habits.dotted_values;
        let first = self.values_at(values::Path::of(was_dotted), &keys).await;
        let Err(ReadError::NotFound(failure)) = first else {
            return first;
        };
        match self.values_at(values::Path::of(!was_dotted), &keys).await {
            Ok(values) => {
                self.0.habits.dotted_values = !was_dotted;
                Ok(values)
            }
            Err(ReadError::NotFound(_)) => Err(ReadError::NotFound(failure)),
            Err(error) => Err(error),
        }
    }

    async fn values_at(
        &mut self,
        path: values::Path,
        keys: &values::Keys<'_>,
    ) -> Result<Values, ReadError> {
        let mut pairs = Vec::new();
        for line in keys.lines(path) {
            self.read(&line, |payload, dropped| {
                values::parse(payload, keys, &mut pairs, dropped)
            })
            .await?;
        }
        Ok(Values::new(pairs))
    }

    async fn read<T>(
        &mut self,
        line: &str,
        parse: impl FnOnce(&str, &mut Dropped) -> Result<T, Failure>,
    ) -> Result<T, ReadError> {
        let client = &mut *self.0;
        let line = Line::plain(line);
        let answer = client.ask(line).await.map_err(ReadError::Failed)?;
        let verdict = answer.judge();
        let mut understood = verdict.in_words();
        let read = if let Verdict::Data(data) = verdict {
            parse(data.payload, client.dropped_mut()).map_err(ReadError::Failed)
        } else {
            Err(read_error(verdict))
        };
        if let Err(ReadError::Failed(failure)) = &read {
            understood = failure.to_string().into();
        }
        client.note(line, &answer, understood, Removal::Secrets);
        read
    }
}

/// What a verdict other than data means where data was asked for.
fn read_error(verdict: Verdict<'_>) -> ReadError {
    let failed = |reason, detail: String| Failure::new(reason, detail);
    match verdict {
        // A read carries no password: what is refused here is the session.
        Verdict::NoSession(form) | Verdict::Refused(form) => ReadError::NoSession(failed(
            Reason::Session,
            format!("the phone wants a session ({form})"),
        )),
        Verdict::NotFound(form) => ReadError::NotFound(failed(
            Reason::HttpStatus,
            format!("the phone does not know this path ({form})"),
        )),
        Verdict::Locked { .. } => ReadError::Failed(failed(
            Reason::Locked,
            "the phone has locked logins".to_owned(),
        )),
        Verdict::Error(form) => ReadError::Failed(failed(
            Reason::Parse,
            format!("the phone answered with an error {form}"),
        )),
        Verdict::NotReady(form) => ReadError::Failed(failed(
            Reason::Parse,
            format!("the phone is not ready ({form})"),
        )),
        Verdict::Empty | Verdict::Data(_) => {
            ReadError::Failed(failed(Reason::Parse, "the answer is empty".to_owned()))
        }
        Verdict::Unfit(failure) => ReadError::Failed(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{Play, Server, ample, ok, with_head};
    use super::*;

    const VALUES: &str = r#"{"response":"success","body":{"68":"1.0.3.30"}}"#;

    fn keys(keys: &[&str]) -> Vec<Box<str>> {
        keys.iter().map(|key| (*key).into()).collect()
    }

    fn not_found() -> Play {
        Play::Say(with_head("HTTP/1.1 404 Not Found", "<html><h1>404</h1>"))
    }

    async fn lines_of_values(server: &Server, client: &mut Client) -> Vec<String> {
        let before = server.lines().len();
        client.open(ample());
        let values = client.reader().values(&keys(&["68"])).await.unwrap();
        client.close();
        assert_eq!(values.firmware().unwrap().as_str(), "1.0.3.30");
        let lines = server.lines().split_off(before);
        lines.into_iter().map(|(_, line)| line).collect()
    }

    #[tokio::test]
    async fn the_path_of_values_is_learnt_once_it_answered() {
        const DASHED: &str = "/cgi-bin/api-values.get?request=68";
        const DOTTED: &str = "/cgi-bin/api.values.get?request=68";
        let server = Server::plain(|asked| match asked.line() {
            DOTTED => Play::Say(ok(VALUES)),
            _ => not_found(),
        })
        .await;
        let mut client = server.client();
        assert_eq!(
            lines_of_values(&server, &mut client).await,
            [DASHED, DOTTED]
        );
        assert!(client.habits.dotted_values);
        assert_eq!(lines_of_values(&server, &mut client).await, [DOTTED]);

        // Another firmware, or another device: the path that answers replaces the learnt one.
        let server = Server::plain(|asked| match asked.line() {
            DASHED => Play::Say(ok(VALUES)),
            _ => Play::Say(ok(r#"{"res":"error","msg":"command not found"}"#)),
        })
        .await;
        let mut client = server.client();
        client.habits.dotted_values = true;
        assert_eq!(
            lines_of_values(&server, &mut client).await,
            [DOTTED, DASHED]
        );
        assert!(!client.habits.dotted_values);
    }

    #[tokio::test]
    async fn a_path_that_is_nowhere_or_wants_a_session_is_not_learnt() {
        for (dotted, expect) in [(404, "not found"), (401, "no session")] {
            let server = Server::plain(move |asked| {
                if asked.line().contains("api-values") {
                    return not_found();
                }
                Play::Say(with_head(&format!("HTTP/1.1 {dotted} No"), ""))
            })
            .await;
            let mut client = server.client();
            client.open(ample());
            let error = client.reader().values(&keys(&["68"])).await.unwrap_err();
            let kind = match error {
                ReadError::NotFound(_) => "not found",
                ReadError::NoSession(_) => "no session",
                ReadError::Failed(_) => "failed",
            };
            assert_eq!(kind, expect);
            assert!(!client.close().habits.dotted_values);
        }
    }

    #[tokio::test]
    async fn a_long_list_of_values_is_asked_in_pieces_and_put_together() {
        let server = Server::plain(|asked| {
            let (_, asked) = asked.line().split_once("request=").unwrap();
            let pairs: Vec<_> = asked
                .split(':')
                .map(|key| format!(r#""{key}":"v{key}""#))
                .collect();
            let body = format!(r#"{{"response":"success","body":{{{}}}}}"#, pairs.join(","));
            Play::Say(ok(&body))
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        let many: Vec<Box<str>> = (1000..1070).map(|n| n.to_string().into()).collect();
        let values = client.reader().values(&many).await.unwrap();
        assert_eq!(values.iter().count(), 64);
        assert_eq!(values.get("1063").unwrap().as_str(), "v1063");
        assert_eq!(client.close().dropped.get(DropReason::Values), 6);
        assert_eq!(server.lines().len(), 3);
        client.open(ample());
        assert_eq!(client.reader().values(&[]).await, Ok(Values::default()));
        assert_eq!(server.lines().len(), 3);
    }

    #[tokio::test]
    async fn an_answer_that_is_no_data_is_told_by_what_the_caller_does_about_it() {
        let cases = [
            (
                ok(r#"{"response":"success","body":"unauthorized"}"#),
                "no session",
                Reason::Session,
            ),
            (
                with_head("HTTP/1.1 401 Unauthorized", "<html>"),
                "no session",
                Reason::Session,
            ),
            (
                ok(r#"{"res":"error","msg":"authentication failed"}"#),
                "no session",
                Reason::Session,
            ),
            (
                ok("Response=Error\r\nMessage=?"),
                "no session",
                Reason::Session,
            ),
            (
                with_head("HTTP/1.1 404 Not Found", ""),
                "not found",
                Reason::HttpStatus,
            ),
            (
                ok(r#"{"response":"error","body":"locked"}"#),
                "failed",
                Reason::Locked,
            ),
            (
                ok(r#"{"response":"error","body":"failed"}"#),
                "failed",
                Reason::Parse,
            ),
            (ok(""), "failed", Reason::Parse),
            (ok("{"), "failed", Reason::Parse),
            (ok("<html>Please wait</html>"), "failed", Reason::Parse),
            (ok("Response=Success"), "failed", Reason::Parse),
            (
                with_head("HTTP/1.1 500 Oops", ""),
                "failed",
                Reason::HttpStatus,
            ),
            (
                with_head("HTTP/1.1 301 Moved\r\nLocation: https://192.0.2.1/", ""),
                "failed",
                Reason::HttpStatus,
            ),
        ];
        for (answer, kind, reason) in cases {
            let played = answer.clone();
            let server = Server::plain(move |_| Play::Say(played.clone())).await;
            let mut client = server.client();
            client.open(ample());
            let error = client.reader().accounts(Keep::default()).await.unwrap_err();
            let (found, failure) = match error {
                ReadError::NoSession(failure) => ("no session", failure),
                ReadError::NotFound(failure) => ("not found", failure),
                ReadError::Failed(failure) => ("failed", failure),
            };
            assert_eq!((found, failure.reason), (kind, reason), "{answer}");
            assert_eq!(server.lines().len(), 1, "asked again: {answer}");
            assert!(client.close().reached);
        }
    }
}
