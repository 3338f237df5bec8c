//! Databases with a wrong byte, a cut end or a missing piece.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::support::{Writer, block_on, copy, everything, new_run};
use crate::store::SledStore;

/// A store with a few runs, closed in order.
fn filled(dir: &Path) -> String {
    block_on(async {
        let store = SledStore::open(dir).expect("a store");
        for _ in 0..6 {
            let mut writer = Writer::submit(&store, new_run("test::flow")).await.expect("submitted");
            for number in 0..30u8 {
                writer.durable_call(&[number; 40]).await.expect("committed");
            }
            writer.complete(b"done").await.expect("ended");
        }
        everything(&store).await.expect("readable")
    })
}

fn quarantines(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("readable").path());
    entries
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("quarantine-")))
        .collect()
}

/// Opened with a wrong byte somewhere, a store either still tells the same, or says that something is damaged.
#[test]
fn one_wrong_byte_is_never_another_history() {
    let whole = tempfile::tempdir().expect("a directory");
    let told = filled(whole.path());
    let database = fs::read(whole.path().join("state/db")).expect("a database");
    let used = database.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let seed = std::env::var("ORCH_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut same, mut refused, mut unreadable) = (0, 0, 0);
    for _ in 0..40 {
        let dir = tempfile::tempdir().expect("a directory");
        copy(whole.path(), dir.path());
        let mut bytes = database.clone();
        bytes[random.usize(0..used)] ^= 1 << random.u8(0..8);
        fs::write(dir.path().join("state/db"), &bytes).expect("written");
        match SledStore::open(dir.path()) {
            Ok(store) => match block_on(everything(&store)) {
                Ok(found) => {
                    assert_eq!(found, told, "seed {seed}");
                    same += 1;
                }
                Err(error) => {
                    assert!(
                        error.to_string().contains("damaged") || error.to_string().contains("gave up"),
                        "{error}"
                    );
                    unreadable += 1;
                }
            },
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("quarantine-") && text.contains("not deleted"), "{text}");
                let aside = quarantines(dir.path());
                assert!(fs::metadata(aside[0].join("state/db")).expect("kept").len() > 0);
                SledStore::open(dir.path()).expect("the next start begins anew");
                refused += 1;
            }
        }
    }
    println!("{same} the same, {refused} refused, {unreadable} unreadable");
    assert_eq!(same + refused + unreadable, 40);
}

#[test]
fn a_cut_end_is_noticed() {
    let dir = tempfile::tempdir().expect("a directory");
    filled(dir.path());
    let file = fs::File::options().write(true).open(dir.path().join("state/db")).expect("a database");
    file.set_len(file.metadata().expect("its length").len() / 3).expect("cut");
    let error = SledStore::open(dir.path()).expect_err("something is missing").to_string();
    assert!(error.contains(&dir.path().display().to_string()) && error.contains("quarantine-"), "{error}");
    assert_eq!(quarantines(dir.path()).len(), 1);
    let fresh = SledStore::open(dir.path()).expect("the next start begins anew");
    assert_eq!(block_on(everything(&fresh)).expect("readable"), "");
}

#[test]
fn what_an_interrupted_opening_leaves_does_not_matter() {
    let dir = tempfile::tempdir().expect("a directory");
    let told = filled(dir.path());
    fs::write(dir.path().join("state/snap.00000000000000FF.generating"), b"half").expect("written");
    let store = SledStore::open(dir.path()).expect("opens");
    assert_eq!(block_on(everything(&store)).expect("readable"), told);
}

/// What a process leaves that dies while it makes the database.
#[test]
fn a_database_that_was_never_made_is_made() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(SledStore::open(dir.path()).expect("a new store"));
    let state = dir.path().join("state");
    let conf = fs::read(state.join("conf")).expect("readable");
    fs::remove_dir_all(&state).expect("removed");
    fs::create_dir_all(state.join("blobs")).expect("made");
    fs::write(state.join("conf"), &conf[..conf.len() - 4]).expect("written");
    SledStore::open(dir.path()).expect("there was nothing in it");
}
