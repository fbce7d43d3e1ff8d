//! The simulator's queue gives its events in the order of a stable sort, whatever is canceled.
//!
//! The model beside it keeps a plain list and looks through all of it, so that it shares no idea
//! with the heap. `the_scripts_are_not_vacuous` counts what the laws' scripts do.

use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};
use simulator::kernel::queue::{Key, Queue};
use simulator::kernel::time::{Span, Time};

const CASES: u64 = 2_000;

fn random() -> Gen {
    Gen::from_size_and_seed(120, 0x1d3d_0001)
}

fn check(law: impl Testable) {
    QuickCheck::new().rng(random()).tests(CASES).quickcheck(law);
}

/// What a model may do with its queue.
#[derive(Clone, Debug)]
enum Move {
    /// Schedule for a time that may have passed.
    At(u8),
    /// Schedule for this long after now.
    After(u8),
    /// Cancel the event that was scheduled as the nth, counted around.
    Cancel(u8),
    Pop,
    PopUntil(u8),
    Advance(u8),
}

impl Arbitrary for Move {
    fn arbitrary(g: &mut Gen) -> Self {
        // Few different times, so that many are equal.
        let number = u8::arbitrary(g);
        let after_now = number / 32;
        match u8::arbitrary(g) % 12 {
            0..=1 => Self::At(number),
            2..=6 => Self::After(after_now),
            7..=8 => Self::Cancel(number),
            9 => Self::PopUntil(after_now),
            10 => Self::Advance(after_now),
            _ => Self::Pop,
        }
    }
}

/// A list of (time, insertion counter), searched from end to end.
#[derive(Default)]
struct Plain {
    waiting: Vec<(Time, usize)>,
    now: Time,
    scheduled: usize,
    late: u64,
}

impl Plain {
    fn schedule(&mut self, time: Time) {
        self.late += u64::from(time < self.now);
        self.waiting.push((time.max(self.now), self.scheduled));
        self.scheduled += 1;
    }

    fn next(&self) -> Option<(Time, usize)> {
        self.waiting.iter().copied().min()
    }

    fn cancel(&mut self, number: usize) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(_, other)| *other != number);
        before > self.waiting.len()
    }

    fn pop(&mut self) -> Option<(Time, usize)> {
        let (time, number) = self.next()?;
        self.cancel(number);
        self.now = time;
        Some((time, number))
    }
}

#[derive(Default)]
struct Counts {
    popped: usize,
    at_equal_times: usize,
    canceled: usize,
    not_canceled: usize,
    late: u64,
    held_back: usize,
    deepest: usize,
}

