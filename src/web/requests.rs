//! Counts the requests that were answered, by who answered and how.
//!
//! Both are closed lists, so that nothing a client sends becomes a label.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::StatusCode;

/// Who answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// `/`.
    Fleet,
    /// `/phones/NAME`.
    Phone,
    /// `/alerts` and its forms.
    Alerts,
    /// `/runbooks`.
    Runbooks,
    /// `/config`.
    Config,
    /// `/metrics`.
    Metrics,
    /// `/probe`.
    Probe,
    /// `/sd`.
    Discovery,
    /// `/-/healthy`.
    Healthy,
    /// `/-/ready`.
    Ready,
    /// `/-/reload`.
    Reload,
    /// `/api/v1` and what is below it.
    Api,
    /// Style sheet, and paths that do not exist.
    Other,
}

/// How a request is answered: the few status codes in use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// As asked.
    Ok,
    /// Done; look there.
    SeeOther,
    /// The question makes no sense.
    BadRequest,
    /// Log in first.
    Unauthorized,
    /// Not from there.
    Forbidden,
    /// No such path or phone.
    NotFound,
    /// The path is right, the method is not.
    MethodNotAllowed,
    /// The body took too long to come.
    RequestTimeout,
    /// A body larger than anything that is asked for.
    ContentTooLarge,
    /// The body is of another kind than was asked for.
    UnsupportedMedia,
    /// Understood and refused: a configuration with faults, a silence without an end.
    Unprocessable,
    /// Not now.
    Unavailable,
}

/// Requests answered since the start; raised as they are.
#[derive(Debug, Default)]
pub struct Requests([[AtomicU64; Code::ALL.len()]; Handler::ALL.len()]);

/// [`Requests`] at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestCounts([[u64; Code::ALL.len()]; Handler::ALL.len()]);

impl Requests {
    /// Counts one answer.
    pub fn count(&self, handler: Handler, code: Code) {
        self.0[handler as usize][code as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn counts(&self) -> RequestCounts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RequestCounts(self.0.each_ref().map(|codes| codes.each_ref().map(load)))
    }
}

impl RequestCounts {
    /// The counts of one handler: the codes it is known to answer with, zero or not, and whatever
    /// else it answered.
    pub fn of(&self, handler: Handler) -> impl Iterator<Item = (Code, u64)> {
        let counts = self.0[handler as usize];
        Code::ALL
            .into_iter()
            .zip(counts)
            .filter(move |(code, count)| *count > 0 || handler.answers().contains(code))
    }
}

impl Handler {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Fleet,
        Self::Phone,
        Self::Alerts,
        Self::Runbooks,
        Self::Config,
        Self::Metrics,
        Self::Probe,
        Self::Discovery,
        Self::Healthy,
        Self::Ready,
        Self::Reload,
        Self::Api,
        Self::Other,
    ];

    /// The value of the label `handler`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::Phone => "phone",
            Self::Alerts => "alerts",
            Self::Runbooks => "runbooks",
            Self::Config => "config",
            Self::Metrics => "metrics",
            Self::Probe => "probe",
            Self::Discovery => "sd",
            Self::Healthy => "healthy",
            Self::Ready => "ready",
            Self::Reload => "reload",
            Self::Api => "api",
            Self::Other => "other",
        }
    }

    /// The codes whose series exist from the start.
    fn answers(self) -> &'static [Code] {
        match self {
            Self::Fleet | Self::Alerts | Self::Runbooks | Self::Config | Self::Healthy => {
                &[Code::Ok]
            }
            Self::Phone | Self::Other => &[Code::Ok, Code::NotFound],
            Self::Metrics | Self::Api => &[Code::Ok, Code::NotFound, Code::Unavailable],
            Self::Discovery => &[Code::Ok, Code::BadRequest, Code::Unavailable],
            Self::Probe => &[
                Code::Ok,
                Code::BadRequest,
                Code::NotFound,
                Code::Unavailable,
            ],
            Self::Ready => &[Code::Ok, Code::Unavailable],
            Self::Reload => &[
                Code::Ok,
                Code::Forbidden,
                Code::Unprocessable,
                Code::Unavailable,
            ],
        }
    }
}

impl Code {
    /// All of them, ascending.
    pub const ALL: [Self; 12] = [
        Self::Ok,
        Self::SeeOther,
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::ContentTooLarge,
        Self::UnsupportedMedia,
        Self::Unprocessable,
        Self::Unavailable,
    ];

    /// As HTTP has it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::SeeOther => StatusCode::SEE_OTHER,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::ContentTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The value of the label `code`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "200",
            Self::SeeOther => "303",
            Self::BadRequest => "400",
            Self::Unauthorized => "401",
            Self::Forbidden => "403",
            Self::NotFound => "404",
            Self::MethodNotAllowed => "405",
            Self::RequestTimeout => "408",
            Self::ContentTooLarge => "413",
            Self::UnsupportedMedia => "415",
            Self::Unprocessable => "422",
            Self::Unavailable => "503",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_codes_of_http() {
        for code in Code::ALL {
            assert_eq!(code.status().as_str(), code.label());
        }
    }

    #[test]
    fn an_answer_outside_the_expected_ones_is_shown_once_it_happened() {
        let requests = Requests::default();
        requests.count(Handler::Healthy, Code::MethodNotAllowed);
        let shown: Vec<_> = requests.counts().of(Handler::Healthy).collect();
        assert_eq!(shown, [(Code::Ok, 0), (Code::MethodNotAllowed, 1)]);
    }
}
