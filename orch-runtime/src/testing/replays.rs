//! Recorded runs against the code of today.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
};

use super::{START, read_only::ReadOnly};
use crate::{
    Call, Runtime,
    clock::{Clock, VirtualClock},
    definition,
    engine::{Flow, Replayed, Verifying, verify},
    error::{Error, ErrorKind, Result},
    id::RunId,
    runtime::RuntimeBuilder,
    state::RunState,
    store::{Page, Run, RunFilter, Store},
};

/// Runs that are replayed unless [`VerifyReplay::limit`] says otherwise.
const LIMIT: usize = 1_000;

/// Runs that are read at a time.
const PAGE: usize = 32;

/// What names a flow: its full name, or a call of it.
pub trait NamesFlow {
    /// The full name.
    fn flow_name(self) -> String;
}

impl NamesFlow for &str {
    fn flow_name(self) -> String {
        self.to_owned()
    }
}

impl NamesFlow for String {
    fn flow_name(self) -> String {
        self
    }
}

impl<T> NamesFlow for Call<T, Flow> {
    fn flow_name(self) -> String {
        self.into_prepared().map(|call| call.flow_name().to_owned()).unwrap_or_default()
    }
}

/// Replays the recorded runs of a flow against the code of this program, without running any task's body and without
/// writing anything, and reports what would differ: for a test that says, before new code is deployed, what it does to
/// the runs that the old one has left.
///
/// The flow is named by its full name or by a call of it, whose arguments do not matter; runs that were recorded under
/// one of its `formerly` names are its runs too. The store is only read. The flow's own body *is* run, with what was
/// recorded, under a virtual clock; where it calls a task that has no record, that branch of the replay ends, and what
/// comes behind it is not known. Runs of flows that it calls are runs of those flows, and are verified under their
/// names. A flow that waits past `orch`, for a bare timer or a socket, is not waited for, and may be found to diverge. Must be
/// awaited inside a tokio runtime.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # use orch::{store::MemoryStore, testing::verify_replay};
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # let store = MemoryStore::new();
/// // Such as `SledStore::builder("tests/recorded").open()?`.
/// let report = verify_replay("shop::watch_price", store).await?;
/// println!("{report}");
/// report.assert_same();
/// # Ok::<_, orch::Error>(()) }).unwrap()
/// ```
///
/// # Errors
/// Awaiting it gives an error when the store cannot be read, or when two values of one type are provided. Whatever is found
/// about a run is no error, but its [`Verdict`].
///
/// # Cancel safety
/// Dropping the future ends the replay; nothing was changed.
pub fn verify_replay(flow: impl NamesFlow, store: impl Store) -> VerifyReplay {
    VerifyReplay {
        flow: flow.flow_name(),
        store: Arc::new(store),
        runtime: Runtime::builder().recover(false),
        limit: LIMIT,
    }
}

/// See [`verify_replay`].
#[must_use = "nothing is replayed unless it is awaited"]
pub struct VerifyReplay {
    flow: String,
    store: Arc<dyn Store>,
    runtime: RuntimeBuilder,
    limit: usize,
}

impl VerifyReplay {
    /// A value for `#[provided]` parameters of the flow.
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.runtime = self.runtime.provide(value);
        self
    }

    /// The same for a value that is shared, or that stands for a `dyn Trait`.
    pub fn provide_arc<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.runtime = self.runtime.provide_arc(value);
        self
    }

    /// The most runs that are replayed, the newest first. Default: 1,000.
    pub fn limit(mut self, runs: usize) -> Self {
        self.limit = runs;
        self
    }

    async fn replay(self) -> Result<ReplayReport> {
        let Self { flow, store, runtime, limit } = self;
        let verifying = Arc::new(Verifying::default());
        let clock = Clock::Virtual(VirtualClock::start(START));
        let runtime =
            runtime.store(ReadOnly::new(store.clone())).clock(clock).verifying(verifying).build()?;
        let mut names = vec![flow.clone()];
        if let Some(found) = definition::known(&flow) {
            names.extend(found.formerly.iter().map(|name| (*name).to_owned()));
        }
        let mut report = ReplayReport { flow, runs: Vec::new() };
        for name in names {
            let filter = RunFilter { name: Some(name), ..RunFilter::default() };
            let mut page = Page::first(PAGE);
            loop {
                page.limit = PAGE.min(limit.saturating_sub(report.runs.len()));
                let runs = store.runs(filter.clone(), page).await.map_err(|error| unread(&error))?;
                let Some(last) = runs.last().map(|run| run.id) else { break };
                for run in runs {
                    report.runs.push(replayed(&runtime, &*store, run).await?);
                }
                page = Page::after(last, PAGE);
            }
        }
        Ok(report)
    }
}

impl IntoFuture for VerifyReplay {
    type Output = Result<ReplayReport>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<ReplayReport>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.replay())
    }
}

fn unread(error: &dyn fmt::Display) -> Error {
    Error::plain(ErrorKind::Store, format!("the recorded runs cannot be read: {error}"))
}

