//! A job: what to do on each phone.

use std::num::NonZeroU16;

use super::contact_groups::GroupJob;
use super::contacts::ContactJob;
use super::error::JobError;
use super::phonebook_file::{self, PhonebookEntry};
use super::result::{CallResult, JobResult};
use super::session::Session;
use super::system_operation::SystemJob;
use super::{contact_import, read_calls};
use crate::webapi::Call;
use crate::webapi::calls::sys_operation::Operation;
use crate::webapi::calls::values::ValueKey;

/// What to do on each phone.
pub(super) enum Job {
    Accounts {
        registered: bool,
    },
    Lines(Option<NonZeroU16>),
    Status,
    Time,
    Values(Vec<ValueKey>),
    Phonebook,
    /// The phonebook as CSV.
    Export,
    Contacts(ContactJob),
    Groups(GroupJob),
    Import(Vec<PhonebookEntry>),
    System(SystemJob),
    /// A write that needs no read before it.
    Write {
        call: Call<()>,
        asks: bool,
    },
}

/// Whether a job needs a confirmation, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Confirmation {
    /// It reads only.
    NotNeeded,
    /// It writes, and asks on many phones.
    OnManyPhones,
    /// It asks on one phone too.
    Always,
    /// Before it asks, it shows what it would change on each phone.
    WithPreview,
}

impl Job {
    /// Whether it needs a confirmation.
    pub(super) fn confirmation(&self) -> Confirmation {
        match self {
            Self::Accounts { .. }
            | Self::Lines(_)
            | Self::Status
            | Self::Time
            | Self::Values(_)
            | Self::Phonebook
            | Self::Export
            | Self::Contacts(ContactJob::List { .. })
            | Self::Groups(GroupJob::List(_)) => Confirmation::NotNeeded,
            Self::Contacts(ContactJob::Save { .. })
            | Self::Groups(GroupJob::Add(_) | GroupJob::Rename { .. })
            | Self::Write { asks: false, .. } => Confirmation::OnManyPhones,
            Self::System(_) | Self::Write { asks: true, .. } => Confirmation::Always,
            Self::Import(_)
            | Self::Contacts(ContactJob::Delete(_) | ContactJob::DeleteAll)
            | Self::Groups(GroupJob::Delete(_)) => Confirmation::WithPreview,
        }
    }

    /// Whether it changes the phone.
    pub(super) fn writes(&self) -> bool {
        self.confirmation() > Confirmation::NotNeeded
    }

    /// Whether it sends a secret in a URL.
    pub(super) fn carries_secret(&self) -> bool {
        matches!(self, Self::Write { call, .. } if call.carries_secret())
    }

    /// What it does, for the confirmation.
    pub(super) fn description(&self) -> String {
        match self {
            Self::System(job) => match job.operation {
                Operation::Reboot => "reboot".to_owned(),
                Operation::FactoryReset => {
                    "factory-reset (deletes settings, accounts, contacts and passwords)".to_owned()
                }
                Operation::Provision => "provision".to_owned(),
            },
            Self::Import(entries) => format!("import {} contacts", entries.len()),
            Self::Contacts(ContactJob::Delete(id)) => format!("delete contact {id}"),
            Self::Contacts(ContactJob::DeleteAll) => "delete every contact".to_owned(),
            Self::Contacts(ContactJob::Save { .. }) => "save a contact".to_owned(),
            Self::Groups(GroupJob::Delete(group)) => format!("delete group `{group}`"),
            Self::Groups(GroupJob::Add(_) | GroupJob::Rename { .. }) => "save a group".to_owned(),
            Self::Write { call, .. } => format!("send {}", call.shown()),
            Self::Accounts { .. }
            | Self::Lines(_)
            | Self::Status
            | Self::Time
            | Self::Values(_)
            | Self::Phonebook
            | Self::Export
            | Self::Contacts(ContactJob::List { .. })
            | Self::Groups(GroupJob::List(_)) => "read".to_owned(),
        }
    }

    /// Runs it on one phone.
    pub(super) async fn perform(&self, session: &mut Session) -> JobResult {
        match self {
            Self::Accounts { registered } => read_calls::accounts(session, *registered).await,
            Self::Lines(line) => read_calls::lines(session, *line).await,
            Self::Status => read_calls::status(session).await,
            Self::Time => read_calls::time(session).await,
            Self::Values(keys) => read_calls::values(session, keys).await,
            Self::Phonebook => read_calls::phonebook(session).await,
            Self::Export => export(session).await,
            Self::Contacts(job) => job.perform(session).await,
            Self::Groups(job) => job.perform(session).await,
            Self::Import(entries) => contact_import::perform(entries, session).await,
            Self::System(job) => job.perform(session).await,
            Self::Write { call, .. } => {
                session.write(call).await?;
                Ok(CallResult::done())
            }
        }
    }
}

async fn export(session: &mut Session) -> JobResult {
    let xml = read_calls::phonebook(session)
        .await?
        .document
        .unwrap_or_default();
    let table = phonebook_file::from_xml(&xml)
        .and_then(|entries| phonebook_file::to_csv(&entries))
        .map_err(|error| JobError::new("parse", format!("{error:#}")))?;
    Ok(CallResult {
        json: table.as_str().into(),
        document: Some(table),
        ..CallResult::default()
    })
}
