//! What the parts are made of: runs, steps and cache questions in short form.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use uuid::Uuid;

use super::check::{Checked, answer, committed, equal};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    id::{CallKey, RunId, ScopeId, TaskNumber},
    state::{RunState, TaskState},
    store::{
        CacheEntry, CacheKey, CacheLookup, Change, Claim, Committed, Durability, Fence, KeyDigest, KeyParts,
        Mark, NewRun, Outcome, Record, Stamped, Step, Store, StoreError, Submitted, TaskClaim, TaskDetail,
        Trigger, WorkerId,
    },
    testing::START,
};

/// The definition of most runs here.
pub(super) const NAME: &str = "suite::flow";

/// Second `n` of the suite.
pub(super) fn moment(n: u64) -> Timestamp {
    START.plus(Duration::from_secs(n))
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::from(text.as_bytes())
}

/// A worker that nobody else is.
pub(super) fn worker() -> WorkerId {
    WorkerId(Uuid::now_v7())
}

/// A new worker asks for a run, whoever has it.
pub(super) fn claim_of(run: RunId) -> Claim {
    Claim::any(run, worker(), moment(5))
}

/// A run that waits for a worker.
pub(super) fn new_run(at: u64) -> NewRun {
    NewRun {
        id: RunId::new(),
        given_id: None,
        name: NAME.into(),
        kind: DefinitionKind::Flow,
        body_hash: 7,
        input: bytes("input"),
        label: None,
        tags: Vec::new(),
        trigger: Trigger::Call,
        parent: None,
        reruns: None,
        started_by: None,
        waits: false,
        worker: None,
        at: moment(at),
    }
}

/// A run that this suite writes to, as a worker would.
pub(super) struct OpenRun<'s> {
    pub(super) store: &'s dyn Store,
    pub(super) id: RunId,
    pub(super) fence: Fence,
    /// The number of the next change.
    pub(super) number: u64,
}

impl<'s> OpenRun<'s> {
    /// Submits a run and takes it at once.
    pub(super) async fn new(store: &'s dyn Store) -> Checked<Self> {
        Self::submit(store, new_run(0)).await
    }

    pub(super) async fn submit(store: &'s dyn Store, mut run: NewRun) -> Checked<Self> {
        run.worker.get_or_insert_with(worker);
        let id = run.id;
        match answer("submit", store.submit(run).await)? {
            Submitted::Created(fence) => Ok(Self { store, id, fence, number: 1 }),
            other => Err(format!("submit of a new run: expected Created, found {other:?}")),
        }
    }

    /// The next change: its steps happen at second `100 + number`.
    pub(super) fn change(&mut self, steps: Vec<Step>) -> Change {
        let number = self.number;
        self.number += 1;
        let at = moment(100 + number);
        Change {
            run: self.id,
            fence: self.fence,
            number,
            steps: steps.into_iter().map(|step| Stamped { at, step }).collect(),
        }
    }

    /// Commits the next change.
    pub(super) async fn commit(&mut self, steps: Vec<Step>) -> Result<Committed, StoreError> {
        let change = self.change(steps);
        self.store.commit(change, Durability::Durable).await
    }

    /// Commits the next change, which has to hold.
    pub(super) async fn apply(&mut self, steps: Vec<Step>) -> Checked {
        let what = format!("change {}", self.number);
        let found = self.commit(steps).await;
        committed(&what, found, Committed::Applied)
    }

    /// Ends the run with a value.
    pub(super) async fn complete(&mut self) -> Checked {
        let outcome = Outcome::Value(bytes("output"));
        self.apply(vec![run_step(RunState::Running, RunState::Completed, Some(outcome))]).await
    }

    /// Another worker takes the run; `self` keeps the old fence.
    pub(super) async fn taken_over(&self) -> Checked<Self> {
        let claimed = answer("claim", self.store.claim(claim_of(self.id)).await)?;
        let claimed = super::check::some("claim of a running run", claimed)?;
        equal("claimed run", claimed.run.id, self.id)?;
        Ok(Self { fence: claimed.fence, number: 1, ..*self })
    }
}

