//! Samplers with a formula.

use crate::kernel::math;
use crate::kernel::samplers::{Invalid, Quantile, at_least, positive};

/// Time to something that does not age: `P(X <= x) = 1 - exp(-x / mean)`.
///
/// ```
/// use simulator::kernel::samplers::{Exponential, Quantile};
///
/// let losses = Exponential::from_mean(100.0)?;
/// assert_eq!(losses.quantile(0.5), 100.0 * std::f64::consts::LN_2);
/// assert!(Exponential::from_mean(0.0).is_err());
/// # Ok::<(), simulator::kernel::samplers::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    mean: f64,
}

impl Exponential {
    /// An exponential variable with this mean.
    ///
    /// # Errors
    ///
    /// If the mean is not a finite number above 0.
    pub fn from_mean(mean: f64) -> Result<Self, Invalid> {
        Ok(Self { mean: positive("exponential", "mean", mean)? })
    }

    /// The mean.
    pub const fn mean(self) -> f64 {
        self.mean
    }
}

impl Quantile for Exponential {
    fn quantile(&self, p: f64) -> f64 {
        -self.mean * math::ln(1.0 - p)
    }
}

/// Durations of work: the logarithm is normal, `P(X <= x) = Phi(ln(x / median) / sigma)`.
///
/// ```
/// use simulator::kernel::samplers::{LogNormal, Quantile};
///
/// let detection = LogNormal::from_median_and_sigma(300.0, 1.0)?;
/// assert_eq!(detection.quantile(0.5), 300.0);
/// let repair = LogNormal::from_mean_and_sigma(3600.0, 1.0)?;
/// assert_eq!(repair.median(), 3600.0 * (-0.5_f64).exp());
/// # Ok::<(), simulator::kernel::samplers::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogNormal {
    median: f64,
    sigma: f64,
}

impl LogNormal {
    /// A lognormal variable; `sigma` is the standard deviation of its natural logarithm.
    ///
    /// # Errors
    ///
    /// If the median is not a finite number above 0, or sigma not a finite number from 0 on.
    pub fn from_median_and_sigma(median: f64, sigma: f64) -> Result<Self, Invalid> {
        let expected = "a finite number from 0 on";
        Ok(Self {
            sigma: at_least(0.0, "lognormal", "sigma", sigma, expected)?,
            median: positive("lognormal", "median", median)?,
        })
    }

    /// The same by its mean, which is `median exp(sigma^2 / 2)`.
    ///
    /// # Errors
    ///
    /// If the mean is not a finite number above 0, sigma not a finite number from 0 on, or sigma so
    /// large that the median is 0.
    pub fn from_mean_and_sigma(mean: f64, sigma: f64) -> Result<Self, Invalid> {
        let mean = positive("lognormal", "mean", mean)?;
        Self::from_median_and_sigma(mean * math::exp(-0.5 * sigma * sigma), sigma)
    }

    /// The median.
    pub const fn median(&self) -> f64 {
        self.median
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.median * math::exp(0.5 * self.sigma * self.sigma)
    }
}

impl Quantile for LogNormal {
    fn quantile(&self, p: f64) -> f64 {
        self.median * math::exp(self.sigma * math::normal_quantile(p))
    }
}

/// Time to something that ages (shape above 1) or settles (below 1):
/// `P(X <= x) = 1 - exp(-(x / scale)^shape)`.
///
/// ```
/// use simulator::kernel::samplers::{Quantile, Weibull};
///
/// let disks = Weibull::from_mean_and_shape(1.0e6, 0.7)?;
/// assert!(disks.quantile(0.5) < disks.mean());
/// assert!(Weibull::from_scale_and_shape(1.0, -1.0).is_err());
/// # Ok::<(), simulator::kernel::samplers::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weibull {
    scale: f64,
    shape: f64,
}

impl Weibull {
    /// A Weibull variable.
    ///
    /// # Errors
    ///
    /// If scale or shape is not a finite number above 0.
    pub fn from_scale_and_shape(scale: f64, shape: f64) -> Result<Self, Invalid> {
        Ok(Self {
            scale: positive("Weibull", "scale", scale)?,
            shape: positive("Weibull", "shape", shape)?,
        })
    }

