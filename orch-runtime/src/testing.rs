//! For tests of flows and tasks.

#[cfg(feature = "crash-points")]
mod crash;
mod dir;
mod on_disk;
mod read_only;
mod replays;

use std::{ops::Deref, sync::Arc, time::Duration};

#[cfg(feature = "crash-points")]
pub use self::crash::{Boundary, CrashMatrix, CrashTest, Runs, crash_matrix};
use self::on_disk::OnDisk;
pub use self::replays::{
    Differences, NamesFlow, ReplayReport, ReplayedRun, Verdict, VerifyReplay, verify_replay,
};
#[cfg(feature = "crash-points")]
pub use crate::crash::CrashPoint;
pub use crate::engine::Rules;
use crate::{
    Event, Runtime,
    clock::{Clock, Timestamp, VirtualClock},
    error::Result,
    id::RunId,
    runtime::RuntimeBuilder,
    store::{MemoryStore, Page, Store},
};

/// The moment at which virtual clocks start: 1 January 2026, 00:00 UTC.
pub const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A runtime for one test: everything in memory, nothing shared with other tests, and a clock that does not make
/// anybody wait.
///
/// The clock is virtual: it stands still while bodies compute, and jumps to the next timer of `orch` (a
/// back-off, a time-out, an `orch::sleep`) when nothing else can move. A test of a flow that retries for an hour
/// takes milliseconds. While a body waits for something that the clock cannot see (a socket, a bare
/// `tokio::time::sleep`, a thread), time stands still until nothing has happened for 60 ms of real time.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use std::time::Duration;
/// use orch::{sleep, testing};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let runtime = testing::runtime();
/// let before = runtime.now();
/// runtime.scope(async { sleep(Duration::from_secs(3600)).await }).await;
/// assert_eq!(runtime.now().since(before), Duration::from_secs(3600));
/// # })
/// ```
pub fn runtime() -> TestRuntime {
    TestRuntime::build(TestBuilder::new())
}

/// Like [`runtime`], with options.
pub fn builder() -> TestBuilder {
    TestBuilder::new()
}

/// Chooses what a [`TestRuntime`] has.
pub struct TestBuilder {
    store: Arc<MemoryStore>,
    runtime: RuntimeBuilder,
    virtual_clock: bool,
}

impl TestBuilder {
    fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::builder().forkable().build()),
            runtime: Runtime::builder().recover(false),
            virtual_clock: true,
        }
    }

    /// A value for `#[provided]` parameters: the place for a fake.
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.runtime = self.runtime.provide(value);
        self
    }

    /// A fake for `#[provided]` parameters that the test keeps a hand on, or that stands for a `dyn Trait`; see
    /// [`RuntimeBuilder::provide_arc`].
    pub fn provide_arc<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.runtime = self.runtime.provide_arc(value);
        self
    }

    /// A store that exists already, such as a [fork](MemoryStore::fork).
    pub fn store(mut self, store: MemoryStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// The machine's clock instead of a virtual one.
    pub fn real_clock(mut self) -> Self {
        self.virtual_clock = false;
        self
    }

    /// Changes what [`Runtime::builder`] offers: permits, patience, and so on. The store and the clock are the test's;
    /// a test that is about a directory builds a [`Runtime`] of its own with [`RuntimeBuilder::path`].
    pub fn with(mut self, change: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder) -> Self {
        self.runtime = change(self.runtime);
        self
    }

    /// The runtime.
    ///
    /// # Panics
    /// When two values of one type were provided.
    pub fn build(self) -> TestRuntime {
        TestRuntime::build(self)
    }
}

/// The store on disk that a test runtime has with `ORCH_TEST_STORE=sled` in the environment: so that one set of tests
/// tells of both stores.
fn on_disk(memory: &Arc<MemoryStore>, clock: &Clock) -> Option<OnDisk> {
    let asked = std::env::var_os("ORCH_TEST_STORE").is_some_and(|store| store == "sled");
    #[expect(clippy::expect_used, reason = "a test that cannot be set up has to fail")]
    asked.then(|| OnDisk::new(memory.clone(), clock.clone()).expect("a store on disk"))
}

/// A [`Runtime`] for one test; see [`runtime`]. It dereferences to the runtime itself.
pub struct TestRuntime {
    runtime: Runtime,
    store: Arc<MemoryStore>,
    answering: Arc<dyn Store>,
    clock: Clock,
}

impl TestRuntime {
    fn build(builder: TestBuilder) -> Self {
        let TestBuilder { store, runtime, virtual_clock } = builder;
        let clock = if virtual_clock { Clock::Virtual(VirtualClock::start(START)) } else { Clock::System };
        let answering: Arc<dyn Store> = match on_disk(&store, &clock) {
            Some(disk) => Arc::new(disk),
            None => store.clone(),
        };
        let runtime = runtime.store(answering.clone()).clock(clock.clone()).build();
        #[expect(clippy::expect_used, reason = "a test that is set up wrongly has to fail")]
        let runtime = runtime.expect("the test's runtime");
        Self { runtime, store, answering, clock }
    }

    /// The store behind it.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// The store that answers this runtime: the same, or one on disk that is told the same.
    pub fn answering(&self) -> &dyn Store {
        &*self.answering
    }

    /// The time by this runtime's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the virtual clock forward, beside what it does by itself. A real clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Clock::Virtual(clock) = &self.clock {
            clock.advance(by);
        }
    }

    /// Every committed event so far.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn all_events(&self) -> Result<Vec<Event>> {
        self.runtime.events(Page::first(usize::MAX)).await
    }

    /// Every committed event so far in short form, such as `"charge Running (1)"` or `"run Completed"`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn event_lines(&self) -> Result<Vec<String>> {
        Ok(self.all_events().await?.iter().map(|event| event.kind.to_string()).collect())
    }

    /// The run that was created last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_run(&self) -> Result<Option<RunId>> {
        let runs = self.runtime.runs(Default::default(), Page::first(1)).await?;
        Ok(runs.first().map(|run| run.id))
    }

    /// A runtime over the store as it was after its first `operations` operations: what a process finds that
    /// starts after a crash at that point.
    pub fn fork(&self, operations: usize) -> TestBuilder {
        TestBuilder { virtual_clock: self.clock.as_virtual().is_some(), ..TestBuilder::new() }
            .store(self.store.fork(operations))
    }
}

impl Deref for TestRuntime {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.runtime
    }
}

/// Runs the conformance suite against a store; see [`crate::store::conformance`].
///
/// # Errors
/// The first thing that the store does not hold.
pub async fn conformance<S: Store>(store: impl Fn() -> S) -> std::result::Result<(), String> {
    crate::store::conformance::run(store).await
}
