//! `probe --all --posture`: phones with weak security settings, for an audit; and `--json`.
//!
//! What could not be checked, since no login succeeded, is shown as unknown, never as sound.

use std::io::Write;

use serde::Serialize;

use crate::cli::problems;
use crate::fleet::Fleet;
use crate::fleet::posture::Weakness;

/// Whether no phone has a weakness and none is unknown.
pub(super) fn is_sound(fleet: &Fleet) -> bool {
    fleet.phones().all(|phone| {
        Weakness::ALL
            .iter()
            .all(|weakness| weakness.holds(phone) == Some(false))
    })
}

/// Prints how many phones have each weakness, with a hint, and which.
pub(super) fn print(fleet: &Fleet) -> std::io::Result<()> {
    println_line!("\nPosture")?;
    for weakness in Weakness::ALL {
        let label = weakness.label();
        let weak = count(fleet, weakness, Some(true));
        let hint = if weak > 0 { weakness.mend() } else { "none" };
        println_line!("  {weak:>6}  {label}: {hint}")?;
        let unknown = count(fleet, weakness, None);
        if unknown > 0 {
            println_line!("  {unknown:>6}  {label}: unknown, no login succeeded")?;
        }
    }
    for phone in fleet.phones() {
        let row: Vec<_> = Weakness::ALL
            .iter()
            .filter_map(|weakness| match weakness.holds(phone) {
                Some(true) => Some(weakness.label().to_owned()),
                Some(false) => None,
                None => Some(format!("{} unknown", weakness.label())),
            })
            .collect();
        if !row.is_empty() {
            println_line!("{}: {}", phone.place.name, row.join(", "))?;
        }
    }
    Ok(())
}

fn count(fleet: &Fleet, weakness: Weakness, holds: Option<bool>) -> usize {
    fleet
        .phones()
        .filter(|phone| weakness.holds(phone) == holds)
        .count()
}

#[derive(Serialize)]
struct PhonesJson<'a> {
    phones: Vec<PhoneJson<'a>>,
}

#[derive(Serialize)]
struct PhoneJson<'a> {
    name: &'a str,
    site: Option<&'a str>,
    address: &'a str,
    portable: bool,
    up: bool,
    reachable: bool,
    failures: &'a [problems::Problem],
    posture: PostureJson,
}

/// `null`: unknown.
#[derive(Serialize)]
struct PostureJson {
    plain_http: Option<bool>,
    tls_unverified: Option<bool>,
    default_password: Option<bool>,
}

/// Prints everything, in the field names of `/api/v1/phones`.
pub(super) fn write_json(fleet: &Fleet, statuses: &[problems::PhoneStatus]) -> anyhow::Result<()> {
    let phones = fleet
        .phones()
        .zip(statuses)
        .map(|(phone, status)| PhoneJson {
            name: &phone.place.name,
            site: phone.place.site.as_deref(),
            address: &phone.place.address,
            portable: phone.place.portable,
            up: status.up,
            reachable: phone.last.as_ref().is_some_and(|last| last.reachable),
            failures: &status.failures,
            posture: PostureJson {
                plain_http: Weakness::PlainHttp.holds(phone),
                tls_unverified: Weakness::TlsUnverified.holds(phone),
                default_password: Weakness::DefaultPassword.holds(phone),
            },
        })
        .collect();
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &PhonesJson { phones })?;
    writeln!(out)?;
    Ok(())
}
