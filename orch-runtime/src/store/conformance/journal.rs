//! `replay`.

use std::time::Duration;

use super::{
    check::{Checked, answer, equal, refused},
    fixture::{OpenRun, claim_in, dropped, key, moment, record, shown, started, task, task_because},
};
use crate::{
    error::{ErrorKind, RecordedError},
    id::{RunId, ScopeId, TaskNumber},
    state::TaskState,
    store::{Child, Fence, Journal, Mark, Outcome, Record, Step, Store},
};

const ROOT: ScopeId = ScopeId::ROOT;

async fn journal(open: &OpenRun<'_>, scope: ScopeId) -> Checked<Journal> {
    answer("replay", open.store.replay(open.id, open.fence, scope).await)
}

/// Attempt, place, call, occurrence, task run and outcome of each record.
type Row = (u64, u32, u128, u32, Option<u32>, String);

fn rows(journal: &Journal) -> Vec<Row> {
    let row = |record: &Record| {
        (
            record.instance,
            record.number,
            record.call,
            record.occurrence,
            record.task.map(|task| task.0),
            shown(&record.outcome),
        )
    };
    journal.records.iter().map(row).collect()
}

fn row(scope: ScopeId, instance: u64, number: u32) -> Row {
    let value = format!("{}/{instance}/{number}", scope.0);
    (instance, number, number.into(), instance as u32, Some(number), value)
}

fn of_attempt(rows: &[Row], instance: u64) -> Vec<Row> {
    rows.iter().filter(|row| row.0 == instance).cloned().collect()
}

/// A scope without records has an empty journal, not an error.
pub(super) async fn empty_before_the_first_record(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    for _ in 0..2 {
        let found = journal(&open, ROOT).await?;
        equal("records", rows(&found), Vec::new())?;
        equal("dropped", found.dropped, Vec::new())?;
        equal("in flight", found.in_flight.len(), 0)?;
        // Other scopes do not count.
        open.apply(vec![record(ScopeId(5), 1, 0)]).await?;
    }
    Ok(())
}

/// `replay`: "what was recorded in every attempt, in the order of the numbers"; all kinds of outcomes come back.
pub(super) async fn keeps_every_attempt_in_order(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    open.apply((0..3).map(|number| record(ROOT, 1, number)).collect()).await?;
    // Attempts of two bodies at one place may overlap; a later one can be recorded first.
    open.apply(vec![record(ROOT, 9, 0), record(ROOT, 2, 0), record(ROOT, 9, 1), record(ROOT, 2, 1)]).await?;
    let error = RecordedError::message(ErrorKind::Failed, "no shoes");
    for (number, outcome) in [(2, Outcome::Error(error.clone().into())), (3, Outcome::End)] {
        let step = Step::Record(Record {
            scope: ROOT,
            instance: 2,
            number,
            call: u128::MAX - u128::from(number),
            occurrence: u32::MAX,
            task: None,
            outcome,
        });
        open.apply(vec![step]).await?;
    }
    let found = rows(&journal(&open, ROOT).await?);
    equal("number of records", found.len(), 9)?;
    for (instance, places) in [(1, 3), (9, 2)] {
        let expected: Vec<Row> = (0..places).map(|number| row(ROOT, instance, number)).collect();
        equal(&format!("records of attempt {instance}"), of_attempt(&found, instance), expected)?;
    }
    let error = shown(&Outcome::Error(error.into()));
    let expected = vec![
        row(ROOT, 2, 0),
        row(ROOT, 2, 1),
        (2, 2, u128::MAX - 2, u32::MAX, None, error),
        (2, 3, u128::MAX - 3, u32::MAX, None, "end".into()),
    ];
    equal("records of attempt 2", of_attempt(&found, 2), expected)
}

/// `replay`: "what was dropped".
pub(super) async fn keeps_dropped_marks(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let marks = [dropped(ROOT, 1, 4), dropped(ROOT, 1, u128::MAX), dropped(ROOT, 2, 4)];
    for mark in marks {
        open.apply(vec![Step::Dropped(mark)]).await?;
    }
    let mut found = journal(&open, ROOT).await?.dropped;
    found.sort_by_key(|mark: &Mark| (mark.instance, mark.call));
    equal("dropped", found, marks.to_vec())
}

