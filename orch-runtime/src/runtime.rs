//! What runs share: store, clock, provided values, permits. And which runtime is the current one.

mod cache;
mod core;
mod limits;
mod queries;
mod recovery;
mod rerun;
mod retry;
mod serve;
mod signals;

use std::{
    any::{TypeId, type_name},
    cell::RefCell,
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

pub use self::cache::{Cache, CacheStats, Explained};
use self::core::Provided;
pub(crate) use self::core::{Core, Entering, TakenUp, Waiting};
pub(crate) use self::recovery::{Anchor, cancel};
pub use self::recovery::{Recovered, recover};
pub use self::rerun::{Rerun, rerun};
pub use self::retry::retry;
pub use self::serve::{Serve, Served, serve};
pub use self::signals::{resolve, send};
use crate::{
    clock::Clock,
    engine::{self, Rules, Verifying, watch_panics},
    error::{Error, ErrorKind, Result},
    id::RunId,
    limits::{Permits, Settings},
    store::{SledStore, Store, SyncMode},
};

/// A runtime: where runs are kept, and what they may use.
///
/// A program needs none: the first call opens one with the default store, the directory `.orch` where the program was
/// started, or the one that `ORCH_STORE` names. One is built to choose the store, to
/// [provide](RuntimeBuilder::provide) values, to read history, or to [close](Self::close) in order. It is cheap
/// to clone; all clones are the same runtime.
///
/// Which runtime a call uses, first match first: the run's that it is written in, `.on(&runtime)`,
/// [`scope`](Self::scope), [`install`](Self::install), the default.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use orch::{Runtime, store::MemoryStore};
///
/// struct Mailer;
///
/// // Kept in memory alone; without this line, in `.orch`.
/// let runtime = Runtime::builder().store(MemoryStore::new()).provide(Mailer).cpu(2).build()?;
/// # Ok::<_, orch::Error>(())
/// ```
#[derive(Clone)]
pub struct Runtime {
    core: Arc<Core>,
    anchor: Option<Arc<Anchor>>,
}

/// Builds a [`Runtime`].
pub struct RuntimeBuilder {
    place: StorePlace,
    durability: SyncMode,
    clock: Clock,
    provided: Provided,
    provided_twice: Vec<&'static str>,
    limits: Settings,
    patience: Duration,
    rules: Rules,
    recover: bool,
    max_deaths: u32,
    verifying: Option<Arc<Verifying>>,
}

/// Where the runs of a runtime that is being built are kept.
enum StorePlace {
    Default,
    Given(Arc<dyn Store>),
    Dir(PathBuf),
}

impl StorePlace {
    fn open(self, durability: SyncMode) -> Result<Arc<dyn Store>> {
        Ok(match self {
            Self::Default => open(SledStore::default_path(), durability)?,
            Self::Given(store) => store,
            Self::Dir(dir) => open(dir, durability)?,
        })
    }
}

fn open(dir: PathBuf, durability: SyncMode) -> Result<Arc<dyn Store>> {
    let opened = SledStore::builder(dir).durability(durability).open();
    Ok(Arc::new(opened.map_err(|error| Error::plain(ErrorKind::Store, error.to_string()))?))
}

/// The one default runtime of the process: installed, or opened by the first call that has no other.
static DEFAULT: OnceLock<Runtime> = OnceLock::new();

thread_local! {
    static SCOPED: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

/// The runtime of the body that asks, or of a call that is written outside any body. Opens the default one if there
/// is no other.
pub(crate) fn current_core() -> Result<Arc<Core>> {
    /// Held while the default runtime is opened, because a store is opened by one at a time.
    static OPENING: Mutex<()> = Mutex::new(());
    if let Some(core) = known_core() {
        return Ok(core);
    }
    let _opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(default) = DEFAULT.get() {
        return Ok(default.core.clone());
    }
    let opened = Runtime::builder().build()?;
    Ok(DEFAULT.get_or_init(|| opened).core.clone())
}

/// The same, where there is one already.
pub(crate) fn known_core() -> Option<Arc<Core>> {
    engine::core_of_run()
        .or_else(|| SCOPED.with(|scoped| scoped.borrow().as_ref().map(|scoped| scoped.core.clone())))
        .or_else(|| DEFAULT.get().map(|default| default.core.clone()))
}

impl Runtime {
    /// Starts to build a runtime.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            place: StorePlace::Default,
            durability: SyncMode::default(),
            clock: Clock::System,
            provided: Provided::new(),
            provided_twice: Vec::new(),
            limits: Settings::of_this_machine(),
            patience: Duration::from_secs(10),
            rules: Rules::default(),
            recover: true,
            max_deaths: 10,
            verifying: None,
        }
    }

    /// The current runtime: in a body, that of its run. Opens the default one if there is none yet.
    ///
    /// # Errors
    /// When the default store cannot be opened.
    pub fn current() -> Result<Self> {
        current_core().map(|core| Self { anchor: core.anchor(), core })
    }

    /// Makes this the runtime of all calls that have no other.
    ///
    /// # Errors
    /// When another one was installed before, or a call has opened the default one already.
    pub fn install(&self) -> Result<()> {
        let installed = DEFAULT.get_or_init(|| self.clone());
        if Arc::ptr_eq(&installed.core, &self.core) {
            return Ok(());
        }
        Err(Error::runtime(
            "a runtime is installed already, or a call opened the default one; install yours first thing in `main`, \
             or use `runtime.scope(…)`",
        ))
    }

    /// Runs a future whose calls use this runtime.
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped { runtime: self.clone(), future }
    }

    /// Takes up a run of this store where its journal ends, and gives its output. Its definition has to be in
    /// this program, under the name that the run was started with or with that name as `formerly`.
    ///
    /// Which runs there are to take up says [`interrupted`](Self::interrupted).
    ///
    /// # Errors
    /// When the run has ended, is unknown, or is under way in this process; when its definition is not in this program,
    /// its output is no `T`, or its input does not fit any more; and the run's own error.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the run.
    pub async fn resume<T: 'static>(&self, run: RunId) -> Result<T> {
        engine::typed(engine::resume::<T>(self.core.clone(), run).await)
    }

    /// Executes a run of this store again that failed, took too long, was cancelled or crashed, and gives its output: the
    /// same as [`orch::retry`](crate::retry), where that is described.
    ///
    /// # Errors
    /// See [`orch::retry`](crate::retry).
    ///
    /// # Cancel safety
    /// Dropping the future cancels the run.
    pub async fn retry<T: 'static>(&self, run: RunId) -> Result<T> {
        engine::typed(engine::retry::<T>(self.core.clone(), run).await)
    }

    /// Cancels a run and everything below it: one that is under way in this process or about to be, and one of this store
    /// that waits for its turn or was interrupted and that nobody executes. Says whether there was something to cancel;
    /// what another process executes is not.
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the run or does not.
    pub async fn cancel(&self, run: RunId) -> Result<bool> {
        cancel(&self.core, run, "it was cancelled through the runtime").await
    }

    /// Waits until no run is under way and everything recorded is durable; new runs are refused from now on.
    ///
    /// # Errors
    /// When the store cannot make everything durable.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the runtime refusing runs; it can be closed again.
    pub async fn close(&self) -> Result<()> {
        self.core.close(None).await
    }

    /// Like [`close`](Self::close), but stops what still runs after `grace`, so that it can be resumed later.
    ///
    /// # Errors
    /// When the store cannot make everything durable.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the runtime refusing runs; it can be closed again.
    pub async fn close_within(&self, grace: Duration) -> Result<()> {
        self.core.close(Some(grace)).await
    }

    /// The value that was provided for `#[provided]` parameters of type `T`.
    pub fn provided<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.core.provided::<T>()
    }

    /// Where the history of this runtime lies, for messages.
    pub fn location(&self) -> String {
        self.core.store.location()
    }

    pub(crate) fn is_default(core: &Arc<Core>) -> bool {
        DEFAULT.get().is_some_and(|default| Arc::ptr_eq(&default.core, core))
    }

    pub(crate) fn core(&self) -> Arc<Core> {
        self.core.clone()
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("store", &self.location()).finish_non_exhaustive()
    }
}

