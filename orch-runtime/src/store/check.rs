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
/// not ended; `in_line` tells which signals are there.
/// `moved` is room for the task runs that the change moves, kept from one change to the next.
pub(super) fn check(
    run: RunId,
    mut run_state: RunState,
    mut claimed: usize,
    stored: impl Fn(TaskNumber) -> Option<(TaskState, u32)>,
    in_line: impl Fn(u64) -> bool,
    steps: &[Stamped],
    moved: &mut Vec<Moved>,
) -> Result<(), StoreError> {
    moved.clear();
    // Few changes take signals; where one does, its later steps see what its earlier ones left.
    let mut signals: Vec<(u64, bool)> = Vec::new();
    let mut signal = |number: u64, comes_back: bool| {
        let known = signals.iter().rev().find(|(known, _)| *known == number);
        let is_there = known.map_or_else(|| in_line(number), |(_, there)| *there);
        signals.push((number, comes_back));
        match is_there == comes_back {
            true if comes_back => Err(StoreError::new(format!("signal {number} of run {run} was not taken"))),
            true => Err(StoreError::new(format!("signal {number} of run {run} is not there to be taken"))),
            false => Ok(()),
        }
    };
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
            Step::Child { task, .. } => {
                let known = moved.iter().rev().find(|(moved, _)| moved == task).map(|(_, now)| *now);
                match known.or_else(|| stored(*task)) {
                    None => {
                        return Err(StoreError::new(format!("task run {task} of run {run} is not known")));
                    }
                    Some((state, _)) if state.is_final() => {
                        return Err(StoreError::new(format!(
                            "task run {task} of run {run} is {state} and calls nothing any more"
                        )));
                    }
                    Some(_) => {}
                }
            }
            Step::Taken(number) => signal(*number, false)?,
            Step::GivenBack(given) => signal(given.number, true)?,
            Step::Record(_) | Step::Dropped(_) | Step::Begun(_) | Step::Released | Step::Notice { .. } => {}
        }
    }
    Ok(())
}
