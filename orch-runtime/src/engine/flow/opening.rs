//! How a run comes into being, or is taken up again.

use std::{borrow::Cow, sync::Arc};

use crate::{
    definition::Definition,
    engine::{RunShared, prepared::Prepared, run::RunStart},
    error::{Error, ErrorKind},
    id::{RunId, TaskNumber},
    runtime::Core,
    state::RunState,
    store::{
        Change, Claimed, Durability, Fence, NewRun, Outcome, Reruns, Stamped, Step, StoreError, Submitted,
        Trigger,
    },
};

pub(super) enum Opened {
    Run(Arc<RunShared>),
    Ended(Outcome),
}

/// Which run a call of a flow gets.
#[derive(Clone, Copy)]
pub(super) enum Which {
    New(RunId),
    /// The call had this one before the process ended.
    Begun(RunId),
    /// The same call had this one in an earlier attempt of the body that makes it. Where it did not give a value, it is
    /// executed again, so that what succeeded in it is reused.
    Earlier(RunId),
}

impl Which {
    pub(super) fn id(self) -> RunId {
        let (Self::New(id) | Self::Begun(id) | Self::Earlier(id)) = self;
        id
    }
}

pub(super) async fn open_child(
    parent: &Arc<RunShared>,
    which: Which,
    task: TaskNumber,
    name: &'static str,
    reusable: Option<(TaskNumber, RunId)>,
    prepared: &mut Prepared,
) -> Result<Opened, Error> {
    let (core, id) = (&parent.core, which.id());
    let store_error = |error| Error::at(name, id, ErrorKind::Store, format!("{error}"));
    if let Which::Earlier(_) = which {
        // What it had started may be on its way out still.
        core.left(id).await;
    }
    let reruns = match reusable {
        Some((task, run)) => parent.reruns_of_child(task, run).await.map_err(store_error)?,
        None => None,
    };
    let new = new_run(core, id, name, prepared, Some((parent.id, task)), reruns.clone())?;
    let definition = prepared.definition;
    let reopen = |claimed| reopened(core, definition, claimed, Some(parent.root_flow)).map(Opened::Run);
    match core.store.submit(new).await.map_err(store_error)? {
        Submitted::Created(fence) => {
            let start = RunStart { reruns, ..fresh(id, name, parent.root_flow, fence) };
            return Ok(Opened::Run(RunShared::new(core.clone(), start)));
        }
        // It was created before this process, or before the flow's last attempt.
        Submitted::Existing | Submitted::Conflict => {}
    }
    match core.store.claim(id, core.worker).await.map_err(store_error)? {
        Some(claimed) if claimed.run.state == RunState::Cancelling => {
            end_cancelling(core, &claimed).await.map_err(store_error)?;
        }
        Some(claimed) => return reopen(claimed),
        None => {
            let ended = core.store.run(id).await.map_err(store_error)?;
            let outcome =
                ended.and_then(|run| run.value.map(Outcome::Value).or(run.error.map(Outcome::Error)));
            match (outcome, which) {
                (Some(outcome @ Outcome::Value(_)), _) => return Ok(Opened::Ended(outcome)),
                (Some(outcome), Which::New(_) | Which::Begun(_)) => return Ok(Opened::Ended(outcome)),
                // It failed for an earlier attempt, or went with the body that had called it, which is no outcome.
                (Some(_), Which::Earlier(_)) | (None, _) => {}
            }
        }
    }
    match core.store.reopen(id, core.worker, core.clock.now()).await.map_err(store_error)? {
        Some(claimed) => reopen(claimed),
        None => Err(Error::at(name, id, ErrorKind::Cancelled, "somebody else executes it")),
    }
}

/// Ends a run that was being cancelled when its process ended.
pub(super) async fn end_cancelling(core: &Core, claimed: &Claimed) -> Result<(), StoreError> {
    let Claimed { run, fence, .. } = claimed;
    let reason = Some("it was being cancelled when its process ended".to_owned());
    let (expect, state, attempt) = (RunState::Cancelling, RunState::Cancelled, run.attempt);
    let step = Step::Run { expect, state, attempt, reason, outcome: None };
    let steps = vec![Stamped { at: core.clock.now(), step }];
    let change = Change { run: run.id, fence: *fence, number: 1, steps };
    core.store.commit(change, Durability::Durable).await.map(drop)
}

pub(super) async fn open_root(
    core: &Arc<Core>,
    id: RunId,
    name: &'static str,
    new: NewRun,
) -> Result<Arc<RunShared>, Error> {
    let reruns = new.reruns.clone();
    match core.store.submit(new).await {
        Ok(Submitted::Created(fence)) => {
            let start = RunStart { reruns, ..fresh(id, name, name, fence) };
            Ok(RunShared::new(core.clone(), start))
        }
        Ok(_) => Err(Error::at(name, id, ErrorKind::Store, "a run of this id is in the store already")),
        Err(error) => Err(Error::at(name, id, ErrorKind::Store, error.to_string())),
    }
}

fn fresh(id: RunId, name: &'static str, root_flow: &'static str, fence: Fence) -> RunStart {
    let (next_task, attempt, first_attempt) = (0, 1, 1);
    let (edited, resumed, reruns) = (false, false, None);
    RunStart { id, name, root_flow, fence, edited, resumed, next_task, attempt, first_attempt, reruns }
}

pub(super) fn reopened(
    core: &Arc<Core>,
    definition: &'static Definition,
    claimed: Claimed,
    root_flow: Option<&'static str>,
) -> Result<Arc<RunShared>, Error> {
    let Claimed { run, fence, next_task, first_attempt, .. } = claimed;
    let name = definition.resolve()?.name;
    let start = RunStart {
        id: run.id,
        name,
        root_flow: root_flow.unwrap_or(name),
        fence,
        edited: run.body_hash != definition.body_hash && !definition.strict,
        resumed: true,
        next_task,
        attempt: run.attempt.max(1),
        first_attempt,
        reruns: run.reruns,
    };
    Ok(RunShared::new(core.clone(), start))
}

pub(super) fn new_run(
    core: &Core,
    id: RunId,
    name: &'static str,
    prepared: &Prepared,
    parent: Option<(RunId, TaskNumber)>,
    reruns: Option<Box<Reruns>>,
) -> Result<NewRun, Error> {
    let trigger = match (&parent, &reruns) {
        (Some(_), _) => Trigger::Parent,
        (None, Some(_)) => Trigger::Rerun,
        (None, None) => Trigger::Call,
    };
    let cannot_write =
        |error: crate::codec::CodecError| Error::at(name, id, ErrorKind::Input, error.to_string());
    Ok(NewRun {
        id,
        name: Cow::Borrowed(name),
        kind: prepared.definition.kind(),
        body_hash: prepared.definition.body_hash,
        input: prepared.invocation.encode_input().map_err(cannot_write)?,
        label: prepared.options().label.clone(),
        tags: prepared.options().all_tags(prepared.definition),
        trigger,
        parent,
        reruns,
        worker: Some(core.worker),
        at: core.clock.now(),
    })
}