/// Plays a script on both, compares after every move, and counts what happened.
fn play(script: &[Move], counts: &mut Counts) {
    let mut queue = Queue::new();
    let mut plain = Plain::default();
    let mut keys: Vec<Key> = Vec::new();
    let mut pop_both = |queue: &mut Queue<usize>, plain: &mut Plain| {
        let before = plain.now;
        let popped = queue.pop();
        assert_eq!(popped, plain.pop());
        counts.popped += usize::from(popped.is_some());
        counts.at_equal_times += usize::from(popped.is_some_and(|(time, _)| time == before));
        popped.is_some()
    };
    for step in script {
        match *step {
            Move::At(millis) => {
                let time = Time::from_millis(millis.into());
                keys.push(queue.schedule_at(time, plain.scheduled));
                plain.schedule(time);
            }
            Move::After(millis) => {
                let span = Span::from_millis(millis.into());
                keys.push(queue.schedule_after(span, plain.scheduled));
                plain.schedule(plain.now + span);
            }
            Move::Cancel(number) if !keys.is_empty() => {
                let number = usize::from(number) % keys.len();
                assert_eq!(queue.is_pending(keys[number]), plain.cancel(number));
                let canceled = queue.cancel(keys[number]);
                *if canceled { &mut counts.canceled } else { &mut counts.not_canceled } += 1;
                assert!(!queue.is_pending(keys[number]));
            }
            Move::Cancel(_) => {}
            Move::Pop => {
                pop_both(&mut queue, &mut plain);
            }
            Move::PopUntil(millis) => {
                let horizon = queue.now() + Span::from_millis(millis.into());
                let expected =
                    plain.next().filter(|(time, _)| *time <= horizon).and_then(|_| plain.pop());
                counts.held_back += usize::from(expected.is_none() && !queue.is_empty());
                assert_eq!(queue.pop_until(horizon), expected);
            }
            Move::Advance(millis) => {
                let to = queue.now() + Span::from_millis(millis.into());
                plain.now = plain.next().map_or(to, |(next, _)| next.min(to));
                assert_eq!(queue.advance_to(to), plain.now);
            }
        }
        assert_eq!(queue.now(), plain.now);
        assert_eq!(queue.len(), plain.waiting.len());
        assert_eq!(queue.is_empty(), plain.waiting.is_empty());
        assert_eq!(queue.next_time(), plain.next().map(|(time, _)| time));
        assert_eq!(queue.late(), plain.late);
        counts.deepest = counts.deepest.max(queue.len());
    }
    // A copy goes on alone, to the same end.
    let mut copy = queue.clone();
    let rest: Vec<_> = std::iter::from_fn(|| copy.pop()).collect();
    let mut sorted = plain.waiting.clone();
    sorted.sort_by_key(|(time, _)| *time);
    assert_eq!(rest, sorted);
    while pop_both(&mut queue, &mut plain) {}
    assert!(keys.iter().all(|key| !queue.is_pending(*key)));
    counts.late += plain.late;
}

#[test]
fn events_come_in_the_order_of_a_stable_sort() {
    fn law(script: Vec<Move>) -> bool {
        play(&script, &mut Counts::default());
        true
    }
    check(law as fn(Vec<Move>) -> bool);
}

#[test]
fn the_scripts_are_not_vacuous() {
    let mut counts = Counts::default();
    let mut g = random();
    for _ in 0..CASES {
        play(&Vec::arbitrary(&mut g), &mut counts);
    }
    let Counts { popped, at_equal_times, canceled, not_canceled, late, held_back, deepest } =
        counts;
    let enough = popped > 10_000
        && at_equal_times > 5_000
        && canceled > 3_000
        && not_canceled > 3_000
        && late > 1_000
        && held_back > 100
        && deepest > 15;
    assert!(
        enough,
        "popped {popped}, at equal times {at_equal_times}, canceled {canceled}, \
         not canceled {not_canceled}, late {late}, held back {held_back}, deepest {deepest}"
    );
}

#[test]
fn canceling_almost_everything_leaves_the_order_alone() {
    // Enough entries for the queue to rebuild itself many times.
    let mut queue = Queue::new();
    let keys: Vec<(u64, Key)> = (0..20_000)
        .map(|number| {
            let time = number * 7_919 % 1_009;
            (number, queue.schedule_at(Time::from_millis(time), (time, number)))
        })
        .collect();
    for (number, key) in &keys {
        assert!(number % 50 == 0 || queue.cancel(*key));
    }
    assert_eq!(queue.len(), 400);
    let rest: Vec<(u64, u64)> =
        std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
    assert_eq!(rest.len(), 400);
    assert!(rest.is_sorted());
}

#[test]
fn what_a_queue_holds_is_dropped_once() {
    let counted = std::rc::Rc::new(());
    let mut queue = Queue::new();
    let keys: Vec<Key> = (0..100)
        .map(|number| queue.schedule_at(Time::from_millis(number), counted.clone()))
        .collect();
    assert_eq!(std::rc::Rc::strong_count(&counted), 101);
    for key in &keys[10..] {
        queue.cancel(*key);
    }
    assert_eq!(std::rc::Rc::strong_count(&counted), 11, "cancel drops the event at once");
    queue.pop();
    assert_eq!(std::rc::Rc::strong_count(&counted), 10);
    drop(queue);
    assert_eq!(std::rc::Rc::strong_count(&counted), 1);
}
