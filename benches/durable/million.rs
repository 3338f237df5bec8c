//! A store with a million task runs: what it takes to open it, and to read from it.

use std::{fmt::Write, time::Instant};

use orch::{
    Explained, Runtime, flow,
    store::{Page, RunFilter, SyncMode},
};

use super::{
    Result, executor,
    harness::{Scratch, directory},
    ours, size,
};

/// Cached results of each run, among its task runs.
const CACHED: u64 = 10;

const MOST: f64 = 200.0;

#[flow]
async fn many_tasks(run: u64, tasks: u64) -> Result<u64, orch::Error> {
    let started: Vec<_> = (0..tasks - CACHED).map(|n| ours::no_op(n).start()).collect();
    let cached: Vec<_> = (0..CACHED).map(|n| ours::looked_up(run * CACHED + n, "shoe").start()).collect();
    let mut sum = 0;
    for handle in started.into_iter().chain(cached) {
        sum += handle.await?;
    }
    Ok(sum)
}

/// Prints what each step took.
pub(super) fn table(quick: bool) -> Result<String> {
    let (runs, tasks) = if quick { (50, 100) } else { (1_000, 1_000) };
    let _scratch = Scratch::new()?;
    let dir = directory()?;
    executor()?.block_on(async {
        let mut text = String::new();
        let start = Instant::now();
        let runtime = ours::open(&dir, SyncMode::Relaxed)?;
        for run in 0..runs {
            many_tasks(run, tasks).on(&runtime).await?;
        }
        ours::close(runtime).await?;
        let (took, bytes) = (start.elapsed().as_secs_f64(), size::taken(&dir)?);
        let filled = (runs * tasks) as f64;
        writeln!(
            text,
            "{} task runs in {runs} runs: filled in {took:.1} s, {:.0} B/task",
            runs * tasks,
            bytes as f64 / filled
        )?;
        for opening in ["first opening", "second opening"] {
            let start = Instant::now();
            let runtime = ours::open(&dir, SyncMode::Fsync)?;
            tell(&mut text, opening, start)?;
            read(&mut text, &runtime, runs, tasks).await?;
            ours::close(runtime).await?;
        }
        Ok(text)
    })
}

async fn read(text: &mut String, runtime: &Runtime, runs: u64, tasks: u64) -> Result<()> {
    let start = Instant::now();
    let page = runtime.runs(RunFilter::default(), Page::first(50)).await?;
    tell(text, "  first page of runs, 50", start)?;
    let start = Instant::now();
    let filter = RunFilter { name: Some("durable::million::many_tasks".into()), ..RunFilter::default() };
    let of_name = runtime.runs(filter, Page::first(50)).await?;
    tell(text, "  the same, of one flow", start)?;
    let start = Instant::now();
    let oldest = runtime.runs(RunFilter::default(), Page::all()).await?;
    tell(text, "  all runs", start)?;
    if (page.len(), of_name.len(), oldest.len() as u64) != (50, 50, runs) {
        return Err(format!("{} and {} runs on a page of {}", page.len(), of_name.len(), oldest.len()).into());
    }
    for (which, run) in [("newest", page.first()), ("oldest", oldest.last())] {
        let run = run.ok_or("no run")?.id;
        let start = Instant::now();
        let found = runtime.task_runs(run, Page::first(100)).await?.len();
        tell(text, &format!("  the {which} run's first 100 task runs"), start)?;
        let start = Instant::now();
        let all = runtime.task_runs(run, Page::all()).await?;
        tell(text, &format!("  the {which} run's task runs, all"), start)?;
        if (found, all.len() as u64) != (100.min(all.len()), tasks) {
            return Err(format!("{found} and {} task runs", all.len()).into());
        }
        let start = Instant::now();
        runtime.attempts(run, all.last().ok_or("no task run")?.task).await?;
        tell(text, "  attempts of a task run", start)?;
    }
    let start = Instant::now();
    let events = runtime.events(Page::after(runs * tasks, 100)).await?.len();
    tell(text, "  100 events after a number", start)?;
    let start = Instant::now();
    let hit = runtime.cache().explain(ours::looked_up(CACHED, "shoe")).await?;
    tell(text, "  explain a hit", start)?;
    let start = Instant::now();
    let miss = runtime.cache().explain(ours::looked_up(CACHED, "boot")).await?;
    tell(text, "  explain a miss", start)?;
    match (hit, miss, events) {
        (Explained::Hit { .. }, Explained::Miss(_), 100) => Ok(()),
        (hit, miss, events) => Err(format!("{hit}, {miss}, {events} events").into()),
    }
}

fn tell(text: &mut String, what: &str, start: Instant) -> Result<()> {
    let took = start.elapsed().as_nanos() as f64 / 1e6;
    let met = if took <= MOST { "met" } else { "missed" };
    writeln!(text, "{what:<42} {took:>9.2} ms  at most {MOST:.0} ms: {met}")?;
    Ok(())
}
