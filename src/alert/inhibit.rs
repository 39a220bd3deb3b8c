//! Which alerts keep which others from being said, beyond the tree of poller, site, phone, account.
//!
//! The words and the meaning are Alertmanager's: a firing alert of one kind mutes those of another
//! where both carry the same value of some labels. A label that both lack is the same.

/// One relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibit {
    /// Names of rules that explain.
    pub when: Box<[Box<str>]>,
    /// Names of rules that are explained.
    pub mute: Box<[Box<str>]>,
    /// Labels that must be the same on both.
    pub same: Box<[Box<str>]>,
}

impl Inhibit {
    /// The relation of these rules where these labels are the same.
    pub fn new(when: &[&str], mute: &[&str], same: &[&str]) -> Self {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).into()).collect();
        Self {
            when: owned(when),
            mute: owned(mute),
            same: owned(same),
        }
    }
}
