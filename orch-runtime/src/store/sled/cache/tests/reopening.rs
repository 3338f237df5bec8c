//! What is kept is there after the next opening, with its counts and its reasons.

use super::*;
use crate::store::{CacheFilter, CacheSize, Forget, Page};

#[test]
fn entries_counts_and_reasons_survive() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open(dir.path());
    for n in 0..100 {
        store(&cache, CacheEntry { at: second(n.into()), ..entry(&parts("price", n), &n.to_le_bytes()) });
    }
    store(&cache, entry(&parts("page", 1), &[7; 100_000]));
    let (size, listed) =
        (cache.size(), cache.entries(&CacheFilter::default(), Page::all()).expect("readable"));
    drop(cache);
    let cache = open(dir.path());
    assert_eq!(cache.set_aside(), None);
    assert_eq!(cache.size(), size);
    assert_eq!(size.entries, 101);
    assert_eq!(cache.entries(&CacheFilter::default(), Page::all()).expect("readable"), listed);
    for n in 0..100 {
        assert_eq!(value(&cache, &parts("price", n)), Ok(n.to_le_bytes().to_vec()));
    }
    assert_eq!(value(&cache, &parts("page", 1)), Ok(vec![7; 100_000]));
    assert_eq!(value(&cache, &parts("price", 100)), Err(Miss::Changed(vec!["argument `n`".into()])));
    let lookup =
        CacheLookup { at: second(60), ttl: Some(Duration::from_secs(10)), ..question(&parts("price", 50)) };
    assert!(
        matches!(cache.lookup(&lookup), Lookup::Busy(Miss::Expired(age)) if age == Duration::from_secs(10))
    );
    // Numbers go on where they ended.
    store(&cache, entry(&parts("price", 0), b"anew"));
    let newest = cache.entries(&CacheFilter::default(), Page::first(1)).expect("readable");
    assert!(newest[0].number > listed[0].number);
}

#[test]
fn what_was_forgotten_stays_forgotten() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open(dir.path());
    for n in 0..200 {
        store(&cache, entry(&parts("price", n), b"p"));
        store(&cache, entry(&parts("page", n), &[n as u8; 40_000]));
    }
    assert_eq!(block_on(cache.forget(Forget::All)).expect("writable"), 400);
    drop(cache);
    assert_eq!(std::fs::read_dir(dir.path().join("cache/values")).expect("there").count(), 0);
    let cache = open(dir.path());
    assert_eq!(cache.size(), CacheSize::default());
    assert_eq!(value(&cache, &parts("price", 1)), Err(Miss::NeverStored));
}

#[test]
fn the_keys_that_are_remembered_are_the_newest_and_no_more_than_a_few() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open(dir.path());
    for n in 0..500 {
        let mut parts = parts("price", n);
        parts.version = n.to_string().into();
        store(&cache, CacheEntry { max_size: Some(100_000), ..entry(&parts, &[1; 10_000]) });
    }
    let near_an_old_one = KeyParts { version: "3".into(), ..parts("price", 1_000) };
    let near_a_new_one = KeyParts { version: "490".into(), ..parts("price", 1_000) };
    let mut cache = cache;
    for _ in 0..2 {
        let Err(Miss::Changed(changed)) = value(&cache, &near_an_old_one) else {
            panic!("it was never stored")
        };
        assert_eq!(changed, ["version", "argument `n`"]);
        let Err(Miss::Changed(changed)) = value(&cache, &near_a_new_one) else {
            panic!("it was never stored")
        };
        assert_eq!(changed, ["argument `n`"]);
        assert_eq!(value(&cache, &parts_of(480)), Err(Miss::Evicted));
        let evicted = (0..500).filter(|n| value(&cache, &parts_of(*n)) == Err(Miss::Evicted)).count();
        assert!(evicted < crate::cache::REMEMBERED, "{evicted}");
        drop(cache);
        cache = open(dir.path());
    }
}

fn parts_of(n: u32) -> KeyParts {
    KeyParts { version: n.to_string().into(), ..parts("price", n) }
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("ours");
    for entry in std::fs::read_dir(from).expect("there") {
        let entry = entry.expect("readable");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_files(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).expect("ours");
        }
    }
}

/// The files as they are while the cache is open are what a process that is killed leaves.
#[test]
fn what_was_flushed_survives_a_process_that_is_killed() {
    let (dir, killed) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let cache = open_with(dir.path(), small());
    for n in 0..200 {
        store(&cache, entry(&parts("price", n), &n.to_le_bytes()));
        store(&cache, entry(&parts("page", n % 3), &[n as u8; 50_000]));
    }
    cache.flush().expect("writable");
    copy_files(dir.path(), killed.path());
    let after = open_with(killed.path(), small());
    assert_eq!(after.set_aside(), None);
    assert_eq!(after.size(), cache.size());
    for n in 0..200 {
        assert_eq!(value(&after, &parts("price", n)), Ok(n.to_le_bytes().to_vec()));
    }
    for n in 0..3 {
        assert_eq!(value(&after, &parts("page", n)), value(&cache, &parts("page", n)));
    }
}
