//! Samplers from tables.

use crate::kernel::samplers::{Invalid, Quantile};
use crate::kernel::streams::Stream;

/// What was measured: a table of quantiles, linear between its points.
///
/// ```
/// use simulator::kernel::samplers::{Empirical, Quantile};
///
/// let seconds = Empirical::from_quantiles(&[(0.0, 1.0), (0.5, 3.0), (0.9, 10.0), (1.0, 60.0)])?;
/// assert_eq!(seconds.quantile(0.5), 3.0);
/// assert_eq!(seconds.quantile(0.25), 2.0);
/// assert!(Empirical::from_quantiles(&[(0.0, 1.0), (1.0, 0.5)]).is_err());
/// # Ok::<(), simulator::kernel::samplers::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    points: Vec<(f64, f64)>,
}

impl Empirical {
    /// A variable with these quantiles: pairs of a probability and the value there.
    ///
    /// # Errors
    ///
    /// If the first probability is not 0 or the last not 1, the probabilities do not ascend, a
    /// value is not finite, or the values descend. Equal values are fine.
    #[expect(clippy::float_cmp, reason = "the ends of a table are written as 0 and 1")]
    pub fn from_quantiles(points: &[(f64, f64)]) -> Result<Self, Invalid> {
        let invalid = |parameter, value, expected| {
            Err(Invalid { distribution: "empirical", parameter, value, expected })
        };
        match (points.first(), points.last()) {
            (Some(&(first, _)), Some(&(last, _))) => {
                if first != 0.0 {
                    return invalid("first probability", first, "0");
                }
                if last != 1.0 {
                    return invalid("last probability", last, "1");
                }
            }
            _ => return invalid("number of points", 0.0, "at least 2"),
        }
        if let Some(&(_, value)) = points.iter().find(|(_, value)| !value.is_finite()) {
            return invalid("value", value, "a finite number");
        }
        for pair in points.windows(2) {
            if let [(p, value), (next_p, next_value)] = *pair {
                // Also false for what is not a number.
                if !matches!(next_p.partial_cmp(&p), Some(std::cmp::Ordering::Greater)) {
                    return invalid("probability", next_p, "more than the one before");
                }
                if next_value < value {
                    return invalid("value", next_value, "at least the one before");
                }
            }
        }
        Ok(Self { points: points.to_vec() })
    }

    /// A variable as the sorted values say: the smallest at probability 0, the largest at 1, the
    /// others evenly between (type 7 of Hyndman and Fan, 1996). One value alone is constant.
    ///
    /// # Errors
    ///
    /// If there is no value, or one is not finite.
    pub fn from_values(values: &[f64]) -> Result<Self, Invalid> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        if let &[value] = sorted.as_slice() {
            sorted.push(value);
        }
        let last = sorted.len().saturating_sub(1) as f64;
        let points: Vec<(f64, f64)> =
            sorted.iter().enumerate().map(|(index, value)| (index as f64 / last, *value)).collect();
        Self::from_quantiles(&points)
    }
}

impl Quantile for Empirical {
    fn quantile(&self, p: f64) -> f64 {
        let above = self.points.partition_point(|(probability, _)| *probability < p).max(1);
        match self.points.get(above - 1..=above) {
            Some(&[(p0, x0), (p1, x1)]) => {
                let share = (p - p0) / (p1 - p0);
                (1.0 - share) * x0 + share * x1
            }
            // Above 1, where no draw is.
            _ => self.points.last().map_or(f64::NAN, |(_, value)| *value),
        }
    }
}

/// One of several choices, each with a weight.
///
/// Sums of weights are kept, and a draw is looked up in them. A choice of weight 0 is never made.
///
/// ```
/// use simulator::kernel::samplers::Categorical;
/// use simulator::kernel::streams::Streams;
///
/// let choices = ["office hours", "evening", "night"];
/// let when = Categorical::from_weights(&[40.0, 28.0, 100.0])?;
/// let mut stream = Streams::new(7, 0).stream("detection", 0);
/// assert_eq!(choices[when.sample(&mut stream)], "evening");
/// # Ok::<(), simulator::kernel::samplers::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Categorical {
    sums: Vec<f64>,
    total: f64,
    last: usize,
}

impl Categorical {
    /// Choices with these weights, which need not sum to anything.
    ///
    /// # Errors
    ///
    /// If a weight is negative or not a number, or the sum is not a finite number above 0.
    pub fn from_weights(weights: &[f64]) -> Result<Self, Invalid> {
        let invalid = |parameter, value, expected| {
            Err(Invalid { distribution: "categorical", parameter, value, expected })
        };
        if let Some(&weight) = weights.iter().find(|weight| weight.is_nan() || **weight < 0.0) {
            return invalid("weight", weight, "a number from 0 on");
        }
        let mut total = 0.0;
        let sums: Vec<f64> = weights
            .iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        if !(total > 0.0 && total.is_finite()) {
            return invalid("sum of weights", total, "a finite number above 0");
        }
        let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or_default();
        Ok(Self { sums, total, last })
    }

    /// The place of a choice, from one draw.
    pub fn sample(&self, stream: &mut Stream) -> usize {
        self.place(stream.unit())
    }

    /// The first place whose sum of weights exceeds `p` times the total.
    pub fn place(&self, p: f64) -> usize {
        let wanted = p * self.total;
        // A probability of 1, which no draw is, exceeds every sum.
        self.sums.partition_point(|sum| *sum <= wanted).min(self.last)
    }
}
