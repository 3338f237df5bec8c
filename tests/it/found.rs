//! What went wrong once, each in its smallest form. What is ignored still does.

mod cancelled;
mod deaths;
mod ids;
mod once;
mod replayed;
mod waits;

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use orch::{
    Resolution, RunId, RunState, TaskState,
    prelude::*,
    store::{MemoryStore, Page, Store as _},
    testing::{TestBuilder, TestRuntime, Verdict, verify_replay},
};

use crate::support::{Bodies, Gate, Life, gate, lines, until};

const SECOND: Duration = Duration::from_secs(1);

async fn state(runtime: &Runtime, run: RunId) -> RunState {
    runtime.run(run).await.unwrap().unwrap().state
}

/// Begins its work, and in the first life does not come to its end.
#[task(once)]
async fn pays(#[provided] bodies: &Bodies, #[provided] life: &Life) -> u32 {
    bodies.enter();
    if *life == Life::First { std::future::pending().await } else { 72 }
}

#[flow]
async fn shops() -> Result<u32, Error> {
    pays().await
}

/// Says it of everything that waits for it, as long as this is polled.
async fn person(runtime: &TestRuntime) -> u32 {
    loop {
        for run in runtime.runs(Default::default(), Page::all()).await.unwrap() {
            for task in runtime.task_runs(run.id, Page::all()).await.unwrap() {
                if task.state == TaskState::Unknown {
                    let _ = runtime.resolve(run.id, task.task, Resolution::value(&70u32).unwrap()).await;
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn with_person(runtime: &Arc<TestRuntime>, run: RunId, retry: bool) -> u32 {
    let of = runtime.clone();
    let ends =
        tokio::spawn(
            async move { if retry { of.retry::<u32>(run).await } else { of.resume::<u32>(run).await } },
        );
    tokio::select! {
        ended = ends => ended.unwrap().unwrap(),
        value = person(runtime) => value,
    }
}

fn live(builder: TestBuilder, life: Life) -> (Arc<TestRuntime>, Bodies) {
    let bodies = Bodies::default();
    (Arc::new(builder.provide(bodies.clone()).provide(life).build()), bodies)
}

#[task]
async fn stays(#[provided] bodies: &Bodies, #[provided] life: &Life) -> u32 {
    bodies.enter();
    if *life == Life::First { std::future::pending().await } else { 5 }
}

#[flow]
async fn staying() -> Result<u32, Error> {
    stays().await
}

#[task]
async fn last() -> u32 {
    1
}
