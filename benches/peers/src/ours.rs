//! The work on orch, with its memory store.

use std::time::{Duration, Instant};

use futures_util::{
    future::try_join_all,
    stream::{self, StreamExt},
};
use orch::{Runtime, flow, store::MemoryStore, task};

use super::Result;

#[task]
async fn no_op(n: i64) -> i64 {
    n
}

#[flow]
async fn one_after_another(steps: i64) -> Result<i64, orch::Error> {
    for n in 0..steps {
        no_op(n).await?;
    }
    Ok(steps)
}

#[flow]
async fn all_started(steps: i64) -> Result<i64, orch::Error> {
    let started: Vec<_> = (0..steps).map(|n| no_op(n).start()).collect();
    for handle in started {
        handle.await?;
    }
    Ok(steps)
}

#[flow]
async fn all_joined(steps: i64) -> Result<i64, orch::Error> {
    try_join_all((0..steps).map(no_op)).await?;
    Ok(steps)
}

fn runtime() -> Result<Runtime> {
    let store = MemoryStore::builder().keep_runs(100).build();
    Ok(Runtime::builder().store(store).build()?)
}

pub(super) async fn sequence(steps: u64, per_flow: u64) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    for _ in 0..steps / per_flow {
        one_after_another(per_flow as i64).on(&runtime).await?;
    }
    Ok(start.elapsed())
}

pub(super) async fn started(steps: u64, per_flow: u64) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    for _ in 0..steps / per_flow {
        all_started(per_flow as i64).on(&runtime).await?;
    }
    Ok(start.elapsed())
}

pub(super) async fn joined(steps: u64) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    all_joined(steps as i64).on(&runtime).await?;
    Ok(start.elapsed())
}

pub(super) async fn flows(flows: u64, at_once: usize) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    let started = (0..flows).map(|_| one_after_another(1).on(&runtime).start());
    let mut running = stream::iter(started).buffer_unordered(at_once);
    while let Some(ended) = running.next().await {
        ended?;
    }
    Ok(start.elapsed())
}
