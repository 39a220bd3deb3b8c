//! `basic_auth_users`: names and bcrypt hashes of their passwords.
//!
//! No fault repeats a hash, or what stands in its place: it may be the password.

use std::str::FromStr;

use bcrypt::HashParts;
use secrecy::SecretString;

use crate::config::fault::{Findings, Wrong};
use crate::config::section::Section;
use crate::config::tree::Node;

use super::User;

/// Costs that are taken: the least that bcrypt knows, and the most that a server can bear. Each step
/// doubles the time of a check: 10 takes some 50 ms, 16 some seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=16;

const MEND: &str = "write what `htpasswd -nBC 10 NAME` prints behind the colon";

pub(super) fn users(found: &mut Findings, top: &Section<'_>) -> Vec<User> {
    let named = top.named(found, "basic_auth_users").into_iter();
    named
        .filter_map(|(spot, name, node)| found.keep(spot, user(name, node)))
        .collect()
}

fn user(name: &str, node: &Node) -> Result<User, Wrong> {
    if name.is_empty() || name.contains(':') {
        let what = "is no name that basic auth can carry";
        return Err(Wrong::new(
            what,
            "choose one that is not empty and has no colon",
        ));
    }
    let hash = node.text().map_err(|wrong| Wrong {
        mend: MEND.to_owned(),
        ..wrong
    })?;
    let parts = HashParts::from_str(hash)
        .map_err(|_may_be_a_password| Wrong::new("is no bcrypt hash", MEND))?;
    if !COSTS.contains(&parts.get_cost()) {
        let what = format!("has the cost {}", parts.get_cost());
        let mend = format!(
            "choose one from {} to {}; 10 is usual",
            COSTS.start(),
            COSTS.end()
        );
        return Err(Wrong::new(what, mend));
    }
    Ok(User {
        name: name.into(),
        hash: SecretString::from(hash),
    })
}
