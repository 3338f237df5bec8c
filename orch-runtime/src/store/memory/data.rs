//! Runs, task runs, journals and events, and every change of them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    ops::Bound,
};

use rustc_hash::FxHashMap;

use super::rows::{EventRow, More, RunRow, What};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::{RunId, ScopeId, TaskNumber},
    state::{Event, Notice, RunInput, RunState, TaskState},
    store::{
        Address, Attempt, Change, Claim, Claimed, Committed, Fence, Journal, NewRun, NewSignal, Page, Posted,
        Run, RunFilter, Signal, Stamped, Step, StoreError, Submitted, TaskRun, WorkerId,
        check::{Moved, check},
    },
};

#[derive(Default)]
pub(super) struct Data {
    runs: BTreeMap<RunId, RunRow>,
    /// Runs by their definition and the id that their caller gave them.
    given: FxHashMap<(Cow<'static, str>, String), RunId>,
    /// Ended runs in the order of their ends: the first is the first to be forgotten.
    ended: VecDeque<RunId>,
    log: Log,
    moved: Vec<Moved>,
    pub(super) starters: super::starters::Rows,
}

/// Whose events they are, in their order; the events themselves lie with their runs and go with them.
#[derive(Default)]
struct Log {
    runs: VecDeque<u32>,
    /// Events forgotten so far: the sequence of the first one is one more.
    forgotten: u64,
    by_serial: FxHashMap<u32, RunId>,
    next_serial: u32,
    last: Timestamp,
}

impl Log {
    fn push(&mut self, row: &mut RunRow, at: Timestamp, what: What) {
        self.runs.push_back(row.serial);
        self.last = at;
        let sequence = self.forgotten + self.runs.len() as u64;
        row.events.push_back(EventRow { sequence, at, what });
    }

    fn push_run(&mut self, row: &mut RunRow, at: Timestamp, reason: Option<String>) {
        let more = More::Run(row.state, row.attempt, reason);
        self.push(row, at, What::More(Box::new(more)));
    }

    /// A worker takes the run.
    fn start(&mut self, row: &mut RunRow, worker: WorkerId, at: Timestamp) {
        let only_waited = row.waited && !row.tasks.iter().any(|task| task.state == TaskState::Running);
        if row.state == RunState::Running && !row.released && !only_waited {
            row.deaths += 1;
        }
        (row.released, row.waited) = (false, false);
        row.worker = Some(worker);
        row.fence.0 += 1;
        row.applied = 0;
        row.attempt = row.attempt.max(1);
        row.started.get_or_insert(at);
        if row.state != RunState::Cancelling {
            row.state = RunState::Running;
        }
        self.push_run(row, at, None);
    }
}

impl Data {
    pub(super) fn submit(&mut self, new: NewRun) -> Submitted {
        let given = new.given_id.clone().map(|given| (new.name.clone(), given));
        let known = given.as_ref().and_then(|given| self.given.get(given)).copied();
        if let Some(row) = self.runs.get(&known.unwrap_or(new.id)) {
            let same = row.new.name == new.name && row.new.input == new.input;
            return if same { Submitted::Existing(row.new.id) } else { Submitted::Conflict(row.new.id) };
        }
        let (id, at, worker) = (new.id, new.at, new.worker);
        if let Some(given) = given {
            self.given.insert(given, id);
        }
        let serial = self.log.next_serial;
        self.log.next_serial = serial.wrapping_add(1);
        self.log.by_serial.insert(serial, id);
        let mut row = RunRow::new(new, serial);
        self.log.push_run(&mut row, at, None);
        if let Some(worker) = worker {
            self.log.start(&mut row, worker, at);
        }
        let fence = row.fence;
        self.runs.insert(id, row);
        Submitted::Created(fence)
    }

    pub(super) fn claim(&mut self, claim: Claim) -> Option<Claimed> {
        let row = self.runs.get_mut(&claim.run).filter(|row| !row.state.is_final())?;
        if claim.orphaned && row.worker.is_some_and(|has| has != claim.worker) {
            return None;
        }
        self.log.start(row, claim.worker, claim.at);
        Some(row.claimed())
    }

