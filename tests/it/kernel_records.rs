//! Traces tell runs apart, and statistics do not care who measured first.

use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};
use simulator::kernel::statistics::Observations;
use simulator::kernel::time::Time;
use simulator::kernel::trace::{Digest, Record, Trace, first_difference};

fn check(law: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(40, 0x1d3d_0002)).tests(2_000).quickcheck(law);
}

/// An event as a model has it: a text or up to three numbers.
#[derive(Clone, Debug, PartialEq)]
enum Event {
    Text(String),
    Numbers(Vec<u64>),
}

impl Record for Event {
    fn words(&self, digest: &mut Digest) {
        match self {
            Self::Text(text) => {
                digest.word(0);
                text.words(digest);
            }
            Self::Numbers(numbers) => {
                digest.word(1);
                digest.word(numbers.len() as u64);
                for number in numbers {
                    number.words(digest);
                }
            }
        }
    }
}

impl Arbitrary for Event {
    fn arbitrary(g: &mut Gen) -> Self {
        if bool::arbitrary(g) {
            Self::Text(String::arbitrary(g))
        } else {
            Self::Numbers((0..u8::arbitrary(g) % 4).map(|_| u64::from(u8::arbitrary(g))).collect())
        }
    }
}

type Events = Vec<(u16, Event)>;

fn trace(events: &Events) -> Trace<Event> {
    let mut trace = Trace::recording();
    for (time, event) in events {
        trace.record(Time::from_millis((*time).into()), event.clone());
    }
    trace
}

fn digest(feed: impl Fn(&mut Digest)) -> String {
    let mut digest = Digest::new();
    feed(&mut digest);
    digest.fingerprint().to_string()
}

#[test]
fn fingerprints_are_those_of_the_documentation() {
    // Computed by another program from the definition.
    assert_eq!(digest(|_| {}), "e9e0033e3badaf362980f7175e0bf63e");
    assert_eq!(
        digest(|digest| {
            digest.text("ipa1.example.test");
            digest.word(389);
        }),
        "749e2ab0aefa70388c73d756a885da8e"
    );
}

#[test]
fn zeros_and_cuts_of_texts_count() {
    let zeros: Vec<String> =
        (0..50).map(|count| digest(|digest| (0..count).for_each(|_| digest.word(0)))).collect();
    let texts = [["", "ab"], ["a", "b"], ["ab", ""], ["ab\0", ""], ["a", "b\0"]]
        .map(|pair| digest(|digest| pair.iter().for_each(|text| digest.text(text))));
    let mut all: Vec<&String> = zeros.iter().chain(&texts).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), zeros.len() + texts.len());
}

#[test]
fn equal_traces_have_equal_fingerprints_and_no_difference() {
    fn law(events: Events) -> bool {
        let (left, right) = (trace(&events), trace(&events));
        let mut quiet = Trace::new();
        for (time, event) in events {
            quiet.record(Time::from_millis(time.into()), event);
        }
        left.fingerprint() == right.fingerprint()
            && left.fingerprint() == quiet.fingerprint()
            && left.events() == quiet.events()
            && quiet.recorded().is_none()
            && first_difference(&left, &right).is_none()
    }
    check(law as fn(Events) -> bool);
}

#[test]
fn one_changed_event_is_found_where_it_is() {
    fn law(before: Events, old: (u16, Event), new: (u16, Event), after: Events) -> bool {
        let with = |event: &(u16, Event)| {
            trace(&before.iter().chain([event]).chain(&after).cloned().collect())
        };
        let (left, right) = (with(&old), with(&new));
        if old == new {
            return left.fingerprint() == right.fingerprint();
        }
        let Some(difference) = first_difference(&left, &right) else { return false };
        let at = |event: &(u16, Event)| Some((Time::from_millis(event.0.into()), event.1.clone()));
        left.fingerprint() != right.fingerprint()
            && difference.index == before.len()
            && difference.left.cloned() == at(&old)
            && difference.right.cloned() == at(&new)
    }
    check(law as fn(Events, (u16, Event), (u16, Event), Events) -> bool);
}

#[test]
fn a_trace_that_ends_early_differs_where_it_ends() {
    fn law(events: Events, more: Events) -> bool {
        let longer = trace(&events.iter().chain(&more).cloned().collect());
        let shorter = trace(&events);
        match first_difference(&shorter, &longer) {
            None => more.is_empty() && shorter.fingerprint() == longer.fingerprint(),
            Some(difference) => {
                difference.index == events.len()
                    && difference.left.is_none()
                    && difference.right.is_some()
                    && shorter.fingerprint() != longer.fingerprint()
            }
        }
    }
    check(law as fn(Events, Events) -> bool);
}

#[test]
fn events_in_another_order_are_another_trace() {
    fn law(events: Events) -> bool {
        let mut swapped = events.clone();
        swapped.reverse();
        (swapped == events) == (trace(&swapped).fingerprint() == trace(&events).fingerprint())
    }
    check(law as fn(Events) -> bool);
}

fn observations(values: &[u64]) -> Observations {
    let mut observations = Observations::new();
    for value in values {
        observations.record(*value);
    }
    observations
}

fn merged(parts: &[&Observations]) -> Observations {
    let mut all = Observations::new();
    for part in parts {
        all.merge(part);
    }
    all
}

#[test]
fn merging_is_associative_and_commutative_and_loses_nothing() {
    fn law(a: Vec<u64>, b: Vec<u64>, c: Vec<u64>) -> bool {
        let all = observations(&[a.as_slice(), &b, &c].concat());
        let [a, b, c] = [a, b, c].map(|values| observations(&values));
        all == merged(&[&a, &b, &c])
            && all == merged(&[&c, &a, &b])
            && all == merged(&[&merged(&[&a, &b]), &c])
            && all == merged(&[&a, &merged(&[&b, &c])])
    }
    check(law as fn(Vec<u64>, Vec<u64>, Vec<u64>) -> bool);
}

#[test]
fn quantiles_are_those_of_the_sorted_list() {
    fn law(values: Vec<u8>, numerator: u8, denominator: u8) -> bool {
        let mut sorted: Vec<u64> = values.into_iter().map(u64::from).collect();
        let measured = observations(&sorted);
        sorted.sort_unstable();
        let count = sorted.len() as u64;
        // The definition, word by word.
        let enough = |value: u64| {
            let covered = sorted.iter().filter(|other| **other <= value).count() as u64;
            covered * u64::from(denominator) >= u64::from(numerator.min(denominator)) * count
        };
        let expected = sorted.iter().copied().find(|value| enough(*value));
        let expected = expected.filter(|_| denominator > 0);
        measured.quantile(numerator.into(), denominator.into()) == expected
            && measured.count() == count
            && measured.sum() == u128::from(sorted.iter().sum::<u64>())
            && measured.min() == sorted.first().copied()
            && measured.max() == sorted.last().copied()
            && measured.median() == sorted.get((sorted.len().max(1) - 1) / 2).copied()
    }
    check(law as fn(Vec<u8>, u8, u8) -> bool);
}

#[test]
fn mean_and_variance_of_a_known_sample() {
    let measured = observations(&[2, 4, 4, 4, 5, 5, 7, 9]);
    assert_eq!(measured.mean(), Some(5.0));
    assert_eq!(measured.variance(), Some(32.0 / 7.0));
    assert_eq!(observations(&[3]).variance(), None);
    assert_eq!(Observations::new().mean(), None);
    assert_eq!(Observations::new().percentile(95), None);
    let largest = observations(&[u64::MAX, u64::MAX]);
    assert_eq!(largest.sum(), 2 * u128::from(u64::MAX));
}
