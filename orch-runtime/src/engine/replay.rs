//! What a scope went through before: records to hand over again, in their order.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::once;
use crate::{
    cache::{CallHash, InputText, prefix_digest},
    clock::Timestamp,
    definition::Definition,
    error::ErrorKind,
    id::{RunId, TaskNumber},
    store::{InFlight, Journal, Outcome, Record},
};

/// A call inside its scope: its hash and how many equal ones came before.
pub(super) type LocalKey = (u128, u32);

/// What is stored of a scope.
#[derive(Default)]
pub(crate) struct Past {
    /// Its own journal.
    pub(super) own: Journal,
    /// What it may reuse of the same scope of another run.
    pub(super) reused: Option<(RunId, Journal)>,
}

/// The past of a scope, as its body meets it again.
#[derive(Default)]
pub(super) struct History {
    /// Records of this attempt in the order of their numbers; a call that claims one takes it out.
    records: Vec<Option<Record>>,
    /// The same in the order of part of their keys. Records may be many, and this is small.
    by_key: Vec<(u64, u32)>,
    /// Which record is likely to be claimed next: the one after the last.
    likely: usize,
    /// No record before this one is left.
    first_left: usize,
    /// How many are left.
    left: usize,
    /// Records that a call has claimed and that were not handed over, by their numbers.
    claimed: BTreeMap<u32, Claimed>,
    /// Calls of this attempt that were dropped before their outcome was handed over, with the outcome where it stood.
    dropped: FxHashMap<LocalKey, Option<Record>>,
    /// Values that earlier attempts got: reused if asked for, never required.
    pool: FxHashMap<LocalKey, Outcome>,
    /// When the waits of this attempt are over.
    begun: FxHashMap<LocalKey, Timestamp>,
    /// Calls that had begun and have no outcome.
    in_flight: FxHashMap<LocalKey, InFlight>,
    /// Calls whose bodies earlier attempts left amid their work.
    interrupted: FxHashMap<LocalKey, Interrupted>,
    /// The last run of each flow that was called.
    children: FxHashMap<LocalKey, RunId>,
    /// What the run whose records are reused has of the same scope.
    reused: Option<Reused>,
    /// The first number that no record of this attempt has.
    pub(super) next_number: u32,
    /// How many records of this attempt there were.
    pub(super) total: usize,
    /// Records with a smaller number are of the body as it was before it was edited.
    edited_below: u32,
    /// No record of the body as it is now is left before this one.
    first_kept: usize,
    /// The first calls of which the journal knows nothing, while records remained.
    asked: Vec<Asked>,
    /// The first ones of the others.
    known: Vec<Asked>,
}

/// How many calls without a past are remembered.
const REMEMBERED: usize = 256;

/// How many of them a divergence names.
const NAMED: usize = 3;

/// A call of the body as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) definition: &'static Definition,
    pub(super) call: u128,
    pub(crate) input: Option<InputText>,
}

/// A record that no call asks for, and what the body asked for that was not recorded.
#[derive(Clone, Debug)]
pub(crate) struct Divergence {
    pub(crate) record: Record,
    pub(crate) asked: Vec<Asked>,
}

/// A body of an earlier attempt that did not come to an end of its own.
#[derive(Clone)]
pub(super) enum Interrupted {
    /// The task run is still open.
    Open(InFlight),
    /// It took too long, panicked, or gave what cannot be kept.
    Ended,
}

/// What a scope may reuse of the same scope of another run.
struct Reused {
    run: RunId,
    values: FxHashMap<LocalKey, Outcome>,
    children: FxHashMap<LocalKey, (TaskNumber, RunId)>,
}

struct Claimed {
    slot: usize,
    /// Its value is there, and does not have to be computed again by an inner body first.
    ready: bool,
}

/// What a call finds of its past.
#[derive(Default)]
pub(super) struct Found {
    pub(super) record: Option<Record>,
    pub(super) dropped: bool,
    pub(super) pooled: Option<Outcome>,
    pub(super) in_flight: Option<InFlight>,
    /// Only for those that may not run again by themselves.
    pub(super) interrupted: Option<Interrupted>,
    pub(super) due: Option<Timestamp>,
    /// The run whose value `pooled` is, where it is another one.
    pub(super) pooled_from: Option<RunId>,
    /// The run of the called flow in an earlier attempt.
    pub(super) child: Option<RunId>,
    /// The task run and the run of the called flow in the run whose records are reused.
    pub(super) reusable_child: Option<(TaskNumber, RunId)>,
}

