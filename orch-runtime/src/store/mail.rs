//! The signals of a run that nobody has taken, in the order in which they were sent: the same for all stores of this
//! crate, whatever form a signal has there.

use std::collections::BTreeMap;

use super::records::{Address, Posted};
use crate::state::TaskState;

/// Signals that may wait in one run. Whoever sends more is told, so that a run which nobody reads cannot grow.
pub(super) const MOST: usize = 1_000;

/// The signals of one run.
#[derive(Clone, Debug)]
pub(super) struct Mail<S> {
    next: u64,
    untaken: BTreeMap<u64, S>,
}

impl<S> Default for Mail<S> {
    fn default() -> Self {
        Self { next: 0, untaken: BTreeMap::new() }
    }
}

impl<S> Mail<S> {
    /// What was stored of the signals of a run.
    pub(super) fn stored(next: u64, untaken: BTreeMap<u64, S>) -> Self {
        Self { next, untaken }
    }

    /// The number that the next signal gets.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Why a signal to `to` may not come in, if it may not. `task` tells where the task run that it is for stands, and
    /// nothing of one that has ended; or that there is none.
    pub(super) fn refuses(
        &self,
        to: &Address,
        expect: Option<TaskState>,
        task: impl FnOnce() -> Option<Option<TaskState>>,
        address: impl Fn(&S) -> &Address,
    ) -> Option<Posted> {
        if let Address::Task(_) = to {
            let state = match task() {
                None => return Some(Posted::NoTask),
                Some(None) => return Some(Posted::TaskEnded),
                Some(Some(state)) => state,
            };
            if expect.is_some_and(|expected| expected != state) {
                return Some(Posted::TaskIs(state));
            }
            if self.untaken.values().any(|signal| address(signal) == to) {
                return Some(Posted::Answered);
            }
        }
        (self.untaken.len() >= MOST).then_some(Posted::Full)
    }

    /// Takes a signal in, under the number that it gets.
    pub(super) fn push(&mut self, signal: S) -> u64 {
        let number = self.next;
        self.put(number, signal);
        number
    }

    /// Takes a signal in under its number: one that came, or one that is given back.
    pub(super) fn put(&mut self, number: u64, signal: S) {
        self.next = self.next.max(number + 1);
        self.untaken.insert(number, signal);
    }

    /// The signal is not there any more.
    pub(super) fn take(&mut self, number: u64) {
        self.untaken.remove(&number);
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.untaken.contains_key(&number)
    }

    /// All, in the order of their numbers.
    pub(super) fn all(&self) -> &BTreeMap<u64, S> {
        &self.untaken
    }

    /// Those that come after a number, in their order.
    pub(super) fn after(&self, number: Option<u64>) -> impl Iterator<Item = (u64, &S)> {
        let from = number.map_or(Some(0), |number| number.checked_add(1));
        from.into_iter().flat_map(|from| self.untaken.range(from..)).map(|(number, signal)| (*number, signal))
    }
}
