//! Directories that cannot be a store: one error that names the path and says what to do.

use std::{fs, path::Path, process::Command};

use super::support::{Writer, block_on, new_run};
use crate::store::{Committed, Durability, SledStore, Store};

/// Opening fails, and the text holds each of these.
fn refused(dir: &Path, says: &[&str]) {
    let error = SledStore::open(dir).expect_err("it cannot be a store").to_string();
    let path = dir.display().to_string();
    for part in [&path[..]].iter().chain(says) {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

#[test]
fn a_file_in_its_place() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("store");
    fs::write(&file, "mine").expect("written");
    refused(&file, &["is a file", "move the file away", "ORCH_STORE"]);
    assert_eq!(fs::read_to_string(&file).expect("still there"), "mine");
    let error = SledStore::open(file.join("below")).expect_err("below a file").to_string();
    assert!(error.contains("store/below") && error.contains("ORCH_STORE"), "{error}");
}

#[test]
fn something_else() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("thesis.tex"), "mine").expect("written");
    refused(dir.path(), &["is not a store", "thesis.tex", "empty directory"]);
    let names: Vec<_> = fs::read_dir(dir.path()).expect("a directory").collect();
    assert_eq!(names.len(), 1, "nothing was added");
}

#[test]
fn a_newer_format() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(SledStore::open(dir.path()).expect("a new store"));
    fs::write(dir.path().join("format"), "orch store 7\n").expect("written");
    refused(dir.path(), &["format 7", "up to 5", "Update orch"]);
    fs::write(dir.path().join("format"), "orch store 1\n").expect("written");
    refused(dir.path(), &["format 1", "reads format 4"]);
    fs::write(dir.path().join("format"), "?").expect("written");
    refused(dir.path(), &["does not say what format"]);
    fs::write(dir.path().join("format"), "orch store 4\n").expect("written");
    SledStore::open(dir.path()).expect("as it was");
}

#[test]
fn in_use() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = SledStore::open(dir.path()).expect("a new store");
    refused(dir.path(), &["in use by this process", &std::process::id().to_string()]);
    drop(first);
    SledStore::open(dir.path()).expect("released");
}

#[test]
fn a_start_that_died_before_it_said_what_it_is() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("lock"), "123").expect("written");
    fs::write(dir.path().join("format.unfinished"), "or").expect("written");
    SledStore::open(dir.path()).expect("becomes a store");
}

#[cfg(unix)]
#[test]
fn unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    let store = dir.path().join("store");
    drop(SledStore::open(&store).expect("a new store"));
    fs::set_permissions(&store, fs::Permissions::from_mode(0o000)).expect("changed");
    if fs::read_dir(&store).is_ok() {
        println!("skipped: this user may read everything");
    } else {
        refused(&store, &["right to read and write", "ORCH_STORE"]);
    }
    fs::set_permissions(&store, fs::Permissions::from_mode(0o700)).expect("changed back");
}

/// A small file system of its own, gone at the end.
struct Mounted(tempfile::TempDir);

impl Mounted {
    /// `None`, with the reason printed, where this user may not mount.
    fn new(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a directory");
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], dir.path());
        if !mounted {
            println!("skipped: this user may not mount a file system");
        }
        mounted.then_some(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

fn mount(options: &[&str], dir: &Path) -> bool {
    let mounted = Command::new("mount").args(options).arg(dir).output();
    cfg!(target_os = "linux") && mounted.is_ok_and(|output| output.status.success())
}

#[test]
fn read_only() {
    let Some(mounted) = Mounted::new("8m") else { return };
    let store = mounted.path().join("store");
    drop(SledStore::open(&store).expect("a new store"));
    assert!(mount(&["-o", "remount,ro"], mounted.path()));
    refused(&store, &["Read-only", "make the file system writable", "ORCH_STORE"]);
    refused(&mounted.path().join("new"), &["Read-only", "make the file system writable"]);
}

/// A file system that fills up: whoever commits is told, what was acknowledged is there, and with more space it
/// goes on.
#[test]
fn full() {
    let Some(mounted) = Mounted::new("8m") else { return };
    let dir = mounted.path().join("store");
    block_on(async {
        let store = SledStore::open(&dir).expect("a new store");
        let mut writer = Writer::submit(&store, new_run("test::full")).await.expect("submitted");
        let (run, fence) = (writer.run, writer.fence);
        let mut acknowledged = 0;
        let error = loop {
            match writer.durable_call(&[7; 3_000]).await {
                Ok(()) => acknowledged += 1,
                Err(error) => break error.to_string(),
            }
            assert!(acknowledged < 10_000, "8 MB are not endless");
        };
        assert!(error.contains(&dir.display().to_string()) && error.contains("free some space"), "{error}");
        assert!(acknowledged > 100, "{acknowledged}");
        // Nothing is called durable, applied or read from now on.
        for durability in [Durability::Durable, Durability::Buffered] {
            let steps = writer.call(b"x");
            let change = writer.change(steps);
            store.commit(change, durability).await.expect_err("the store has failed");
        }
        store.submit(new_run("test::full")).await.expect_err("the store has failed");
        store.claim(super::support::claim_of(run)).await.expect_err("the store has failed");
        store.run(run).await.expect_err("what was not written cannot be told from what was");
        store.flush().await.expect_err("the store has failed");
        drop(store);
        // Still full: an error that says so, and nothing is set aside.
        match SledStore::open(&dir) {
            Ok(store) => drop(store),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("free some space") && !error.contains("quarantine"), "{error}");
            }
        }
        assert!(mount(&["-o", "remount,size=64m"], mounted.path()));
        let store = SledStore::open(&dir).expect("there is space");
        let reader = Writer { store: &store, run, fence, number: 1, tasks: 0 };
        let values = reader.values().await.expect("a journal");
        assert!(values.len() >= acknowledged, "{} of {acknowledged}", values.len());
        let mut writer = Writer::claim(&store, run).await.expect("claimed").expect("it goes on");
        let steps = writer.call(b"y");
        let change = writer.change(steps);
        assert_eq!(
            store.commit(change, Durability::Durable).await.expect("there is space"),
            Committed::Applied
        );
    });
}
