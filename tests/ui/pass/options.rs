//! Every option, and the ways to write it.

use std::time::Duration;

use orch::{Retry, flow, task};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
enum ShopError {
    Busy,
    Gone,
}

impl std::fmt::Display for ShopError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for ShopError {}

fn verdict(error: &ShopError) -> Retry {
    match error {
        ShopError::Busy => Retry::After(Duration::from_secs(1)),
        ShopError::Gone => Retry::Stop("gone".into()),
    }
}

mod policy {
    pub(super) fn always(_: &anyhow::Error) -> bool {
        true
    }

    pub(super) fn generic<E>(_: &E) -> bool {
        true
    }
}

#[task(
    name = "shop::order",
    formerly = ["shop::buy", "buy"],
    version = "2",
    retries = 5,
    backoff = exponential("500ms", max = "30s", jitter),
    retry_if = verdict,
    retry_budget = "1h30m",
    timeout = "10s",
    error = ShopError,
    tags("shop", "money"),
)]
async fn order(id: u64) -> Result<u64, ShopError> {
    if id == 0 { Err(ShopError::Gone) } else { Ok(id) }
}

#[task(retries = 1, retry_if = policy::always, backoff = fixed("1s"))]
async fn fixed(id: u64) -> anyhow::Result<u64> {
    Ok(id)
}

#[task(retries = 3, retry_if = policy::generic::<String>, backoff = linear("100ms", jitter, max = "2d"))]
fn linear(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[task(retries = 3, backoff = ["0s", "5s", jitter])]
fn list(id: u64) -> u64 {
    id
}

#[task(retries = 3)]
fn without_backoff(id: u64) -> u64 {
    id
}

#[task(inline)]
fn cheap(id: u64) -> u64 {
    id
}

#[task(once, timeout = "1m")]
fn pays(id: u64) -> u64 {
    id
}

#[task(inline, once, retries = 0)]
fn pays_at_once(id: u64) -> u64 {
    id
}

#[flow(
    name = "shop::watch",
    formerly = "watch",
    version = "1",
    retries = 1,
    backoff = fixed("1m", jitter),
    timeout = "2d",
    strict,
    resume = "manual",
    tags("shop")
)]
async fn watch(id: u64) -> anyhow::Result<u64> {
    Ok(order(id).await? + fixed(id).await? + linear(id).await? + list(id).await?)
}

#[flow(skip(log), error = ShopError)]
fn tidy(log: fn(&str)) -> Result<(), ShopError> {
    log("tidy");
    Err(ShopError::Busy)
}

async fn caller() -> Result<(), orch::Error> {
    watch(1).await?;
    tidy(|_| {}).await?;
    without_backoff(cheap(1).await?).await?;
    Ok(())
}
