//! What the runtime remembers of a watch.

use anyhow::Context;
use orch::{
    Runtime, TaskState,
    store::{Page, Run, RunFilter},
};

/// What the history says about one poll.
#[derive(Debug, PartialEq)]
pub(crate) struct Poll {
    pub(crate) attempts: u32,
    pub(crate) cached: bool,
}

/// The label under which the calls of a poll are found again.
pub(crate) fn label(poll: u32) -> String {
    format!("poll {poll}")
}

/// Reads the task runs of one poll of the current run.
pub(crate) async fn of_poll(poll: u32) -> anyhow::Result<Poll> {
    let run = orch::ctx().run().context("this is asked inside a run")?;
    let label = label(poll);
    let mut seen = Poll { attempts: 0, cached: false };
    let task_runs = Runtime::current()?.task_runs(run, Page::first(usize::MAX)).await?;
    for task_run in task_runs {
        if task_run.label.as_ref() != Some(&label) {
            continue;
        }
        if task_run.name.ends_with("::fetch_page") {
            seen.attempts = task_run.attempt;
        } else if task_run.name.ends_with("::parse_price") {
            seen.cached = task_run.state == TaskState::Cached;
        }
    }
    Ok(seen)
}

/// Earlier watches in this store, newest first, a line each; empty when there are none.
pub(crate) async fn earlier(runtime: &Runtime) -> anyhow::Result<Vec<String>> {
    let watches = RunFilter { tag: Some("shop".into()), ..RunFilter::default() };
    let now = orch::now().await;
    let mut lines = Vec::new();
    for run in runtime.runs(watches, Page::first(5)).await? {
        let ago = now.duration_since(run.created.as_system_time()).unwrap_or_default().as_secs();
        let ago = match ago {
            0..60 => format!("{ago} s"),
            60..3600 => format!("{} min", ago / 60),
            _ => format!("{} h", ago / 3600),
        };
        lines.push(format!("earlier run {} {:?}, {ago} ago:{}", run.id, run.state, counted(&run)));
    }
    Ok(lines)
}

fn counted(run: &Run) -> String {
    run.counts.iter().map(|(state, count)| format!(" {count} {state}")).collect()
}

/// The newest run: its id, what it did, where its history lies and how to read it.
pub(crate) async fn summary(runtime: &Runtime) -> anyhow::Result<String> {
    let runs = runtime.runs(RunFilter::default(), Page::first(1)).await?;
    let run = runs.first().context("there is no run")?;
    Ok(format!(
        "run {} {:?}:{}\nits history lies in: {} (read it with `Runtime::run`, `task_runs`, `attempts` and \
         `run_events`)",
        run.id,
        run.state,
        counted(run),
        runtime.location()
    ))
}
