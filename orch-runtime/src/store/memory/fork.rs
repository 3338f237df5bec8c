//! The store as it was after its n-th operation: what a crash at that point would have left.

use super::{Inner, MemoryStore};
use crate::{
    clock::Timestamp,
    id::RunId,
    store::{CacheEntry, CacheKey, Change, Claim, Forget, NewRun, NewSignal, StarterChange, WorkerId},
};

/// Something that changed the store.
#[derive(Clone)]
pub(crate) enum Operation {
    Submit(NewRun),
    Claim(Claim),
    Reopen(RunId, WorkerId, Timestamp),
    Commit(Change),
    Signal(RunId, NewSignal),
    Publish(CacheKey, CacheEntry),
    Forget(Forget),
    Starter(StarterChange),
}

impl Operation {
    fn run(&self) -> Option<RunId> {
        match self {
            Self::Submit(run) => Some(run.id),
            Self::Claim(claim) => Some(claim.run),
            Self::Reopen(run, ..) => Some(*run),
            Self::Commit(change) => Some(change.run),
            Self::Signal(run, _) => Some(*run),
            Self::Starter(change) => change.run.as_ref().map(|run| run.id),
            Self::Publish(..) | Self::Forget(_) => None,
        }
    }
}

impl Inner {
    pub(super) fn note(&mut self, operation: impl FnOnce() -> Operation) {
        if let Some(operations) = &mut self.operations {
            operations.push(operation());
        }
    }
}

impl MemoryStore {
    /// How many operations a [forkable](super::MemoryStoreBuilder::forkable) store has carried out; 0 for others.
    pub fn operations(&self) -> usize {
        self.lock().operations.as_ref().map_or(0, Vec::len)
    }

    /// How many of them were about this run.
    pub fn operations_of(&self, run: RunId) -> usize {
        let inner = self.lock();
        inner.operations.iter().flatten().filter(|operation| operation.run() == Some(run)).count()
    }

    /// Every operation of a [forkable](super::MemoryStoreBuilder::forkable) store.
    pub(crate) fn history(&self) -> Vec<Operation> {
        self.lock().operations.clone().unwrap_or_default()
    }

    /// A store that holds what this one held after its first `operations` operations; it is forkable too.
    pub fn fork(&self, operations: usize) -> Self {
        let fork = Self::builder().forkable().build();
        let taken: Vec<Operation> =
            self.lock().operations.iter().flatten().take(operations).cloned().collect();
        {
            let mut inner = fork.lock();
            for operation in &taken {
                // What was refused the first time is refused again, and changes nothing again.
                match operation.clone() {
                    Operation::Submit(run) => drop(inner.data.submit(run)),
                    Operation::Claim(claim) => drop(inner.data.claim(claim)),
                    Operation::Reopen(run, worker, at) => drop(inner.data.reopen(run, worker, at)),
                    Operation::Commit(change) => drop(inner.data.commit(change)),
                    Operation::Signal(run, signal) => _ = inner.data.signal(run, signal),
                    Operation::Publish(key, entry) => drop(inner.cache.insert(key, entry, fork.keep.cache)),
                    Operation::Forget(which) => drop(inner.cache.forget(&which)),
                    Operation::Starter(change) => drop(inner.data.change_starter(change)),
                }
            }
            inner.data.leave_all();
            inner.operations = Some(taken);
        }
        fork
    }
}
