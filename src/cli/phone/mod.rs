//! `phone`: the operator's hand on the vendor's Web API.
//!
//! From the command line to a job (`build`), from the configuration to hands on phones (`hand`), the
//! job done on each (`job`, `many`, `batch`), and what they told (`told`). A file beside holds each
//! family of calls. Nothing here is the daemon's: it can neither name nor run any of it.

mod args;
mod audit;
mod auto_silence;
mod batch;
mod contact_groups;
mod contact_import;
mod contacts;
mod error;
mod invocation;
mod job;
mod output;
mod parallel;
mod phonebook_file;
mod prompt;
mod read_calls;
mod result;
mod session;
mod system_operation;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) use args::{Args, pair};
pub(super) use result::table;

use self::args::Options;
use self::audit::Audit;
use self::auto_silence::Quiet;
use self::batch::{Pace, Progress};
use self::invocation::Order;
use self::job::{Care, Job};
use self::parallel::Done;
use self::session::{Hand, Mode};
use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config, Credential, Phone, Secrets};
use crate::ledger::Keeper;
use crate::webapi::calls::sys_operation::Operation;

/// Wrong usage, told as it is; exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Whether one phone is named, or many are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    One,
    Many,
}

/// What a run has at hand.
struct Desk {
    options: Options,
    config: Config,
    width: Width,
    order: Order,
    sudo_user: Option<String>,
}

pub(super) fn run(args: Args) -> ExitCode {
    match try_run(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => match error.downcast_ref::<Usage>() {
            Some(usage) => {
                super::complain(format_args!("grandstream-exporter: {usage}"));
                ExitCode::from(super::USAGE)
            }
            None => super::failed(&error),
        },
    }
}

/// Whether it was done on every phone.
fn try_run(args: Args) -> anyhow::Result<bool> {
    let width = match (
        &args.phone,
        args.options.all || !args.options.label.is_empty(),
    ) {
        (Some(_), false) => Width::One,
        (None, true) => Width::Many,
        (Some(_), true) => {
            return Err(Usage("name a phone, or use --all or --label, not both".into()).into());
        }
        (None, false) => return Err(Usage("name a phone, or use --all or --label".into()).into()),
    };
    let environment = super::environment();
    let config = config::load(&args.options.config, &environment, Secrets::Read)?;
    let phones = choose(&config, args.phone.as_deref(), &args.options)?;
    let desk = Desk {
        order: invocation::order(args.call, width)?,
        options: args.options,
        config,
        width,
        sudo_user: super::variable("SUDO_USER"),
    };
    check_output(&desk)?;
    check_clear_text(&desk, &phones)?;
    super::block_on(|stop| async move {
        match stop
            .run_until_cancelled(Box::pin(work(&desk, phones)))
            .await
        {
            Some(done) => done,
            None => anyhow::bail!("interrupted; what was sent is in the record of writes"),
        }
    })
}

/// The phones that are meant, each with the credential that an operator logs in with.
fn choose(
    config: &Config,
    name: Option<&str>,
    options: &Options,
) -> anyhow::Result<Vec<Arc<Phone>>> {
    let is_meant = |phone: &&Arc<Phone>| match name {
        Some(name) => *phone.place.name == *name,
        None => options.label.iter().all(|(key, value)| {
            let place = &phone.place;
            let label = match key.as_str() {
                "site" => place.site.as_deref(),
                key => place
                    .labels
                    .iter()
                    .find(|(label, _)| **label == *key)
                    .map(|(_, value)| &**value),
            };
            label == Some(value)
        }),
    };
    let phones: Vec<_> = config.phones.iter().filter(is_meant).collect();
    if phones.is_empty() {
        let what = match name {
            Some(name) => format!("there is no enabled phone `{name}`"),
            None => "no enabled phone has these labels".to_owned(),
        };
        let detail = format!(
            "{}: {what}; `check-config` and the fleet page know the names",
            options.config.display()
        );
        return Err(Usage(detail).into());
    }
    phones.into_iter().map(as_operator).collect()
}

