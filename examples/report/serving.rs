//! Schedules the reports, and says how they are served.

use std::time::UNIX_EPOCH;

use jiff::civil::Date;
use orch::{Serve, Timestamp, prelude::*};

use crate::{
    args::{Args, Days},
    calendar::Calendar,
    daily,
    pages::Pages,
    screen::Screen,
};

/// Starts reports when they are due, until Ctrl-C, or until everything is done that was asked for.
pub(crate) async fn serving(
    runtime: &Runtime,
    args: &Args,
    pages: &Pages,
    screen: &Screen,
) -> anyhow::Result<Serve> {
    let calendar = Calendar::of(runtime, args.demo).await?;
    // The schedule is stored. Where it is there already it goes on with the first tick that it has not seen to.
    let name = if args.demo { "quick days" } else { "mornings" };
    let schedule = daily(calendar.clone()).on(runtime).schedule(name);
    let schedule = calendar.schedule(schedule).create().await?;
    screen.line(format_args!("{schedule}"))?;

    let mut awaited: Vec<Date> = Vec::new();
    if let Some(days) = args.days {
        // The ticks from now on. Those that were missed are caught up beside them, and do not count.
        let now = i64::try_from(now(runtime).await?)?;
        for tick in schedule.rule().ticks(now).take(days) {
            awaited.push(calendar.day(Timestamp::from_micros(tick.try_into()?))?);
        }
    }
    if let Some(days) = args.backfill {
        fill(runtime, schedule.id(), &calendar, days).await?;
        awaited.extend(days.iter());
    }
    let serving = runtime.serve();
    Ok(if awaited.is_empty() { serving } else { serving.until(pages.clone().until(awaited)) })
}

/// Asks for the reports of past days. They are made while the schedule goes on beside them, two at a time.
async fn fill(runtime: &Runtime, schedule: &str, calendar: &Calendar, days: Days) -> anyhow::Result<()> {
    let ticks = calendar.ticks(days.first, days.last)?;
    runtime.schedules().backfill(schedule, ticks).concurrency(2).start().await?;
    Ok(())
}

/// The time by the runtime's clock, in microseconds since 1970.
async fn now(runtime: &Runtime) -> anyhow::Result<u128> {
    let now = runtime.scope(async { orch::now().await }).await;
    Ok(now.duration_since(UNIX_EPOCH)?.as_micros())
}
