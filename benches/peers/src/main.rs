//! orch beside its peers on the same work: `cargo run --release`. In memory beside dagrs and durare; on disk beside
//! durare, `cached`, and what durable records cost in redb, SQLite and sled alone.
//!
//! Every round does the work once with each; the ratios compare round with round. With `--quick` everything is
//! small and only shows that it runs. A word as argument measures the lines that contain it alone.

mod cached_side;
mod dagrs_side;
mod disk;
mod durare_side;
mod floors;
#[expect(dead_code, reason = "the other benches use what this one does not")]
#[path = "../../harness.rs"]
mod harness;
mod memory;
mod ours;

use std::{env, error::Error, process::ExitCode};

use harness::{Scratch, Table};

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
    let _scratch = Scratch::new()?;
    let mut table = Table::new(executor, if quick { 1 } else { 7 }, only.unwrap_or_default());
    let size = |full: u64| if quick { full / 100 } else { full };

    memory::compare(&mut table, &size)?;
    disk::compare(&mut table, &size)?;
    Ok(table.to_string())
}
