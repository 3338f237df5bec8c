//! What comes from outside: signals, and what a person says of a task that may run only once.

use std::time::Duration;

use orch::{Resolution, RunId, TaskState, prelude::*, store::Page};

use crate::tasks::{follow, work};

fn this_run() -> RunId {
    orch::ctx().run().unwrap()
}

/// Somebody outside, who says yes. Should its process die before that is recorded, it says so twice.
#[task]
async fn approve(amount: u64) -> Result<(), Error> {
    orch::send(this_run(), "approve", &amount).await
}

#[flow]
async fn waits_for_approval() -> Result<u64, Error> {
    let first = work(1).await?;
    let (said, amount) = tokio::join!(approve(first), orch::signal::<u64>("approve"));
    said?;
    follow(amount?).await
}

#[flow]
async fn waits_in_vain() -> Result<u64, Error> {
    let first = work(1).await?;
    let waited = orch::signal::<u64>("approve").timeout(Duration::from_millis(2)).await;
    follow(waited.unwrap_or(first)).await
}

#[task(once)]
async fn pay(amount: u64) -> u64 {
    tokio::task::yield_now().await;
    amount + 7
}

/// Somebody who looks whether the payment was interrupted, and knows that it went through.
#[task]
async fn see_to_payment() -> Result<(), Error> {
    let (runtime, run) = (Runtime::current()?, this_run());
    loop {
        let tasks = runtime.task_runs(run, Page::all()).await?;
        match tasks.iter().find(|task| task.name.ends_with("::pay")) {
            Some(task) if task.state == TaskState::Unknown => {
                return runtime.resolve(run, task.task, Resolution::value(&17u64)?).await;
            }
            Some(task) if task.state.is_final() => return Ok(()),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

#[flow]
async fn pays_once() -> Result<u64, Error> {
    let first = work(1).await?;
    let (paid, seen) = tokio::join!(pay(first), see_to_payment());
    seen?;
    follow(paid?).await
}

crate::matrix! {
    a_signal gives "11": waits_for_approval();
    a_signal_that_does_not_come gives "11": waits_in_vain();
    a_task_that_runs_once gives "18": pays_once();
}
