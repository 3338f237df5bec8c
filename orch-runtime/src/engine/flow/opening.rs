//! How a run comes into being, or is taken up again.

use std::{borrow::Cow, sync::Arc};

use super::{crashing, joining::join};
use crate::{
    engine::{RunShared, alive::DROPPED, commit::child_step, prepared::Prepared, run::RunStart},
    error::{Error, ErrorKind},
    id::{RunId, TaskNumber},
    runtime::{Core, TakenUp},
    state::RunState,
    store::{Claim, Claimed, Fence, NewRun, Outcome, Run, Submitted, Trigger},
};

/// A run as whoever asked for it finds it.
pub(super) enum Opened {
    /// It is the asker's to execute. Nobody else takes it up before the second is dropped.
    Run(Arc<RunShared>, Option<TakenUp>),
    /// This run has ended.
    Ended(RunId, Outcome),
}

/// Opens a run outside any body: a new one, or the one that was given the same id before.
pub(super) async fn open_root(
    core: &Arc<Core>,
    id: RunId,
    name: &'static str,
    prepared: &mut Prepared,
) -> Result<Opened, Error> {
    // Others may see the run before this process knows it as begun.
    let taken = core.take_up(id)?;
    let new = new_run(core, id, name, prepared, None)?;
    match core.store.submit(new).await {
        Ok(Submitted::Created(fence)) => {
            let run = RunShared::new(core.clone(), fresh(id, name, name, fence));
            Ok(Opened::Run(run, Some(taken)))
        }
        Ok(Submitted::Existing(known)) if known != id => {
            drop(taken);
            join(core, known, name, prepared, name).await
        }
        Ok(Submitted::Conflict(known)) if known != id => Err(conflict(prepared, name, known)),
        Ok(_) => Err(Error::at(name, id, ErrorKind::Store, "a run of this id is in the store already")),
        Err(error) => Err(Error::at(name, id, ErrorKind::Store, error.to_string())),
    }
}

/// The run of a flow that a body calls, as the call finds it.
enum Child {
    Opened(Opened),
    /// Its call was dropped in the process before this one, which came to its end before the caller's journal said so.
    /// Where it was claimed, it is still to be ended.
    GivenUp(Option<Box<Claimed>>),
}

impl From<Opened> for Child {
    fn from(opened: Opened) -> Self {
        Self::Opened(opened)
    }
}

/// Opens the run of a flow that a body calls. The caller's journal knows it already.
pub(super) async fn open_child(
    parent: &Arc<RunShared>,
    id: RunId,
    task: TaskNumber,
    name: &'static str,
    prepared: &mut Prepared,
) -> Result<Opened, Error> {
    let claimed = match find_child(parent, id, task, name, prepared).await? {
        Child::Opened(opened) => return Ok(opened),
        Child::GivenUp(claimed) => claimed,
    };
    let another = RunId::new();
    parent.buffer(|writer, at| writer.push(at, child_step(task, another)));
    parent.flush();
    if let Some(claimed) = claimed {
        crashing::cancel(&parent.core, &claimed, DROPPED.into()).await?;
    }
    match find_child(parent, another, task, name, prepared).await? {
        Child::Opened(opened) => Ok(opened),
        Child::GivenUp(_) => Err(Error::at(name, another, ErrorKind::Cancelled, DROPPED)),
    }
}

