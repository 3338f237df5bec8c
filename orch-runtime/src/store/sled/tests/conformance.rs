//! The suite that every store passes.

use std::cell::Cell;

use crate::store::{SledStore, SyncMode, conformance};

async fn suite(mode: SyncMode) {
    let dir = tempfile::tempdir().expect("a directory");
    let number = Cell::new(0);
    let fresh = || {
        number.set(number.get() + 1);
        let store = SledStore::builder(dir.path().join(number.get().to_string())).durability(mode);
        store.open().expect("a new store")
    };
    assert_eq!(conformance::run(fresh).await, Ok(()));
}

fn block_on(future: impl Future) {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future);
}

#[test]
fn fsync() {
    block_on(suite(SyncMode::Fsync));
}

#[test]
fn process() {
    block_on(suite(SyncMode::Process));
}

#[test]
fn relaxed() {
    block_on(suite(SyncMode::Relaxed));
}
