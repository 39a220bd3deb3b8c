//! `phone`: every call of the vendor's Web API, reads and writes, for operators.
//!
//! The arguments become a [`Job`] (`invocation`), the configuration becomes sessions on phones
//! (`session`), the job runs on each (`parallel`, `batch`), and its results are printed (`output`).
//! Each family of calls has a file. The daemon uses nothing of it: it cannot write to a phone.

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
mod read_calls;
mod result;
mod session;
mod system_operation;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) use args::Args;

use self::args::Options;
use self::audit::Audit;
use self::auto_silence::AutoSilence;
use self::batch::{BatchOptions, ResumeFile};
use self::invocation::Invocation;
use self::job::{Confirmation, Job};
use self::parallel::JobOutcome;
use self::session::{Session, WriteMode};
use super::progress::Progress;
use super::{UsageError, prompt};
use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config, Credential, Phone, Secrets};
use crate::poll::login::Gate;
use crate::rules::describe_rule::count;
use crate::webapi::calls::sys_operation::Operation;

/// Whether one phone is named, or many are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    One,
    Many,
}

/// One run of the command.
struct Run {
    options: Options,
    config: Config,
    scope: Scope,
    invocation: Invocation,
    sudo_user: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let selects_many = args.options.all || !args.options.label.is_empty();
    let scope = match (&args.phone, selects_many) {
        (Some(_), false) => Scope::One,
        (None, true) => Scope::Many,
        (_, _) => {
            let error = "name one phone, or select phones with --all or --label";
            return Err(UsageError(error.to_owned()).into());
        }
    };
    let environment = super::environment();
    let config = config::load(&args.options.config, &environment, Secrets::Read)?;
    let phones = select_phones(&config, args.phone.as_deref(), &args.options)?;
    let run = Run {
        invocation: invocation::from_args(args.call, scope)?,
        options: args.options,
        config,
        scope,
        sudo_user: std::env::var_os("SUDO_USER").and_then(|user| user.into_string().ok()),
    };
    check_output(&run)?;
    check_clear_text(&run, &phones)?;
    super::block_on(|stop| async move {
        let done = stop.run_until_cancelled(Box::pin(run_job(&run, phones)));
        match done.await {
            Some(all_well) => all_well.map(super::exit_code),
            None => anyhow::bail!("interrupted; the record of writes shows what was sent"),
        }
    })
}

/// The selected phones, each with the credential of the operator.
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
    if let Some(name) = name
        && phones.is_empty()
    {
        let known = config.phones.iter().map(|phone| &*phone.place.name);
        return Err(super::unknown_phone(&options.config, name, known).into());
    }
    if phones.is_empty() {
        let file = options.config.display();
        return Err(UsageError(format!("{file}: no enabled phone has these labels")).into());
    }
    phones.into_iter().map(as_operator).collect()
}

/// The phone with the `operator` credential where it has one.
fn as_operator(phone: &Arc<Phone>) -> anyhow::Result<Arc<Phone>> {
    let Some(operator) = &phone.operator else {
        return Ok(Arc::clone(phone));
    };
    let credential = Credential {
        username: operator.username.clone(),
        passwords: vec![prompt::secret_from_file(&operator.password_file)?],
        format: phone.credential.format,
    };
    Ok(Arc::new(Phone {
        credential,
        ..Phone::clone(phone)
    }))
}

/// A file is for the result of one phone.
fn check_output(run: &Run) -> anyhow::Result<()> {
    if run.scope == Scope::Many && run.invocation.output.is_some() {
        let detail = "--output is for one phone; use --json for many".to_owned();
        return Err(UsageError(detail).into());
    }
    Ok(())
}

/// The guide puts secrets into the URL: over plain HTTP they can be read on the way.
fn check_clear_text(run: &Run, phones: &[Arc<Phone>]) -> anyhow::Result<()> {
    if !run.invocation.job.carries_secret() || run.options.clear_text || run.options.dry_run {
        return Ok(());
    }
    let Some(phone) = phones.iter().find(|phone| phone.trust.is_none()) else {
        return Ok(());
    };
    let detail = format!(
        "`{}` uses plain HTTP, and the secret in the URL can be read on the way; set \
         `scheme: https`, or use --clear-text",
        phone.place.name
    );
    Err(UsageError(detail).into())
}

