//! The store of a test runtime that is to be on disk.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::task::AtomicWaker;

use super::dir::Dir;
use crate::{
    clock::{Busy, Clock, Timestamp},
    codec::Bytes,
    id::{RunId, ScopeId, TaskNumber},
    state::Event,
    store::{
        Attempt, BoxFuture, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change,
        Claim, Claimed, Commit, Durability, Fence, Forget, Journal, Lead, Lookup, MemoryStore, NewRun,
        NewSignal, Operation, Page, Posted, Run, RunFilter, Signal, SledStore, Starter, StarterChange,
        StarterChanged, StarterEntry, Starters, Store, StoreError, Submitted, SyncMode, TaskRun, WorkerId,
    },
};

/// Answers from a store on disk, in a directory that goes with it. A store in memory is told the same, because it
/// remembers every operation and can be forked. A virtual clock stands still while
/// the disk is waited for, but not for those who only read: a test may read until something has happened.
pub(super) struct OnDisk {
    // Closed before its directory goes.
    disk: SledStore,
    memory: Arc<MemoryStore>,
    clock: Clock,
    /// Both are told in one order.
    order: Mutex<()>,
    _dir: Dir,
}

impl OnDisk {
    /// A store that holds what `memory` holds.
    pub(super) fn new(memory: Arc<MemoryStore>, clock: Clock) -> Result<Self, StoreError> {
        let dir = Dir::new();
        let disk = SledStore::builder(&dir.0).durability(SyncMode::Process).open()?;
        for operation in memory.history() {
            let worker = match &operation {
                Operation::Submit(run) => run.worker,
                Operation::Claim(claim) => Some(claim.worker),
                Operation::Starter(change) => change.run.as_ref().and_then(|run| run.worker),
                _ => None,
            };
            repeat(&disk, operation);
            // Whoever had it then has died.
            worker.into_iter().for_each(|worker| disk.leave(worker));
        }
        Ok(Self { disk, memory, clock, order: Mutex::new(()), _dir: dir })
    }

    fn both(&self) -> MutexGuard<'_, ()> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busily<'a, T: Send + 'a>(&self, future: BoxFuture<'a, T>) -> BoxFuture<'a, T> {
        let busy = self.clock.busy();
        Box::pin(async move {
            let _busy = busy;
            future.await
        })
    }
}

/// A virtual clock stands still until a commit has ended, not until somebody looks: a body may have something else to
/// wait for before it does.
struct Waits {
    busy: Mutex<Option<Busy>>,
    outer: AtomicWaker,
}

