//! Many threads at once: what was published is what is read, from memory as from the disk.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use super::*;

/// What another thread does between the moment at which the next row is read and the one at which its reader goes on.
fn meanwhile(cache: &Arc<SledCache>, happens: impl FnOnce(&SledCache) + Send + 'static) {
    let other = cache.clone();
    *cache.database.meanwhile.lock().expect("unharmed") = Some(Box::new(move || happens(&other)));
}

fn reopened(dir: &Path) -> Arc<SledCache> {
    let asked = parts("price", 0);
    store(&open_with(dir, small()), entry(&asked, b"old"));
    Arc::new(open_with(dir, small()))
}

#[test]
fn a_value_that_is_replaced_while_it_is_read_does_not_stay_in_memory() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = reopened(dir.path());
    let asked = parts("price", 0);
    meanwhile(&cache, |other| store(other, entry(&parts("price", 0), b"new")));
    assert_eq!(value(&cache, &asked), Ok(b"old".to_vec()), "it was there when the reader looked");
    assert_eq!(value(&cache, &asked), Ok(b"new".to_vec()));
}

#[test]
fn a_value_that_is_forgotten_while_it_is_read_does_not_stay_in_memory() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = reopened(dir.path());
    let asked = parts("price", 0);
    meanwhile(&cache, |other| {
        let forgotten = block_on(other.forget(crate::store::Forget::Key(key(&parts("price", 0)))));
        assert_eq!(forgotten.expect("writable"), 1);
    });
    assert_eq!(value(&cache, &asked), Ok(b"old".to_vec()), "it was there when the reader looked");
    assert_eq!(value(&cache, &asked), Err(Miss::NeverStored));
}

#[test]
fn a_value_that_is_published_while_it_is_missed_is_not_computed_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = Arc::new(open_with(dir.path(), small()));
    let asked = parts("price", 0);
    meanwhile(&cache, |other| store(other, entry(&parts("price", 0), b"new")));
    let lookup = CacheLookup { lead: true, ..question(&asked) };
    assert!(matches!(cache.lookup(&lookup), Lookup::Hit(value, _) if *value == *b"new"));
    // And the lead that it nearly took is nobody's.
    lead(&cache, &asked);
}

const ROUNDS: u32 = 2_000;

fn number(value: &[u8]) -> u32 {
    u32::from_le_bytes(value.try_into().expect("four bytes"))
}

/// One key is computed anew again and again, while others read it and evict it from memory. Whoever begins to read
/// after a value was published gets that one or a newer one: a value that was read before may not slip back.
#[test]
fn nobody_reads_an_older_value_than_the_last_one_that_was_published() {
    let dir = tempfile::tempdir().expect("a directory");
    // So little memory that the key leaves it all the time.
    let cache = &open_with(dir.path(), CacheSettings { front_bytes: 4_000, ..small() });
    let asked = &parts("price", 0);
    let published = &AtomicU32::new(0);
    store(cache, entry(asked, &0u32.to_le_bytes()));
    thread::scope(|scope| {
        for reader in 0..3 {
            scope.spawn(move || {
                let mut round = 0;
                while published.load(Ordering::SeqCst) < ROUNDS {
                    let before = published.load(Ordering::SeqCst);
                    let found = number(&value(cache, asked).expect("always there"));
                    assert!(found >= before, "{found} was read after {before} had been published");
                    round += 1;
                    let _ = value(cache, &parts("page", (round * 3 + reader) % 60));
                }
            });
        }
        scope.spawn(move || {
            for n in 0..60 {
                store(cache, entry(&parts("page", n), &[1; 100]));
            }
        });
        scope.spawn(move || {
            for n in 1..=ROUNDS {
                store(cache, entry(asked, &n.to_le_bytes()));
                published.store(n, Ordering::SeqCst);
            }
        });
    });
}

#[test]
fn nobody_reads_what_was_forgotten() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = &open_with(dir.path(), small());
    let asked = &parts("price", 0);
    let (forgotten, over) = (&AtomicU32::new(0), &AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || {
                while over.load(Ordering::SeqCst) == 0 {
                    let before = forgotten.load(Ordering::SeqCst);
                    if let Ok(found) = value(cache, asked) {
                        let found = number(&found);
                        assert!(found >= before, "{found} was read after all before {before} were forgotten");
                    }
                }
            });
        }
        scope.spawn(move || {
            for n in 0..500u32 {
                store(cache, entry(asked, &n.to_le_bytes()));
                let left = block_on(cache.forget(crate::store::Forget::Key(key(asked))));
                assert_eq!(left.expect("writable"), 1);
                forgotten.store(n + 1, Ordering::SeqCst);
            }
            over.store(1, Ordering::SeqCst);
        });
    });
}

#[test]
fn counts_are_right_after_many_writers_evicted_and_replaced() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = &open_with(dir.path(), CacheSettings { keep_bytes: 60_000, ..small() });
    thread::scope(|scope| {
        for writer in 0..4u32 {
            scope.spawn(move || {
                for n in 0..200 {
                    let name = ["price", "page"][(n % 2) as usize];
                    let size = if n % 20 == 0 { 40_000 } else { n as usize };
                    let entry = entry(&parts(name, (n * 7 + writer) % 50), &vec![n as u8; size]);
                    let anew = CacheLookup { read: false, lead: true, ..question(&entry.parts) };
                    // Where another writer leads the key it is that one that writes.
                    if let Lookup::Lead(lead, _) = cache.lookup(&anew) {
                        cache.publish(lead, entry).expect("it can be written");
                    }
                }
            });
        }
    });
    let listed = cache.entries(&Default::default(), crate::store::Page::all()).expect("readable");
    let bytes = listed.iter().map(|result| result.bytes).sum();
    assert_eq!(cache.size(), crate::store::CacheSize { entries: listed.len() as u64, bytes });
    assert!(bytes <= 60_000);
    let large = listed.iter().filter(|result| result.bytes > 40_000).count();
    let files = std::fs::read_dir(dir.path().join("cache/values")).expect("there").count();
    assert!(files <= large, "{files} files for {large} large values, of which some are equal");
    for result in listed {
        value(cache, &result.parts).expect("what is listed is there");
    }
}
