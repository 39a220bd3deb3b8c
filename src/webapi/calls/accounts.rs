//! Guide: Get Account Status.
//!
//! The poller never sends the filter `registered`: with it a missing account and an unregistered one
//! look alike. Phones list all their slots; those with neither server nor user are not in use.

use serde::Deserialize;

use super::{cleaned, malformed, met, not_understood};
use crate::fleet::reading::{Account, Accounts, Keep, MAX_ACCOUNTS, Registration};
use crate::fleet::report::{DropReason, Dropped};
use crate::fleet::{Endpoint, Failure};
use crate::webapi::call::{Call, Query, as_list};
use crate::webapi::json::{self, Object, Scalar};

/// The request.
pub(in crate::webapi) const LINE: &str = "/cgi-bin/api-get_accounts";

/// An account slot; its display name is not read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Slot<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    sip_server: Scalar<'a>,
    #[serde(borrow)]
    sip_id: Scalar<'a>,
    #[serde(borrow)]
    reg: Scalar<'a>,
}

/// Asks for the accounts in use, or those of them that are registered.
pub fn call(registered: bool) -> Call<Accounts> {
    let registered = registered.then_some("true");
    Query::of("api-get_accounts")
        .with_some("registered", registered)
        .reads(|data| {
            let keep = Keep {
                sip_user: true,
                ..Keep::default()
            };
            met(parse(&as_list(data.payload), keep, &mut Dropped::default()))
        })
}

/// The accounts in use, by id.
pub(in crate::webapi) fn parse(
    payload: &str,
    keep: Keep,
    dropped: &mut Dropped,
) -> Result<Accounts, Failure> {
    let mut accounts: Vec<Account> = Vec::new();
    let mut position = 0;
    let mut unknown = None;
    json::for_each(payload, |slot: Option<Object<Slot<'_>>>| {
        position = u16::saturating_add(position, 1);
        let slot = slot.map_or_else(Slot::default, |Object(slot)| slot);
        let server = slot.sip_server.text().unwrap_or_default();
        let user = slot.sip_id.text().unwrap_or_default();
        if server.is_empty() && user.is_empty() {
            return;
        }
        let id = id(&slot.id, position);
        if accounts.iter().any(|account| account.id == id) {
            dropped.count(DropReason::Duplicate);
            return;
        }
        if accounts.len() == MAX_ACCOUNTS {
            dropped.count(DropReason::Accounts);
            return;
        }
        let Some(registration) = registration(&slot.reg) else {
            unknown.get_or_insert(id);
            return;
        };
        accounts.push(Account {
            id,
            server: cleaned(&server, dropped),
            user: keep.sip_user.then(|| cleaned(&user, dropped)),
            registration,
        });
    })
    .map_err(|error| malformed(Endpoint::Accounts, error))?;
    if let Some(id) = unknown {
        let why = format!("the registration of account {id} is outside the known scale");
        return Err(not_understood(Endpoint::Accounts, &why));
    }
    accounts.sort_by_key(|account| account.id);
    Ok(accounts.into_boxed_slice())
}

/// The phone's own id, else its place in the list.
fn id(told: &Scalar<'_>, position: u16) -> u16 {
    told.integer()
        .and_then(|id| u16::try_from(id).ok())
        .unwrap_or(position)
}

