//! The work on orch, with its memory store or with the one on disk.

use std::time::{Duration, Instant};

use super::{Result, harness::directory};
use futures_util::{
    future::try_join_all,
    stream::{self, StreamExt},
};
use orch::{
    Explained, Runtime, flow,
    store::{MemoryStore, SyncMode},
    task,
};

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

#[flow]
async fn mapped(steps: i64, at_once: usize) -> Result<i64, orch::Error> {
    orch::try_map(0..steps, |n| async move { no_op(n).await }).concurrency(at_once).await?;
    Ok(steps)
}

#[task(cache)]
async fn looked_up(n: u64, name: &str) -> u64 {
    n + name.len() as u64
}

#[flow]
async fn all_cached(lookups: u64) -> Result<(), orch::Error> {
    orch::try_map(0..lookups, |n| looked_up(n, "shoe")).concurrency(1_000).await?;
    Ok(())
}

/// Where it keeps what it does.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Memory,
    Disk(SyncMode),
}

fn runtime(place: Place) -> Result<Runtime> {
    Ok(match place {
        Place::Memory => {
            let store = MemoryStore::builder().keep_runs(100).build();
            Runtime::builder().store(store).build()?
        }
        Place::Disk(mode) => Runtime::builder().path(directory()?).durability(mode).build()?,
    })
}

pub(super) async fn sequence(place: Place, steps: u64, per_flow: u64) -> Result<Duration> {
    let runtime = runtime(place)?;
    let start = Instant::now();
    for _ in 0..steps / per_flow {
        one_after_another(per_flow as i64).on(&runtime).await?;
    }
    Ok(start.elapsed())
}

pub(super) async fn started(place: Place, steps: u64, per_flow: u64) -> Result<Duration> {
    let runtime = runtime(place)?;
    let start = Instant::now();
    for _ in 0..steps / per_flow {
        all_started(per_flow as i64).on(&runtime).await?;
    }
    Ok(start.elapsed())
}

pub(super) async fn joined(place: Place, steps: u64) -> Result<Duration> {
    let runtime = runtime(place)?;
    let start = Instant::now();
    all_joined(steps as i64).on(&runtime).await?;
    Ok(start.elapsed())
}

pub(super) async fn flows(place: Place, flows: u64, at_once: usize) -> Result<Duration> {
    let runtime = runtime(place)?;
    let start = Instant::now();
    let started = (0..flows).map(|_| one_after_another(1).on(&runtime).start());
    let mut running = stream::iter(started).buffer_unordered(at_once);
    while let Some(ended) = running.next().await {
        ended?;
    }
    Ok(start.elapsed())
}

/// Steps of which so many wait for the disk at once.
pub(super) async fn waiting(place: Place, steps: u64, at_once: usize) -> Result<Duration> {
    let runtime = runtime(place)?;
    let start = Instant::now();
    mapped(steps as i64, at_once).on(&runtime).await?;
    Ok(start.elapsed())
}

/// Looks results up that an earlier opening has stored, so many times each.
pub(super) async fn hits(keys: u64, passes: u64) -> Result<Duration> {
    let dir = directory()?;
    let open = || Runtime::builder().path(&dir).durability(SyncMode::Relaxed).build();
    let runtime = open()?;
    all_cached(keys).on(&runtime).await?;
    runtime.close().await?;
    drop(runtime);
    let runtime = open()?;
    let cache = runtime.cache();
    let start = Instant::now();
    for n in (0..passes).flat_map(|_| 0..keys) {
        let explained = cache.explain(looked_up(n, "shoe")).await?;
        if !matches!(explained, Explained::Hit { .. }) {
            return Err(format!("{n}: {explained}").into());
        }
    }
    Ok(start.elapsed())
}
