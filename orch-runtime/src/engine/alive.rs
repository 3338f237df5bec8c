//! Who still works in a run, so that its end comes after all of theirs.

use std::sync::Arc;

use super::{RunShared, Stop};
use crate::{
    state::{RunInput, RunState},
    store::Step,
};

/// Why a run is cancelled whose caller has let go of its call.
pub(super) const DROPPED: &str = "its call was dropped";

/// Held by the run's own body and by every call that it started. The last one to go writes the end of a run
/// that was cancelled.
pub(super) struct Alive {
    run: Arc<RunShared>,
    /// The same of the run whose body called this one: it does not end before.
    above: Option<Arc<Alive>>,
}

impl Alive {
    pub(super) fn new(run: &Arc<RunShared>, above: Option<&RunShared>) -> Arc<Self> {
        let above = above.and_then(|above| above.alive.get()?.upgrade());
        let alive = Arc::new(Self { run: run.clone(), above });
        let _ = run.alive.set(Arc::downgrade(&alive));
        run.core.enter_run(run);
        alive
    }
}

impl RunShared {
    /// The run whose body called this one.
    fn above(&self) -> Option<Arc<RunShared>> {
        Some(self.alive.get()?.upgrade()?.above.as_ref()?.run.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let run = &self.run;
        let cancelling = run.writer().state == RunState::Cancelling;
        if cancelling && run.leaves_traces() {
            let reason = run.stopped().map(Stop::text);
            let commit = run.end_run(RunInput::Stopped, reason, None);
            run.watch(commit);
        } else {
            if let Some(Stop::Shutdown) = run.stopped() {
                run.buffer(|writer, at| writer.push(at, Step::Released));
            }
            run.flush();
        }
        run.core.leave_run(run.id);
        if let Some(above) = self.above.take() {
            let run = above.run.clone();
            drop(above);
            run.worker_left();
        }
    }
}

/// The right to end a run: dropped without [`done`](Self::done), the run is cancelled.
pub(super) struct EndGuard {
    run: Arc<RunShared>,
    armed: bool,
}

impl EndGuard {
    pub(super) fn new(run: &Arc<RunShared>) -> Self {
        Self { run: run.clone(), armed: true }
    }

    pub(super) fn done(mut self) {
        self.armed = false;
    }
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let run = &self.run;
        // Who stops all runs of a tree may come to the caller first, and that drops the call.
        let from_above = run.above().and_then(|above| above.stopped().cloned());
        let with_it = from_above.filter(|stop| !stop.leaves_traces());
        run.stop(with_it.unwrap_or_else(|| Stop::Cancelled(DROPPED.into())));
        let state = run.writer().state;
        if run.leaves_traces() && matches!(state, RunState::Running | RunState::Suspended) {
            let commit = run.end_run(RunInput::Cancel, run.stopped().map(Stop::text), None);
            run.watch(commit);
        }
    }
}
