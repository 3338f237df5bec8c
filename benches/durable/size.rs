//! Bytes on the disk per task run, with its history.

use std::{fs, path::Path};

use orch::{Runtime, store::SyncMode};

use super::{
    Result, executor,
    harness::{Budget, Line, Series, Unit, directory},
    ours,
};

/// What the lines of the table begin with.
pub(super) const WHAT: &str = "disk per task run";

/// Task runs that are packed in groups, and those that come one by one.
pub(super) fn lines(grouped: u64, single: u64) -> Result<Vec<Line>> {
    let in_groups = per_task(grouped, async |runtime, n| {
        ours::all_at_once(n).on(runtime).await?;
        Ok(())
    })?;
    let one_by_one = per_task(single, async |runtime, n| {
        ours::one_after_another(n).on(runtime).await?;
        Ok(())
    })?;
    let line = |how: &str, bytes, budget| Line {
        what: format!("{WHAT}, {how}"),
        unit: Unit::Bytes("task"),
        ours: Series::new(vec![bytes]),
        theirs: None,
        budget: Some(Budget::Most(budget)),
    };
    Ok(vec![line("in groups", in_groups, 600.0), line("one by one", one_by_one, 1_000.0)])
}

fn per_task(tasks: u64, run: impl AsyncFn(&Runtime, u64) -> Result<()>) -> Result<f64> {
    let dir = directory()?;
    executor()?.block_on(async {
        let runtime = ours::open(&dir, SyncMode::Fsync)?;
        // What the first run takes is the store's.
        run(&runtime, 1).await?;
        ours::close(runtime).await?;
        let before = taken(&dir)?;
        let runtime = ours::open(&dir, SyncMode::Fsync)?;
        run(&runtime, tasks).await?;
        ours::close(runtime).await?;
        Ok((taken(&dir)? - before) as f64 / tasks as f64)
    })
}

/// Bytes of all files below a directory.
pub(super) fn taken(dir: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        sum += if kind.is_dir() { taken(&entry.path())? } else { on_disk(&kind) };
    }
    Ok(sum)
}

#[cfg(unix)]
fn on_disk(file: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    file.blocks() * 512
}

#[cfg(not(unix))]
fn on_disk(file: &fs::Metadata) -> u64 {
    file.len()
}
