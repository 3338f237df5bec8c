//! Who waits, and whose turn it is.
//!
//! Those who wait for the same (calls of one function, with one need) form a *class*, and in it those of one key a *line*.
//! A class stands where the one of them stands that came first. Within it the lines take turns, one call each: a key with a
//! thousand calls goes as often as a key with one, until that one has nothing more. A line whose own limit is reached (its
//! permits per key, its rate) steps aside, so that nobody looks at it in vain and it keeps nobody else from its turn.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Rate, pools::Part};
use crate::store::KeyDigest;

/// By how many arrivals one step of priority is ahead. Counted in arrivals, and not absolute, so that nothing starves.
const AHEAD: i64 = 1_000;

/// What those who wait together have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// Whose calls they are.
    pub(super) of: usize,
    pub(super) parts: Vec<Part>,
    /// They are called by bodies that hold something.
    pub(super) nested: bool,
}

/// Those who wait for the same.
pub(super) struct Class {
    pub(super) kind: Kind,
    pub(super) rate: Option<Rate>,
    priority: i32,
    lines: FxHashMap<Option<KeyDigest>, Line>,
    /// The lines that may go, by the round in which they are and by who stands first in them.
    ring: BTreeMap<(u64, u64), Option<KeyDigest>>,
    /// Who stands first in those.
    heads: BTreeSet<u64>,
    /// The lines whose rate is used up, by when it is not any more.
    cooling: BTreeMap<(u64, u64), Option<KeyDigest>>,
    round: u64,
}

/// Those of one key, in the order in which they came.
struct Line {
    waiters: BTreeSet<u64>,
    round: u64,
    stands: Stands,
}

/// Where a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// In the ring.
    Ready,
    /// Aside, until something of its key comes back.
    Full,
    /// Aside, until this moment.
    Cooling(u64),
}

impl Class {
    pub(super) fn new(kind: Kind, rate: Option<Rate>, priority: i32) -> Self {
        Self {
            kind,
            rate,
            priority,
            lines: FxHashMap::default(),
            ring: BTreeMap::new(),
            heads: BTreeSet::new(),
            cooling: BTreeMap::new(),
            round: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Where the class stands among all; `None` while no line of it may go.
    pub(super) fn rank(&self) -> Option<(bool, i64)> {
        let first = i64::try_from(*self.heads.first()?).unwrap_or(i64::MAX);
        Some((!self.kind.nested, first.saturating_sub(AHEAD * i64::from(self.priority))))
    }

    /// Whether the rate of a key is used up.
    pub(super) fn is_cooling(&self, key: Option<KeyDigest>) -> bool {
        self.lines.get(&key).is_some_and(|line| matches!(line.stands, Stands::Cooling(_)))
    }

    /// Who goes next, if anybody.
    pub(super) fn next(&self) -> Option<(u64, Option<KeyDigest>)> {
        self.ring.first_key_value().map(|((_, head), key)| (*head, *key))
    }

    /// Somebody comes. A line that is new begins in the round after the one under way: to begin in this one would be a
    /// second turn for whoever leaves and comes back.
    pub(super) fn join(&mut self, key: Option<KeyDigest>, waiter: u64) {
        let round = self.round + 1;
        let new = || Line { waiters: BTreeSet::new(), round, stands: Stands::Ready };
        let line = self.lines.entry(key).or_insert_with(new);
        line.waiters.insert(waiter);
        if line.waiters.len() == 1 {
            self.enter(key, Stands::Ready);
        }
    }

    /// Somebody leaves, without a turn.
    pub(super) fn leave(&mut self, key: Option<KeyDigest>, waiter: u64) {
        let Some(line) = self.lines.get(&key) else { return };
        if line.waiters.first() == Some(&waiter) {
            self.exit(key);
            self.without_first(key);
        } else if let Some(line) = self.lines.get_mut(&key) {
            line.waiters.remove(&waiter);
        }
    }

    /// The first of a line goes.
    pub(super) fn takes_turn(&mut self, key: Option<KeyDigest>) {
        self.exit(key);
        if let Some(line) = self.lines.get_mut(&key) {
            self.round = self.round.max(line.round);
            line.round = self.round + 1;
        }
        self.without_first(key);
    }

    /// A line goes aside, or comes back.
    pub(super) fn stand(&mut self, key: Option<KeyDigest>, stands: Stands) {
        if self.lines.get(&key).is_some_and(|line| line.stands != stands) {
            self.exit(key);
            self.enter(key, stands);
        }
    }

    /// All lines come back that were full.
    pub(super) fn look_again(&mut self) {
        let full = |(key, line): (&Option<KeyDigest>, &Line)| (line.stands == Stands::Full).then_some(*key);
        let full: Vec<_> = self.lines.iter().filter_map(full).collect();
        full.into_iter().for_each(|key| self.stand(key, Stands::Ready));
    }

    /// A key has more room than it had.
    pub(super) fn has_room(&mut self, key: Option<KeyDigest>) {
        if self.lines.get(&key).is_some_and(|line| line.stands == Stands::Full) {
            self.stand(key, Stands::Ready);
        }
    }

    /// The lines come back whose rate is not used up any more; says who stands first in them.
    pub(super) fn warm(&mut self, now: u64) -> Vec<u64> {
        let mut heads = Vec::new();
        while let Some(((until, head), key)) = self.cooling.first_key_value()
            && *until <= now
        {
            heads.push(*head);
            let key = *key;
            self.stand(key, Stands::Ready);
        }
        heads
    }

    fn without_first(&mut self, key: Option<KeyDigest>) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.waiters.pop_first();
            if line.waiters.is_empty() {
                self.lines.remove(&key);
            } else {
                self.enter(key, Stands::Ready);
            }
        }
    }

    fn enter(&mut self, key: Option<KeyDigest>, stands: Stands) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let Some(head) = line.waiters.first().copied() else { return };
        line.stands = stands;
        match stands {
            Stands::Ready => {
                self.ring.insert((line.round, head), key);
                self.heads.insert(head);
            }
            Stands::Cooling(until) => {
                self.cooling.insert((until, head), key);
            }
            Stands::Full => {}
        }
    }

    fn exit(&mut self, key: Option<KeyDigest>) {
        let Some(line) = self.lines.get(&key) else { return };
        let Some(head) = line.waiters.first() else { return };
        match line.stands {
            Stands::Ready => {
                self.ring.remove(&(line.round, *head));
                self.heads.remove(head);
            }
            Stands::Cooling(until) => {
                self.cooling.remove(&(until, *head));
            }
            Stands::Full => {}
        }
    }
}
