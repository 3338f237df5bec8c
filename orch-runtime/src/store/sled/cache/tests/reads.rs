//! How many rows an answer costs, so that one that walks through everything would show.

use std::sync::atomic::Ordering;

use super::*;
use crate::store::{CacheFilter, Page};

const ENTRIES: u32 = 5_000;

/// The answer, and how many rows were read for it.
fn counted<T>(cache: &SledCache, ask: impl FnOnce(&SledCache) -> T) -> (T, usize) {
    cache.database.reads.store(0, Ordering::Relaxed);
    let answer = ask(cache);
    (answer, cache.database.reads.load(Ordering::Relaxed))
}

#[test]
fn no_answer_reads_more_rows_than_it_needs() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    for n in 0..ENTRIES {
        store(&cache, entry(&parts(["price", "page"][n as usize % 2], n), b"120"));
    }
    drop(cache);

    let cache = open_with(dir.path(), small());
    let opening = cache.database.reads.load(Ordering::Relaxed);
    assert!(opening <= 4, "opening reads the format and a row per definition, not {opening} rows");
    let (size, reads) = counted(&cache, SledCache::size);
    assert_eq!((size.entries, reads), (ENTRIES.into(), 0));
    let (found, reads) = counted(&cache, |cache| value(cache, &parts("price", 10)));
    assert_eq!((found, reads), (Ok(b"120".to_vec()), 1), "a cold hit");
    let (_, reads) = counted(&cache, |cache| value(cache, &parts("price", 10)));
    assert_eq!(reads, 0, "a hot hit");
    let miss = |cache: &SledCache| value(cache, &parts("price", ENTRIES)).expect_err("never stored");
    let (_, reads) = counted(&cache, miss);
    assert!(reads <= 1 + crate::cache::REMEMBERED, "the first miss of a definition reads {reads} rows");
    assert_eq!(counted(&cache, miss).1, 1, "a further miss");
    for (filter, after) in [
        (CacheFilter::default(), None),
        (CacheFilter::default(), Some(2_000)),
        (CacheFilter { name: Some("price".into()) }, Some(2_000)),
    ] {
        let page = Page { after, limit: 10 };
        let (listed, reads) = counted(&cache, |cache| cache.entries(&filter, page).expect("readable"));
        assert_eq!(listed.len(), 10);
        assert!(reads <= 10 * 3 + 2, "a page of 10 reads {reads} rows");
    }
    let (_, reads) = counted(&cache, |cache| store(cache, entry(&parts("price", ENTRIES), b"1")));
    assert!(reads <= 8, "a new entry reads {reads} rows");
}
