//! Samplers have the distributions that they name.
//!
//! Exact values come from the definitions in 40 digits, computed outside this program; distribution
//! functions are written here a second time.

#![expect(clippy::float_cmp, reason = "exact where no rounding happens")]

use std::fmt::Write;

use quickcheck::{Gen, QuickCheck, Testable};
use simulator::kernel::math;
use simulator::kernel::samplers::{
    Categorical, Distribution, Empirical, Exponential, Invalid, LogNormal, Quantile, Triangular,
    Uniform, Weibull,
};
use simulator::kernel::streams::{Stream, Streams};
use simulator::kernel::time::Span;

const SMALLEST: f64 = 1.0 / 9_007_199_254_740_992.0;

fn check(law: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(40, 0x1d3d_0003)).tests(2_000).quickcheck(law);
}

fn stream(name: &str) -> Stream {
    Streams::new(2026, 11).stream(name, 0)
}

#[expect(clippy::excessive_precision, reason = "17 digits, as they were computed")]
#[test]
fn the_normal_quantile_has_16_digits() {
    let expected = [
        (1e-300, -37.047_096_299_361_199),
        (1e-100, -21.273_453_560_965_324),
        (1e-20, -9.262_340_089_798_407_6),
        (SMALLEST, -8.209_536_151_601_386_9),
        (1e-9, -5.997_807_015_007_686_9),
        (0.001, -3.090_232_306_167_813_5),
        (0.074_999_9, -1.439_532_177_375_900_6),
        (0.075_000_1, -1.439_530_764_501_729_7),
        (0.25, -0.674_489_750_196_081_74),
        (0.6, 0.253_347_103_135_799_74),
        (0.924_999_9, 1.439_530_764_501_729_6),
        (0.95, 1.644_853_626_951_472_3),
        (0.999, 3.090_232_306_167_813_3),
        (1.0 - SMALLEST, 8.209_536_151_601_386_9),
    ];
    for (p, z) in expected {
        assert_near(&format!("quantile of {p}"), math::normal_quantile(p), z);
    }
    assert_eq!(math::normal_quantile(0.5).to_bits(), 0);
    assert_eq!(math::normal_quantile(0.0), f64::NEG_INFINITY);
    assert_eq!(math::normal_quantile(1.0), f64::INFINITY);
    assert!(math::normal_quantile(-0.1).is_nan() && math::normal_quantile(1.1).is_nan());
    let distribution = [
        (-8.0, 6.220_960_574_271_784_1e-16),
        (-1.0, 0.158_655_253_931_457_05),
        (0.0, 0.5),
        (0.5, 0.691_462_461_274_013_1),
        (3.0, 0.998_650_101_968_369_91),
    ];
    for (z, p) in distribution {
        let found = math::normal_cdf(z);
        // One bit of z counts z times.
        assert!((found - p).abs() <= 1e-14 * p, "distribution function at {z}: {found}");
    }
}

/// Within 4e-15 of what is expected, relative to it.
#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 4e-15 * expected.abs(), "{what}: {found}, not {expected}");
}

type Cdf = Box<dyn Fn(f64) -> f64>;

/// A sampler, its name, its distribution function and its mean.
struct Sampler {
    name: &'static str,
    shape: Distribution,
    cdf: Cdf,
    mean: Option<f64>,
}

fn samplers() -> Vec<Sampler> {
    all_samplers().expect("valid parameters")
}

