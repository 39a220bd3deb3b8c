//! `phone`: the operator's session on the vendor's Web API.
//!
//! From the command line to a job (`build`), from the configuration to sessions on phones (`session`), the
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
use self::batch::{BatchOptions, Progress};
use self::invocation::Invocation;
use self::job::{Confirmation, Job};
use self::parallel::JobOutcome;
use self::session::{Session, WriteMode};
use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config, Credential, Phone, Secrets};
use crate::ledger::Keeper;
use crate::webapi::calls::sys_operation::Operation;

/// Wrong usage, told as it is; exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Whether one phone is named, or many are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    One,
    Many,
}

/// What a run has at hand.
struct Run {
    options: Options,
    config: Config,
    scope: Scope,
    invocation: Invocation,
    sudo_user: Option<String>,
}

pub(super) fn run(args: Args) -> ExitCode {
    match try_run(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => match error.downcast_ref::<UsageError>() {
            Some(usage) => {
                super::eprintln_line(format_args!("grandstream-exporter: {usage}"));
                ExitCode::from(super::USAGE)
            }
            None => super::failed(&error),
        },
    }
}

/// Whether it was done on every phone.
fn try_run(args: Args) -> anyhow::Result<bool> {
    let scope = match (
        &args.phone,
        args.options.all || !args.options.label.is_empty(),
    ) {
        (Some(_), false) => Scope::One,
        (None, true) => Scope::Many,
        (Some(_), true) => {
            return Err(
                UsageError("name a phone, or use --all or --label, not both".into()).into(),
            );
        }
        (None, false) => {
            return Err(UsageError("name a phone, or use --all or --label".into()).into());
        }
    };
    let environment = super::environment();
    let config = config::load(&args.options.config, &environment, Secrets::Read)?;
    let phones = select_phones(&config, args.phone.as_deref(), &args.options)?;
    let run = Run {
        invocation: invocation::order(args.call, scope)?,
        options: args.options,
        config,
        scope,
        sudo_user: super::variable("SUDO_USER"),
    };
    check_output(&run)?;
    check_clear_text(&run, &phones)?;
    super::block_on(|stop| async move {
        match stop
            .run_until_cancelled(Box::pin(run_job(&run, phones)))
            .await
        {
            Some(result) => result,
            None => anyhow::bail!("interrupted; what was sent is in the record of writes"),
        }
    })
}

