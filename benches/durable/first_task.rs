//! From the start of a process to the end of its first task, on a store with a history.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{Result, executor, harness::directory, ours};
use orch::store::SyncMode;

/// The line of the table.
pub(super) const WHAT: &str = "start of a process to first task";

const DONE: &str = "done";

/// A store with that many runs that have ended.
pub(super) fn filled(runs: u64) -> Result<PathBuf> {
    let dir = directory()?;
    executor()?.block_on(async {
        let runtime = ours::open(&dir, SyncMode::Relaxed)?;
        ours::run_flows(&runtime, runs, 100).await?;
        ours::close(runtime).await
    })?;
    Ok(dir)
}

/// Starts this program again, with the store or without any work, and waits for its word.
pub(super) async fn process(store: Option<PathBuf>) -> Result<Duration> {
    let path = store.unwrap_or_default();
    let start = Instant::now();
    let mut child = Command::new(env::current_exe()?)
        .arg(format!("--first-task={}", path.display()))
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let output = child.stdout.take().ok_or("a child without an output")?;
    BufReader::new(output).read_line(&mut line)?;
    let took = start.elapsed();
    child.wait()?;
    if line.trim() == DONE { Ok(took) } else { Err(format!("the child said `{line}`").into()) }
}

/// The child's part.
pub(super) fn measured_process(store: &str) -> Result<String> {
    let done = || -> io::Result<()> {
        writeln!(io::stdout(), "{DONE}")?;
        io::stdout().flush()
    };
    if store.is_empty() {
        done()?;
        return Ok(String::new());
    }
    executor()?.block_on(async {
        let runtime = ours::open(Path::new(store), SyncMode::Fsync)?;
        ours::one_task(1).on(&runtime).await?;
        done()?;
        ours::close(runtime).await?;
        Ok(String::new())
    })
}