fn all_samplers() -> Result<Vec<Sampler>, Invalid> {
    let list: Vec<(&'static str, Distribution, Cdf, Option<f64>)> = vec![
        (
            "exponential, mean 100",
            Distribution::Exponential(Exponential::from_mean(100.0)?),
            Box::new(|x| 1.0 - math::exp(-x / 100.0)),
            Some(100.0),
        ),
        (
            "lognormal, median 300, sigma 1.5",
            Distribution::LogNormal(LogNormal::from_median_and_sigma(300.0, 1.5)?),
            Box::new(|x| math::normal_cdf(math::ln(x / 300.0) / 1.5)),
            None,
        ),
        (
            "lognormal, mean 3600, sigma 1",
            Distribution::LogNormal(LogNormal::from_mean_and_sigma(3600.0, 1.0)?),
            Box::new(|x| math::normal_cdf(math::ln(x) - math::ln(3600.0) + 0.5)),
            Some(3600.0),
        ),
        (
            "Weibull, scale 1000, shape 0.7",
            Distribution::Weibull(Weibull::from_scale_and_shape(1000.0, 0.7)?),
            Box::new(|x| 1.0 - math::exp(-math::pow(x / 1000.0, 0.7))),
            Some(1_265.823_506_057_283_4),
        ),
        (
            "Weibull, mean 1000, shape 3",
            Distribution::Weibull(Weibull::from_mean_and_shape(1000.0, 3.0)?),
            Box::new(|x| {
                let scaled = x / 1_119.846_521_722_186;
                1.0 - math::exp(-(scaled * scaled * scaled))
            }),
            Some(1000.0),
        ),
        (
            "triangular, 8 to 40, mode 15",
            Distribution::Triangular(Triangular::new(8.0, 15.0, 40.0)?),
            Box::new(|x| {
                if x < 15.0 {
                    (x - 8.0) * (x - 8.0) / (32.0 * 7.0)
                } else {
                    1.0 - (40.0 - x) * (40.0 - x) / (32.0 * 25.0)
                }
            }),
            Some(21.0),
        ),
        (
            "triangular, 0 to 1, mode 0",
            Distribution::Triangular(Triangular::new(0.0, 0.0, 1.0)?),
            Box::new(|x| 1.0 - (1.0 - x) * (1.0 - x)),
            Some(1.0 / 3.0),
        ),
        (
            "uniform, -2 to 5",
            Distribution::Uniform(Uniform::new(-2.0, 5.0)?),
            Box::new(|x| (x + 2.0) / 7.0),
            Some(1.5),
        ),
        (
            "empirical",
            Distribution::Empirical(Empirical::from_quantiles(&[
                (0.0, 1.0),
                (0.5, 3.0),
                (0.9, 10.0),
                (1.0, 60.0),
            ])?),
            Box::new(|x| match x {
                ..3.0 => (x - 1.0) / 4.0,
                3.0..10.0 => 0.5 + 0.4 * (x - 3.0) / 7.0,
                _ => 0.9 + 0.1 * (x - 10.0) / 50.0,
            }),
            Some(0.5 * 2.0 + 0.4 * 6.5 + 0.1 * 35.0),
        ),
    ];
    let named = |(name, shape, cdf, mean)| Sampler { name, shape, cdf, mean };
    Ok(list.into_iter().map(named).collect())
}

/// The test of Kolmogorov and Smirnov; a sampler that is right passes at 999 of 1000 seeds.
#[track_caller]
pub(crate) fn assert_distribution(name: &str, mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let distance = values.iter().enumerate().fold(0.0_f64, |most, (index, value)| {
        let expected = cdf(*value);
        let (below, above) = (index as f64 / count, (index + 1) as f64 / count);
        most.max(expected - below).max(above - expected)
    });
    assert!(distance * count.sqrt() < 1.95, "{name}: the distance is {distance}");
}

#[test]
fn samples_have_the_distribution() {
    for Sampler { name, shape, cdf, mean } in samplers() {
        let mut draws = stream(name);
        let values: Vec<f64> = (0..50_000).map(|_| shape.sample(&mut draws)).collect();
        if let Some(mean) = mean {
            let count = values.len() as f64;
            let found = values.iter().sum::<f64>() / count;
            let squares: f64 = values.iter().map(|x| (x - found) * (x - found)).sum();
            let error = (squares / (count - 1.0) / count).sqrt();
            assert!((found - mean).abs() < 4.0 * error, "{name}: mean {found} of {mean}");
        }
        assert_distribution(name, values, cdf);
    }
}

