//! One task run's way through its states, written as it goes.

use std::{borrow::Cow, sync::Arc, task::Waker, time::Duration};

use super::{RunShared, Stop, commit::Writer, handle::Cell, prepared::CallOptions, ticket::Ticket};
use crate::{
    cache::InputText,
    clock::Timestamp,
    definition::Definition,
    id::TaskNumber,
    state::{TaskInput, TaskState},
    store::{Durability, Outcome, Step, StoreError, TaskClaim, TaskDetail},
};

/// A call's place in its body, and where its task run stands. Dropped before its end, it is cancelled.
pub(super) struct Progress {
    standing: Standing,
    pub(super) ticket: Ticket,
    /// The handle's side, where the call was started.
    pub(super) cell: Option<Arc<Cell>>,
}

/// Where a task run stands.
struct Standing {
    definition: &'static Definition,
    number: Option<TaskNumber>,
    state: TaskState,
    attempt: u32,
    /// Until the task run is known, and the store with it.
    input: Option<InputText>,
}

impl Progress {
    /// As the journal left it, or not claimed yet.
    pub(super) fn new(mut ticket: Ticket, definition: &'static Definition, input: Option<InputText>) -> Self {
        if definition.once {
            ticket.adopt();
        }
        let (number, state, attempt) = match ticket.in_flight() {
            Some(task) => (Some(task.task), task.state, task.attempt),
            None => (None, TaskState::Pending, 0),
        };
        Self { standing: Standing { definition, number, state, attempt, input }, ticket, cell: None }
    }

    pub(super) fn run(&self) -> &Arc<RunShared> {
        &self.ticket.scope.run
    }

    /// The task run's number, once it is known.
    pub(super) fn number(&self) -> Option<TaskNumber> {
        self.standing.number
    }

    /// Full name of the definition.
    pub(super) fn name(&self) -> &'static str {
        self.standing.definition.display_name()
    }

    /// What it is called with, for people; `None` once the store knows it.
    pub(super) fn input(&self) -> Option<String> {
        self.standing.input.as_ref().map(ToString::to_string)
    }

    /// The attempt under way, or the last one; 0 before the first.
    pub(super) fn attempt(&self) -> u32 {
        self.standing.attempt
    }

    pub(super) fn state(&self) -> TaskState {
        self.standing.state
    }

    /// Makes the task run known.
    pub(super) fn claim(&mut self, options: &CallOptions, at: Timestamp) {
        if self.standing.number.is_none() {
            let Self { standing, ticket, .. } = self;
            ticket.scope.run.buffer_now(|writer| standing.claim(ticket, writer, options, at));
        }
    }

    /// Makes the task run known and starts its first attempt: what most calls do, under one lock.
    pub(super) fn claim_and_start(&mut self, options: &CallOptions, at: Timestamp) {
        let Self { standing, ticket, .. } = self;
        let run = &ticket.scope.run;
        run.buffer_now(|writer| {
            standing.claim(ticket, writer, options, at);
            standing.step(run, writer, at, TaskInput::Start, 1, None);
        });
    }

    /// Moves on, and lets the change wait for the next commit.
    pub(super) fn step(&mut self, input: TaskInput, attempt: u32, detail: Option<Box<TaskDetail>>) {
        self.step_at(self.run().core.clock.now(), input, attempt, detail);
    }

    /// Moves on in one change with the signal that says so.
    pub(super) fn step_and_take(
        &mut self,
        input: TaskInput,
        attempt: u32,
        detail: Option<Box<TaskDetail>>,
        signal: u64,
    ) {
        let Self { standing, ticket, .. } = self;
        let run = &ticket.scope.run;
        run.buffer(|writer, at| {
            standing.step(run, writer, at, input, attempt, detail);
            writer.push(at, Step::Taken(signal));
        });
    }

    /// The same at a time that is known.
    pub(super) fn step_at(
        &mut self,
        at: Timestamp,
        input: TaskInput,
        attempt: u32,
        detail: Option<Box<TaskDetail>>,
    ) {
        let Self { standing, ticket, .. } = self;
        let run = &ticket.scope.run;
        run.buffer_now(|writer| standing.step(run, writer, at, input, attempt, detail));
    }

    /// Ends, and puts the outcome into the journal and the queue: one change. `said` is the signal that it comes from.
    /// A call that cannot begin has its outcome all the same, and what nobody knows of an earlier body stays unknown.
    pub(super) fn submit(
        &mut self,
        outcome: Outcome,
        durability: Durability,
        waker: Option<&Waker>,
        input: TaskInput,
        detail: Option<Box<TaskDetail>>,
        said: Option<u64>,
    ) {
        let Self { standing, ticket, .. } = self;
        let was_begun = |state| matches!(state, TaskState::Running | TaskState::Unknown);
        if input == TaskInput::Skip && was_begun(standing.state) {
            ticket.submit(None, outcome, durability, waker, |writer, at| {
                if standing.state == TaskState::Running {
                    standing.step(&ticket.scope.run, writer, at, TaskInput::Lose, standing.attempt, detail);
                }
            });
            return;
        }
        ticket.submit(standing.number, outcome, durability, waker, |writer, at| {
            standing.step(&ticket.scope.run, writer, at, input, standing.attempt, detail);
            if let Some(signal) = said {
                writer.push(at, Step::Taken(signal));
            }
        });
    }

    /// Ends as cancelled, for this reason. What may not run again by itself and was amid its body is Unknown instead: what
    /// calls it again has to know.
    pub(super) fn cancel(&mut self, reason: &str) {
        if !self.standing.is_open() || !self.run().leaves_traces() {
            return;
        }
        let amid = self.standing.definition.once && self.state() == TaskState::Running;
        if amid {
            let text = format!("{reason} while its body ran; nobody knows whether it did its work");
            self.step(TaskInput::Lose, self.attempt(), Some(because(text)));
        } else if self.state() != TaskState::Unknown {
            self.step(TaskInput::Cancel, self.attempt(), Some(because(reason)));
        }
    }
}

impl Standing {
    /// Whether the task run is known and has not ended.
    fn is_open(&self) -> bool {
        !self.state.is_final() && self.number.is_some()
    }

    fn claim(&mut self, ticket: &Ticket, writer: &mut Writer, options: &CallOptions, at: Timestamp) {
        let labels = options.labels(self.definition);
        let input = self.input.take();
        let claim = |task| TaskClaim {
            task,
            key: ticket.key,
            instance: ticket.scope.instance,
            name: Cow::Borrowed(self.definition.display_name()),
            kind: self.definition.kind(),
            labels,
            input,
        };
        self.number = Some(writer.claim(at, claim));
    }

    /// Moves on as part of a change. What the table does not know is a fault of this library and stops the run.
    fn step(
        &mut self,
        run: &RunShared,
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
                let text = format!("task run {task} of run {}: {illegal}", run.id);
                run.stop(Stop::Store(StoreError::new(text)));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.standing.is_open() {
            let by_handle = self.cell.as_ref().is_some_and(|cell| cell.is_cancelled());
            let own = if by_handle { "cancelled through its handle" } else { "dropped" };
            let reason = self.run().stopped().map_or_else(|| own.to_owned(), Stop::text);
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