impl Found {
    /// Whether the journal has nothing of the call, not even that it began.
    pub(super) fn is_unknown(&self) -> bool {
        self.record.is_none() && self.pooled.is_none() && self.in_flight.is_none() && !self.dropped
    }
}

/// What of a scope's records may be of a body that was another one then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edited {
    /// Nothing.
    No,
    /// Those from before the scope was first opened by the body as it is now.
    Before,
    /// All: something below the body was edited.
    All,
}

/// What can be handed over next in replay.
pub(super) enum Head {
    /// The outcome of the call in this slot.
    Ready(usize),
    /// The next record's call has not come yet.
    Missing,
    /// What is left was recorded before an edit, and its calls may never come.
    Edited,
    /// The next record's call is there, and what it waits for is not.
    NotReady,
    /// There is no record left.
    Done,
}

impl Reused {
    fn read((run, journal): (RunId, Journal)) -> Self {
        let undone = undone(&journal);
        let is_reused = |record: &Record| {
            record.outcome.is_value() && !undone.contains(&(record.instance, local_key(record)))
        };
        let values = journal.records.into_iter().filter(is_reused);
        Self {
            run,
            values: values.map(|record| ((record.call, record.occurrence), record.outcome)).collect(),
            children: journal
                .children
                .into_iter()
                .map(|child| ((child.call, child.occurrence), (child.task, child.run)))
                .collect(),
        }
    }

    /// What the run itself has comes first.
    fn offer(&self, key: &LocalKey, found: &mut Found) {
        if found.pooled.is_none()
            && let Some(outcome) = self.values.get(key)
        {
            found.pooled = Some(outcome.clone());
            found.pooled_from = Some(self.run);
        }
        if let Some(child) = self.children.get(key) {
            found.reusable_child.get_or_insert(*child);
        }
    }
}

impl History {
    /// `edit` is the hash of the body where it was edited since the run was submitted.
    pub(super) fn read(past: Past, instance: u64, edit: Option<u64>) -> Self {
        let Past { own: journal, reused } = past;
        let mut history = Self { reused: reused.map(Reused::read), ..Self::default() };
        let undone = undone(&journal);
        let begun = journal.begun.into_iter().filter(|begun| begun.instance == instance);
        history.begun = begun.map(|begun| ((begun.call, begun.occurrence), begun.due)).collect();
        history.read_edits(edit);
        let marks = journal.dropped.into_iter().filter(|mark| mark.instance == instance);
        history.dropped = marks.map(|mark| ((mark.call, mark.occurrence), None)).collect();
        for task in journal.in_flight {
            let key = (task.key.call, task.key.occurrence);
            if task.instance == instance {
                history.in_flight.insert(key, task);
            } else if once::is_interrupted(&task) {
                history.interrupted.insert(key, Interrupted::Open(task));
            }
        }
        let of_this_attempt = |record: Record| {
            let key = local_key(&record);
            if record.instance == instance {
                history.next_number = history.next_number.max(record.number + 1);
            }
            if !undone.is_empty() && undone.contains(&(record.instance, key)) {
                return None;
            }
            if record.instance == instance {
                // A dropped call's record is never handed over, so nothing waits for its turn.
                if let Some(dropped) = history.dropped.get_mut(&key) {
                    *dropped = Some(record);
                    return None;
                }
                return Some(Some(record));
            }
            history.note_end(key, &record.outcome);
            if record.outcome.is_value() {
                // A later attempt's value replaces an earlier one's: it is what the body saw last.
                history.pool.insert(key, record.outcome);
            }
            None
        };
        // In place: a record is as large as one that may be missing.
        history.records = journal.records.into_iter().filter_map(of_this_attempt).collect();
        let number = |record: &Option<Record>| record.as_ref().map_or(0, |record| record.number);
        if !history.records.is_sorted_by_key(number) {
            history.records.sort_by_key(number);
        }
        history.left = history.records.len();
        history.first_kept = history.records.partition_point(|record| number(record) < history.edited_below);
        let children = journal.children.into_iter();
        history.children = children.map(|child| ((child.call, child.occurrence), child.run)).collect();
        history.total = history.left;
        let keys = history.records.iter().flatten().map(|record| part(local_key(record))).zip(0..);
        history.by_key = keys.collect();
        history.by_key.sort_unstable();
        history
    }

