//! Runs, task runs, journals and events, and every change of them.

use std::collections::{BTreeMap, VecDeque};

use super::rows::{EventRow, RunRow, TaskRow, What};
use crate::{
    id::{RunId, ScopeId, TaskNumber},
    state::{Event, RunState, TaskState},
    store::{
        Attempt, Change, Claimed, Committed, Fence, Journal, NewRun, Page, Run, RunFilter, Stamped, Step,
        StoreError, Submitted, TaskRun,
        check::{Moved, check},
    },
};

#[derive(Default)]
pub(super) struct Data {
    runs: BTreeMap<RunId, RunRow>,
    /// Ended runs in the order of their ends: the first is the first to be forgotten.
    ended: VecDeque<RunId>,
    events: VecDeque<EventRow>,
    /// Events forgotten so far: the sequence of `events[0]` is one more.
    forgotten: u64,
    moved: Vec<Moved>,
}

impl Data {
    pub(super) fn submit(&mut self, new: NewRun) -> Submitted {
        if let Some(row) = self.runs.get(&new.id) {
            let same = row.new.name == new.name && row.new.input == new.input;
            return if same { Submitted::Existing } else { Submitted::Conflict };
        }
        let (id, at, claim) = (new.id, new.at, new.worker.is_some());
        let mut row = RunRow::new(new);
        push(&mut self.events, self.forgotten, &mut row, at, What::Run(RunState::Pending, 0, None));
        if claim {
            start(&mut self.events, self.forgotten, &mut row, at);
        }
        let fence = row.fence;
        self.runs.insert(id, row);
        Submitted::Created(fence)
    }

    pub(super) fn claim(&mut self, run: RunId) -> Result<Option<Claimed>, StoreError> {
        let Some(row) = self.runs.get_mut(&run).filter(|row| !row.state.is_final()) else {
            return Ok(None);
        };
        let at = self.events.back().map_or(row.new.at, |event| event.at);
        start(&mut self.events, self.forgotten, row, at);
        let next_task = u32::try_from(row.tasks.len()).unwrap_or(u32::MAX);
        Ok(Some(Claimed { run: row.view(), fence: row.fence, input: row.new.input.clone(), next_task }))
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
        check(change.run, row.state, row.tasks.len(), stored, &change.steps, &mut self.moved)?;
        row.applied = change.number;
        let ended_before = row.state.is_final();
        for Stamped { at, step } in change.steps {
            apply(&mut self.events, self.forgotten, row, at, step);
        }
        if row.state.is_final() && !ended_before {
            self.ended.push_back(change.run);
        }
        Ok(Committed::Applied)
    }

    pub(super) fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> Result<Journal, StoreError> {
        let Some(row) = self.runs.get(&run) else {
            return Err(StoreError::new(format!("run {run} is not in this store")));
        };
        if row.fence != fence {
            return Err(StoreError::new(format!("another worker has run {run}")));
        }
        let Some(rows) = row.scopes.get(&scope) else {
            return Ok(Journal::default());
        };
        let tasks = rows.tasks.map_or(0..0, |(first, last)| first..last + 1);
        let in_flight = tasks
            .filter_map(|number| Some((TaskNumber(number), row.tasks.get(number as usize)?)))
            .filter(|(_, task)| task.key.scope == scope && !task.state.is_final())
            .map(|(number, task)| task.in_flight(number))
            .collect();
        Ok(Journal { records: rows.records.clone(), dropped: rows.dropped.clone(), in_flight })
    }

