//! The contract of a store.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::records::{
    Attempt, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change, Claim, Claimed,
    Fence, Forget, Journal, Lead, Lookup, NewRun, NewSignal, Page, Posted, Run, RunFilter, Signal, Starter,
    StarterChange, StarterChanged, StarterEntry, Starters, Submitted, TaskRun, WorkerId,
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::{RunId, ScopeId, TaskNumber},
    state::Event,
};

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a store could not do its work: what it did, and what stood in the way.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    message: String,
    #[source]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error with its text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// A cached value that takes more than all values of its definition, or of the store, may take together.
    pub(crate) fn too_large(bytes: u64, max_size: u64, keep: u64) -> Self {
        let limit =
            if max_size <= keep { "its task's `max_size`" } else { "the store's limit for the cache" };
        let most = max_size.min(keep);
        Self::new(format!(
            "it takes {bytes} bytes, and {limit} is {most}; raise the limit, or do not cache this task"
        ))
    }

    /// The same, with what caused it.
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

/// What must hold before a commit is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives whatever the store promises to survive.
    Durable,
    /// It is applied and readable; it becomes durable no later than the next durable commit of the same run.
    Buffered,
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The change holds.
    Applied,
    /// The same change was applied before; sent again, it changes nothing.
    AlreadyMine,
    /// Another worker has the run; nothing was changed and nothing will be.
    Fenced,
}

/// A commit under way. Dropping it withdraws nothing.
#[must_use]
pub struct Commit(CommitState);

enum CommitState {
    Ready(Option<Result<Committed, StoreError>>),
    Waiting(BoxFuture<'static, Result<Committed, StoreError>>),
}

impl Commit {
    /// One that has ended.
    pub fn ready(result: Result<Committed, StoreError>) -> Self {
        Self(CommitState::Ready(Some(result)))
    }

    /// One that ends with `future`.
    pub fn waiting(future: BoxFuture<'static, Result<Committed, StoreError>>) -> Self {
        Self(CommitState::Waiting(future))
    }
}

impl Future for Commit {
    type Output = Result<Committed, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            CommitState::Ready(result) => Poll::Ready(
                result.take().unwrap_or_else(|| Err(StoreError::new("the commit was polled after its end"))),
            ),
            CommitState::Waiting(future) => future.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.0 {
            CommitState::Ready(result) => format!("{result:?}"),
            CommitState::Waiting(_) => "waiting".into(),
        };
        f.debug_tuple("Commit").field(&state).finish()
    }
}