#[test]
fn means_are_those_of_the_formulas() {
    let weibull = Weibull::from_scale_and_shape(1000.0, 0.7).expect("valid");
    assert_near("Weibull", weibull.mean(), 1_265.823_506_057_283_4);
    let weibull = Weibull::from_mean_and_shape(1000.0, 3.0).expect("valid");
    assert_near("Weibull by its mean", weibull.mean(), 1000.0);
    let lognormal = LogNormal::from_median_and_sigma(300.0, 1.5).expect("valid");
    assert_near("lognormal", lognormal.mean(), 924.065_054_675_409_4);
    assert_near("lognormal's median", lognormal.median(), 300.0);
    assert_near("exponential", Exponential::from_mean(7.0).expect("valid").mean(), 7.0);
    assert_near("triangular", Triangular::new(8.0, 15.0, 40.0).expect("valid").mean(), 21.0);
    assert_near("uniform", Uniform::new(-2.0, 5.0).expect("valid").mean(), 1.5);
}

#[test]
fn a_wrong_distribution_is_noticed() {
    // The test above can fail: the same sample against parameters 3 % away.
    let sampler = Exponential::from_mean(103.0).expect("valid");
    let mut draws = stream("exponential, mean 100");
    let mut values: Vec<f64> = (0..50_000).map(|_| sampler.sample(&mut draws)).collect();
    values.sort_by(f64::total_cmp);
    let distance = values.iter().enumerate().fold(0.0_f64, |most, (index, value)| {
        most.max((1.0 - math::exp(-value / 100.0) - index as f64 / 50_000.0).abs())
    });
    assert!(distance * 50_000.0_f64.sqrt() > 1.95, "{distance}");
}

#[test]
fn quantile_and_distribution_function_undo_each_other() {
    fn law(seed: u64) -> bool {
        let p = Streams::new(seed, 1).stream("inverse", 0).unit();
        samplers()
            .iter()
            .all(|Sampler { shape, cdf, .. }| (cdf(shape.quantile(p)) - p).abs() < 1e-13)
    }
    check(law as fn(u64) -> bool);
}

#[test]
fn a_larger_draw_never_gives_a_smaller_value() {
    fn law(seed: u64) -> bool {
        let mut draws = Streams::new(seed, 2).stream("monotone", 0);
        let (one, other) = (draws.unit(), draws.unit());
        // Far apart, and next to each other.
        [(one.min(other), one.max(other)), (one, (one + SMALLEST).min(1.0 - SMALLEST))].iter().all(
            |(low, high)| {
                samplers().iter().all(|Sampler { shape, .. }| {
                    let (low, high) = (shape.quantile(*low), shape.quantile(*high));
                    // The last bit is not promised.
                    low <= high + 1e-14 * high.abs()
                })
            },
        )
    }
    check(law as fn(u64) -> bool);
}

#[test]
fn every_sampler_takes_one_draw() {
    for Sampler { name, shape, .. } in samplers() {
        let (mut one, mut other) = (stream(name), stream(name));
        shape.sample(&mut one);
        other.next_u64();
        assert_eq!(one, other, "{name}");
        shape.sample_span(&mut one);
        other.next_u64();
        assert_eq!(one, other, "{name}");
    }
    let (mut one, mut other) = (stream("c"), stream("c"));
    Categorical::from_weights(&[1.0, 2.0]).expect("valid").sample(&mut one);
    Distribution::Constant(3.0).sample(&mut one);
    other.next_u64();
    other.next_u64();
    assert_eq!(one, other);
}

