//! Errors, panics, time-outs and further attempts.

use orch::prelude::*;

use crate::tasks::{fails, flaky, follow, hangs, panics, work};

#[flow]
async fn retried() -> Result<u64, Error> {
    let (a, b) = tokio::try_join!(flaky(2), flaky(3))?;
    follow(a + b).await
}

#[flow]
async fn caught() -> Result<String, Error> {
    let first = fails(1).await.map_err(|error| error.kind());
    let second = follow(2).await?;
    let third = panics(3).await.map_err(|error| error.kind());
    let all = orch::try_map(0..4, |n| async move { if n == 2 { fails(n).await } else { work(n).await } });
    let all = all.concurrency(1).await.map_err(|error| error.recorded().unwrap().text().to_owned());
    let last = follow(4).await?;
    Ok(format!("{first:?} {second} {third:?} {all:?} {last}"))
}

#[flow]
async fn timed_out() -> Result<String, Error> {
    let end = hangs(1).await.map_err(|error| error.kind());
    let after = work(2).await?;
    Ok(format!("{end:?} {after}"))
}

/// The error is what it gives.
#[flow]
async fn fails_itself() -> Result<u64, Error> {
    let good = work(1).await?;
    let bad = fails(good).await?;
    follow(bad).await
}

crate::matrix! {
    retries_with_back_off gives "6": retried();
    errors_that_are_caught gives "Err(Failed) 3 Err(Panicked)": caught();
    a_time_out_that_is_caught gives "Err(TimedOut) 20": timed_out();
    a_flow_that_fails gives "error: `crash::flows::failing::fails_itself` failed": fails_itself();
}
