//! What is wrong with a phone, in words: failed reads, unregistered accounts, logins that wait.

use maud::{Markup, html};

use crate::fleet::guard::{Held, HeldBecause};
use crate::fleet::{Endpoint, Failure, Moment, Phone, Reason};
use crate::web::humanize;
use crate::web::phone_health::registrations;

/// A reason, and how to fix it.
pub(super) fn reason(reason: Reason) -> Markup {
    html! { small { b { (reason.label()) } " " (reason.mend()) } }
}

/// What failed, and in which part.
pub(super) fn failure((endpoint, failure): (Option<Endpoint>, &Failure)) -> Markup {
    html! {
        b { (failure.reason.label()) }
        @if let Some(endpoint) = endpoint { " reading " b { (endpoint.label()) } }
        ": " (failure.detail)
    }
}

/// How many accounts are not registered, if any.
pub(super) fn unregistered(phone: &Phone, now: Moment) -> Markup {
    let lost = registrations(phone, now).filter(|(registered, all)| registered < all);
    html! {
        @if let Some((registered, all)) = lost {
            small { b { "registration" } " " (all - registered) " of " (all) " accounts are not registered" }
        }
    }
}

/// That a phone counts as down because its last poll is too old.
pub(super) fn stale(phone: &Phone, now: Moment) -> Markup {
    let outdated = phone
        .last
        .as_ref()
        .filter(|last| last.up && !phone.is_up(now));
    html! {
        @if let Some(last) = outdated {
            small { b { "stale" } " last polled " (humanize::duration(now.since(last.began))) " ago" }
        }
    }
}

/// For how long no login is sent, and why.
pub(super) fn login_backoff(held: Held, now: Moment) -> Markup {
    let cause = match held.because {
        HeldBecause::Refused => "the phone refused the password",
        HeldBecause::Locked => "the phone has locked logins",
        HeldBecause::Unclear => "the phone did not tell whether the password is right",
        HeldBecause::Busy => "another login is running",
    };
    html! {
        small { b { "logins" } " paused for " (humanize::since(now.wall, held.until)) ": " (cause) }
    }
}
