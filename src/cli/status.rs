//! `status`: asks the running daemon how the fleet does, with the mend of each trouble.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Deserialize;

use super::daemon::SocketArg;

/// Ask the running daemon how the fleet does; exit status 1 on trouble
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter status --problems --by site,reason")]
pub(super) struct Args {
    #[command(flatten)]
    socket: SocketArg,
    /// Name each phone that is in trouble
    #[arg(long)]
    problems: bool,
    /// What to count by
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        default_value = "site,reason"
    )]
    by: Vec<By>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Site,
    Reason,
}

/// What is used of `/api/v1/phones`.
#[derive(Debug, Deserialize)]
struct Answer {
    phones: Vec<Phone>,
}

#[derive(Debug, Deserialize)]
struct Phone {
    name: String,
    site: Option<String>,
    up: bool,
    failures: Vec<Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    reason: String,
    detail: String,
    mend: String,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let answer = super::block_on(|stop| async move {
        match stop
            .run_until_cancelled(args.socket.get("/api/v1/phones"))
            .await
        {
            Some(answer) => answer,
            None => anyhow::bail!("interrupted"),
        }
    });
    let told = answer.and_then(|Answer { phones }| {
        tell(args, &phones)?;
        Ok(phones
            .iter()
            .all(|phone| phone.up && phone.failures.is_empty()))
    });
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => super::failed(&error),
    }
}

fn tell(args: &Args, phones: &[Phone]) -> std::io::Result<()> {
    let up = phones.iter().filter(|phone| phone.up).count();
    super::say(format_args!("{up} of {} phones up", phones.len()))?;
    for (key, (count, mend)) in count(phones, &args.by) {
        super::say(format_args!("  {count:>6}  {key}: {mend}"))?;
    }
    if !args.problems {
        return Ok(());
    }
    for phone in phones {
        for failure in &phone.failures {
            super::say(format_args!(
                "{}: {}: {}; {}",
                phone.name, failure.reason, failure.detail, failure.mend
            ))?;
        }
    }
    Ok(())
}

/// How many phones have each trouble, and the mend of it. A phone counts once a reason.
fn count<'a>(phones: &'a [Phone], by: &[By]) -> BTreeMap<String, (usize, &'a str)> {
    let mut counts = BTreeMap::new();
    for phone in phones {
        let reasons: BTreeMap<_, _> = phone
            .failures
            .iter()
            .map(|failure| (failure.reason.as_str(), failure.mend.as_str()))
            .collect();
        for (reason, mend) in reasons {
            let site = phone.site.as_deref().unwrap_or("no site");
            let parts: Vec<_> = by
                .iter()
                .map(|key| match key {
                    By::Site => site,
                    By::Reason => reason,
                })
                .collect();
            let mend = if by.contains(&By::Reason) {
                mend
            } else {
                "see --by reason"
            };
            counts.entry(parts.join(" ")).or_insert((0, mend)).0 += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_counted_by_site_and_reason_with_their_mend() {
        let phone = |name: &str, site: Option<&str>, reasons: &[&str]| Phone {
            name: name.to_owned(),
            site: site.map(str::to_owned),
            up: reasons.is_empty(),
            failures: reasons
                .iter()
                .map(|reason| Failure {
                    reason: (*reason).to_owned(),
                    detail: String::new(),
                    mend: format!("mend {reason}"),
                })
                .collect(),
        };
        let phones = [
            phone("a", Some("hq"), &["auth", "auth"]),
            phone("b", Some("hq"), &["auth", "parse"]),
            phone("c", None, &["refused"]),
            phone("d", Some("hq"), &[]),
        ];
        let counted = count(&phones, &[By::Site, By::Reason]);
        let rows: Vec<_> = counted
            .iter()
            .map(|(key, (n, mend))| (key.as_str(), *n, *mend))
            .collect();
        assert_eq!(
            rows,
            [
                ("hq auth", 2, "mend auth"),
                ("hq parse", 1, "mend parse"),
                ("no site refused", 1, "mend refused"),
            ]
        );
    }
}
