//! The same work without orch.

use std::{
    collections::HashMap,
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use tokio::{sync::Semaphore, task::JoinSet};

use super::Result;

async fn no_op(n: u64) -> u64 {
    black_box(n)
}

pub(super) async fn plain_sequence(tasks: u64) -> Result<Duration> {
    let start = Instant::now();
    let mut sum = 0;
    for n in 0..tasks {
        sum += no_op(n).await;
    }
    black_box(sum);
    Ok(start.elapsed())
}

pub(super) async fn spawned_sequence(tasks: u64) -> Result<Duration> {
    let start = Instant::now();
    let mut sum = 0;
    for n in 0..tasks {
        sum += tokio::spawn(no_op(n)).await?;
    }
    black_box(sum);
    Ok(start.elapsed())
}

pub(super) async fn fan_out(tasks: u64) -> Result<Duration> {
    let start = Instant::now();
    let started: Vec<_> = (0..tasks).map(|n| tokio::spawn(no_op(n))).collect();
    let mut sum = 0;
    for handle in started {
        sum += handle.await?;
    }
    black_box(sum);
    Ok(start.elapsed())
}

pub(super) async fn join_set(tasks: u64) -> Result<Duration> {
    let start = Instant::now();
    let mut started: JoinSet<u64> = (0..tasks).map(no_op).collect();
    let mut sum = 0;
    while let Some(ended) = started.join_next().await {
        sum += ended?;
    }
    black_box(sum);
    Ok(start.elapsed())
}

pub(super) async fn map_with_tasks(items: u64) -> Result<Duration> {
    let start = Instant::now();
    let outputs: Vec<u64> = stream::iter(0..items).map(no_op).buffer_unordered(64).collect().await;
    black_box(outputs);
    Ok(start.elapsed())
}

pub(super) async fn map_of_values(items: u64) -> Result<Duration> {
    let start = Instant::now();
    let items = stream::iter(0..items).map(|n| async move { n });
    let outputs: Vec<u64> = items.buffer_unordered(64).collect().await;
    black_box(outputs);
    Ok(start.elapsed())
}

pub(super) async fn cache_hits(lookups: u64) -> Result<Duration> {
    let cache: Mutex<HashMap<(u64, String), u64>> = Mutex::default();
    let hit = |n: u64, name: &str| {
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        *cache.entry((n, name.to_owned())).or_insert_with(|| n + name.len() as u64)
    };
    black_box((0..1_000).map(|n| hit(n, "shoe")).sum::<u64>());
    let start = Instant::now();
    let sum: u64 = (0..lookups).map(|n| hit(n % 1_000, "shoe")).sum();
    black_box(sum);
    Ok(start.elapsed())
}

pub(super) async fn flows(flows: u64, at_once: usize) -> Result<Duration> {
    let one_task = |n| async move { tokio::spawn(no_op(n)).await };
    let start = Instant::now();
    if at_once == 1 {
        for n in 0..flows {
            tokio::spawn(one_task(n)).await??;
        }
    } else {
        let started = (0..flows).map(|n| tokio::spawn(one_task(n)));
        let mut running = stream::iter(started).buffer_unordered(at_once);
        while let Some(ended) = running.next().await {
            ended??;
        }
    }
    Ok(start.elapsed())
}

/// Takes a free permit and gives it back.
pub(super) async fn free_permits(times: u64) -> Result<Duration> {
    let semaphore = Arc::new(Semaphore::new(4));
    let start = Instant::now();
    for _ in 0..times {
        drop(black_box(semaphore.clone().acquire_owned().await?));
    }
    Ok(start.elapsed())
}

/// One permit goes round among those who wait for it.
pub(super) async fn handed_over(times: u64, waiting: u64) -> Result<Duration> {
    let semaphore = Arc::new(Semaphore::new(1));
    let start = Instant::now();
    let tasks = (0..waiting).map(|_| {
        let semaphore = semaphore.clone();
        tokio::spawn(async move {
            for _ in 0..times / waiting {
                let permit = semaphore.clone().acquire_owned().await?;
                tokio::task::yield_now().await;
                drop(permit);
            }
            Ok::<_, tokio::sync::AcquireError>(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(start.elapsed())
}