/// The run changes its state.
pub(super) fn run_step(expect: RunState, state: RunState, outcome: Option<Outcome>) -> Step {
    Step::Run { expect, state, attempt: 1, reason: None, outcome }
}

/// The key of call `call` of a scope.
pub(super) fn key(scope: ScopeId, call: u128) -> CallKey {
    CallKey { scope, call, occurrence: 0 }
}

/// Call number `task` of the run's own body comes into being.
pub(super) fn claim(task: u32) -> Step {
    claim_in(ScopeId::ROOT, task, 1)
}

pub(super) fn claim_in(scope: ScopeId, task: u32, instance: u64) -> Step {
    Step::Claim(TaskClaim {
        task: TaskNumber(task),
        key: key(scope, u128::from(task)),
        instance,
        name: "suite::task".into(),
        kind: DefinitionKind::Task,
        labels: None,
        input: None,
    })
}

/// A task run goes from one state and attempt to another.
pub(super) fn task(number: u32, from: (TaskState, u32), to: (TaskState, u32)) -> Step {
    task_because(number, from, to, None, None)
}

pub(super) fn task_because(
    number: u32,
    expect: (TaskState, u32),
    (state, attempt): (TaskState, u32),
    reason: Option<&str>,
    delay: Option<Duration>,
) -> Step {
    let reason = reason.map(str::to_owned);
    let detail = (reason.is_some() || delay.is_some()).then(|| Box::new(TaskDetail { reason, delay }));
    Step::Task { task: TaskNumber(number), expect, state, attempt, detail }
}

/// A call comes into being and its first attempt starts.
pub(super) fn started(number: u32) -> Vec<Step> {
    vec![claim(number), task(number, (TaskState::Pending, 0), (TaskState::Running, 1))]
}

/// Place `number` of attempt `instance` of a scope, with a value that says so.
pub(super) fn record(scope: ScopeId, instance: u64, number: u32) -> Step {
    let value = format!("{}/{instance}/{number}", scope.0);
    Step::Record(Record {
        scope,
        instance,
        number,
        call: u128::from(number),
        occurrence: instance as u32,
        task: Some(TaskNumber(number)),
        outcome: Outcome::Value(bytes(&value)),
    })
}

pub(super) fn dropped(scope: ScopeId, instance: u64, call: u128) -> Mark {
    Mark { scope, instance, call, occurrence: 3, undone: call == u128::MAX }
}

/// An outcome in a form that can be compared.
pub(super) fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => String::from_utf8_lossy(value).into_owned(),
        Outcome::Error(error) => format!("error {error:?}"),
        Outcome::End => "end".into(),
    }
}

/// What a key of `name` with argument `url` is made of.
pub(super) fn parts(name: &'static str, url: u8) -> KeyParts {
    KeyParts {
        name: name.into(),
        type_arguments: "".into(),
        version: "1".into(),
        body: "b".into(),
        scope: None,
        arguments: BTreeMap::from([("url".into(), KeyDigest([url; 32])), ("n".into(), KeyDigest([0; 32]))]),
    }
}

/// The key of these parts.
pub(super) fn cache_key(parts: &KeyParts) -> CacheKey {
    CacheKey(*blake3::hash(format!("{parts:?}").as_bytes()).as_bytes())
}

/// A question that reads and follows, at second 0.
pub(super) fn lookup(parts: KeyParts) -> CacheLookup {
    CacheLookup {
        key: cache_key(&parts),
        parts: Arc::new(parts),
        at: moment(0),
        ttl: None,
        follow: true,
        lead: true,
        read: true,
    }
}

/// A result that was computed at second 0.
pub(super) fn entry(parts: KeyParts, value: &str) -> CacheEntry {
    CacheEntry { parts: Arc::new(parts), value: bytes(value), at: moment(0), max_size: None }
}
