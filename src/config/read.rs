//! The tools that sections are read with, for the rooms above that own one.
//!
//! A section is opened against the table of its keys; each value is taken out by a function that says
//! what is wrong with it, and reading goes on. Whoever reads with these tells every fault at once,
//! with its place, and repeats no secret.

pub(crate) use super::address::{Address, address};
pub(crate) use super::duration::{duration, duration_or_none, shown};
pub(crate) use super::fault::{Findings, Spot, Wrong, quoted};
pub(crate) use super::files::Files;
pub(crate) use super::key_pair::client_key_pair;
pub(crate) use super::key_table::{ANY, Keys, Refused};
pub(crate) use super::labels::{check_letters, name, text};
pub(crate) use super::listener::version as tls_version;
pub(crate) use super::load::{Around, load_with};
pub(crate) use super::nearest::mend;
pub(crate) use super::phone_keys::time_zone;
pub(crate) use super::pvalues::key as pvalue;
pub(crate) use super::secrets::{Kind, from_file, inline};
pub(crate) use super::section::{Section, entries, items, word};
pub(crate) use super::tls::{authorities, server_name};
pub(crate) use super::tree::{Entry, Node};
pub(crate) use super::url::{base_url, web_url, without_login};
