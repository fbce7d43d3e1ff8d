//! Events in the order of their times; at equal times in the order in which they were scheduled.
//!
//! The heap holds entries of 16 bytes, each one whole number: time, insertion counter, place. Whole
//! numbers are compared without a branch, which is most of a heap's time. The events lie in places
//! that do not move. To cancel an event takes it out of its place at once and leaves its entry in
//! the heap. Entries without an event are removed when they reach the top, and all of them as soon
//! as they are more than the events: memory follows the number of events that wait, whatever is
//! canceled.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::mem;

use crate::kernel::time::{Span, Time};

/// Entries without an event are kept up to this number, so that small queues are not rebuilt
/// again and again.
const STALE_MAX: usize = 32;

/// Names a scheduled event, to cancel it.
///
/// A key is good for the queue that gave it (and for clones of it); it is never given twice. Keys
/// are ordered by when they were given.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key {
    turn: u64,
    place: u32,
}

/// Scheduled events and the present time.
///
/// ```
/// use simulator::kernel::queue::Queue;
/// use simulator::kernel::time::{Span, Time};
///
/// let mut queue = Queue::new();
/// queue.schedule_at(Time::from_millis(20), "second");
/// queue.schedule_at(Time::from_millis(20), "third");
/// let canceled = queue.schedule_after(Span::from_millis(5), "never");
/// queue.schedule_after(Span::from_millis(10), "first");
///
/// assert!(queue.cancel(canceled));
/// assert_eq!(queue.pop(), Some((Time::from_millis(10), "first")));
/// assert_eq!(queue.pop(), Some((Time::from_millis(20), "second")));
/// assert_eq!(queue.pop(), Some((Time::from_millis(20), "third")));
/// assert_eq!(queue.pop(), None);
/// assert_eq!(queue.now(), Time::from_millis(20));
/// ```
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Entry>,
    places: Vec<Place<E>>,
    /// First of the chain of free places; behind the last place if there is none.
    free: u32,
    /// Number of events that wait; every other entry of the heap is stale.
    live: usize,
    now: Time,
    /// Number of events ever scheduled.
    turn: u64,
    /// What the next entry gets as its insertion counter.
    order: u32,
    late: u64,
}

/// Time, insertion counter and place of an event, from the upper bits down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Entry(u128);

impl Entry {
    #[inline]
    const fn new(time: Time, order: u32, place: u32) -> Self {
        Self((time.millis() as u128) << 64 | (order as u128) << 32 | place as u128)
    }

    #[inline]
    const fn time(self) -> Time {
        Time::from_millis((self.0 >> 64) as u64)
    }

    #[inline]
    const fn place(self) -> u32 {
        self.0 as u32
    }
}

impl Ord for Entry {
    /// std's heap gives out its greatest element: the earliest, first scheduled one.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.cmp(&self.0)
    }
}

impl PartialOrd for Entry {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Every place that is not free has exactly one entry in the heap.
#[derive(Clone, Debug)]
enum Place<E> {
    Free { next: u32 },
    Taken { turn: u64, event: E },
    Canceled,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Queue<E> {
    /// An empty queue at [`Time::ZERO`].
    pub const fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            places: Vec::new(),
            free: 0,
            live: 0,
            now: Time::ZERO,
            turn: 0,
            order: 0,
            late: 0,
        }
    }

    /// Time of the event that was taken last, or where [`Queue::advance_to`] went since.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Number of events that wait; canceled ones do not count.
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether no event waits.
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Number of events that were scheduled for a time that had passed, see
    /// [`Queue::schedule_at`]. A model that never does so can say it in a test.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Schedules an event. One for a time before [`Queue::now`] runs now, behind what is scheduled
    /// for now already, and is counted in [`Queue::late`]: time never runs backward.
    ///
    /// Up to 2^32 events can wait at once; memory ends before.
    #[inline]
    pub fn schedule_at(&mut self, time: Time, event: E) -> Key {
        self.late += u64::from(time < self.now);
        if self.order == u32::MAX {
            self.renumber();
        }
        let place = self.free;
        let key = Key { turn: self.turn, place };
        let taken = Place::Taken { turn: self.turn, event };
        if let Some(free) = self.places.get_mut(place as usize) {
            if let Place::Free { next } = *free {
                self.free = next;
            }
            *free = taken;
        } else {
            self.places.push(taken);
            self.free += 1;
        }
        self.heap.push(Entry::new(time.max(self.now), self.order, place));
        self.live += 1;
        self.turn += 1;
        self.order += 1;
        key
    }

    /// Schedules an event for this long after now.
    #[inline]
    pub fn schedule_after(&mut self, span: Span, event: E) -> Key {
        self.schedule_at(self.now + span, event)
    }

    /// Removes an event that waits; false if it has run or was canceled before.
    ///
    /// Takes constant time, on average over many calls.
    pub fn cancel(&mut self, key: Key) -> bool {
        match self.places.get_mut(key.place as usize) {
            Some(place) if place.holds(key) => *place = Place::Canceled,
            _ => return false,
        }
        self.live -= 1;
        self.drop_stale_top();
        if self.heap.len() - self.live > self.live + STALE_MAX {
            self.heap.retain(|entry| !free_if_canceled(&mut self.places, &mut self.free, *entry));
        }
        true
    }

