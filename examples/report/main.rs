//! A report every morning, by a schedule: `cargo run --example report`.
//!
//! What is reported on is a real business: the flights that left New York's airports, airline by airline (`sales.rs` says
//! where the figures are from). Each day gets an HTML page with what was sold, a table, and charts in SVG.
//!
//! Without options the report of the day before is made at six in the morning, as New York's clocks show it, until Ctrl-C.
//! With `--demo` a day passes every two seconds. Stop it, wait, and start it again: the days that it missed are caught up.
//! `--days 3` ends it after three days, and `--backfill 2024-03-01..2024-03-07` makes the pages of a week that was long
//! before, once, however often it is asked for.
//!
//! The flows are here, the schedules are in `calendar.rs` and `serving.rs`. Runs, schedules and pages are kept in
//! `.orch-report`, or where `--dir` says.

mod args;
mod calendar;
mod chart;
mod page;
mod pages;
mod sales;
#[path = "../shoe_price/screen.rs"]
mod screen;
mod serving;
mod table;
mod totals;

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    process::{ExitCode, Termination},
};

use anyhow::Context;
use jiff::civil::Date;
use orch::{Served, prelude::*};

use crate::{
    args::{Args, Command},
    calendar::Calendar,
    page::write_page,
    pages::Pages,
    sales::read_sales,
    screen::Screen,
    serving::serving,
    totals::{Totals, add_up},
};

/// The report of one day. It can be called like any function; here a schedule does.
#[flow(tags("report"))]
async fn report(day: String) -> anyhow::Result<Totals> {
    let sales = read_sales(&day, totals::DAYS_READ).await?;
    let totals = add_up(&day, sales).await?;
    write_page(totals.clone()).await?;
    Ok(totals)
}

/// What the schedules start: the report of the day for which the tick stands, not of the day on which it happens to run. So
/// a tick that is caught up, or filled in years later, makes the page of its own day.
///
/// The day is the report's id. There is one report of a day, ever: whoever asks again gets what the first one came to.
#[flow(tags("daily"))]
async fn daily(calendar: Calendar, #[provided] pages: &Pages) -> anyhow::Result<()> {
    let tick =
        orch::ctx().tick().context("only a schedule starts this: it reports on the day of its tick")?;
    let day: Date = calendar.day(tick)?;
    let made = report(day.to_string()).id(day.to_string()).await;
    pages.seen_to(day);
    made?;
    Ok(())
}

/// Everything after the arguments.
async fn run(args: &Args, screen: &Screen) -> anyhow::Result<Served> {
    fs::create_dir_all(&args.dir)?;
    let pages = Pages::new(args.dir.join("pages"))?;
    let runtime = Runtime::builder()
        .path(args.dir.join("journal"))
        .provide(pages.clone())
        .provide(screen.clone())
        .build()?;
    Ok(serving(&runtime, args, &pages, screen).await?.await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::new(io::stdout());
    let result = match args::parse(lexopt::Parser::from_env()) {
        // The exit code tells whether runs were left for the next start.
        Ok(Command::Run(args)) => run(&args, &screen).await.map(Served::report),
        Ok(Command::Help) => {
            screen.line(format_args!("{}", args::USAGE)).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Err(error) => Err(anyhow::anyhow!("{error}\n\n{}", args::USAGE)),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
