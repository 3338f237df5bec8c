//! What the runtime remembers of a day.

use std::collections::HashSet;

use orch::{
    EventKind, Recovered, RunState, Runtime, TaskState,
    store::{Page, Run, RunFilter},
};

/// The label under which the load of a chunk is found again.
pub(crate) fn chunk(page: u32) -> String {
    format!("chunk {page}")
}

/// What earlier starts have done for a day, and what this one has taken up of it.
pub(crate) async fn lines(
    runtime: &Runtime,
    day: &str,
    taken_up: &[Recovered],
) -> anyhow::Result<Vec<String>> {
    let runs =
        runtime.runs(RunFilter { tag: Some("etl".into()), ..RunFilter::default() }, Page::all()).await?;
    let Some(run) = runs.iter().find(|run| run.given_id.as_deref() == Some(day)) else {
        return Ok(Vec::new());
    };
    if taken_up.iter().all(|taken_up| taken_up.run != run.id) {
        return Ok(vec![format!("run {} of {day} was {} before: nothing is repeated", run.id, run.state)]);
    }
    let recorded = recorded_before(runtime, run).await?;
    Ok(vec![
        format!("run {} of {day} was interrupted, has gone on by itself, and is {} now", run.id, run.state),
        format!("recorded before, and not repeated: {}", recorded.join(", ")),
    ])
}

/// The chunks whose load was recorded when the run was taken up.
async fn recorded_before(runtime: &Runtime, run: &Run) -> anyhow::Result<Vec<String>> {
    let events = runtime.run_events(run.id, Page::all()).await?;
    let taken_up = events
        .iter()
        .rposition(|event| matches!(event.kind, EventKind::Run { state: RunState::Running, .. }));
    let completed: HashSet<_> = events[..taken_up.unwrap_or(0)]
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Task { task, state: TaskState::Completed, .. } => Some(task),
            _ => None,
        })
        .collect();
    let mut loads = runtime.task_runs(run.id, Page::all()).await?;
    loads.retain(|load| load.name.ends_with("::load") && completed.contains(&load.task));
    Ok(loads.into_iter().filter_map(|load| load.label).collect())
}