impl RuntimeBuilder {
    /// Where runs are kept. Default: a [`SledStore`] in the directory that `ORCH_STORE` names, or in `.orch`; see
    /// [`path`](Self::path). A [`MemoryStore`](crate::store::MemoryStore) forgets everything with the process.
    pub fn store(mut self, store: impl Store) -> Self {
        self.place = StorePlace::Given(Arc::new(store));
        self
    }

    /// Keeps runs in this directory, in a [`SledStore`] that [`build`](Self::build) opens: they survive the
    /// process, and what was interrupted can be resumed. Takes the place of [`store`](Self::store).
    ///
    /// ```
    /// # use orch_runtime::{Runtime, store::SyncMode};
    /// # let directory = std::env::temp_dir().join(format!("orch-doc-path-{}", std::process::id()));
    /// let runtime = Runtime::builder().path(&directory).durability(SyncMode::Process).build()?;
    /// # drop(runtime);
    /// # std::fs::remove_dir_all(directory).unwrap();
    /// # Ok::<_, orch_runtime::Error>(())
    /// ```
    pub fn path(mut self, dir: impl Into<PathBuf>) -> Self {
        self.place = StorePlace::Dir(dir.into());
        self
    }

    /// What the store in [`path`](Self::path) waits for before it calls something durable. Default:
    /// [`SyncMode::Fsync`]. Says nothing about a store that was opened elsewhere.
    pub fn durability(mut self, mode: SyncMode) -> Self {
        self.durability = mode;
        self
    }

