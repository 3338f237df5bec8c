//! What a store is given and gives back. Plain data.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

mod cached;
mod signals;
mod starters;

use crate::{
    cache::InputText,
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    error::RecordedError,
    id::{CallKey, RunId, ScopeId, TaskNumber},
    state::{Notice, RunState, TaskState},
};
pub use cached::{
    CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Forget, KeyDigest, KeyParts,
    Lead, Lookup, Miss,
};
pub use signals::{Address, NewSignal, Posted, Signal};
pub use starters::{
    Fate, Happening, Skip, Starter, StarterChange, StarterChanged, StarterEntry, StarterPut, Starters, Ticks,
};

/// A process that executes runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WorkerId(pub Uuid);

/// Who may write to a run: raised with every claim, so that a worker that lost the run cannot write any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fence(pub u64);

/// Why a run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Trigger {
    /// Somebody called the flow, or a task outside any flow.
    Call,
    /// A flow called it.
    Parent,
    /// Somebody asked for a run that ended to be executed anew, as a run of its own; see [`Reruns`].
    Rerun,
    /// A tick of a schedule was due; see [`StartedBy`] for this and those below.
    Schedule,
    /// A past tick of a schedule was asked for.
    Backfill,
    /// A run of another flow ended.
    After,
    /// Somebody emitted an event.
    Event,
    /// A file came or changed.
    File,
    /// Something that was expected did not happen in time.
    Absence,
    /// A run took longer than it usually does.
    Overrun,
}

/// What started a run that nobody called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedBy {
    /// The key of the schedule, trigger or backfill.
    pub starter: String,
    /// The moment for which the run stands: when its tick was due, whenever it started.
    pub tick: Option<Timestamp>,
    /// The run whose end, or overrun, started it.
    pub run: Option<RunId>,
    /// More, for a reader: the event's name, the file's path.
    pub detail: Option<String>,
}

/// The earlier run that a run executes anew, and what it reuses of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reruns {
    /// The earlier run.
    pub run: RunId,
    /// The task run of the earlier run before which everything that was recorded is reused; then the same in the run
    /// of the flow that this task run called, and so on. Empty: nothing is reused.
    pub from: Vec<TaskNumber>,
    /// The run whose id is in the keys of the calls: they are the same as in the earlier run.
    pub keys: RunId,
}

impl Reruns {
    /// In the place of a task run: all that was recorded is reused.
    pub(crate) const EVERYTHING: TaskNumber = TaskNumber(u32::MAX);
}

/// A run that does not exist yet.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its identity.
    pub id: RunId,
    /// What the caller calls this very run: no two runs of a definition have the same.
    pub given_id: Option<String>,
    /// Full name of the definition.
    pub name: Cow<'static, str>,
    /// Flow, or a task outside any flow.
    pub kind: DefinitionKind,
    /// Hash of the body's tokens: tells an edit from non-determinism.
    pub body_hash: u64,
    /// The encoded input.
    pub input: Bytes,
    /// What a person called this run.
    pub label: Option<String>,
    /// Words to find it by.
    pub tags: Vec<Cow<'static, str>>,
    /// Why it starts.
    pub trigger: Trigger,
    /// The task run of the flow that called it.
    pub parent: Option<(RunId, TaskNumber)>,
    /// The earlier run that it executes anew.
    pub reruns: Option<Box<Reruns>>,
    /// What started it, where nobody called it.
    pub started_by: Option<Box<StartedBy>>,
    /// It waits for its turn, in state `Scheduled`, until somebody claims it: it is nobody's orphan.
    pub waits: bool,
    /// Who takes it at once.
    pub worker: Option<WorkerId>,
    /// When it was asked for.
    pub at: Timestamp,
}

/// How a submission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The run is new; the fence is the submitter's where it took the run.
    Created(Fence),
    /// This run is the same and was submitted before.
    Existing(RunId),
    /// This run has the same id, or the same given one, and another definition or input.
    Conflict(RunId),
}

/// Who asks for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// Who takes it.
    pub worker: WorkerId,
    /// Whether it is taken only if no other living worker has it.
    pub orphaned: bool,
    /// When.
    pub at: Timestamp,
}

impl Claim {
    /// Takes the run, whoever has it.
    pub fn any(run: RunId, worker: WorkerId, at: Timestamp) -> Self {
        Self { run, worker, orphaned: false, at }
    }

    /// Takes the run if no other living worker has it.
    pub fn orphan(run: RunId, worker: WorkerId, at: Timestamp) -> Self {
        Self { orphaned: true, ..Self::any(run, worker, at) }
    }
}

/// A run that a worker has taken.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The run as it stands.
    pub run: Run,
    /// The worker's right to write.
    pub fence: Fence,
    /// The encoded input.
    pub input: Bytes,
    /// The number that the next task run gets.
    pub next_task: u32,
    /// The attempt with which it was last [reopened](super::Store::reopen); 1 where it never was.
    pub first_attempt: u32,
}

