//! Streams of chance are those of the documentation, and do not see each other.

#![expect(clippy::float_cmp, reason = "exact where no rounding happens")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use quickcheck::{Gen, QuickCheck, Testable};
use simulator::kernel::streams::{Stream, Streams};

use crate::kernel_samplers::assert_distribution;

/// The distance of two probabilities.
const STEP: f64 = 1.0 / 9_007_199_254_740_992.0;

fn check(law: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(40, 0x1d3d_0003)).tests(2_000).quickcheck(law);
}

fn stream(name: &str) -> Stream {
    Streams::new(2026, 11).stream(name, 0)
}

fn below(limit: u64) -> NonZeroU64 {
    NonZeroU64::new(limit).expect("not zero")
}

/// Seed, trial, name and index.
type Cause = (u64, u64, &'static str, u64);

#[test]
fn streams_are_those_of_the_documentation() {
    // The first three numbers, computed by another program from the definition.
    let expected: [(Cause, [u64; 3]); 7] = [
        ((0, 0, "", 0), [0xe53e_88fc_3639_fbbe, 0x22aa_3bcf_f58c_ac9a, 0x1156_81a7_8257_856c]),
        (
            (7, 0, "server-loss", 0),
            [0x5e5b_be38_d67f_0d06, 0x117e_83b9_14ce_45b1, 0x42af_9633_0627_c90c],
        ),
        (
            (7, 0, "server-loss", 1),
            [0xdd4d_f449_95df_ab1d, 0x9be0_4862_3457_c4a2, 0x8d20_a6f8_217f_6ab5],
        ),
        (
            (7, 1, "server-loss", 0),
            [0xd988_f409_2714_9b0c, 0x1aca_e7c9_7118_aef3, 0xe713_4a77_8cea_cc19],
        ),
        (
            (8, 0, "server-loss", 0),
            [0x4aaa_04f7_8ec5_c47f, 0xd684_cab6_2a5d_b957, 0x4821_43bc_1a95_0130],
        ),
        (
            (u64::MAX, 3, "repair/ipa1.example.test", 60),
            [0xb883_1547_6391_55a6, 0x1f77_797f_87d4_0b0e, 0xb0c7_41c6_7fe5_8dc3],
        ),
        ((1, 2, "Größe", 3), [0x3edd_e89f_36d6_e709, 0x3e51_3102_e3b8_2988, 0x261c_335a_9e50_2635]),
    ];
    for ((seed, trial, name, index), numbers) in expected {
        let mut stream = Streams::new(seed, trial).stream(name, index);
        assert_eq!(numbers.map(|_| stream.next_u64()), numbers, "{name} {index}");
    }
}

#[test]
fn a_stream_does_not_see_what_others_draw() {
    fn law(name: String, other: String, index: u8, turns: Vec<bool>) -> bool {
        let trial = Streams::new(5, 6);
        let alone = trial.stream(&name, index.into());
        let mut expected = alone.clone();
        let mut stream = alone;
        let mut neighbor = trial.stream(&other, u64::from(index) + 1);
        turns.into_iter().all(|mine| {
            if mine {
                return stream.next_u64() == expected.next_u64();
            }
            neighbor.next_u64();
            true
        })
    }
    check(law as fn(String, String, u8, Vec<bool>) -> bool);
}

#[test]
fn near_causes_have_different_streams() {
    let mut firsts = BTreeSet::new();
    let mut count = 0;
    for seed in 0..8 {
        for trial in 0..8 {
            for name in ["", "\0", "a", "a\0", "aa", "server-loss", "server-losses"] {
                for index in 0..40 {
                    let mut stream = Streams::new(seed, trial).stream(name, index);
                    firsts.insert([stream.next_u64(), stream.next_u64()]);
                    count += 1;
                }
            }
        }
    }
    assert_eq!(firsts.len(), count);
    // Seed, trial and index do not stand for each other.
    let numbers: BTreeSet<u64> = [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)]
        .map(|(seed, trial, index)| Streams::new(seed, trial).stream("x", index).next_u64())
        .into();
    assert_eq!(numbers.len(), 6);
}

#[test]
fn neighboring_streams_are_not_correlated() {
    // The first draws of 40,000 streams that differ in one number only are uniform.
    let firsts = |pick: fn(u64) -> Stream| -> Vec<f64> {
        (0..40_000).map(|number| pick(number).unit()).collect()
    };
    let uniform = |x: f64| x;
    assert_distribution("by seed", firsts(|n| Streams::new(n, 0).stream("x", 0)), uniform);
    assert_distribution("by trial", firsts(|n| Streams::new(0, n).stream("x", 0)), uniform);
    assert_distribution("by index", firsts(|n| Streams::new(0, 0).stream("x", n)), uniform);
}

#[test]
fn a_unit_is_never_0_or_1_and_its_complement_is_exact() {
    fn law(seed: u64) -> bool {
        let p = Streams::new(seed, 0).stream("unit", 0).unit();
        p > 0.0 && p < 1.0 && 1.0 - (1.0 - p) == p && (p / STEP) % 2.0 == 1.0
    }
    check(law as fn(u64) -> bool);
}

#[test]
fn chance_keeps_its_edges_and_its_share() {
    let mut draws = stream("chance");
    assert!((0..1_000).all(|_| !draws.chance(0.0) && draws.chance(1.0) && !draws.chance(f64::NAN)));
    let hits = (0..100_000).filter(|_| draws.chance(0.03)).count();
    // Three standard deviations are 162.
    assert!(hits.abs_diff(3_000) < 162, "{hits}");
}

#[test]
fn whole_numbers_are_below_their_limit_and_equally_likely() {
    let mut draws = stream("below");
    for limit in [1, 2, 3, 7, 10, 1 << 32, (1 << 63) + 1, u64::MAX] {
        assert!((0..1_000).all(|_| draws.below(below(limit)) < limit));
    }
    let mut counts = [0_u32; 7];
    for _ in 0..70_000 {
        counts[draws.below(below(7)) as usize] += 1;
    }
    let chi_square: f64 = counts
        .iter()
        .map(|count| (f64::from(*count) - 10_000.0) * (f64::from(*count) - 10_000.0) / 10_000.0)
        .sum();
    // 99.9 % of a chi-square variable with 6 degrees of freedom.
    assert!(chi_square < 22.458, "{counts:?}");
    // Without a second draw, half of the numbers below 3 * 2^62 would be multiples of 3.
    let threes = (0..9_000).filter(|_| draws.below(below(3 << 62)).is_multiple_of(3)).count();
    assert!(threes.abs_diff(3_000) < 150, "{threes}");
}

#[test]
fn shuffling_reaches_all_orders_equally() {
    let mut draws = stream("shuffle");
    let mut counts = BTreeMap::new();
    for _ in 0..24_000 {
        let mut items = [0, 1, 2, 3];
        draws.shuffle(&mut items);
        *counts.entry(items).or_insert(0_i32) += 1;
    }
    assert_eq!(counts.len(), 24);
    let chi_square: i32 = counts.values().map(|count| (count - 1_000) * (count - 1_000)).sum();
    // 99.9 % with 23 degrees of freedom is 49.728.
    assert!(chi_square < 49_728, "{counts:?}");
    assert_eq!(draws.choose::<u8>(&[]), None);
    let chosen: BTreeSet<_> = (0..100).filter_map(|_| draws.choose(&[1, 2, 3])).collect();
    assert_eq!(chosen.len(), 3);
}
