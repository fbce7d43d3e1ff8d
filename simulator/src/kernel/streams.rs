//! Chance from streams that are named after their cause.
//!
//! Every cause of chance (the loss of one server, the repair of another) has a stream of its own.
//! What one draws leaves the others alone, so that two variants of a deployment meet the same
//! accidents, and a difference between them is the variant's.
//!
//! # The generator
//!
//! Xoshiro256++ 1.0 by D. Blackman and S. Vigna. Its 256 bits of state are made from (seed, trial,
//! name, index) as follows, so that any program can make the same streams. All numbers are unsigned
//! and 64 bits wide, sums and products wrap.
//!
//! ```text
//! mix(z):  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
//!          z = (z ^ (z >> 27)) * 0x94d049bb133111eb
//!          z ^ (z >> 31)                                           the finalizer of SplitMix64
//! words:   seed, trial, index, length of the name in bytes,
//!          then the name's UTF-8 bytes in groups of eight, little-endian, the last with zeros
//! lane i:  h = mix((i + 1) * 0x9e3779b97f4a7c15)                   i = 0, 1, 2, 3
//!          for each word w:  h = mix((h ^ w) + 0x9e3779b97f4a7c15)
//! state:   lanes 0, 1, 2, 3
//! ```
//!
//! A state of four zeros, which the generator cannot leave, has a probability of 2^-256; rand's
//! `from_seed` replaces it.

use std::num::NonZeroU64;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// The golden ratio's fraction times 2^64, the increment of `SplitMix64`.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// All streams of one trial.
///
/// ```
/// use simulator::kernel::streams::Streams;
///
/// let trial = Streams::new(7, 0);
/// let mut first = trial.stream("server-loss", 0);
/// assert_eq!(first.next_u64(), 6_799_237_213_771_992_326);
/// // The same name and index: the same draws from the start.
/// assert_eq!(trial.stream("server-loss", 0).next_u64(), 6_799_237_213_771_992_326);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Streams {
    seed: u64,
    trial: u64,
}

impl Streams {
    /// The streams of the trial with this number in an experiment with this seed.
    pub const fn new(seed: u64, trial: u64) -> Self {
        Self { seed, trial }
    }

    /// The experiment's seed.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The trial's number in the experiment.
    pub const fn trial(self) -> u64 {
        self.trial
    }

    /// The stream of one cause, from its start.
    ///
    /// `name` is a stable text, such as `server-loss/ipa1.example.test`; to change it changes every
    /// outcome. `index` tells apart what has numbers rather than names; 0 otherwise.
    pub fn stream(self, name: &str, index: u64) -> Stream {
        let mut lanes = [1, 2, 3, 4].map(|number: u64| mix(number.wrapping_mul(GAMMA)));
        let mut absorb = |word: u64| {
            for lane in &mut lanes {
                *lane = mix((*lane ^ word).wrapping_add(GAMMA));
            }
        };
        absorb(self.seed);
        absorb(self.trial);
        absorb(index);
        absorb(name.len() as u64);
        for group in name.as_bytes().chunks(8) {
            absorb(little_endian(group));
        }
        let mut state = [0; 32];
        for (bytes, lane) in state.chunks_exact_mut(8).zip(lanes) {
            bytes.copy_from_slice(&lane.to_le_bytes());
        }
        Stream { generator: Xoshiro256PlusPlus::from_seed(state) }
    }
}

/// Up to eight bytes, the first one lowest.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The finalizer of `SplitMix64`: every bit of the result depends on every bit of `z`.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Chance for one cause.
///
/// Every method but [`Stream::below`] and [`Stream::shuffle`] takes exactly one number from the
/// generator. `below` takes a second one with a probability of at most `limit / 2^64`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stream {
    generator: Xoshiro256PlusPlus,
}

impl Stream {
    /// The generator's next number.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A probability strictly between 0 and 1: `(2 k + 1) / 2^53` with the upper 52 bits `k` of the
    /// next number.
    ///
    /// It and its complement are exact, and 1 minus it is as likely as it.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (((self.next_u64() >> 12) << 1) | 1) as f64 * STEP
    }

    /// Whether something of this probability happens; never at 0 or below, always at 1 or above.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `limit`, all equally likely.
    ///
    /// # Source
    ///
    /// D. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019.
    pub fn below(&mut self, limit: NonZeroU64) -> u64 {
        let limit = limit.get();
        loop {
            let product = u128::from(self.next_u64()) * u128::from(limit);
            // 2^64 mod limit numbers are too many for equal shares.
            if product as u64 >= limit.wrapping_neg() % limit {
                return (product >> 64) as u64;
            }
        }
    }

    /// One of these, all equally likely; `None` if there are none.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let length = NonZeroU64::new(items.len() as u64)?;
        items.get(usize::try_from(self.below(length)).ok()?)
    }

    /// Puts these into a random order, all orders equally likely (Fisher and Yates, from the end).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            if let Some(count) = NonZeroU64::new(last as u64 + 1) {
                items.swap(last, self.below(count) as usize);
            }
        }
    }
}
