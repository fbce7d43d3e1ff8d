//! Background load: writes that are a function of time and never events.
//!
//! A server's load is one write every period. Which of them a server holds is kept as ranges, so
//! that thirty days of writes cost as much as one. Where clients move to another server, the period
//! changes.

use std::sync::Arc;

use crate::kernel::time::{Span, Time};

use super::csn::{Csn, ReplicaId};

/// The background writes of one server: one every period, from a first one on. The period can
/// change; what was written before stays as it was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Load {
    now: Rhythm,
    /// Earlier rhythms, each up to the first write of the next; oldest first.
    earlier: Option<Arc<[Rhythm]>>,
}

/// Writes with one period.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Rhythm {
    first: Time,
    period: Span,
    /// Number of writes before the first.
    before: u64,
}

impl Rhythm {
    fn new(first: Time, period: Span, before: u64) -> Self {
        Self { first, period: period.max(Span::from_millis(1)), before }
    }

    fn count_until(self, time: Time) -> u64 {
        self.before + time.since(self.first).millis() / self.period.millis() + 1
    }

    fn at(self, number: u64) -> Time {
        self.first + self.period.times(number - self.before)
    }
}

impl Load {
    /// One write every `period`, the first at `first`. A period below a millisecond is one.
    pub fn new(first: Time, period: Span) -> Self {
        Self { now: Rhythm::new(first, period, 0), earlier: None }
    }

    /// The same up to a time, and from then on one write every `period`, the first of them
    /// `phase` later.
    #[must_use]
    pub fn changed(&self, time: Time, phase: Span, period: Span) -> Self {
        let before = self.count_until(time);
        let mut earlier: Vec<Rhythm> =
            self.earlier.iter().flat_map(|all| all.iter()).copied().collect();
        earlier.push(self.now);
        // A rhythm that was changed before its first write has left none.
        earlier.retain(|rhythm| rhythm.first <= time);
        // Of one millisecond there is one write.
        let first = time + phase.max(Span::from_millis(1));
        let now = Rhythm::new(first, period, before);
        Self { now, earlier: (!earlier.is_empty()).then(|| earlier.into()) }
    }

    /// Time between two writes now.
    pub const fn period(&self) -> Span {
        self.now.period
    }

    /// The rhythm at a time; `None` before the first write.
    fn rhythm(&self, time: Time) -> Option<(Rhythm, Option<Rhythm>)> {
        if time >= self.now.first {
            return Some((self.now, None));
        }
        let earlier = self.earlier.as_ref()?;
        let next = earlier.partition_point(|rhythm| rhythm.first <= time);
        let rhythm = *earlier.get(next.checked_sub(1)?)?;
        Some((rhythm, Some(earlier.get(next).copied().unwrap_or(self.now))))
    }

    /// Number of writes at or before a time.
    pub fn count_until(&self, time: Time) -> u64 {
        match self.rhythm(time) {
            None => 0,
            Some((rhythm, None)) => rhythm.count_until(time),
            Some((rhythm, Some(next))) => rhythm.count_until(time).min(next.before),
        }
    }

    /// The time of a write by its number, from 0.
    fn at(&self, number: u64) -> Time {
        if number >= self.now.before {
            return self.now.at(number);
        }
        let earlier = self.earlier.as_deref().unwrap_or_default();
        let next = earlier.partition_point(|rhythm| rhythm.before <= number);
        let rhythm = next.checked_sub(1).and_then(|at| earlier.get(at));
        rhythm.map_or(self.now.first, |rhythm| rhythm.at(number))
    }

    /// The newest write at or before a time.
    pub fn newest(&self, time: Time, replica: ReplicaId) -> Option<Csn> {
        let count = self.count_until(time).checked_sub(1)?;
        Some(Csn::of_load(self.at(count), replica))
    }

    /// The first write after a time.
    pub fn next(&self, time: Time) -> Time {
        self.at(self.count_until(time))
    }

    /// The last of `count` writes, the first of which is at or after a time.
    pub fn nth(&self, from: Time, count: u64) -> Time {
        self.at(self.count_before(from) + count.max(1) - 1)
    }

    /// The first write of all.
    pub fn next_from_start(&self) -> Time {
        self.at(0)
    }

    /// Times of the writes in a range.
    pub fn times(&self, range: Range) -> impl Iterator<Item = Time> {
        let (first, end) = (self.count_before(range.from), self.count_until(range.upto));
        (first..end).map(|number| self.at(number))
    }

    /// Number of writes in a range.
    pub fn count(&self, range: Range) -> u64 {
        self.count_until(range.upto).saturating_sub(self.count_before(range.from))
    }

    /// Number of writes before a time.
    fn count_before(&self, time: Time) -> u64 {
        match time.millis().checked_sub(1) {
            Some(millis) => self.count_until(Time::from_millis(millis)),
            None => 0,
        }
    }

    /// Whether nothing was written between two times, both excluded.
    fn is_quiet(&self, after: Time, before: Time) -> bool {
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
    pub fn insert(&mut self, mut added: Range, load: &Load) {
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
    pub fn count(&self, load: &Load) -> u64 {
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
    pub fn or(mut self, other: &Self, load: &Load) -> Self {
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
