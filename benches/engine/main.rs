//! What the engine costs on the memory store, beside what it stands on: `cargo bench --bench engine`.
//!
//! Each line measures the same work both ways, in alternating rounds of one run, and compares round with round,
//! so that a busy machine slows both sides. Absolute times hold for the machine at hand; the ratios travel.
//! Without `--bench`, or with `--quick`, everything is small and only shows that it runs. A word as argument
//! measures the lines that contain it alone: `cargo bench --bench engine -- hits`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

#[expect(dead_code, reason = "the other benches use what this one does not")]
#[path = "../harness.rs"]
mod harness;
mod memory;
mod ours;
mod theirs;

use std::{env, error::Error, process::ExitCode};

use harness::{Budget, Contender, Table, Unit};

/// The result of a measurement.
type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if let Some(side) = arguments.iter().find_map(|argument| argument.strip_prefix("--memory-of=")) {
        return told(memory::measure_here(side));
    }
    let only = arguments.iter().find(|argument| !argument.starts_with('-')).cloned();
    told(table(has("--quick") || !has("--bench"), only.unwrap_or_default()))
}

fn told(result: Result<String>) -> ExitCode {
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn table(quick: bool, only: String) -> Result<String> {
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut table = Table::new(executor, if quick { 2 } else { 9 }, only);
    let size = |full: u64| if quick { full / 100 } else { full };

    let n = size(100_000);
    table.compare(
        "no-op tasks one after another",
        Unit::Nanos("task"),
        n,
        vec![
            Contender::new("orch", move || ours::sequence(n)).within(Budget::Most(1_000.0)),
            Contender::new("plain async fn", move || theirs::plain_sequence(n)),
            Contender::new("tokio::spawn", move || theirs::spawned_sequence(n)),
        ],
    )?;

    let n = size(200_000);
    table.compare(
        "no-op tasks started, then awaited",
        Unit::Nanos("task"),
        n,
        vec![
            Contender::new("orch", move || ours::fan_out(n)),
            Contender::new("tokio::spawn", move || theirs::fan_out(n)).within(Budget::Ratio(2.0)),
            Contender::new("JoinSet", move || theirs::join_set(n)),
        ],
    )?;

    let n = size(100_000);
    table.compare(
        "map, 64 at once, one task per item",
        Unit::Nanos("item"),
        n,
        vec![
            Contender::new("orch", move || ours::map_with_tasks(n)),
            Contender::new("buffer_unordered", move || theirs::map_with_tasks(n)),
        ],
    )?;
    table.compare(
        "map, 64 at once, items without tasks",
        Unit::Nanos("item"),
        n,
        vec![
            Contender::new("orch", move || ours::map_of_values(n)),
            Contender::new("buffer_unordered", move || theirs::map_of_values(n)),
        ],
    )?;

    let n = size(100_000);
    table.compare(
        "cache hits in memory",
        Unit::Nanos("hit"),
        n,
        vec![
            Contender::new("orch", move || ours::cache_hits(n)),
            Contender::new("orch's no-op task", move || ours::sequence(n)),
            Contender::new("locked HashMap", move || theirs::cache_hits(n)),
        ],
    )?;

    let n = size(100_000);
    table.compare(
        "no-op tasks that take a permit",
        Unit::Nanos("task"),
        n,
        vec![
            Contender::new("orch", move || ours::limited_sequence(n)),
            Contender::new("orch's no-op task", move || ours::sequence(n)),
        ],
    )?;
    table.compare(
        "a free permit, taken and given back",
        Unit::Nanos("permit"),
        n,
        vec![
            Contender::new("orch", move || ours::free_permits(n)),
            Contender::new("tokio's Semaphore", move || theirs::free_permits(n)),
        ],
    )?;
    table.compare(
        "a permit handed over, 64 wait",
        Unit::Nanos("permit"),
        n,
        vec![
            Contender::new("orch", move || ours::handed_over(n, 64)),
            Contender::new("tokio's Semaphore", move || theirs::handed_over(n, 64)),
        ],
    )?;

    let n = size(10_000);
    table.compare(
        "flows of one task, one after another",
        Unit::Nanos("flow"),
        n,
        vec![
            Contender::new("orch", move || ours::flows(n, 1)),
            Contender::new("two tokio::spawn", move || theirs::flows(n, 1)),
        ],
    )?;
    table.compare(
        "flows of one task, 100 at once",
        Unit::Nanos("flow"),
        n,
        vec![
            Contender::new("orch", move || ours::flows(n, 100)),
            Contender::new("two tokio::spawn", move || theirs::flows(n, 100)),
        ],
    )?;

    if table.wants(memory::WHAT) {
        table.add(memory::compare(size(50_000).max(5_000))?);
    }
    Ok(table.to_string())
}