/// `replay`: "The journal of one scope of a run".
pub(super) async fn separates_scopes(store: &dyn Store) -> Checked {
    let scopes = [ROOT, ScopeId(1), ScopeId(u128::MAX), ScopeId(1 << 64)];
    let (mut first, mut second) = (OpenRun::new(store).await?, OpenRun::new(store).await?);
    for (task, scope) in (0..).zip(scopes) {
        let own = vec![record(scope, 1, 0), Step::Dropped(dropped(scope, 1, 7)), claim_in(scope, task, 1)];
        first.apply(own).await?;
    }
    second.apply(vec![record(ROOT, 4, 0)]).await?;
    // The calls of a scope need not follow each other.
    first.apply(vec![claim_in(ROOT, 4, 1)]).await?;
    for (task, scope) in (0..).zip(scopes) {
        let found = journal(&first, scope).await?;
        equal("records", rows(&found), vec![row(scope, 1, 0)])?;
        equal("dropped", found.dropped, vec![dropped(scope, 1, 7)])?;
        let mut in_flight: Vec<u32> = found.in_flight.iter().map(|call| call.task.0).collect();
        in_flight.sort_unstable();
        let expected = if scope == ROOT { vec![0, 4] } else { vec![task] };
        equal("in flight", in_flight, expected)?;
    }
    equal("records of another run", rows(&journal(&second, ROOT).await?), vec![row(ROOT, 4, 0)])
}

/// `replay`: "which calls have begun without having an outcome", with all that resuming them needs.
pub(super) async fn tells_what_is_in_flight(store: &dyn Store) -> Checked {
    use TaskState::{AwaitingRetry, Completed, Pending, Running};
    let mut open = OpenRun::new(store).await?;
    let child = RunId::new();
    // 0 has an outcome, 1 runs, 2 waits for its second attempt, 3 waits for a flow, 4 has not begun.
    open.apply((0..4).flat_map(started).collect()).await?;
    let failed = Some("busy");
    let wait = Some(Duration::from_millis(1_500));
    open.apply(vec![
        task(0, (Running, 1), (Completed, 1)),
        record(ROOT, 1, 0),
        task_because(2, (Running, 1), (AwaitingRetry, 1), failed, wait),
        Step::Child { task: TaskNumber(3), run: child },
        claim_in(ROOT, 4, 8),
    ])
    .await?;
    let mut found = journal(&open, ROOT).await?.in_flight;
    found.sort_by_key(|call| call.task);
    let shown: Vec<_> =
        found.iter().map(|call| (call.task.0, call.instance, call.state, call.attempt, call.child)).collect();
    let expected = vec![
        (1, 1, Running, 1, None),
        (2, 1, AwaitingRetry, 1, None),
        (3, 1, Running, 1, Some(child)),
        (4, 8, Pending, 0, None),
    ];
    equal("in flight", shown, expected)?;
    for call in &found {
        equal("key", call.key, key(ROOT, call.task.0.into()))?;
    }
    let times: Vec<_> = found.iter().map(|call| (call.task.0, call.first_start, call.retry_at)).collect();
    let due = moment(102).plus(Duration::from_millis(1_500));
    let started = Some(moment(101));
    let expected = vec![(1, started, None), (2, started, Some(due)), (3, started, None), (4, None, None)];
    equal("first start and next attempt", times, expected)?;
    // The second attempt does not move the start of the first.
    open.apply(vec![task(2, (AwaitingRetry, 1), (Running, 2))]).await?;
    let found = journal(&open, ROOT).await?.in_flight;
    let second = found.iter().find(|call| call.task == TaskNumber(2));
    equal(
        "the second attempt",
        second.map(|call| (call.state, call.attempt, call.first_start)),
        Some((Running, 2, started)),
    )
}

/// What a worker wrote is what the next one reads.
pub(super) async fn outlives_a_claim(store: &dyn Store) -> Checked {
    let mut first = OpenRun::new(store).await?;
    first.apply(vec![record(ROOT, 1, 0)]).await?;
    let mut second = first.taken_over().await?;
    second.apply(vec![record(ROOT, 1, 1)]).await?;
    let third = second.taken_over().await?;
    equal("records", rows(&journal(&third, ROOT).await?), vec![row(ROOT, 1, 0), row(ROOT, 1, 1)])
}

/// `replay` takes the fence because only the run's worker may act on what it reads.
pub(super) async fn refuses_another_fence(store: &dyn Store) -> Checked {
    let mut first = OpenRun::new(store).await?;
    first.apply(vec![record(ROOT, 1, 0)]).await?;
    let second = first.taken_over().await?;
    let old = store.replay(first.id, first.fence, ROOT).await;
    refused("replay with the old fence", old.map(|found| rows(&found)))?;
    let future = Fence(second.fence.0 + 1);
    let found = store.replay(first.id, future, ROOT).await;
    refused("replay with a fence that nobody has", found.map(|found| rows(&found)))?;
    let unknown = store.replay(RunId::new(), second.fence, ROOT).await;
    refused("replay of an unknown run", unknown.map(|found| rows(&found)))?;
    journal(&second, ROOT).await.map(drop)
}

