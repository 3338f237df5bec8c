//! What the flows call. A body's number says how long it takes, so that of several the later ones end first.

use std::time::Duration;

use orch::prelude::*;

/// Takes its time.
async fn dawdle(n: u64) {
    if n.is_multiple_of(3) {
        tokio::time::sleep(Duration::from_micros(1_500)).await;
    }
    for _ in 0..n % 4 {
        tokio::task::yield_now().await;
    }
}

#[task]
pub async fn work(n: u64) -> u64 {
    dawdle(n).await;
    n * 10
}

/// Another name, for what follows something.
#[task]
pub async fn follow(n: u64) -> u64 {
    dawdle(n).await;
    n + 1
}

/// On a thread.
#[task]
pub fn compute(n: u64) -> u64 {
    n * n
}

/// Fails twice, then gives its number.
#[task(retries = 3, backoff = fixed("1ms"))]
pub async fn flaky(n: u64) -> Result<u64, String> {
    dawdle(n).await;
    match orch::ctx().attempt() {
        attempt @ 1..=2 => Err(format!("attempt {attempt} of {n} fails")),
        _ => Ok(n),
    }
}

#[task]
pub async fn fails(n: u64) -> Result<u64, String> {
    dawdle(n).await;
    Err(format!("{n} is no good"))
}

#[task]
pub async fn panics(n: u64) -> u64 {
    panic!("{n} falls")
}

#[task(timeout = "20ms")]
pub async fn hangs(n: u64) -> u64 {
    orch::sleep(Duration::from_secs(600)).await;
    n
}

#[task]
pub async fn never_ends(n: u64) -> u64 {
    std::future::pending::<()>().await;
    n
}

#[task(cache)]
pub async fn price(n: u64) -> u64 {
    dawdle(n).await;
    n * 100
}

/// More than a row takes, so that it goes into a file of its own.
#[task]
pub async fn large(n: u64) -> Vec<u64> {
    (0..10_000).map(|i| i * n).collect()
}

#[task]
pub async fn add(numbers: Vec<u64>) -> u64 {
    numbers.iter().sum()
}

#[task]
pub async fn charge(id: String, amount: u64) -> u64 {
    dawdle(amount).await;
    if id.is_empty() { 0 } else { amount }
}

/// A task that calls tasks.
#[task]
pub async fn whole(n: u64) -> Result<u64, Error> {
    let part = work(n).await?;
    let (a, b) = tokio::try_join!(follow(part), follow(part + 1))?;
    Ok(a + b)
}

#[flow]
pub async fn child(n: u64) -> Result<u64, Error> {
    let part = work(n).await?;
    follow(part).await
}