    /// The same by its mean, which is `scale gamma(1 + 1 / shape)`.
    ///
    /// # Errors
    ///
    /// If mean or shape is not a finite number above 0, or the shape so small (below about 0.006)
    /// that no scale has this mean.
    pub fn from_mean_and_shape(mean: f64, shape: f64) -> Result<Self, Invalid> {
        let mean = positive("Weibull", "mean", mean)?;
        let shape = positive("Weibull", "shape", shape)?;
        Self::from_scale_and_shape(mean / math::gamma(1.0 + 1.0 / shape), shape)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.scale * math::gamma(1.0 + 1.0 / self.shape)
    }
}

impl Quantile for Weibull {
    fn quantile(&self, p: f64) -> f64 {
        self.scale * math::pow(-math::ln(1.0 - p), 1.0 / self.shape)
    }
}

/// What people say when asked for least, likely and most.
///
/// The density rises linearly from `low` to `mode` and falls linearly to `high`. With
/// `w = high - low` and `c = (mode - low) / w` the quantile is `low + w sqrt(c p)` for `p < c`, and
/// `high - w sqrt((1 - c) (1 - p))` from there on.
///
/// ```
/// use simulator::kernel::samplers::{Quantile, Triangular};
///
/// let minutes = Triangular::new(8.0, 15.0, 40.0)?;
/// assert_eq!(minutes.mean(), 21.0);
/// assert_eq!(minutes.quantile(7.0 / 32.0), 15.0);
/// assert!(Triangular::new(8.0, 50.0, 40.0).is_err());
/// # Ok::<(), simulator::kernel::samplers::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triangular {
    low: f64,
    mode: f64,
    high: f64,
}

impl Triangular {
    /// A triangular variable; all three may be equal.
    ///
    /// # Errors
    ///
    /// If a number or `high - low` is not finite, or not `low <= mode <= high`.
    pub fn new(low: f64, mode: f64, high: f64) -> Result<Self, Invalid> {
        let (name, finite) = ("triangular", "a finite number");
        let low = at_least(f64::MIN, name, "low", low, finite)?;
        let mode = at_least(low, name, "mode", mode, "a finite number from low on")?;
        let high = at_least(mode, name, "high", high, "a finite number from mode on")?;
        at_least(0.0, name, "high - low", high - low, finite)?;
        Ok(Self { low, mode, high })
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        (self.low + self.mode + self.high) / 3.0
    }
}

impl Quantile for Triangular {
    fn quantile(&self, p: f64) -> f64 {
        let width = self.high - self.low;
        if width <= 0.0 {
            return self.low;
        }
        let rising = (self.mode - self.low) / width;
        if p < rising {
            self.low + width * (rising * p).sqrt()
        } else {
            self.high - width * ((self.high - self.mode) / width * (1.0 - p)).sqrt()
        }
    }
}

/// Anything between two values, all equally likely.
///
/// ```
/// use simulator::kernel::samplers::{Quantile, Uniform};
///
/// assert_eq!(Uniform::new(10.0, 30.0)?.quantile(0.25), 15.0);
/// assert!(Uniform::new(3.0, 1.0).is_err());
/// # Ok::<(), simulator::kernel::samplers::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Uniform {
    /// A uniform variable; both may be equal.
    ///
    /// # Errors
    ///
    /// If a number is not finite, or not `low <= high`.
    pub fn new(low: f64, high: f64) -> Result<Self, Invalid> {
        Ok(Self {
            low: at_least(f64::MIN, "uniform", "low", low, "a finite number")?,
            high: at_least(low, "uniform", "high", high, "a finite number from low on")?,
        })
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        0.5 * (self.low + self.high)
    }
}

impl Quantile for Uniform {
    fn quantile(&self, p: f64) -> f64 {
        // Stays between the two, which `low + p (high - low)` may leave by rounding.
        (1.0 - p) * self.low + p * self.high
    }
}
