//! Orders from a shop's server into SQLite, for one day: `cargo run --example etl`.
//!
//! The orders come as pages of CSV, thousands of rows, some of them broken. Every page is fetched, cleaned and loaded by
//! itself, several at a time. Kill the program wherever you like, or let it kill itself with `--crash-after 7`: the next
//! start goes on where it stopped, loads no chunk twice, and comes to the same totals. `--demo` does all that and
//! compares.
//!
//! The flow is here, its tasks are in `clean.rs` and `database.rs`; everything else is what a program needs around them.
//! Journal and database are kept in `.orch-etl`, or where `--dir` says.

mod args;
mod clean;
mod database;
mod demo;
mod history;
#[path = "../orders/mod.rs"]
mod orders;
#[path = "../shoe_price/screen.rs"]
mod screen;

#[cfg(test)]
mod tests;

use std::{fs, io, process::ExitCode};

use orch::prelude::*;

use crate::{
    args::{Args, Command},
    clean::clean,
    database::{CrashAfter, Database, clear, drop_duplicates, load, report},
    orders::{
        client::{Source, count_pages, fetch_page},
        report::Report,
        server::Shop,
    },
    screen::Screen,
};

/// Chunks under way at the same time.
const AT_ONCE: usize = 4;

/// One day's orders: extracted, transformed and loaded.
///
/// A flow is plain Rust. Each call in it is recorded when it has ended, so a resumed run executes these lines again,
/// gets what is recorded, and does what is missing.
#[flow(tags("etl"))]
async fn etl(day: String) -> anyhow::Result<Report> {
    let day = &*day;
    clear(day).await?;
    let pages = count_pages(day).await?;
    orch::try_map(0..pages, |page| async move {
        let csv = fetch_page(day, page).await?;
        let chunk = clean(&csv).await?;
        load(day, page, chunk).named(history::chunk(page)).await?;
        anyhow::Ok(())
    })
    .concurrency(AT_ONCE)
    .await?;
    // Which rows have an id that was there before can only be seen when all of them are in.
    drop_duplicates(day).await?;
    Ok(report(day).await?)
}

/// Everything after the arguments.
async fn run(args: Args, screen: &Screen) -> anyhow::Result<Report> {
    let Args { day, dir, shop, crash_after } = args;
    fs::create_dir_all(&dir)?;
    let own_shop = if shop.is_none() { Some(Shop::open()?) } else { None };
    let url = shop.or(own_shop.as_ref().map(Shop::url)).unwrap_or_default();

    // A run that was interrupted goes on as soon as the runtime is there, so everything that it needs is provided first.
    let runtime = Runtime::builder()
        .path(dir.join("journal"))
        .provide(Source::new(url))
        .provide(Database::open(&dir.join("shop.db"))?)
        .provide(CrashAfter(crash_after))
        .provide(screen.clone())
        .build()?;

    // It goes on by itself; this waits for it, to tell of it.
    let taken_up = runtime.recover().await?;
    for line in history::lines(&runtime, &day, &taken_up).await? {
        screen.line(format_args!("{line}"))?;
    }

    // The id is the day: there is one run for it, ever, and whoever asks again gets what that one came to.
    let report = runtime.scope(etl(day.clone()).id(day)).await;

    runtime.close().await?;
    let report = report?;
    screen.line(format_args!("{report}"))?;
    Ok(report)
}

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::new(io::stdout());
    let result = match args::parse(lexopt::Parser::from_env()) {
        Ok(Command::Run(args)) => run(args, &screen).await.map(drop),
        Ok(Command::Demo) => demo::demo(&screen),
        Ok(Command::Help) => screen.line(format_args!("{}", args::USAGE)).map_err(Into::into),
        Err(error) => Err(anyhow::anyhow!("{error}\n\n{}", args::USAGE)),
    };
    if let Err(error) = result {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
