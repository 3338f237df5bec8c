//! A run that is there already: its end is awaited, or it is taken up where nobody executes it.

use std::{sync::Arc, time::Duration};

use super::{
    crashing::{self, has_crashed},
    opening::{Opened, reopened},
};
use crate::{
    engine::prepared::Prepared,
    error::{Error, ErrorKind},
    id::RunId,
    runtime::Core,
    state::RunState,
    store::{Claim, Outcome, Run},
};

/// How long to wait before asking again for a run that another worker of the store has.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// The run of this id: its outcome when it has ended, or as soon as it ends where somebody executes it; else it is
/// the caller's to execute.
pub(super) async fn join(
    core: &Arc<Core>,
    id: RunId,
    name: &'static str,
    prepared: &mut Prepared,
    root_flow: &'static str,
) -> Result<Opened, Error> {
    let store_error = |error| Error::at(name, id, ErrorKind::Store, format!("it cannot be read: {error}"));
    loop {
        core.until_left(id).await;
        let Some(run) = core.store.run(id).await.map_err(store_error)? else {
            return Err(Error::at(name, id, ErrorKind::Store, "it is not in the store any more"));
        };
        if run.state.is_final() {
            return outcome_of(name, run).map(|outcome| Opened::Ended(id, outcome));
        }
        // Somebody else of this process may have been quicker.
        let Ok(taken) = core.take_up(id) else { continue };
        let claim = Claim::orphan(id, core.worker, core.clock.now());
        match core.store.claim(claim).await.map_err(store_error)? {
            Some(claimed) if claimed.run.state == RunState::Cancelling => {
                return Err(crashing::bring_to_its_end(core, &claimed).await);
            }
            Some(claimed) if has_crashed(core, &claimed.run).await => {
                return Err(crashing::give_up(core, &claimed).await);
            }
            Some(claimed) => {
                let run = reopened(core, prepared.definition, claimed, Some(root_flow), false, None)?;
                return Ok(Opened::Run(run, Some(taken)));
            }
            None => {
                drop(taken);
                core.clock.sleep(ASK_AGAIN).await;
            }
        }
    }
}

/// What came out of a run that has ended.
pub(super) fn outcome_of(name: &str, run: Run) -> Result<Outcome, Error> {
    let (id, state) = (run.id, run.state);
    if let Some(outcome) = run.value.map(Outcome::Value).or(run.error.map(Outcome::Error)) {
        return Ok(outcome);
    }
    let reason = run.reason.map_or_else(String::new, |reason| format!(": {reason}"));
    Err(Error::at(name, id, ErrorKind::Cancelled, format!("it ended as {state} without an outcome{reason}")))
}
