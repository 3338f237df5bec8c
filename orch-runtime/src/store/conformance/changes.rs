//! `commit` and `flush`.

use super::{
    check::{Checked, answer, committed, equal, holds, in_order, refused, some},
    fixture::{OpenRun, bytes, claim, dropped, moment, new_run, record, run_step, started, task},
};
use crate::{
    id::{RunId, ScopeId, TaskNumber},
    state::{Notice, RunState, TaskState},
    store::{Commit, Committed, Durability, Outcome, Page, Step, Store, TaskDetail},
};

/// Everything that a reader can find out about a run.
async fn everything(open: &OpenRun<'_>) -> Checked<String> {
    let (store, id) = (open.store, open.id);
    let run = answer("run", store.run(id).await)?;
    let tasks = answer("task_runs", store.task_runs(id, Page::first(100)).await)?;
    let journal = answer("replay", store.replay(id, open.fence, ScopeId::ROOT).await)?;
    let events = answer("events", store.events(Page::first(1_000)).await)?;
    let own = answer("run_events", store.run_events(id, Page::first(1_000)).await)?;
    let mut attempts = Vec::new();
    for task in &tasks {
        attempts.push(answer("attempts", store.attempts(id, task.task).await)?);
    }
    Ok(format!("{run:?}\n{tasks:?}\n{attempts:?}\n{journal:?}\n{events:?}\n{own:?}"))
}

/// `commit`: "Applies a change as a whole".
pub(super) async fn applies_all_steps(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let child = RunId::new();
    let mut steps = started(0);
    steps.extend([
        Step::Child { task: TaskNumber(0), run: child },
        record(ScopeId::ROOT, 1, 0),
        Step::Dropped(dropped(ScopeId::ROOT, 1, 5)),
        Step::Notice { task: None, notice: Notice::CacheMiss, text: "why".into() },
        run_step(RunState::Running, RunState::Completed, Some(Outcome::Value(bytes("output")))),
    ]);
    open.apply(steps).await?;
    let run = some("run", answer("run", store.run(open.id).await)?)?;
    equal("state", run.state, RunState::Completed)?;
    equal("value", run.value, Some(bytes("output")))?;
    let tasks = answer("task_runs", store.task_runs(open.id, Page::first(10)).await)?;
    let found: Vec<_> = tasks.iter().map(|task| (task.state, task.attempt, task.child)).collect();
    equal("task runs", found, vec![(TaskState::Running, 1, Some(child))])?;
    let journal = answer("replay", store.replay(open.id, open.fence, ScopeId::ROOT).await)?;
    equal("records", journal.records.len(), 1)?;
    equal("dropped", journal.dropped, vec![dropped(ScopeId::ROOT, 1, 5)])?;
    let events = answer("events", store.run_events(open.id, Page::first(100)).await)?;
    // Pending, Running; the task run's Pending, Running; the notice; Completed.
    equal("number of events", events.len(), 6)
}

/// `commit`: "Each step is a compare-and-set": against what the steps before it left.
pub(super) async fn later_steps_see_earlier_ones(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let mut steps = started(0);
    steps.extend([
        task(0, (TaskState::Running, 1), (TaskState::AwaitingRetry, 1)),
        task(0, (TaskState::AwaitingRetry, 1), (TaskState::Running, 2)),
        run_step(RunState::Running, RunState::Cancelling, None),
        run_step(RunState::Cancelling, RunState::Cancelled, None),
    ]);
    open.apply(steps).await?;
    let run = some("run", answer("run", store.run(open.id).await)?)?;
    equal("state", run.state, RunState::Cancelled)
}

/// `commit`: "or not at all"; "a step whose expected state does not hold is an error and nothing of its change is
/// applied"; "Events of the change can be read as soon as it is applied, never before".
pub(super) async fn refuses_as_a_whole(store: &dyn Store) -> Checked {
    use TaskState::{AwaitingRetry, Completed, Pending, Running};
    let mut open = OpenRun::new(store).await?;
    open.apply(started(0)).await?;
    let good = || {
        vec![
            claim(1),
            record(ScopeId::ROOT, 1, 0),
            Step::Dropped(dropped(ScopeId::ROOT, 1, 5)),
            task(0, (Running, 1), (Completed, 1)),
        ]
    };
    let bad = [
        ("the run's state", run_step(RunState::Pending, RunState::Running, None)),
        ("the task run's state", task(0, (Running, 1), (AwaitingRetry, 1))),
        ("the task run's attempt", task(1, (Pending, 1), (Running, 1))),
        ("an unknown task run", task(9, (Pending, 0), (Running, 1))),
        ("a task run that is there already", claim(0)),
        ("a task run out of turn", claim(3)),
        ("an unknown task run's child", Step::Child { task: TaskNumber(9), run: RunId::new() }),
    ];
    for (what, step) in bad {
        for position in 0..=good().len() {
            // Before or after other steps, a step that cannot hold is one; but the second one holds at first.
            if what == "the task run's state" && position < good().len() {
                continue;
            }
            let before = everything(&open).await?;
            let mut steps = good();
            steps.insert(position, step.clone());
            refused(what, open.commit(steps).await)?;
            open.number -= 1;
            equal(
                &format!("what is there after a refused change ({what}, step {position})"),
                everything(&open).await?,
                before,
            )?;
        }
    }
    // A refused change has not used up its number.
    open.apply(good()).await
}

