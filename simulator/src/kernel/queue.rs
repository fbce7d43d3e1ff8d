//! Events in the order of their times; at equal times in the order in which they were scheduled.
//!
//! The heap holds small entries (time, insertion counter, place); the events lie in places that do
//! not move. To cancel an event empties its place at once and leaves its entry in the heap. Entries
//! without an event are removed when they reach the top, and all of them as soon as they are more
//! than the events: memory follows the number of events that wait, whatever is canceled.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::kernel::time::{Span, Time};

/// Entries without an event are kept up to this number, so that small queues are not rebuilt
/// again and again.
const STALE_MAX: usize = 32;

/// Names a scheduled event, to cancel it.
///
/// A key is good for the queue that gave it (and for clones of it); it is never given twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key {
    order: u64,
    place: usize,
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
    free: usize,
    live: usize,
    now: Time,
    /// What the next event gets as its insertion counter.
    order: u64,
    late: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Entry {
    time: Time,
    order: u64,
    place: usize,
}

impl Ord for Entry {
    /// The std heap gives out its greatest element: the earliest, first scheduled one.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.order).cmp(&(self.time, self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Clone, Debug)]
enum Place<E> {
    Free { next: usize },
    Taken { order: u64, event: E },
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
    pub fn schedule_at(&mut self, time: Time, event: E) -> Key {
        self.late += u64::from(time < self.now);
        let time = time.max(self.now);
        let order = self.order;
        self.order += 1;
        let place = self.free;
        let taken = Place::Taken { order, event };
        if let Some(free) = self.places.get_mut(place) {
            if let Place::Free { next } = *free {
                self.free = next;
            }
            *free = taken;
        } else {
            self.places.push(taken);
            self.free = self.places.len();
        }
        self.live += 1;
        self.heap.push(Entry { time, order, place });
        Key { order, place }
    }

    /// Schedules an event for this long after now.
    pub fn schedule_after(&mut self, span: Span, event: E) -> Key {
        self.schedule_at(self.now + span, event)
    }

    /// Removes an event that waits; false if it has run or was canceled before.
    ///
    /// Takes constant time, on average over many calls.
    pub fn cancel(&mut self, key: Key) -> bool {
        if self.take(key.place, key.order).is_none() {
            return false;
        }
        self.drop_stale_top();
        if self.heap.len() - self.live > self.live + STALE_MAX {
            self.heap.retain(|entry| holds(&self.places, entry.place, entry.order));
        }
        true
    }

    /// Whether the event still waits.
    pub fn is_pending(&self, key: Key) -> bool {
        holds(&self.places, key.place, key.order)
    }

    /// Time of the next event.
    pub fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|entry| entry.time)
    }

    /// Takes the next event, and its time becomes now.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        let entry = self.heap.pop()?;
        // The top is never stale, so this is `Some`.
        let event = self.take(entry.place, entry.order)?;
        self.now = entry.time;
        self.drop_stale_top();
        Some((entry.time, event))
    }

    /// Takes the next event unless it lies after `horizon`. Now stays where it was if there is
    /// none.
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

    /// Empties a place that holds the event with this insertion counter.
    fn take(&mut self, at: usize, order: u64) -> Option<E> {
        let place = self.places.get_mut(at)?;
        match place {
            Place::Taken { order: found, .. } if *found == order => {}
            _ => return None,
        }
        let free = Place::Free { next: self.free };
        let Place::Taken { event, .. } = std::mem::replace(place, free) else { return None };
        self.free = at;
        self.live -= 1;
        Some(event)
    }

    fn drop_stale_top(&mut self) {
        while self.heap.len() > self.live {
            match self.heap.peek() {
                Some(top) if !holds(&self.places, top.place, top.order) => self.heap.pop(),
                _ => return,
            };
        }
    }
}

/// Whether the event with this insertion counter is still in its place.
fn holds<E>(places: &[Place<E>], place: usize, order: u64) -> bool {
    matches!(places.get(place), Some(Place::Taken { order: found, .. }) if *found == order)
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
            assert!(queue.places.len() <= 2);
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
}