async fn run_job(run: &Run, phones: Vec<Arc<Phone>>) -> anyhow::Result<bool> {
    let job = &run.invocation.job;
    let audit = open_audit(run)?;
    let resume_file = open_resume_file(run)?;
    let (mut sessions, mut failed) = open_sessions(run, phones).await?;
    if let Some(resume_file) = &resume_file {
        let before = sessions.len();
        sessions.retain(|session| !resume_file.has(session.name()));
        let done = before - sessions.len();
        if done > 0 {
            eprintln_line!("{} done by the last run; skipped", count(done, "phone"));
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
            eprintln_line!("cancelled; nothing was sent");
            return Ok(false);
        }
    }
    if !run.options.dry_run {
        for session in &mut sessions {
            session.set_write_mode(WriteMode::Send(audit.clone()));
        }
    }
    let mut outcomes = run_all(run, sessions, resume_file).await;
    outcomes.extend(failed);
    output::results(run, &mut outcomes)
}

/// The record of writes; without a state directory there is none, with a warning.
fn open_audit(run: &Run) -> anyhow::Result<Option<Arc<Audit>>> {
    if !run.invocation.job.writes() || run.options.dry_run {
        return Ok(None);
    }
    let Some(state_dir) = &run.config.state_dir else {
        eprintln_line!("warning: writes are not recorded; set `state_dir`");
        return Ok(None);
    };
    let audit = Audit::open(state_dir, run.sudo_user.as_deref())?;
    Ok(Some(Arc::new(audit)))
}

fn open_resume_file(run: &Run) -> anyhow::Result<Option<ResumeFile>> {
    let Job::System(job) = &*run.invocation.job else {
        return Ok(None);
    };
    let resumes = run.invocation.batch.resume;
    let is_kept = run.scope == Scope::Many && !run.options.dry_run;
    let Some(state_dir) = run.config.state_dir.as_ref().filter(|_| is_kept) else {
        if resumes {
            let detail = "--resume needs --all or --label, and a `state_dir`".to_owned();
            return Err(UsageError(detail).into());
        }
        return Ok(None);
    };
    let name = match job.operation {
        Operation::Reboot => "resume-reboot",
        Operation::FactoryReset => "resume-factory-reset",
        Operation::Provision => "resume-provision",
    };
    Ok(Some(ResumeFile::open(state_dir, name, resumes)?))
}

/// A session for each phone, and the phones that cannot have one. Nothing is sent yet.
async fn open_sessions(
    run: &Run,
    phones: Vec<Arc<Phone>>,
) -> anyhow::Result<(Vec<Session>, Vec<JobOutcome>)> {
    let clock = Clock::real();
    let ledger = Arc::new(app::open_ledger(run.config.state_dir.as_deref())?);
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
    Gate::try_together(sessions.iter_mut().map(Session::gate));
    Ok((sessions, failed))
}

/// Shows what the job would change; the sessions to go on with, and the outcome of the others.
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
                output::preview(run, &outcome.name, result);
                ready.push(session);
            }
            (session, _) => failed.push(JobOutcome { session, ..outcome }),
        }
    }
    Ok((ready, failed))
}

/// Asks on another thread, so that signals are still handled.
async fn confirmed(question: String) -> anyhow::Result<bool> {
    tokio::task::spawn_blocking(move || prompt::confirm(&question)).await?
}

fn question(job: &Job, sessions: &[Session]) -> String {
    /// How many phones are named; the rest is counted.
    const NAMED: usize = 5;
    let names: Vec<_> = sessions.iter().take(NAMED).map(Session::name).collect();
    let rest = match sessions.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("{} on {}{rest}", job.description(), names.join(", "))
}

async fn run_all(
    run: &Run,
    sessions: Vec<Session>,
    resume_file: Option<ResumeFile>,
) -> Vec<JobOutcome> {
    let bar = (run.scope == Scope::Many).then(|| Progress::new(sessions.len() as u64, "phones"));
    let each = |_: &JobOutcome| bar.iter().for_each(Progress::advance);
    let options = BatchOptions {
        batch: run.invocation.batch,
        jobs: run.options.jobs.get(),
        auto_silence: AutoSilence::of(run),
    };
    batch::in_batches(sessions, &run.invocation.job, options, resume_file, each).await
}

/// The lines of the configuration with the logins of the phones whose outcome is good.
fn login_lines(run: &Run, outcomes: &[JobOutcome]) -> BTreeSet<String> {
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
            let key = match row.key.as_str() {
                "credential" => format!("credential: {0}; see `credentials.{0}`", row.value),
                key => key.to_owned(),
            };
            match &row.origin {
                Some(at) => {
                    let line = at.line.map(|line| format!(":{line}")).unwrap_or_default();
                    format!("{}{line}: {key}", at.file.display())
                }
                None => key,
            }
        })
        .collect()
}
