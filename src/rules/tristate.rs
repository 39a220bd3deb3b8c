//! Three-valued truth: what is not known is neither true nor false.
//!
//! A phone that does not answer says nothing of its accounts. Conditions therefore hold, fail, or
//! are unknown, and combine by Kleene's rules: one side that decides is enough.

/// What is known of a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tristate {
    /// It is so.
    Holds,
    /// It is not so.
    Fails,
    /// Nothing that is fresh tells.
    #[default]
    Unknown,
}

impl Tristate {
    /// The truth of a fact that may be absent.
    pub fn of(fact: Option<bool>) -> Self {
        match fact {
            Some(true) => Self::Holds,
            Some(false) => Self::Fails,
            None => Self::Unknown,
        }
    }

    /// Whether any of them holds.
    pub fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::Fails;
        for one in all {
            match one {
                Self::Holds => return Self::Holds,
                Self::Unknown => sum = Self::Unknown,
                Self::Fails => {}
            }
        }
        sum
    }

    /// Whether all of them hold.
    pub fn all(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::Holds;
        for one in all {
            match one {
                Self::Fails => return Self::Fails,
                Self::Unknown => sum = Self::Unknown,
                Self::Holds => {}
            }
        }
        sum
    }

    /// The opposite; of the unknown, the unknown.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tristate::{self, Fails, Holds, Unknown};

    #[test]
    fn one_side_that_decides_is_enough() {
        assert_eq!(Tristate::any([Unknown, Holds]), Holds);
        assert_eq!(Tristate::any([Unknown, Fails]), Unknown);
        assert_eq!(Tristate::all([Unknown, Fails]), Fails);
        assert_eq!(Tristate::all([Unknown, Holds]), Unknown);
        assert_eq!(Unknown.negated(), Unknown);
    }

    #[test]
    fn nothing_at_all_is_not_any_and_is_all() {
        assert_eq!(Tristate::any([]), Fails);
        assert_eq!(Tristate::all([]), Holds);
    }
}
