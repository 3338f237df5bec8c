//! Schedules the reports, and says how they are served.

use std::time::UNIX_EPOCH;

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

    let mut days = Vec::new();
    if let Some(count) = args.days {
        // The ticks from now on. Those that were missed are caught up beside them, and do not count.
        let now = i64::try_from(now(runtime).await?)?;
        for tick in schedule.rule().ticks(now).take(count) {
            days.push(calendar.day(Timestamp::from_micros(tick.try_into()?))?);
        }
    }
    let backfill = match args.backfill {
        Some(days) => Some(fill(runtime, schedule.id(), &calendar, days).await?),
        None => None,
    };
    let serving = runtime.serve();
    if days.is_empty() && backfill.is_none() {
        return Ok(serving);
    }
    let (pages, schedules) = (pages.clone(), runtime.schedules());
    Ok(serving.until(async move {
        pages.until(days).await;
        if let Some(id) = backfill {
            // Where it cannot be read, serving fails too.
            let _ = schedules.until_backfilled(&id).await;
        }
    }))
}

/// Asks for the reports of past days, once, however often the program is started for them. They are made while the schedule
/// goes on beside them, two at a time.
async fn fill(runtime: &Runtime, schedule: &str, calendar: &Calendar, days: Days) -> anyhow::Result<String> {
    let ticks = calendar.ticks(days.first, days.last)?;
    let id = format!("{}..{}", days.first, days.last);
    Ok(runtime.schedules().backfill(schedule, ticks).id(id).concurrency(2).start().await?)
}

/// The time by the runtime's clock, in microseconds since 1970.
async fn now(runtime: &Runtime) -> anyhow::Result<u128> {
    let now = runtime.scope(async { orch::now().await }).await;
    Ok(now.duration_since(UNIX_EPOCH)?.as_micros())
}
