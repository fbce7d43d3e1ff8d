//! Background load: writes that are a function of time and never events.
//!
//! A server's load is one write every period. Which of them a server holds is kept as ranges, so
//! that thirty days of writes cost as much as one.

use crate::kernel::time::{Span, Time};

use super::csn::{Csn, ReplicaId};

/// The background writes of one server: one every period, from a first one on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Load {
    first: Time,
    period: Span,
}

impl Load {
    /// One write every `period`, the first at `first`. A period below a millisecond is one.
    pub fn new(first: Time, period: Span) -> Self {
        Self { first, period: period.max(Span::from_millis(1)) }
    }

    /// Time between two writes.
    pub const fn period(self) -> Span {
        self.period
    }

    /// Number of writes at or before a time.
    pub fn count_until(self, time: Time) -> u64 {
        if time < self.first {
            return 0;
        }
        time.since(self.first).millis() / self.period.millis() + 1
    }

    /// The newest write at or before a time.
    pub fn newest(self, time: Time, replica: ReplicaId) -> Option<Csn> {
        let count = self.count_until(time).checked_sub(1)?;
        Some(Csn::of_load(self.first + self.period.times(count), replica))
    }

    /// The first write after a time.
    pub fn next(self, time: Time) -> Time {
        self.first + self.period.times(self.count_until(time))
    }

    /// The last of `count` writes, the first of which is at or after a time.
    pub fn nth(self, from: Time, count: u64) -> Time {
        let before = match from.millis().checked_sub(1) {
            Some(millis) => self.count_until(Time::from_millis(millis)),
            None => 0,
        };
        self.first + self.period.times(before + count.max(1) - 1)
    }

    /// The first write of all.
    pub fn next_from_start(self) -> Time {
        self.first
    }

    /// Times of the writes in a range.
    pub fn times(self, range: Range) -> impl Iterator<Item = Time> {
        let first = self.nth(range.from, 1);
        (0..self.count(range)).map(move |number| first + self.period.times(number))
    }

    /// Number of writes in a range.
    pub fn count(self, range: Range) -> u64 {
        let before = match range.from.millis().checked_sub(1) {
            Some(millis) => self.count_until(Time::from_millis(millis)),
            None => 0,
        };
        self.count_until(range.upto).saturating_sub(before)
    }

    /// Whether nothing was written between two times, both excluded.
    fn is_quiet(self, after: Time, before: Time) -> bool {
        before <= after || self.next(after) >= before
    }
}

/// Load writes from one time up to another, both included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Range {
    /// Time of the first write.
    pub from: Time,
    /// Time of the last write.
    pub upto: Time,
}

/// Disjoint ranges in order: which load writes of one origin are there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ranges {
    ranges: Vec<Range>,
}

impl Ranges {
    /// Adds a range; joins it with what it touches, by the rhythm of the origin's load.
    pub fn insert(&mut self, mut added: Range, load: Load) {
        if added.upto < added.from {
            return;
        }
        self.ranges.retain(|range| {
            let apart = (range.upto < added.from && !load.is_quiet(range.upto, added.from))
                || (added.upto < range.from && !load.is_quiet(added.upto, range.from));
            if !apart {
                added.from = added.from.min(range.from);
                added.upto = added.upto.max(range.upto);
            }
            apart
        });
        let place = self.ranges.partition_point(|range| range.from < added.from);
        self.ranges.insert(place, added);
    }

    /// Whether the write at a time is there.
    pub fn contains(&self, time: Time) -> bool {
        self.ranges.iter().any(|range| range.from <= time && time <= range.upto)
    }

    /// What lies after one time and at or before another.
    pub fn between(&self, after: Option<Time>, upto: Time) -> impl Iterator<Item = Range> {
        let from = after.map_or(Time::ZERO, |time| time + Span::from_millis(1));
        self.ranges.iter().filter_map(move |range| {
            let cut = Range { from: range.from.max(from), upto: range.upto.min(upto) };
            (cut.from <= cut.upto).then_some(cut)
        })
    }

    /// Removes everything before a time.
    pub fn remove_before(&mut self, time: Time) {
        self.ranges.retain_mut(|range| {
            range.from = range.from.max(time);
            range.from <= range.upto
        });
    }

    /// Number of writes.
    pub fn count(&self, load: Load) -> u64 {
        self.ranges.iter().map(|range| load.count(*range)).sum()
    }

    /// The ranges, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Range> {
        self.ranges.iter().copied()
    }

    /// Whether nothing is there.
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What is here and not there.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let millis = |time: Time| time.millis();
        let mut ranges = Vec::new();
        for range in &self.ranges {
            let mut from = millis(range.from);
            for cut in other.ranges.iter().filter(|cut| cut.upto >= range.from) {
                if cut.from > range.upto {
                    break;
                }
                if from < millis(cut.from) {
                    let upto = Time::from_millis(millis(cut.from) - 1);
                    ranges.push(Range { from: Time::from_millis(from), upto });
                }
                from = from.max(millis(cut.upto).saturating_add(1));
            }
            if from <= millis(range.upto) {
                ranges.push(Range { from: Time::from_millis(from), upto: range.upto });
            }
        }
        Self { ranges }
    }

    /// What is here and there.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.without(&self.without(other))
    }

    /// What lies before a time.
    #[must_use]
    pub fn before(&self, time: Time) -> Self {
        let Some(last) = time.millis().checked_sub(1) else { return Self::default() };
        Self { ranges: self.between(None, Time::from_millis(last)).collect() }
    }

    /// What is here or there.
    #[must_use]
    pub fn or(mut self, other: &Self, load: Load) -> Self {
        for range in &other.ranges {
            self.insert(*range, load);
        }
        self
    }

    /// Number of gaps between ranges: holes.
    pub fn gaps(&self) -> usize {
        self.ranges.len().saturating_sub(1)
    }
}