/// Values at the ends, the eighths and the middle, as 40-digit arithmetic has them.
#[test]
fn quantiles_are_those_of_the_formulas() {
    let expected: [(&str, [f64; 5]); 7] = [
        (
            "exponential, mean 100",
            [
                1.110_223_024_625_156_5e-14,
                13.353_139_262_452_263,
                69.314_718_055_994_53,
                207.944_154_167_983_58,
                3_673.680_056_967_710_2,
            ],
        ),
        (
            "lognormal, median 300, sigma 1.5",
            [
                0.001_346_129_619_329_217,
                53.423_910_295_350_225,
                300.0,
                1_684.638_947_288_611_2,
                66_858_346.111_459_49,
            ],
        ),
        (
            "lognormal, mean 3600, sigma 1",
            [
                0.594_017_186_131_227_4,
                691.138_158_737_569_6,
                2_183.510_374_965_480_4,
                6_898.356_713_931_969,
                8_026_228.312_742_168,
            ],
        ),
        (
            "Weibull, scale 1000, shape 0.7",
            [
                1.613_351_137_912_575e-20,
                56.342_147_684_210_57,
                592.390_112_952_133_8,
                2_845.834_198_167_116_5,
                172_130.980_964_796_65,
            ],
        ),
        (
            "Weibull, mean 1000, shape 3",
            [
                0.005_382_225_820_042_946,
                572.382_435_427_676_5,
                991.060_862_018_319_2,
                1_429.357_102_394_410_5,
                3_722.707_797_565_468,
            ],
        ),
        (
            "triangular, 8 to 40, mode 15",
            [8.000_000_157_699_066, 13.291_502_622_129_181, 20.0, 30.0, 39.999_999_701_976_776],
        ),
        ("uniform, -2 to 5", [-1.999_999_999_999_999_1, -1.125, 1.5, 4.125, 4.999_999_999_999_999]),
    ];
    let samplers = samplers();
    for (name, values) in expected {
        let sampler = samplers.iter().find(|sampler| sampler.name == name).expect("a sampler");
        for (p, value) in [SMALLEST, 0.125, 0.5, 0.875, 1.0 - SMALLEST].into_iter().zip(values) {
            // An error of one bit in a logarithm of 18 is 36 bits in what it is the exponent of.
            let found = sampler.shape.quantile(p);
            assert!((found - value).abs() <= 1e-14 * value.abs(), "{name} at {p}: {found}");
        }
    }
}

