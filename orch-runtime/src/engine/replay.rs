//! What a scope went through before: records to hand over again, in their order.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    cache::{CallHash, InputText},
    definition::Definition,
    store::{InFlight, Journal, Outcome, Record},
};

/// A call inside its scope: its hash and how many equal ones came before.
pub(super) type LocalKey = (u128, u32);

/// The past of a scope, as its body meets it again.
#[derive(Default)]
pub(super) struct History {
    /// Records of this attempt that no call has claimed yet.
    unclaimed: FxHashMap<LocalKey, Record>,
    /// The same by their numbers, so that the head can be found.
    waiting: BTreeMap<u32, Waiting>,
    /// Calls of this attempt that were dropped before their outcome was handed over.
    dropped: FxHashSet<LocalKey>,
    /// Values that earlier attempts got: reused if asked for, never required.
    pool: FxHashMap<LocalKey, Outcome>,
    /// Calls that had begun and have no outcome.
    in_flight: FxHashMap<LocalKey, InFlight>,
    /// The first number that no record of this attempt has.
    pub(super) next_number: u32,
    /// How many records of this attempt there were.
    pub(super) total: usize,
    /// The first calls of which the journal knows nothing, while records remained.
    asked: Vec<Asked>,
}

/// How many calls without a past are remembered.
const REMEMBERED: usize = 256;

/// How many of them a divergence names.
const NAMED: usize = 3;

/// A call of which the journal knows nothing.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) definition: &'static Definition,
    pub(crate) input: Option<InputText>,
}

/// A record that no call asks for, and what the body asked for that was not recorded.
#[derive(Clone, Debug)]
pub(crate) struct Divergence {
    pub(crate) record: Record,
    pub(crate) asked: Vec<Asked>,
}

enum Waiting {
    Unclaimed(LocalKey),
    Claimed(usize),
    /// Claimed, but its value has to be computed again by an inner body that is not there yet.
    NotReady(usize),
}

/// What a call finds of its past.
#[derive(Default)]
pub(super) struct Found {
    pub(super) record: Option<Record>,
    pub(super) dropped: bool,
    pub(super) pooled: Option<Outcome>,
    pub(super) in_flight: Option<InFlight>,
}

impl Found {
    /// Whether the journal has nothing of the call, not even that it began.
    pub(super) fn is_unknown(&self) -> bool {
        self.record.is_none() && self.pooled.is_none() && self.in_flight.is_none() && !self.dropped
    }
}

/// What can be handed over next in replay.
pub(super) enum Head {
    /// The outcome of the call in this slot.
    Ready(usize),
    /// The next record's call has not come yet.
    Missing,
    /// The next record's call is there, and what it waits for is not.
    NotReady,
    /// There is no record left.
    Done,
}

impl History {
    pub(super) fn read(journal: Journal, instance: u64) -> Self {
        let mut history = Self::default();
        for record in journal.records {
            let key = (record.call, record.occurrence);
            if record.instance == instance {
                history.next_number = history.next_number.max(record.number + 1);
                history.waiting.insert(record.number, Waiting::Unclaimed(key));
                history.unclaimed.insert(key, record);
                history.total += 1;
            } else if let Outcome::Value(_) = record.outcome {
                // A later attempt's value replaces an earlier one's: it is what the body saw last.
                history.pool.insert(key, record.outcome);
            }
        }
        let marks = journal.dropped.into_iter().filter(|mark| mark.instance == instance);
        history.dropped = marks.map(|mark| (mark.call, mark.occurrence)).collect();
        // A dropped call's record is never handed over, so nothing waits for its turn.
        for key in &history.dropped {
            if let Some(record) = history.unclaimed.get(key) {
                history.waiting.remove(&record.number);
            }
        }
        let in_flight = journal.in_flight.into_iter().filter(|task| task.instance == instance);
        history.in_flight = in_flight.map(|task| ((task.key.call, task.key.occurrence), task)).collect();
        history
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
            && self.pool.is_empty()
            && self.in_flight.is_empty()
            && self.dropped.is_empty()
    }

