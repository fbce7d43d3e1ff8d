//! Random quantities: each by its quantile function, so that one draw makes one value.
//!
//! A draw is a probability `p` strictly between 0 and 1 ([`Stream::unit`]), and the value is the
//! smallest one that is not exceeded with probability `p`. This is slower than other methods and
//! worth it: the draws of a stream stay in step whatever the parameters are, and a larger draw
//! never gives a smaller value. So two variants of a deployment can be compared on the same draws.
//!
//! | sampler | parameters | quantile |
//! |---|---|---|
//! | [`Exponential`] | mean m | `-m ln(1 - p)` |
//! | [`LogNormal`] | median d, sigma s | `d exp(s z)`, z the standard normal quantile of p |
//! | [`Weibull`] | scale b, shape k | `b (-ln(1 - p))^(1/k)` |
//! | [`Triangular`] | low, mode, high | see there |
//! | [`Uniform`] | low, high | `low + p (high - low)` |
//! | [`Empirical`] | table of quantiles | linear between the table's points |
//! | [`Categorical`] | weights | the first place whose cumulated weight exceeds `p` times the sum |
//!
//! Parameters are checked when a sampler is made; sampling cannot fail. Where a value is a duration
//! it is in seconds, and [`Quantile::sample_span`] rounds it to milliseconds.

mod continuous;
mod tables;

use std::fmt;

use crate::kernel::streams::Stream;
use crate::kernel::time::Span;

pub use self::continuous::{Exponential, LogNormal, Triangular, Uniform, Weibull};
pub use self::tables::{Categorical, Empirical};

/// A random quantity with a quantile function.
pub trait Quantile {
    /// The smallest value that is not exceeded with probability `p`; `p` strictly between 0 and 1.
    fn quantile(&self, p: f64) -> f64;

    /// A value, from one draw.
    fn sample(&self, stream: &mut Stream) -> f64 {
        self.quantile(stream.unit())
    }

    /// A value in seconds as a span, from one draw. Negative values become [`Span::ZERO`].
    fn sample_span(&self, stream: &mut Stream) -> Span {
        Span::from_seconds_f64(self.sample(stream))
    }
}

/// One of the samplers, for parameters that choose it.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this value. Takes a draw all the same, so that it can replace another one.
    Constant(f64),
    /// See [`Exponential`].
    Exponential(Exponential),
    /// See [`LogNormal`].
    LogNormal(LogNormal),
    /// See [`Weibull`].
    Weibull(Weibull),
    /// See [`Triangular`].
    Triangular(Triangular),
    /// See [`Uniform`].
    Uniform(Uniform),
    /// See [`Empirical`].
    Empirical(Empirical),
}

impl Quantile for Distribution {
    fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential(sampler) => sampler.quantile(p),
            Self::LogNormal(sampler) => sampler.quantile(p),
            Self::Weibull(sampler) => sampler.quantile(p),
            Self::Triangular(sampler) => sampler.quantile(p),
            Self::Uniform(sampler) => sampler.quantile(p),
            Self::Empirical(sampler) => sampler.quantile(p),
        }
    }
}

/// Parameters that no distribution has.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    /// The distribution.
    pub distribution: &'static str,
    /// The parameter.
    pub parameter: &'static str,
    /// What was given.
    pub value: f64,
    /// What the parameter has to be.
    pub expected: &'static str,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { distribution, parameter, value, expected } = self;
        write!(f, "{distribution}: {parameter} is {value}; expected {expected}")
    }
}

impl std::error::Error for Invalid {}

/// A finite number above zero.
fn positive(
    distribution: &'static str,
    parameter: &'static str,
    value: f64,
) -> Result<f64, Invalid> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(Invalid { distribution, parameter, value, expected: "a finite number above 0" })
    }
}

/// A finite number from `least` on.
fn at_least(
    least: f64,
    distribution: &'static str,
    parameter: &'static str,
    value: f64,
    expected: &'static str,
) -> Result<f64, Invalid> {
    if value >= least && value.is_finite() {
        Ok(value)
    } else {
        Err(Invalid { distribution, parameter, value, expected })
    }
}
