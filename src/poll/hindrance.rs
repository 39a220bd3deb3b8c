//! Why no login is sent to a phone now, and how that is told.
//!
//! A phone that waits has failed no login: only where its own password, or that of the phones that
//! try first, was refused, the reason is `auth`.

use crate::fleet::guard::{Held, HeldBecause};
use crate::fleet::{Failure, PollReport, Reason};

/// Why no login is sent now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hindrance {
    /// The guard holds logins back, or one is on its way.
    Held(Held),
    /// Another phone tries the credentials.
    Waits,
    /// The phones that tried the credentials first were refused.
    Refused,
}

impl Hindrance {
    /// The same as a failure. A login on its way is nothing that the guard holds back.
    pub(super) fn told_to(self, report: &mut PollReport) -> Failure {
        match self {
            Self::Held(held) => {
                report.held = Some(held).filter(|held| held.because != HeldBecause::Busy);
                held_back(held)
            }
            Self::Waits => Failure::new(
                Reason::Login,
                "another phone tries these credentials first; this one waits for a poll",
            ),
            Self::Refused => Failure::new(
                Reason::Auth,
                "these credentials were refused by three phones; this one waits",
            ),
        }
    }
}

/// What the guard holds logins back for.
pub(super) fn held_back(held: Held) -> Failure {
    let until = held.until.strftime("%Y-%m-%dT%H:%M:%SZ");
    match held.because {
        HeldBecause::Refused => Failure::new(
            Reason::Auth,
            format!("the password was refused; logins are held back until {until}"),
        ),
        HeldBecause::Locked => Failure::new(
            Reason::Locked,
            format!("the phone has locked logins; none is sent until {until}"),
        ),
        HeldBecause::Unclear => Failure::new(
            Reason::Login,
            format!(
                "the phone answered the login without a verdict on the password; \
                 the next is sent after {until}"
            ),
        ),
        HeldBecause::Busy => Failure::new(
            Reason::Login,
            "another login to this phone is on its way, of the daemon or a command",
        ),
    }
}