    /// Whether records of this attempt are still to be handed over.
    pub(super) fn remains(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A call comes: what was it then? `ready` is false for ends whose value an inner body computes again.
    pub(super) fn claim(&mut self, hash: &CallHash, occurrence: u32, slot: usize) -> Found {
        let keys =
            std::iter::once(hash.call).chain(hash.former.iter().copied()).map(|call| (call, occurrence));
        let mut found = Found::default();
        for key in keys {
            if let Some(record) = self.unclaimed.remove(&key) {
                if let Some(waiting) = self.waiting.get_mut(&record.number) {
                    let ready = !matches!(record.outcome, Outcome::End);
                    *waiting = if ready { Waiting::Claimed(slot) } else { Waiting::NotReady(slot) };
                }
                found.record.get_or_insert(record);
            }
            if self.dropped.contains(&key) {
                // Its outcome was never handed over. Should the body, against expectation, still wait for it when
                // no record is left, it is there and no body has to run again.
                found.dropped = true;
                found.pooled = found.record.take().map(|record| record.outcome).filter(Outcome::is_value);
            }
            if let Some(outcome) = self.pool.get(&key) {
                found.pooled.get_or_insert_with(|| outcome.clone());
            }
            if let Some(task) = self.in_flight.remove(&key) {
                found.in_flight.get_or_insert(task);
            }
        }
        found
    }

    /// The inner body behind `number` has come to its end again.
    pub(super) fn make_ready(&mut self, number: u32) {
        if let Some(waiting) = self.waiting.get_mut(&number)
            && let Waiting::NotReady(slot) = *waiting
        {
            *waiting = Waiting::Claimed(slot);
        }
    }

    /// What goes next. In an edited flow, the lowest-numbered record whose call exists may go before records
    /// whose calls do not come any more.
    pub(super) fn head(&mut self, edited: bool) -> Head {
        let Some((number, waiting)) = self.waiting.first_key_value() else {
            return Head::Done;
        };
        let mut head = match waiting {
            Waiting::Claimed(slot) => Some((*number, *slot)),
            Waiting::NotReady(_) => return Head::NotReady,
            Waiting::Unclaimed(_) => None,
        };
        if head.is_none() && edited {
            head = self.waiting.iter().find_map(|(number, waiting)| match waiting {
                Waiting::Claimed(slot) => Some((*number, *slot)),
                _ => None,
            });
        }
        let Some((number, slot)) = head else {
            return Head::Missing;
        };
        self.waiting.remove(&number);
        Head::Ready(slot)
    }

    /// Whether calls are there whose records may not go yet.
    pub(super) fn holds_back(&self) -> bool {
        self.waiting.values().any(|waiting| !matches!(waiting, Waiting::Unclaimed(_)))
    }

    /// A call comes of which nothing is known.
    pub(super) fn note_asked(&mut self, asked: impl FnOnce() -> Asked) {
        if self.asked.len() < REMEMBERED && self.remains() {
            self.asked.push(asked());
        }
    }

    /// The records that no call has claimed, in their order.
    pub(super) fn unclaimed(&self) -> impl Iterator<Item = &Record> {
        self.waiting.values().filter_map(|waiting| match waiting {
            Waiting::Unclaimed(key) => self.unclaimed.get(key),
            _ => None,
        })
    }

    /// The record that comes next and that no call has claimed, with what was asked for instead.
    pub(super) fn divergence(&self) -> Option<Divergence> {
        let record = self.unclaimed().next()?.clone();
        Some(Divergence { record, asked: self.asked.iter().take(NAMED).cloned().collect() })
    }

    /// The first calls of which nothing is known.
    pub(super) fn asked(&self) -> &[Asked] {
        &self.asked
    }
}
