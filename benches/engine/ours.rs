//! The work on orch: flows and tasks as a program would write them.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use orch::{Runtime, flow, store::MemoryStore, task};

use super::Result;

#[task]
async fn no_op(n: u64) -> u64 {
    n
}

#[task(limit = "api")]
async fn limited(n: u64) -> u64 {
    n
}

#[task(cache)]
async fn looked_up(n: u64, name: &str) -> u64 {
    n + name.len() as u64
}

#[flow]
async fn one_after_another(tasks: u64) -> Result<u64, orch::Error> {
    let mut sum = 0;
    for n in 0..tasks {
        sum += no_op(n).await?;
    }
    Ok(sum)
}

#[flow]
async fn with_a_permit(tasks: u64) -> Result<u64, orch::Error> {
    let mut sum = 0;
    for n in 0..tasks {
        sum += limited(n).await?;
    }
    Ok(sum)
}

#[flow]
async fn all_at_once(tasks: u64) -> Result<u64, orch::Error> {
    let started: Vec<_> = (0..tasks).map(|n| no_op(n).start()).collect();
    let mut sum = 0;
    for handle in started {
        sum += handle.await?;
    }
    Ok(sum)
}

#[flow]
async fn mapped_tasks(items: u64) -> Result<u64, orch::Error> {
    let outputs = orch::try_map(0..items, |n| async move { no_op(n).await }).concurrency(64).await?;
    Ok(outputs.iter().sum())
}

#[flow]
async fn mapped_values(items: u64) -> Result<u64, orch::Error> {
    let outputs = orch::map(0..items, |n| async move { n }).concurrency(64).await;
    Ok(outputs.iter().sum())
}

#[flow]
async fn all_cached(lookups: u64) -> Result<u64, orch::Error> {
    let mut sum = 0;
    for n in 0..lookups {
        sum += looked_up(n % 1_000, "shoe").await?;
    }
    Ok(sum)
}

#[flow]
async fn one_task(n: u64) -> Result<u64, orch::Error> {
    no_op(n).await
}

/// A runtime that forgets what it has measured.
pub(super) fn runtime() -> Result<Runtime> {
    let store = MemoryStore::builder().keep_runs(100).build();
    Ok(Runtime::builder().store(store).build()?)
}

pub(super) async fn sequence(tasks: u64) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    one_after_another(tasks).on(&runtime).await?;
    Ok(start.elapsed())
}

pub(super) async fn limited_sequence(tasks: u64) -> Result<Duration> {
    let runtime = runtime()?;
    runtime.set_limit("api", 4)?;
    let start = Instant::now();
    with_a_permit(tasks).on(&runtime).await?;
    Ok(start.elapsed())
}

/// Takes a free permit and gives it back.
pub(super) async fn free_permits(times: u64) -> Result<Duration> {
    let runtime = runtime()?;
    runtime.set_limit("api", 4)?;
    let start = Instant::now();
    for _ in 0..times {
        drop(runtime.__permit("api").await?);
    }
    Ok(start.elapsed())
}

/// One permit goes round among those who wait for it.
pub(super) async fn handed_over(times: u64, waiting: u64) -> Result<Duration> {
    let runtime = runtime()?;
    runtime.set_limit("api", 1)?;
    let start = Instant::now();
    let tasks = (0..waiting).map(|_| {
        let runtime = runtime.clone();
        tokio::spawn(async move {
            for _ in 0..times / waiting {
                let permit = runtime.__permit("api").await?;
                tokio::task::yield_now().await;
                drop(permit);
            }
            Ok::<_, orch::Error>(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(start.elapsed())
}

pub(super) async fn fan_out(tasks: u64) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    all_at_once(tasks).on(&runtime).await?;
    Ok(start.elapsed())
}

pub(super) async fn map_with_tasks(items: u64) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    mapped_tasks(items).on(&runtime).await?;
    Ok(start.elapsed())
}

pub(super) async fn map_of_values(items: u64) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    mapped_values(items).on(&runtime).await?;
    Ok(start.elapsed())
}

pub(super) async fn cache_hits(lookups: u64) -> Result<Duration> {
    let runtime = runtime()?;
    all_cached(1_000).on(&runtime).await?;
    let start = Instant::now();
    all_cached(lookups).on(&runtime).await?;
    Ok(start.elapsed())
}

pub(super) async fn flows(flows: u64, at_once: usize) -> Result<Duration> {
    let runtime = runtime()?;
    let start = Instant::now();
    if at_once == 1 {
        for n in 0..flows {
            one_task(n).on(&runtime).await?;
        }
    } else {
        let started = (0..flows).map(|n| {
            let call = one_task(n).on(&runtime);
            tokio::spawn(call)
        });
        let mut running = stream::iter(started).buffer_unordered(at_once);
        while let Some(ended) = running.next().await {
            ended??;
        }
    }
    Ok(start.elapsed())
}
