//! What is to be done on each phone, whichever call it is.

use std::num::NonZeroU16;

use super::contact_groups::GroupJob;
use super::contacts::ContactJob;
use super::error::Trouble;
use super::phonebook_file::{self, Card};
use super::result::Told;
use super::session::Hand;
use super::system_operation::SystemJob;
use super::{contact_import, read_calls};
use crate::webapi::Call;
use crate::webapi::calls::sys_operation::Operation;
use crate::webapi::calls::values::ValueKey;

/// What is to be done on each phone.
pub(super) enum Job {
    Accounts {
        registered: bool,
    },
    Lines(Option<NonZeroU16>),
    Status,
    Time,
    Values(Vec<ValueKey>),
    Phonebook,
    /// The phonebook as a table.
    Export,
    Contacts(ContactJob),
    Groups(GroupJob),
    Import(Vec<Card>),
    System(SystemJob),
    /// A write that needs no look at the phone before.
    Write {
        call: Call<()>,
        asks: bool,
    },
}

/// How much care a job wants, from none to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Care {
    /// It changes nothing.
    Reads,
    /// It writes; on many phones it asks.
    Writes,
    /// It asks even on one phone.
    Asks,
    /// Before it asks, each phone is asked what it would touch.
    Shows,
}

impl Job {
    /// How much care it wants.
    pub(super) fn care(&self) -> Care {
        match self {
            Self::Accounts { .. }
            | Self::Lines(_)
            | Self::Status
            | Self::Time
            | Self::Values(_)
            | Self::Phonebook
            | Self::Export
            | Self::Contacts(ContactJob::List { .. })
            | Self::Groups(GroupJob::List(_)) => Care::Reads,
            Self::Contacts(ContactJob::Save { .. })
            | Self::Groups(GroupJob::Add(_) | GroupJob::Rename { .. })
            | Self::Write { asks: false, .. } => Care::Writes,
            Self::System(_) | Self::Write { asks: true, .. } => Care::Asks,
            Self::Import(_)
            | Self::Contacts(ContactJob::Delete(_) | ContactJob::DeleteAll)
            | Self::Groups(GroupJob::Delete(_)) => Care::Shows,
        }
    }

    /// Whether it changes anything.
    pub(super) fn writes(&self) -> bool {
        self.care() > Care::Reads
    }

    /// Whether it sends a secret in a URL.
    pub(super) fn carries_secret(&self) -> bool {
        matches!(self, Self::Write { call, .. } if call.carries_secret())
    }

    /// In words, for a question.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::System(job) => match job.operation {
                Operation::Reboot => "reboot".to_owned(),
                Operation::FactoryReset => {
                    "factory-reset (settings, accounts, contacts and passwords are lost)".to_owned()
                }
                Operation::Provision => "provision".to_owned(),
            },
            Self::Import(cards) => format!("import {} contacts", cards.len()),
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

    /// Does it on one phone.
    pub(super) async fn perform(&self, hand: &mut Hand) -> Result<Told, Trouble> {
        match self {
            Self::Accounts { registered } => read_calls::accounts(hand, *registered).await,
            Self::Lines(line) => read_calls::lines(hand, *line).await,
            Self::Status => read_calls::status(hand).await,
            Self::Time => read_calls::time(hand).await,
            Self::Values(keys) => read_calls::values(hand, keys).await,
            Self::Phonebook => read_calls::phonebook(hand).await,
            Self::Export => export(hand).await,
            Self::Contacts(job) => job.perform(hand).await,
            Self::Groups(job) => job.perform(hand).await,
            Self::Import(cards) => contact_import::perform(cards, hand).await,
            Self::System(job) => job.perform(hand).await,
            Self::Write { call, .. } => {
                hand.write(call).await?;
                Ok(Told::done())
            }
        }
    }
}

async fn export(hand: &mut Hand) -> Result<Told, Trouble> {
    let xml = read_calls::phonebook(hand)
        .await?
        .document
        .unwrap_or_default();
    let table = phonebook_file::from_xml(&xml)
        .and_then(|entries| phonebook_file::to_csv(&entries))
        .map_err(|error| Trouble::new("parse", format!("{error:#}")))?;
    Ok(Told {
        json: table.as_str().into(),
        document: Some(table),
        ..Told::default()
    })
}
