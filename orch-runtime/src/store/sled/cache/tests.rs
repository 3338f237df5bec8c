//! What the cache promises, and what could break it.

mod crowd;
mod damage;
mod limits;
mod places;
mod reads;
mod reopening;
mod with_cache;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use super::{CacheSettings, SledCache};
use crate::{
    clock::Timestamp,
    store::{CacheEntry, CacheKey, CacheLookup, KeyDigest, KeyParts, Lead, Lookup, Miss, conformance},
    testing::START,
};
use with_cache::WithCache;

fn second(n: u64) -> Timestamp {
    START.plus(Duration::from_secs(n))
}

fn open_with(dir: &Path, settings: CacheSettings) -> SledCache {
    SledCache::open(dir.join("cache"), settings, START).expect("the directory is ours")
}

fn open(dir: &Path) -> SledCache {
    open_with(dir, CacheSettings::default())
}

/// Memory enough for a test, so that opening many databases is cheap.
fn small() -> CacheSettings {
    CacheSettings { front_bytes: 1 << 20, database_memory: 16 << 20, ..CacheSettings::default() }
}

/// Without a front: everything is read from the disk.
fn cold() -> CacheSettings {
    CacheSettings { front_bytes: 0, ..small() }
}

fn parts(name: &str, n: u32) -> KeyParts {
    let mut digest = [0; 32];
    digest[..4].copy_from_slice(&n.to_le_bytes());
    KeyParts {
        name: name.to_owned().into(),
        type_arguments: "".into(),
        version: "1".into(),
        body: "b".into(),
        scope: None,
        arguments: BTreeMap::from([("n".into(), KeyDigest(digest)), ("url".into(), KeyDigest([0; 32]))]),
    }
}

fn key(parts: &KeyParts) -> CacheKey {
    CacheKey(*blake3::hash(format!("{parts:?}").as_bytes()).as_bytes())
}

fn question(parts: &KeyParts) -> CacheLookup {
    CacheLookup {
        key: key(parts),
        parts: Arc::new(parts.clone()),
        at: START,
        ttl: None,
        follow: false,
        lead: false,
        read: true,
    }
}

fn lead(cache: &SledCache, parts: &KeyParts) -> Lead {
    match cache.lookup(&CacheLookup { read: false, lead: true, ..question(parts) }) {
        Lookup::Lead(lead, _) => lead,
        _ => panic!("nobody else leads"),
    }
}

fn entry(parts: &KeyParts, value: &[u8]) -> CacheEntry {
    CacheEntry { parts: Arc::new(parts.clone()), value: value.into(), at: START, max_size: None }
}

fn store(cache: &SledCache, entry: CacheEntry) {
    let lead = lead(cache, &entry.parts);
    cache.publish(lead, entry).expect("it can be written");
}

/// The value, or why there is none.
fn value(cache: &SledCache, parts: &KeyParts) -> Result<Vec<u8>, Miss> {
    match cache.lookup(&question(parts)) {
        Lookup::Hit(value, _) => Ok(value.to_vec()),
        Lookup::Busy(miss) => Err(miss),
        _ => panic!("who does not lead hits or is busy"),
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

#[test]
fn holds_what_every_store_has_to_hold() {
    for settings in [small(), cold()] {
        let dir = tempfile::tempdir().expect("a directory");
        let next = std::sync::atomic::AtomicUsize::new(0);
        let store = || {
            let next = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            WithCache::new(open_with(&dir.path().join(next.to_string()), settings))
        };
        assert_eq!(block_on(conformance::run(store)), Ok(()));
    }
}