    /// Whether the event still waits.
    pub fn is_pending(&self, key: Key) -> bool {
        self.places.get(key.place as usize).is_some_and(|place| place.holds(key))
    }

    /// Time of the next event.
    #[inline]
    pub fn next_time(&self) -> Option<Time> {
        // The top is never stale.
        self.heap.peek().map(|entry| entry.time())
    }

    /// Takes the next event, and its time becomes now.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        let entry = self.heap.pop()?;
        let place = self.places.get_mut(entry.place() as usize)?;
        let free = Place::Free { next: self.free };
        let Place::Taken { event, .. } = mem::replace(place, free) else { return None };
        self.free = entry.place();
        self.live -= 1;
        self.now = entry.time();
        self.drop_stale_top();
        Some((entry.time(), event))
    }

    /// Takes the next event unless it lies after `horizon`. Now stays where it was if there is
    /// none.
    #[inline]
    pub fn pop_until(&mut self, horizon: Time) -> Option<(Time, E)> {
        if self.next_time()? > horizon { None } else { self.pop() }
    }

    /// Moves now forward to `time`, or to the next event if that is earlier, and returns where it
    /// is. Never moves back.
    pub fn advance_to(&mut self, time: Time) -> Time {
        let time = self.next_time().map_or(time, |next| next.min(time));
        self.now = self.now.max(time);
        self.now
    }

    /// Removes entries of canceled events from the top.
    #[inline]
    fn drop_stale_top(&mut self) {
        while self.heap.len() > self.live {
            match self.heap.peek() {
                Some(top) if free_if_canceled(&mut self.places, &mut self.free, *top) => {
                    self.heap.pop();
                }
                _ => return,
            }
        }
    }

    /// Gives the entries the smallest insertion counters that keep their order.
    fn renumber(&mut self) {
        let mut entries = mem::take(&mut self.heap).into_sorted_vec();
        self.order = 0;
        // The earliest is the greatest, hence the last.
        for entry in entries.iter_mut().rev() {
            *entry = Entry::new(entry.time(), self.order, entry.place());
            self.order += 1;
        }
        self.heap = entries.into();
    }
}

impl<E> Place<E> {
    fn holds(&self, key: Key) -> bool {
        matches!(self, Self::Taken { turn, .. } if *turn == key.turn)
    }
}

/// Frees the place of an entry whose event was canceled; false if it was not.
fn free_if_canceled<E>(places: &mut [Place<E>], free: &mut u32, entry: Entry) -> bool {
    match places.get_mut(entry.place() as usize) {
        Some(place @ Place::Canceled) => {
            *place = Place::Free { next: *free };
            *free = entry.place();
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn a_late_event_runs_now_and_is_counted() {
        let mut queue = Queue::new();
        queue.schedule_at(at(10), 'a');
        queue.schedule_at(at(10), 'b');
        assert_eq!(queue.pop(), Some((at(10), 'a')));
        queue.schedule_at(at(3), 'c');
        assert_eq!(queue.late(), 1);
        assert_eq!(queue.pop(), Some((at(10), 'b')));
        assert_eq!(queue.pop(), Some((at(10), 'c')));
    }

    #[test]
    fn a_key_is_good_once() {
        let mut queue = Queue::new();
        let run = queue.schedule_at(at(1), 'a');
        assert!(queue.is_pending(run));
        queue.pop();
        assert!(!queue.is_pending(run) && !queue.cancel(run));
        // The place is used again; the old key does not name the new event.
        let canceled = queue.schedule_at(at(2), 'b');
        assert!(!queue.cancel(run));
        assert!(queue.cancel(canceled) && !queue.cancel(canceled));
        assert!(queue.is_empty() && queue.pop().is_none());
    }

    #[test]
    fn canceled_events_leave_nothing_behind() {
        let mut queue = Queue::new();
        queue.schedule_at(at(1_000_000), 0);
        for round in 0..10_000 {
            let key = queue.schedule_at(at(2_000_000 + round), 1);
            assert!(queue.cancel(key));
            assert!(queue.heap.len() <= 2 * queue.len() + STALE_MAX);
            assert!(queue.places.len() <= 4 + STALE_MAX);
        }
        assert_eq!((queue.len(), queue.next_time()), (1, Some(at(1_000_000))));
    }

    #[test]
    fn the_horizon_holds_back_what_lies_after_it() {
        let mut queue = Queue::new();
        queue.schedule_at(at(5), 'a');
        queue.schedule_at(at(6), 'b');
        assert_eq!(queue.pop_until(at(5)), Some((at(5), 'a')));
        assert_eq!(queue.pop_until(at(5)), None);
        assert_eq!(queue.advance_to(at(100)), at(6));
        assert_eq!(queue.advance_to(at(2)), at(6));
        assert_eq!(queue.pop(), Some((at(6), 'b')));
        assert_eq!(queue.advance_to(at(100)), at(100));
    }

    #[test]
    fn insertion_counters_that_run_out_begin_again_in_order() {
        let mut queue = Queue::new();
        queue.order = u32::MAX - 3;
        for (number, time) in [50, 20, 20, 50, 20, 50, 20].into_iter().enumerate() {
            queue.schedule_at(at(time), number);
        }
        assert!(queue.order < 10);
        let numbers: Vec<usize> = std::iter::from_fn(|| queue.pop()).map(|(_, n)| n).collect();
        assert_eq!(numbers, [1, 2, 4, 6, 0, 3, 5]);
    }
}
