//! Cached calls between others.

use orch::prelude::*;

use crate::tasks::{follow, price, work};

#[flow]
async fn between() -> Result<u64, Error> {
    let first = price(1).await?;
    let second = work(first).await?;
    let again = price(1).await?;
    let (a, b, c) = tokio::try_join!(price(1), price(2), follow(again))?;
    let last = price(2).await?;
    Ok(first + second + again + a + b + c + last)
}

/// Several callers of one key: one computes, the others wait.
#[flow]
async fn followers() -> Result<u64, Error> {
    let prices = orch::try_map(0..4, |n| async move { follow(price(n % 2).await?).await }).await?;
    work(prices.iter().sum()).await
}

crate::matrix! {
    cached_calls_between gives "1801": between();
    followers_of_a_cached_call gives "2040": followers();
}