    /// An earlier attempt's call has ended like this; the last end of a body counts.
    fn note_end(&mut self, key: LocalKey, outcome: &Outcome) {
        let of_body = match outcome {
            Outcome::Value(_) => true,
            Outcome::Error(error) => match error.kind {
                ErrorKind::TimedOut | ErrorKind::Panicked | ErrorKind::Output => {
                    self.interrupted.entry(key).or_insert(Interrupted::Ended);
                    false
                }
                // All others are ends of calls whose bodies had not begun, and say nothing of an earlier one.
                kind => kind == ErrorKind::Failed,
            },
            Outcome::End => false,
        };
        if of_body && let Some(Interrupted::Ended) = self.interrupted.get(&key) {
            self.interrupted.remove(&key);
        }
    }

    /// From which number on the records are those of the body as it is now, and of what it calls.
    fn read_edits(&mut self, edit: Option<u64>) {
        let marked = |hash| {
            let of_hash = self.begun.keys().filter(|(call, _)| *call == edit_key(hash));
            of_hash.map(|(_, number)| *number).max()
        };
        // Without a mark, this edit is new to the scope.
        let own = edit.map(|hash| marked(hash).unwrap_or(u32::MAX));
        self.edited_below = own.max(marked(BELOW)).unwrap_or_default();
    }

    /// Whether the edit that the scope was read with is new to it.
    pub(super) fn is_newly_edited(&self) -> bool {
        self.edited_below == u32::MAX
    }

    /// Whether some of the records may be of a body that was another one then.
    pub(super) fn is_edited(&self) -> bool {
        self.edited_below > 0
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.remains()
            && self.interrupted.is_empty()
            && self.pool.is_empty()
            && self.in_flight.is_empty()
            && self.begun.is_empty()
            && self.dropped.is_empty()
            && self.children.is_empty()
            && self.reused.is_none()
    }

    /// Whether records of this attempt are still to be handed over.
    pub(super) fn remains(&self) -> bool {
        self.left > 0 || !self.claimed.is_empty()
    }

    /// A call comes: what was it then?
    pub(super) fn claim(&mut self, hash: &CallHash, occurrence: u32, slot: usize) -> Found {
        let keys =
            std::iter::once(hash.call).chain(hash.former.iter().copied()).map(|call| (call, occurrence));
        let mut found = Found::default();
        for key in keys {
            if let Some(record) = self.take(key) {
                let ready = !matches!(record.outcome, Outcome::End);
                self.claimed.insert(record.number, Claimed { slot, ready });
                found.record.get_or_insert(record);
            }
            if let Some(record) = self.dropped.get_mut(&key) {
                // Its outcome was never handed over. Should the body, against expectation, still wait for it when
                // no record is left, it is there and no body has to run again.
                found.dropped = true;
                found.pooled = record.take().map(|record| record.outcome).filter(Outcome::is_value);
            }
            if let Some(outcome) = self.pool.get(&key) {
                found.pooled.get_or_insert_with(|| outcome.clone());
            }
            found.due = found.due.or_else(|| self.begun.get(&key).copied());
            if let Some(task) = self.in_flight.remove(&key) {
                found.in_flight.get_or_insert(task);
            }
            if let Some(interrupted) = self.interrupted.get(&key) {
                found.interrupted.get_or_insert_with(|| interrupted.clone());
            }
            if let Some(run) = self.children.get(&key) {
                found.child.get_or_insert(*run);
            }
            if let Some(reused) = &self.reused {
                reused.offer(&key, &mut found);
            }
        }
        found
    }

    /// Takes the record of this key out.
    fn take(&mut self, key: LocalKey) -> Option<Record> {
        let has_key =
            |record: &Option<Record>| record.as_ref().is_some_and(|record| local_key(record) == key);
        let place = if self.records.get(self.likely).is_some_and(has_key) {
            self.likely
        } else {
            let part = part(key);
            let from = self.by_key.partition_point(|(of, _)| *of < part);
            let same = self.by_key[from..].iter().take_while(|(of, _)| *of == part);
            same.map(|(_, place)| *place as usize).find(|place| has_key(&self.records[*place]))?
        };
        let record = self.records[place].take();
        self.likely = place + 1;
        self.left -= usize::from(record.is_some());
        for first in [&mut self.first_left, &mut self.first_kept] {
            while self.records.get(*first).is_some_and(Option::is_none) {
                *first += 1;
            }
        }
        record
    }