/// `replay`: "The runs of flows that were called, in the order of the task runs that called them", of all attempts.
pub(super) async fn tells_of_children(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let runs = [RunId::new(), RunId::new(), RunId::new()];
    let called = |number: u32, run| Step::Child { task: TaskNumber(number), run };
    open.apply(vec![
        claim_in(ROOT, 0, 1),
        called(0, runs[0]),
        claim_in(ScopeId(5), 1, 1),
        called(1, runs[1]),
    ])
    .await?;
    open.apply(vec![task(0, (TaskState::Pending, 0), (TaskState::Cancelled, 0))]).await?;
    open.apply(vec![claim_in(ROOT, 2, 2), called(2, runs[2])]).await?;
    let child = |number: u32, run| {
        let key = key(ROOT, u128::from(number));
        Child { call: key.call, occurrence: key.occurrence, task: TaskNumber(number), run }
    };
    let expected = vec![child(0, runs[0]), child(2, runs[2])];
    equal("children", journal(&open, ROOT).await?.children, expected.clone())?;
    equal("children after a claim", journal(&open.taken_over().await?, ROOT).await?.children, expected)?;
    let past = |before| store.past(open.id, ROOT, TaskNumber(before));
    let children = answer("past", past(2).await)?.children;
    equal("children up to task run 2", children, vec![child(0, runs[0]), child(2, runs[2])])?;
    equal("children up to task run 1", answer("past", past(1).await)?.children, vec![child(0, runs[0])])
}

/// `past`: "the records that were there when the run had `before` task runs"; "It needs no right to write; a run that is
/// unknown has nothing".
pub(super) async fn past_ends_before_a_task_run(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    // What ends late counts by its end, and what is no task run by its place.
    open.apply([started(0), started(1), vec![record(ROOT, 1, 1)]].concat()).await?;
    open.apply([started(2), vec![record(ROOT, 1, 0)]].concat()).await?;
    open.apply(vec![record(ScopeId(5), 1, 2), record(ROOT, 1, 2)]).await?;
    open.apply([started(3), vec![record(ROOT, 1, 3)]].concat()).await?;
    for ended in [false, true] {
        for (before, expected) in
            [(0, 0), (1, 0), (2, 1), (3, 3), (4, 4), (u32::MAX, 4)].map(|(n, count)| (TaskNumber(n), count))
        {
            let found = answer("past", store.past(open.id, ROOT, before).await)?;
            let what = format!("records before task run {before}, ended: {ended}");
            let order = [1, 0, 2, 3].map(|number| row(ROOT, 1, number));
            equal(&what, rows(&found), order[..expected].to_vec())?;
            equal("in flight", found.in_flight.len(), 0)?;
        }
        if !ended {
            open.complete().await?;
        }
    }
    let unknown = answer("past", store.past(RunId::new(), ROOT, TaskNumber(9)).await)?;
    equal("records of an unknown run", unknown.records.len(), 0)
}

/// `journal`: "the same for whoever only reads, also of a run that has ended".
pub(super) async fn is_read_without_a_fence(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let inner = ScopeId(5);
    open.apply(vec![claim_in(inner, 0, 1), record(inner, 1, 0), record(ROOT, 1, 0), record(ROOT, 2, 0)])
        .await?;
    let read = async |scope| answer("journal", store.journal(open.id, scope).await);
    let of_task = claim_in(inner, 1, 1);
    for scope in [ROOT, inner, ScopeId(6)] {
        let (found, expected) = (read(scope).await?, journal(&open, scope).await?);
        equal("records", rows(&found), rows(&expected))?;
        let tasks = |journal: &Journal| journal.in_flight.iter().map(|task| task.task).collect::<Vec<_>>();
        equal("in flight", tasks(&found), tasks(&expected))?;
    }
    let unknown = answer("journal", store.journal(RunId::new(), ROOT).await)?;
    equal("records of an unknown run", rows(&unknown), Vec::new())?;
    open.apply(vec![of_task, Step::Dropped(dropped(ROOT, 1, 7))]).await?;
    let live = journal(&open, ROOT).await?;
    open.complete().await?;
    let ended = answer("journal", store.journal(open.id, ROOT).await)?;
    equal("records of a run that has ended", rows(&ended), rows(&live))?;
    equal("dropped in a run that has ended", ended.dropped, live.dropped)?;
    let inside = answer("journal", store.journal(open.id, inner).await)?;
    equal("inner records of a run that has ended", rows(&inside).len(), 1)
}
