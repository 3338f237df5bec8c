//! How a run comes into being, or is taken up again.

use std::{borrow::Cow, sync::Arc};

use crate::{
    engine::{RunShared, prepared::Prepared, run::RunStart},
    error::{Error, ErrorKind},
    id::{RunId, TaskNumber},
    runtime::Core,
    store::{Claimed, Fence, NewRun, Outcome, Submitted, Trigger},
};

pub(super) enum Opened {
    Run(Arc<RunShared>),
    Ended(Outcome),
}

pub(super) async fn open_child(
    parent: &Arc<RunShared>,
    id: RunId,
    task: TaskNumber,
    name: &'static str,
    prepared: &mut Prepared,
) -> Result<Opened, Error> {
    let core = &parent.core;
    let store_error = |error| Error::at(name, id, ErrorKind::Store, format!("{error}"));
    let new = new_run(core, id, name, prepared, Some((parent.id, task)))?;
    match core.store.submit(new).await.map_err(store_error)? {
        Submitted::Created(fence) => {
            let start = fresh(id, name, parent.root_flow, fence);
            Ok(Opened::Run(RunShared::new(core.clone(), start)))
        }
        // It was created before this process, or before the flow's last attempt.
        Submitted::Existing | Submitted::Conflict => {
            match core.store.claim(id, core.worker).await.map_err(store_error)? {
                Some(claimed) => reopened(core, prepared, claimed, Some(parent.root_flow)).map(Opened::Run),
                None => {
                    let ended = core.store.run(id).await.map_err(store_error)?;
                    let outcome =
                        ended.and_then(|run| run.value.map(Outcome::Value).or(run.error.map(Outcome::Error)));
                    outcome.map(Opened::Ended).ok_or_else(|| {
                        Error::at(name, id, ErrorKind::Cancelled, "it ended without an outcome")
                    })
                }
            }
        }
    }
}

pub(super) async fn open_root(
    core: &Arc<Core>,
    id: RunId,
    name: &'static str,
    new: NewRun,
) -> Result<Arc<RunShared>, Error> {
    match core.store.submit(new).await {
        Ok(Submitted::Created(fence)) => Ok(RunShared::new(core.clone(), fresh(id, name, name, fence))),
        Ok(_) => Err(Error::at(name, id, ErrorKind::Store, "a run of this id is in the store already")),
        Err(error) => Err(Error::at(name, id, ErrorKind::Store, error.to_string())),
    }
}

fn fresh(id: RunId, name: &'static str, root_flow: &'static str, fence: Fence) -> RunStart {
    RunStart { id, name, root_flow, fence, edited: false, resumed: false, next_task: 0, attempt: 1 }
}

pub(super) fn reopened(
    core: &Arc<Core>,
    prepared: &Prepared,
    claimed: Claimed,
    root_flow: Option<&'static str>,
) -> Result<Arc<RunShared>, Error> {
    let Claimed { run, fence, next_task, .. } = claimed;
    let definition = prepared.definition;
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
    };
    Ok(RunShared::new(core.clone(), start))
}

pub(super) fn new_run(
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
