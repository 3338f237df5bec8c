//! The store on disk.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use super::{
    ack::{Acked, ack},
    active::{Active, Live, Slot},
    actor::{Actor, Backend, Inbox, Need},
    blobs::{BlobSync, Blobs},
    db::{Db, Fault},
    encode::Encoder,
    facts::{Fact, Kept, Origin, What},
    journal,
    layout::{Layout, refused, sync_names},
    log::Log,
    queue::{Queue, Taken},
    recover,
    shared::{Dir, Item, Shared, ToWriter},
};
use crate::{
    id::{RunId, ScopeId, TaskNumber},
    state::Event,
    store::{
        Attempt, BoxFuture, CacheEntry, CacheLookup, Change, Claimed, Commit, Committed, Durability, Fence,
        Journal, Lead, Lookup, NewRun, Page, Run, RunFilter, Stamped, Step, Store, StoreError, Submitted,
        TaskRun, WorkerId, check::check, memory::cache::Cache,
    },
};

/// Bytes of cached results that are kept.
const KEEP_CACHE: u64 = 256 << 20;

/// What a [`SledStore`] waits for before it calls something durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// The disk has it: it survives the loss of power. The default.
    #[default]
    Fsync,
    /// The operating system has it: it survives the end of the process, also `kill -9`, but not the loss of power.
    Process,
    /// Nothing: what was acknowledged last may be lost with the process. For work that can be repeated.
    Relaxed,
}

/// Chooses how a [`SledStore`] is opened.
#[derive(Clone, Debug)]
pub struct SledStoreBuilder {
    dir: PathBuf,
    mode: SyncMode,
}

impl SledStoreBuilder {
    /// What is waited for before something counts as durable. Default: [`SyncMode::Fsync`].
    pub fn durability(mut self, mode: SyncMode) -> Self {
        self.mode = mode;
        self
    }

    /// Opens the store, or makes it where there is none.
    ///
    /// # Errors
    /// When another process has it, when the directory cannot be used or is no store, when a newer version has
    /// written it, or when what it holds is damaged: then that is set aside, never deleted, and the next opening
    /// begins anew. The text says what to do.
    pub fn open(self) -> Result<SledStore, StoreError> {
        self.open_with(|log| log)
    }

    /// Opens with something between the actor and the log.
    pub(super) fn open_with<B>(self, between: impl FnOnce(Log) -> B) -> Result<SledStore, StoreError>
    where
        B: Backend<Item = Item, Fault = Fault> + Send + 'static,
    {
        let layout = Layout::open(&self.dir)?;
        let blobs = layout.blobs();
        let blobs = Blobs::open(&blobs, BlobSync::Synced).map_err(|error| refused("use", &blobs, error))?;
        let state = layout.state();
        let db = Db::open(&state).and_then(|db| {
            sync_names(&state)?;
            sync_names(&layout.dir)?;
            Ok(db)
        });
        let opened =
            db.and_then(|db| recover::recover(Dir(layout.dir.as_path().into()), db, blobs, self.mode));
        let (shared, log) = opened.map_err(|fault| match fault {
            Fault::Damaged(reason) => layout.quarantine(&reason),
            Fault::Io(kind, text) => refused("open", &state, std::io::Error::new(kind, text)),
        })?;
        let inbox = FromQueue(shared.clone());
        let backend = between(log);
        let writer = std::thread::Builder::new().name("orch-store".into()).spawn(move || {
            // Whatever happens, nobody may wait for a thread that is not there.
            let _closes = Closes(inbox.0.clone());
            Actor::new(backend).run(inbox);
        });
        let writer = writer.map_err(|error| refused("start the writer of", &layout.dir, error))?;
        let cache = Mutex::default();
        Ok(SledStore { shared, mode: self.mode, cache, writer: Some(writer), layout })
    }
}

struct FromQueue(Arc<Shared>);

