//! The store on disk.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use super::{
    active::Active,
    actor::Need,
    builder::{SledStoreBuilder, SyncMode},
    cache::{CacheSettings, SledCache},
    db::Fault,
    journal,
    layout::Layout,
    shared::Shared,
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::{RunId, ScopeId, TaskNumber},
    state::Event,
    store::{
        Attempt, BoxFuture, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change,
        Claim, Claimed, Commit, Durability, Fence, Forget, Journal, Lead, Lookup, NewRun, NewSignal, Page,
        Posted, Run, RunFilter, Signal, Starter, StarterChange, StarterChanged, StarterEntry, Starters,
        Store, StoreError, Submitted, TaskRun, WorkerId,
    },
};

/// A [`Store`] in a directory: runs, journals and history survive the process.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use orch::store::{SledStore, SyncMode};
///
/// # let directory = std::env::temp_dir().join(format!("orch-doc-{}", std::process::id()));
/// let store = SledStore::builder(&directory).durability(SyncMode::Process).open()?;
/// let runtime = orch::Runtime::builder().store(store).build()?;
/// # drop(runtime);
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// One process at a time can have it. Dropping it writes what is left and releases it.
pub struct SledStore {
    pub(super) shared: Arc<Shared>,
    pub(super) mode: SyncMode,
    cache: SledCache,
    writer: Option<JoinHandle<()>>,
    layout: Layout,
}

impl SledStore {
    pub(super) fn new(
        shared: Arc<Shared>,
        mode: SyncMode,
        cache: SledCache,
        writer: JoinHandle<()>,
        layout: Layout,
    ) -> Self {
        Self { shared, mode, cache, writer: Some(writer), layout }
    }

    /// Opens the store in `dir`, or makes it where there is none.
    ///
    /// # Errors
    /// See [`SledStoreBuilder::open`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::builder(dir).open()
    }

    /// Chooses how to open the store in `dir`.
    pub fn builder(dir: impl AsRef<Path>) -> SledStoreBuilder {
        SledStoreBuilder {
            dir: dir.as_ref().to_owned(),
            mode: SyncMode::default(),
            cache: CacheSettings::default(),
        }
    }

    /// Where a program keeps its runs that does not say where: `ORCH_STORE`, or `.orch` in the directory in which
    /// it was started.
    pub fn default_path() -> PathBuf {
        std::env::var_os("ORCH_STORE").filter(|path| !path.is_empty()).map_or(".orch".into(), PathBuf::from)
    }

    /// Reads what is there when everything that was sent before is written.
    async fn read<T>(&self, read: impl FnOnce(&Shared) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.shared.barrier(Need::Written).await?;
        read(&self.shared).map_err(|fault| self.shared.unreadable(fault))
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, StoreError>) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(std::future::ready(value))
}

impl Store for SledStore {
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        let started = self.start_submit(&run);
        Box::pin(async move {
            let (submitted, acked) = started?;
            self.end_of(acked).await.map(|()| submitted)
        })
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        let started = self.start_claim(claim);
        Box::pin(async move {
            match started? {
                Some(claiming) => self.end_claim(claiming).await.map(Some),
                None => Ok(None),
            }
        })
    }

    fn reopen(
        &self,
        run: RunId,
        worker: WorkerId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        let started = self.start_reopen(run, worker, at);
        Box::pin(async move {
            match started? {
                Some(claiming) => self.end_claim(claiming).await.map(Some),
                None => Ok(None),
            }
        })
    }

    fn orphans(&self, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        let orphaned = self.shared.runs.oldest_first(page.after).into_iter().filter(|run| run.is_orphaned());
        let view = |active: Arc<Active>| {
            let (standing, told) = {
                let live = active.live();
                (live.standing, live.told.clone())
            };
            self.shared.view(active.id, &active.origin, &standing, &told)
        };
        let orphans = orphaned.take(page.limit).map(view).collect::<Result<_, _>>();
        ready(orphans.map_err(|fault| self.shared.unreadable(fault)))
    }

    fn leave(&self, worker: WorkerId) {
        for active in self.shared.runs.oldest_first(None) {
            active.live().worker.take_if(|own| *own == worker);
        }
    }

    fn commit(&self, change: Change, durability: Durability) -> Commit {
        self.change(change, durability).unwrap_or_else(|error| Commit::ready(Err(error)))
    }

    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        Box::pin(async move {
            let active = self.start_replay(run, fence)?;
            if !active.is_written() {
                self.shared.barrier(Need::Written).await?;
            }
            journal::journal(&self.shared, &active, scope).map_err(|fault| self.shared.unreadable(fault))
        })
    }

    fn journal(&self, run: RunId, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        Box::pin(self.read(move |shared| match shared.reader(run)? {
            Some(reader) => journal::journal(shared, &reader, scope),
            None => Ok(Journal::default()),
        }))
    }

    fn input(&self, run: RunId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        Box::pin(self.read(move |shared| shared.input(run)))
    }

    fn signal(&self, run: RunId, signal: NewSignal) -> BoxFuture<'_, Result<Posted, StoreError>> {
        let started = self.start_signal(run, signal);
        Box::pin(async move {
            let (posted, acked) = started?;
            self.end_of(acked).await.map(|()| posted)
        })
    }

    fn signals(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Signal>, StoreError>> {
        Box::pin(self.read(move |shared| shared.signals(run, page)))
    }

    fn past(
        &self,
        run: RunId,
        scope: ScopeId,
        before: TaskNumber,
    ) -> BoxFuture<'_, Result<Journal, StoreError>> {
        Box::pin(self.read(move |shared| match shared.reader(run)? {
            Some(active) => journal::past(shared, &active, scope, before),
            None => Ok(Journal::default()),
        }))
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
        let started = self.start_change_starter(change);
        Box::pin(async move {
            let (changed, acked) = started?;
            self.end_of(acked).await.map(|()| changed)
        })
    }

    fn starters(&self, which: Starters, limit: usize) -> BoxFuture<'_, Result<Vec<Starter>, StoreError>> {
        Box::pin(self.read(move |shared| shared.starters_of(which, limit)))
    }

    fn starter_entries(
        &self,
        key: String,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<StarterEntry>, StoreError>> {
        Box::pin(self.read(move |shared| shared.starter_entries(&key, page)))
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.barrier(Need::Durable).await?;
            // What the cache loses costs a computation and is nobody's failure.
            let _ = self.cache.flush();
            Ok(())
        })
    }

    fn runs(&self, filter: RunFilter, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>> {
        Box::pin(self.read(move |shared| shared.runs(&filter, page)))
    }

    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StoreError>> {
        Box::pin(self.read(move |shared| shared.run(run)))
    }

    fn task_runs(
        &self,
        run: RunId,
        page: Page<TaskNumber>,
    ) -> BoxFuture<'_, Result<Vec<TaskRun>, StoreError>> {
        Box::pin(self.read(move |shared| shared.task_runs(run, page)))
    }

    fn attempts(&self, run: RunId, task: TaskNumber) -> BoxFuture<'_, Result<Vec<Attempt>, StoreError>> {
        Box::pin(self.read(move |shared| shared.attempts(run, task)))
    }

    fn events(&self, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        Box::pin(self.read(move |shared| shared.events(page)))
    }

    fn run_events(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>> {
        Box::pin(self.read(move |shared| shared.run_events(run, page)))
    }

    fn location(&self) -> String {
        self.layout.dir.display().to_string()
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has let everybody know already.
            let _ = writer.join();
        }
    }
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledStore")
            .field("dir", &self.layout.dir)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
