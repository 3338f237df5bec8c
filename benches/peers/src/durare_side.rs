//! The work on durare, with its in-memory provider or with SQLite as it opens it: a write-ahead log that is not synced
//! with each commit, so that it survives the end of the process and not the loss of power.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use durare::{DurableContext, DurableEngine, InMemoryProvider, WorkflowOptions};
use futures_util::{
    future::try_join_all,
    stream::{self, StreamExt},
};

use super::{Result, harness::directory};

#[durare::step]
async fn no_op(ctx: &DurableContext, n: i64) -> durare::Result<i64> {
    Ok(n)
}

#[durare::workflow]
async fn one_after_another(ctx: DurableContext, steps: i64) -> durare::Result<i64> {
    for n in 0..steps {
        no_op(&ctx, n).await?;
    }
    Ok(steps)
}

#[durare::workflow]
async fn all_joined(ctx: DurableContext, steps: i64) -> durare::Result<i64> {
    try_join_all((0..steps).map(|n| no_op(&ctx, n))).await?;
    Ok(steps)
}

/// Where it keeps what it does.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Memory,
    Sqlite,
}

async fn engine(place: Place) -> Result<DurableEngine> {
    let engine = match place {
        Place::Memory => DurableEngine::new(Arc::new(InMemoryProvider::new())).await?,
        Place::Sqlite => {
            let url = format!("sqlite://{}", directory()?.join("durare.db").display());
            DurableEngine::connect(&url).await?.build().await?
        }
    };
    engine.launch().await?;
    Ok(engine)
}

pub(super) async fn sequence(place: Place, steps: u64) -> Result<Duration> {
    let engine = engine(place).await?;
    let start = Instant::now();
    engine.start_with(OneAfterAnother, steps as i64, WorkflowOptions::default()).await?.await?;
    Ok(start.elapsed())
}

pub(super) async fn joined(place: Place, steps: u64) -> Result<Duration> {
    let engine = engine(place).await?;
    let start = Instant::now();
    engine.start_with(AllJoined, steps as i64, WorkflowOptions::default()).await?.await?;
    Ok(start.elapsed())
}

pub(super) async fn flows(place: Place, flows: u64, at_once: usize) -> Result<Duration> {
    let engine = engine(place).await?;
    let start = Instant::now();
    let started = (0..flows)
        .map(|_| async { engine.start_with(OneAfterAnother, 1, WorkflowOptions::default()).await?.await });
    let mut running = stream::iter(started).buffer_unordered(at_once);
    while let Some(ended) = running.next().await {
        ended?;
    }
    Ok(start.elapsed())
}