impl Inbox<ToWriter> for FromQueue {
    fn take(&mut self, group: &mut Vec<ToWriter>, impatient: bool) -> Taken {
        self.0.queue.take(group, impatient)
    }
}

struct Closes(Arc<Shared>);

impl Drop for Closes {
    fn drop(&mut self) {
        let queue: &Queue<ToWriter> = &self.0.queue;
        queue.close();
        let mut left = Vec::new();
        while queue.take(&mut left, false) == Taken::Some {
            left.clear();
        }
    }
}

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
    shared: Arc<Shared>,
    mode: SyncMode,
    cache: Mutex<Cache>,
    writer: Option<JoinHandle<()>>,
    layout: Layout,
}

impl SledStore {
    /// Opens the store in `dir`, or makes it where there is none.
    ///
    /// # Errors
    /// See [`SledStoreBuilder::open`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::builder(dir).open()
    }

    /// Chooses how to open the store in `dir`.
    pub fn builder(dir: impl AsRef<Path>) -> SledStoreBuilder {
        SledStoreBuilder { dir: dir.as_ref().to_owned(), mode: SyncMode::default() }
    }

    /// Where a program keeps its runs that does not say where: `ORCH_STORE`, or `.orch` in the directory in which
    /// it was started.
    pub fn default_path() -> PathBuf {
        std::env::var_os("ORCH_STORE").filter(|path| !path.is_empty()).map_or(".orch".into(), PathBuf::from)
    }

    /// A run that can be written to.
    fn run_to_write(&self, run: RunId) -> Result<Option<Arc<Active>>, StoreError> {
        self.shared.healthy()?;
        self.shared.runs.get_or_read(&self.shared.db, run).map_err(|fault| self.shared.unreadable(fault))
    }

    /// What a commit has to wait for.
    fn waits(&self, durability: Durability) -> bool {
        durability == Durability::Durable && self.mode != SyncMode::Relaxed
    }

    fn change(&self, change: Change, durability: Durability) -> Result<Commit, StoreError> {
        self.shared.queue.wait_for_room();
        loop {
            let Some(active) = self.run_to_write(change.run)? else {
                return Err(StoreError::new(format!("run {} is not in this store", change.run)));
            };
            let mut live = active.live();
            if live.gone {
                continue;
            }
            if live.standing.fence != change.fence {
                return Ok(Commit::ready(Ok(Committed::Fenced)));
            }
            if change.number <= live.standing.applied {
                drop(live);
                return self.already_mine(durability);
            }
            let live = &mut *live;
            let slots = match &mut live.slots {
                Some(slots) => slots,
                // Nothing was committed since the start, so the log has all of it.
                empty => {
                    empty.insert(self.shared.slots(&active).map_err(|fault| self.shared.unreadable(fault))?)
                }
            };
            let stored = |task: TaskNumber| slots.get(task.0 as usize).map(|slot| (slot.state, slot.attempt));
            let Change { run, number, steps, .. } = change;
            check(run, live.standing.state, slots.len(), stored, &steps, &mut live.moved)?;
            let mut encoder = Encoder::default();
            let names = &self.shared.names;
            encoder.change(
                number,
                &steps,
                |claim| names.intern(&claim.name),
                |task| slots.get(task.0 as usize).map_or(0, |slot| slot.name),
            );
            live.standing.applied = number;
            let mut told = None;
            for Stamped { at, step } in steps {
                if !matches!(step, Step::Child { .. } | Step::Record(_) | Step::Dropped(_)) {
                    self.shared.saw(at);
                }
                match step {
                    Step::Run { expect: _, state, attempt, reason, outcome } => {
                        live.told.reason = reason;
                        if live.standing.move_run(at, state, attempt) {
                            live.told.outcome =
                                outcome.map(|outcome| Kept::of(&outcome, |value| encoder.hold(value)));
                        }
                        told = Some(Box::new(live.told.clone()));
                    }
                    Step::Claim(claim) => {
                        live.standing.add_task();
                        let state = crate::state::TaskState::Pending;
                        slots.push(Slot { name: names.intern(&claim.name), attempt: 0, state });
                    }
                    Step::Task { task, expect: (from, _), state, attempt, detail: _ } => {
                        live.standing.move_task(from, state);
                        if let Some(slot) = slots.get_mut(task.0 as usize) {
                            (slot.state, slot.attempt) = (state, attempt);
                        }
                    }
                    Step::Child { .. } | Step::Record(_) | Step::Dropped(_) | Step::Notice { .. } => {}
                }
            }
            live.sent += 1;
            let standing = live.standing;
            let item = Item { active: active.clone(), encoded: encoder.finish(), standing, told };
            return self.send(item, durability);
        }
    }

    /// The change was applied before; whether it is durable by now is another question.
    fn already_mine(&self, durability: Durability) -> Result<Commit, StoreError> {
        if !self.waits(durability) {
            return Ok(Commit::ready(Ok(Committed::AlreadyMine)));
        }
        let (ack, acked) = ack();
        self.shared.send(None, Need::Durable, Some(ack))?;
        Ok(self.commit_of(acked, Committed::AlreadyMine))
    }

    fn send(&self, item: Item, durability: Durability) -> Result<Commit, StoreError> {
        if !self.waits(durability) {
            self.shared.send(Some(item), Need::Written, None)?;
            return Ok(Commit::ready(Ok(Committed::Applied)));
        }
        let (ack, acked) = ack();
        self.shared.send(Some(item), Need::Durable, Some(ack))?;
        Ok(self.commit_of(acked, Committed::Applied))
    }

    fn commit_of(&self, acked: Acked<Result<(), Fault>>, committed: Committed) -> Commit {
        // Not the store itself: who holds a commit for long must not keep the directory from the next opening.
        let dir = self.shared.dir.clone();
        Commit::waiting(Box::pin(async move { dir.end_of(acked.await).map(|()| committed) }))
    }

    /// Sends facts that are no change of a worker; `live` is held, so that they are in line in their order.
    fn send_facts(
        &self,
        active: &Arc<Active>,
        live: &mut Live,
        mut encoder: Encoder,
        facts: &[Fact],
    ) -> Result<Option<Acked<Result<(), Fault>>>, StoreError> {
        for fact in facts {
            self.shared.saw(fact.at);
            encoder.fact(fact);
        }
        live.sent += 1;
        let (standing, encoded) = (live.standing, encoder.finish());
        let item = Item { active: active.clone(), encoded, standing, told: None };
        if !self.waits(Durability::Durable) {
            self.shared.send(Some(item), Need::Written, None)?;
            return Ok(None);
        }
        let (ack, acked) = ack();
        self.shared.send(Some(item), Need::Durable, Some(ack))?;
        Ok(Some(acked))
    }

    async fn end_of(&self, acked: Option<Acked<Result<(), Fault>>>) -> Result<(), StoreError> {
        match acked {
            Some(acked) => self.shared.dir.end_of(acked.await),
            None => Ok(()),
        }
    }

    fn start_submit(
        &self,
        new: &NewRun,
    ) -> Result<(Submitted, Option<Acked<Result<(), Fault>>>), StoreError> {
        self.shared.healthy()?;
        self.shared.queue.wait_for_room();
        let mut encoder = Encoder::default();
        let name = self.shared.names.intern(&new.name);
        let origin = Origin::new(new, name, encoder.hold(&new.input));
        let family = self.shared.runs.family(new.id, &origin);
        let active = Arc::new(Active::new(new.id, family, origin.clone()));
        // Nobody else knows the run yet; locked before it is shown, so that nothing is in line before this.
        let mut live = active.live();
        let same = |known: &Origin| known.name == origin.name && known.input == origin.input;
        let known = self.shared.runs.insert_new(&self.shared.db, active.clone(), same);
        if let Some(same) = known.map_err(|fault| self.shared.unreadable(fault))? {
            let submitted = if same { Submitted::Existing } else { Submitted::Conflict };
            // The first submission may be in line still.
            let (ack, acked) = ack();
            self.shared.send(None, Need::Durable, Some(ack))?;
            return Ok((submitted, Some(acked)));
        }
        self.shared.skew.saw(new.id, new.at);
        let mut facts = vec![Fact { at: new.at, what: What::Submitted(Box::new(origin)) }];
        if new.worker.is_some() {
            facts.push(Fact { at: new.at, what: live.standing.take(new.at) });
        }
        let acked = self.send_facts(&active, &mut live, encoder, &facts)?;
        Ok((Submitted::Created(live.standing.fence), acked))
    }

    #[expect(clippy::type_complexity, reason = "what was taken, and what to wait for")]
    fn start_claim(
        &self,
        run: RunId,
    ) -> Result<Option<(Claimed, Option<Acked<Result<(), Fault>>>)>, StoreError> {
        self.shared.queue.wait_for_room();
        loop {
            let Some(active) = self.run_to_write(run)? else { return Ok(None) };
            let mut live = active.live();
            if live.gone {
                continue;
            }
            if live.standing.state.is_final() {
                return Ok(None);
            }
            let at = self.shared.last();
            let fact = Fact { at, what: live.standing.take(at) };
            let acked = self.send_facts(&active, &mut live, Encoder::default(), &[fact])?;
            let unreadable = |fault| self.shared.unreadable(fault);
            let view =
                self.shared.view(run, &active.origin, &live.standing, &live.told).map_err(unreadable)?;
            let input = self.shared.value(&active.origin.input).map_err(unreadable)?;
            let (fence, next_task) = (live.standing.fence, live.standing.tasks);
            return Ok(Some((Claimed { run: view, fence, input, next_task }, acked)));
        }
    }

    fn start_replay(&self, run: RunId, fence: Fence) -> Result<Arc<Active>, StoreError> {
        let Some(active) = self.run_to_write(run)? else {
            return Err(StoreError::new(format!("run {run} is not in this store")));
        };
        if active.live().standing.fence != fence {
            return Err(StoreError::new(format!("another worker has run {run}")));
        }
        Ok(active)
    }

    /// Reads what is there when everything that was sent before is written.
    async fn read<T>(&self, read: impl FnOnce(&Shared) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.shared.barrier(Need::Written).await?;
        read(&self.shared).map_err(|fault| self.shared.unreadable(fault))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SledStore {
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>> {
        let started = self.start_submit(&run);
        Box::pin(async move {
            let (submitted, acked) = started?;
            self.end_of(acked).await.map(|()| submitted)
        })
    }

    fn claim(&self, run: RunId, _worker: WorkerId) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>> {
        let started = self.start_claim(run);
        Box::pin(async move {
            let Some((claimed, acked)) = started? else { return Ok(None) };
            self.end_of(acked).await.map(|()| Some(claimed))
        })
    }

    fn commit(&self, change: Change, durability: Durability) -> Commit {
        self.change(change, durability).unwrap_or_else(|error| Commit::ready(Err(error)))
    }

    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>> {
        Box::pin(async move {
            let active = self.start_replay(run, fence)?;
            self.read(|shared| journal::journal(shared, &active, scope)).await
        })
    }

    fn lookup_or_lead(&self, lookup: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>> {
        let found = self.cache().lookup(lookup);
        Box::pin(std::future::ready(Ok(found)))
    }

    fn publish(&self, lead: Lead, entry: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>> {
        self.cache().publish(lead, entry, KEEP_CACHE);
        Box::pin(std::future::ready(Ok(())))
    }

    fn release(&self, lead: Lead) {
        self.cache().release(lead);
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.shared.barrier(Need::Durable))
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