impl Wake for Waits {
    fn wake(self: Arc<Self>) {
        self.outer.wake();
        drop(self.busy.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Does again what was done before. What was refused then is refused again.
fn repeat(disk: &SledStore, operation: Operation) {
    // Everything is in line when the call returns, and nobody waits for its end.
    match operation {
        Operation::Submit(run) => drop(disk.submit(run)),
        Operation::Claim(claim) => drop(disk.claim(claim)),
        Operation::Reopen(run, worker, at) => drop(disk.reopen(run, worker, at)),
        Operation::Commit(change) => drop(disk.commit(change, Durability::Buffered)),
        Operation::Signal(run, signal) => drop(disk.signal(run, signal)),
        Operation::Starter(change) => drop(disk.change_starter(change)),
        Operation::Publish(key, entry) => drop(disk.publish(Lead { key, id: 0 }, entry)),
        Operation::Forget(which) => {
            let mut forgetting = disk.cache_forget(which);
            let mut cx = Context::from_waker(Waker::noop());
            while forgetting.as_mut().poll(&mut cx).is_pending() {}
        }
    }
}

impl Store for OnDisk {
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        let _order = self.both();
        drop(self.memory.submit(run.clone()));
        self.busily(self.disk.submit(run))
    }
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        let _order = self.both();
        drop(self.memory.claim(claim));
        self.busily(self.disk.claim(claim))
    }
    fn orphans(&self, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        self.disk.orphans(page)
    }
    fn leave(&self, worker: WorkerId) {
        self.memory.leave(worker);
        self.disk.leave(worker);
    }
    fn reopen(
        &self,
        run: RunId,
        worker: WorkerId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        let _order = self.both();
        drop(self.memory.reopen(run, worker, at));
        self.busily(self.disk.reopen(run, worker, at))
    }
    fn commit(&self, change: Change, durability: Durability) -> Commit {
        let _order = self.both();
        drop(self.memory.commit(change.clone(), durability));
        let mut commit = self.disk.commit(change, durability);
        let waits = Arc::new(Waits { busy: Mutex::new(self.clock.busy()), outer: AtomicWaker::new() });
        let waker = Waker::from(waits.clone());
        match Pin::new(&mut commit).poll(&mut Context::from_waker(&waker)) {
            // One that has ended stays one that has ended.
            Poll::Ready(ended) => Commit::ready(ended),
            Poll::Pending => Commit::waiting(Box::pin(poll_fn(move |cx| {
                waits.outer.register(cx.waker());
                Pin::new(&mut commit).poll(&mut Context::from_waker(&waker))
            }))),
        }
    }
    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.busily(self.disk.replay(run, fence, scope))
    }
    fn journal(&self, run: RunId, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.disk.journal(run, scope)
    }
    fn input(&self, run: RunId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.disk.input(run)
    }
    fn signal(&self, run: RunId, signal: NewSignal) -> BoxFuture<'_, Result<Posted, StoreError>> {
        let _order = self.both();
        drop(self.memory.signal(run, signal.clone()));
        self.busily(self.disk.signal(run, signal))
    }
    fn signals(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Signal>, StoreError>> {
        self.busily(self.disk.signals(run, page))
    }

    fn past(
        &self,
        run: RunId,
        scope: ScopeId,
        before: TaskNumber,
    ) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.busily(self.disk.past(run, scope, before))
    }
    fn cached(
        &self,
        key: CacheKey,
        at: Timestamp,
        ttl: Option<Duration>,
    ) -> BoxFuture<'_, Result<Option<(Bytes, Timestamp)>, StoreError>> {
        self.disk.cached(key, at, ttl)
    }
    fn lookup_or_lead(&self, lookup: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>> {
        self.disk.lookup_or_lead(lookup)
    }
    fn publish(&self, lead: Lead, entry: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>> {
        let _order = self.both();
        drop(self.memory.publish(lead, entry.clone()));
        self.disk.publish(lead, entry)
    }
    fn release(&self, lead: Lead) {
        self.disk.release(lead);
    }
    fn cache_entries(
        &self,
        filter: CacheFilter,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<CachedResult>, StoreError>> {
        self.disk.cache_entries(filter, page)
    }
    fn cache_forget(&self, which: Forget) -> BoxFuture<'_, Result<u64, StoreError>> {
        drop(self.memory.cache_forget(which.clone()));
        self.busily(self.disk.cache_forget(which))
    }
    fn cache_size(&self) -> BoxFuture<'_, Result<CacheSize, StoreError>> {
        self.disk.cache_size()
    }
    fn change_starter(&self, change: StarterChange) -> BoxFuture<'_, Result<StarterChanged, StoreError>> {
        let _order = self.both();
        drop(self.memory.change_starter(change.clone()));
        self.busily(self.disk.change_starter(change))
    }
    fn starters(&self, which: Starters, limit: usize) -> BoxFuture<'_, Result<Vec<Starter>, StoreError>> {
        self.disk.starters(which, limit)
    }
    fn starter_entries(
        &self,
        key: String,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<StarterEntry>, StoreError>> {
        self.disk.starter_entries(key, page)
    }
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.busily(self.disk.flush())
    }
    fn runs(&self, filter: RunFilter, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        self.disk.runs(filter, page)
    }
    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StoreError>> {
        self.disk.run(run)
    }
    fn task_runs(
        &self,
        run: RunId,
        page: Page<TaskNumber>,
    ) -> BoxFuture<'_, Result<Vec<TaskRun>, StoreError>> {
        self.disk.task_runs(run, page)
    }
    fn attempts(&self, run: RunId, task: TaskNumber) -> BoxFuture<'_, Result<Vec<Attempt>, StoreError>> {
        self.disk.attempts(run, task)
    }
    fn events(&self, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        self.disk.events(page)
    }
    fn run_events(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        self.disk.run_events(run, page)
    }
    fn location(&self) -> String {
        self.disk.location()
    }
}