/// Where runs, journals and cached results live.
///
/// The methods are whole operations of the engine, so that every backend can do each its best way. What every
/// implementation has to hold is written with each method and tested by [`conformance`](super::conformance).
///
/// Order: the commits of one run apply and are acknowledged in the order in which [`commit`](Self::commit) was
/// *called*, and what is durable of them is always a prefix.
pub trait Store: Send + Sync + 'static {
    /// Creates a run in state `Pending`, or, where `NewRun::worker` says who takes it at once, claimed by that
    /// worker, or `Scheduled`, where it [waits](NewRun::waits) for its turn. The run is durable when this resolves. A second submission of the same id, or of the same
    /// [`given_id`](NewRun::given_id) and definition, changes nothing: it is `Existing` with equal definition and
    /// input, else `Conflict`.
    fn submit(&self, run: NewRun) -> BoxFuture<'_, Result<Submitted, StoreError>>;

    /// Takes a run that has not ended for a worker: raises its fence, so that whoever had it before is
    /// [`Committed::Fenced`] from now on. `None` when the run is unknown or has ended, and with
    /// [`Claim::orphaned`] also when another living worker has it: of several that ask at once, one gets it.
    ///
    /// A claim of a run that was running and was not [released](super::Step::Released) counts as a death of its
    /// process; a recorded outcome sets the count back.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>>;

    /// Runs that have begun, have not ended, and that no living worker has: the oldest first, by pages. Those that
    /// another run has called are among them.
    fn orphans(&self, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>>;

    /// The worker goes: the runs that it still has are orphaned from now on.
    fn leave(&self, worker: WorkerId);

    /// Takes a run that has ended without a value for `worker`, so that it is executed again: in one step it goes
    /// through `Pending` to `Running`, in the attempt after its last one, loses its outcome, its reason and its end, and
    /// gets a new fence as by [`claim`](Self::claim). Its journal and its history stay. `None` when the run is unknown,
    /// has not ended, or has completed.
    fn reopen(
        &self,
        run: RunId,
        worker: WorkerId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Claimed>, StoreError>>;

    /// Applies a change as a whole or not at all. It is in line when this *returns*; the commit that it returns
    /// may be dropped without withdrawing anything. Each step is a compare-and-set: a step whose expected state
    /// does not hold is an error and nothing of its change is applied. A task run that has ended takes no further
    /// step. Events of the change can be read as soon as it is applied, never before.
    fn commit(&self, change: Change, durability: Durability) -> Commit;

    /// The journal of one scope of a run: what was recorded in every attempt, in the order of the numbers, what
    /// was dropped, which calls have begun without having an outcome, and until when calls wait.
    fn replay(&self, run: RunId, fence: Fence, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>>;

    /// The same for whoever only reads, also of a run that has ended: no fence is asked for. Empty for an unknown run.
    fn journal(&self, run: RunId, scope: ScopeId) -> BoxFuture<'_, Result<Journal, StoreError>>;

    /// Puts a signal into a run that has not ended, whoever executes it; no fence is asked for. It is durable when this
    /// resolves, and gets the next number of its run's signals. It stays until a change [takes](super::Step::Taken) it;
    /// a change that takes what is not there is refused like one whose expected state does not hold.
    fn signal(&self, run: RunId, signal: NewSignal) -> BoxFuture<'_, Result<Posted, StoreError>>;

    /// The signals of a run that nobody has taken, in the order of their numbers, by pages; none of an unknown run.
    fn signals(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Signal>, StoreError>>;

    /// What another run may reuse of the journal of one scope: the records that were there when the run had `before`
    /// task runs, those children whose task runs have a number up to and with `before`, and the marks of all drops that
    /// [undo](super::Mark::undone) a record. It needs no right to write;
    /// a run that is unknown has nothing.
    fn past(
        &self,
        run: RunId,
        scope: ScopeId,
        before: TaskNumber,
    ) -> BoxFuture<'_, Result<Journal, StoreError>>;

    /// The value of a cache key and when it was computed, if there is one that is younger than `ttl`. The short
    /// way of a hit: it takes no duty, waits for nobody and does not say why there is none.
    fn cached(
        &self,
        key: CacheKey,
        at: Timestamp,
        ttl: Option<Duration>,
    ) -> BoxFuture<'_, Result<Option<(Bytes, Timestamp)>, StoreError>>;

    /// Looks up a cache key. At most one caller leads a key at a time, and it leads until its lead is
    /// [published](Self::publish) or [released](Self::release). `Follow` resolves when the leader ended, without
    /// saying how: look up again. With `CacheLookup::follow == false` the answer is never
    /// `Follow`, with `lead == false` it is `Hit` or `Busy`.
    fn lookup_or_lead(&self, lookup: CacheLookup) -> BoxFuture<'_, Result<Lookup, StoreError>>;

    /// Stores the leader's value and ends its lead, also when the value cannot be stored. Not durable when it
    /// returns: a lost entry costs a computation, never a wrong value. The oldest results make room where the
    /// definition's `max_size` or the store's own limit asks for it; a value that is larger than such a limit by
    /// itself is an error, and nothing makes room for it. Dropping the future withdraws nothing.
    fn publish(&self, lead: Lead, entry: CacheEntry) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Ends a lead without a value; the next follower that looks up leads.
    fn release(&self, lead: Lead);

    /// Cached results, the one that was stored last first, by pages of their numbers. Results that are stored,
    /// replaced or evicted between two pages may be missing, but none is listed twice under one number.
    fn cache_entries(
        &self,
        filter: CacheFilter,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<CachedResult>, StoreError>>;

    /// Removes cached results and what is remembered of their keys, and says how many results there were. What is
    /// being computed meanwhile is stored when it is there. Dropping the future may leave a part of them.
    fn cache_forget(&self, which: Forget) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// How much the cache holds. Counted when it is written, so that asking costs nothing.
    fn cache_size(&self) -> BoxFuture<'_, Result<CacheSize, StoreError>>;

    /// Changes what starts runs by itself, and in the same step tells its history of that and creates the run that it
    /// starts, as [`submit`](Self::submit) does: all of it holds, or nothing does. It is a compare-and-set on the
    /// [revision](Starter::revision), so of several who do it at once, one does. The change is in line when this
    /// *returns*, and durable when it resolves; dropping the future withdraws nothing.
    ///
    /// The key has 1 to [`MAX_KEY`](Starter::MAX_KEY) bytes, else it is an error. Of the history the last
    /// [`KEEP_ENTRIES`](Starter::KEEP_ENTRIES) entries are kept.
    fn change_starter(&self, change: StarterChange) -> BoxFuture<'_, Result<StarterChanged, StoreError>>;

    /// What starts runs by itself, at most `limit` of it. What asking for those that are due costs does not grow with
    /// those that are not.
    fn starters(&self, which: Starters, limit: usize) -> BoxFuture<'_, Result<Vec<Starter>, StoreError>>;

    /// The history of a starter, in the order of the numbers, by pages; none of an unknown one.
    fn starter_entries(
        &self,
        key: String,
        page: Page<u64>,
    ) -> BoxFuture<'_, Result<Vec<StarterEntry>, StoreError>>;

    /// Resolves when everything that was committed before the call is as durable as the store makes it.
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Runs, newest first, by pages.
    fn runs(&self, filter: RunFilter, page: Page<RunId>) -> BoxFuture<'_, Result<Vec<Run>, StoreError>>;

    /// One run.
    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StoreError>>;

    /// The encoded input of a run; `None` when it is unknown.
    fn input(&self, run: RunId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>>;

    /// The task runs of a run by their numbers, by pages.
    fn task_runs(
        &self,
        run: RunId,
        page: Page<TaskNumber>,
    ) -> BoxFuture<'_, Result<Vec<TaskRun>, StoreError>>;

    /// The attempts of a task run, first to last.
    fn attempts(&self, run: RunId, task: TaskNumber) -> BoxFuture<'_, Result<Vec<Attempt>, StoreError>>;

    /// Committed events of all runs, in their order, by pages of sequence numbers. A store that forgets old
    /// events shows the gap in the numbers.
    fn events(&self, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>>;

    /// The committed events of one run, in their order, by pages.
    fn run_events(&self, run: RunId, page: Page<u64>) -> BoxFuture<'_, Result<Vec<Event>, StoreError>>;

    /// Where a person finds this store, for messages.
    fn location(&self) -> String;
}
