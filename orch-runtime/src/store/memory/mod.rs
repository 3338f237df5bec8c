//! The store that lives in memory: for tests, for programs that need no history beyond their process.

mod cache;
mod data;
mod fork;
mod rows;
mod starters;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Attempt, BoxFuture, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change,
    Claim, Claimed, Commit, Durability, Fence, Forget, Journal, Lead, Lookup, NewRun, NewSignal, Page,
    Posted, Run, RunFilter, Signal, Starter, StarterChange, StarterChanged, StarterEntry, Starters, Store,
    StoreError, Submitted, TaskRun, WorkerId,
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::{RunId, ScopeId, TaskNumber},
    state::Event,
};
use cache::Cache;
use data::Data;
pub(crate) use fork::Operation;

/// Finished runs that are kept before the oldest is forgotten.
const KEEP_RUNS: usize = 1_000;

/// Events that are kept before the oldest is forgotten.
const KEEP_EVENTS: usize = 4_000_000;

/// Bytes of cached results that are kept before the oldest is evicted.
const KEEP_CACHE: u64 = 256 << 20;

/// A [`Store`] in memory. Everything is durable as soon as it is applied, in the sense that nothing survives the
/// process anyway.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use orch::store::MemoryStore;
///
/// let store = MemoryStore::builder().keep_runs(100).build();
/// assert_eq!(orch::store::Store::location(&store), "memory");
/// ```
pub struct MemoryStore {
    inner: Mutex<Inner>,
    keep: MemoryStoreBuilder,
}

struct Inner {
    data: Data,
    cache: Cache,
    /// Every operation so far, where the store is to be forked.
    operations: Option<Vec<Operation>>,
}

/// How much a [`MemoryStore`] keeps.
#[derive(Clone, Copy, Debug)]
pub struct MemoryStoreBuilder {
    runs: usize,
    events: usize,
    cache: u64,
    forkable: bool,
}

impl MemoryStoreBuilder {
    /// The most finished runs; the oldest are forgotten first. Default: 1,000.
    pub fn keep_runs(mut self, runs: usize) -> Self {
        self.runs = runs;
        self
    }

    /// The most events; the oldest are forgotten first, and with them the attempts they tell of. Default: four
    /// million, about 150 MB. A run that is forgotten takes its events along.
    pub fn keep_events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// The most bytes of cached results; the oldest are evicted first. Default: 256 MiB.
    pub fn keep_cache(mut self, bytes: u64) -> Self {
        self.cache = bytes;
        self
    }

    /// Remembers every operation, so that the store can be [forked](MemoryStore::fork) as it was after any of
    /// them. For tests: it grows with every commit.
    pub fn forkable(mut self) -> Self {
        self.forkable = true;
        self
    }

    /// The store.
    pub fn build(self) -> MemoryStore {
        let operations = self.forkable.then(Vec::new);
        let inner = Inner { data: Data::default(), cache: Cache::default(), operations };
        MemoryStore { inner: Mutex::new(inner), keep: self }
    }
}

impl MemoryStore {
    /// A store with the default limits.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Chooses the limits.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder { runs: KEEP_RUNS, events: KEEP_EVENTS, cache: KEEP_CACHE, forkable: false }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("keep", &self.keep).finish_non_exhaustive()
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, StoreError>) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(std::future::ready(value))
}