async fn find_child(
    parent: &Arc<RunShared>,
    id: RunId,
    task: TaskNumber,
    name: &'static str,
    prepared: &mut Prepared,
) -> Result<Child, Error> {
    let core = &parent.core;
    let store_error = |error| Error::at(name, id, ErrorKind::Store, format!("{error}"));
    let new = new_run(core, id, name, prepared, Some((parent.id, task)))?;
    match core.store.submit(new).await.map_err(store_error)? {
        Submitted::Created(fence) => {
            let mut start = fresh(id, name, parent.root_flow, fence);
            start.background = parent.background;
            Ok(Opened::Run(RunShared::new(core.clone(), start), None).into())
        }
        Submitted::Existing(known) if prepared.options().given_id.is_some() => {
            if prepared.runs_above().any(|above| above == known) {
                return Err(Error::at(name, known, ErrorKind::Runtime, "it would wait for itself"));
            }
            if known != id {
                parent.buffer(|writer, at| writer.push(at, child_step(task, known)));
            }
            join(core, known, name, prepared, parent.root_flow).await.map(Child::from)
        }
        Submitted::Conflict(known) if known != id => Err(conflict(prepared, name, known)),
        // It was created before this process, or before the flow's last attempt.
        Submitted::Existing(_) | Submitted::Conflict(_) => {
            let claim = Claim::any(id, core.worker, core.clock.now());
            match core.store.claim(claim).await.map_err(store_error)? {
                Some(claimed) if was_given_up(&claimed.run) => Ok(Child::GivenUp(Some(Box::new(claimed)))),
                Some(claimed) if claimed.run.state == RunState::Cancelling => {
                    Err(crashing::bring_to_its_end(core, &claimed).await)
                }
                Some(claimed) => {
                    let run = reopened(core, prepared, claimed, Some(parent.root_flow), parent.background)?;
                    Ok(Opened::Run(run, None).into())
                }
                None => {
                    let ended = core.store.run(id).await.map_err(store_error)?;
                    if ended.as_ref().is_some_and(was_given_up) {
                        return Ok(Child::GivenUp(None));
                    }
                    let outcome =
                        ended.and_then(|run| run.value.map(Outcome::Value).or(run.error.map(Outcome::Error)));
                    outcome.map(|outcome| Opened::Ended(id, outcome).into()).ok_or_else(|| {
                        Error::at(name, id, ErrorKind::Cancelled, "it ended without an outcome")
                    })
                }
            }
        }
    }
}

/// Whether a run was cancelled only because its caller let go of its call. What it would have given was never recorded,
/// so a caller that asks again needs a run that can give it.
fn was_given_up(run: &Run) -> bool {
    let cancelled = matches!(run.state, RunState::Cancelling | RunState::Cancelled);
    cancelled && run.reason.as_deref() == Some(DROPPED)
}

fn conflict(prepared: &mut Prepared, name: &str, known: RunId) -> Error {
    let given = prepared.options().given_id.as_deref().unwrap_or_default();
    let text = format!(
        "run `{given}` of this flow is there with another input; the same id stands for the same input, so give \
         other work another id"
    );
    Error::at(name, known, ErrorKind::Input, text)
}

fn fresh(id: RunId, name: &'static str, root_flow: &'static str, fence: Fence) -> RunStart {
    RunStart {
        id,
        name,
        root_flow,
        fence,
        state: RunState::Running,
        edited: false,
        resumed: false,
        background: false,
        next_task: 0,
        attempt: 1,
    }
}

pub(super) fn reopened(
    core: &Arc<Core>,
    prepared: &Prepared,
    claimed: Claimed,
    root_flow: Option<&'static str>,
    background: bool,
) -> Result<Arc<RunShared>, Error> {
    let Claimed { run, fence, next_task, .. } = claimed;
    let definition = prepared.definition;
    let name = definition.resolve()?.name;
    let start = RunStart {
        id: run.id,
        name,
        root_flow: root_flow.unwrap_or(name),
        fence,
        state: run.state,
        edited: run.body_hash != definition.body_hash && !definition.strict,
        resumed: true,
        background,
        next_task,
        attempt: run.attempt.max(1),
    };
    Ok(RunShared::new(core.clone(), start))
}

fn new_run(
    core: &Core,
    id: RunId,
    name: &'static str,
    prepared: &Prepared,
    parent: Option<(RunId, TaskNumber)>,
) -> Result<NewRun, Error> {
    let cannot_write =
        |error: crate::codec::CodecError| Error::at(name, id, ErrorKind::Input, error.to_string());
    Ok(NewRun {
        id,
        given_id: prepared.options().given_id.clone(),
        name: Cow::Borrowed(name),
        kind: prepared.definition.kind(),
        body_hash: prepared.definition.body_hash,
        input: prepared.invocation.encode_input().map_err(cannot_write)?,
        label: prepared.options().label.clone(),
        tags: prepared.options().all_tags(prepared.definition),
        trigger: if parent.is_some() { Trigger::Parent } else { Trigger::Call },
        parent,
        worker: Some(core.worker),
        at: core.clock.now(),
    })
}
