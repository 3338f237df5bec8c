//! Orders from a shop's server into SQLite, as they come, and then made into tables by SQL: `cargo run --example elt`.
//!
//! First every row is loaded as text, broken or not. What is made of that are tables, each by one statement, in the order
//! in which they need each other. Quality checks look at the tables, and the first one that finds something fails the run.
//!
//! Where `etl` loads each chunk once, by its idempotency key, everything here *replaces* what it made before: the other
//! way to write a task that may be executed again. Journal and database are kept in `.orch-elt`, or where `--dir` says.

#[path = "../orders/mod.rs"]
mod orders;
#[path = "../shoe_price/screen.rs"]
mod screen;
mod sql;
mod tables;

#[cfg(test)]
mod tests;

use std::{fs, io, path::PathBuf, process::ExitCode};

use lexopt::prelude::*;
use orch::prelude::*;

use crate::{
    orders::{
        client::{Source, count_pages, fetch_page},
        report::Report,
        server::Shop,
    },
    screen::Screen,
    tables::{Database, build, check, load_raw, report},
};

/// One day's orders: loaded as they come, transformed, checked, added up.
#[flow(tags("elt"))]
async fn elt(day: String, max_rejects: u32) -> anyhow::Result<Report> {
    let day = &*day;
    let pages = count_pages(day).await?;
    orch::try_map(0..pages, |page| async move {
        let csv = fetch_page(day, page).await?;
        load_raw(day, page, &csv).await
    })
    .concurrency(4)
    .await?;

    // Started, a call is under way by itself, and begins when those that it comes after have succeeded.
    let checked = build("checked", sql::CHECKED).start();
    let ranked = build("ranked", sql::RANKED).after(&checked).start();
    let orders = build("orders", sql::ORDERS).after(&ranked).start();
    let rejects = build("rejects", sql::REJECTS).after(&ranked).start();
    tokio::try_join!(checked, ranked, orders, rejects)?;

    orch::try_map(sql::CHECKS, |(rule, sql)| check(day, rule, sql, max_rejects)).await?;
    Ok(report(day).await?)
}

const USAGE: &str = "\
Loads the orders of a day into SQLite, and transforms them there.

usage: elt [--day DAY] [--dir DIR] [--max-rejects PERCENT]

  --day DAY                the day [default: 2026-11-23]
  --dir DIR                where journal and database are kept [default: .orch-elt]
  --max-rejects PERCENT    how many of the rows may be broken [default: 5]
  --help                   this text";

struct Args {
    day: String,
    dir: PathBuf,
    max_rejects: u32,
}

/// `None`: somebody asks for the usage.
fn parse(mut parser: lexopt::Parser) -> Result<Option<Args>, lexopt::Error> {
    let mut args = Args { day: "2026-11-23".into(), dir: ".orch-elt".into(), max_rejects: 5 };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("day") => args.day = parser.value()?.string()?,
            Long("dir") => args.dir = parser.value()?.into(),
            Long("max-rejects") => args.max_rejects = parser.value()?.parse()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(args))
}

/// Everything after the arguments.
async fn run(Args { day, dir, max_rejects }: Args, screen: &Screen) -> anyhow::Result<Report> {
    fs::create_dir_all(&dir)?;
    let shop = Shop::open()?;
    let runtime = Runtime::builder()
        .path(dir.join("journal"))
        .provide(Source::new(shop.url()))
        .provide(Database::open(&dir.join("shop.db"))?)
        .provide(screen.clone())
        .build()?;

    // A run that an earlier start has left behind writes the same tables, so it comes to its end first.
    for run in runtime.recover().await? {
        screen.line(format_args!("run {} was interrupted, and is {} now", run.run, run.state))?;
    }
    // Without an id, every start is a new run.
    let report = runtime.scope(elt(day, max_rejects)).await;
    runtime.close().await?;
    let report = report?;
    screen.line(format_args!("{report}"))?;
    Ok(report)
}

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::new(io::stdout());
    let result = match parse(lexopt::Parser::from_env()) {
        Ok(Some(args)) => run(args, &screen).await.map(drop),
        Ok(None) => screen.line(format_args!("{USAGE}")).map_err(Into::into),
        Err(error) => Err(anyhow::anyhow!("{error}\n\n{USAGE}")),
    };
    if let Err(error) = result {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
