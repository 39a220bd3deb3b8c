//! What may be written after `phone`.

use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use crate::cli::daemon::SocketArg;
use crate::webapi::calls::change_password::Role;
use crate::webapi::calls::phone_operation;

/// Make a call of the vendor's Web API on one phone or on many
///
/// Lines and accounts are named as the phone lists them, from 1. Writes are sent once: a lost answer
/// is told as such and nothing is repeated. Every write is recorded in `audit.jsonl` in the
/// `state_dir`. Exit status: 0 done on every phone, 1 not on all, 2 wrong usage or configuration.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  grandstream-exporter phone reception contacts add --first Zoë --work 8819\n  \
                  grandstream-exporter phone --label site=lyon reboot --batch 10 --wait-up 10m --stop-after 3\n\n\
                  Example:\n  grandstream-exporter phone reception lines --json"
)]
pub(in crate::cli) struct Args {
    /// Name of the phone in the configuration
    pub(super) phone: Option<String>,
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) call: Command,
}

/// What holds for every call.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Options {
    /// The configuration (or --config.file)
    #[arg(
        long,
        global = true,
        alias = "config.file",
        value_name = "FILE",
        default_value = "/etc/grandstream-exporter/config.yaml"
    )]
    pub(super) config: PathBuf,
    /// On every enabled phone
    #[arg(long, global = true)]
    pub(super) all: bool,
    /// On the phones with this label (`site` is one); all of several must hold
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair)]
    pub(super) label: Vec<(String, String)>,
    /// How many phones at the same time
    #[arg(long, global = true, value_name = "N", default_value = "16")]
    pub(super) jobs: NonZeroUsize,
    /// Print JSON: the result of one phone, or an object a line for each of many
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Do not ask
    #[arg(long, global = true)]
    pub(super) yes: bool,
    /// Print the writes, secrets masked, instead of sending them
    #[arg(long, global = true)]
    pub(super) dry_run: bool,
    /// Do not ask the running daemon for a silence of phones that are restarted or provisioned
    #[arg(long, global = true)]
    pub(super) no_silence: bool,
    #[command(flatten)]
    pub(super) socket: SocketArg,
    /// Send secrets over plain HTTP, where the guide puts them into the URL
    #[arg(long, global = true)]
    pub(super) clear_text: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// P-values and named values
    #[command(subcommand)]
    Values(Values),
    /// Contacts of the phonebook
    #[command(subcommand)]
    Contacts(Contacts),
    /// Groups of contacts
    #[command(subcommand)]
    Groups(Groups),
    /// List the accounts in use
    Accounts {
        /// Only those that are registered
        #[arg(long)]
        registered: bool,
    },
    /// List the lines; names and numbers of remote parties are not shown
    Lines {
        /// Only this one, from 1
        line: Option<NonZeroU16>,
    },
    /// Tell the phone's word for itself
    Status,
    /// Tell uptime and clock
    Time,
    /// Dial a number
    Call {
        number: String,
        /// From this account, from 1
        #[arg(long, default_value = "1")]
        account: NonZeroU16,
    },
    /// Handle the call on a line
    #[command(subcommand)]
    Line(Line),
    /// Restart the phone; asks
    Reboot(Batch),
    /// Give the phone back the settings it left the factory with; asks
    FactoryReset,
    /// Let the phone fetch its configuration and firmware; asks
    Provision(Batch),
    /// Change a password of the phone; asks
    ChangePassword(Passwords),
    /// The phonebook as a whole
    #[command(subcommand)]
    Phonebook(Phonebook),
}

