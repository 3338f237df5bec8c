//! Many callers at once: threads call, and what they were given is awaited here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Barrier, Mutex, PoisonError},
};

use futures_util::future::join_all;

use super::{
    cache::told,
    check::{Checked, answer, committed, equal, holds, some},
    fixture::{OpenRun, bytes, claim_of, entry, lookup, new_run, parts, record, run_step, started, task},
};
use crate::{
    id::{RunId, ScopeId},
    state::{EventKind, RunState, TaskState},
    store::{Commit, Committed, Durability, Lookup, Outcome, Page, Store},
};

const THREADS: usize = 8;

/// Calls `work` on threads that start together, each with its number. Nothing is awaited there, so the executor
/// that polls the suite is held up only as long as the calls themselves take.
fn together<T: Send>(work: impl Fn(usize) -> T + Sync) -> Checked<Vec<T>> {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    work(number)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "expected calls that return, found a panic".to_owned()))
            .collect()
    })
}

/// Every sequence number is there once, and each run's events are a subsequence of all.
async fn events_fit(store: &dyn Store, runs: impl Iterator<Item = RunId>) -> Checked {
    let all = answer("events", store.events(Page::first(usize::MAX)).await)?;
    let rising = all.windows(2).all(|pair| pair[0].sequence < pair[1].sequence);
    holds("sequence of all events", "rising", rising, all.len())?;
    let mut by_run: BTreeMap<RunId, Vec<_>> = BTreeMap::new();
    for event in all {
        by_run.entry(event.run).or_default().push(event);
    }
    for run in runs {
        let own = answer("run_events", store.run_events(run, Page::first(usize::MAX)).await)?;
        equal("events of a run", own, by_run.remove(&run).unwrap_or_default())?;
    }
    Ok(())
}

/// Changes of different runs neither wait for each other nor mix.
pub(super) async fn many_runs_at_once(store: &dyn Store) -> Checked {
    const TASKS: u32 = 40;
    let mut runs = Vec::new();
    for _ in 0..THREADS {
        runs.push(Mutex::new(OpenRun::new(store).await?));
    }
    let commits = together(|thread| {
        let mut open = runs[thread].lock().unwrap_or_else(PoisonError::into_inner);
        let mut commits: Vec<Commit> = Vec::new();
        for number in 0..TASKS {
            commits.push(store.commit(open.change(started(number)), Durability::Buffered));
            let steps = vec![
                task(number, (TaskState::Running, 1), (TaskState::Completed, 1)),
                record(ScopeId::ROOT, thread as u64, number),
            ];
            commits.push(store.commit(open.change(steps), Durability::Durable));
        }
        let outcome = Some(Outcome::Value(bytes(&thread.to_string())));
        let end = vec![run_step(RunState::Running, RunState::Completed, outcome)];
        commits.push(store.commit(open.change(end), Durability::Durable));
        commits
    })?;
    for found in join_all(commits.into_iter().flatten()).await {
        committed("a change", found, Committed::Applied)?;
    }
    let mut ids = Vec::new();
    for (thread, open) in runs.into_iter().enumerate() {
        let open = open.into_inner().unwrap_or_else(PoisonError::into_inner);
        let run = some("run", answer("run", store.run(open.id).await)?)?;
        equal("state", run.state, RunState::Completed)?;
        equal("value", run.value, Some(bytes(&thread.to_string())))?;
        equal("counts", run.counts, [(TaskState::Completed, TASKS.into())].into())?;
        let journal = answer("replay", store.replay(open.id, open.fence, ScopeId::ROOT).await)?;
        let places: Vec<_> = journal.records.iter().map(|record| (record.instance, record.number)).collect();
        let expected: Vec<_> = (0..TASKS).map(|number| (thread as u64, number)).collect();
        equal("records", places, expected)?;
        ids.push(open.id);
    }
    events_fit(store, ids.into_iter()).await
}

