//! How a run comes into being, or is taken up again.

use std::{borrow::Cow, sync::Arc};

use super::{again::end_left_over, crashing, joining::join, launching::cancel_unattended};
use crate::{
    clock::Timestamp,
    definition::{self, Definition},
    engine::{RunShared, alive::DROPPED, commit::child_step, prepared::Prepared, run::RunStart},
    error::{Error, ErrorKind},
    id::{RunId, TaskNumber},
    observe,
    runtime::{Core, TakenUp, Waiting},
    state::RunState,
    store::{Claim, Claimed, Fence, NewRun, Outcome, Reruns, Run, StoreError, Submitted, Trigger},
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
    let reruns = prepared.options().reruns.clone();
    let new = new_run(core, id, name, prepared, None, reruns.clone())?;
    let left_behind = LeftBehind(Some((core, id)));
    let submitted = core.store.submit(new).await;
    left_behind.stored();
    let submitted = match submitted {
        Ok(submitted) => compared(core, name, prepared, submitted).await,
        Err(error) => Err(error),
    };
    match submitted {
        Ok(Submitted::Created(fence)) => {
            let tick = prepared.options().started_by.as_ref().and_then(|by| by.tick);
            let start = RunStart { reruns, tick, ..fresh(id, name, name, fence) };
            let run = RunShared::new(core.clone(), start);
            Ok(Opened::Run(run, Some(taken)))
        }
        Ok(Submitted::Existing(known)) if known != id => {
            drop(taken);
            core.starts_no_more(id);
            join(core, known, name, prepared, name).await
        }
        Ok(Submitted::Conflict(known)) if known != id => Err(conflict(prepared, name, known)),
        Ok(_) => Err(Error::at(name, id, ErrorKind::Store, "a run of this id is in the store already")),
        Err(error) => Err(Error::at(name, id, ErrorKind::Store, error.to_string())),
    }
}

/// A run that is being stored for a call: where the call is dropped meanwhile, nobody would execute the run, and nobody end
/// it.
struct LeftBehind<'a>(Option<(&'a Arc<Core>, RunId)>);

impl LeftBehind<'_> {
    /// Its caller knows it now.
    fn stored(mut self) {
        self.0 = None;
    }
}

impl Drop for LeftBehind<'_> {
    fn drop(&mut self) {
        let Some((core, id)) = self.0.take() else { return };
        let Some(anchor) = core.anchor() else { return };
        let core = core.clone();
        // The runtime is not closed before.
        let staying = core.enter().ok();
        // Where there are no threads any more, the next process finds it.
        let _ = anchor.spawn(async move {
            let _staying = staying;
            core.until_left(id).await;
            if let Err(error) = cancel_unattended(&core, id, DROPPED).await {
                observe::warn_outside(&format!("run {id}, whose call was dropped, cannot be ended: {error}"));
            }
        });
    }
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
    fn id(self) -> RunId {
        let (Self::New(id) | Self::Begun(id) | Self::Earlier(id)) = self;
        id
    }
}

/// Opens the run of a flow that a body calls.
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
        // What it had started may be on its way out still, or it is somebody else's.
        let waiting = wait_for(core, name, id, prepared)?;
        core.until_left(id).await;
        drop(waiting);
    }
    let reruns = match reusable {
        Some((task, run)) => parent.reruns_of_child(task, run).await.map_err(store_error)?,
        None => None,
    };
    let new = new_run(core, id, name, prepared, Some((parent.id, task)), reruns.clone())?;
    // Others who ask for the same id, or cancel it, may see the run before this process knows it as begun, and would take
    // it for one that nobody executes.
    let taken = core.take_up(id).ok();
    let submitted = core.store.submit(new).await.map_err(store_error)?;
    match compared(core, name, prepared, submitted).await.map_err(store_error)? {
        Submitted::Created(fence) => {
            let mut start = fresh(id, name, parent.root_flow, fence);
            (start.background, start.reruns, start.tick) = (parent.background, reruns, parent.tick);
            Ok(Opened::Run(RunShared::new(core.clone(), start), taken))
        }
        Submitted::Existing(known)
            if prepared.options().given_id.is_some() && !is_own(parent, which, known).await? =>
        {
            drop(taken);
            let waiting = wait_for(core, name, known, prepared)?;
            if known != id {
                parent.buffer(|writer, at| writer.push(at, child_step(task, known)));
            }
            let joined = join(core, known, name, prepared, parent.root_flow).await;
            drop(waiting);
            joined
        }
        Submitted::Conflict(known) if known != id => Err(conflict(prepared, name, known)),
        // It was created before this process, or before the flow's last attempt.
        Submitted::Existing(_) | Submitted::Conflict(_) => {
            let opened = open_again(parent, which, prepared.definition).await.map_err(store_error)?;
            let opened = opened.unwrap_or_else(|| {
                Err(Error::at(name, id, ErrorKind::Cancelled, "somebody else executes it"))
            });
            opened.map(|opened| match opened {
                Opened::Run(run, None) => Opened::Run(run, taken),
                opened => opened,
            })
        }
    }
}

/// Whether the run with the id that was given is this call's to execute again, and not one of somebody else that the call
/// attaches to: the one that an earlier attempt of `parent` made for it, or the one that the process before this one
/// made for it and let go.
async fn is_own(parent: &RunShared, which: Which, known: RunId) -> Result<bool, Error> {
    if matches!(which, Which::New(_)) || which.id() != known {
        return Ok(false);
    }
    let error = |error| Error::plain(ErrorKind::Store, format!("run {known} cannot be read: {error}"));
    let run = parent.core.store.run(known).await.map_err(error)?;
    let is_own = |run: &Run| run.parent.is_some_and(|(caller, _)| caller == parent.id);
    Ok(run.filter(is_own).is_some_and(|run| matches!(which, Which::Earlier(_)) || was_given_up(&run)))
}

