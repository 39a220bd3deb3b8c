//! The configuration: the YAML as written, checked and resolved.
//!
//! [`load()`] reads everything `serve` needs (lists of phones, password files, certificates) and
//! either returns a [`Config`] that is valid by construction or every fault at once, each with file,
//! line, key path and mend. What it returns is plain data; secrets in it have no readable `Debug`.

mod address;
mod credentials;
mod document;
mod duration;
mod effective;
mod expect;
mod fault;
mod files;
mod key_pair;
mod key_table;
mod keys;
mod labels;
mod layers;
pub mod listener;
mod lists;
mod load;
mod login;
mod max_in_flight;
mod nearest;
mod neighbours;
mod phone_keys;
mod poll_keys;
mod pvalues;
pub(crate) mod read;
mod resolve;
mod secrets;
mod section;
mod shard;
mod table;
mod tls;
mod tree;
mod url;
mod watch;
mod written;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::fleet::Place;
use crate::fleet::guard::SecretFormat;
use crate::fleet::reading::Keep;
use crate::fleet::trust::Trust;

pub use credentials::Operator;
pub use effective::{Effective, effective};
pub use fault::{Fault, Faults, MOST as MOST_FAULTS, Spot};
pub use files::{Environment, Flags, Secrets};
pub use key_pair::KeyPair;
pub use keys::{COLUMNS, known_keys};
pub use labels::is_reserved_label;
pub use listener::Listener;
pub use load::load;
pub use max_in_flight::{Capacity, MaxInFlight};
pub use nearest::mend as nearest;
pub use pvalues::is_secret_value;
pub use secrets::{NoSecret, names_variable, read_secret};
pub use shard::Shard;
pub use watch::{Signature, signature};

/// Everything the daemon was told, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// How the network is let in there.
    pub listener: Listener,
    /// Where people find the pages of this exporter, without a slash at its end; empty if unknown.
    pub external_url: Box<str>,
    /// Labels of every alert that is sent to an Alertmanager.
    pub external_labels: Box<[(Box<str>, Box<str>)]>,
    /// Where state is kept; `None`: in memory.
    pub state_dir: Option<PathBuf>,
    /// Which part of the list this process polls.
    pub shard: Shard,
    /// How many phones may be polled at the same time.
    pub max_in_flight: MaxInFlight,
    /// Enabled phones of this shard, in the order of the files.
    pub phones: Vec<Arc<Phone>>,
    /// Names of phones of this shard that are listed and not enabled.
    pub disabled: Vec<Box<str>>,
    /// What to print beside the built-in P-values.
    pub values: Arc<[PublishedValue]>,
    /// What may be kept and shown.
    pub metrics: Metrics,
    /// Which of the listener's users may POST.
    pub operators: Vec<Box<str>>,
    /// Addresses of proxies, behind which many clients are.
    pub proxies: Vec<IpNet>,
    /// Every file that was read, and every pattern that may match new ones.
    pub sources: Vec<PathBuf>,
    /// What works but is worth a look.
    pub warnings: Vec<String>,
    /// What is as it should be and worth knowing: secrets that only a restart can change.
    pub notes: Vec<String>,
}

/// One enabled phone with all that is needed to poll it.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Its place in the list: everything that is no secret.
    pub place: Arc<Place>,
    /// Host name or address, without brackets.
    pub host: Box<str>,
    /// TCP port.
    pub port: u16,
    /// How its certificate is checked; `None` for plain HTTP.
    pub trust: Option<Arc<Trust>>,
    /// How to log in.
    pub credential: Credential,
    /// Who the `phone` command logs in as, where that is someone else.
    pub operator: Option<Operator>,
    /// Time limits and repeats.
    pub limits: Limits,
    /// P-values to read: built-in, published and expected ones, in the order in which to ask.
    pub values: Arc<[Box<str>]>,
}

/// How to log in to a phone.
#[derive(Clone, Debug)]
pub struct Credential {
    /// User name; `gmiadmin` by default, which does not throw the web user `admin` out.
    pub username: Box<str>,
    /// Candidates in the order in which they are tried; at least one.
    pub passwords: Vec<SecretString>,
    /// The format of the digest if it is fixed.
    pub format: Option<SecretFormat>,
}

/// Limits of one poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole poll.
    pub timeout: Duration,
    /// Opening the connection, the TLS handshake included.
    pub connect_timeout: Duration,
    /// How often a read is sent at most when the network fails.
    pub attempts: u8,
}

/// A P-value that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedValue {
    /// As asked of the phone.
    pub pvalue: Box<str>,
    /// How it is printed.
    pub kind: ValueKind,
}

/// How a P-value is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// As text, in `grandstream_pvalue_info`.
    Info,
    /// As a number, in `grandstream_pvalue_number`.
    Number,
}

/// The section `metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// What the parsers keep.
    pub keep: Keep,
    /// Per-line 0/1 series by state beside the code.
    pub line_state: bool,
    /// The clock of phones against ours.
    pub clock: bool,
    /// The hardware address as a label of `grandstream_phone_info`.
    pub mac_address: bool,
}