/// Changes of one run apply in the order in which `commit` was called, whoever calls: a worker calls it under the
/// lock that gives the change its number.
pub(super) async fn one_run_from_many_threads(store: &dyn Store) -> Checked {
    const CHANGES: u32 = 400;
    let first = OpenRun::new(store).await?;
    let id = first.id;
    let run = Mutex::new((first, 0));
    let commits = together(|_| {
        let mut commits: Vec<Commit> = Vec::new();
        loop {
            let mut locked = run.lock().unwrap_or_else(PoisonError::into_inner);
            let (open, next) = &mut *locked;
            if *next == CHANGES {
                return commits;
            }
            let mut steps = started(*next);
            if let Some(before) = next.checked_sub(1) {
                // Needs the change before, which was most likely another thread's.
                steps.push(task(before, (TaskState::Running, 1), (TaskState::Completed, 1)));
                steps.push(record(ScopeId::ROOT, 1, before));
            }
            *next += 1;
            let durability = if *next % 3 == 0 { Durability::Durable } else { Durability::Buffered };
            commits.push(store.commit(open.change(steps), durability));
        }
    })?;
    for found in join_all(commits.into_iter().flatten()).await {
        committed("a change", found, Committed::Applied)?;
    }
    let (open, _) = run.into_inner().unwrap_or_else(PoisonError::into_inner);
    let journal = answer("replay", store.replay(id, open.fence, ScopeId::ROOT).await)?;
    let numbers: Vec<u32> = journal.records.iter().map(|record| record.number).collect();
    equal("records", numbers, (0..CHANGES - 1).collect())?;
    let events = answer("run_events", store.run_events(id, Page::first(usize::MAX)).await)?;
    let claimed: Vec<u32> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Task { task, state: TaskState::Pending, .. } => Some(task.0),
            _ => None,
        })
        .collect();
    equal("order of the events", claimed, (0..CHANGES).collect())?;
    events_fit(store, [id].into_iter()).await
}

/// "At most one caller leads a key at a time": of many that ask at once one leads, and when it gives up one of
/// those that waited does.
pub(super) async fn one_leader_at_a_time(store: &dyn Store) -> Checked {
    let question = || lookup(parts("suite::price", 1));
    let asked = together(|_| store.lookup_or_lead(question()))?;
    let mut waiting = join_all(asked).await;
    for round in 0..THREADS {
        let (mut leads, mut follows, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for found in waiting.drain(..) {
            match answer("lookup_or_lead", found)? {
                Lookup::Lead(lead, _) => leads.push(lead),
                Lookup::Follow(end) => follows.push(end),
                other => others.push(told(&other)),
            }
        }
        equal(&format!("other answers in round {round}"), others, Vec::new())?;
        let [lead] = leads[..] else {
            return Err(format!("leaders in round {round}: expected one, found {leads:?}"));
        };
        equal("followers", follows.len(), THREADS - 1 - round)?;
        if round == THREADS / 2 {
            answer("publish", store.publish(lead, entry(parts("suite::price", 1), "120")).await)?;
            join_all(follows).await;
            let found = answer("lookup_or_lead", store.lookup_or_lead(question()).await)?;
            return holds("lookup after the value", "Hit", matches!(found, Lookup::Hit(..)), told(&found));
        }
        store.release(lead);
        // All wake, and all look up again.
        waiting = join_all(follows.into_iter().map(|end| async move {
            end.await;
            store.lookup_or_lead(question()).await
        }))
        .await;
    }
    Ok(())
}

/// Workers that claim one run at once get fences that differ, and only the highest may write.
pub(super) async fn claims_race(store: &dyn Store) -> Checked {
    let new = new_run(0);
    let id = new.id;
    answer("submit", store.submit(new).await)?;
    let claims = together(|_| store.claim(claim_of(id)))?;
    let mut fences = BTreeSet::new();
    for found in join_all(claims).await {
        fences.insert(some("claim", answer("claim", found)?)?.fence);
    }
    equal("different fences", fences.len(), THREADS)?;
    let highest = fences.last().copied();
    for fence in fences {
        let mut open = OpenRun { store, id, fence, number: 1 };
        let found = open.commit(started(0)).await;
        let expected = if Some(fence) == highest { Committed::Applied } else { Committed::Fenced };
        committed(&format!("change under {fence:?} of {highest:?}"), found, expected)?;
    }
    Ok(())
}
