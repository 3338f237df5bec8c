//! Memory per started task that waits. Each side is measured in a process of its own, because memory that an
//! earlier measurement gave back is not seen to be taken again.

use std::{
    env, fs,
    future::pending,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use orch::{flow, task};

use super::{
    Result,
    harness::{Budget, Line, Series, Unit},
    ours,
};

/// The line of the table.
pub(super) const WHAT: &str = "memory of a started task that waits";

const PAGE: u64 = 4_096;

static WAITING: AtomicU64 = AtomicU64::new(0);

async fn wait() {
    WAITING.fetch_add(1, Ordering::Relaxed);
    pending().await
}

#[task]
async fn waits(_n: u64) {
    wait().await
}

#[flow]
async fn starts_and_waits(tasks: u64) -> Result<(), orch::Error> {
    let started: Vec<_> = (0..tasks).map(|n| waits(n).start()).collect();
    for handle in started {
        handle.await?;
    }
    Ok(())
}

/// Starts this program again for each side.
pub(super) fn compare(tasks: u64) -> Result<Vec<Line>> {
    let measure = |side: &str| -> Result<f64> {
        let child = Command::new(env::current_exe()?).arg(format!("--memory-of={side}:{tasks}")).output()?;
        let text = String::from_utf8_lossy(&child.stdout).into_owned();
        let fault = || format!("{side}: {text}{}", String::from_utf8_lossy(&child.stderr));
        text.trim().parse().map_err(|_| fault().into())
    };
    if !fs::exists("/proc/self/statm")? {
        return Ok(Vec::new());
    }
    let (ours, theirs) = (measure("orch")?, measure("tokio")?);
    Ok(vec![Line {
        what: WHAT.into(),
        unit: Unit::Bytes("task"),
        ours: Series::new(vec![ours]),
        theirs: Some(("tokio::spawn", Series::new(vec![theirs]), Series::new(vec![ours / theirs]))),
        budget: Some(Budget::Most(1_536.0)),
    }])
}

fn resident() -> Result<u64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).ok_or("statm has no second field")?.parse()?;
    Ok(pages * PAGE)
}

/// The child's part: prints bytes per task and ends, however many tasks wait.
pub(super) fn measure_here(side: &str) -> Result<String> {
    let (side, tasks) = side.split_once(':').ok_or("expected `side:tasks`")?;
    let (side, tasks) = (side.to_owned(), tasks.parse::<u64>()?);
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let runtime = ours::runtime()?;
    let measured = executor.block_on(async {
        // What either side takes once is not a task's.
        let warm = if side == "orch" {
            tokio::spawn(starts_and_waits(10).on(&runtime)).abort_handle()
        } else {
            tokio::spawn(wait()).abort_handle()
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before = resident()?;
        WAITING.store(0, Ordering::Relaxed);
        let mut handles = Vec::new();
        if side == "orch" {
            tokio::spawn(starts_and_waits(tasks).on(&runtime));
        } else {
            handles.extend((0..tasks).map(|_| tokio::spawn(wait())));
        }
        while WAITING.load(Ordering::Relaxed) < tasks {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let taken = resident()?.saturating_sub(before);
        drop((warm, handles));
        Ok(format!("{:.0}", taken as f64 / tasks as f64))
    });
    executor.shutdown_background();
    measured
}