/// The phones that are meant, each with the credential that an operator logs in with.
fn select_phones(
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
        return Err(UsageError(detail).into());
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
fn check_output(run: &Run) -> anyhow::Result<()> {
    if run.scope == Scope::Many && run.invocation.output.is_some() {
        let detail = "--output is for one phone; many print JSON with --json".to_owned();
        return Err(UsageError(detail).into());
    }
    Ok(())
}

/// The guide puts secrets into the URL: over plain HTTP everybody on the way reads them.
fn check_clear_text(run: &Run, phones: &[Arc<Phone>]) -> anyhow::Result<()> {
    if !run.invocation.job.carries_secret() || run.options.clear_text || run.options.dry_run {
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
    Err(UsageError(detail).into())
}

async fn run_job(run: &Run, phones: Vec<Arc<Phone>>) -> anyhow::Result<bool> {
    let job = &run.invocation.job;
    let audit = open_audit(run)?;
    let progress = open_progress(run)?;
    let (mut sessions, mut failed) = open_sessions(run, phones).await?;
    if let Some(progress) = &progress {
        let before = sessions.len();
        sessions.retain(|session| !progress.has(session.name()));
        let done = before - sessions.len();
        if done > 0 {
            super::eprintln_line(format_args!("{done} phones were done by the run before"));
        }
    }
    let asks = match run.scope {
        Scope::One => job.confirmation() >= Confirmation::Always,
        Scope::Many => job.confirmation() >= Confirmation::OnManyPhones,
    };
    if asks && !run.options.dry_run {
        if job.confirmation() == Confirmation::WithPreview {
            let ready = preview(run, sessions).await?;
            sessions = ready.0;
            failed.extend(ready.1);
        }
        if !run.options.yes && !sessions.is_empty() && !confirmed(question(job, &sessions)).await? {
            super::eprintln_line(format_args!("nothing was done"));
            return Ok(false);
        }
    }
    if !run.options.dry_run {
        for session in &mut sessions {
            session.set_write_mode(WriteMode::Send(audit.clone()));
        }
    }
    let mut outcomes = run_all(run, sessions, progress).await;
    outcomes.extend(failed);
    output::results(run, &mut outcomes)
}

/// Where writes are recorded. Without a state directory nowhere, which is said.
fn open_audit(run: &Run) -> anyhow::Result<Option<Arc<Audit>>> {
    if !run.invocation.job.writes() || run.options.dry_run {
        return Ok(None);
    }
    let Some(state_dir) = &run.config.state_dir else {
        super::eprintln_line(format_args!(
            "warning: no `state_dir`: writes are not recorded"
        ));
        return Ok(None);
    };
    let audit = Audit::open(state_dir, run.sudo_user.as_deref())?;
    Ok(Some(Arc::new(audit)))
}

fn open_progress(run: &Run) -> anyhow::Result<Option<Progress>> {
    let Job::System(job) = &*run.invocation.job else {
        return Ok(None);
    };
    let resumes = run.invocation.batch.resume;
    let is_kept = run.scope == Scope::Many && !run.options.dry_run;
    let Some(state_dir) = run.config.state_dir.as_ref().filter(|_| is_kept) else {
        if resumes {
            let detail = "--resume needs many phones and a `state_dir`".to_owned();
            return Err(UsageError(detail).into());
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

/// A session on each phone, and the phones that there can be none on. Nothing is sent yet.
async fn open_sessions(
    run: &Run,
    phones: Vec<Arc<Phone>>,
) -> anyhow::Result<(Vec<Session>, Vec<JobOutcome>)> {
    let clock = Clock::real();
    let ledger = Arc::new(app::open_ledger(
        run.config.state_dir.as_deref(),
        Keeper::Command,
    )?);
    let mut sessions = Vec::new();
    let mut failed = Vec::new();
    for phone in phones {
        let name = phone.place.name.to_string();
        let mode = WriteMode::DryRun(Vec::new());
        match Session::new(phone, Arc::clone(&ledger), clock.clone(), mode).await {
            Ok(session) => sessions.push(session),
            Err(failure) => failed.push(JobOutcome {
                name,
                result: Err(failure.into()),
                session: None,
            }),
        }
    }
    Ok((sessions, failed))
}

/// Shows what the job would touch; the sessions that can go on, and what became of the others.
async fn preview(
    run: &Run,
    sessions: Vec<Session>,
) -> anyhow::Result<(Vec<Session>, Vec<JobOutcome>)> {
    let jobs = run.options.jobs.get();
    let previewed = parallel::run_on_all(sessions, &run.invocation.job, jobs, |_| ()).await;
    let mut ready = Vec::new();
    let mut failed = Vec::new();
    for outcome in previewed {
        match (outcome.session, &outcome.result) {
            (Some(session), Ok(result)) => {
                output::preview(run, &outcome.name, result)?;
                ready.push(session);
            }
            (session, _) => failed.push(JobOutcome { session, ..outcome }),
        }
    }
    Ok((ready, failed))
}

/// Asks off the runtime's thread, which goes on seeing signals.
async fn confirmed(question: String) -> anyhow::Result<bool> {
    tokio::task::spawn_blocking(move || prompt::confirm(&question)).await?
}

fn question(job: &Job, sessions: &[Session]) -> String {
    /// How many phones are named before the rest is counted.
    const NAMED: usize = 5;
    let names: Vec<_> = sessions.iter().take(NAMED).map(Session::name).collect();
    let rest = match sessions.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("{} on {}{rest}", job.in_words(), names.join(", "))
}

async fn run_all(run: &Run, sessions: Vec<Session>, progress: Option<Progress>) -> Vec<JobOutcome> {
    let bar = output::bar(run.scope, sessions.len());
    let each = |_: &JobOutcome| {
        if let Some(bar) = &bar {
            bar.inc(1);
        }
    };
    let options = BatchOptions {
        batch: run.invocation.batch,
        jobs: run.options.jobs.get(),
        quiet: Quiet::of(run),
    };
    let outcomes = batch::in_batches(sessions, &run.invocation.job, options, progress, each).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    outcomes
}

/// Where the configuration says how these phones are logged in to.
fn config_lines(run: &Run, outcomes: &[JobOutcome]) -> BTreeSet<String> {
    let names: BTreeSet<_> = outcomes
        .iter()
        .filter(|one| one.result.is_ok())
        .map(|one| one.name.as_str())
        .collect();
    let Ok(rows) = config::effective(&run.options.config, &super::environment()) else {
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
