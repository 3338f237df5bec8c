//! One call's place in its scope: claimed when the call is written, given back when its future is gone.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use super::{
    commit::{Submission, Writer},
    frame,
    replay::{Asked, Found, Interrupted},
    scope::{Claimed, Left, Scope},
};
use crate::{
    cache::{CallHash, InputText},
    clock::Timestamp,
    definition::Definition,
    error::RecordedError,
    id::{CallKey, RunId, TaskNumber},
    state::Notice,
    store::{Durability, InFlight, Mark, Outcome, Record, Signal, Step},
};

/// A place in a scope's order. Whatever a body can wait for through orch has one.
pub(crate) struct Ticket {
    pub(super) scope: Arc<Scope>,
    slot: usize,
    pub(super) key: CallKey,
    /// What the journal knows of it.
    past: Option<Box<Found>>,
    /// Somebody else marks the drop, or there is none to mark: the call was started.
    silent: bool,
    begun: bool,
    /// The outcome was handed over, and the place is free again.
    gone: bool,
}

/// How a call begins.
pub(super) enum Begin {
    /// Its outcome was recorded; it is its turn.
    Recorded(Outcome),
    /// An earlier attempt of the body got this value.
    Pooled(Outcome),
    /// It has to run.
    Live,
    /// Its scope has ended.
    Over,
}

impl Ticket {
    /// Claims the next place of this key in a scope.
    pub(super) fn claim(scope: Arc<Scope>, hash: &CallHash) -> Self {
        let Claimed { slot, key, past } = scope.claim(hash);
        // What was begun under a former name goes on under it, with all that lies inside.
        let key = past.as_ref().and_then(|past| past.in_flight.as_ref()).map_or(key, |task| task.key);
        Self { scope, slot, key, past, silent: false, begun: false, gone: false }
    }

    pub(super) fn slot(&self) -> usize {
        self.slot
    }

    /// The same call in the process before this one, when it had begun and had no outcome.
    pub(super) fn in_flight(&self) -> Option<&InFlight> {
        self.past.as_ref()?.in_flight.as_ref()
    }

    /// What an earlier attempt of the body left amid its work is this call's: for one that may not run again by itself.
    pub(super) fn adopt(&mut self) {
        if let Some(past) = &mut self.past
            && let Some(Interrupted::Open(task)) = &past.interrupted
            && past.in_flight.is_none()
        {
            self.key = task.key;
            past.in_flight = Some(task.clone());
        }
    }

    /// Whether an earlier attempt of the body left the call amid its work.
    pub(super) fn was_interrupted(&self) -> bool {
        self.past.as_ref().is_some_and(|past| past.interrupted.is_some())
    }

    /// Says to a scope that replays what a call is: should a record be left, this is what the body asks for instead.
    pub(super) fn note_asked(&self, definition: &'static Definition, input: Option<&InputText>) {
        if let Some(past) = &self.past {
            let call = self.key.call;
            let asked = || Asked { definition, call, input: input.cloned() };
            self.scope.note_asked(past.is_unknown(), asked);
        }
    }

