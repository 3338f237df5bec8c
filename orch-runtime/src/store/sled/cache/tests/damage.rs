//! Damage, a full disk, other people's directories: a miss and a message, never a wrong value and never a panic.

use std::{fs, sync::atomic::Ordering};

use super::*;
use crate::store::sled::cache::rows;

fn unreadable(cache: &SledCache, asked: &KeyParts) -> String {
    match value(cache, asked) {
        Err(Miss::Unreadable(why)) => why,
        other => panic!("expected to hear that it cannot be read, found {other:?}"),
    }
}

#[test]
fn a_damaged_record_is_a_miss_that_says_so_and_is_replaced() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), cold());
    let asked = parts("price", 1);
    store(&cache, entry(&asked, b"120"));
    store(&cache, entry(&parts("price", 2), b"90"));
    let row_key = rows::entry_key(&key(&asked));
    let whole = cache.database.get(&row_key).expect("readable").expect("stored");
    for position in 0..whole.len() {
        let mut row = whole.to_vec();
        row[position] ^= 4;
        let mut batch = sled::Batch::default();
        batch.insert(&row_key[..], row);
        cache.database.apply(batch).expect("writable");
        assert!(unreadable(&cache, &asked).contains("damaged"));
    }
    // The record of another key in its place is damage too.
    let other = rows::entry_key(&key(&parts("price", 2)));
    let mut batch = sled::Batch::default();
    batch.insert(&row_key[..], cache.database.get(&other).expect("readable").expect("stored"));
    cache.database.apply(batch).expect("writable");
    assert!(unreadable(&cache, &asked).contains("damaged"));
    store(&cache, entry(&asked, b"121"));
    assert_eq!(value(&cache, &asked), Ok(b"121".to_vec()));
    // Nothing of the lost entry counts once its turn to be evicted has come.
    block_on(cache.forget(crate::store::Forget::All)).expect("writable");
    assert_eq!(cache.size(), Default::default());
}

#[test]
fn a_damaged_file_is_a_miss_that_names_it_and_is_replaced() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), cold());
    let asked = parts("page", 1);
    store(&cache, entry(&asked, &[7; 50_000]));
    let file =
        fs::read_dir(dir.path().join("cache/values")).expect("there").next().expect("one").expect("file");
    let mut bytes = fs::read(file.path()).expect("readable");
    bytes[40_000] ^= 1;
    fs::write(file.path(), bytes).expect("ours");
    let why = unreadable(&cache, &asked);
    assert!(why.contains(&*file.file_name().to_string_lossy()), "{why}");
    store(&cache, entry(&asked, &[7; 50_000]));
    assert_eq!(value(&cache, &asked), Ok(vec![7; 50_000]));
}

#[test]
fn a_full_disk_is_an_error_that_ends_the_lead_and_what_is_kept_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    store(&cache, entry(&parts("price", 1), b"120"));
    let size = cache.size();
    cache.database.full.store(true, Ordering::Relaxed);
    let lead_of_2 = lead(&cache, &parts("price", 2));
    let error = cache.publish(lead_of_2, entry(&parts("price", 2), b"90")).expect_err("the disk is full");
    let cache_dir = dir.path().join("cache");
    assert!(error.to_string().contains(&cache_dir.display().to_string()), "{error}");
    assert_eq!(value(&cache, &parts("price", 1)), Ok(b"120".to_vec()));
    assert_eq!(value(&cache, &parts("price", 2)), Err(Miss::Changed(vec!["argument `n`".into()])));
    assert_eq!(cache.size(), size);
    // There is room again.
    cache.database.full.store(false, Ordering::Relaxed);
    store(&cache, entry(&parts("price", 2), b"90"));
    assert_eq!(value(&cache, &parts("price", 2)), Ok(b"90".to_vec()));
    assert_eq!(cache.size().entries, 2);
}