impl Store for MemoryStore {
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        let mut inner = self.lock();
        inner.note(|| Operation::Submit(run.clone()));
        let submitted = inner.data.submit(run);
        inner.data.forget(self.keep.runs, self.keep.events);
        ready(Ok(submitted))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        let mut inner = self.lock();
        let claimed = inner.data.claim(claim);
        if claimed.is_some() {
            // What was granted is granted again: a fork does not know who has died in between.
            inner.note(|| Operation::Claim(Claim { orphaned: false, ..claim }));
        }
        ready(Ok(claimed))
    }

    fn orphans(&self, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        ready(Ok(self.lock().data.orphans(page)))
    }

    fn leave(&self, worker: WorkerId) {
        self.lock().data.leave(worker);
    }

    fn reopen(
        &self,
        run: RunId,
        worker: WorkerId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        let mut inner = self.lock();
        inner.note(|| Operation::Reopen(run, worker, at));
        ready(Ok(inner.data.reopen(run, worker, at)))
    }

    fn commit(&self, change: Change, _durability: Durability) -> Commit {
        let mut inner = self.lock();
        inner.note(|| Operation::Commit(change.clone()));
        let committed = inner.data.commit(change);
        inner.data.forget_events(self.keep.events);
        Commit::ready(committed)
    }

    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        ready(self.lock().data.replay(run, fence, scope))
    }

    fn journal(&self, run: RunId, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        ready(Ok(self.lock().data.journal(run, scope)))
    }

    fn input(&self, run: RunId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        ready(Ok(self.lock().data.input(run)))
    }
    fn signal(&self, run: RunId, signal: NewSignal) -> BoxFuture<'_, Result<Posted, StoreError>> {
        let mut inner = self.lock();
        inner.note(|| Operation::Signal(run, signal.clone()));
        ready(Ok(inner.data.signal(run, signal)))
    }
    fn signals(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Signal>, StoreError>> {
        ready(Ok(self.lock().data.signals(run, page)))
    }

    fn past(
        &self,
        run: RunId,
        scope: ScopeId,
        before: TaskNumber,
    ) -> BoxFuture<'_, Result<Journal, StoreError>> {
        ready(Ok(self.lock().data.past(run, scope, before)))
    }

    fn cached(
        &self,
        key: CacheKey,
        at: Timestamp,
        ttl: Option<Duration>,
    ) -> BoxFuture<'_, Result<Option<(Bytes, Timestamp)>, StoreError>> {
        ready(Ok(self.lock().cache.cached(&key, at, ttl)))
    }

    fn lookup_or_lead(&self, lookup: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>> {
        ready(Ok(self.lock().cache.lookup(lookup)))
    }

    fn publish(&self, lead: Lead, entry: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>> {
        let mut inner = self.lock();
        inner.note(|| Operation::Publish(lead.key, entry.clone()));
        ready(inner.cache.publish(lead, entry, self.keep.cache))
    }

    fn release(&self, lead: Lead) {
        self.lock().cache.release(lead);
    }

    fn cache_entries(
        &self,
        filter: CacheFilter,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<CachedResult>, StoreError>> {
        ready(Ok(self.lock().cache.list(&filter, page)))
    }

    fn cache_forget(&self, which: Forget) -> BoxFuture<'_, Result<u64, StoreError>> {
        let mut inner = self.lock();
        inner.note(|| Operation::Forget(which.clone()));
        ready(Ok(inner.cache.forget(&which)))
    }

    fn cache_size(&self) -> BoxFuture<'_, Result<CacheSize, StoreError>> {
        ready(Ok(self.lock().cache.size()))
    }

    fn change_starter(&self, change: StarterChange) -> BoxFuture<'_, Result<StarterChanged, StoreError>> {
        let mut inner = self.lock();
        inner.note(|| Operation::Starter(change.clone()));
        let changed = inner.data.change_starter(change);
        inner.data.forget(self.keep.runs, self.keep.events);
        ready(changed)
    }

    fn starters(&self, which: Starters, limit: usize) -> BoxFuture<'_, Result<Vec<Starter>, StoreError>> {
        ready(Ok(self.lock().data.starters(&which, limit)))
    }

    fn starter_entries(
        &self,
        key: String,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<StarterEntry>, StoreError>> {
        ready(Ok(self.lock().data.starter_entries(&key, page)))
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        ready(Ok(()))
    }

    fn runs(&self, filter: RunFilter, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        ready(Ok(self.lock().data.runs(&filter, page)))
    }

    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StoreError>> {
        ready(Ok(self.lock().data.run(run)))
    }

    fn task_runs(
        &self,
        run: RunId,
        page: Page<TaskNumber>,
    ) -> BoxFuture<'_, Result<Vec<TaskRun>, StoreError>> {
        ready(Ok(self.lock().data.task_runs(run, page)))
    }

    fn attempts(&self, run: RunId, task: TaskNumber) -> BoxFuture<'_, Result<Vec<Attempt>, StoreError>> {
        ready(Ok(self.lock().data.attempts(run, task)))
    }

    fn events(&self, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        ready(Ok(self.lock().data.events(page)))
    }

    fn run_events(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        ready(Ok(self.lock().data.run_events(run, page)))
    }

    fn location(&self) -> String {
        "memory".into()
    }
}

