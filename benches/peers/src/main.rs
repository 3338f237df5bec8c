//! orch beside dagrs and durare, all in memory, on the same work: `cargo run --release`.
//!
//! Every round does the work once with each; the ratios compare round with round. With `--quick` everything is
//! small and only shows that it runs. A word as argument measures the lines that contain it alone.

mod dagrs_side;
mod durare_side;
#[expect(dead_code, reason = "the other benches use what this one does not")]
#[path = "../../harness.rs"]
mod harness;
mod ours;

use std::{env, error::Error, process::ExitCode};

use harness::{Budget, Contender, Table, Unit};

/// The result of a measurement.
type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match table() {
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

fn table() -> Result<String> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let only = arguments.iter().find(|argument| !argument.starts_with('-')).cloned();
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut table = Table::new(executor, if quick { 2 } else { 9 }, only.unwrap_or_default());
    let size = |full: u64| if quick { full / 100 } else { full };

    // Twice as fast as the peers is the budget: at most half of their time.
    let twice_as_fast = Budget::Ratio(0.5);
    let n = size(20_000);
    table.compare(
        "no-op steps one after another",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::sequence(n, n)),
            Contender::new("durare", move || durare_side::sequence(n)).within(twice_as_fast),
        ],
    )?;
    // Larger graphs take dagrs more time per node, so it gets many of a size that suits it.
    let graph = n.min(1_000);
    table.compare(
        "the same, 1,000 at a time",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::sequence(n, graph)),
            Contender::new("dagrs (chain)", move || dagrs_side::chain(n, graph)).within(twice_as_fast),
        ],
    )?;
    table.compare(
        "no-op steps in one join_all",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::joined(n)),
            Contender::new("durare", move || durare_side::joined(n)),
        ],
    )?;
    table.compare(
        "no-op steps started, 1,000 at a time",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::started(n, graph)),
            Contender::new("dagrs (no edges)", move || dagrs_side::fan_out(n, graph)),
        ],
    )?;
    let n = size(5_000).max(100);
    for at_once in [1, 100] {
        let what = match at_once {
            1 => "flows of one step, one after another",
            _ => "flows of one step, 100 at once",
        };
        table.compare(
            what,
            Unit::Nanos("flow"),
            n,
            vec![
                Contender::new("orch", move || ours::flows(n, at_once)),
                Contender::new("durare", move || durare_side::flows(n, at_once)),
            ],
        )?;
    }
    Ok(table.to_string())
}
