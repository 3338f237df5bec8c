//! The only writer of a run: everything that changes its state goes through here, in one order.
//!
//! Steps that nobody waits for collect in a buffer and go out with the next outcome, the next body start that
//! needs what was handed over to be durable, or as soon as the run has nothing else to do.

use std::{
    sync::{Arc, MutexGuard, PoisonError, atomic::Ordering},
    task::Waker,
};

use super::{RunShared, Stop, scope::Scope};
use crate::{
    clock::Timestamp,
    id::{RunId, ScopeId, TaskNumber},
    state::{Notice, RunInput, RunState},
    store::{
        Begun, Change, Commit, Committed, Durability, Mark, Outcome, Record, Stamped, Step, StoreError,
        TaskClaim,
    },
};

/// Buffered steps go out by themselves when there are this many.
const FLUSH_AT: usize = 128;

/// What a run has still to write.
pub(super) struct Writer {
    buffer: Vec<Stamped>,
    next_change: u64,
    next_task: u32,
    pub(super) state: RunState,
    pub(super) attempt: u32,
}

impl Writer {
    pub(super) fn new(next_task: u32, state: RunState, attempt: u32) -> Self {
        Self { buffer: Vec::new(), next_change: 1, next_task, state, attempt }
    }

    pub(super) fn push(&mut self, at: Timestamp, step: Step) {
        self.buffer.push(Stamped { at, step });
    }

    /// Gives a task run its number.
    pub(super) fn claim(&mut self, at: Timestamp, claim: impl FnOnce(TaskNumber) -> TaskClaim) -> TaskNumber {
        let number = TaskNumber(self.next_task);
        self.next_task += 1;
        self.push(at, Step::Claim(claim(number)));
        number
    }
}

/// An outcome on its way into its scope's journal.
pub(super) struct Submission<'a> {
    pub(super) slot: usize,
    /// Whom to wake at the hand-over, where that is known already.
    pub(super) waker: Option<&'a Waker>,
    pub(super) call: u128,
    pub(super) occurrence: u32,
    pub(super) task: Option<TaskNumber>,
    pub(super) outcome: Outcome,
    pub(super) durability: Durability,
}

