//! Runs that bring their process down again and again, and runs that nobody can go on with.

use std::sync::Arc;

use crate::{
    error::{Error, ErrorKind, RecordedError},
    id::RunId,
    runtime::Core,
    state::{RunInput, RunState, TaskState},
    store::{BoxFuture, Change, Claimed, Durability, Outcome, Page, Run, Stamped, Step},
};

/// Task runs that are looked through at a time.
const PAGE: usize = 256;

/// Whether the process has died too often in this run, without an outcome in between.
pub(super) async fn has_crashed(core: &Core, run: &Run) -> bool {
    run.state == RunState::Running && run.deaths >= core.max_deaths && !only_calls(core, run.id).await
}

/// Whether nothing is under way in a run but called flows, one of which is not to be given up: what comes out of them
/// and what they wait for is counted with their own runs. Where that cannot be read, the run's own count holds.
fn only_calls<'a>(core: &'a Core, run: RunId) -> BoxFuture<'a, bool> {
    Box::pin(async move {
        let (mut page, mut goes_on) = (Page::first(PAGE), false);
        while let Ok(tasks) = core.store.task_runs(run, page).await
            && let Some(last) = tasks.last().map(|task| task.task)
        {
            page = Page::after(last, PAGE);
            for task in tasks.into_iter().filter(|task| task.state == TaskState::Running) {
                let Some(child) = task.child else { return false };
                let Ok(Some(child)) = core.store.run(child).await else { continue };
                // Its present death is counted when it is taken up, which its caller does.
                goes_on |= child.deaths + 1 < core.max_deaths || only_calls(core, child.id).await;
            }
        }
        goes_on
    })
}

/// Ends a claimed run as Crashed, and says so.
pub(super) async fn give_up(core: &Core, claimed: &Claimed) -> Error {
    let times = match claimed.run.deaths {
        1 => "once".to_owned(),
        deaths => format!("{deaths} times"),
    };
    let reason = format!(
        "its process died {times} without an outcome in between, so it is not taken up by itself any more; see to the \
         cause, then `orch::retry` goes on with it"
    );
    let given_up = end(core, claimed, &[RunInput::GiveUp], ErrorKind::Crashed, reason.clone()).await;
    given_up.err().unwrap_or_else(|| Error::at(&claimed.run.name, claimed.run.id, ErrorKind::Crashed, reason))
}

/// Ends a claimed run as Cancelled.
pub(super) async fn cancel(core: &Core, claimed: &Claimed, reason: String) -> Result<(), Error> {
    let inputs: &[_] = match claimed.run.state {
        RunState::Cancelling => &[RunInput::Stopped],
        _ => &[RunInput::Cancel, RunInput::Stopped],
    };
    end(core, claimed, inputs, ErrorKind::Cancelled, reason).await
}

/// Ends a claimed run as Failed, because it cannot be executed here.
pub(super) async fn fail(core: &Core, claimed: &Claimed, error: Error) -> Error {
    let failed = end(core, claimed, &[RunInput::Fail], error.kind(), error.to_string()).await;
    failed.err().unwrap_or(error)
}

/// Ends a claimed run that was being cancelled when its process ended.
pub(super) async fn bring_to_its_end(core: &Core, claimed: &Claimed) -> Error {
    let reason = "it was being cancelled when its process ended".to_owned();
    match cancel(core, claimed, reason.clone()).await {
        Ok(()) => Error::at(&claimed.run.name, claimed.run.id, ErrorKind::Cancelled, reason),
        Err(error) => error,
    }
}

/// Gives a claimed run back, as it was. Should it fail, the run counts as one whose process has died.
pub(super) async fn release(core: &Core, claimed: &Claimed) {
    let _ = commit(core, claimed, vec![Step::Released]).await;
}

async fn end(
    core: &Core,
    claimed: &Claimed,
    inputs: &[RunInput],
    kind: ErrorKind,
    reason: String,
) -> Result<(), Error> {
    let run = &claimed.run;
    let (mut expect, attempt) = (run.state, run.attempt);
    let mut steps = Vec::new();
    for input in inputs {
        let illegal = |illegal| Error::at(&run.name, run.id, ErrorKind::Store, format!("{illegal}"));
        let state = expect.step(*input).map_err(illegal)?;
        let error = RecordedError::message(kind, reason.clone());
        let outcome = state.is_final().then(|| Outcome::Error(Arc::new(error)));
        steps.push(Step::Run { expect, state, attempt, reason: Some(reason.clone()), outcome });
        expect = state;
    }
    commit(core, claimed, steps).await
}

async fn commit(core: &Core, claimed: &Claimed, steps: Vec<Step>) -> Result<(), Error> {
    let (run, fence, at) = (claimed.run.id, claimed.fence, core.clock.now());
    let steps = steps.into_iter().map(|step| Stamped { at, step }).collect();
    let commit = core.store.commit(Change { run, fence, number: 1, steps }, Durability::Durable);
    let fault = |error| Error::at(&claimed.run.name, run, ErrorKind::Store, format!("{error}"));
    commit.await.map(drop).map_err(fault)
}
