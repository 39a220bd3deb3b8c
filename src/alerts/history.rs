//! What the board remembers of a phone beyond its last readings: changes, and values of some time.
//!
//! Only conditions that look back need it. A memory belongs to what is asked, not to a rule: rules
//! that ask the same share it, and a reload that keeps the question keeps the memory. All of it is
//! bounded: [`History::MOST`] memories a phone, as many changes as are counted, [`Window::BUCKETS`]
//! buckets however long the time. Memories do not survive a restart; they fill again.

use std::collections::VecDeque;
use std::time::Duration;

use crate::fleet::place::spread;
use crate::fleet::reading::Registration;
use crate::fleet::{Moment, Phone};

use crate::rules::condition::{Comparison, EachCondition, PhoneCondition, Repeats, Take};

/// The memories of one phone.
#[derive(Clone, Debug, Default)]
pub struct History {
    changes: Vec<(Question, Changes)>,
    windows: Vec<(Question, Window)>,
}

/// What is remembered, and of which account or line; 0 for the phone itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Question {
    asked: Asked,
    of: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Answered(Duration),
    Reboots(Repeats),
    Registration(Repeats),
    /// A comparison, by a hash of all that its window depends on.
    Metric(u64),
}

/// When a value changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    last: Option<(Moment, u64)>,
    /// Of each change, when the value before it was last seen; oldest first.
    left: VecDeque<Moment>,
}

/// The values of some time, summed up in buckets: the oldest bucket may be that much too old.
#[derive(Clone, Debug, Default)]
pub struct Window {
    last: Option<Moment>,
    buckets: VecDeque<Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Counts bucket widths since the process started.
    index: u32,
    values: u32,
    /// Least, greatest, or sum, whichever is asked for.
    taken: f64,
}

impl History {
    /// Enough for every account and line of a phone in several rules; a phone that invents new
    /// account numbers at each poll pushes out the oldest.
    pub const MOST: usize = 256;

    /// Takes in the last poll of the phone, as far as this condition or a part of it looks back.
    /// The same poll again changes nothing.
    pub fn note(&mut self, condition: &PhoneCondition, phone: &Phone, now: Moment) {
        let Some(last) = &phone.last else {
            return;
        };
        for part in condition.parts() {
            self.note(part, phone, now);
        }
        if let PhoneCondition::UnreachableRatio { over, .. } = *condition {
            let answered = f64::from(u8::from(last.reachable));
            let window = entry(&mut self.windows, Asked::Answered(over).of(0));
            window.note(last.began, answered, Take::Average, over);
        }
        if let PhoneCondition::RebootLoop(repeats) = *condition {
            let changes = entry(&mut self.changes, Asked::Reboots(repeats).of(0));
            changes.note(last.began, phone.tally.reboots, repeats.count);
        }
        if let PhoneCondition::Any(condition) = condition {
            self.note_each(condition, phone, now);
        }
    }

    /// The same for what is asked of single accounts, lines or series.
    pub fn note_each(&mut self, condition: &EachCondition, phone: &Phone, now: Moment) {
        if let EachCondition::RegistrationFlapping(repeats) = *condition {
            self.note_registrations(repeats, phone, now);
        }
        if let EachCondition::Metric(comparison) = condition {
            self.note_metric(comparison, phone, now);
        }
    }

    /// The share of polls within `over` that were answered.
    pub fn answered(&self, over: Duration, now: Moment) -> Option<f64> {
        let window = find(&self.windows, Asked::Answered(over).of(0))?;
        window.value(now, Take::Average, over)
    }

    /// How often the phone rebooted.
    pub fn reboots(&self, repeats: Repeats, now: Moment) -> Option<usize> {
        let changes = find(&self.changes, Asked::Reboots(repeats).of(0))?;
        changes.within(repeats.within, now)
    }

    /// How often the registration of an account changed.
    pub fn registrations(&self, repeats: Repeats, account: u16, now: Moment) -> Option<usize> {
        let changes = find(&self.changes, Asked::Registration(repeats).of(account))?;
        changes.within(repeats.within, now)
    }

    /// What is taken of the values of a metric; `of` is the account or line, or 0.
    pub fn metric(&self, comparison: &Comparison, of: u16, now: Moment) -> Option<f64> {
        let (take, over) = comparison.over?;
        find(&self.windows, metric(comparison).of(of))?.value(now, take, over)
    }

    fn note_registrations(&mut self, repeats: Repeats, phone: &Phone, now: Moment) {
        let Some(at) = phone.accounts.read_at() else {
            return;
        };
        for account in phone.accounts(now).into_iter().flatten() {
            let registered = account.registration == Registration::Registered;
            let question = Asked::Registration(repeats).of(account.id);
            entry(&mut self.changes, question).note(at, registered.into(), repeats.count);
        }
    }

    fn note_metric(&mut self, comparison: &Comparison, phone: &Phone, now: Moment) {
        let (Some((take, over)), Some(last)) = (comparison.over, &phone.last) else {
            return;
        };
        comparison.family.read(phone, now, |mark, value| {
            if comparison.picks(mark) {
                entry(&mut self.windows, metric(comparison).of(mark.number()))
                    .note(last.began, value, take, over);
            }
        });
    }
}

impl Changes {
    /// Takes in the value at a moment; one that is not newer than the last is passed over.
    pub(super) fn note(&mut self, at: Moment, value: u64, most: u8) {
        if let Some((before, last)) = self.last {
            if at.mono <= before.mono {
                return;
            }
            if last != value {
                self.left.push_back(before);
            }
        }
        while self.left.len() > most.into() {
            self.left.pop_front();
        }
        self.last = Some((at, value));
    }