    /// The inner body behind `number` has come to its end again.
    pub(super) fn make_ready(&mut self, number: u32) {
        if let Some(claimed) = self.claimed.get_mut(&number) {
            claimed.ready = true;
        }
    }

    /// What goes next. Of what an edited flow recorded before the edit, the lowest-numbered record whose call exists may
    /// go before records whose calls do not come any more; what it recorded since has the order that it had.
    pub(super) fn head(&mut self, edited: Edited) -> Head {
        let unclaimed = self.first_unclaimed().map(|record| record.number);
        let first =
            self.claimed.first_entry().filter(|first| unclaimed.is_none_or(|other| *first.key() < other));
        if let Some(first) = first {
            return if first.get().ready { Head::Ready(first.remove().slot) } else { Head::NotReady };
        }
        if unclaimed.is_none() {
            return Head::Done;
        }
        let (kept, below) = match edited {
            Edited::No => return Head::Missing,
            Edited::Before => (self.first_kept().map(|record| record.number), self.edited_below),
            Edited::All => (None, u32::MAX),
        };
        for (number, claimed) in &self.claimed {
            let in_order = *number >= below;
            if in_order && kept.is_some_and(|kept| kept < *number) {
                return Head::Missing;
            }
            if claimed.ready {
                let number = *number;
                return self
                    .claimed
                    .remove(&number)
                    .map_or(Head::NotReady, |claimed| Head::Ready(claimed.slot));
            }
            if in_order {
                return Head::NotReady;
            }
        }
        if kept.is_some() { Head::Missing } else { Head::Edited }
    }

    /// The record that comes next of those since the edit, and that no call has claimed.
    fn first_kept(&self) -> Option<&Record> {
        self.records.get(self.first_kept)?.as_ref()
    }

    /// Whether calls are there whose records may not go yet.
    pub(super) fn holds_back(&self) -> bool {
        !self.claimed.is_empty()
    }

    /// The record that comes next and that no call has claimed.
    pub(super) fn first_unclaimed(&self) -> Option<&Record> {
        self.records.get(self.first_left)?.as_ref()
    }

    /// The records that no call has claimed, in their order, and how many there are.
    pub(super) fn unclaimed(&self) -> (impl Iterator<Item = &Record>, usize) {
        (self.records.iter().skip(self.first_left).flatten(), self.left)
    }

    /// A call comes, of which nothing may be known.
    pub(super) fn note_asked(&mut self, unknown: bool, asked: impl FnOnce() -> Asked) {
        let remains = self.remains();
        let calls = if unknown { &mut self.asked } else { &mut self.known };
        if remains && calls.len() < REMEMBERED {
            calls.push(asked());
        }
    }

    /// The record that comes next and that no call has claimed, unless it is of a body that was another one then; with what
    /// was asked for instead.
    pub(super) fn divergence(&self, edited: Edited) -> Option<Divergence> {
        let record = match edited {
            Edited::No => self.first_unclaimed(),
            Edited::Before => self.first_kept(),
            Edited::All => None,
        };
        let asked = self.asked.iter().take(NAMED).cloned().collect();
        Some(Divergence { record: record?.clone(), asked })
    }

    /// The first calls: of those that have no record, and of those that have one.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().chain(&self.known)
    }
}

/// Calls of each attempt of which nobody saw the outcome, because what they had taken went back.
fn undone(journal: &Journal) -> FxHashSet<(u64, LocalKey)> {
    let undone = journal.dropped.iter().filter(|mark| mark.undone);
    undone.map(|mark| (mark.instance, (mark.call, mark.occurrence))).collect()
}

/// Stands for an edit of something that the body calls.
pub(super) const BELOW: u64 = 0;

/// What a scope notes under its own name when it is opened by a body that was edited: its occurrence is the number of the
/// first record since.
pub(super) fn edit_key(body_hash: u64) -> u128 {
    prefix_digest("edited", "orch") ^ u128::from(body_hash)
}

fn local_key(record: &Record) -> LocalKey {
    (record.call, record.occurrence)
}

/// Part of a key to find it by; two that share it are told apart by the rest.
fn part((call, occurrence): LocalKey) -> u64 {
    (call as u64).wrapping_add(u64::from(occurrence))
}
