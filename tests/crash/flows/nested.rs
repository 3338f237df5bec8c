//! Flows that call flows.

use orch::prelude::*;

use crate::tasks::{child, follow, work};

#[flow]
async fn middle(n: u64) -> Result<u64, Error> {
    let (a, b) = tokio::try_join!(child(n), child(n + 1))?;
    follow(a + b).await
}

#[flow]
async fn nested() -> Result<u64, Error> {
    let first = middle(1).await?;
    let second = child(first).await?;
    work(second).await
}

#[flow]
async fn children_in_a_map() -> Result<u64, Error> {
    let values = orch::try_map(0..3, |n| async move { child(n).await }).await?;
    let started = child(9).start();
    Ok(values.iter().sum::<u64>() + started.await?)
}

/// Fails unless the flow that calls it is in its second attempt.
#[flow(skip(attempt))]
async fn fails_at_first(n: u64, attempt: u32) -> Result<u64, String> {
    let value = work(n).await.map_err(|error| error.to_string())?;
    if attempt < 2 { Err("it is too early".into()) } else { Ok(value) }
}

#[flow(retries = 2, backoff = fixed("1ms"))]
async fn retried_over_a_child() -> Result<u64, Error> {
    let before = work(1).await?;
    let value = fails_at_first(before, orch::ctx().attempt()).await?;
    follow(value).await
}

crate::matrix! {
    nested_flows gives "3": nested();
    flows_in_a_map gives "124": children_in_a_map();
    a_flow_that_is_retried_over_a_failed_child gives "101": retried_over_a_child();
}