    /// How many changes lie within, both sides of each: what `changes` of PromQL counts. `None` if
    /// there was no value in that time.
    pub(super) fn within(&self, within: Duration, now: Moment) -> Option<usize> {
        let recent = |at: &Moment| now.since(*at) <= within;
        let (last, _) = self.last?;
        recent(&last).then(|| self.left.iter().filter(|left| recent(left)).count())
    }
}

impl Window {
    /// Into how many parts a time is divided; there is one more, which has just begun.
    pub const BUCKETS: u32 = 30;

    /// Takes in the value at a moment; one that is not newer than the last is passed over.
    fn note(&mut self, at: Moment, value: f64, take: Take, over: Duration) {
        if self.last.is_some_and(|last| at.mono <= last.mono) {
            return;
        }
        self.last = Some(at);
        let index = bucket(at, over);
        let oldest = index.saturating_sub(Self::BUCKETS);
        while self.buckets.front().is_some_and(|old| old.index < oldest) {
            self.buckets.pop_front();
        }
        match self.buckets.back_mut().filter(|last| last.index == index) {
            Some(last) => {
                last.values += 1;
                last.taken = taken(last.taken, value, take);
            }
            None => self.buckets.push_back(Bucket {
                index,
                values: 1,
                taken: value,
            }),
        }
    }

    fn value(&self, now: Moment, take: Take, over: Duration) -> Option<f64> {
        let oldest = bucket(now, over).saturating_sub(Self::BUCKETS);
        let mut recent = self.buckets.iter().filter(|bucket| bucket.index >= oldest);
        let mut sum = *recent.next()?;
        for bucket in recent {
            sum.values += bucket.values;
            sum.taken = taken(sum.taken, bucket.taken, take);
        }
        Some(match take {
            Take::Average => sum.taken / f64::from(sum.values),
            Take::Min | Take::Max => sum.taken,
        })
    }
}

impl Asked {
    fn of(self, of: u16) -> Question {
        Question { asked: self, of }
    }
}

fn metric(comparison: &Comparison) -> Asked {
    let (take, over) = comparison.over.unwrap_or((Take::Max, Duration::ZERO));
    let name = spread(comparison.family.name);
    let pick = spread(comparison.pick.as_deref().unwrap_or_default());
    Asked::Metric(name ^ pick.rotate_left(16) ^ over.as_secs().rotate_left(40) ^ take as u64)
}

fn find<T>(memories: &[(Question, T)], question: Question) -> Option<&T> {
    let (_, memory) = memories.iter().find(|(asked, _)| *asked == question)?;
    Some(memory)
}

fn entry<T: Default>(memories: &mut Vec<(Question, T)>, question: Question) -> &mut T {
    let position = memories.iter().position(|(asked, _)| *asked == question);
    let position = position.unwrap_or_else(|| {
        if memories.len() == History::MOST {
            memories.remove(0);
        }
        memories.push((question, T::default()));
        memories.len() - 1
    });
    &mut memories[position].1
}

fn bucket(at: Moment, over: Duration) -> u32 {
    let width = (over / Window::BUCKETS).max(Duration::from_millis(1));
    u32::try_from(at.mono.as_millis() / width.as_millis()).unwrap_or(u32::MAX)
}

fn taken(left: f64, right: f64, take: Take) -> f64 {
    match take {
        Take::Min => left.min(right),
        Take::Max => left.max(right),
        Take::Average => left + right,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn minute(n: u32) -> Moment {
        Moment {
            wall: Timestamp::UNIX_EPOCH,
            mono: Duration::ZERO,
        }
        .after(MINUTE * n)
    }

    #[test]
    fn a_change_counts_while_both_its_sides_lie_within_the_time() {
        let mut changes = Changes::default();
        for (n, value) in [(0, 1), (1, 1), (2, 0), (3, 1), (9, 1)] {
            changes.note(minute(n), value, 6);
        }
        for (n, expected) in [(9, 2), (11, 2), (12, 1), (13, 0)] {
            assert_eq!(changes.within(10 * MINUTE, minute(n)), Some(expected));
        }
        assert_eq!(changes.within(10 * MINUTE, minute(20)), None);
    }

    #[test]
    fn only_as_many_changes_are_kept_as_are_counted() {
        let mut changes = Changes::default();
        for n in 0..1000 {
            changes.note(minute(n), u64::from(n), 3);
        }
        assert_eq!(changes.left.len(), 3);
    }

    #[test]
    fn the_same_poll_again_is_no_new_value() {
        let mut window = Window::default();
        for value in [1.0, 0.0, 0.0] {
            window.note(minute(1), value, Take::Average, 30 * MINUTE);
        }
        let average = window.value(minute(1), Take::Average, 30 * MINUTE);
        assert_eq!(average, Some(1.0));
    }

    #[test]
    fn a_window_forgets_what_lies_before_it_and_stays_small() {
        let mut window = Window::default();
        window.note(minute(0), 9.0, Take::Max, 30 * MINUTE);
        for n in 1..=30 {
            window.note(minute(n), 1.0, Take::Max, 30 * MINUTE);
        }
        let max = |n| window.value(minute(n), Take::Max, 30 * MINUTE);
        assert_eq!(max(30), Some(9.0));
        assert_eq!(max(31), Some(1.0));
        assert_eq!(max(61), None);
        assert_eq!(window.buckets.len(), 31);
    }
}
