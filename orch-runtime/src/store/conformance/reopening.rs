//! `reopen`.

use super::{
    check::{Checked, answer, committed, equal, holds, some},
    fixture::{NAME, OpenRun, bytes, claim_of, moment, new_run, record, run_step, started, worker},
};
use crate::{
    id::{RunId, ScopeId},
    state::{EventKind, RunState},
    store::{Claimed, Committed, NewRun, Outcome, Page, Run, RunFilter, Step, Store},
};

async fn stored(store: &dyn Store, id: RunId) -> Checked<Run> {
    some("run", answer("run", store.run(id).await)?)
}

async fn reopened(store: &dyn Store, id: RunId, at: u64) -> Checked<Claimed> {
    some("reopen", answer("reopen", store.reopen(id, worker(), moment(at)).await)?)
}

/// The steps that end a run in a state.
fn ending(state: RunState) -> Vec<Step> {
    match state {
        RunState::Cancelled => vec![
            run_step(RunState::Running, RunState::Cancelling, None),
            run_step(RunState::Cancelling, state, None),
        ],
        state => vec![Step::Run {
            expect: RunState::Running,
            state,
            attempt: 1,
            reason: Some("it broke".into()),
            outcome: Some(Outcome::Value(bytes("what came out"))),
        }],
    }
}

async fn ended(store: &dyn Store, state: RunState) -> Checked<OpenRun<'_>> {
    let tags = vec!["again".into()];
    let mut open = OpenRun::submit(store, NewRun { tags, ..new_run(0) }).await?;
    open.apply(started(0)).await?;
    open.apply(ending(state)).await?;
    Ok(open)
}

/// `reopen`: "Takes a run that has ended without a value for `worker` … in one step it goes through `Pending` to
/// `Running`, in the attempt after its last one, … and gets a new fence".
pub(super) async fn takes_up_what_ended_without_a_value(store: &dyn Store) -> Checked {
    for state in [RunState::Failed, RunState::TimedOut, RunState::Cancelled, RunState::Crashed] {
        let mut first = ended(store, state).await?;
        let claimed = reopened(store, first.id, 500).await?;
        equal("state", claimed.run.state, RunState::Running)?;
        equal("attempt", claimed.run.attempt, 2)?;
        equal("first attempt", claimed.first_attempt, 2)?;
        equal("next task", claimed.next_task, 1)?;
        equal("input", claimed.input, bytes("input"))?;
        let found = first.commit(started(1)).await;
        committed("change of the worker before", found, Committed::Fenced)?;
        let mut second = OpenRun { fence: claimed.fence, number: 1, ..first };
        second.apply(started(1)).await?;
        let events = answer("events", store.run_events(first.id, Page::all()).await)?;
        let states: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Run { state, attempt, reason } if event.at == moment(500) => {
                    Some((*state, *attempt, reason.clone()))
                }
                _ => None,
            })
            .collect();
        equal("events", states, vec![(RunState::Pending, 2, None), (RunState::Running, 2, None)])?;
    }
    Ok(())
}

/// `reopen`: "`None` when the run is unknown, has not ended, or has completed."
pub(super) async fn nothing_else_is_reopened(store: &dyn Store) -> Checked {
    let completed = ended(store, RunState::Completed).await?;
    let mut running = OpenRun::new(store).await?;
    for (what, id) in [
        ("a run that completed", completed.id),
        ("a running run", running.id),
        ("an unknown run", RunId::new()),
    ] {
        let found = answer("reopen", store.reopen(id, worker(), moment(500)).await)?;
        holds(&format!("reopen of {what}"), "None", found.is_none(), &found)?;
    }
    equal("state", stored(store, completed.id).await?.state, RunState::Completed)?;
    // Who had it still has it.
    running.apply(started(0)).await
}

/// `reopen`: "loses its outcome, its reason and its end … Its journal and its history stay."
pub(super) async fn loses_its_end_and_keeps_its_past(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    open.apply([started(0), vec![record(ScopeId::ROOT, 1, 0)]].concat()).await?;
    open.apply(ending(RunState::Failed)).await?;
    let before = answer("run events", store.run_events(open.id, Page::all()).await)?;
    let claimed = reopened(store, open.id, 500).await?;
    for run in [claimed.run, stored(store, open.id).await?] {
        equal("value", run.value, None)?;
        equal("reason", run.reason, None)?;
        equal("ended", run.ended, None)?;
        holds("started", "the first claim", run.started.is_some_and(|at| at < moment(500)), run.started)?;
        equal("task runs", run.counts.values().sum::<u64>(), 1)?;
    }
    let journal = answer("replay", store.replay(open.id, claimed.fence, ScopeId::ROOT).await)?;
    equal("records", journal.records.len(), 1)?;
    let after = answer("run events", store.run_events(open.id, Page::all()).await)?;
    equal("events before", after[..before.len()].to_vec(), before)
}

/// `runs`: what was reopened is among those that run, and not among those that have ended.
pub(super) async fn is_found_where_it_stands(store: &dyn Store) -> Checked {
    let open = ended(store, RunState::Failed).await?;
    let other = ended(store, RunState::Failed).await?;
    lists(store, Some(RunState::Failed), &[other.id, open.id]).await?;
    let claimed = reopened(store, open.id, 500).await?;
    lists(store, Some(RunState::Failed), &[other.id]).await?;
    lists(store, Some(RunState::Running), &[open.id]).await?;
    lists(store, None, &[other.id, open.id]).await?;
    let mut again = OpenRun { fence: claimed.fence, number: 1, ..open };
    again.complete().await?;
    lists(store, Some(RunState::Completed), &[open.id]).await?;
    lists(store, Some(RunState::Running), &[]).await
}

/// Every list of runs in a state.
async fn lists(store: &dyn Store, state: Option<RunState>, expected: &[RunId]) -> Checked {
    for filter in [
        RunFilter { state, ..RunFilter::default() },
        RunFilter { state, tag: Some("again".into()), ..RunFilter::default() },
        RunFilter { state, name: Some(NAME.into()), ..RunFilter::default() },
    ] {
        let runs = answer("runs", store.runs(filter.clone(), Page::all()).await)?;
        let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
        equal(&format!("runs by {filter:?}"), ids, expected.to_vec())?;
    }
    Ok(())
}

/// `Claimed`: "The attempt with which it was last reopened".
pub(super) async fn lasts_until_its_next_end(store: &dyn Store) -> Checked {
    let open = ended(store, RunState::Failed).await?;
    let claimed = reopened(store, open.id, 500).await?;
    let mut again = OpenRun { fence: claimed.fence, number: 1, ..open };
    again
        .apply(vec![Step::Run {
            expect: RunState::Running,
            state: RunState::Running,
            attempt: 3,
            reason: None,
            outcome: None,
        }])
        .await?;
    let taken = some("claim", answer("claim", store.claim(claim_of(open.id)).await)?)?;
    equal("attempt", taken.run.attempt, 3)?;
    equal("first attempt", taken.first_attempt, 2)?;
    let mut third = OpenRun { fence: taken.fence, number: 1, ..open };
    third.apply(ending(RunState::Failed)).await?;
    let claimed = reopened(store, open.id, 600).await?;
    equal("first attempt after the second time", claimed.first_attempt, 2)?;
    equal("attempt after the second time", claimed.run.attempt, 2)
}
