//! Time, chance and waits.

use std::time::{Duration, UNIX_EPOCH};

use orch::prelude::*;

use crate::tasks::{charge, follow, work};

#[flow]
async fn sleeps() -> Result<u64, Error> {
    let first = work(1).await?;
    orch::sleep(Duration::from_millis(2)).await;
    let second = follow(first).await?;
    let (_, third) = tokio::join!(orch::sleep(Duration::from_millis(1)), work(second));
    orch::sleep(Duration::from_millis(1)).await;
    follow(third?).await
}

/// What is drawn goes into the calls, and not into the result.
#[flow]
async fn ids_feed_inputs() -> Result<u64, Error> {
    let pay = |n: u64| async move {
        let amount = work(n).await?;
        let id = orch::uuid().await;
        let at = orch::now().await.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let lot = orch::random().await;
        charge(format!("{id} {at} {lot}"), amount).await
    };
    let (a, b, c) = tokio::try_join!(pay(1), pay(2), pay(3))?;
    Ok(a + b + c)
}

/// A body is left in the midst of what it has drawn.
#[flow]
async fn ids_in_a_row() -> Result<u64, Error> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(orch::random().await.to_string());
    }
    let first = charge(ids.join(" "), 1).await?;
    ids.push(orch::uuid().await.to_string());
    Ok(first + charge(ids.join(" "), 2).await?)
}

crate::matrix! {
    sleeps_between_calls gives "111": sleeps();
    ids_and_times_in_inputs gives "60": ids_feed_inputs();
    ids_in_a_row_in_inputs gives "3": ids_in_a_row();
}