/// So that a test can keep a store and give it to a runtime too.
impl<S: Store + ?Sized> Store for Arc<S> {
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        (**self).submit(run)
    }
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        (**self).claim(claim)
    }
    fn orphans(&self, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        (**self).orphans(page)
    }
    fn leave(&self, worker: WorkerId) {
        (**self).leave(worker);
    }
    fn reopen(
        &self,
        run: RunId,
        worker: WorkerId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        (**self).reopen(run, worker, at)
    }
    fn commit(&self, change: Change, durability: Durability) -> Commit {
        (**self).commit(change, durability)
    }
    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        (**self).replay(run, fence, scope)
    }
    fn journal(&self, run: RunId, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        (**self).journal(run, scope)
    }
    fn input(&self, run: RunId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        (**self).input(run)
    }
    fn signal(&self, run: RunId, signal: NewSignal) -> BoxFuture<'_, Result<Posted, StoreError>> {
        (**self).signal(run, signal)
    }
    fn signals(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Signal>, StoreError>> {
        (**self).signals(run, page)
    }

    fn past(
        &self,
        run: RunId,
        scope: ScopeId,
        before: TaskNumber,
    ) -> BoxFuture<'_, Result<Journal, StoreError>> {
        (**self).past(run, scope, before)
    }
    fn cached(
        &self,
        key: CacheKey,
        at: Timestamp,
        ttl: Option<Duration>,
    ) -> BoxFuture<'_, Result<Option<(Bytes, Timestamp)>, StoreError>> {
        (**self).cached(key, at, ttl)
    }
    fn lookup_or_lead(&self, lookup: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>> {
        (**self).lookup_or_lead(lookup)
    }
    fn publish(&self, lead: Lead, entry: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>> {
        (**self).publish(lead, entry)
    }
    fn release(&self, lead: Lead) {
        (**self).release(lead);
    }
    fn cache_entries(
        &self,
        filter: CacheFilter,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<CachedResult>, StoreError>> {
        (**self).cache_entries(filter, page)
    }
    fn cache_forget(&self, which: Forget) -> BoxFuture<'_, Result<u64, StoreError>> {
        (**self).cache_forget(which)
    }
    fn cache_size(&self) -> BoxFuture<'_, Result<CacheSize, StoreError>> {
        (**self).cache_size()
    }
    fn change_starter(&self, change: StarterChange) -> BoxFuture<'_, Result<StarterChanged, StoreError>> {
        (**self).change_starter(change)
    }
    fn starters(&self, which: Starters, limit: usize) -> BoxFuture<'_, Result<Vec<Starter>, StoreError>> {
        (**self).starters(which, limit)
    }
    fn starter_entries(
        &self,
        key: String,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<StarterEntry>, StoreError>> {
        (**self).starter_entries(key, page)
    }
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).flush()
    }
    fn runs(&self, filter: RunFilter, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        (**self).runs(filter, page)
    }
    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StoreError>> {
        (**self).run(run)
    }
    fn task_runs(
        &self,
        run: RunId,
        page: Page<TaskNumber>,
    ) -> BoxFuture<'_, Result<Vec<TaskRun>, StoreError>> {
        (**self).task_runs(run, page)
    }
    fn attempts(&self, run: RunId, task: TaskNumber) -> BoxFuture<'_, Result<Vec<Attempt>, StoreError>> {
        (**self).attempts(run, task)
    }
    fn events(&self, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        (**self).events(page)
    }
    fn run_events(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        (**self).run_events(run, page)
    }
    fn location(&self) -> String {
        (**self).location()
    }
}
