//! An ended run that is executed again.

use std::sync::Arc;

use super::{execute, finish, opening::reopened, taking_up::found};
use crate::{
    definition::{self, Definition},
    engine::{RunShared, prepared::Prepared, progress::because, task::Finished},
    error::{Error, ErrorKind},
    id::RunId,
    runtime::Core,
    state::{RunInput, RunState, TaskState},
    store::{Counts, Page, Run, Step, StoreError, TaskRun},
};

/// Task runs that are looked through at a time.
const PAGE: usize = 256;

/// Executes a run again that ended without a value: in its next attempt, which reuses what succeeded in those before.
/// Its output is to be a `T`.
pub(crate) async fn retry<T: 'static>(core: Arc<Core>, id: RunId) -> Finished {
    let entering = core.enter()?;
    let _taken = core.take_up(id)?;
    let store_error =
        |error| Error::plain(ErrorKind::Store, format!("run {id} could not be taken up again: {error}"));
    let (run, mut prepared) = stored(&core, id).await?;
    may_be_retried(&core, &run).await?;
    prepared.gives::<T>(id, &run.name)?;
    let claimed = core.store.reopen(id, core.worker, core.clock.now()).await.map_err(store_error)?;
    let Some(claimed) = claimed else {
        return Err(Error::runtime(format!("run {id} was taken up by somebody else just now")));
    };
    let counts = claimed.run.counts.clone();
    let run = reopened(&core, prepared.definition, claimed, None, false, None)?;
    end_left_over(&run, &counts).await.map_err(store_error)?;
    let outcome = execute(&run, &mut prepared, None, Some(entering)).await;
    finish(run.name, id, outcome, prepared.invocation)
}

/// A run of the store, and its body with the input that it was started with.
pub(crate) async fn stored(core: &Core, id: RunId) -> Result<(Run, Prepared), Error> {
    let store_error =
        |error: StoreError| Error::plain(ErrorKind::Store, format!("run {id} cannot be read: {error}"));
    let run = core.store.run(id).await.map_err(store_error)?;
    let input = core.store.input(id).await.map_err(store_error)?;
    let (Some(run), Some(input)) = (run, input) else {
        let place = core.store.location();
        return Err(Error::runtime(format!("run {id} is not in the store `{place}`")));
    };
    let found = found(&run.name, id)?;
    let invocation = (found.decode)(&input)
        .map_err(|error| Error::at(&run.name, id, ErrorKind::Input, error.to_string()))?;
    Ok((run, Prepared::new(found.definition, invocation)))
}

/// Cancels task runs that an end of the run has left as they were: the attempt that is to come has others. One that may
/// not run again by itself and was amid its body is Unknown, and the attempt that is to come has to know.
pub(super) async fn end_left_over(run: &RunShared, counts: &Counts) -> Result<(), StoreError> {
    let is_left = |state: TaskState| !state.is_final() && state != TaskState::Unknown;
    let mut left: u64 = counts.iter().filter(|(state, _)| is_left(**state)).map(|(_, count)| count).sum();
    let mut page = Page::first(PAGE);
    while left > 0 {
        let tasks = run.core.store.task_runs(run.id, page).await?;
        let Some(last) = tasks.last().map(|task| task.task) else { break };
        for TaskRun { task, name, state, attempt, .. } in tasks.into_iter().filter(|task| is_left(task.state))
        {
            left -= 1;
            let detail = Some(because("its run ended before it did, and is executed again"));
            let amid =
                state == TaskState::Running && definition::known(&name).is_some_and(Definition::is_once);
            let expect = (state, attempt);
            let state = if amid { TaskState::Unknown } else { TaskState::Cancelled };
            run.buffer(|writer, at| writer.push(at, Step::Task { task, expect, state, attempt, detail }));
        }
        page = Page::after(last, PAGE);
    }
    Ok(())
}

/// Whether the run has ended without a value, and nobody waits for it.
async fn may_be_retried(core: &Core, run: &Run) -> Result<(), Error> {
    let Run { id, name, state, .. } = run;
    let refused = |text: String| Err(Error::runtime(format!("run {id} of `{name}` {text}")));
    match state {
        RunState::Completed => refused(format!(
            "has completed, so there is nothing to retry; `orch::rerun({id})` executes it anew, as a run of its own"
        )),
        state if state.step(RunInput::Retry).is_err() => refused(format!(
            "has not ended: it is {state}; `Runtime::resume` takes up a run whose process has ended"
        )),
        _ => match run.parent {
            Some((parent, _)) => {
                let error =
                    |error| Error::plain(ErrorKind::Store, format!("run {parent} cannot be read: {error}"));
                match core.store.run(parent).await.map_err(error)? {
                    Some(parent) if !parent.state.is_final() => refused(format!(
                        "was called by run {} of `{}`, which has not ended and decides by itself what comes of it",
                        parent.id, parent.name
                    )),
                    _ => Ok(()),
                }
            }
            None => Ok(()),
        },
    }
}