/// `Committed::AlreadyMine`: "The same change was applied before; sent again, it changes nothing".
pub(super) async fn numbers_make_resending_harmless(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let first = open.change(started(0));
    let second = open.change(vec![task(0, (TaskState::Running, 1), (TaskState::Completed, 1))]);
    for (what, change) in [("first", &first), ("second", &second)] {
        let found = store.commit(change.clone(), Durability::Durable).await;
        committed(what, found, Committed::Applied)?;
    }
    let before = everything(&open).await?;
    for (what, change) in [("second again", &second), ("first again", &first)] {
        for durability in [Durability::Durable, Durability::Buffered] {
            let found = store.commit(change.clone(), durability).await;
            committed(what, found, Committed::AlreadyMine)?;
        }
    }
    equal("what is there after sending again", everything(&open).await?, before)?;
    open.apply(started(1)).await
}

/// `Committed::Fenced`: "Another worker has the run; nothing was changed and nothing will be".
pub(super) async fn another_fence_changes_nothing(store: &dyn Store) -> Checked {
    let mut first = OpenRun::new(store).await?;
    let applied = first.change(started(0));
    let found = store.commit(applied.clone(), Durability::Durable).await;
    committed("first change", found, Committed::Applied)?;
    let second = first.taken_over().await?;
    let before = everything(&second).await?;
    // Also what it had applied is not its own any more.
    let found = store.commit(applied, Durability::Durable).await;
    committed("the same change under the old fence", found, Committed::Fenced)?;
    for steps in [started(1), vec![run_step(RunState::Pending, RunState::Failed, None)]] {
        let found = first.commit(steps).await;
        committed("another change under the old fence", found, Committed::Fenced)?;
    }
    equal("what is there", everything(&second).await?, before)
}

/// `commit` needs a run: one that is not there takes nothing.
pub(super) async fn unknown_runs_take_nothing(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    open.id = new_run(0).id;
    let found = open.commit(started(0)).await;
    holds(
        "commit to an unknown run",
        "an error or Fenced",
        matches!(found, Err(_) | Ok(Committed::Fenced)),
        &found,
    )?;
    let events = answer("run_events", store.run_events(open.id, Page::first(10)).await)?;
    equal("events of an unknown run", events, Vec::new())
}

/// `commit`: "It is in line when this *returns*; the commit that it returns may be dropped without withdrawing
/// anything".
pub(super) async fn dropping_withdraws_nothing(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    for number in 0..10 {
        let durability = [Durability::Durable, Durability::Buffered][number as usize % 2];
        let change = open.change(started(number));
        drop(store.commit(change, durability));
    }
    // In line behind them, so they are applied when this one is.
    open.apply(started(10)).await?;
    let tasks = answer("task_runs", store.task_runs(open.id, Page::first(100)).await)?;
    equal("number of task runs", tasks.len(), 11)
}

/// "The commits of one run apply and are acknowledged in the order in which `commit` was *called*": also when they
/// are polled in another one.
pub(super) async fn acknowledges_in_order(store: &dyn Store) -> Checked {
    for durability in [Durability::Durable, Durability::Buffered] {
        let mut open = OpenRun::new(store).await?;
        // Each needs the one before: in another order they would be refused.
        let mut commits: Vec<Commit> = vec![store.commit(open.change(started(0)), durability)];
        for attempt in 1..50 {
            let steps = vec![task(0, (TaskState::Running, attempt), (TaskState::Running, attempt + 1))];
            commits.push(store.commit(open.change(steps), durability));
        }
        let what = format!("{durability:?} commits of one run");
        for found in in_order(&what, commits).await? {
            committed(&what, found, Committed::Applied)?;
        }
    }
    Ok(())
}

/// `Durability::Buffered`: "It is applied and readable; it becomes durable no later than the next durable commit
/// of the same run".
pub(super) async fn buffered_is_applied_before_the_next_durable(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let change = open.change(started(0));
    let found = store.commit(change, Durability::Buffered).await;
    committed("buffered change", found, Committed::Applied)?;
    let tasks = answer("task_runs", store.task_runs(open.id, Page::first(10)).await)?;
    equal("task runs after a buffered change", tasks.len(), 1)?;
    let events = answer("run_events", store.run_events(open.id, Page::first(100)).await)?;
    equal("events after a buffered change", events.len(), 4)?;
    // The durable one stands on the buffered one.
    open.apply(vec![task(0, (TaskState::Running, 1), (TaskState::Completed, 1))]).await?;
    let change = open.change(vec![Step::Task {
        task: TaskNumber(0),
        expect: (TaskState::Running, 1),
        state: TaskState::Failed,
        attempt: 1,
        detail: Some(Box::new(TaskDetail::default())),
    }]);
    refused("buffered change that cannot hold", store.commit(change, Durability::Buffered).await)?;
    open.number -= 1;
    let again = open.change(vec![task(0, (TaskState::Completed, 1), (TaskState::Running, 2))]);
    refused("further step of a task run that has ended", store.commit(again, Durability::Durable).await)?;
    let tasks = answer("task_runs", store.task_runs(open.id, Page::first(10)).await)?;
    let found: Vec<_> = tasks.iter().map(|task| (task.state, task.changed)).collect();
    equal("task runs", found, vec![(TaskState::Completed, moment(102))])
}

/// `flush`: "Resolves when everything that was committed before the call is as durable as the store makes it".
pub(super) async fn flush_follows_what_was_committed(store: &dyn Store) -> Checked {
    answer("flush of an empty store", store.flush().await)?;
    let mut open = OpenRun::new(store).await?;
    for number in 0..20 {
        let change = open.change(started(number));
        drop(store.commit(change, Durability::Buffered));
    }
    answer("flush", store.flush().await)?;
    let tasks = answer("task_runs", store.task_runs(open.id, Page::first(100)).await)?;
    equal("task runs after a flush", tasks.len(), 20)?;
    answer("second flush", store.flush().await)
}