async fn replayed(runtime: &Runtime, store: &dyn Store, run: Run) -> Result<ReplayedRun> {
    let (id, state) = (run.id, run.state);
    let result = |verdict| ReplayedRun { run: id, state, verdict, reused: 0, again: Vec::new() };
    if definition::find(&run.name).is_none() {
        return Ok(result(Verdict::Missing(run.name.into_owned())));
    }
    let input = store.input(id).await.map_err(|error| unread(&error))?;
    let Some(input) = input else { return Ok(result(Verdict::Unreadable("its input is gone".into()))) };
    Ok(ReplayedRun::of(id, state, verify(&runtime.core(), run, input).await?))
}

/// What [`verify_replay`] found.
#[derive(Clone, Debug)]
pub struct ReplayReport {
    flow: String,
    runs: Vec<ReplayedRun>,
}

/// What replaying one run came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReplayedRun {
    /// The run.
    pub run: RunId,
    /// How it stands in its store.
    pub state: RunState,
    /// What the code of today makes of it.
    pub verdict: Verdict,
    /// How many records were handed over again.
    pub reused: usize,
    /// Calls that were under way when the run was interrupted: their bodies would run again, in whatever code.
    pub again: Vec<String>,
}

/// What the code of today makes of a recorded run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It asks for everything that was recorded, and, of a run that has completed, for nothing else.
    Same,
    /// The flow was edited, and the run goes on with what matches.
    Edited(Differences),
    /// The run would stop: its flow was not edited, or is strict, and does not ask for what was recorded. The text names
    /// the record and what is asked for instead.
    Diverges(String),
    /// The stored input, or a recorded result, does not fit its type any more.
    Unreadable(String),
    /// This program has no flow of this name that it can start.
    Missing(String),
}

/// How an edited flow differs from a recorded run. Each call is named with its place in the source and its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Differences {
    /// Calls without a record that would run. What comes behind them is not known.
    pub anew: Vec<String>,
    /// Records that are not asked for, up to eight by name. Where something would run anew, it may still ask for them.
    pub unasked: Vec<String>,
    /// How many records are not asked for.
    pub unasked_count: usize,
    /// It completed, and gives another value now.
    pub other_value: bool,
}

impl ReplayedRun {
    fn of(run: RunId, state: RunState, replayed: Replayed) -> Self {
        let Replayed { edited, reused, anew, under_way: again, unasked, other_value, diverged, unreadable } =
            replayed;
        let (unasked, unasked_count) = unasked;
        // An interrupted run goes on to calls that were never made; one that has completed has made all of its calls.
        let asks_for_more = state == RunState::Completed && !anew.is_empty();
        let verdict = match (unreadable, diverged) {
            (Some(text), _) => Verdict::Unreadable(text),
            (None, Some(text)) => Verdict::Diverges(text),
            (None, None) if unasked_count == 0 && !asks_for_more && !other_value => Verdict::Same,
            (None, None) if edited => {
                Verdict::Edited(Differences { anew, unasked, unasked_count, other_value })
            }
            (None, None) if asks_for_more => {
                Verdict::Diverges(format!("it had completed, and asks for {} now", anew.join(", ")))
            }
            (None, None) if unasked_count > 0 => {
                Verdict::Edited(Differences { anew, unasked, unasked_count, other_value })
            }
            (None, None) => Verdict::Diverges("it completed, and gives another value now".into()),
        };
        Self { run, state, verdict, reused, again }
    }
}

impl ReplayReport {
    /// The runs, those under the present name first, the newest first.
    pub fn runs(&self) -> &[ReplayedRun] {
        &self.runs
    }

    /// Whether every run is [`Same`](Verdict::Same).
    pub fn is_same(&self) -> bool {
        self.runs.iter().all(|run| run.verdict == Verdict::Same)
    }

    /// Passes when every run is [`Same`](Verdict::Same).
    ///
    /// # Panics
    /// With the report, when one is not.
    #[track_caller]
    pub fn assert_same(&self) {
        assert!(self.is_same(), "the code differs from what was recorded\n{self}");
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same = self.runs.iter().filter(|run| run.verdict == Verdict::Same).count();
        write!(f, "`{}`: {} recorded runs replayed, {same} the same", self.flow, self.runs.len())?;
        for run in self.runs.iter().filter(|run| run.verdict != Verdict::Same) {
            write!(f, "\n  {run}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ReplayedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {} ({}; {} records reused): {}", self.run, self.state, self.reused, self.verdict)?;
        self.again.iter().try_for_each(|call| write!(f, "\n    under way, would run again: {call}"))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Edited(differences) => differences.fmt(f),
            Self::Diverges(text) => write!(f, "diverges: {text}"),
            Self::Unreadable(text) => write!(f, "cannot be read: {text}"),
            Self::Missing(name) => write!(
                f,
                "this program has no flow `{name}` that can be started by name; a renamed one needs `formerly = \
                 \"{name}\"`"
            ),
        }
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("edited")?;
        self.anew.iter().try_for_each(|call| write!(f, "\n    would run: {call}"))?;
        self.unasked.iter().try_for_each(|call| write!(f, "\n    is not asked for: {call}"))?;
        if self.unasked_count > self.unasked.len() {
            write!(
                f,
                "\n    and {} further records are not asked for",
                self.unasked_count - self.unasked.len()
            )?;
        }
        if self.other_value {
            f.write_str("\n    gives another value")?;
        }
        Ok(())
    }
}
