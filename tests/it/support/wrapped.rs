//! A store that a test can make slow, or let fail.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use orch::{
    Bytes, Event, RunId, ScopeId, TaskNumber, Timestamp,
    store::{
        Attempt, BoxFuture, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change,
        Claim, Claimed, Commit, Durability, Fence, Forget, Journal, Lead, Lookup, MemoryStore, NewRun,
        NewSignal, Page, Posted, Run, RunFilter, Signal, Starter, StarterChange, StarterChanged,
        StarterEntry, Starters, Step, Store, StoreError, Submitted, TaskRun, WorkerId,
    },
};

/// A store in memory whose cache and journals fail when it is told to, and which counts commits that it has not acknowledged.
#[derive(Default)]
pub struct Wrapped {
    pub memory: MemoryStore,
    pub fails: Arc<AtomicBool>,
    /// Orphans are found and runs are submitted only when somebody asks again.
    pub late: bool,
    /// When given, outcomes of tasks are acknowledged late, and are counted here until then.
    pub unacknowledged: Option<Arc<AtomicUsize>>,
}

impl Wrapped {
    async fn comes_late(&self) {
        if self.late {
            tokio::task::yield_now().await;
        }
    }

    fn fault(&self) -> Result<(), StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::new("no space left on device"));
        }
        Ok(())
    }
}

impl Store for Wrapped {
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        Box::pin(async move {
            let submitted = self.memory.submit(run).await;
            self.comes_late().await;
            submitted
        })
    }
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        self.memory.claim(claim)
    }
    fn orphans(&self, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        Box::pin(async move {
            self.comes_late().await;
            self.memory.orphans(page).await
        })
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
        let of_task = |step: &Step| matches!(step, Step::Record(record) if record.task.is_some());
        let is_outcome = change.steps.iter().any(|stamped| of_task(&stamped.step));
        let commit = self.memory.commit(change, durability);
        let Some(waiting) = self.unacknowledged.clone().filter(|_| durability == Durability::Durable) else {
            return commit;
        };
        if is_outcome {
            waiting.fetch_add(1, Ordering::SeqCst);
        }
        Commit::waiting(Box::pin(async move {
            for _ in 0..if is_outcome { 100 } else { 0 } {
                tokio::task::yield_now().await;
            }
            waiting.fetch_sub(usize::from(is_outcome), Ordering::SeqCst);
            // In the order in which they were called.
            while !is_outcome && waiting.load(Ordering::SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
            commit.await
        }))
    }
    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        if let Err(fault) = self.fault() {
            return Box::pin(std::future::ready(Err(fault)));
        }
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
        self.memory.cached(key, at, ttl)
    }
    fn lookup_or_lead(&self, lookup: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>> {
        self.memory.lookup_or_lead(lookup)
    }
    fn publish(&self, lead: Lead, entry: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>> {
        let fault = self.fault();
        if fault.is_err() {
            self.memory.release(lead);
            return Box::pin(std::future::ready(fault));
        }
        self.memory.publish(lead, entry)
    }
    fn release(&self, lead: Lead) {
        self.memory.release(lead);
    }
    fn cache_entries(
        &self,
        filter: CacheFilter,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<CachedResult>, StoreError>> {
        self.memory.cache_entries(filter, page)
    }
    fn cache_forget(&self, which: Forget) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.cache_forget(which)
    }
    fn cache_size(&self) -> BoxFuture<'_, Result<CacheSize, StoreError>> {
        self.memory.cache_size()
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
