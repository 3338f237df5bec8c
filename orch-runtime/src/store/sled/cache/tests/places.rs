//! Where the cache lies: what cannot be used is an error that names it, and nothing is moved.

use std::fs;

use super::*;

#[test]
fn a_cache_that_another_one_has_open_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = open_with(dir.path(), small());
    store(&first, entry(&parts("price", 1), b"120"));
    let error = SledCache::open(dir.path().join("cache"), small(), START).expect_err("it is taken");
    assert!(error.to_string().contains(&dir.path().join("cache").display().to_string()), "{error}");
    assert_eq!(value(&first, &parts("price", 1)), Ok(b"120".to_vec()));
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1, "nothing was set aside");
}

#[test]
fn a_file_in_its_place_is_set_aside() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("cache"), "notes").expect("ours");
    let cache = open_with(dir.path(), small());
    let aside = dir.path().join(format!("quarantine-{}/cache", START.as_micros() / 1_000_000));
    assert_eq!(fs::read_to_string(aside).expect("moved there"), "notes");
    assert!(cache.set_aside().is_some());
}

#[test]
fn a_place_without_a_parent_directory_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("file"), "").expect("ours");
    let place = dir.path().join("file/cache");
    let error = SledCache::open(&place, small(), START).expect_err("a file is no directory");
    assert!(error.to_string().contains(&place.display().to_string()), "{error}");
}

#[test]
fn a_snapshot_that_was_not_finished_is_no_snapshot() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = open_with(dir.path(), small());
    store(&cache, entry(&parts("price", 1), b"120"));
    drop(cache);
    let half = dir.path().join("cache/snap.00000000000FFFFF.generating");
    fs::write(&half, "half").expect("ours");
    let cache = open_with(dir.path(), small());
    assert!(!half.exists());
    assert_eq!(cache.set_aside(), None);
    assert_eq!(value(&cache, &parts("price", 1)), Ok(b"120".to_vec()));
}