    /// Forgets the oldest ended runs and events beyond the limits.
    pub(super) fn forget(&mut self, keep_runs: usize, keep_events: usize) {
        while self.ended.len() > keep_runs {
            if let Some(run) = self.ended.pop_front() {
                self.runs.remove(&run);
            }
        }
        while self.events.len() > keep_events {
            self.events.pop_front();
            self.forgotten += 1;
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

    pub(super) fn task_runs(&self, run: RunId, page: Page<TaskNumber>) -> Vec<TaskRun> {
        let Some(row) = self.runs.get(&run) else {
            return Vec::new();
        };
        let from = page.after.map_or(0, |after| after.0 + 1);
        (from..)
            .zip(row.tasks.iter().skip(from as usize))
            .take(page.limit)
            .map(|(n, task)| task.view(TaskNumber(n)))
            .collect()
    }

    pub(super) fn attempts(&self, run: RunId, wanted: TaskNumber) -> Vec<Attempt> {
        let mut attempts: Vec<Attempt> = Vec::new();
        let events = self.runs.get(&run).into_iter().flat_map(|row| &row.events);
        for event in events.filter_map(|sequence| self.event(*sequence)) {
            let What::Task(task, state, number, detail) = &event.what else {
                continue;
            };
            if *task != wanted {
                continue;
            }
            if *state == TaskState::Running {
                // An attempt that a resumed run starts again stays one attempt.
                if attempts.last().is_none_or(|last| last.number != *number) {
                    let started = event.at;
                    let state = TaskState::Running;
                    attempts.push(Attempt {
                        number: *number,
                        started,
                        ended: None,
                        state,
                        reason: None,
                        delay: None,
                    });
                }
            } else if let Some(last) = attempts.last_mut().filter(|last| last.ended.is_none()) {
                last.ended = Some(event.at);
                last.state = *state;
                last.reason = detail.as_ref().and_then(|detail| detail.reason.clone());
                last.delay = detail.as_ref().and_then(|detail| detail.delay);
            }
        }
        attempts
    }

    pub(super) fn events(&self, page: Page<u64>) -> Vec<Event> {
        let from = page.after.unwrap_or(0).max(self.forgotten);
        let skip = usize::try_from(from - self.forgotten).unwrap_or(usize::MAX);
        (from + 1..)
            .zip(self.events.iter().skip(skip))
            .take(page.limit)
            .map(|(sequence, row)| row.view(sequence, self.runs.get(&row.run)))
            .collect()
    }

    pub(super) fn run_events(&self, run: RunId, page: Page<u64>) -> Vec<Event> {
        let Some(row) = self.runs.get(&run) else {
            return Vec::new();
        };
        let after = page.after.unwrap_or(0);
        let from = row.events.partition_point(|sequence| *sequence <= after);
        row.events[from..]
            .iter()
            .filter_map(|sequence| Some(self.event(*sequence)?.view(*sequence, Some(row))))
            .take(page.limit)
            .collect()
    }

    fn event(&self, sequence: u64) -> Option<&EventRow> {
        let position = sequence.checked_sub(self.forgotten + 1)?;
        self.events.get(usize::try_from(position).ok()?)
    }
}

fn push(
    events: &mut VecDeque<EventRow>,
    forgotten: u64,
    row: &mut RunRow,
    at: crate::clock::Timestamp,
    what: What,
) {
    events.push_back(EventRow { at, run: row.new.id, what });
    row.events.push(forgotten + events.len() as u64);
}

/// A worker takes the run.
fn start(events: &mut VecDeque<EventRow>, forgotten: u64, row: &mut RunRow, at: crate::clock::Timestamp) {
    row.fence.0 += 1;
    row.applied = 0;
    row.attempt = row.attempt.max(1);
    row.started.get_or_insert(at);
    if row.state != RunState::Cancelling {
        row.state = RunState::Running;
    }
    push(events, forgotten, row, at, What::Run(row.state, row.attempt, None));
}

fn apply(
    events: &mut VecDeque<EventRow>,
    forgotten: u64,
    row: &mut RunRow,
    at: crate::clock::Timestamp,
    step: Step,
) {
    match step {
        Step::Run { expect: _, state, attempt, reason, outcome } => {
            row.state = state;
            row.attempt = attempt;
            row.reason.clone_from(&reason);
            if state.is_final() {
                row.ended = Some(at);
                row.outcome = outcome;
            }
            push(events, forgotten, row, at, What::Run(state, attempt, reason.map(String::into_boxed_str)));
        }
        Step::Claim(claim) => {
            let task = claim.task;
            let scope = row.scopes.entry(claim.key.scope).or_default();
            let first = scope.tasks.map_or(task.0, |(first, _)| first);
            scope.tasks = Some((first, task.0));
            row.tasks.push(TaskRow::new(claim, at));
            push(events, forgotten, row, at, What::Task(task, TaskState::Pending, 0, None));
        }
        Step::Task { task, expect: _, state, attempt, detail } => {
            if let Some(task) = row.tasks.get_mut(task.0 as usize) {
                task.state = state;
                task.attempt = attempt;
                task.changed = at;
                match state {
                    TaskState::Running => {
                        task.first_start.get_or_insert(at);
                    }
                    TaskState::AwaitingRetry => {
                        let delay = detail.as_ref().and_then(|detail| detail.delay).unwrap_or_default();
                        task.extra().retry_at = Some(at.plus(delay));
                    }
                    _ => {}
                }
            }
            push(events, forgotten, row, at, What::Task(task, state, attempt, detail));
        }
        Step::Child { task, run } => {
            if let Some(task) = row.tasks.get_mut(task.0 as usize) {
                task.extra().child = Some(run);
            }
        }
        Step::Record(record) => row.scopes.entry(record.scope).or_default().records.push(record),
        Step::Dropped(mark) => row.scopes.entry(mark.scope).or_default().dropped.push(mark),
        Step::Notice { task, notice, text } => {
            push(events, forgotten, row, at, What::Notice(task, notice, text.into_boxed_str()));
        }
    }
}
