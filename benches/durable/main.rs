//! What the store on disk costs, beside what it stands on: `cargo bench --bench durable`.
//!
//! The same rules as in the engine's bench: the same work both ways, alternating rounds, ratios of one round. All
//! directories lie beside this program, on a disk, and are removed. Without `--bench`, or with `--quick`, everything is small
//! and only shows that it runs. A word as argument measures the lines that contain it alone; the word `million`
//! fills a store with a million task runs, and measures what reading it costs; the word `resume` interrupts runs of a
//! million task runs and resumes them, with `resume:map` only one of them.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

mod compiling;
mod first_task;
mod floor;
#[path = "../harness.rs"]
mod harness;
mod million;
mod ours;
mod resume;
mod size;

use std::{env, error::Error, process::ExitCode};

use harness::{Budget, Contender, Scratch, Table, Unit};

/// The result of a measurement.
type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if let Some(store) = arguments.iter().find_map(|argument| argument.strip_prefix("--first-task=")) {
        return told(first_task::measured_process(store));
    }
    if let Some(part) = arguments.iter().find_map(|argument| argument.strip_prefix("--long-run=")) {
        return told(resume::measured_process(part));
    }
    let only = arguments.iter().find(|argument| !argument.starts_with('-')).cloned().unwrap_or_default();
    let quick = has("--quick") || !has("--bench");
    told(match only.split_once(':').unwrap_or((&only, "")) {
        ("million", _) => million::table(quick),
        ("resume", shape) => resume::table(quick, shape),
        _ => table(quick, only),
    })
}

fn told(result: Result<String>) -> ExitCode {
    match result {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn executor() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn table(quick: bool, only: String) -> Result<String> {
    let _scratch = Scratch::new()?;
    let mut table = Table::new(executor()?, if quick { 1 } else { 7 }, only);
    let size = |full: u64| if quick { full / 100 } else { full };

    let n = size(1_000);
    table.compare(
        "no-op tasks one after another",
        Unit::Micros("task"),
        n,
        vec![
            Contender::new("orch", move || ours::sequence(n)),
            Contender::new("put, flush, sync", move || floor::puts(n, 64)).within(Budget::Ratio(1.5)),
            Contender::new("the same, 300 B", move || floor::puts(n, 300)),
            Contender::new("write, sync", move || floor::writes(n, n)),
        ],
    )?;

    let n = size(100_000);
    table.compare(
        "no-op tasks started, then awaited",
        Unit::Micros("task"),
        n,
        vec![
            // 60,000 of them in a second; the best durable peer that was measured makes 4,090.
            Contender::new("orch", move || ours::fan_out(n)).within(Budget::Most(1e6 / 60_000.0)),
            Contender::new("sled batches", move || floor::batches(n, 1_000)),
        ],
    )?;

    for (at_once, what, flows) in [
        (1, "flows of one task, one after another", 300),
        (10, "flows of one task, 10 at once", 2_000),
        (100, "flows of one task, 100 at once", 10_000),
        (1_000, "flows of one task, 1,000 at once", 20_000),
    ] {
        let n = size(flows).max(at_once as u64);
        let syncs = size(300).max(10);
        table.compare(
            what,
            Unit::Micros("flow"),
            n,
            vec![
                Contender::new("orch", move || ours::flows(n, at_once)),
                Contender::new("write, sync", move || floor::writes(n, syncs)),
            ],
        )?;
    }

    let n = size(1_000);
    for (passes, what) in [(1, "cache hits, first of their key"), (20, "cache hits, further ones")] {
        table.compare(
            what,
            Unit::Nanos("hit"),
            n * passes,
            vec![
                Contender::new("orch", move || ours::lookups(n, passes)),
                Contender::new("sled get", move || floor::gets(n, passes)),
            ],
        )?;
    }
    let n = size(1_000);
    table.compare(
        "cache hits in a flow",
        Unit::Micros("hit"),
        n,
        vec![
            Contender::new("orch", move || ours::hits_in_a_flow(n)),
            Contender::new("orch's no-op task", move || ours::sequence(n)),
            Contender::new("hits without a flow", move || ours::lookups(n, 1)),
        ],
    )?;

    if table.wants(first_task::WHAT) {
        let store = first_task::filled(size(10_000))?;
        table.compare(
            first_task::WHAT,
            Unit::Millis("start"),
            1,
            vec![
                Contender::new("orch", move || first_task::process(Some(store.clone())))
                    .within(Budget::Most(30.0)),
                Contender::new("a process alone", || first_task::process(None)),
            ],
        )?;
    }
    if table.wants(size::WHAT) {
        table.add(size::lines(size(100_000), size(10_000))?);
    }
    if !quick && table.wants(compiling::WHAT) {
        table.add(compiling::lines(table.rounds())?);
    }
    Ok(table.to_string())
}