    pub(super) fn reopen(&mut self, run: RunId, worker: WorkerId, at: Timestamp) -> Option<Claimed> {
        let row = self.runs.get_mut(&run)?;
        row.state = row.state.step(RunInput::Retry).ok()?;
        self.ended.retain(|ended| *ended != run);
        row.attempt += 1;
        (row.first_attempt, row.deaths) = (row.attempt, 0);
        (row.reason, row.ended, row.outcome) = (None, None, None);
        self.log.push_run(row, at, None);
        self.log.start(row, worker, at);
        Some(row.claimed())
    }

    pub(super) fn orphans(&self, page: Page<RunId>) -> Vec<Run> {
        let from = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let oldest_first = self.runs.range((from, Bound::Unbounded)).map(|(_, row)| row);
        oldest_first.filter(|row| row.is_orphaned()).take(page.limit).map(RunRow::view).collect()
    }

    pub(super) fn leave(&mut self, worker: WorkerId) {
        self.runs.values_mut().filter(|row| row.worker == Some(worker)).for_each(|row| row.worker = None);
    }

    /// As after the death of everybody.
    pub(super) fn leave_all(&mut self) {
        self.runs.values_mut().for_each(|row| row.worker = None);
    }

    pub(super) fn commit(&mut self, change: Change) -> Result<Committed, StoreError> {
        let Some(row) = self.runs.get_mut(&change.run) else {
            return Err(StoreError::new(format!("run {} is not in this store", change.run)));
        };
        if row.fence != change.fence {
            return Ok(Committed::Fenced);
        }
        if change.number <= row.applied {
            return Ok(Committed::AlreadyMine);
        }
        let stored = |task: TaskNumber| row.tasks.get(task.0 as usize).map(|row| (row.state, row.attempt));
        let in_line = |signal| row.mail.has(signal);
        check(change.run, row.state, row.tasks.len(), stored, in_line, &change.steps, &mut self.moved)?;
        row.applied = change.number;
        let ended_before = row.state.is_final();
        for Stamped { at, step } in change.steps {
            apply(&mut self.log, row, at, step);
        }
        if row.state.is_final() && !ended_before {
            self.ended.push_back(change.run);
        }
        Ok(Committed::Applied)
    }

    pub(super) fn signal(&mut self, run: RunId, new: NewSignal) -> Posted {
        let Some(row) = self.runs.get_mut(&run) else { return Posted::NoRun };
        if row.state.is_final() {
            return Posted::Ended(row.state);
        }
        let task = || match new.to {
            Address::Task(task) => {
                let task = row.tasks.get(task.0 as usize);
                task.map(|task| Some(task.state).filter(|state| !state.is_final()))
            }
            Address::Name(_) => None,
        };
        if let Some(refused) = row.mail.refuses(&new.to, new.expect, task, |signal| &signal.to) {
            return refused;
        }
        let NewSignal { to, type_name, value, at, expect: _ } = new;
        let (task, text) = to.told();
        let number = row.mail.next();
        row.mail.push(Signal { number, to, type_name, value, at });
        self.log.push(row, at, What::More(Box::new(More::Notice(task, Notice::SignalSent, text))));
        Posted::Accepted(number)
    }

    pub(super) fn signals(&self, run: RunId, page: Page<u64>) -> Vec<Signal> {
        let row = self.runs.get(&run).into_iter();
        row.flat_map(|row| row.mail.after(page.after))
            .map(|(_, signal)| signal.clone())
            .take(page.limit)
            .collect()
    }

    pub(super) fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> Result<Journal, StoreError> {
        let Some(row) = self.runs.get(&run) else {
            return Err(StoreError::new(format!("run {run} is not in this store")));
        };
        if row.fence != fence {
            return Err(StoreError::new(format!("another worker has run {run}")));
        }
        Ok(self.journal(run, scope))
    }

