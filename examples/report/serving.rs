//! Schedules the reports, and serves them.

use jiff::{Span, civil::Date};
use orch::{Served, Timestamp, prelude::*};
use std::time::UNIX_EPOCH;

use crate::{
    args::{Args, Days},
    calendar::Calendar,
    daily,
    pages::Pages,
    screen::Screen,
};

/// Starts reports when they are due, until Ctrl-C, or until everything is done that was asked for.
pub(crate) async fn serve(
    runtime: &Runtime,
    args: &Args,
    pages: &Pages,
    screen: &Screen,
) -> anyhow::Result<Served> {
    let calendar = Calendar::of(runtime, args.demo).await?;
    // The schedule is stored. Where it is there already it goes on with the first tick that it has not seen to.
    let name = if args.demo { "quick days" } else { "mornings" };
    let schedule = daily(calendar.clone()).on(runtime).schedule(name);
    let schedule = calendar.schedule(schedule).create().await?;
    screen.line(format_args!("{schedule}"))?;

    let mut awaited: Vec<Date> = Vec::new();
    if let Some(days) = args.days {
        let today = calendar.day(now(runtime).await?)?;
        awaited.push(today.checked_add(Span::new().try_days(days)?)?);
    }
    if let Some(days) = args.backfill {
        fill(runtime, schedule.id(), &calendar, days).await?;
        awaited.extend(days.iter());
    }
    let serving = runtime.serve();
    if awaited.is_empty() {
        return Ok(serving.await?);
    }
    Ok(serving.until(pages.clone().until(awaited)).await?)
}

/// Asks for the reports of past days. They are made while the schedule goes on beside them, a few at a time.
async fn fill(runtime: &Runtime, schedule: &str, calendar: &Calendar, days: Days) -> anyhow::Result<()> {
    let ticks = calendar.ticks(days.first, days.last)?;
    runtime.schedules().backfill(schedule, ticks).concurrency(2).start().await?;
    Ok(())
}

async fn now(runtime: &Runtime) -> anyhow::Result<Timestamp> {
    let now = runtime.scope(async { orch::now().await }).await;
    Ok(Timestamp::from_micros(u64::try_from(now.duration_since(UNIX_EPOCH)?.as_micros())?))
}
