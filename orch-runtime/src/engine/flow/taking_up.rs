//! Runs that were interrupted: taken up by name, from what the store has of them.

use std::sync::Arc;

use super::{
    crashing::{self, has_crashed},
    execute, finish,
    launching::never_could_start,
    opening::reopened,
};
use crate::{
    definition::{self, Registered},
    engine::{RunShared, prepared::Prepared, task::Finished},
    error::{Error, ErrorKind, Result},
    id::RunId,
    runtime::Core,
    state::RunState,
    store::{Claim, Claimed, Run},
};

/// Takes up a run where its journal ends. Its output is to be a `T`.
pub(crate) async fn resume<T: 'static>(core: Arc<Core>, id: RunId) -> Finished {
    let entering = core.enter()?;
    let _taken = core.take_up(id)?;
    let Some(claimed) = claimed(&core, Claim::any(id, core.worker, core.clock.now())).await? else {
        let place = core.store.location();
        return Err(Error::runtime(
            match core.store.run(id).await.map_err(|error| unclaimed(id, &error))? {
                Some(run) => format!("run {id} in `{place}` has ended: {}", run.state),
                None => format!("run {id} is not in the store `{place}`"),
            },
        ));
    };
    let (run, mut prepared) =
        ready(&core, &claimed, false, |prepared| prepared.gives::<T>(id, &claimed.run.name)).await?;
    if claimed.run.state == RunState::Cancelling {
        return Err(crashing::bring_to_its_end(&core, &claimed).await);
    }
    let outcome = execute(&run, &mut prepared, None, Some(entering)).await;
    finish(run.name, id, outcome, prepared.invocation)
}

/// What became of an interrupted run that nobody asked for by itself.
pub(crate) enum Resumed {
    /// It was executed to its end, or as far as this process went.
    Executed(Finished),
    /// It was left as it is, for this reason.
    Left(String),
    /// It is somebody else's.
    Others,
}

/// Takes up an orphaned run where its journal ends, in the background.
pub(crate) async fn recover(core: Arc<Core>, orphan: Run) -> Resumed {
    match recovered(&core, orphan).await {
        Ok(taken_up) => taken_up,
        Err(error) => Resumed::Executed(Err(error)),
    }
}

async fn recovered(core: &Arc<Core>, orphan: Run) -> Result<Resumed> {
    let entering = core.enter()?;
    let id = orphan.id;
    let Ok(_taken) = core.take_up(id) else { return Ok(Resumed::Others) };
    match found(&orphan.name, id) {
        Err(error) if never_could_start(&orphan) => {
            let claim = Claim::orphan(id, core.worker, core.clock.now());
            let Some(claimed) = claimed(core, claim).await? else { return Ok(Resumed::Others) };
            return Err(crashing::fail(core, &claimed, error).await);
        }
        Err(error) => return Ok(Resumed::Left(error.to_string())),
        Ok(found) if found.definition.resumes_by_hand => {
            return Ok(Resumed::Left("its flow says `resume = \"manual\"`".into()));
        }
        Ok(_) => {}
    }
    let claim = Claim::orphan(id, core.worker, core.clock.now());
    let Some(claimed) = claimed(core, claim).await? else { return Ok(Resumed::Others) };
    if claimed.run.state == RunState::Cancelling {
        return Err(crashing::bring_to_its_end(core, &claimed).await);
    }
    if has_crashed(core, &claimed.run).await {
        return Err(crashing::give_up(core, &claimed).await);
    }
    let (run, mut prepared) = match ready(core, &claimed, true, |_| Ok(())).await {
        Ok(ready) => ready,
        Err(error) => return Ok(Resumed::Left(error.to_string())),
    };
    let outcome = execute(&run, &mut prepared, None, Some(entering)).await;
    Ok(Resumed::Executed(finish(run.name, id, outcome, prepared.invocation)))
}

/// Ends a run whose caller has ended: nobody goes on with it.
pub(crate) async fn end_orphaned_child(core: &Arc<Core>, child: &Run) -> Result<()> {
    let Ok(_taken) = core.take_up(child.id) else { return Ok(()) };
    let claim = Claim::orphan(child.id, core.worker, core.clock.now());
    match claimed(core, claim).await? {
        Some(claimed) => crashing::cancel(core, &claimed, "the run that called it has ended".into()).await,
        None => Ok(()),
    }
}

async fn claimed(core: &Core, claim: Claim) -> Result<Option<Claimed>> {
    core.store.claim(claim).await.map_err(|error| unclaimed(claim.run, &error))
}

fn unclaimed(run: RunId, error: &dyn std::fmt::Display) -> Error {
    Error::plain(ErrorKind::Store, format!("run {run} could not be claimed: {error}"))
}

pub(in crate::engine) fn found(name: &str, id: RunId) -> Result<&'static Registered> {
    definition::find(name).ok_or_else(|| {
        Error::definition(format!(
            "run {id} is of `{name}`, which this program does not have; generic functions and those with \
             `skip(…)` cannot be started by name, and a renamed one needs `formerly = \"{name}\"`"
        ))
    })
}

/// A claimed run and its body, ready to be executed. Where they cannot be, the run is given back.
async fn ready(
    core: &Arc<Core>,
    claimed: &Claimed,
    background: bool,
    check: impl FnOnce(&mut Prepared) -> Result<()>,
) -> Result<(Arc<RunShared>, Prepared)> {
    let made = made(core, claimed, background, check);
    if made.is_err() {
        crashing::release(core, claimed).await;
    }
    made
}

/// A claimed run and its body, where they can be had.
pub(super) fn made(
    core: &Arc<Core>,
    claimed: &Claimed,
    background: bool,
    check: impl FnOnce(&mut Prepared) -> Result<()>,
) -> Result<(Arc<RunShared>, Prepared)> {
    let (name, id) = (&claimed.run.name, claimed.run.id);
    let found = found(name, id)?;
    let invocation = (found.decode)(&claimed.input)
        .map_err(|error| Error::at(name, id, ErrorKind::Input, error.to_string()))?;
    let mut prepared = Prepared::new(found.definition, invocation);
    check(&mut prepared)?;
    let run = reopened(core, prepared.definition, claimed.clone(), None, background, None)?;
    Ok((run, prepared))
}
