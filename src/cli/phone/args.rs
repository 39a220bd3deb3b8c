//! The arguments of `phone`.

use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use crate::cli::daemon::SocketArg;
use crate::webapi::calls::change_password::Role;
use crate::webapi::calls::phone_operation;

/// Call the vendor's Web API on one phone or on many
///
/// Lines and accounts are numbered as the phone lists them, from 1. Writes are sent once: if the
/// response is lost, the command says so and does not repeat the write. Every write is recorded in
/// `audit.jsonl` in the `state_dir`. Exit status: 0 done on every phone, 1 not done on every phone, 2
/// wrong usage or configuration.
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

/// The options of every call.
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
    /// Run on every enabled phone
    #[arg(long, global = true)]
    pub(super) all: bool,
    /// Run on the phones with this label, e.g. site=lyon; several must all match
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair)]
    pub(super) label: Vec<(String, String)>,
    /// Phones at the same time
    #[arg(long, global = true, value_name = "N", default_value = "16")]
    pub(super) jobs: NonZeroUsize,
    /// Print JSON: the result of one phone, or of many one object a line
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Do not ask for confirmation
    #[arg(long, global = true)]
    pub(super) yes: bool,
    /// Print the writes, secrets masked, instead of sending them
    #[arg(long, global = true)]
    pub(super) dry_run: bool,
    /// Do not silence alerts of phones that are restarted or provisioned
    #[arg(long, global = true)]
    pub(super) no_silence: bool,
    #[command(flatten)]
    pub(super) socket: SocketArg,
    /// Allow secrets in URLs over plain HTTP
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
    /// Contact groups
    #[command(subcommand)]
    Groups(Groups),
    /// List the accounts in use
    Accounts {
        /// Only registered accounts
        #[arg(long)]
        registered: bool,
    },
    /// List the lines, without names and numbers of remote parties
    Lines {
        /// Only this line, from 1
        line: Option<NonZeroU16>,
    },
    /// Show the status that the phone reports
    Status,
    /// Show uptime and clock
    Time,
    /// Dial a number
    Call {
        /// Number to dial
        number: String,
        /// Account to dial from, from 1
        #[arg(long, default_value = "1")]
        account: NonZeroU16,
    },
    /// Handle the call on a line
    #[command(subcommand)]
    Line(Line),
    /// Restart the phone; asks for confirmation
    Reboot(Batch),
    /// Reset the phone to factory defaults; asks for confirmation
    FactoryReset,
    /// Make the phone download its configuration and firmware; asks for confirmation
    Provision(Batch),
    /// Change a password of the phone; asks for confirmation
    ChangePassword(Passwords),
    /// The phonebook as a whole
    #[command(subcommand)]
    Phonebook(Phonebook),
}

#[derive(Debug, Subcommand)]
pub(super) enum Values {
    /// Read values
    Get {
        /// P-values or names, e.g. P270
        #[arg(required = true)]
        keys: Vec<String>,
    },
    /// Write values; secret ones only from a file or stdin
    Set {
        /// Values to write
        #[arg(value_name = "KEY=VALUE", value_parser = pair, required_unless_present = "secret_file")]
        values: Vec<(String, String)>,
        /// A secret value, read from a file, or for `-` from a line of stdin
        #[arg(long, value_name = "KEY=FILE", value_parser = pair)]
        secret_file: Vec<(String, String)>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Contacts {
    /// List contacts; filters may be combined
    List {
        /// Only the contact with this id
        #[arg(long)]
        id: Option<u32>,
        /// Only contacts whose name contains this
        #[arg(long)]
        name: Option<String>,
        /// Only contacts of this group, by name or id
        #[arg(long)]
        group: Option<String>,
    },
    /// Add a contact; prints its id
    Add(ContactFields),
    /// Change the given fields of a contact
    Edit {
        /// Id of the contact
        id: u32,
        #[command(flatten)]
        fields: ContactFields,
    },
    /// Delete a contact; asks for confirmation
    Delete {
        /// Id of the contact
        id: u32,
    },
    /// Delete every contact; asks for confirmation
    DeleteAll,
    /// Add and change contacts from a file; shows the changes and asks for confirmation
    ///
    /// The file is CSV with the header first,last,group,work,home,mobile,fax,email, or the vendor's
    /// phonebook XML. Contacts are matched by first and last name. Contacts that are not in the file
    /// stay.
    Import {
        /// File to import
        file: PathBuf,
    },
    /// Export all contacts
    Export {
        /// Format of the export
        #[arg(long, value_enum, default_value = "csv")]
        format: BookFormat,
        /// File to write instead of stdout
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
    /// Work number
    #[arg(long)]
    pub(super) work: Option<String>,
    /// Home number
    #[arg(long)]
    pub(super) home: Option<String>,
    /// Mobile number
    #[arg(long)]
    pub(super) mobile: Option<String>,
    /// Work fax number
    #[arg(long)]
    pub(super) fax: Option<String>,
    /// Email address
    #[arg(long)]
    pub(super) email: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BookFormat {
    /// The CSV that `import` reads
    Csv,
    /// The vendor's phonebook XML, as the phone returns it
    Xml,
}

#[derive(Debug, Subcommand)]
pub(super) enum Groups {
    /// List groups
    List {
        /// Only the group with this id
        #[arg(long)]
        id: Option<u32>,
    },
    /// Add a group; prints its id
    Add {
        /// Name of the group
        name: String,
    },
    /// Rename a group
    Rename {
        /// Group, by name or id
        group: String,
        /// New name
        name: String,
    },
    /// Delete a group, but not its contacts; asks for confirmation
    Delete {
        /// Group, by name or id
        group: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Line {
    /// End the call
    End {
        /// Line, from 1
        line: NonZeroU16,
    },
    /// Put the call on hold
    Hold {
        /// Line, from 1
        line: NonZeroU16,
    },
    /// Accept the call
    Accept {
        /// Line, from 1
        line: NonZeroU16,
    },
    /// Reject the call
    Reject {
        /// Line, from 1
        line: NonZeroU16,
    },
}

/// How reboots and provisioning run on many phones.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct Batch {
    /// Include phones in a call; by default, several phones are restarted except those in a call
    #[arg(long)]
    pub(super) even_in_call: bool,
    /// Phones in a batch
    #[arg(long = "batch", value_name = "N")]
    pub(super) size: Option<NonZeroUsize>,
    /// Wait until each phone is up again, up to e.g. 10m
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(super) wait_up: Option<Duration>,
    /// Start no more batches after N failures
    #[arg(long, value_name = "N", requires = "size")]
    pub(super) stop_after: Option<NonZeroUsize>,
    /// Skip the phones that the last, incomplete run has done
    #[arg(long)]
    pub(super) resume: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Passwords {
    /// Role whose password is changed
    #[arg(long, value_enum, default_value = "admin")]
    pub(super) role: RoleArg,
    /// Read the old password from a file, or for `-` from a line of stdin; default: ask
    #[arg(long, value_name = "FILE")]
    pub(super) old_file: Option<PathBuf>,
    /// Read the new password from a file, or for `-` from a line of stdin; default: ask
    #[arg(long, value_name = "FILE")]
    pub(super) new_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleArg {
    /// The administrator
    Admin,
    /// The user
    User,
}

#[derive(Debug, Subcommand)]
pub(super) enum Phonebook {
    /// Download the phonebook XML
    Download {
        /// File to write instead of stdout
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
