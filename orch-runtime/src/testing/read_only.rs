//! A store that is only read.

use std::{future::ready, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::{RunId, ScopeId, TaskNumber},
    state::Event,
    store::{
        Attempt, BoxFuture, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change,
        Claim, Claimed, Commit, Committed, Durability, Fence, Forget, Journal, Lead, Lookup, NewRun,
        NewSignal, Page, Posted, Run, RunFilter, Signal, Starter, StarterChange, StarterChanged,
        StarterEntry, Starters, Store, StoreError, Submitted, TaskRun, WorkerId,
    },
};

/// Reads from a store. Changes of runs are accepted and forgotten; new runs and the cache are refused.
pub(super) struct ReadOnly(Arc<dyn Store>);

impl ReadOnly {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    fn refuse<T: Send + 'static>(&self) -> BoxFuture<'static, Result<T, StoreError>> {
        let text = format!("`{}` is only read here", self.0.location());
        Box::pin(ready(Err(StoreError::new(text))))
    }
}

impl Store for ReadOnly {
    fn submit(&self, _: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        self.refuse()
    }
    fn claim(&self, _: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        self.refuse()
    }
    fn reopen(
        &self,
        _: RunId,
        _: WorkerId,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        self.refuse()
    }
    fn past(
        &self,
        run: RunId,
        scope: ScopeId,
        before: TaskNumber,
    ) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.0.past(run, scope, before)
    }
    fn orphans(&self, _: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        Box::pin(ready(Ok(Vec::new())))
    }
    fn leave(&self, _: WorkerId) {}
    fn commit(&self, _: Change, _: Durability) -> Commit {
        Commit::ready(Ok(Committed::Applied))
    }
    fn replay(&self, run: RunId, _: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.0.journal(run, scope)
    }
    fn journal(&self, run: RunId, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        self.0.journal(run, scope)
    }
    fn signal(&self, _: RunId, _: NewSignal) -> BoxFuture<'_, Result<Posted, StoreError>> {
        self.refuse()
    }
    fn signals(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Signal>, StoreError>> {
        self.0.signals(run, page)
    }
    fn input(&self, run: RunId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.0.input(run)
    }
    fn cached(
        &self,
        _: CacheKey,
        _: Timestamp,
        _: Option<Duration>,
    ) -> BoxFuture<'_, Result<Option<(Bytes, Timestamp)>, StoreError>> {
        self.refuse()
    }
    fn lookup_or_lead(&self, _: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>> {
        self.refuse()
    }
    fn publish(&self, _: Lead, _: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>> {
        self.refuse()
    }
    fn release(&self, _: Lead) {}
    fn cache_entries(
        &self,
        filter: CacheFilter,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<CachedResult>, StoreError>> {
        self.0.cache_entries(filter, page)
    }
    fn cache_forget(&self, _: Forget) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.refuse()
    }
    fn cache_size(&self) -> BoxFuture<'_, Result<CacheSize, StoreError>> {
        self.0.cache_size()
    }
    fn change_starter(&self, _: StarterChange) -> BoxFuture<'_, Result<StarterChanged, StoreError>> {
        self.refuse()
    }
    fn starters(&self, which: Starters, limit: usize) -> BoxFuture<'_, Result<Vec<Starter>, StoreError>> {
        self.0.starters(which, limit)
    }
    fn starter_entries(
        &self,
        key: String,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<StarterEntry>, StoreError>> {
        self.0.starter_entries(key, page)
    }
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }
    fn runs(&self, filter: RunFilter, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        self.0.runs(filter, page)
    }
    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StoreError>> {
        self.0.run(run)
    }
    fn task_runs(
        &self,
        run: RunId,
        page: Page<TaskNumber>,
    ) -> BoxFuture<'_, Result<Vec<TaskRun>, StoreError>> {
        self.0.task_runs(run, page)
    }
    fn attempts(&self, run: RunId, task: TaskNumber) -> BoxFuture<'_, Result<Vec<Attempt>, StoreError>> {
        self.0.attempts(run, task)
    }
    fn events(&self, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        self.0.events(page)
    }
    fn run_events(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        self.0.run_events(run, page)
    }
    fn location(&self) -> String {
        self.0.location()
    }
}
