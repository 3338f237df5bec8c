//! Several calls at once in one body.

use futures_util::{StreamExt, stream, stream::FuturesUnordered};
use orch::prelude::*;

use crate::tasks::{charge, follow, work};

async fn chain(n: u64) -> Result<u64, Error> {
    let first = work(n).await?;
    let second = follow(first).await?;
    work(second).await
}

#[flow]
async fn joined() -> Result<u64, Error> {
    let (a, b, c) = tokio::try_join!(chain(0), chain(1), chain(2))?;
    Ok(a + b + c)
}

#[flow]
async fn loser_later() -> Result<u64, Error> {
    let mut sum = 0;
    for round in 0..3 {
        let mut first = std::pin::pin!(work(round * 3));
        let mut second = std::pin::pin!(work(round * 3 + 1));
        let (winner, first_won) = tokio::select! {
            won = &mut first => (won?, true),
            won = &mut second => (won?, false),
        };
        sum += charge(orch::uuid().await.to_string(), winner).await?;
        sum += if first_won { second.await? } else { first.await? };
    }
    Ok(sum)
}

#[flow]
async fn loser_dropped() -> Result<u64, Error> {
    let mut done = 0;
    for round in 0..3 {
        // Either of them; what it gave is no part of the result.
        let _won = tokio::select! {
            won = work(round * 3) => won?,
            won = work(round * 3 + 1) => won?,
        };
        done += follow(round).await?;
    }
    Ok(done)
}

#[flow]
async fn unordered() -> Result<u64, Error> {
    let mut calls: FuturesUnordered<_> = (0..5).map(chain).collect();
    let mut sum = 0;
    while let Some(value) = calls.next().await {
        sum += follow(value?).await?;
    }
    Ok(sum)
}

#[flow]
async fn buffered() -> Result<u64, Error> {
    let mut calls = stream::iter(0..7).map(work).buffer_unordered(3);
    let mut sum = 0;
    while let Some(value) = calls.next().await {
        sum += value?;
    }
    follow(sum).await
}

crate::matrix! {
    join gives "330": joined();
    select_with_a_loser_that_is_awaited_later gives "210": loser_later();
    select_with_losers_that_are_dropped gives "6": loser_dropped();
    futures_unordered gives "1055": unordered();
    buffer_unordered gives "211": buffered();
}
