//! Whether a change may be applied: the compare-and-set of every step, the same for all stores of this crate.

use super::{Stamped, Step, StoreError};
use crate::{
    id::{RunId, TaskNumber},
    state::{RunState, TaskState},
};

/// Where a task run stands in the middle of a change.
pub(super) type Moved = (TaskNumber, (TaskState, u32));

/// Whether every compare-and-set of a change holds, taking its earlier steps into account. The run stands at
/// `run_state` with `claimed` task runs, of which `stored` tells where each stands that has
/// not ended.
/// `moved` is room for the task runs that the change moves, kept from one change to the next.
pub(super) fn check(
    run: RunId,
    mut run_state: RunState,
    mut claimed: usize,
    stored: impl Fn(TaskNumber) -> Option<(TaskState, u32)>,
    steps: &[Stamped],
    moved: &mut Vec<Moved>,
) -> Result<(), StoreError> {
    moved.clear();
    for Stamped { step, .. } in steps {
        match step {
            Step::Run { expect, state, .. } => {
                if run_state != *expect {
                    return Err(StoreError::new(format!("run {run} is {run_state} instead of {expect}")));
                }
                run_state = *state;
            }
            Step::Claim(claim) => {
                if claim.task.0 as usize != claimed {
                    return Err(StoreError::new(format!(
                        "task run {} of run {run} is claimed out of turn: {claimed} come before it",
                        claim.task
                    )));
                }
                moved.push((claim.task, (TaskState::Pending, 0)));
                claimed += 1;
            }
            Step::Task { task, expect, state, attempt, .. } => {
                let known = moved.iter_mut().rev().find(|(moved, _)| moved == task);
                let current = known.as_ref().map(|(_, now)| *now).or_else(|| stored(*task));
                // One that has ended takes no further step, so nobody has to know of all that have ended.
                if current != Some(*expect) || expect.0.is_final() {
                    let stands = match current {
                        Some((state, attempt)) if !state.is_final() => {
                            format!("is {state} in attempt {attempt}")
                        }
                        _ => "has ended, or was never claimed".into(),
                    };
                    let (state, attempt) = expect;
                    return Err(StoreError::new(format!(
                        "task run {task} of run {run} {stands}, not {state} in attempt {attempt}"
                    )));
                }
                match known {
                    Some(known) => known.1 = (*state, *attempt),
                    None => moved.push((*task, (*state, *attempt))),
                }
            }
            Step::Child { task, .. } if task.0 as usize >= claimed => {
                return Err(StoreError::new(format!("task run {task} of run {run} is not known")));
            }
            Step::Child { .. }
            | Step::Record(_)
            | Step::Dropped(_)
            | Step::Released
            | Step::Notice { .. } => {}
        }
    }
    Ok(())
}