/// The phone with the operator's credential where one is given.
fn as_operator(phone: &Arc<Phone>) -> anyhow::Result<Arc<Phone>> {
    let Some(operator) = &phone.operator else {
        return Ok(Arc::clone(phone));
    };
    let credential = Credential {
        username: operator.username.clone(),
        passwords: vec![prompt::from_file(&operator.password_file)?],
        format: phone.credential.format,
    };
    Ok(Arc::new(Phone {
        credential,
        ..Phone::clone(phone)
    }))
}

/// One file takes what one phone tells.
fn check_output(desk: &Desk) -> anyhow::Result<()> {
    if desk.width == Width::Many && desk.order.output.is_some() {
        let detail = "--output is for one phone; many print JSON with --json".to_owned();
        return Err(Usage(detail).into());
    }
    Ok(())
}

/// The guide puts secrets into the URL: over plain HTTP everybody on the way reads them.
fn check_clear_text(desk: &Desk, phones: &[Arc<Phone>]) -> anyhow::Result<()> {
    if !desk.order.job.carries_secret() || desk.options.clear_text || desk.options.dry_run {
        return Ok(());
    }
    let Some(phone) = phones.iter().find(|phone| phone.trust.is_none()) else {
        return Ok(());
    };
    let detail = format!(
        "`{}` is spoken to over plain HTTP, where everybody on the way can read the secret in the \
         URL; set `scheme: https`, or use --clear-text",
        phone.place.name
    );
    Err(Usage(detail).into())
}

async fn work(desk: &Desk, phones: Vec<Arc<Phone>>) -> anyhow::Result<bool> {
    let job = &desk.order.job;
    let audit = open_audit(desk)?;
    let progress = open_progress(desk)?;
    let (mut hands, mut lost) = hands(desk, phones).await?;
    if let Some(progress) = &progress {
        let before = hands.len();
        hands.retain(|hand| !progress.has(hand.name()));
        let done = before - hands.len();
        if done > 0 {
            super::complain(format_args!("{done} phones were done by the run before"));
        }
    }
    let asks = match desk.width {
        Width::One => job.care() >= Care::Asks,
        Width::Many => job.care() >= Care::Writes,
    };
    if asks && !desk.options.dry_run {
        if job.care() == Care::Shows {
            let ready = preview(desk, hands).await?;
            hands = ready.0;
            lost.extend(ready.1);
        }
        if !desk.options.yes && !hands.is_empty() && !confirmed(question(job, &hands)).await? {
            super::complain(format_args!("nothing was done"));
            return Ok(false);
        }
    }
    if !desk.options.dry_run {
        for hand in &mut hands {
            hand.turn(Mode::Live(audit.clone()));
        }
    }
    let mut done = all(desk, hands, progress).await;
    done.extend(lost);
    output::results(desk, &mut done)
}

/// Where writes are recorded. Without a state directory nowhere, which is said.
fn open_audit(desk: &Desk) -> anyhow::Result<Option<Arc<Audit>>> {
    if !desk.order.job.writes() || desk.options.dry_run {
        return Ok(None);
    }
    let Some(state_dir) = &desk.config.state_dir else {
        super::complain(format_args!(
            "warning: no `state_dir`: writes are not recorded"
        ));
        return Ok(None);
    };
    let audit = Audit::open(state_dir, desk.sudo_user.as_deref())?;
    Ok(Some(Arc::new(audit)))
}

fn open_progress(desk: &Desk) -> anyhow::Result<Option<Progress>> {
    let Job::System(job) = &*desk.order.job else {
        return Ok(None);
    };
    let resumes = desk.order.batch.resume;
    let is_kept = desk.width == Width::Many && !desk.options.dry_run;
    let Some(state_dir) = desk.config.state_dir.as_ref().filter(|_| is_kept) else {
        if resumes {
            let detail = "--resume needs many phones and a `state_dir`".to_owned();
            return Err(Usage(detail).into());
        }
        return Ok(None);
    };
    let name = match job.operation {
        Operation::Reboot => "resume-reboot",
        Operation::FactoryReset => "resume-factory-reset",
        Operation::Provision => "resume-provision",
    };
    Ok(Some(Progress::open(state_dir.join(name), resumes)?))
}

