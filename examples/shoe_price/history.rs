//! What the runtime remembers of a watch.

use std::fmt::Write;

use anyhow::Context;
use orch::{
    Runtime, TaskState,
    store::{Page, RunFilter},
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

/// The newest run: its id, what it did, where its history lies and how to read it.
pub(crate) async fn summary(runtime: &Runtime) -> anyhow::Result<String> {
    let runs = runtime.runs(RunFilter::default(), Page::first(1)).await?;
    let run = runs.first().context("there is no run")?;
    let mut text = format!("run {} {:?}:", run.id, run.state);
    for (state, count) in &run.counts {
        write!(text, " {count} {state}")?;
    }
    write!(
        text,
        "\nits history lies in: {} (read it with `Runtime::run`, `task_runs`, `attempts` and `run_events`)",
        runtime.location()
    )?;
    Ok(text)
}
