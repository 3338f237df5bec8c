//! What a change was, for the person who reads at which one a process died.

use std::sync::PoisonError;

use rustc_hash::FxHashMap;

use super::{CrashPoint, armed::armed, reached};
use crate::{
    id::{RunId, TaskNumber},
    store::{Change, Fence, Step},
};

/// A change among all of the process: its run, its writer's right, its number.
type Which = (RunId, u64, u64);

/// The texts of changes that were sent, and the names of the task runs that they speak of.
#[derive(Default)]
pub(crate) struct Changes {
    texts: FxHashMap<Which, String>,
    names: FxHashMap<(RunId, TaskNumber), String>,
}

impl Changes {
    fn describe(&mut self, flow: &str, change: &Change) -> String {
        let run = change.run;
        let name = |names: &FxHashMap<_, String>, task| {
            names.get(&(run, task)).cloned().unwrap_or_else(|| format!("task run {task}"))
        };
        let mut parts = Vec::new();
        for step in &change.steps {
            match &step.step {
                Step::Run { state, .. } => parts.push(format!("run {state}")),
                Step::Claim(claim) => {
                    self.names.insert((run, claim.task), last_part(&claim.name).to_owned());
                }
                Step::Task { task, state, attempt, .. } => {
                    parts.push(format!("{} {state} ({attempt})", name(&self.names, *task)));
                }
                Step::Child { task, .. } => parts.push(format!("{} gets a run", name(&self.names, *task))),
                Step::Record(record) if record.task.is_none() => {
                    parts.push(format!("record {}", record.number));
                }
                Step::Record(_) => {}
                Step::Dropped(_) => parts.push("a call dropped".into()),
                Step::Notice { notice, .. } => parts.push(format!("{notice:?}")),
                // A step of a kind that this does not know is still a change.
                #[allow(unreachable_patterns, reason = "kinds of steps are added elsewhere")]
                _ => parts.push("another step".into()),
            }
        }
        if parts.is_empty() {
            parts.push("nothing new, but to be synced".into());
        }
        format!("{}: {}", last_part(flow), parts.join(", "))
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// The engine is about to send a change of a run.
pub(crate) fn sending(flow: &str, change: &Change) {
    let Some(armed) = armed() else { return };
    let text = {
        let mut passed = armed.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let text = passed.changes.describe(flow, change);
        passed.changes.texts.insert((change.run, change.fence.0, change.number), text.clone());
        text
    };
    reached(CrashPoint::Sending, &[text]);
}

/// What was sent under this number; a change without one begins or gives up a run.
pub(crate) fn change_of(run: RunId, fence: Fence, number: u64) -> String {
    let beginning = || "a run is submitted, claimed or given up".to_owned();
    let Some(armed) = armed() else { return beginning() };
    let passed = armed.passed.lock().unwrap_or_else(PoisonError::into_inner);
    passed.changes.texts.get(&(run, fence.0, number)).cloned().unwrap_or_else(beginning)
}