    pub(super) fn journal(&self, run: RunId, scope: ScopeId) -> Journal {
        let Some((row, rows)) = self.runs.get(&run).and_then(|row| Some((row, row.scopes.get(&scope)?)))
        else {
            return Journal::default();
        };
        let tasks = rows.tasks.map_or(0..0, |(first, last)| first..last + 1);
        let in_flight = tasks.clone().filter_map(|number| row.in_flight(scope, TaskNumber(number))).collect();
        let children = tasks.filter_map(|number| row.child(scope, TaskNumber(number))).collect();
        let records = rows.records.iter().filter_map(|record| record.view(scope, &row.tasks)).collect();
        Journal { records, dropped: rows.dropped.clone(), begun: rows.begun.clone(), in_flight, children }
    }

    pub(super) fn past(&self, run: RunId, scope: ScopeId, before: TaskNumber) -> Journal {
        let Some((row, rows)) = self.runs.get(&run).and_then(|row| Some((row, row.scopes.get(&scope)?)))
        else {
            return Journal::default();
        };
        let (first, last) = rows.tasks.unwrap_or((1, 0));
        let children = (first..=last.min(before.0)).filter_map(|number| row.child(scope, TaskNumber(number)));
        let records = rows.records.iter().filter(|record| record.claimed <= before.0);
        let undone = rows.dropped.iter().filter(|mark| mark.undone);
        Journal {
            records: records.filter_map(|record| record.view(scope, &row.tasks)).collect(),
            dropped: undone.copied().collect(),
            children: children.collect(),
            ..Journal::default()
        }
    }

    /// Forgets the oldest ended runs and events beyond the limits.
    pub(super) fn forget(&mut self, keep_runs: usize, keep_events: usize) {
        while self.ended.len() > keep_runs {
            if let Some(row) = self.ended.pop_front().and_then(|run| self.runs.remove(&run)) {
                self.log.by_serial.remove(&row.serial);
                if let Some(given) = row.new.given_id {
                    self.given.remove(&(row.new.name, given));
                }
            }
        }
        self.forget_events(keep_events);
    }

    /// The same for events alone, of which one long run may have more than that.
    pub(super) fn forget_events(&mut self, keep_events: usize) {
        while self.log.runs.len() > keep_events {
            let serial = self.log.runs.pop_front();
            self.log.forgotten += 1;
            let run = serial.and_then(|serial| self.log.by_serial.get(&serial));
            if let Some(row) = run.and_then(|run| self.runs.get_mut(run)) {
                row.events.pop_front();
            }
        }
    }

    pub(super) fn runs(&self, filter: &RunFilter, page: Page<RunId>) -> Vec<Run> {
        let wanted = |row: &&RunRow| {
            filter.name.as_ref().is_none_or(|name| row.new.name == name.as_str())
                && filter.state.is_none_or(|state| row.state == state)
                && filter.tag.as_ref().is_none_or(|tag| row.new.tags.iter().any(|own| own == tag.as_str()))
                && filter.since.is_none_or(|since| row.new.at >= since)
        };
        let newest_first = match page.after {
            Some(after) => self.runs.range(..after),
            None => self.runs.range(..),
        };
        newest_first.rev().map(|(_, row)| row).filter(wanted).take(page.limit).map(RunRow::view).collect()
    }

    pub(super) fn run(&self, run: RunId) -> Option<Run> {
        self.runs.get(&run).map(RunRow::view)
    }

    pub(super) fn input(&self, run: RunId) -> Option<Bytes> {
        self.runs.get(&run).map(|row| row.new.input.clone())
    }

    pub(super) fn task_runs(&self, run: RunId, page: Page<TaskNumber>) -> Vec<TaskRun> {
        let Some(row) = self.runs.get(&run) else {
            return Vec::new();
        };
        let from = page.after.map_or(0, |after| after.0 + 1);
        (from..)
            .zip(row.tasks.iter().skip(from as usize))
            .take(page.limit)
            .map(|(n, task)| row.view_task(TaskNumber(n), task))
            .collect()
    }

