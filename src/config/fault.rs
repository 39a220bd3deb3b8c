//! Faults: what is wrong with the configuration, where, and how to mend it.
//!
//! A fault is one line, `FILE:LINE: KEY.PATH: what is wrong; mend`. Readers push faults into
//! [`Findings`] and go on, so that one run names them all, up to [`MOST`]; the rest is counted. Texts
//! never repeat the value of a secret field: they say which kind of thing stands there, not what.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::fleet::Text;

/// Where something stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file, as it was named to us or found by a pattern; or the flag that was given.
    pub file: Arc<Path>,
    /// The line, from 1; `None` for the file as a whole.
    pub line: Option<u32>,
    /// The key path, as `phones[3].tls.ca_file` (positions from 0); empty for the whole of `line`.
    pub key: Box<str>,
}

/// Something that is wrong, and its mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub spot: Spot,
    /// What is wrong, as a fragment that follows the key.
    pub what: String,
    /// What to do about it, as a fragment.
    pub mend: String,
}

/// The faults of a configuration, at least one, by file and line; of many the first, and how many more
/// there are. `Display` prints one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(FirstOf);

/// How many faults are told, and how many warnings and notes: more than anybody corrects before the
/// next run. A file that is none of ours may have a million.
pub const MOST: usize = 500;

/// For how many faults a suggestion is looked for.
const SUGGESTED: usize = 50;

/// The first [`MOST`] of some findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FirstOf {
    told: Vec<Fault>,
    /// How many more there are.
    untold: usize,
}

/// What is wrong with a value, before it is known where the value stands.
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) mend: String,
}

/// What was found while reading and resolving.
#[derive(Default)]
pub(crate) struct Findings {
    faults: FirstOf,
    warnings: FirstOf,
    notes: FirstOf,
}

impl Spot {
    /// A file as a whole.
    pub(crate) fn of_file(file: &Path) -> Self {
        Self {
            file: file.into(),
            line: None,
            key: Box::default(),
        }
    }

    /// A flag of the command line.
    pub(crate) fn of_flag(flag: &str) -> Self {
        Self::of_file(Path::new(flag))
    }

    /// A line of the same file.
    pub(crate) fn on(&self, line: u32) -> Self {
        Self {
            line: Some(line),
            ..self.clone()
        }
    }

    /// The key `key` of the mapping that stands here; dotted keys reach further down.
    pub(crate) fn below(&self, key: &str, line: u32) -> Self {
        let key = shown_key(key);
        let dot = if self.key.is_empty() { "" } else { "." };
        self.with(format!("{}{dot}{key}", self.key), line)
    }

    /// The item at `position` of the list that stands here.
    pub(crate) fn item(&self, position: usize, line: u32) -> Self {
        self.with(format!("{}[{position}]", self.key), line)
    }

    fn with(&self, key: String, line: u32) -> Self {
        Self {
            file: Arc::clone(&self.file),
            line: Some(line),
            key: key.into(),
        }
    }

    /// `FILE:LINE`, to be named in the fault of another place.
    pub(crate) fn file_and_line(&self) -> String {
        let file = self
            .file
            .to_string_lossy()
            .replace(char::is_control, "\u{FFFD}");
        match self.line {
            Some(line) => format!("{file}:{line}"),
            None => file,
        }
    }
}

impl Faults {
    /// The faults that are told, by file and line.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.told.iter()
    }

    /// How many more there are.
    pub fn untold(&self) -> usize {
        self.0.untold
    }
}

impl Wrong {
    pub(crate) fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            mend: mend.into(),
        }
    }

    pub(crate) fn at(self, spot: Spot) -> Fault {
        Fault {
            spot,
            what: self.what,
            mend: self.mend,
        }
    }
}

impl Findings {
    /// Notes what makes the configuration unusable.
    pub(crate) fn fault(&mut self, spot: Spot, wrong: Wrong) {
        self.push(wrong.at(spot));
    }

    /// The same where the place is known already.
    pub(crate) fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Notes what works but is worth a look; the same said twice counts once.
    pub(crate) fn warn(&mut self, spot: Spot, wrong: Wrong) {
        self.warnings.push(wrong.at(spot));
    }

    /// Notes what an operator should know and need not change.
    pub(crate) fn note(&mut self, spot: Spot, wrong: Wrong) {
        self.notes.push(wrong.at(spot));
    }

    /// Keeps `good`, or notes why there is none.
    pub(crate) fn keep<T>(&mut self, spot: Spot, good: Result<T, Wrong>) -> Option<T> {
        good.map_err(|wrong| self.fault(spot, wrong)).ok()
    }

    /// Whether it is worth looking for the word that an unknown one may stand for: that takes its time
    /// where many are known.
    pub(crate) fn may_suggest(&self) -> bool {
        self.faults.told.len() < SUGGESTED
    }

    /// The faults, if there is any; else the warnings and the notes, one a line.
    pub(crate) fn into_warnings(self) -> Result<(Vec<String>, Vec<String>), Faults> {
        if !self.faults.told.is_empty() {
            return Err(Faults(self.faults.in_order()));
        }
        Ok((self.warnings.lines(), self.notes.lines()))
    }
}

impl FirstOf {
    fn push(&mut self, fault: Fault) {
        if self.told.len() < MOST {
            self.told.push(fault);
        } else {
            self.untold += 1;
        }
    }

    fn in_order(self) -> Self {
        Self {
            told: in_order(self.told),
            ..self
        }
    }

    fn lines(self) -> Vec<String> {
        let all = self.in_order();
        let told = all.told.iter().map(Fault::to_string);
        told.chain(all.rest()).collect()
    }

    /// Says how many more there are.
    fn rest(&self) -> Option<String> {
        (self.untold > 0).then(|| format!("{} more like these are not shown", self.untold))
    }
}

/// By file, in the order in which files first appear, then by line; each text once.
fn in_order(mut faults: Vec<Fault>) -> Vec<Fault> {
    let mut files: HashMap<Arc<Path>, usize> = HashMap::new();
    for fault in &faults {
        let next = files.len();
        files.entry(Arc::clone(&fault.spot.file)).or_insert(next);
    }
    faults.sort_by_key(|fault| (files.get(&fault.spot.file).copied(), fault.spot.line));
    let mut seen = HashSet::new();
    faults.retain(|fault| seen.insert(fault.to_string()));
    faults
}

/// A key as faults show it. What follows the first strange character is left out: where the blank
/// behind a colon is missing, as in `password:sesame`, the key holds the value.
fn shown_key(key: &str) -> String {
    let usual = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@');
    let mut shown: String = key.chars().take_while(usual).take(Text::LIMIT).collect();
    if shown.len() < key.len() {
        shown.push('…');
    }
    shown
}

/// A value as faults show it: bounded and on one line.
pub(crate) fn quoted(value: &str) -> String {
    format!("`{}`", Text::clean(value))
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_and_line())?;
        if self.key.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.key)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.spot, self.what, self.mend)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        if let Some(rest) = self.0.rest() {
            write!(f, "\n{rest}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.told.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
