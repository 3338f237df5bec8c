//! `submit` and `claim`.

use super::{
    check::{Checked, answer, committed, equal, holds, some},
    fixture::{NAME, OpenRun, bytes, claim_of, moment, new_run, run_step, started, worker},
};
use crate::{
    id::RunId,
    state::RunState,
    store::{Committed, NewRun, Run, Store, Submitted},
};

async fn stored(store: &dyn Store, id: RunId) -> Checked<Run> {
    some("run", answer("run", store.run(id).await)?)
}

/// `submit`: "Creates a run in state `Pending`".
pub(super) async fn created_waits_for_a_worker(store: &dyn Store) -> Checked {
    let new = new_run(1);
    let id = new.id;
    let submitted = answer("submit", store.submit(new).await)?;
    holds("submit", "Created", matches!(submitted, Submitted::Created(_)), submitted)?;
    let run = stored(store, id).await?;
    equal("state", run.state, RunState::Pending)?;
    equal("started", run.started, None)?;
    equal("attempt", run.attempt, 0)?;
    let claimed = some("claim", answer("claim", store.claim(claim_of(id)).await)?)?;
    equal("state after the claim", claimed.run.state, RunState::Running)?;
    equal("attempt after the claim", claimed.run.attempt, 1)
}

/// `submit`: "or, where `NewRun::worker` says who takes it at once, claimed by that worker".
pub(super) async fn created_and_taken_at_once(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let run = stored(store, open.id).await?;
    equal("state", run.state, RunState::Running)?;
    equal("attempt", run.attempt, 1)?;
    holds("started", "a time", run.started.is_some(), run.started)?;
    // The fence of `Created` is the right to write.
    open.apply(started(0)).await
}

/// `submit`: "A second submission of the same id changes nothing: it is `Existing` with equal definition and
/// input".
pub(super) async fn submitted_twice_is_existing(store: &dyn Store) -> Checked {
    let mut new = new_run(1);
    new.label = Some("first".into());
    let mut open = OpenRun::submit(store, new.clone()).await?;
    let again = NewRun { label: Some("second".into()), worker: Some(worker()), at: moment(9), ..new.clone() };
    let submitted = answer("submit", store.submit(again.clone()).await)?;
    equal("submit while it runs", submitted, Submitted::Existing(new.id))?;
    let run = stored(store, new.id).await?;
    equal("label", run.label.as_deref(), Some("first"))?;
    equal("created", run.created, moment(1))?;
    // Who had it before still has it.
    open.complete().await?;
    let submitted = answer("submit", store.submit(again).await)?;
    equal("submit after its end", submitted, Submitted::Existing(new.id))?;
    equal("state", stored(store, new.id).await?.state, RunState::Completed)
}

/// `submit`: "else `Conflict`".
pub(super) async fn other_input_or_definition_is_a_conflict(store: &dyn Store) -> Checked {
    let new = new_run(1);
    answer("submit", store.submit(new.clone()).await)?;
    let other_input = NewRun { input: bytes("other"), ..new.clone() };
    let other_definition = NewRun { name: "suite::other".into(), ..new.clone() };
    for (what, other) in
        [("submit with another input", other_input), ("submit with another definition", other_definition)]
    {
        equal(what, answer(what, store.submit(other).await)?, Submitted::Conflict(new.id))?;
    }
    let claimed = some("claim", answer("claim", store.claim(claim_of(new.id)).await)?)?;
    equal("input", claimed.input, new.input)?;
    equal("name", claimed.run.name.as_ref(), NAME)
}

/// `claim`: "raises its fence, so that whoever had it before is `Committed::Fenced` from now on".
pub(super) async fn claim_raises_the_fence(store: &dyn Store) -> Checked {
    let mut first = OpenRun::new(store).await?;
    first.apply(started(0)).await?;
    let mut second = first.taken_over().await?;
    holds(
        "fence of the second worker",
        "more than the first one's",
        second.fence > first.fence,
        (first.fence, second.fence),
    )?;
    let found = first.commit(started(1)).await;
    committed("change of the first worker", found, Committed::Fenced)?;
    // The numbers of changes start again under the new fence.
    second.apply(started(1)).await?;
    let third = second.taken_over().await?;
    holds(
        "fence of the third worker",
        "more than the second one's",
        third.fence > second.fence,
        (second.fence, third.fence),
    )?;
    let found = second.commit(started(2)).await;
    committed("change of the second worker", found, Committed::Fenced)
}

/// `Claimed`: "The run as it stands", "The encoded input", "The number that the next task run gets".
pub(super) async fn claim_hands_over_what_stands(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    open.apply([started(0), started(1)].concat()).await?;
    let claimed = some("claim", answer("claim", store.claim(claim_of(open.id)).await)?)?;
    equal("state", claimed.run.state, RunState::Running)?;
    equal("attempt", claimed.run.attempt, 1)?;
    equal("body hash", claimed.run.body_hash, 7)?;
    equal("input", claimed.input, bytes("input"))?;
    equal("next task", claimed.next_task, 2)
}

/// `claim`: "Takes a run that has not ended"; "`None` when the run is unknown or has ended".
pub(super) async fn ended_and_unknown_runs_cannot_be_claimed(store: &dyn Store) -> Checked {
    let unknown = answer("claim", store.claim(claim_of(RunId::new())).await)?;
    holds("claim of an unknown run", "none", unknown.is_none(), unknown)?;
    for state in [RunState::Completed, RunState::Failed, RunState::TimedOut] {
        let mut open = OpenRun::new(store).await?;
        open.apply(vec![run_step(RunState::Running, state, None)]).await?;
        let claimed = answer("claim", store.claim(claim_of(open.id)).await)?;
        holds(&format!("claim of a {state} run"), "none", claimed.is_none(), claimed)?;
        equal("its state", stored(store, open.id).await?.state, state)?;
    }
    // One that is being cancelled has not ended: somebody has to bring it to its end.
    let mut open = OpenRun::new(store).await?;
    open.apply(vec![run_step(RunState::Running, RunState::Cancelling, None)]).await?;
    let claimed = answer("claim", store.claim(claim_of(open.id)).await)?;
    let claimed = some("claim of a Cancelling run", claimed)?;
    equal("its state", claimed.run.state, RunState::Cancelling)
}