    /// The moment at which the same call's wait is over that began in the process before this one.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.past.as_ref()?.due
    }

    /// The run that the called flow had in an earlier attempt of the body.
    pub(super) fn earlier_child(&self) -> Option<RunId> {
        self.past.as_ref()?.child
    }

    /// The task run and the run of the called flow in the run whose records are reused.
    pub(super) fn reusable_child(&self) -> Option<(TaskNumber, RunId)> {
        self.past.as_ref()?.reusable_child
    }

    /// Why a value is reused.
    pub(super) fn reused_from(&self) -> String {
        match self.past.as_ref().and_then(|past| past.pooled_from) {
            Some(run) => format!("reused from run {run}"),
            None => "reused from an earlier attempt".to_owned(),
        }
    }

    fn take_recorded(&mut self) -> Option<Record> {
        self.past.as_mut()?.record.take()
    }

    /// The place of a call that is started: its handle awaits the outcome, so nothing here waits for a turn.
    pub(super) fn share(&mut self) -> Seat {
        self.silent = true;
        self.scope.start(self.slot);
        Seat { scope: self.scope.clone(), slot: self.slot, key: self.key, gone: false }
    }

    /// The recorded outcome of a call that is started: its handle has the value before its turn comes.
    pub(super) fn take_record(&mut self) -> Option<Record> {
        if self.scope.is_closed() {
            return None;
        }
        self.begun = true;
        self.take_recorded()
    }

    /// The recorded end of a branch that had none of its own: it was cancelled.
    pub(super) fn take_cancelled(&mut self) -> Option<Arc<RecordedError>> {
        match &self.past.as_ref()?.record.as_ref()?.outcome {
            Outcome::Error(error) => Some(error.clone()),
            Outcome::Value(_) | Outcome::End => None,
        }
    }

    /// Whether nothing is known of the call and nothing holds it back: it begins with this.
    pub(super) fn begins_at_once(&mut self) -> bool {
        let at_once = self.past.is_none() && !self.scope.is_closed() && !self.scope.replaying();
        self.begun |= at_once;
        at_once
    }

    /// Waits until the call may begin, or until its recorded outcome is due.
    pub(super) async fn begin(&mut self) -> Begin {
        self.begun = true;
        if self.scope.is_closed() {
            return Begin::Over;
        }
        if let Some(record) = self.take_recorded() {
            self.delivered().await;
            return Begin::Recorded(record.outcome);
        }
        poll_fn(|cx| self.scope.poll_released(self.slot, cx)).await;
        match self.past.as_mut().and_then(|past| past.pooled.take()) {
            Some(outcome) => Begin::Pooled(outcome),
            None => Begin::Live,
        }
    }

    /// Puts the outcome into the journal and the queue, in one change with the steps that `steps` writes. Whoever
    /// awaits it may leave its waker here.
    pub(super) fn submit(
        &self,
        task: Option<TaskNumber>,
        outcome: Outcome,
        durability: Durability,
        waker: Option<&Waker>,
        steps: impl FnOnce(&mut Writer, Timestamp),
    ) {
        let CallKey { call, occurrence, .. } = self.key;
        let submission = Submission { slot: self.slot, waker, call, occurrence, task, outcome, durability };
        self.scope.run.submit(&self.scope, submission, steps);
    }

    /// Waits for the outcome's turn.
    pub(super) async fn delivered(&mut self) {
        poll_fn(|cx| self.poll_turn(cx)).await;
    }

    /// Whether it is the outcome's turn.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.gone {
            let inside = frame::is_polling(&self.scope);
            ready!(self.scope.poll_taken(self.slot, inside, cx));
            self.gone = true;
        }
        Poll::Ready(())
    }

    /// The inner body has ended, and its value lies with it: takes the place that this end had, or the next one.
    pub(super) async fn end(&mut self) {
        self.begun = true;
        match self.take_recorded() {
            Some(record) => self.scope.make_ready(record.number),
            None => self.submit(None, Outcome::End, Durability::Buffered, None, |_, _| ()),
        }
        if !self.silent {
            self.delivered().await;
        }
    }

    /// Nobody has got the outcome that `signal` gave: the signal goes back to its place in one change with the mark that
    /// the call was dropped. Says whether it does; where the run is only interrupted, the outcome stands.
    pub(super) fn give_back(&mut self, signal: &Signal) -> bool {
        let run = &self.scope.run;
        if !run.leaves_traces() {
            return false;
        }
        self.scope.leave(self.slot);
        self.silent = true;
        let CallKey { call, occurrence, scope } = self.key;
        let mark = Mark { scope, instance: self.scope.instance, call, occurrence, undone: true };
        run.buffer(|writer, at| {
            writer.push(at, Step::Dropped(mark));
            writer.push(at, Step::GivenBack(Box::new(signal.clone())));
        });
        true
    }

    /// A started call's failure, until somebody takes the outcome.
    pub(super) fn set_failure(&self, failure: Option<Arc<crate::error::RecordedError>>) {
        self.scope.set_failure(self.slot, failure);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The place of a started call is given back when everything of it is gone.
        if self.gone || self.silent {
            return;
        }
        let left = self.scope.leave(self.slot);
        // An end that is recorded waits for its inner body to end again, which it does not any more.
        let end = self.take_recorded().filter(|record| matches!(record.outcome, Outcome::End));
        if let Some(record) = &end {
            self.scope.make_ready(record.number);
        }
        let CallKey { call, occurrence, scope } = self.key;
        let run = &self.scope.run;
        let begun = self.begun || end.is_some();
        let to_mark = begun && !matches!(left, Left::HandedOver) && run.core.rules.marks;
        if to_mark && run.leaves_traces() && !self.scope.is_closed() {
            run.mark_dropped(scope, self.scope.instance, call, occurrence);
            if let Left::Waiting = left {
                run.notice(
                    None,
                    Notice::Dropped,
                    "a call was dropped when its outcome stood; it is never handed over",
                );
            }
        }
    }
}

/// The place of a started call as its handle sees it.
pub(super) struct Seat {
    scope: Arc<Scope>,
    slot: usize,
    pub(super) key: CallKey,
    /// The outcome was taken, and the place may be another call's.
    gone: bool,
}

impl Seat {
    /// Whether it is the outcome's turn; a failure is the asker's then.
    pub(super) fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.gone {
            let inside = frame::is_polling(&self.scope);
            ready!(self.scope.poll_started(self.slot, inside, cx));
            self.gone = true;
        }
        Poll::Ready(())
    }

    pub(super) fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    pub(super) fn slot(&self) -> usize {
        self.slot
    }

    /// Lets the call look whether it is to stop.
    pub(super) fn stop(&self) {
        self.scope.wake_started(self.slot);
    }

    /// Whether the outcome is reached, or recorded.
    pub(super) fn has_outcome(&self) -> bool {
        self.gone || self.scope.has_outcome(self.slot)
    }

    /// Ends the call with an outcome from outside.
    pub(super) fn submit(&self, outcome: Outcome, durability: Durability) {
        let CallKey { call, occurrence, .. } = self.key;
        let submission =
            Submission { slot: self.slot, waker: None, call, occurrence, task: None, outcome, durability };
        self.scope.run.submit(&self.scope, submission, |_, _| ());
    }

    /// Somebody has taken the outcome: a failure is theirs now.
    pub(super) fn take_failure(&self) {
        if !self.gone {
            self.scope.set_failure(self.slot, None);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.gone {
            self.scope.leave(self.slot);
        }
    }
}