    pub(super) fn attempts(&self, run: RunId, wanted: TaskNumber) -> Vec<Attempt> {
        let mut attempts: Vec<Attempt> = Vec::new();
        let events = self.runs.get(&run).into_iter().flat_map(|row| &row.events);
        for event in events {
            let Some((_, state, number, detail)) = event.of_task().filter(|(task, ..)| *task == wanted)
            else {
                continue;
            };
            if state == TaskState::Running {
                // An attempt that a resumed run starts again stays one attempt.
                if attempts.last().is_none_or(|last| last.number != number) {
                    let started = event.at;
                    let state = TaskState::Running;
                    attempts.push(Attempt { number, started, ended: None, state, reason: None, delay: None });
                }
            } else if let Some(last) = attempts.last_mut().filter(|last| last.ended.is_none()) {
                last.ended = Some(event.at);
                last.state = state;
                last.reason = detail.and_then(|detail| detail.reason.clone());
                last.delay = detail.and_then(|detail| detail.delay);
            }
        }
        attempts
    }

    pub(super) fn events(&self, page: Page<u64>) -> Vec<Event> {
        let from = page.after.unwrap_or(0).max(self.log.forgotten);
        let skip = usize::try_from(from - self.log.forgotten).unwrap_or(usize::MAX);
        (from + 1..)
            .zip(self.log.runs.iter().skip(skip))
            .filter_map(|(sequence, serial)| {
                let row = self.runs.get(self.log.by_serial.get(serial)?)?;
                let place = row.events.partition_point(|event| event.sequence < sequence);
                Some(row.events.get(place)?.view(row))
            })
            .take(page.limit)
            .collect()
    }

    pub(super) fn run_events(&self, run: RunId, page: Page<u64>) -> Vec<Event> {
        let Some(row) = self.runs.get(&run) else {
            return Vec::new();
        };
        let after = page.after.unwrap_or(0);
        let from = row.events.partition_point(|event| event.sequence <= after);
        row.events.iter().skip(from).map(|event| event.view(row)).take(page.limit).collect()
    }
}

fn apply(log: &mut Log, row: &mut RunRow, at: Timestamp, step: Step) {
    match step {
        Step::Run { expect: _, state, attempt, reason, outcome } => {
            row.state = state;
            row.attempt = attempt;
            row.reason.clone_from(&reason);
            if state.is_final() {
                row.ended = Some(at);
                row.outcome = outcome;
            }
            log.push_run(row, at, reason);
        }
        Step::Claim(claim) => {
            let task = claim.task;
            row.claim(claim, at);
            log.push(row, at, What::Task(task, TaskState::Pending, 0));
        }
        Step::Task { task, expect: _, state, attempt, detail } => {
            if let Some(task) = row.tasks.get_mut(task.0 as usize) {
                task.state = state;
                task.attempt = attempt;
                task.changed = at;
                match state {
                    TaskState::Running => task.starts(at),
                    TaskState::Unknown => row.waited = true,
                    TaskState::AwaitingRetry => {
                        let delay = detail.as_ref().and_then(|detail| detail.delay).unwrap_or_default();
                        task.extra().retry_at = Some(at.plus(delay));
                    }
                    _ => {}
                }
            }
            let what = match detail {
                None => What::Task(task, state, attempt),
                Some(detail) => What::More(Box::new(More::Task(task, state, attempt, detail))),
            };
            log.push(row, at, what);
        }
        Step::Child { task, run } => {
            if let Some(task) = row.tasks.get_mut(task.0 as usize) {
                task.extra().child = Some(run);
            }
        }
        Step::Record(record) => {
            row.deaths = 0;
            row.record(record);
        }
        Step::Released => {
            row.released = true;
            row.worker = None;
        }
        Step::Dropped(mark) => row.scopes.entry(&mark.scope).dropped.push(mark),
        Step::Begun(begun) => {
            // What is over as it begins is no wait, but a note that a scope keeps.
            row.waited |= begun.due > at;
            row.scopes.entry(&begun.scope).begun.push(begun);
        }
        Step::Taken(number) => row.mail.take(number),
        Step::GivenBack(signal) => row.mail.put(signal.number, *signal),
        Step::Notice { task, notice, text } => {
            row.waited |= notice.tells_of_waiting();
            log.push(row, at, What::More(Box::new(More::Notice(task, notice, text))));
        }
    }
}