/// What `submitted` means when the input counts and not its bytes: a map may be written in any order.
async fn compared(
    core: &Core,
    name: &'static str,
    prepared: &mut Prepared,
    submitted: Submitted,
) -> Result<Submitted, StoreError> {
    let Submitted::Conflict(known) = submitted else { return Ok(submitted) };
    let (run, input) = (core.store.run(known).await?, core.store.input(known).await?);
    let same = run.is_some_and(|run| run.name == name)
        && input.is_some_and(|input| {
            let stored = definition::find(name).and_then(|found| (found.decode)(&input).ok());
            let stored = stored.and_then(|stored| stored.hash_arguments());
            stored.is_some() && stored == prepared.invocation.hash_arguments()
        });
    Ok(if same { Submitted::Existing(known) } else { submitted })
}

/// Lets the bodies around a call wait for a run that somebody else executes, unless they would do so for ever.
fn wait_for(core: &Arc<Core>, name: &'static str, run: RunId, prepared: &Prepared) -> Result<Waiting, Error> {
    let text = "it would wait for itself: that run is around this call, or waits for one that is";
    let waiting = core.wait_for(prepared.runs_above().collect(), run);
    waiting.ok_or_else(|| Error::at(name, run, ErrorKind::Runtime, text))
}

/// Opens a run of a called flow that is in the store; `None` when it is not to be had.
async fn open_again(
    parent: &Arc<RunShared>,
    which: Which,
    definition: &'static Definition,
) -> Result<Option<Result<Opened, Error>>, StoreError> {
    let (core, id) = (&parent.core, which.id());
    let opened = |claimed| {
        let (flow, tick) = (Some(parent.root_flow), parent.tick);
        let run = reopened(core, definition, claimed, flow, parent.background, tick)?;
        Ok(Opened::Run(run, None))
    };
    let claim = Claim::any(id, core.worker, core.clock.now());
    match core.store.claim(claim).await? {
        Some(claimed) if claimed.run.state == RunState::Cancelling => {
            if !was_given_up(&claimed.run) && !matches!(which, Which::Earlier(_)) {
                return Ok(Some(Err(crashing::bring_to_its_end(core, &claimed).await)));
            }
            if let Err(error) = crashing::cancel(core, &claimed, DROPPED.into()).await {
                return Ok(Some(Err(error)));
            }
        }
        Some(claimed) => return Ok(Some(opened(claimed))),
        None => {
            let ended = core.store.run(id).await?;
            let given_up = ended.as_ref().is_some_and(was_given_up);
            let outcome =
                ended.and_then(|run| run.value.map(Outcome::Value).or(run.error.map(Outcome::Error)));
            match (outcome, which) {
                (Some(outcome @ Outcome::Value(_)), _) => return Ok(Some(Ok(Opened::Ended(id, outcome)))),
                (Some(outcome), Which::New(_) | Which::Begun(_)) if !given_up => {
                    return Ok(Some(Ok(Opened::Ended(id, outcome))));
                }
                // It failed for an earlier attempt, or went with the body that had called it, which is no outcome.
                (Some(_) | None, _) => {}
            }
        }
    }
    let Some(claimed) = core.store.reopen(id, core.worker, core.clock.now()).await? else { return Ok(None) };
    let counts = claimed.run.counts.clone();
    let opened = opened(claimed);
    if let Ok(Opened::Run(run, _)) = &opened {
        end_left_over(run, &counts).await?;
    }
    Ok(Some(opened))
}

/// Whether a run was cancelled only because its caller let go of its call. What it would have given was never recorded,
/// so a caller that asks again needs it once more.
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
        edit: None,
        strict: false,
        resumed: false,
        background: false,
        next_task: 0,
        attempt: 1,
        first_attempt: 1,
        reruns: None,
        tick: None,
    }
}

pub(in crate::engine) fn reopened(
    core: &Arc<Core>,
    definition: &'static Definition,
    claimed: Claimed,
    root_flow: Option<&'static str>,
    background: bool,
    tick: Option<Timestamp>,
) -> Result<Arc<RunShared>, Error> {
    let Claimed { run, fence, next_task, first_attempt, .. } = claimed;
    let name = definition.resolve()?.name;
    let start = RunStart {
        id: run.id,
        name,
        root_flow: root_flow.unwrap_or(name),
        fence,
        state: run.state,
        edit: (run.body_hash != definition.body_hash && !definition.strict).then_some(definition.body_hash),
        strict: definition.strict,
        resumed: true,
        background,
        next_task,
        attempt: run.attempt.max(1),
        first_attempt,
        reruns: run.reruns,
        tick: tick.or_else(|| run.started_by.and_then(|by| by.tick)),
    };
    Ok(RunShared::new(core.clone(), start))
}

fn new_run(
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
        given_id: prepared.options().given_id.clone(),
        name: Cow::Borrowed(name),
        kind: prepared.definition.kind(),
        body_hash: prepared.definition.body_hash,
        input: prepared.invocation.encode_input().map_err(cannot_write)?,
        label: prepared.options().label.clone(),
        tags: prepared.options().all_tags(prepared.definition),
        trigger,
        parent,
        reruns,
        started_by: prepared.options().started_by.clone(),
        waits: false,
        worker: Some(core.worker),
        at: core.clock.now(),
    })
}