/// What one run changes at once. `number` counts a worker's changes of the run from 1 and makes sending one
/// again harmless.
#[derive(Clone, Debug)]
pub struct Change {
    /// The run.
    pub run: RunId,
    /// The writer's right.
    pub fence: Fence,
    /// Position among the changes under this fence, from 1.
    pub number: u64,
    /// What changes.
    pub steps: Vec<Stamped>,
}

/// A step and when it happened.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// When.
    pub at: Timestamp,
    /// What.
    pub step: Step,
}

/// One part of a change.
#[derive(Clone, Debug)]
pub enum Step {
    /// The run changes from one state to another.
    Run {
        /// The state that it must have, or nothing changes.
        expect: RunState,
        /// The new state.
        state: RunState,
        /// The attempt of its body.
        attempt: u32,
        /// Why.
        reason: Option<String>,
        /// With a final state: what came out.
        outcome: Option<Outcome>,
    },
    /// A task run comes into being, in state `Pending`.
    Claim(TaskClaim),
    /// A task run changes from one state and attempt to another.
    Task {
        /// Which.
        task: TaskNumber,
        /// The state and attempt that it must have, or nothing changes.
        expect: (TaskState, u32),
        /// The new state.
        state: TaskState,
        /// The new attempt.
        attempt: u32,
        /// Why, and for how long.
        detail: Option<Box<TaskDetail>>,
    },
    /// A call of a flow has got its run.
    Child {
        /// The calling task run.
        task: TaskNumber,
        /// Its run.
        run: RunId,
    },
    /// An outcome takes its place in its scope's journal.
    Record(Record),
    /// A call was dropped before its outcome was handed over.
    Dropped(Mark),
    /// A call waits, until a moment that stays the same when the run is taken up again.
    Begun(Begun),
    /// A signal is taken, or nothing changes when it is not there.
    Taken(u64),
    /// A signal that was taken goes back to its place, because nobody has got it.
    GivenBack(Box<Signal>),
    /// The worker gives the run back without having ended it: nothing of it runs any more.
    Released,
    /// Something that must not stay silent.
    Notice {
        /// The task run that it is about.
        task: Option<TaskNumber>,
        /// What.
        notice: Notice,
        /// More, for a reader.
        text: String,
    },
}

/// A new task run.
#[derive(Clone, Debug)]
pub struct TaskClaim {
    /// Its number in the run.
    pub task: TaskNumber,
    /// Its identity in the run.
    pub key: CallKey,
    /// The attempt of the body that wrote it.
    pub instance: u64,
    /// Full name of its definition.
    pub name: Cow<'static, str>,
    /// A task, or a flow that has a run of its own.
    pub kind: DefinitionKind,
    /// What a person called it, and words to find it by.
    pub labels: Option<Box<Labels>>,
    /// What it was called with, for people; `None` where it is not known.
    pub input: Option<InputText>,
}

/// What a person called something, and words to find it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The name.
    pub label: Option<String>,
    /// The words.
    pub tags: Vec<Cow<'static, str>>,
}

/// Why a task run has its state.
#[derive(Clone, Debug, Default)]
pub struct TaskDetail {
    /// For people.
    pub reason: Option<String>,
    /// The wait before the next attempt.
    pub delay: Option<Duration>,
}

/// One place of a scope's journal.
#[derive(Clone, Debug)]
pub struct Record {
    /// The scope.
    pub scope: ScopeId,
    /// The attempt of its body.
    pub instance: u64,
    /// The place, from 0 and without gaps in each attempt.
    pub number: u32,
    /// Definition, type arguments, version and input of the call.
    pub call: u128,
    /// How many equal calls came before.
    pub occurrence: u32,
    /// The task run, where the call is one.
    pub task: Option<TaskNumber>,
    /// What came out.
    pub outcome: Outcome,
}

/// What came out of a call.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A value.
    Value(Bytes),
    /// An error, after the last attempt.
    Error(Arc<RecordedError>),
    /// An end whose value lies elsewhere: a spawned branch, a map, a handle's arrival.
    End,
}

impl Outcome {
    /// Whether it is a value.
    pub fn is_value(&self) -> bool {
        matches!(self, Self::Value(_))
    }
}

/// A call that was dropped before its outcome was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The scope.
    pub scope: ScopeId,
    /// The attempt of its body.
    pub instance: u64,
    /// The call.
    pub call: u128,
    /// How many equal calls came before.
    pub occurrence: u32,
    /// What the call had taken was given back: its record, if there is one, is nobody's outcome.
    pub undone: bool,
}

/// A call that waits for a time: told again by every process in which it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The scope.
    pub scope: ScopeId,
    /// The attempt of its body.
    pub instance: u64,
    /// The call.
    pub call: u128,
    /// How many equal calls came before.
    pub occurrence: u32,
    /// When the wait is over.
    pub due: Timestamp,
}

