//! How much is kept: by bytes, by age, per definition; what leaves first, and that it leaves whole.

use super::*;
use crate::store::{CacheFilter, Page};

fn blobs(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("cache/values")).expect("there").count()
}

fn listed(cache: &SledCache) -> Vec<u64> {
    let listed = cache.entries(&CacheFilter::default(), Page::all()).expect("readable");
    listed.iter().map(|result| result.number).collect()
}

#[test]
fn the_oldest_of_all_definitions_leave_when_there_is_too_much() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), CacheSettings { keep_bytes: 50_000, ..small() });
    for n in 0..40 {
        let name = ["price", "page", "shop"][n as usize % 3];
        store(&cache, entry(&parts(name, n), &[n as u8; 4_000]));
    }
    let size = cache.size();
    assert!(size.bytes <= 50_000 && size.bytes > 40_000, "{size:?}");
    assert_eq!(listed(&cache), (41 - size.entries..=40).rev().collect::<Vec<_>>(), "the newest are there");
    assert_eq!(value(&cache, &parts("page", 1)), Err(Miss::Evicted));
    assert_eq!(value(&cache, &parts("price", 39)), Ok(vec![39; 4_000]));
}

#[test]
fn what_is_older_than_the_limit_leaves_with_the_next_write_and_an_entry_computed_anew_is_young() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), CacheSettings { keep_for: Duration::from_secs(100), ..small() });
    for n in 0..10 {
        store(&cache, CacheEntry { at: second(n.into()), ..entry(&parts("price", n), b"p") });
    }
    store(&cache, CacheEntry { at: second(90), ..entry(&parts("price", 0), b"anew") });
    assert_eq!(cache.size().entries, 10);
    store(&cache, CacheEntry { at: second(105), ..entry(&parts("page", 0), b"p") });
    assert_eq!(cache.size().entries, 6 + 1, "those of seconds 1 to 4 have left");
    cache.sweep(second(1_000)).expect("writable");
    assert_eq!(cache.size().entries, 0);
    assert!(listed(&cache).is_empty());
    assert_eq!(value(&cache, &parts("price", 0)), Err(Miss::Evicted));
}

#[test]
fn a_limit_that_was_lowered_is_reached_by_steps() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    for n in 0..1_000 {
        store(&cache, entry(&parts("price", n), &[1; 100]));
    }
    drop(cache);
    let cache = open_with(dir.path(), CacheSettings { keep_bytes: 10_000, ..small() });
    let mut sizes = vec![cache.size().entries];
    while cache.size().bytes > 10_000 {
        cache.sweep(START).expect("writable");
        sizes.push(cache.size().entries);
    }
    assert!(sizes.windows(2).all(|pair| pair[0] - pair[1] <= 64 && pair[0] > pair[1]), "{sizes:?}");
    assert_eq!(value(&cache, &parts("price", 999)), Ok(vec![1; 100]));
}

#[test]
fn values_in_files_leave_with_their_last_entry() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    let large = |n: u32, fill: u8| CacheEntry {
        max_size: Some(250_000),
        ..entry(&parts("page", n), &[fill; 100_000])
    };
    store(&cache, large(1, 7));
    store(&cache, large(2, 7));
    assert_eq!(blobs(dir.path()), 1, "equal values are one file");
    store(&cache, large(1, 7));
    store(&cache, large(3, 9));
    assert_eq!(value(&cache, &parts("page", 2)), Err(Miss::Evicted), "one of the two that shared a file");
    assert_eq!(value(&cache, &parts("page", 1)), Ok(vec![7; 100_000]));
    assert_eq!(blobs(dir.path()), 2);
    store(&cache, large(4, 9));
    assert_eq!(blobs(dir.path()), 1, "nobody names the first one any more");
    store(&cache, CacheEntry { max_size: None, ..entry(&parts("page", 3), b"small now") });
    assert_eq!(blobs(dir.path()), 1);
    store(&cache, CacheEntry { max_size: None, ..entry(&parts("page", 4), b"small now") });
    assert_eq!(blobs(dir.path()), 0);
}

#[test]
fn files_that_a_crash_left_are_swept() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    store(&cache, entry(&parts("page", 1), &[7; 100_000]));
    drop(cache);
    let values = crate::store::sled::blobs::Blobs::open(
        dir.path().join("cache/values"),
        crate::store::sled::blobs::BlobSync::Lazy,
    );
    let values = values.expect("ours");
    for fill in 10..30 {
        values.put(&[fill; 50_000]).expect("ours");
    }
    let cache = open_with(dir.path(), small());
    for _ in 0..21 {
        cache.sweep(START).expect("writable");
    }
    assert_eq!(blobs(dir.path()), 1);
    assert_eq!(value(&cache, &parts("page", 1)), Ok(vec![7; 100_000]));
}
