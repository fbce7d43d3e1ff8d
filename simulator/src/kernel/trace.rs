//! What happened in a trial, as a number: equal traces have equal fingerprints, and different
//! traces have different ones but for a chance of about 2^-128.
//!
//! # The fingerprint
//!
//! It takes words of 64 bits. Two lanes start at 0x243f6a8885a308d3 and 0x13198a2e03707344 (digits
//! of pi). Sums and products wrap, `<<<` rotates to the left, `mix` is that of
//! [`streams`](crate::kernel::streams).
//!
//! ```text
//! word w:  a = ((a ^ w) * 0x9e3779b97f4a7c15) <<< 29
//!          b = ((b + w) * 0xc2b2ae3d27d4eb4f) <<< 31
//! end:     high = mix(a ^ n)   low = mix(b + high)           n = number of words
//! ```
//!
//! An event in a trace is its time, then its words. Texts are their length in bytes and their bytes
//! in groups of eight, little-endian, the last with zeros.

use std::fmt;

use crate::kernel::streams::mix;
use crate::kernel::time::Time;

/// A fingerprint of what was recorded. Displays as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// The number.
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Takes words and knows the fingerprint of those so far.
///
/// ```
/// use simulator::kernel::trace::Digest;
///
/// let mut digest = Digest::new();
/// digest.text("ipa1.example.test");
/// digest.word(389);
/// assert_eq!(digest.fingerprint().to_string(), "749e2ab0aefa70388c73d756a885da8e");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Digest {
    a: u64,
    b: u64,
    words: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// A digest of nothing.
    pub const fn new() -> Self {
        Self { a: 0x243f_6a88_85a3_08d3, b: 0x1319_8a2e_0370_7344, words: 0 }
    }

    /// Takes one word.
    #[inline]
    pub const fn word(&mut self, word: u64) {
        self.a = (self.a ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        self.b = self.b.wrapping_add(word).wrapping_mul(0xc2b2_ae3d_27d4_eb4f).rotate_left(31);
        self.words += 1;
    }

    /// Takes a text.
    pub fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        for group in text.as_bytes().chunks(8) {
            self.word(group.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    /// The fingerprint of all words so far; more can follow.
    pub const fn fingerprint(&self) -> Fingerprint {
        let high = mix(self.a ^ self.words);
        let low = mix(self.b.wrapping_add(high));
        Fingerprint((high as u128) << 64 | low as u128)
    }
}

/// What an event or a result is, as words: everything by which two of them can differ.
///
/// The numbers of an enum's variants are part of every fingerprint: write them out, and never use
/// one again.
pub trait Record {
    /// Gives the words to the digest.
    fn words(&self, digest: &mut Digest);
}

impl Record for u64 {
    #[inline]
    fn words(&self, digest: &mut Digest) {
        digest.word(*self);
    }
}

impl Record for &str {
    fn words(&self, digest: &mut Digest) {
        digest.text(self);
    }
}

impl Record for String {
    fn words(&self, digest: &mut Digest) {
        digest.text(self);
    }
}

/// The trace of one trial: always its fingerprint, and the events themselves if asked for.
///
/// ```
/// use simulator::kernel::time::Time;
/// use simulator::kernel::trace::{Trace, first_difference};
///
/// let mut today = Trace::recording();
/// let mut yesterday = Trace::recording();
/// for (at, event) in [(1, "fail"), (5, "repair")] {
///     today.record(Time::from_millis(at), event);
/// }
/// for (at, event) in [(1, "fail"), (6, "repair")] {
///     yesterday.record(Time::from_millis(at), event);
/// }
/// assert_ne!(today.fingerprint(), yesterday.fingerprint());
/// let difference = first_difference(&today, &yesterday).unwrap();
/// assert_eq!(difference.index, 1);
/// assert_eq!(difference.left, Some(&(Time::from_millis(5), "repair")));
/// assert_eq!(difference.right, Some(&(Time::from_millis(6), "repair")));
/// ```
#[derive(Clone, Debug)]
pub struct Trace<R> {
    digest: Digest,
    events: u64,
    recorded: Option<Vec<(Time, R)>>,
}

impl<R> Default for Trace<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> Trace<R> {
    /// A trace that keeps the fingerprint only.
    pub const fn new() -> Self {
        Self { digest: Digest::new(), events: 0, recorded: None }
    }

    /// A trace that keeps every event too.
    pub const fn recording() -> Self {
        Self { digest: Digest::new(), events: 0, recorded: Some(Vec::new()) }
    }

    /// Number of events so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The events, if they are kept.
    pub fn recorded(&self) -> Option<&[(Time, R)]> {
        self.recorded.as_deref()
    }

    /// The fingerprint of all events so far.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.digest.fingerprint()
    }
}

impl<R: Record> Trace<R> {
    /// Adds an event.
    #[inline]
    pub fn record(&mut self, time: Time, event: R) {
        self.digest.word(time.millis());
        event.words(&mut self.digest);
        self.events += 1;
        if let Some(recorded) = &mut self.recorded {
            recorded.push((time, event));
        }
    }
}

/// Where two traces part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Difference<'a, R> {
    /// Number of events before, which both have.
    pub index: usize,
    /// What the first trace has there; `None` if it ended.
    pub left: Option<&'a (Time, R)>,
    /// What the second trace has there; `None` if it ended.
    pub right: Option<&'a (Time, R)>,
}

/// The first event in which two traces differ; `None` if they are equal or one of them keeps no
/// events.
pub fn first_difference<'a, R: PartialEq>(
    left: &'a Trace<R>,
    right: &'a Trace<R>,
) -> Option<Difference<'a, R>> {
    let (left, right) = (left.recorded()?, right.recorded()?);
    let index = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (left.get(index), right.get(index));
    (left.is_some() || right.is_some()).then_some(Difference { index, left, right })
}
