//! `attempts`.

use std::time::Duration;

use super::{
    check::{Checked, answer, equal},
    fixture::{OpenRun, claim, moment, started, task, task_because},
};
use crate::{
    id::TaskNumber,
    state::TaskState::{AwaitingPermit, AwaitingRetry, Cached, Completed, Pending, Running, TimedOut},
    store::{Attempt, Store},
};

async fn attempts(store: &dyn Store, open: &OpenRun<'_>, task: u32) -> Checked<Vec<Attempt>> {
    answer("attempts", store.attempts(open.id, TaskNumber(task)).await)
}

/// `attempts`: "The attempts of a task run, first to last", each with its number, its times, what the task run
/// became after it, why, and the wait that followed.
pub(super) async fn attempts_tell_reasons_and_waits(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let wait = Duration::from_millis(250);
    open.apply(vec![claim(0), task(0, (Pending, 0), (AwaitingPermit, 0))]).await?;
    equal("attempts before the first", attempts(store, &open, 0).await?, vec![])?;
    open.apply(vec![task(0, (AwaitingPermit, 0), (Running, 1))]).await?;
    let first =
        Attempt { number: 1, started: moment(102), ended: None, state: Running, reason: None, delay: None };
    equal("attempts during the first", attempts(store, &open, 0).await?, vec![first.clone()])?;
    open.apply(vec![task_because(0, (Running, 1), (AwaitingRetry, 1), Some("503"), Some(wait))]).await?;
    let first = Attempt {
        ended: Some(moment(103)),
        state: AwaitingRetry,
        reason: Some("503".into()),
        delay: Some(wait),
        ..first
    };
    equal("attempts after the first", attempts(store, &open, 0).await?, vec![first.clone()])?;
    open.apply(vec![task(0, (AwaitingRetry, 1), (Running, 2))]).await?;
    open.apply(vec![task_because(0, (Running, 2), (TimedOut, 2), Some("took 10 s"), None)]).await?;
    let second = Attempt {
        number: 2,
        started: moment(104),
        ended: Some(moment(105)),
        state: TimedOut,
        reason: Some("took 10 s".into()),
        delay: None,
    };
    equal("attempts after the last", attempts(store, &open, 0).await?, vec![first, second])
}

/// An attempt that another worker starts again is still that attempt: `Running` to `Running` with one number.
pub(super) async fn restarted_attempt_stays_one(store: &dyn Store) -> Checked {
    let mut first = OpenRun::new(store).await?;
    first.apply(started(0)).await?;
    let mut second = first.taken_over().await?;
    second.apply(vec![task(0, (Running, 1), (Running, 1))]).await?;
    let found = attempts(store, &second, 0).await?;
    let shown: Vec<_> = found.iter().map(|attempt| (attempt.number, attempt.state, attempt.ended)).collect();
    equal("attempts after the restart", shown, vec![(1, Running, None)])?;
    second.apply(vec![task(0, (Running, 1), (Completed, 1))]).await?;
    let found = attempts(store, &second, 0).await?;
    let shown: Vec<_> =
        found.iter().map(|attempt| (attempt.number, attempt.state, attempt.started, attempt.ended)).collect();
    equal("attempts after the end", shown, vec![(1, Completed, moment(101), Some(moment(102)))])
}

/// `attempts` is asked for one task run of one run; one that never ran has none.
pub(super) async fn attempts_of_one_task_run(store: &dyn Store) -> Checked {
    let (mut open, mut other) = (OpenRun::new(store).await?, OpenRun::new(store).await?);
    open.apply([started(0), started(1)].concat()).await?;
    open.apply(vec![task(0, (Running, 1), (Completed, 1)), claim(2), task(2, (Pending, 0), (Cached, 0))])
        .await?;
    other.apply([started(0), vec![claim(1)]].concat()).await?;
    let states = |found: Vec<Attempt>| found.iter().map(|attempt| attempt.state).collect::<Vec<_>>();
    equal("of a task run that ended", states(attempts(store, &open, 0).await?), vec![Completed])?;
    equal("of a task run that runs", states(attempts(store, &open, 1).await?), vec![Running])?;
    equal("of a cache hit", states(attempts(store, &open, 2).await?), vec![])?;
    equal("of another run", states(attempts(store, &other, 0).await?), vec![Running])?;
    equal("of a call that waits", states(attempts(store, &other, 1).await?), vec![])?;
    equal("of an unknown task run", states(attempts(store, &open, 99).await?), vec![])
}
