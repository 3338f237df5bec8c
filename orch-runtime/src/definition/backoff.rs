//! How long to wait between attempts.

use std::time::Duration;

/// The wait before the next attempt of a failed task or flow.
///
/// A back-off that grows always names its `max`, because an uncapped one turns an outage of a night into a
/// wait of a week. `jitter` is *full* jitter: the wait is drawn evenly between zero and the computed delay
/// (Brooker, "Exponential Backoff And Jitter", 2015), which spreads callers that failed together.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use std::time::Duration;
/// use orch::Backoff;
///
/// let backoff = Backoff::exponential(Duration::from_millis(500), Duration::from_secs(30), false);
/// assert_eq!(backoff.delay(1), Duration::from_millis(500));
/// assert_eq!(backoff.delay(3), Duration::from_secs(2));
/// assert_eq!(backoff.delay(60), Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    curve: Curve,
    jitter: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    Fixed(Duration),
    Linear { step: Duration, max: Duration },
    Exponential { first: Duration, max: Duration },
    List(&'static [Duration]),
}

impl Backoff {
    /// No wait at all; the default.
    pub const NONE: Self = Self::fixed(Duration::ZERO, false);

    /// The same `delay` before every further attempt.
    pub const fn fixed(delay: Duration, jitter: bool) -> Self {
        Self { curve: Curve::Fixed(delay), jitter }
    }

    /// `step`, 2 × `step`, 3 × `step`, … and never more than `max`.
    pub const fn linear(step: Duration, max: Duration, jitter: bool) -> Self {
        Self { curve: Curve::Linear { step, max }, jitter }
    }

    /// `first`, 2 × `first`, 4 × `first`, … and never more than `max`.
    pub const fn exponential(first: Duration, max: Duration, jitter: bool) -> Self {
        Self { curve: Curve::Exponential { first, max }, jitter }
    }

    /// The given delays in turn; the last one repeats. An empty list waits for nothing.
    pub const fn list(delays: &'static [Duration], jitter: bool) -> Self {
        Self { curve: Curve::List(delays), jitter }
    }

    /// The delay after attempt number `attempt` (the first is 1), before jitter.
    pub fn delay(&self, attempt: u32) -> Duration {
        let nth = attempt.max(1);
        match self.curve {
            Curve::Fixed(delay) => delay,
            Curve::Linear { step, max } => step.saturating_mul(nth).min(max),
            Curve::Exponential { first, max } => {
                let factor = 1u32.checked_shl(nth - 1).unwrap_or(u32::MAX);
                first.saturating_mul(factor).min(max)
            }
            Curve::List(delays) => {
                let last = delays.len().saturating_sub(1);
                delays.get((nth as usize - 1).min(last)).copied().unwrap_or(Duration::ZERO)
            }
        }
    }

    /// The delay after attempt number `attempt` as it is waited for: with jitter, a share of [`delay`](Self::delay).
    pub(crate) fn draw(&self, attempt: u32) -> Duration {
        let delay = self.delay(attempt);
        if self.jitter { delay.mul_f64(fastrand::f64()) } else { delay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn curves_grow_to_their_cap() {
        let linear = Backoff::linear(MS * 10, MS * 25, false);
        assert_eq!([1, 2, 3, 9].map(|n| linear.delay(n)), [MS * 10, MS * 20, MS * 25, MS * 25]);
        let exponential = Backoff::exponential(MS, MS * 1000, false);
        assert_eq!([1, 2, 11, 400].map(|n| exponential.delay(n)), [MS, MS * 2, MS * 1000, MS * 1000]);
        const LIST: &[Duration] = &[Duration::from_millis(1), Duration::from_millis(7)];
        assert_eq!([1, 2, 3].map(|n| Backoff::list(LIST, false).delay(n)), [MS, MS * 7, MS * 7]);
        assert_eq!(Backoff::list(&[], false).delay(1), Duration::ZERO);
    }

    #[test]
    fn full_jitter_stays_below_the_delay() {
        let backoff = Backoff::fixed(MS * 10, true);
        assert!((0..200).all(|n| backoff.draw(n) <= MS * 10));
        assert!((0..200).any(|n| backoff.draw(n) != backoff.draw(n + 1)));
    }
}
