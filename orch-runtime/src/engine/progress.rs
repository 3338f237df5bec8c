//! One task run's way through its states, written as it goes.

use std::{borrow::Cow, sync::Arc, time::Duration};

use super::{RunShared, Stop, commit::Writer, handle::Cell, prepared::CallOptions, ticket::Ticket};
use crate::{
    clock::Timestamp,
    definition::Definition,
    id::{CallKey, TaskNumber},
    state::{TaskInput, TaskState},
    store::{Step, StoreError, TaskClaim, TaskDetail},
};

/// Where a task run stands. Dropped before its end, it is cancelled.
pub(super) struct Progress {
    run: Arc<RunShared>,
    definition: &'static Definition,
    key: CallKey,
    instance: u64,
    pub(super) number: Option<TaskNumber>,
    state: TaskState,
    attempt: u32,
    cell: Option<Arc<Cell>>,
}

impl Progress {
    /// As the journal left it, or not claimed yet.
    pub(super) fn new(ticket: &Ticket, definition: &'static Definition, cell: Option<Arc<Cell>>) -> Self {
        let (number, state, attempt) = match ticket.in_flight() {
            Some(task) => (Some(task.task), task.state, task.attempt),
            None => (None, TaskState::Pending, 0),
        };
        let (run, instance) = (ticket.scope.run.clone(), ticket.scope.instance);
        Self { run, definition, key: ticket.key, instance, number, state, attempt, cell }
    }

    /// Makes the task run known.
    pub(super) fn claim(&mut self, options: &CallOptions, at: Timestamp) {
        if self.number.is_none() {
            let run = self.run.clone();
            run.buffer_now(|writer| self.claim_in(writer, options, at));
        }
    }

    /// Makes the task run known and starts its first attempt: what most calls do, under one lock.
    pub(super) fn claim_and_start(&mut self, options: &CallOptions, at: Timestamp) {
        let run = self.run.clone();
        run.buffer_now(|writer| {
            self.claim_in(writer, options, at);
            self.step_in(writer, at, TaskInput::Start, 1, None);
        });
    }

    fn claim_in(&mut self, writer: &mut Writer, options: &CallOptions, at: Timestamp) {
        let labels = options.labels(self.definition);
        let claim = |task| TaskClaim {
            task,
            key: self.key,
            instance: self.instance,
            name: Cow::Borrowed(self.definition.display_name()),
            kind: self.definition.kind(),
            labels,
        };
        self.number = Some(writer.claim(at, claim));
    }

    /// Full name of the definition.
    pub(super) fn name(&self) -> &'static str {
        self.definition.display_name()
    }

    /// The attempt under way, or the last one; 0 before the first.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(super) fn state(&self) -> TaskState {
        self.state
    }

    /// Moves on, and lets the change wait for the next commit.
    pub(super) fn step(&mut self, input: TaskInput, attempt: u32, detail: Option<Box<TaskDetail>>) {
        self.step_at(self.run.core.clock.now(), input, attempt, detail);
    }

    /// The same at a time that is known.
    pub(super) fn step_at(
        &mut self,
        at: Timestamp,
        input: TaskInput,
        attempt: u32,
        detail: Option<Box<TaskDetail>>,
    ) {
        let run = self.run.clone();
        run.buffer_now(|writer| self.step_in(writer, at, input, attempt, detail));
    }

    /// Moves on as part of a change. What the table does not know is a fault of this library and stops the run.
    pub(super) fn step_in(
        &mut self,
        writer: &mut Writer,
        at: Timestamp,
        input: TaskInput,
        attempt: u32,
        detail: Option<Box<TaskDetail>>,
    ) {
        let Some(task) = self.number else { return };
        match self.state.step(input) {
            Ok(state) => {
                let expect = (self.state, self.attempt);
                (self.state, self.attempt) = (state, attempt);
                writer.push(at, Step::Task { task, expect, state, attempt, detail });
            }
            Err(illegal) => {
                let text = format!("task run {task} of run {}: {illegal}", self.run.id);
                self.run.stop(Stop::Store(StoreError::new(text)));
            }
        }
    }

    /// Ends as cancelled, for this reason.
    pub(super) fn cancel(&mut self, reason: &str) {
        if !self.state.is_final() && self.number.is_some() && self.run.leaves_traces() {
            self.step(TaskInput::Cancel, self.attempt, Some(because(reason)));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.state.is_final() && self.number.is_some() {
            let by_handle = self.cell.as_ref().is_some_and(|cell| cell.is_cancelled());
            let own = if by_handle { "cancelled through its handle" } else { "dropped" };
            let reason = self.run.stopped().map_or_else(|| own.to_owned(), Stop::text);
            self.cancel(&reason);
        }
    }
}

/// A reason, and nothing else.
pub(super) fn because(reason: impl Into<String>) -> Box<TaskDetail> {
    Box::new(TaskDetail { reason: Some(reason.into()), delay: None })
}

/// A reason and the wait that follows.
pub(super) fn waiting(reason: String, delay: Duration) -> Box<TaskDetail> {
    Box::new(TaskDetail { reason: Some(reason), delay: Some(delay) })
}