impl RunShared {
    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, writer: &mut Writer, durability: Durability) -> Commit {
        if writer.buffer.is_empty() && durability == Durability::Buffered {
            return Commit::ready(Ok(Committed::Applied));
        }
        let steps = std::mem::take(&mut writer.buffer);
        let number = writer.next_change;
        writer.next_change += 1;
        let change = Change { run: self.id, fence: self.fence, number, steps };
        #[cfg(feature = "crash-points")]
        crate::crash::sending(self.name, &change);
        self.core.store.commit(change, durability)
    }

    /// Adds steps that nobody waits for.
    pub(super) fn buffer<R>(&self, write: impl FnOnce(&mut Writer, Timestamp) -> R) -> R {
        let at = self.core.clock.now();
        self.buffer_now(|writer| write(writer, at))
    }

    /// The same for steps whose time is known.
    pub(super) fn buffer_now<R>(&self, write: impl FnOnce(&mut Writer) -> R) -> R {
        let mut writer = self.writer();
        let result = write(&mut writer);
        if writer.buffer.len() >= FLUSH_AT {
            let commit = self.send(&mut writer, Durability::Buffered);
            drop(writer);
            self.watch(commit);
        }
        result
    }

    pub(super) fn notice(&self, task: Option<TaskNumber>, notice: Notice, text: impl Into<String>) {
        let text = text.into();
        if self.core.verifying.is_some() {
            return;
        }
        crate::observe::warn(self.id, self.name, notice, &text);
        self.buffer(|writer, at| writer.push(at, Step::Notice { task, notice, text }));
    }

    /// Sends what is buffered, so that readers see it; nobody waits for it.
    pub(super) fn flush(&self) {
        let commit = {
            let mut writer = self.writer();
            if writer.buffer.is_empty() {
                return;
            }
            self.send(&mut writer, Durability::Buffered)
        };
        self.watch(commit);
    }

    /// Before a body starts: everything that was handed over anywhere in the run becomes durable.
    pub(super) async fn make_durable(&self) -> Result<(), Stop> {
        if !self.has_unsynced() {
            return Ok(());
        }
        // Whoever comes while this is under way waits for a commit of its own, which is durable after this one.
        let handed_over = self.handed_over();
        let commit = self.send(&mut self.writer(), Durability::Durable);
        ended(commit.await)?;
        self.synced.fetch_max(handed_over, Ordering::AcqRel);
        Ok(())
    }

    /// Puts an outcome, and the steps that belong to it, into the scope's journal and queue. One change: either
    /// all of it holds or nothing.
    pub(super) fn submit(
        &self,
        scope: &Arc<Scope>,
        submission: Submission<'_>,
        steps: impl FnOnce(&mut Writer, Timestamp),
    ) {
        let Submission { slot, waker, call, occurrence, task, outcome, durability } = submission;
        let at = self.core.clock.now();
        let (id, instance) = (scope.id, scope.instance);
        let mut writer = self.writer();
        steps(&mut writer, at);
        scope.enqueue(slot, durability == Durability::Durable, waker, |number| {
            writer.push(
                at,
                Step::Record(Record { scope: id, instance, number, call, occurrence, task, outcome }),
            );
            match durability {
                Durability::Buffered if writer.buffer.len() < FLUSH_AT => None,
                durability => Some(self.send(&mut writer, durability)),
            }
        });
    }

    /// A call waits until a moment that is to hold when the run is taken up again. The mark becomes durable, and nobody
    /// waits for that.
    pub(super) fn begin_wait(&self, begun: Begun) {
        self.buffer(|writer, at| writer.push(at, Step::Begun(begun)));
        self.hasten();
    }

    /// Sends what is buffered, so that it becomes durable soon; nobody waits for it.
    pub(super) fn hasten(&self) {
        let commit = self.send(&mut self.writer(), Durability::Durable);
        self.watch(commit);
    }

    /// Says from which number on a scope's records are those of the body as it is now.
    pub(super) fn mark_edited(&self, scope: ScopeId, instance: u64, call: u128, occurrence: u32) {
        if self.core.verifying.is_none() {
            self.buffer(|writer, at| {
                writer.push(at, Step::Begun(Begun { scope, instance, call, occurrence, due: at }));
            });
        }
    }

    /// Says that a call was dropped before its outcome was handed over.
    pub(super) fn mark_dropped(&self, scope: ScopeId, instance: u64, call: u128, occurrence: u32) {
        self.buffer(|writer, at| {
            writer.push(at, Step::Dropped(Mark { scope, instance, call, occurrence, undone: false }))
        });
    }

    /// Moves the run itself. What the table does not know is a fault of this library and stops the run.
    pub(super) fn step_run(
        &self,
        writer: &mut Writer,
        at: Timestamp,
        input: RunInput,
        reason: Option<String>,
        outcome: Option<Outcome>,
    ) {
        match writer.state.step(input) {
            Ok(state) => {
                let expect = std::mem::replace(&mut writer.state, state);
                writer.push(at, Step::Run { expect, state, attempt: writer.attempt, reason, outcome });
            }
            Err(illegal) => self.stop(Stop::Store(StoreError::new(format!("run {}: {illegal}", self.id)))),
        }
    }

    /// Moves the run and sends everything; durable when the commit has ended.
    pub(super) fn end_run(
        &self,
        input: RunInput,
        reason: Option<String>,
        outcome: Option<Outcome>,
    ) -> Commit {
        let at = self.core.clock.now();
        let mut writer = self.writer();
        self.step_run(&mut writer, at, input, reason, outcome);
        self.send(&mut writer, Durability::Durable)
    }

    /// A commit that nobody awaits still stops the run when it fails.
    pub(super) fn watch(&self, commit: Commit) {
        let mut commit = std::pin::pin!(commit);
        let mut cx = std::task::Context::from_waker(Waker::noop());
        // One that is still under way is followed by the run's next durable commit, which fails with it.
        if let std::task::Poll::Ready(result) = commit.as_mut().poll(&mut cx)
            && let Err(stop) = ended(result)
        {
            self.stop(stop);
        }
    }
}

/// What an ended commit means for the run.
pub(super) fn ended(result: Result<Committed, StoreError>) -> Result<(), Stop> {
    match result {
        Ok(Committed::Applied | Committed::AlreadyMine) => Ok(()),
        Ok(Committed::Fenced) => Err(Stop::Fenced),
        Err(error) => Err(Stop::Store(error)),
    }
}

/// The run that a child's row points to.
pub(super) fn child_step(task: TaskNumber, run: RunId) -> Step {
    Step::Child { task, run }
}