#[test]
fn samples_are_bit_for_bit_what_they_were() {
    let mut text = String::new();
    for Sampler { name, shape, .. } in samplers() {
        let mut draws = stream("golden");
        writeln!(text, "{name}").expect("room");
        for _ in 0..8 {
            let value = shape.sample(&mut draws);
            writeln!(text, "    {:016x} {value:?}", value.to_bits()).expect("room");
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn choices_come_as_often_as_their_weights_say() {
    let weights = [0.0, 40.0, 0.0, 28.0, 100.0, 0.0];
    let choice = Categorical::from_weights(&weights).expect("valid");
    let mut draws = stream("choices");
    let mut counts = [0_u32; 6];
    for _ in 0..168_000 {
        counts[choice.sample(&mut draws)] += 1;
    }
    let mut chi_square = 0.0;
    for (count, weight) in counts.iter().zip(weights) {
        if weight > 0.0 {
            let off = f64::from(*count) - 1000.0 * weight;
            chi_square += off * off / (1000.0 * weight);
        } else {
            assert_eq!(*count, 0);
        }
    }
    // 99.9 % with 2 degrees of freedom.
    assert!(chi_square < 13.816, "{counts:?}");
    assert_eq!(choice.place(SMALLEST), 1);
    assert_eq!(choice.place(40.0 / 168.0), 3);
    assert_eq!(choice.place(1.0 - SMALLEST), 4);
    assert_eq!(choice.place(1.0), 4);
}

#[test]
fn no_draw_leads_to_a_choice_without_weight() {
    fn law(weights: Vec<u8>, seed: u64) -> bool {
        let real: Vec<f64> = weights.iter().map(|weight| f64::from(*weight % 4) * 0.1).collect();
        let Ok(choice) = Categorical::from_weights(&real) else {
            return real.iter().all(|weight| *weight == 0.0);
        };
        let p = Streams::new(seed, 3).stream("choice", 0).unit();
        [SMALLEST, p, 1.0 - SMALLEST].iter().all(|p| real[choice.place(*p)] > 0.0)
    }
    check(law as fn(Vec<u8>, u64) -> bool);
}

#[test]
fn a_table_of_values_gives_them_back() {
    let table = Empirical::from_values(&[30.0, 10.0, 20.0, 20.0, 50.0]).expect("valid");
    let found = [SMALLEST, 0.25, 0.5, 0.625, 0.75, 1.0 - SMALLEST].map(|p| table.quantile(p));
    let expected = [10.0, 20.0, 20.0, 25.0, 30.0, 50.0];
    for (found, expected) in found.iter().zip(expected) {
        assert_near("quantile", *found, expected);
    }
    let constant = Empirical::from_values(&[7.0]).expect("valid");
    assert_eq!(constant.sample_span(&mut stream("x")), Span::from_seconds(7));
}

#[test]
fn impossible_parameters_are_refused_with_their_names() {
    let (nan, infinite) = (f64::NAN, f64::INFINITY);
    let errors = [
        Exponential::from_mean(0.0).err(),
        Exponential::from_mean(nan).err(),
        Exponential::from_mean(infinite).err(),
        LogNormal::from_median_and_sigma(-1.0, 1.0).err(),
        LogNormal::from_median_and_sigma(1.0, -0.5).err(),
        LogNormal::from_mean_and_sigma(1.0, nan).err(),
        LogNormal::from_mean_and_sigma(1.0, 1e10).err(),
        Weibull::from_scale_and_shape(1.0, 0.0).err(),
        Weibull::from_mean_and_shape(1.0, 0.001).err(),
        Triangular::new(1.0, 0.0, 2.0).err(),
        Triangular::new(0.0, 1.0, nan).err(),
        Uniform::new(infinite, infinite).err(),
        Uniform::new(3.0, 1.0).err(),
        Empirical::from_quantiles(&[]).err(),
        Empirical::from_quantiles(&[(0.0, 1.0)]).err(),
        Empirical::from_quantiles(&[(0.1, 1.0), (1.0, 2.0)]).err(),
        Empirical::from_quantiles(&[(0.0, 1.0), (0.5, 2.0), (0.5, 3.0), (1.0, 4.0)]).err(),
        Empirical::from_quantiles(&[(0.0, 1.0), (nan, 2.0), (1.0, 4.0)]).err(),
        Empirical::from_quantiles(&[(0.0, 1.0), (1.0, 0.5)]).err(),
        Empirical::from_values(&[]).err(),
        Empirical::from_values(&[1.0, infinite]).err(),
        Categorical::from_weights(&[]).err(),
        Categorical::from_weights(&[0.0, 0.0]).err(),
        Categorical::from_weights(&[1.0, -1.0]).err(),
        Categorical::from_weights(&[1.0, nan]).err(),
        Categorical::from_weights(&[f64::MAX, f64::MAX]).err(),
    ];
    let texts: Vec<String> = errors
        .iter()
        .map(|error| error.as_ref().map_or("accepted".to_owned(), ToString::to_string))
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn accepted_parameters_give_finite_ordered_values() {
    fn law(a: f64, b: f64, c: f64, seed: u64) -> bool {
        let p = Streams::new(seed, 4).stream("any", 0).unit();
        let mut sorted = [a, b, c];
        sorted.sort_by(f64::total_cmp);
        let [low, middle, high] = sorted;
        let triangular = Triangular::new(low, middle, high).map(|sampler| sampler.quantile(p));
        let uniform = Uniform::new(low, high).map(|sampler| sampler.quantile(p));
        let slack = 1e-12 * (low.abs() + high.abs());
        let fits = |value: Result<f64, Invalid>, numbers: &[f64]| match value {
            Ok(value) => value >= low - slack && value <= high + slack,
            Err(_) => numbers.iter().any(|number| !number.is_finite()),
        };
        fits(triangular, &[low, middle, high, high - low]) && fits(uniform, &[low, high])
    }
    check(law as fn(f64, f64, f64, u64) -> bool);
}
