//! The work on orch, with its store on disk.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use orch::{Explained, Runtime, flow, store::SyncMode, task};

use super::{Result, harness::directory};

#[task]
pub(super) async fn no_op(n: u64) -> u64 {
    n
}

#[task(cache)]
pub(super) async fn looked_up(n: u64, name: &str) -> u64 {
    n + name.len() as u64
}

#[flow]
pub(super) async fn one_after_another(tasks: u64) -> Result<u64, orch::Error> {
    let mut sum = 0;
    for n in 0..tasks {
        sum += no_op(n).await?;
    }
    Ok(sum)
}

#[flow]
pub(super) async fn all_at_once(tasks: u64) -> Result<u64, orch::Error> {
    let started: Vec<_> = (0..tasks).map(|n| no_op(n).start()).collect();
    let mut sum = 0;
    for handle in started {
        sum += handle.await?;
    }
    Ok(sum)
}

#[flow]
pub(super) async fn all_cached(lookups: u64) -> Result<u64, orch::Error> {
    let outputs = orch::try_map(0..lookups, |n| looked_up(n, "shoe")).concurrency(1_000).await?;
    Ok(outputs.iter().sum())
}

#[flow]
async fn cached_one_by_one(lookups: u64) -> Result<u64, orch::Error> {
    let mut sum = 0;
    for n in 0..lookups {
        sum += looked_up(n, "shoe").await?;
    }
    Ok(sum)
}

#[flow]
pub(super) async fn one_task(n: u64) -> Result<u64, orch::Error> {
    no_op(n).await
}

pub(super) fn open(dir: &Path, mode: SyncMode) -> Result<Runtime> {
    Ok(Runtime::builder().path(dir).durability(mode).build()?)
}

/// Writes what is left and releases the directory.
pub(super) async fn close(runtime: Runtime) -> Result<()> {
    runtime.close().await?;
    drop(runtime);
    Ok(())
}

pub(super) async fn sequence(tasks: u64) -> Result<Duration> {
    let dir = directory()?;
    let runtime = open(&dir, SyncMode::Fsync)?;
    let start = Instant::now();
    one_after_another(tasks).on(&runtime).await?;
    let took = start.elapsed();
    close(runtime).await?;
    Ok(took)
}

pub(super) async fn fan_out(tasks: u64) -> Result<Duration> {
    let dir = directory()?;
    let runtime = open(&dir, SyncMode::Fsync)?;
    let start = Instant::now();
    all_at_once(tasks).on(&runtime).await?;
    let took = start.elapsed();
    close(runtime).await?;
    Ok(took)
}

pub(super) async fn flows(flows: u64, at_once: usize) -> Result<Duration> {
    let dir = directory()?;
    let runtime = open(&dir, SyncMode::Fsync)?;
    let start = Instant::now();
    run_flows(&runtime, flows, at_once).await?;
    let took = start.elapsed();
    close(runtime).await?;
    Ok(took)
}

pub(super) async fn run_flows(runtime: &Runtime, flows: u64, at_once: usize) -> Result<()> {
    if at_once == 1 {
        for n in 0..flows {
            one_task(n).on(runtime).await?;
        }
        return Ok(());
    }
    let started = (0..flows).map(|n| tokio::spawn(one_task(n).on(runtime)));
    let mut running = stream::iter(started).buffer_unordered(at_once);
    while let Some(ended) = running.next().await {
        ended??;
    }
    Ok(())
}

/// Looks results up that an earlier opening has stored, so many times each: what a hit costs without the run that
/// it belongs to.
pub(super) async fn lookups(keys: u64, passes: u64) -> Result<Duration> {
    let dir = directory()?;
    let runtime = open(&dir, SyncMode::Relaxed)?;
    all_cached(keys).on(&runtime).await?;
    close(runtime).await?;
    let runtime = open(&dir, SyncMode::Relaxed)?;
    let cache = runtime.cache();
    let start = Instant::now();
    for n in (0..passes).flat_map(|_| 0..keys) {
        let explained = cache.explain(looked_up(n, "shoe")).await?;
        if !matches!(explained, Explained::Hit { .. }) {
            return Err(format!("{n}: {explained}").into());
        }
    }
    let took = start.elapsed();
    close(runtime).await?;
    Ok(took)
}

/// The same in a flow, which records each of them.
pub(super) async fn hits_in_a_flow(lookups: u64) -> Result<Duration> {
    let dir = directory()?;
    let runtime = open(&dir, SyncMode::Fsync)?;
    all_cached(lookups).on(&runtime).await?;
    let start = Instant::now();
    cached_one_by_one(lookups).on(&runtime).await?;
    let took = start.elapsed();
    close(runtime).await?;
    Ok(took)
}
