//! Hits of `cached`, with its store on disk as its macro opens it.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use cached::{ConcurrentCached, RedbCache};

use super::{Result, harness::directory};

/// The key is made as its macro's `convert` usually makes it.
fn key(n: u64, name: &str) -> String {
    format!("{n}:{name}")
}

/// Looks results up that an earlier opening has stored, so many times each.
pub(super) async fn hits(keys: u64, passes: u64) -> Result<Duration> {
    let dir = directory()?;
    let open = |durable| RedbCache::<String, u64>::builder("peers").disk_dir(&dir).durable(durable).build();
    let cache = open(false)?;
    for n in 0..keys {
        cache.cache_set(key(n, "shoe"), n + 4)?;
    }
    cache.flush()?;
    drop(cache);
    let cache = open(true)?;
    let start = Instant::now();
    for n in (0..passes).flat_map(|_| 0..keys) {
        black_box(cache.cache_get(&key(n, "shoe"))?.ok_or("a hit is missing")?);
    }
    Ok(start.elapsed())
}