/// A hand on each phone, and the phones that there can be none on. Nothing is sent yet.
async fn hands(desk: &Desk, phones: Vec<Arc<Phone>>) -> anyhow::Result<(Vec<Hand>, Vec<Done>)> {
    let clock = Clock::real();
    let ledger = Arc::new(app::open_ledger(
        desk.config.state_dir.as_deref(),
        Keeper::Command,
    )?);
    let mut hands = Vec::new();
    let mut lost = Vec::new();
    for phone in phones {
        let name = phone.place.name.to_string();
        let mode = Mode::Dry(Vec::new());
        match Hand::new(phone, Arc::clone(&ledger), clock.clone(), mode).await {
            Ok(hand) => hands.push(hand),
            Err(failure) => lost.push(Done {
                name,
                result: Err(failure.into()),
                hand: None,
            }),
        }
    }
    Ok((hands, lost))
}

/// Shows what the job would touch; the hands that can go on, and what became of the others.
async fn preview(desk: &Desk, hands: Vec<Hand>) -> anyhow::Result<(Vec<Hand>, Vec<Done>)> {
    let jobs = desk.options.jobs.get();
    let looked = parallel::over(hands, &desk.order.job, jobs, |_| ()).await;
    let mut ready = Vec::new();
    let mut lost = Vec::new();
    for done in looked {
        match (done.hand, &done.result) {
            (Some(hand), Ok(told)) => {
                output::preview(desk, &done.name, told)?;
                ready.push(hand);
            }
            (hand, _) => lost.push(Done { hand, ..done }),
        }
    }
    Ok((ready, lost))
}

/// Asks off the runtime's thread, which goes on seeing signals.
async fn confirmed(question: String) -> anyhow::Result<bool> {
    tokio::task::spawn_blocking(move || prompt::confirm(&question)).await?
}

fn question(job: &Job, hands: &[Hand]) -> String {
    /// How many phones are named before the rest is counted.
    const NAMED: usize = 5;
    let names: Vec<_> = hands.iter().take(NAMED).map(Hand::name).collect();
    let rest = match hands.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("{} on {}{rest}", job.in_words(), names.join(", "))
}

async fn all(desk: &Desk, hands: Vec<Hand>, progress: Option<Progress>) -> Vec<Done> {
    let bar = output::bar(desk.width, hands.len());
    let each = |_: &Done| {
        if let Some(bar) = &bar {
            bar.inc(1);
        }
    };
    let pace = Pace {
        batch: desk.order.batch,
        jobs: desk.options.jobs.get(),
        quiet: Quiet::of(desk),
    };
    let done = batch::in_batches(hands, &desk.order.job, pace, progress, each).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    done
}

/// Where the configuration says how these phones are logged in to.
fn config_lines(desk: &Desk, done: &[Done]) -> BTreeSet<String> {
    let names: BTreeSet<_> = done
        .iter()
        .filter(|one| one.result.is_ok())
        .map(|one| one.name.as_str())
        .collect();
    let Ok(rows) = config::effective(&desk.options.config, &super::environment()) else {
        return BTreeSet::new();
    };
    let is_login = |key: &str| key == "credential" || key.starts_with("password");
    rows.iter()
        .filter(|row| names.contains(&*row.phone) && is_login(&row.key))
        .map(|row| {
            let says = match row.key.as_str() {
                "credential" => format!(
                    "credential: {0}; `credentials.{0}` names where its password stands",
                    row.value
                ),
                key => key.to_owned(),
            };
            match &row.origin {
                Some(spot) => {
                    let line = spot.line.map(|line| format!(":{line}")).unwrap_or_default();
                    format!("{}{line}: {says}", spot.file.display())
                }
                None => says,
            }
        })
        .collect()
}
