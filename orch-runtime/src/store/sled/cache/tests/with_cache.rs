//! A store whose cache is the one under test, and all else lies in memory.

use std::{future::ready as now, time::Duration};

use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::{RunId, ScopeId, TaskNumber},
    state::Event,
    store::{
        Attempt, BoxFuture, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change,
        Claim, Claimed, Commit, Durability, Fence, Forget, Journal, Lead, Lookup, MemoryStore, NewRun,
        NewSignal, Page, Posted, Run, RunFilter, Signal, Starter, StarterChange, StarterChanged,
        StarterEntry, Starters, Store, StoreError, Submitted, TaskRun, WorkerId, sled::cache::SledCache,
    },
};

pub(super) struct WithCache {
    memory: MemoryStore,
    cache: SledCache,
}

impl WithCache {
    pub(super) fn new(cache: SledCache) -> Self {
        Self { memory: MemoryStore::new(), cache }
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, StoreError>) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(now(value))
}

impl Store for WithCache {
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        self.memory.submit(run)
    }
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        self.memory.claim(claim)
    }
    fn orphans(&self, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        self.memory.orphans(page)
    }
    fn leave(&self, worker: WorkerId) {
        self.memory.leave(worker);
    }
    fn reopen(
        &self,
        run: RunId,
        worker: WorkerId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        self.memory.reopen(run, worker, at)
    }
    fn commit(&self, change: Change, durability: Durability) -> Commit {
        self.memory.commit(change, durability)
    }
    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.memory.replay(run, fence, scope)
    }
    fn journal(&self, run: RunId, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.memory.journal(run, scope)
    }
    fn input(&self, run: RunId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.memory.input(run)
    }
    fn signal(&self, run: RunId, signal: NewSignal) -> BoxFuture<'_, Result<Posted, StoreError>> {
        self.memory.signal(run, signal)
    }
    fn signals(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Signal>, StoreError>> {
        self.memory.signals(run, page)
    }

    fn past(
        &self,
        run: RunId,
        scope: ScopeId,
        before: TaskNumber,
    ) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.memory.past(run, scope, before)
    }
    fn cached(
        &self,
        key: CacheKey,
        at: Timestamp,
        ttl: Option<Duration>,
    ) -> BoxFuture<'_, Result<Option<(Bytes, Timestamp)>, StoreError>> {
        ready(Ok(self.cache.cached(&key, at, ttl)))
    }
    fn lookup_or_lead(&self, lookup: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>> {
        ready(Ok(self.cache.lookup(&lookup)))
    }
    fn publish(&self, lead: Lead, entry: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>> {
        ready(self.cache.publish(lead, entry))
    }
    fn release(&self, lead: Lead) {
        self.cache.release(lead);
    }
    fn cache_entries(
        &self,
        filter: CacheFilter,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<CachedResult>, StoreError>> {
        ready(self.cache.entries(&filter, page))
    }
    fn cache_forget(&self, which: Forget) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.cache.forget(which))
    }
    fn cache_size(&self) -> BoxFuture<'_, Result<CacheSize, StoreError>> {
        ready(Ok(self.cache.size()))
    }
    fn change_starter(&self, change: StarterChange) -> BoxFuture<'_, Result<StarterChanged, StoreError>> {
        self.memory.change_starter(change)
    }
    fn starters(&self, which: Starters, limit: usize) -> BoxFuture<'_, Result<Vec<Starter>, StoreError>> {
        self.memory.starters(which, limit)
    }
    fn starter_entries(
        &self,
        key: String,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<StarterEntry>, StoreError>> {
        self.memory.starter_entries(key, page)
    }
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.memory.flush()
    }
    fn runs(&self, filter: RunFilter, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        self.memory.runs(filter, page)
    }
    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StoreError>> {
        self.memory.run(run)
    }
    fn task_runs(
        &self,
        run: RunId,
        page: Page<TaskNumber>,
    ) -> BoxFuture<'_, Result<Vec<TaskRun>, StoreError>> {
        self.memory.task_runs(run, page)
    }
    fn attempts(&self, run: RunId, task: TaskNumber) -> BoxFuture<'_, Result<Vec<Attempt>, StoreError>> {
        self.memory.attempts(run, task)
    }
    fn events(&self, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        self.memory.events(page)
    }
    fn run_events(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        self.memory.run_events(run, page)
    }
    fn location(&self) -> String {
        self.memory.location()
    }
}
