//! What many trials measured, exact and the same in whatever order the trials came in.

use std::collections::BTreeMap;

/// A collection of whole numbers, each with how often it was seen.
///
/// Nothing is rounded or thrown away, so two collections can be joined in any order, by any number
/// of threads or machines, and give the same result. Memory follows the number of different values.
///
/// ```
/// use simulator::kernel::statistics::Observations;
///
/// let mut outages = Observations::new();
/// for seconds in [30, 10, 20, 20] {
///     outages.record(seconds);
/// }
/// assert_eq!((outages.count(), outages.sum()), (4, 80));
/// assert_eq!((outages.min(), outages.median(), outages.max()), (Some(10), Some(20), Some(30)));
/// assert_eq!(outages.quantile(3, 4), Some(20));
/// assert_eq!(outages.quantile(76, 100), Some(30));
/// assert_eq!(outages.mean(), Some(20.0));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Observations {
    seen: BTreeMap<u64, u64>,
    count: u64,
    sum: u128,
}

impl Observations {
    /// No observation.
    pub const fn new() -> Self {
        Self { seen: BTreeMap::new(), count: 0, sum: 0 }
    }

    /// Adds one observation.
    pub fn record(&mut self, value: u64) {
        self.record_many(value, 1);
    }

    /// Adds the same observation several times.
    pub fn record_many(&mut self, value: u64, times: u64) {
        if times > 0 {
            *self.seen.entry(value).or_default() += times;
            self.count += times;
            self.sum += u128::from(value) * u128::from(times);
        }
    }

    /// Adds the observations of another collection.
    pub fn merge(&mut self, other: &Self) {
        for (value, times) in other.values() {
            self.record_many(value, times);
        }
    }

    /// Number of observations.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Sum of all observations.
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The values with how often each was seen, ascending.
    pub fn values(&self) -> impl Iterator<Item = (u64, u64)> {
        self.seen.iter().map(|(value, times)| (*value, *times))
    }

    /// The smallest observation.
    pub fn min(&self) -> Option<u64> {
        self.seen.first_key_value().map(|(value, _)| *value)
    }

    /// The largest observation.
    pub fn max(&self) -> Option<u64> {
        self.seen.last_key_value().map(|(value, _)| *value)
    }

    /// The arithmetic mean, rounded once to the nearest `f64`s of sum and count.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The variance of the sample, with `count - 1` below; `None` for fewer than two observations.
    pub fn variance(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.count > 1)?;
        let squares: f64 = self
            .values()
            .map(|(value, times)| {
                let distance = value as f64 - mean;
                distance * distance * times as f64
            })
            .sum();
        Some(squares / (self.count - 1) as f64)
    }

    /// The smallest observation that at least `numerator / denominator` of all observations do not
    /// exceed: the inverse of the empirical distribution function, without interpolation (type 1 of
    /// R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996).
    ///
    /// The result is always one of the observations. `0` gives the smallest one, and everything
    /// from `denominator` on the largest. `None` without observations, and for a denominator of 0.
    pub fn quantile(&self, numerator: u64, denominator: u64) -> Option<u64> {
        if denominator == 0 {
            return None;
        }
        let product = u128::from(self.count) * u128::from(numerator);
        let rank =
            product.div_ceil(u128::from(denominator)).clamp(1, u128::from(self.count.max(1)));
        let mut passed = 0;
        self.values()
            .find(|(_, times)| {
                passed += u128::from(*times);
                passed >= rank
            })
            .map(|(value, _)| value)
    }

    /// The quantile of one half: the lower one of the two in the middle.
    pub fn median(&self) -> Option<u64> {
        self.quantile(1, 2)
    }

    /// The quantile of this many hundredths.
    pub fn percentile(&self, hundredths: u64) -> Option<u64> {
        self.quantile(hundredths, 100)
    }
}
