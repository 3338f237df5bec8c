//! Rates: when the last attempts started.
//!
//! A window of the starts themselves, and not a bucket that fills up again as in the crate `governor`: a bucket of 100 a
//! minute lets 199 start in its first minute, and whoever wrote the limit of somebody's server there gets refused by it.
//! A bucket also gives its token before the call has its permits, so it is lost by a call that is dropped meanwhile; here
//! a start counts in the moment in which everything else is there.

use std::{collections::VecDeque, hash::Hash};

use rustc_hash::FxHashMap;

use super::Rate;
use crate::clock::Timestamp;

/// The starts within the windows of all rates. `K` is who is counted by itself.
pub(super) struct Starts<K> {
    by_key: FxHashMap<K, VecDeque<u64>>,
    /// What leaves which window when, as far as it has not left: so keys that are idle take no memory.
    leaving: FxHashMap<u64, VecDeque<(u64, K)>>,
    last: u64,
    /// By how much the clock was set back since the beginning. A window would not move before it had caught up.
    set_back: u64,
}

impl<K> Default for Starts<K> {
    fn default() -> Self {
        Self { by_key: FxHashMap::default(), leaving: FxHashMap::default(), last: 0, set_back: 0 }
    }
}

impl<K: Hash + Eq + Copy> Starts<K> {
    /// Forgets what lies before all windows. To be called before the others.
    pub(super) fn moves_to(&mut self, now: Timestamp) {
        let now = now.as_micros();
        let seen = now.saturating_add(self.set_back);
        if seen < self.last {
            self.set_back += self.last - seen;
        }
        self.last = now.saturating_add(self.set_back);
        for leaving in self.leaving.values_mut() {
            while leaving.front().is_some_and(|(leaves, _)| *leaves <= self.last) {
                let Some((_, key)) = leaving.pop_front() else { break };
                if let Some(starts) = self.by_key.get_mut(&key) {
                    starts.pop_front();
                    if starts.is_empty() {
                        self.by_key.remove(&key);
                    }
                }
            }
        }
        self.leaving.retain(|_, leaving| !leaving.is_empty());
    }

    /// The moment it has been moved to, in microseconds of a time that never goes back.
    pub(super) fn now(&self) -> u64 {
        self.last
    }

    /// How long it takes until `key` may start, in microseconds; nothing if it may now.
    pub(super) fn wait(&self, key: &K, rate: Rate) -> Option<u64> {
        let starts = self.by_key.get(key).filter(|starts| starts.len() >= rate.count as usize)?;
        let first = starts.get(starts.len() - rate.count as usize)?;
        Some((first + micros(rate)).saturating_sub(self.last))
    }

    /// `key` starts now.
    pub(super) fn start(&mut self, key: K, rate: Rate) {
        self.by_key.entry(key).or_default().push_back(self.last);
        let window = micros(rate);
        self.leaving.entry(window).or_default().push_back((self.last + window, key));
    }

    /// How many starts are remembered of all keys that `of` says.
    pub(super) fn count(&self, of: impl Fn(&K) -> bool) -> u64 {
        let starts = self.by_key.iter().filter(|(key, _)| of(key)).map(|(_, starts)| starts.len() as u64);
        starts.sum()
    }

    /// How many keys it remembers.
    #[cfg(test)]
    pub(super) fn keys(&self) -> usize {
        self.by_key.len()
    }
}

fn micros(rate: Rate) -> u64 {
    u64::try_from(rate.window.as_micros()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate::new(3, Duration::from_secs(60));
    const SECOND: u64 = 1_000_000;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros((1_000_000 + seconds) * SECOND)
    }

    #[test]
    fn no_window_holds_more_starts_than_the_rate_says() {
        let mut starts = Starts::default();
        let mut random = fastrand::Rng::with_seed(7);
        let mut started = Vec::new();
        let mut now = 0;
        for _ in 0..10_000 {
            now += random.u64(0..40);
            starts.moves_to(at(now));
            if starts.wait(&1, RATE).is_none() {
                starts.start(1, RATE);
                started.push(now);
            }
        }
        assert!(started.windows(4).all(|four| four[3] - four[0] >= 60), "{started:?}");
        assert!(started.len() as u64 > now / 60 * 2, "the rate is used: {} in {now} s", started.len());
    }

    #[test]
    fn idle_keys_go() {
        let mut starts = Starts::default();
        for key in 0..1_000 {
            starts.moves_to(at(key));
            starts.start(key, RATE);
            assert!(starts.keys() <= 61, "{}", starts.keys());
        }
        starts.moves_to(at(2_000));
        assert_eq!(starts.keys(), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing() {
        let mut starts = Starts::default();
        starts.moves_to(at(500_000));
        (0..3).for_each(|_| starts.start(1, RATE));
        starts.moves_to(at(0));
        assert_eq!(starts.wait(&1, RATE), Some(60 * SECOND));
        starts.moves_to(at(60));
        assert_eq!(starts.wait(&1, RATE), None);
    }
}
