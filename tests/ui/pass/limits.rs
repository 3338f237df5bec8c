//! Pools, rates, keys and priorities, and the ways to write them.

use orch::{flow, task};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct User {
    id: u64,
}

#[task(limit = "api")]
async fn one(x: u8) -> u8 {
    x
}

#[task(limits(api = 1, memory = "2GiB", "shop-disk" = 10), rate = "100/min", priority = -100)]
async fn several(x: u8) -> u8 {
    x
}

#[task(retries = 2, limits(memory = |attempt| attempt * (1 << 30), gpu = |attempt: u64| if attempt > 1 { 2 } else { 1 }))]
async fn by_attempt(x: u8) -> u8 {
    x
}

#[task(retries = 2, limits(memory = |_| "2GiB"))]
async fn by_attempt_as_text(x: u8) -> u8 {
    x
}

#[task(rate = "10/s", per = |user| user.id)]
async fn per_user(user: &User, question: String) -> String {
    format!("{}: {question}", user.id)
}

#[task(limit = "api", per = |user: &User, topic| (user.id, topic.len()), cache(key = |topic| topic.len()))]
async fn per_user_and_topic(user: User, topic: &str) -> u64 {
    user.id + topic.len() as u64
}

#[task(limit = "api", per = |token| token.id, skip(token))]
async fn per_skipped(token: User, x: u8) -> u8 {
    let _ = token;
    x
}

#[task(priority = 3, per = |x| *x)]
fn on_a_thread(x: u8) -> u8 {
    x
}

#[task(inline, limits(api = 1))]
fn in_place(x: u8) -> u8 {
    x
}

#[task(rate = "5/1h30m")]
async fn generic<T: Clone + Send + Sync + Serialize + for<'de> Deserialize<'de> + 'static>(x: T) -> T {
    x
}

#[task(limit = "api", per = |x| x.clone())]
async fn generic_per_key<T: Clone + Send + Sync + Serialize + for<'de> Deserialize<'de> + 'static>(
    x: T,
) -> T {
    x
}

#[flow(max_concurrent = 3)]
async fn narrow(x: u8) -> u8 {
    x
}
