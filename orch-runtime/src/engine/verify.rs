//! Replays a recorded run against the code of today without running anything: no task's body, no write.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use super::{
    RunShared, Stop, edits,
    flow::{self, NAMED},
    prepared::Prepared,
    progress::Progress,
    scope::Scope,
};
use crate::{
    codec::Bytes,
    definition::Definition,
    error::Result,
    runtime::Core,
    state::RunState,
    store::{Claimed, Fence, Outcome, Run},
};

/// Longer than anything that a run waits for: a virtual clock comes to it when nothing else moves any more.
const FOR_GOOD: Duration = Duration::from_secs(200 * 365 * 24 * 3600);

/// How many calls that would run are kept.
const KEPT: usize = 64;

/// What a replay that runs nothing comes upon.
#[derive(Default)]
pub(crate) struct Verifying(Mutex<Found>);

#[derive(Default)]
struct Found {
    scopes: Vec<Arc<Scope>>,
    /// Calls whose bodies would run, and whether they were under way when the run was interrupted.
    anew: Vec<(String, bool)>,
}

/// What a replay found.
#[derive(Default)]
pub(crate) struct Replayed {
    /// The flow, or what it calls, is not what it was when the run began, and it may differ.
    pub(crate) edited: bool,
    /// How many records were handed over again.
    pub(crate) reused: usize,
    /// Calls that had no record and no beginning, and would run.
    pub(crate) anew: Vec<String>,
    /// Calls that were under way and would run again.
    pub(crate) under_way: Vec<String>,
    /// Records that nobody asked for: some named, and how many there are.
    pub(crate) unasked: (Vec<String>, usize),
    /// It ended, with another value than the one that was recorded.
    pub(crate) other_value: bool,
    /// Why the replay stopped, when journal and code disagree.
    pub(crate) diverged: Option<String>,
    /// Why something that is stored cannot be read any more.
    pub(crate) unreadable: Option<String>,
}

impl Verifying {
    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A body has written its first call.
    pub(super) fn opened(&self, scope: &Arc<Scope>) {
        if scope.records() > 0 {
            self.found().scopes.push(scope.clone());
        }
    }

    /// The body of this call would run now.
    pub(super) fn would_run(&self, definition: &'static Definition, progress: &Progress) {
        let mut found = self.found();
        if found.anew.len() < KEPT {
            found.anew.push((flow::call(definition, progress.input()), progress.number().is_some()));
        }
    }
}

/// Replays a run as far as its journal goes. The runtime is one that verifies, and its clock a virtual one.
pub(crate) async fn verify(core: &Arc<Core>, run: Run, input: Bytes) -> Result<Replayed> {
    let mut replayed = Replayed::default();
    let found = flow::found(&run.name, run.id)?;
    let invocation = match (found.decode)(&input) {
        Ok(invocation) => invocation,
        Err(error) => {
            replayed.unreadable = Some(format!("its input: {error}"));
            return Ok(replayed);
        }
    };
    let (ended_as, value) = (run.state, run.value.clone());
    let mut prepared = Prepared::new(found.definition, invocation);
    let run = Run { state: RunState::Running, ..run };
    let first_attempt = run.attempt;
    let claimed = Claimed { run, fence: Fence(0), input, next_task: u32::MAX / 2, first_attempt };
    let shared = flow::reopened(core, found.definition, claimed, None, true, None)?;
    let entering = core.enter()?;
    {
        let mut executing = pin!(flow::execute(&shared, &mut prepared, None, Some(entering)));
        let mut rests = pin!(core.clock.sleep(FOR_GOOD));
        let outcome = std::future::poll_fn(|cx| {
            if let Poll::Ready(outcome) = executing.as_mut().poll(cx) {
                return Poll::Ready(Some(outcome));
            }
            rests.as_mut().poll(cx).map(|()| None)
        })
        .await;
        replayed.take(core, &shared, outcome).await;
    }
    let new_value =
        prepared.invocation.has_output().then(|| prepared.invocation.encode_output().ok()).flatten();
    replayed.other_value = ended_as == RunState::Completed && new_value.is_some() && new_value != value;
    Ok(replayed)
}

impl Replayed {
    /// Takes in what was found, before anything of the run goes.
    async fn take(&mut self, core: &Core, run: &RunShared, outcome: Option<Result<Outcome, Stop>>) {
        let found = core.verifying.as_ref().map(|verifying| std::mem::take(&mut *verifying.found()));
        let Found { scopes, anew } = found.unwrap_or_default();
        for (call, was_under_way) in anew {
            if was_under_way { self.under_way.push(call) } else { self.anew.push(call) }
        }
        match run.stopped() {
            Some(Stop::Unreadable(text)) => self.unreadable = Some(text.clone()),
            Some(Stop::Diverged(divergence)) => self.diverged = Some(flow::describe(run, divergence).await),
            _ => {}
        }
        if self.unreadable.is_some() {
            return;
        }
        for scope in scopes {
            let (unused, count) = scope.unused(NAMED.saturating_sub(self.unasked.0.len()));
            self.reused += scope.records() - count;
            self.unasked.1 += count;
            for record in &unused {
                self.unasked.0.push(flow::named(run, record).await);
            }
            // At rest behind calls that would run, a body has handed over all that it had, but for what an edit explains.
            let is_held = outcome.is_none() && self.diverged.is_none();
            if let Some(divergence) = scope.divergence().filter(|_| is_held)
                && !edits::show(&scope).await
            {
                self.diverged = Some(flow::describe(run, &divergence).await);
            }
        }
        self.edited = run.is_edited();
    }
}
