//! Who has a run, who may take it, and what counts as the death of a process.

use super::{
    check::{Checked, answer, equal, holds, some},
    fixture::{OpenRun, bytes, claim_of, moment, new_run, record, run_step, worker},
};
use crate::{
    id::{RunId, ScopeId},
    state::RunState,
    store::{Claim, NewRun, Page, Step, Store, Submitted, WorkerId},
};

async fn orphans(store: &dyn Store) -> Checked<Vec<RunId>> {
    Ok(answer("orphans", store.orphans(Page::all()).await)?.into_iter().map(|run| run.id).collect())
}

async fn taken_by(store: &dyn Store, worker: WorkerId) -> Checked<OpenRun<'_>> {
    OpenRun::submit(store, NewRun { worker: Some(worker), ..new_run(1) }).await
}

/// `orphans`: "Runs that have begun, have not ended, and that no living worker has: the oldest first, by pages".
/// `leave`: "The worker goes: the runs that it still has are orphaned from now on".
pub(super) async fn who_leaves_leaves_orphans(store: &dyn Store) -> Checked {
    let (stays, goes) = (worker(), worker());
    let kept = taken_by(store, stays).await?;
    let first = taken_by(store, goes).await?;
    let mut ended = taken_by(store, goes).await?;
    let second = taken_by(store, goes).await?;
    ended.complete().await?;
    equal("orphans while their worker lives", orphans(store).await?, vec![])?;
    store.leave(goes);
    equal("orphans", orphans(store).await?, vec![first.id, second.id])?;
    let page = answer("orphans", store.orphans(Page::after(first.id, 1)).await)?;
    equal("the second page", page.into_iter().map(|run| run.id).collect(), vec![second.id])?;
    let refused = answer("claim", store.claim(Claim::orphan(kept.id, worker(), moment(2))).await)?;
    holds("claim of a run that has a worker", "none", refused.is_none(), refused)
}

/// `claim`: "of several that ask at once, one gets it".
pub(super) async fn an_orphan_is_taken_once(store: &dyn Store) -> Checked {
    let gone = worker();
    let run = taken_by(store, gone).await?;
    store.leave(gone);
    let claims = (0..8).map(|_| store.claim(Claim::orphan(run.id, worker(), moment(2))));
    let mut taken = 0;
    for claim in claims.collect::<Vec<_>>() {
        taken += usize::from(answer("claim", claim.await)?.is_some());
    }
    equal("claims that got it", taken, 1)?;
    equal("orphans", orphans(store).await?, vec![])
}

/// `claim`: "also when another living worker has it": the one that has it gets it again.
pub(super) async fn its_own_worker_may_claim_a_run(store: &dyn Store) -> Checked {
    let has = worker();
    let mut run = taken_by(store, has).await?;
    let claim = answer("claim", store.claim(Claim::orphan(run.id, has, moment(2))).await)?;
    let claimed = some("claim by the worker that has it", claim)?;
    run = OpenRun { fence: claimed.fence, number: 1, ..run };
    run.complete().await
}

/// `claim`: "A claim of a run that was running and was not released counts as a death of its process; a recorded
/// outcome sets the count back".
pub(super) async fn deaths_are_counted(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    for deaths in 1..=3 {
        let claimed = some("claim", answer("claim", store.claim(claim_of(open.id)).await)?)?;
        equal("deaths", claimed.run.deaths, deaths)?;
        open = OpenRun { fence: claimed.fence, number: 1, ..open };
    }
    open.apply(vec![Step::Released]).await?;
    equal("orphans after it was released", orphans(store).await?, vec![open.id])?;
    let claimed = some("claim", answer("claim", store.claim(claim_of(open.id)).await)?)?;
    equal("deaths after it was released", claimed.run.deaths, 3)?;
    open = OpenRun { fence: claimed.fence, number: 1, ..open };
    open.apply(vec![record(ScopeId::ROOT, 1, 0)]).await?;
    let run = some("run", answer("run", store.run(open.id).await)?)?;
    equal("deaths after an outcome", run.deaths, 0)?;
    open.apply(vec![run_step(RunState::Running, RunState::Cancelling, None)]).await?;
    let claimed = some("claim", answer("claim", store.claim(claim_of(open.id)).await)?)?;
    equal("deaths of one that is being cancelled", claimed.run.deaths, 0)
}

/// `submit`: "or of the same `given_id` and definition".
pub(super) async fn a_given_id_is_given_once(store: &dyn Store) -> Checked {
    let given = |id: &str| NewRun { given_id: Some(id.into()), ..new_run(1) };
    let first = given("2026-11-23");
    let mut open = OpenRun::submit(store, NewRun { worker: Some(worker()), ..first.clone() }).await?;
    let again = |new: NewRun| async move { answer("submit", store.submit(new).await) };
    equal("the same id", again(given("2026-11-23")).await?, Submitted::Existing(first.id))?;
    let other = NewRun { input: bytes("other"), ..given("2026-11-23") };
    equal("the same id, another input", again(other).await?, Submitted::Conflict(first.id))?;
    open.complete().await?;
    equal("the same id after its end", again(given("2026-11-23")).await?, Submitted::Existing(first.id))?;
    let run = some("run", answer("run", store.run(first.id).await)?)?;
    equal("given id", run.given_id.as_deref(), Some("2026-11-23"))?;
    for new in [given("2026-11-24"), NewRun { name: "another".into(), ..given("2026-11-23") }, new_run(1)] {
        let submitted = again(new).await?;
        holds("another id or definition", "Created", matches!(submitted, Submitted::Created(_)), submitted)?;
    }
    Ok(())
}
