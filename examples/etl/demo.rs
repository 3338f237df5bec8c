//! The demonstration: a day, undisturbed; the same day with a process that is killed and one that goes on.

use std::{
    env,
    path::Path,
    process::{Command, Output},
};

use anyhow::ensure;

use crate::{orders::server::Shop, screen::Screen};

/// How many chunks are loaded when the process dies.
const CRASH_AFTER: &str = "7";

pub(crate) fn demo(screen: &Screen) -> anyhow::Result<()> {
    let shop = Shop::open()?;
    let (undisturbed, killed) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let start = |title: &str, dir: &Path, more: &[&str]| -> anyhow::Result<(Output, Vec<String>)> {
        let mut program = Command::new(env::current_exe()?);
        let output = program.args(["--shop", &shop.url(), "--dir"]).arg(dir).args(more).output()?;
        let lines: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        screen.line(format_args!("=== {title} ({})", output.status))?;
        for line in &lines {
            screen.line(format_args!("    {line}"))?;
        }
        Ok((output, lines))
    };

    let (first, expected) = start("undisturbed", undisturbed.path(), &[])?;
    ensure!(
        first.status.success(),
        "the undisturbed start failed: {}",
        String::from_utf8_lossy(&first.stderr)
    );
    let (crashed, _) = start("killed", killed.path(), &["--crash-after", CRASH_AFTER])?;
    ensure!(!crashed.status.success(), "the process that should have been killed came to its end");
    let (again, lines) = start("started again", killed.path(), &[])?;
    ensure!(again.status.success(), "the second start failed: {}", String::from_utf8_lossy(&again.stderr));

    let same = totals(&expected) == totals(&lines);
    ensure!(same, "after the crash the totals are others");
    screen.line(format_args!("=== with and without a crash: the same totals"))?;
    Ok(())
}

/// What is printed of a report.
fn totals(lines: &[String]) -> &[String] {
    let from = lines.iter().position(|line| line.starts_with("customer ")).unwrap_or(lines.len());
    &lines[from..]
}
