//! Runs that nobody calls: what started them has stored them, and this worker has taken them.

use std::sync::Arc;

use super::{
    crashing, execute, finish,
    taking_up::{found, made},
};
use crate::{
    engine::task::Finished,
    error::{Error, ErrorKind, Result},
    id::RunId,
    runtime::{Core, Entering, TakenUp},
    state::RunState,
    store::{Claim, Claimed, Fence, NewRun, Run},
};

/// What a run needs from before it is stored until it is executed.
pub(crate) struct Admitted {
    entering: Entering,
    taken: TakenUp,
}

impl Admitted {
    /// Lets a run begin that is not stored yet, or that waits for its turn.
    ///
    /// # Errors
    /// When the runtime is closed, or somebody in this process has the run.
    pub(crate) fn new(core: &Arc<Core>, run: RunId) -> Result<Self> {
        Ok(Self { entering: core.enter()?, taken: core.take_up(run)? })
    }
}

/// Executes a run. One that cannot be executed, because this program has no such flow or the flow does not take the input,
/// has failed, and says why.
pub(crate) async fn launch(core: Arc<Core>, claimed: Claimed, admitted: Admitted) -> Finished {
    let Admitted { entering, taken } = admitted;
    let (run, mut prepared) = match made(&core, &claimed, true, |_| Ok(())) {
        Ok(made) => made,
        Err(error) => return Err(crashing::fail(&core, &claimed, error).await),
    };
    let outcome = execute(&run, &mut prepared, None, Some(entering)).await;
    drop(taken);
    finish(run.name, run.id, outcome, prepared.invocation)
}

/// Ends a run that this worker has taken, because nothing can be executed.
pub(crate) async fn fail(core: &Core, claimed: &Claimed, fault: Error) {
    crashing::fail(core, claimed, fault).await;
}

/// Takes a run whose turn has come; `None` when it is not there any more, or somebody else's.
pub(crate) async fn take_turn(core: &Arc<Core>, id: RunId) -> Result<Option<Claimed>> {
    let claim = Claim::orphan(id, core.worker, core.clock.now());
    core.store
        .claim(claim)
        .await
        .map_err(|error| Error::plain(ErrorKind::Store, format!("run {id} could not be claimed: {error}")))
}

/// Cancels a run that nobody executes, or is about to. Says whether it did.
pub(crate) async fn cancel_unattended(core: &Arc<Core>, id: RunId, reason: &str) -> Result<bool> {
    let Ok(_taken) = core.take_up(id) else { return Ok(false) };
    cancel_taken_up(core, id, reason).await
}

/// Cancels a run that the asker has taken up, unless it has ended or another process executes it. Says whether it did.
pub(crate) async fn cancel_taken_up(core: &Arc<Core>, id: RunId, reason: &str) -> Result<bool> {
    match take_turn(core, id).await? {
        Some(claimed) => crashing::cancel(core, &claimed, reason.to_owned()).await.map(|()| true),
        None => Ok(false),
    }
}

/// Whether a run that was interrupted was started by itself and has never got anywhere, because this program does not have
/// its flow: nobody waits for it, so it must not wait for ever.
pub(super) fn never_could_start(orphan: &Run) -> bool {
    orphan.started_by.is_some() && orphan.counts.is_empty() && found(&orphan.name, orphan.id).is_err()
}

impl Claimed {
    /// A run that was just created, and taken at once.
    pub(crate) fn at_once(new: &NewRun, fence: Fence) -> Self {
        let run = Run {
            id: new.id,
            given_id: new.given_id.clone(),
            name: new.name.clone(),
            kind: new.kind,
            body_hash: new.body_hash,
            label: new.label.clone(),
            tags: new.tags.clone(),
            trigger: new.trigger,
            parent: new.parent,
            reruns: new.reruns.clone(),
            started_by: new.started_by.clone(),
            state: RunState::Running,
            attempt: 1,
            deaths: 0,
            reason: None,
            created: new.at,
            started: Some(new.at),
            ended: None,
            counts: Default::default(),
            value: None,
            error: None,
        };
        Self { run, fence, input: new.input.clone(), next_task: 0, first_attempt: 1 }
    }
}
