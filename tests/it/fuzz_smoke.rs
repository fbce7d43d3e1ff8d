//! A fuzzer without tools: mutations of every importer's samples, the same ones in every run.
//!
//! Short by default. `IDM_DRILL_FUZZ_SECONDS=60 cargo test -p tests --test it fuzz_smoke` gives
//! each importer a minute; `IDM_DRILL_FUZZ_IMPORTER=ldif_ruv` picks one. `tests/fuzz` holds the
//! same checks for cargo-fuzz, which finds paths by coverage.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "how long a run takes is asked for from outside"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tests::fuzz_body::check_for;
use tests::{importers, samples};

/// Inputs per importer where no time is given.
const INPUTS: usize = 10;

/// Longest input: mutations of a larger sample begin with this much of it.
const BYTES_MAX: usize = 6000;

/// Pieces that importers look for, to be put anywhere.
const PIECES: [&str; 32] = [
    "\n",
    "\n\n",
    "\r\n",
    "\n ",
    " ",
    ":",
    "::",
    ":<",
    ": ",
    "=",
    ",",
    "\\2C",
    "\"",
    "{",
    "}",
    "[",
    "]",
    "dn: ",
    "-1",
    "0",
    "65536",
    "18446744073709551616",
    "\u{feff}",
    "\u{fffd}",
    "é",
    "\0",
    "...",
    "=== x rc=0 ===\n",
    "result: 4 Size limit exceeded\n",
    "# extended LDIF\n",
    "----------\n",
    "null",
];

/// A small generator of numbers, the same on every machine (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from((z ^ (z >> 31)) % bound).unwrap_or(0)
    }

    /// A part of something, short more often than long.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        let most = 1 << self.below(11);
        from..length.min(from + self.below(most + 1))
    }
}

/// Changes an input in one way.
fn mutate(input: &mut Vec<u8>, others: &[(String, Vec<u8>)], numbers: &mut Numbers) {
    let at = numbers.below(input.len() + 1);
    match numbers.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << numbers.below(8);
            }
        }
        1 => drop(input.drain(numbers.part(input.len()))),
        2 => {
            let part = input[numbers.part(input.len())].to_vec();
            input.splice(at..at, part);
        }
        3 | 4 => {
            let piece = PIECES[numbers.below(PIECES.len())].bytes();
            input.splice(at..at, piece);
        }
        5 => input.truncate(at),
        6 => {
            // A part of another sample.
            let other = &others[numbers.below(others.len())].1;
            let part = other[numbers.part(other.len())].to_vec();
            input.splice(at..at, part);
        }
        7 => {
            // Two lines change places.
            let mut lines: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
            let (a, b) = (numbers.below(lines.len()), numbers.below(lines.len()));
            lines.swap(a, b);
            *input = lines.join(&b'\n');
        }
        _ => {
            // A number becomes another one.
            if let Some(digit) = input.iter_mut().skip(at).find(|byte| byte.is_ascii_digit()) {
                *digit = b'0' + u8::try_from(numbers.below(10)).unwrap_or(0);
            }
        }
    }
    input.truncate(BYTES_MAX);
}

/// Checks one input; a failure says how to see it again.
fn run(importer: &str, number: usize, input: &[u8]) {
    let result = catch_unwind(AssertUnwindSafe(|| check_for(importer, input)));
    assert!(result.is_ok(), "{importer}, input {number}, fails: b\"{}\"", input.escape_ascii());
}

#[test]
fn fuzz_smoke() {
    let seconds = std::env::var("IDM_DRILL_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let time = seconds.map(Duration::from_secs);
    let only = std::env::var("IDM_DRILL_FUZZ_IMPORTER").ok();
    for importer in importers() {
        if only.as_ref().is_some_and(|only| *only != importer) {
            continue;
        }
        let samples = samples(&importer);
        let begin = Instant::now();
        let mut numbers = Numbers(2026);
        let mut count = 0;
        while time.map_or(count < INPUTS, |time| begin.elapsed() < time) {
            let mut input = samples[count % samples.len()].1.clone();
            input.truncate(BYTES_MAX);
            for _ in 0..=numbers.below(6) {
                mutate(&mut input, &samples, &mut numbers);
            }
            run(&importer, count, &input);
            count += 1;
        }
        if time.is_some() {
            println!("{importer}: {count} inputs");
        }
    }
}