/// What a scope's body has been through.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Outcomes of all attempts; those of one attempt in the order of their numbers.
    pub records: Vec<Record>,
    /// Calls dropped.
    pub dropped: Vec<Mark>,
    /// Calls that began to wait, in any order, whether they have an outcome by now or not.
    pub begun: Vec<Begun>,
    /// Task runs without an outcome.
    pub in_flight: Vec<InFlight>,
    /// The runs of flows that were called, in the order of the task runs that called them.
    pub children: Vec<Child>,
}

/// The run of a flow that a scope's body called, in whichever of its attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// The call.
    pub call: u128,
    /// How many equal calls came before.
    pub occurrence: u32,
    /// The calling task run.
    pub task: TaskNumber,
    /// Its run.
    pub run: RunId,
}

/// A task run that has begun and has no outcome.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// Its number.
    pub task: TaskNumber,
    /// Its key.
    pub key: CallKey,
    /// The attempt of the body that wrote it.
    pub instance: u64,
    /// Where it stood.
    pub state: TaskState,
    /// The attempt under way, or the one that failed.
    pub attempt: u32,
    /// When its first attempt began.
    pub first_start: Option<Timestamp>,
    /// When the next attempt is due.
    pub retry_at: Option<Timestamp>,
    /// The run of a flow that was called.
    pub child: Option<RunId>,
}

/// Which part of a list: at most `limit` items that come after `after` in the list's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// The last key of the page before; `None` for the first page.
    pub after: Option<K>,
    /// The most items.
    pub limit: usize,
}

impl<K> Default for Page<K> {
    fn default() -> Self {
        Self::all()
    }
}

impl<K> Page<K> {
    /// Everything in one page.
    pub fn all() -> Self {
        Self::first(usize::MAX)
    }

    /// The first `limit` items.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// At most `limit` items after `key`.
    pub fn after(key: K, limit: usize) -> Self {
        Self { after: Some(key), limit }
    }
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only of this definition.
    pub name: Option<String>,
    /// Only in this state.
    pub state: Option<RunState>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only created at this time or later.
    pub since: Option<Timestamp>,
}

/// How many task runs of a run are in each state.
pub type Counts = BTreeMap<TaskState, u64>;

/// A run as a reader sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Its identity.
    pub id: RunId,
    /// What its caller calls this very run.
    pub given_id: Option<String>,
    /// Full name of the definition.
    pub name: Cow<'static, str>,
    /// Flow, or a task outside any flow.
    pub kind: DefinitionKind,
    /// Hash of the body's tokens when it was first claimed.
    pub body_hash: u64,
    /// What a person called it.
    pub label: Option<String>,
    /// Words to find it by.
    pub tags: Vec<Cow<'static, str>>,
    /// Why it started.
    pub trigger: Trigger,
    /// The task run of the flow that called it.
    pub parent: Option<(RunId, TaskNumber)>,
    /// The earlier run that it executes anew.
    pub reruns: Option<Box<Reruns>>,
    /// What started it, where nobody called it.
    pub started_by: Option<Box<StartedBy>>,
    /// Where it stands.
    pub state: RunState,
    /// The attempt of its body, from 1.
    pub attempt: u32,
    /// How often its process has died since its last recorded outcome.
    pub deaths: u32,
    /// Why it has its state.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it was first claimed.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its task runs by state.
    pub counts: Counts,
    /// The encoded value, when it completed.
    pub value: Option<Bytes>,
    /// The error, when it did not.
    pub error: Option<Arc<RecordedError>>,
}

impl Run {
    /// The run whose id is in the keys of its calls.
    pub(crate) fn keys(&self) -> RunId {
        self.reruns.as_ref().map_or(self.id, |reruns| reruns.keys)
    }
}

/// A task run as a reader sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskRun {
    /// Its number in the run.
    pub task: TaskNumber,
    /// Its identity in the run.
    pub key: CallKey,
    /// Full name of its definition.
    pub name: Cow<'static, str>,
    /// A task, or a flow that has a run of its own.
    pub kind: DefinitionKind,
    /// What a person called it.
    pub label: Option<String>,
    /// Words to find it by.
    pub tags: Vec<Cow<'static, str>>,
    /// Where it stands.
    pub state: TaskState,
    /// Its attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// When it was first recorded.
    pub created: Timestamp,
    /// When it last changed its state.
    pub changed: Timestamp,
    /// The run of a flow that was called.
    pub child: Option<RunId>,
    /// What it was called with, as text and cut off where it is long; `None` where it is not known, as of a task outside
    /// any flow. See [`InputText`] for what is not in it.
    pub input: Option<String>,
}

/// One try of a task run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What the task run became after it.
    pub state: TaskState,
    /// The error, and what `retry_if` said of it.
    pub reason: Option<String>,
    /// The wait that followed.
    pub delay: Option<Duration>,
}
