//! From the arguments to a job.
//!
//! Every wrong argument is found here, before a request to any phone.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{Batch, BookFormat, Command, Contacts, Groups, Passwords, Phonebook, Values};
use super::contact_groups::GroupJob;
use super::contacts::ContactJob;
use super::job::Job;
use super::phonebook_file;
use super::system_operation::SystemJob;
use super::{Scope, UsageError};
use crate::cli::prompt::{self, Typed};
use crate::config;
use crate::webapi::calls::edit_group::GroupName;
use crate::webapi::calls::post_values::NewValue;
use crate::webapi::calls::sys_operation::Operation;
use crate::webapi::calls::values::ValueKey;
use crate::webapi::calls::{change_password, make_call, phone_operation, post_values};

/// What the command line asks for: a job, and what becomes of its result.
pub(super) struct Invocation {
    pub(super) job: Arc<Job>,
    /// File for the result instead of stdout.
    pub(super) output: Option<PathBuf>,
    pub(super) batch: Batch,
    /// Whether the job changes a password that the login may use.
    pub(super) changes_password: bool,
}

impl From<Job> for Invocation {
    fn from(job: Job) -> Self {
        Self {
            job: Arc::new(job),
            output: None,
            batch: Batch::default(),
            changes_password: false,
        }
    }
}

/// The invocation that these arguments are.
pub(super) fn from_args(command: Command, scope: Scope) -> anyhow::Result<Invocation> {
    let job = match command {
        Command::Values(values) => self::values(values)?,
        Command::Contacts(contacts) => return self::contacts(contacts),
        Command::Groups(groups) => Job::Groups(self::groups(groups)?),
        Command::Accounts { registered } => Job::Accounts { registered },
        Command::Lines { line } => Job::Lines(line),
        Command::Status => Job::Status,
        Command::Time => Job::Time,
        Command::Call { number, account } => call(&number, account)?,
        Command::Line(line) => {
            let (operation, line) = line.parts();
            Job::Write {
                call: phone_operation::call(operation, line),
                asks: false,
            }
        }
        Command::Reboot(batch) => return Ok(system(Operation::Reboot, batch, scope)),
        Command::FactoryReset => {
            return Ok(system(Operation::FactoryReset, Batch::default(), scope));
        }
        Command::Provision(batch) => return Ok(system(Operation::Provision, batch, scope)),
        Command::ChangePassword(passwords) => return change_password(&passwords),
        Command::Phonebook(Phonebook::Download { output }) => {
            return Ok(Invocation {
                output,
                ..Job::Phonebook.into()
            });
        }
    };
    Ok(job.into())
}

fn values(values: Values) -> anyhow::Result<Job> {
    match values {
        Values::Get { keys } => {
            let keys = keys.iter().map(|key| readable(key));
            Ok(Job::Values(keys.collect::<Result<_, _>>()?))
        }
        Values::Set {
            values,
            secret_file,
        } => {
            let mut new = Vec::new();
            for (key, value) in values {
                if config::is_secret_value(&key) {
                    let error = format!(
                        "`{key}` is a secret, and command lines are visible to others; \
                         use --secret-file {key}=FILE, or {key}=- for stdin"
                    );
                    return Err(UsageError(error).into());
                }
                new.push((parsed(&key)?, NewValue::Open(value)));
            }
            for (key, file) in secret_file {
                let secret = prompt::secret_from_file(Path::new(&file))?;
                new.push((parsed(&key)?, NewValue::Secret(secret)));
            }
            let call = post_values::call(&new);
            Ok(Job::Write { call, asks: false })
        }
    }
}

fn readable(key: &str) -> anyhow::Result<ValueKey> {
    if config::is_secret_value(key) {
        return Err(UsageError(format!("`{key}` is a secret and is never read")).into());
    }
    parsed(key)
}

fn parsed(key: &str) -> anyhow::Result<ValueKey> {
    Ok(ValueKey::parse(key)
        .map_err(|error| UsageError(format!("`{key}` is not a valid key: {error}")))?)
}

fn contacts(contacts: Contacts) -> anyhow::Result<Invocation> {
    let job = match contacts {
        Contacts::List { id, name, group } => ContactJob::List { id, name, group },
        Contacts::Add(fields) => {
            let (fields, group) = fields.parts();
            let is_named = [&fields.first, &fields.last]
                .iter()
                .any(|name| name.as_ref().is_some_and(|name| !name.trim().is_empty()));
            if !is_named {
                return Err(UsageError("a contact needs --first or --last".to_owned()).into());
            }
            let id = None;
            ContactJob::Save { id, fields, group }
        }
        Contacts::Edit { id, fields } => {
            let (fields, group) = fields.parts();
            let id = Some(id);
            ContactJob::Save { id, fields, group }
        }
        Contacts::Delete { id } => ContactJob::Delete(id),
        Contacts::DeleteAll => ContactJob::DeleteAll,
        Contacts::Import { file } => {
            let entries = std::fs::read_to_string(&file)
                .map_err(anyhow::Error::from)
                .and_then(|text| phonebook_file::read(&text))
                .map_err(|error| UsageError(format!("{}: {error:#}", file.display())))?;
            return Ok(Job::Import(entries).into());
        }
        Contacts::Export { format, output } => {
            let job = match format {
                BookFormat::Csv => Job::Export,
                BookFormat::Xml => Job::Phonebook,
            };
            return Ok(Invocation {
                output,
                ..job.into()
            });
        }
    };
    Ok(Job::Contacts(job).into())
}

fn groups(groups: Groups) -> anyhow::Result<GroupJob> {
    let named = |name: &str| {
        GroupName::new(name).ok_or_else(|| UsageError("the name of the group is empty".into()))
    };
    Ok(match groups {
        Groups::List { id } => GroupJob::List(id),
        Groups::Add { name } => GroupJob::Add(named(&name)?),
        Groups::Rename { group, name } => GroupJob::Rename {
            group,
            name: named(&name)?,
        },
        Groups::Delete { group } => GroupJob::Delete(group),
    })
}

fn call(number: &str, account: NonZeroU16) -> anyhow::Result<Job> {
    if number.trim().is_empty() {
        return Err(UsageError("the number is empty".to_owned()).into());
    }
    let call = make_call::call(number, account);
    Ok(Job::Write { call, asks: false })
}

fn system(operation: Operation, batch: Batch, scope: Scope) -> Invocation {
    let job = SystemJob {
        operation,
        skip_phones_in_call: scope == Scope::Many
            && !batch.even_in_call
            && operation != Operation::FactoryReset,
        wait_up: batch.wait_up,
    };
    Invocation {
        batch,
        ..Job::System(job).into()
    }
}

fn change_password(passwords: &Passwords) -> anyhow::Result<Invocation> {
    let old = prompt::secret(passwords.old_file.as_deref(), "old password", Typed::Once)?;
    let new = prompt::secret(passwords.new_file.as_deref(), "new password", Typed::Twice)?;
    let call = change_password::call(passwords.role.into(), &old, &new);
    Ok(Invocation {
        changes_password: true,
        ..Job::Write { call, asks: true }.into()
    })
}