#[test]
fn a_panic_in_the_database_reaches_nobody_and_memory_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    store(&cache, entry(&parts("price", 1), b"120"));
    cache.database.panics.store(true, Ordering::Relaxed);
    assert!(unreadable(&cache, &parts("price", 2)).contains("damaged"));
    cache.database.panics.store(false, Ordering::Relaxed);
    // After a panic nothing is asked of it any more, though it would answer.
    assert!(unreadable(&cache, &parts("price", 2)).contains("rests until the program starts again"));
    let lead_of_2 = lead(&cache, &parts("price", 2));
    cache.publish(lead_of_2, entry(&parts("price", 2), b"90")).expect_err("it rests");
    lead(&cache, &parts("price", 2));
    assert!(cache.entries(&Default::default(), crate::store::Page::all()).is_err());
    assert_eq!(value(&cache, &parts("price", 1)), Ok(b"120".to_vec()), "what is in memory is right");
    drop(cache);
    let cache = open_with(dir.path(), small());
    assert_eq!(value(&cache, &parts("price", 1)), Ok(b"120".to_vec()));
}

/// Writes a cache, damages its files, and opens it again: whatever sled makes of the damage, what is read is what
/// was written, or a miss.
fn survives(damage: impl Fn(&Path)) -> (tempfile::TempDir, SledCache) {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    for n in 0..300 {
        store(&cache, entry(&parts("price", n), &n.to_le_bytes().repeat(50)));
    }
    drop(cache);
    damage(&dir.path().join("cache"));
    let cache = open_with(dir.path(), small());
    for n in 0..300 {
        match value(&cache, &parts("price", n)) {
            Ok(found) => assert_eq!(found, n.to_le_bytes().repeat(50)),
            Err(_) => continue,
        }
    }
    (dir, cache)
}

#[test]
fn flipped_bits_in_the_database_never_give_a_wrong_value() {
    let (mut aside, mut opened) = (0, 0);
    for place in 0..12u64 {
        let (_dir, cache) = survives(|dir| {
            let file = dir.join("db");
            let mut bytes = fs::read(&file).expect("readable");
            let used = bytes.iter().rposition(|byte| *byte != 0).expect("something was written");
            let position = used * (place as usize + 1) / 13;
            bytes[position] ^= 1 << (place % 8);
            fs::write(&file, bytes).expect("ours");
        });
        match cache.set_aside() {
            Some(_) => aside += 1,
            None => opened += 1,
        }
        if cache.set_aside().is_some() {
            store(&cache, entry(&parts("price", 1), b"anew"));
            assert_eq!(value(&cache, &parts("price", 1)), Ok(b"anew".to_vec()));
        }
    }
    assert_eq!(aside + opened, 12);
}

#[test]
fn what_is_no_database_is_set_aside_whole_and_an_empty_cache_takes_its_place() {
    let (dir, cache) = survives(|cache| {
        for entry in fs::read_dir(cache).expect("there") {
            let entry = entry.expect("readable");
            if entry.file_name() == "conf" {
                fs::write(entry.path(), "something else").expect("ours");
            }
        }
    });
    let aside = cache.set_aside().expect("it could not be opened");
    let place = dir.path().join(format!("quarantine-{}", START.as_micros() / 1_000_000)).join("cache");
    assert!(aside.contains(&place.display().to_string()), "{aside}");
    assert!(place.join("db").exists());
    assert_eq!(cache.size(), Default::default());
    store(&cache, entry(&parts("price", 1), b"anew"));
    drop(cache);
    // Set aside in the same second again, nothing of the first time is touched.
    fs::write(dir.path().join("cache/conf"), "something else").expect("ours");
    let cache = open_with(dir.path(), small());
    assert!(cache.set_aside().expect("again").contains("-1/"), "{:?}", cache.set_aside());
    assert!(place.join("db").exists());
}

#[test]
fn another_format_is_set_aside() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    store(&cache, entry(&parts("price", 1), b"120"));
    let mut batch = sled::Batch::default();
    batch.insert(rows::FORMAT_KEY, rows::write_number(rows::FORMAT_KEY, 200));
    cache.database.apply(batch).expect("writable");
    drop(cache);
    let cache = open_with(dir.path(), small());
    assert!(cache.set_aside().expect("newer").contains("format 200"), "{:?}", cache.set_aside());
    assert_eq!(value(&cache, &parts("price", 1)), Err(Miss::NeverStored));
}