    /// A value for `#[provided]` parameters of this type.
    pub fn provide<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.provide_arc(Arc::new(value))
    }

    /// A value for `#[provided]` parameters of this type, shared with whoever has it already. The type may be a
    /// trait object: then tasks know the trait alone, and a test provides something else under it.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use orch_runtime::{Runtime, store::MemoryStore};
    /// trait Mailer: Send + Sync {
    ///     fn send(&self, text: &str);
    /// }
    ///
    /// struct Printer;
    ///
    /// impl Mailer for Printer {
    ///     fn send(&self, text: &str) {
    ///         println!("{text}");
    ///     }
    /// }
    ///
    /// // For `#[provided] mailer: &dyn Mailer`.
    /// # let builder = || Runtime::builder().store(MemoryStore::new());
    /// let runtime = builder().provide_arc::<dyn Mailer>(Arc::new(Printer)).build()?;
    /// runtime.provided::<dyn Mailer>().expect("it was provided").send("hello");
    /// # Ok::<_, orch_runtime::Error>(())
    /// ```
    pub fn provide_arc<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        if self.provided.insert(TypeId::of::<T>(), Box::new(value)).is_some() {
            self.provided_twice.push(type_name::<T>());
        }
        self
    }

    /// How many synchronous bodies may run at once; at least 1. Default: the number of processors.
    ///
    /// They take a permit of the pool `cpu`, which is like those of [`limit`](Self::limit) and is there always.
    pub fn cpu(self, permits: usize) -> Self {
        self.limit("cpu", permits.max(1) as u64)
    }

    /// A pool of permits that tasks take from with `limit = "api"` or `limits(api = 2)`: how many there are for all
    /// together. A text is a size in bytes.
    ///
    /// The environment beats the program, so that whoever runs it need not build it: `ORCH_LIMIT_API=8` for the pool
    /// `api` (`-` becomes `_`), `ORCH_LIMIT_MEMORY=8GiB`, `ORCH_LIMIT_API_PER_KEY=1` for
    /// [`limit_per_key`](Self::limit_per_key); a pool that stands there alone is one too. At run time,
    /// [`Runtime::set_limit`] changes the size. A pool holds within one process.
    ///
    /// ```
    /// # use orch_runtime::{Runtime, store::MemoryStore};
    /// # let builder = || Runtime::builder().store(MemoryStore::new());
    /// let runtime = builder().limit("api", 4).limit("memory", "8GiB").build()?;
    /// runtime.set_limit("api", 8)?;
    /// let api = runtime.limits().into_iter().find(|limit| limit.name == "api");
    /// assert_eq!(api.and_then(|api| api.size), Some(8));
    /// # Ok::<_, orch_runtime::Error>(())
    /// ```
    pub fn limit(mut self, pool: impl Into<String>, permits: impl Permits) -> Self {
        self.limits.size(pool.into(), permits);
        self
    }

    /// How many permits of a pool one key may have, for tasks that say whose call it is with `per = |…| …`. Beside
    /// [`limit`](Self::limit), which says how many all have together, or alone.
    pub fn limit_per_key(mut self, pool: impl Into<String>, permits: impl Permits) -> Self {
        self.limits.per_key(pool.into(), permits);
        self
    }

    /// How long a resumed body may wait for something that its journal does not know before it counts as
    /// diverged. Default: 10 seconds.
    pub fn replay_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whether runs that were interrupted, and that nobody executes, are taken up in the background as soon as the
    /// runtime is built: those whose definition is in this program and whose flow does not say `resume = "manual"`.
    /// Default: they are. [`Runtime::recover`] waits for them, and takes them up where this is `false`.
    pub fn recover(mut self, recover: bool) -> Self {
        self.recover = recover;
        self
    }

    /// How often in a row a run may lose its process, without an outcome in between, until it is not taken up by itself
    /// any more and is [`Crashed`](crate::RunState::Crashed). A runtime that is [closed](Runtime::close_within) in
    /// order does not count. At least 1; default: 10.
    pub fn max_deaths(mut self, deaths: u32) -> Self {
        self.max_deaths = deaths.max(1);
        self
    }

    /// Switches rules of ordered delivery off, to show that they are needed.
    #[doc(hidden)]
    pub fn __rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    pub(crate) fn verifying(mut self, verifying: Arc<Verifying>) -> Self {
        self.verifying = Some(verifying);
        self
    }

    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The runtime.
    ///
    /// # Errors
    /// When two values of one type were provided, a pool cannot have its size, or the store cannot be [opened](crate::store::SledStoreBuilder::open).
    pub fn build(self) -> Result<Runtime> {
        let Self {
            place,
            durability,
            clock,
            provided,
            provided_twice,
            mut limits,
            patience,
            rules,
            recover,
            max_deaths,
            verifying,
        } = self;
        if let Some(twice) = provided_twice.first() {
            return Err(Error::runtime(format!(
                "two values of type `{twice}` are provided, and `#[provided]` chooses by type; wrap one of them in a \
                 type of its own"
            )));
        }
        limits.read_environment();
        if let Some(fault) = limits.fault() {
            return Err(Error::runtime(fault));
        }
        let store = place.open(durability)?;
        watch_panics();
        let mut core = Core::new(store, clock, provided, limits, patience, rules, max_deaths);
        core.verifying = verifying;
        let core = Arc::new(core);
        let anchor = Anchor::new(core.clone());
        if recover {
            anchor.recover()?;
        }
        Ok(Runtime { core, anchor: Some(anchor) })
    }
}

pin_project_lite::pin_project! {
    /// A future whose calls use one runtime; see [`Runtime::scope`].
    pub struct Scoped<F> {
        runtime: Runtime,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let before = SCOPED.with(|scoped| scoped.replace(Some(this.runtime.clone())));
        let _restore = Restore(before);
        this.future.poll(cx)
    }
}

struct Restore(Option<Runtime>);

impl Drop for Restore {
    fn drop(&mut self) {
        let before = self.0.take();
        let _ = SCOPED.try_with(|scoped| scoped.replace(before));
    }
}
