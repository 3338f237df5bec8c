//! Runs and changes in short form.

use std::{fs, path::Path};

use uuid::Uuid;

use crate::{
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    id::{CallKey, RunId, ScopeId, TaskNumber},
    state::{RunState, TaskState},
    store::{
        Change, Claim, Committed, Durability, Fence, NewRun, Outcome, Page, Record, RunFilter, Stamped, Step,
        Store, StoreError, Submitted, TaskClaim, Trigger, WorkerId,
    },
};

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

pub(super) fn worker() -> WorkerId {
    WorkerId(Uuid::now_v7())
}

/// A new worker asks for a run, whoever has it.
pub(super) fn claim_of(run: RunId) -> Claim {
    Claim::any(run, worker(), Timestamp::from_micros(5))
}

/// A run that the caller takes at once.
pub(super) fn new_run(name: &'static str) -> NewRun {
    NewRun {
        id: RunId::new(),
        name: name.into(),
        kind: DefinitionKind::Flow,
        body_hash: 7,
        input: Bytes::from(&b"input"[..]),
        label: None,
        tags: vec!["tag".into()],
        given_id: None,
        trigger: Trigger::Call,
        parent: None,
        reruns: None,
        started_by: None,
        waits: false,
        worker: Some(worker()),
        at: Timestamp::from_micros(1_000),
    }
}

/// A run that a worker writes to.
pub(super) struct Writer<'s> {
    pub(super) store: &'s dyn Store,
    pub(super) run: RunId,
    pub(super) fence: Fence,
    pub(super) number: u64,
    pub(super) tasks: u32,
}

impl<'s> Writer<'s> {
    pub(super) async fn submit(store: &'s dyn Store, new: NewRun) -> Result<Self, StoreError> {
        let run = new.id;
        match store.submit(new).await? {
            Submitted::Created(fence) => Ok(Self { store, run, fence, number: 1, tasks: 0 }),
            other => Err(StoreError::new(format!("{other:?}"))),
        }
    }

    pub(super) async fn claim(store: &'s dyn Store, run: RunId) -> Result<Option<Self>, StoreError> {
        let claimed = store.claim(claim_of(run)).await?;
        Ok(claimed.map(|claimed| Self {
            store,
            run,
            fence: claimed.fence,
            number: 1,
            tasks: claimed.next_task,
        }))
    }

    pub(super) fn change(&mut self, steps: Vec<Step>) -> Change {
        let number = self.number;
        self.number += 1;
        let at = Timestamp::from_micros(2_000 + number);
        let steps = steps.into_iter().map(|step| Stamped { at, step }).collect();
        Change { run: self.run, fence: self.fence, number, steps }
    }

    pub(super) async fn commit(
        &mut self,
        steps: Vec<Step>,
        durability: Durability,
    ) -> Result<(), StoreError> {
        let change = self.change(steps);
        match self.store.commit(change, durability).await? {
            Committed::Applied => Ok(()),
            other => Err(StoreError::new(format!("{other:?}"))),
        }
    }

    /// A call from its beginning to its outcome, which is `value`.
    pub(super) fn call(&mut self, value: &[u8]) -> Vec<Step> {
        let number = self.tasks;
        self.tasks += 1;
        let task = TaskNumber(number);
        let key = CallKey { scope: ScopeId::ROOT, call: u128::from(number), occurrence: 0 };
        vec![
            Step::Claim(TaskClaim {
                task,
                key,
                instance: 1,
                name: "test::task".into(),
                kind: DefinitionKind::Task,
                labels: None,
                input: None,
            }),
            move_task(number, (TaskState::Pending, 0), (TaskState::Running, 1)),
            move_task(number, (TaskState::Running, 1), (TaskState::Completed, 1)),
            Step::Record(Record {
                scope: ScopeId::ROOT,
                instance: 1,
                number,
                call: key.call,
                occurrence: 0,
                task: Some(task),
                outcome: Outcome::Value(Bytes::from(value)),
            }),
        ]
    }

    /// A whole call, durable.
    pub(super) async fn durable_call(&mut self, value: &[u8]) -> Result<(), StoreError> {
        let steps = self.call(value);
        self.commit(steps, Durability::Durable).await
    }

    /// The end of the run.
    pub(super) async fn complete(&mut self, value: &[u8]) -> Result<(), StoreError> {
        let outcome = Some(Outcome::Value(Bytes::from(value)));
        let state = RunState::Completed;
        let step = Step::Run { expect: RunState::Running, state, attempt: 1, reason: None, outcome };
        self.commit(vec![step], Durability::Durable).await
    }

    /// The values of the root scope's records, in order.
    pub(super) async fn values(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let journal = self.store.replay(self.run, self.fence, ScopeId::ROOT).await?;
        let value = |record: &Record| match &record.outcome {
            Outcome::Value(value) => value.to_vec(),
            other => format!("{other:?}").into_bytes(),
        };
        Ok(journal.records.iter().map(value).collect())
    }
}

pub(super) fn move_task(number: u32, expect: (TaskState, u32), (state, attempt): (TaskState, u32)) -> Step {
    Step::Task { task: TaskNumber(number), expect, state, attempt, detail: None }
}

/// Everything that readers can find out, run by run, without the sequence numbers.
pub(super) async fn everything(store: &dyn Store) -> Result<String, StoreError> {
    let mut told = String::new();
    for run in store.runs(RunFilter::default(), Page::all()).await? {
        told.push_str(&of_run(store, run.id).await?);
    }
    Ok(told)
}

pub(super) async fn of_run(store: &dyn Store, run: RunId) -> Result<String, StoreError> {
    let mut told = format!("{:#?} {:?}\n", store.run(run).await?, store.input(run).await?);
    for task in store.task_runs(run, Page::all()).await? {
        told.push_str(&format!("{task:?}\n{:?}\n", store.attempts(run, task.task).await?));
    }
    for event in store.run_events(run, Page::all()).await? {
        told.push_str(&format!("{:?} {:?}\n", event.at, event.kind));
    }
    Ok(told)
}

/// What call `number` gives: most are joined with others in the log, some lie in it alone, a few are cut into parts.
pub(super) fn value(number: u32) -> Vec<u8> {
    let length = match number % 31 {
        7 => 450,
        19 => 900,
        30 => 9_000,
        other => other as usize,
    };
    number.to_le_bytes().into_iter().cycle().take(length + 4).collect()
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}