/// The state of a registration; `None` outside the scale, since a guess would hide an outage or
/// make one up.
///
/// The guide shows 0 and 1. The phones' own scale goes to 7: 1 and 2 registered, 3 to 6 registered
/// and in a call, 7 on the way. Other phones of the vendor use truth values and words.
fn registration(told: &Scalar<'_>) -> Option<Registration> {
    if let Scalar::Bool(is_registered) = told {
        return Some(match is_registered {
            true => Registration::Registered,
            false => Registration::Unregistered,
        });
    }
    if let Some(code) = told.integer() {
        return match code {
            0 => Some(Registration::Unregistered),
            1..=6 => Some(Registration::Registered),
            7 => Some(Registration::Registering),
            _ => None,
        };
    }
    let word: String = told
        .text()?
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match word.as_str() {
        "registered" | "true" | "yes" => Some(Registration::Registered),
        "unregistered" | "notregistered" | "false" | "no" => Some(Registration::Unregistered),
        "registering" => Some(Registration::Registering),
        _ if told.text()?.is_empty() => Some(Registration::Unregistered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Reason;

    const GUIDE: &str = include_str!("../../../tests/fixtures/webapi/guide-accounts.json");

    fn read(list: &str) -> (Result<Accounts, Failure>, Dropped) {
        let mut dropped = Dropped::default();
        let keep = Keep {
            sip_user: true,
            ..Keep::default()
        };
        (parse(list, keep, &mut dropped), dropped)
    }

    fn states(list: &str) -> Vec<(u16, Registration)> {
        let (accounts, _) = read(list);
        accounts
            .unwrap_or_else(|failure| panic!("{list}: {failure}"))
            .iter()
            .map(|account| (account.id, account.registration))
            .collect()
    }

    #[test]
    fn a_list_of_anything_but_objects_is_malformed_and_no_length_is_too_much() {
        for list in ["[[]]", r#"[[1,"pbx","699",1]]"#, "[1]", r#"["a"]"#, "{}"] {
            let (accounts, _) = read(list);
            assert_eq!(accounts.unwrap_err().reason, Reason::Parse, "{list}");
        }
        let endless = format!("[{}{{}}]", "{},".repeat(70_000));
        assert_eq!(states(&endless), []);
    }

    #[test]
    fn the_sample_of_the_guide_is_read() {
        let mut guide: serde_json::Value = json::parse(GUIDE).unwrap();
        let list = guide["body"].take().to_string();
        let (accounts, dropped) = read(&list);
        let accounts = accounts.unwrap();
        assert_eq!(accounts.len(), 4);
        assert_eq!(accounts[0].server.as_str(), "pbx.grandstream.com");
        assert_eq!(accounts[0].user.as_ref().unwrap().as_str(), "699");
        assert_eq!(accounts[3].registration, Registration::Unregistered);
        assert_eq!(dropped, Dropped::default());
        let without = parse(&list, Keep::default(), &mut Dropped::default()).unwrap();
        assert!(without.iter().all(|account| account.user.is_none()));
    }

    #[test]
    fn every_known_spelling_of_a_registration_is_read_and_others_fail_the_part() {
        let (up, down, between) = (
            Some(Registration::Registered),
            Some(Registration::Unregistered),
            Some(Registration::Registering),
        );
        let cases = [
            ("0", down),
            ("1", up),
            ("2", up),
            ("3", up),
            ("4", up),
            ("5", up),
            ("6", up),
            ("7", between),
            (r#""1""#, up),
            (r#"" 0 ""#, down),
            (r#""7""#, between),
            ("true", up),
            ("false", down),
            (r#""true""#, up),
            (r#""yes""#, up),
            (r#""Registered""#, up),
            (r#""Not Registered""#, down),
            (r#""not_registered""#, down),
            (r#""unregistered""#, down),
            (r#""Registering""#, between),
            (r#""""#, down),
            ("8", None),
            ("-1", None),
            ("1.5", None),
            ("null", None),
            ("[]", None),
            (r#""?""#, None),
            (r#""enregistré""#, None),
        ];
        for (reg, expect) in cases {
            let list = format!(r#"[{{"id":3,"sip_server":"s","sip_id":"u","reg":{reg}}}]"#);
            if let Some(expect) = expect {
                assert_eq!(states(&list), [(3, expect)], "{reg}");
                continue;
            }
            let failure = read(&list).0.unwrap_err();
            assert_eq!(failure.reason, Reason::Parse, "{reg}");
            assert!(failure.detail.contains("account 3"), "{failure}");
        }
        let missing = r#"[{"id":1,"sip_server":"s","sip_id":"u"}]"#;
        assert_eq!(read(missing).0.unwrap_err().reason, Reason::Parse);
    }

    #[test]
    fn slots_not_in_use_are_left_out_whatever_they_say_of_registration() {
        let list = r#"[
            {"id":1,"sip_server":"","sip_id":"","name":"","reg":9},
            {"id":2,"sip_server":null,"sip_id":" "},
            null,
            {"id":4,"sip_server":"","sip_id":"u","reg":1}
        ]"#;
        assert_eq!(states(list), [(4, Registration::Registered)]);
        assert_eq!(states("[]"), []);
    }

    #[test]
    fn ids_are_the_phones_own_else_the_place_in_the_list_and_the_first_of_two_counts() {
        let list = r#"[
            {"sip_server":"a","sip_id":"1","reg":1},
            {"id":"7","sip_server":"b","sip_id":"2","reg":0},
            {"id":7,"sip_server":"c","sip_id":"3","reg":1},
            {"id":-2,"sip_server":"d","sip_id":"4","reg":1},
            {"id":3,"sip_server":"e","sip_id":"5","reg":1,"auto_cfg":{"x":[1]}}
        ]"#;
        let (up, down) = (Registration::Registered, Registration::Unregistered);
        assert_eq!(states(list), [(1, up), (3, up), (4, up), (7, down)]);
        assert_eq!(read(list).1.get(DropReason::Duplicate), 1);
    }

    #[test]
    fn no_more_than_the_bound_is_kept_and_the_excess_is_counted() {
        let slot = |id| format!(r#"{{"id":{id},"sip_server":"s","sip_id":"u","reg":1}}"#);
        let slots: Vec<_> = (1..=20).map(slot).collect();
        let list = format!("[{}]", slots.join(","));
        let (accounts, dropped) = read(&list);
        assert_eq!(accounts.unwrap().len(), MAX_ACCOUNTS);
        assert_eq!(dropped.get(DropReason::Accounts), 4);
        let long = "x".repeat(10_000);
        let list = format!(r#"[{{"id":1,"sip_server":"{long}","sip_id":"{long}","reg":1}}]"#);
        let (accounts, dropped) = read(&list);
        assert_eq!(accounts.unwrap()[0].server.as_str().len(), 128);
        assert_eq!(dropped.get(DropReason::Text), 2);
    }

    #[test]
    fn what_is_no_list_of_accounts_is_refused() {
        for payload in ["{}", r#""available""#, "[1]", "Response=Success", "[", ""] {
            assert_eq!(
                read(payload).0.unwrap_err().reason,
                Reason::Parse,
                "{payload}"
            );
        }
    }
}
