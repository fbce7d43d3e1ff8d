//! Simulated time: whole milliseconds since the trial's start.
//!
//! Whole numbers, so that no sum depends on its order. 2^64 milliseconds are 584 million years; an
//! operation that would leave the range stays at its end, and never wraps or panics.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use crate::kernel::math;

const MILLIS_PER_SECOND: u64 = 1000;
const MILLIS_PER_MINUTE: u64 = 60 * MILLIS_PER_SECOND;
const MILLIS_PER_HOUR: u64 = 60 * MILLIS_PER_MINUTE;
const MILLIS_PER_DAY: u64 = 24 * MILLIS_PER_HOUR;

/// A point in simulated time: milliseconds since the trial's start.
///
/// ```
/// use simulator::kernel::time::{Span, Time};
///
/// let noon = Time::ZERO + Span::from_hours(36);
/// assert_eq!(noon.to_string(), "1d 12:00:00.000");
/// assert_eq!(noon - Time::ZERO, Span::from_hours(36));
/// assert_eq!(Time::ZERO - noon, Span::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Time(u64);

impl Time {
    /// The trial's start.
    pub const ZERO: Self = Self(0);
    /// The last time there is; what is scheduled for it never runs in a trial with a horizon.
    pub const MAX: Self = Self(u64::MAX);

    /// The time this many milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the start.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// How long something takes: milliseconds, never negative.
///
/// ```
/// use simulator::kernel::time::Span;
///
/// assert_eq!(Span::from_seconds_f64(1.2345).millis(), 1235);
/// assert_eq!(Span::from_seconds_f64(-1.0), Span::ZERO);
/// assert_eq!(Span::from_millis(93_784_005).to_string(), "1d 2h 3m 4.005s");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any trial.
    pub const MAX: Self = Self(u64::MAX);

    /// A span of this many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A span of this many seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(MILLIS_PER_SECOND))
    }

    /// A span of this many minutes.
    pub const fn from_minutes(minutes: u64) -> Self {
        Self(minutes.saturating_mul(MILLIS_PER_MINUTE))
    }

    /// A span of this many hours.
    pub const fn from_hours(hours: u64) -> Self {
        Self(hours.saturating_mul(MILLIS_PER_HOUR))
    }

    /// A span of this many days of 24 hours.
    pub const fn from_days(days: u64) -> Self {
        Self(days.saturating_mul(MILLIS_PER_DAY))
    }

    /// The nearest whole number of milliseconds, half a millisecond upward. What is negative or not
    /// a number becomes [`Span::ZERO`], what is too long [`Span::MAX`].
    pub fn from_seconds_f64(seconds: f64) -> Self {
        // A cast ends at the range's ends and takes NaN for zero.
        #[expect(clippy::cast_sign_loss, reason = "negative spans are cut at zero, as said above")]
        Self(math::round(seconds * 1000.0) as u64)
    }

    /// Milliseconds.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn whole_seconds(self) -> u64 {
        self.0 / MILLIS_PER_SECOND
    }

    /// Seconds; exact below 2^53 milliseconds.
    pub fn seconds_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The span this many times.
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Add<Span> for Time {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Self;

    /// Not before [`Time::ZERO`].
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Time {
    type Output = Span;

    /// See [`Time::since`].
    fn sub(self, earlier: Self) -> Span {
        self.since(earlier)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Self;

    /// Not below [`Span::ZERO`].
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0 / MILLIS_PER_DAY;
        if days > 0 {
            write!(f, "{days}d ")?;
        }
        write!(
            f,
            "{:02}:{:02}:{:02}.{:03}",
            self.0 % MILLIS_PER_DAY / MILLIS_PER_HOUR,
            self.0 % MILLIS_PER_HOUR / MILLIS_PER_MINUTE,
            self.0 % MILLIS_PER_MINUTE / MILLIS_PER_SECOND,
            self.0 % MILLIS_PER_SECOND
        )
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut blank = "";
        for (unit, millis) in
            [("d", MILLIS_PER_DAY), ("h", MILLIS_PER_HOUR), ("m", MILLIS_PER_MINUTE)]
        {
            if rest >= millis {
                write!(f, "{blank}{}{unit}", rest / millis)?;
                rest %= millis;
                blank = " ";
            }
        }
        if rest == 0 && !blank.is_empty() {
            return Ok(());
        }
        write!(f, "{blank}{}", rest / MILLIS_PER_SECOND)?;
        if !rest.is_multiple_of(MILLIS_PER_SECOND) {
            write!(f, ".{:03}", rest % MILLIS_PER_SECOND)?;
        }
        f.write_str("s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_hold() {
        assert_eq!(Time::MAX + Span::from_millis(1), Time::MAX);
        assert_eq!(Time::ZERO - Span::MAX, Time::ZERO);
        assert_eq!(Span::from_days(u64::MAX), Span::MAX);
        assert_eq!(Span::MAX.times(2), Span::MAX);
        assert_eq!(Span::from_seconds_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_seconds_f64(f64::INFINITY), Span::MAX);
        assert_eq!(Span::from_seconds_f64(f64::NEG_INFINITY), Span::ZERO);
    }

    #[test]
    fn seconds_round_to_the_nearest_millisecond() {
        assert_eq!(Span::from_seconds_f64(0.000_499).millis(), 0);
        assert_eq!(Span::from_seconds_f64(0.0005).millis(), 1);
        assert_eq!(Span::from_seconds_f64(86_399.999_6).millis(), 86_400_000);
        assert_eq!(Span::from_millis(86_400_000).whole_seconds(), 86_400);
    }

    #[test]
    fn spans_leave_out_what_is_zero() {
        assert_eq!(Span::ZERO.to_string(), "0s");
        assert_eq!(Span::from_hours(24).to_string(), "1d");
        assert_eq!(Span::from_millis(3_600_001).to_string(), "1h 0.001s");
        assert_eq!(Time::from_millis(61_001).to_string(), "00:01:01.001");
    }
}