#[derive(Debug, Subcommand)]
pub(super) enum Values {
    /// Read values
    Get {
        #[arg(required = true)]
        keys: Vec<String>,
    },
    /// Write values; those that hold secrets only from a file or stdin
    Set {
        #[arg(value_name = "KEY=VALUE", value_parser = pair, required_unless_present = "secret_file")]
        values: Vec<(String, String)>,
        /// A value that is never shown, from a file, or from a line of stdin for `-`
        #[arg(long, value_name = "KEY=FILE", value_parser = pair)]
        secret_file: Vec<(String, String)>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Contacts {
    /// List contacts; filters may be combined
    List {
        /// The one of this id
        #[arg(long)]
        id: Option<u32>,
        /// Those whose name contains this
        #[arg(long)]
        name: Option<String>,
        /// Those of this group, by name or id
        #[arg(long)]
        group: Option<String>,
    },
    /// Add a contact; tells its id
    Add(ContactFields),
    /// Change the given fields of a contact
    Edit {
        id: u32,
        #[command(flatten)]
        fields: ContactFields,
    },
    /// Delete a contact; asks
    Delete { id: u32 },
    /// Delete every contact; asks
    DeleteAll,
    /// Add and change contacts as a file has them, after showing the difference; asks
    ///
    /// CSV with the header first,last,group,work,home,mobile,fax,email, or the vendor's phonebook
    /// XML. Contacts are known by first and last name; those that the file lacks stay.
    Import { file: PathBuf },
    /// Write all contacts
    Export {
        #[arg(long, value_enum, default_value = "csv")]
        format: BookFormat,
        /// To this file instead of stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Default, clap::Args)]
pub(super) struct ContactFields {
    /// First name
    #[arg(long)]
    pub(super) first: Option<String>,
    /// Last name
    #[arg(long)]
    pub(super) last: Option<String>,
    /// Group, by name or id
    #[arg(long)]
    pub(super) group: Option<String>,
    /// Number at work
    #[arg(long)]
    pub(super) work: Option<String>,
    /// Number at home
    #[arg(long)]
    pub(super) home: Option<String>,
    /// Mobile number
    #[arg(long)]
    pub(super) mobile: Option<String>,
    /// Fax number at work
    #[arg(long)]
    pub(super) fax: Option<String>,
    /// Mail address
    #[arg(long)]
    pub(super) email: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BookFormat {
    /// What `import` takes
    Csv,
    /// The vendor's phonebook XML, as the phone gives it
    Xml,
}

#[derive(Debug, Subcommand)]
pub(super) enum Groups {
    /// List groups
    List {
        /// The one of this id
        #[arg(long)]
        id: Option<u32>,
    },
    /// Add a group; tells its id
    Add { name: String },
    /// Rename a group, given by name or id
    Rename { group: String, name: String },
    /// Delete a group, given by name or id; its contacts stay; asks
    Delete { group: String },
}

#[derive(Debug, Subcommand)]
pub(super) enum Line {
    /// End the call
    End { line: NonZeroU16 },
    /// Put the call on hold
    Hold { line: NonZeroU16 },
    /// Accept the call
    Accept { line: NonZeroU16 },
    /// Reject the call
    Reject { line: NonZeroU16 },
}

/// How reboots and provisioning go over many phones.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct Batch {
    /// Phones in a call too; without it those of many are skipped
    #[arg(long)]
    pub(super) even_in_call: bool,
    /// So many phones at a time
    #[arg(long = "batch", value_name = "N")]
    pub(super) size: Option<NonZeroUsize>,
    /// Wait until each phone is up again, at most so long
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(super) wait_up: Option<Duration>,
    /// Begin no further batch after so many failures
    #[arg(long, value_name = "N", requires = "size")]
    pub(super) stop_after: Option<NonZeroUsize>,
    /// Leave out the phones that the last run, which did not end well, has done
    #[arg(long)]
    pub(super) resume: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Passwords {
    /// Whose password
    #[arg(long, value_enum, default_value = "admin")]
    pub(super) role: RoleArg,
    /// Take the old password from a file, or from a line of stdin for `-`; else it is asked for
    #[arg(long, value_name = "FILE")]
    pub(super) old_file: Option<PathBuf>,
    /// Take the new password from a file, or from a line of stdin for `-`; else it is asked for
    #[arg(long, value_name = "FILE")]
    pub(super) new_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleArg {
    /// The administrator's
    Admin,
    /// The user's
    User,
}

#[derive(Debug, Subcommand)]
pub(super) enum Phonebook {
    /// Download the phonebook XML
    Download {
        /// To this file instead of stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Admin => Self::Admin,
            RoleArg::User => Self::User,
        }
    }
}

impl Line {
    pub(super) fn parts(&self) -> (phone_operation::Operation, NonZeroU16) {
        use phone_operation::Operation;
        match *self {
            Self::End { line } => (Operation::End, line),
            Self::Hold { line } => (Operation::Hold, line),
            Self::Accept { line } => (Operation::Accept, line),
            Self::Reject { line } => (Operation::Reject, line),
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
