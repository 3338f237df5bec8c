//! Which day a tick stands for.

use std::{
    ops::Range,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context;
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use orch::{
    Timestamp,
    prelude::*,
    schedule::{CatchUp, NewSchedule},
};
use serde::{Deserialize, Serialize};

/// Whose mornings are meant.
const ZONE: &str = "America/New_York";

/// How long a quick day is, in seconds.
const STEP: u64 = 2;

/// The first of the quick days.
pub(crate) const FIRST: Date = date(2024, 3, 8);

/// From ticks to days and back. It is an argument of the runs, so that a tick of long ago is still read as it was meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Calendar {
    /// A tick is a morning, and stands for the day before.
    Mornings,
    /// A day passes every two seconds.
    Quick {
        /// The tick of the first one, in seconds since 1970.
        first: u64,
    },
}

/// When the first of the quick days passes. This is a run with an id, so it is decided once: whoever asks again, in this
/// process or the next, gets what the first one got.
#[flow]
async fn first_quick_day() -> anyhow::Result<u64> {
    let now = orch::now().await.duration_since(UNIX_EPOCH)?.as_secs();
    Ok((now / STEP + 1) * STEP)
}

impl Calendar {
    pub(crate) async fn of(runtime: &Runtime, demo: bool) -> Result<Self, Error> {
        if !demo {
            return Ok(Self::Mornings);
        }
        Ok(Self::Quick { first: first_quick_day().id("of this directory").on(runtime).await? })
    }

    /// When its ticks are due, and what becomes of those that are missed: all are caught up, unless they are too old to be of
    /// interest.
    pub(crate) fn schedule(&self, schedule: NewSchedule) -> NewSchedule {
        match self {
            Self::Mornings => schedule.cron("0 6 * * *").tz(ZONE).max_late(Duration::from_secs(31 * 86_400)),
            Self::Quick { .. } => {
                schedule.every(Duration::from_secs(STEP)).max_late(Duration::from_secs(120))
            }
        }
        .catch_up(CatchUp::All)
    }

    /// The day for which a tick stands.
    pub(crate) fn day(&self, tick: Timestamp) -> anyhow::Result<Date> {
        match self {
            Self::Mornings => {
                let moment = jiff::Timestamp::from_microsecond(i64::try_from(tick.as_micros())?)?;
                Ok(moment.in_tz(ZONE)?.date().yesterday()?)
            }
            Self::Quick { first } => {
                let seconds = i64::try_from(tick.as_micros() / 1_000_000)? - i64::try_from(*first)?;
                let days = seconds.div_euclid(STEP.cast_signed());
                FIRST
                    .checked_add(days.days())
                    .context("its quick days have come to the end of all years; begin in another directory")
            }
        }
    }

    /// The tick that stands for a day.
    fn tick(&self, day: Date) -> anyhow::Result<Timestamp> {
        let seconds = match self {
            Self::Mornings => day.tomorrow()?.at(6, 0, 0, 0).in_tz(ZONE)?.timestamp().as_second(),
            Self::Quick { first } => {
                let days = i64::from((day - FIRST).get_days());
                i64::try_from(*first)? + days * STEP.cast_signed()
            }
        };
        let seconds = u64::try_from(seconds).context("no tick is before 1970")?;
        Ok(Timestamp::from_micros(seconds * 1_000_000))
    }

    /// The stretch of time in which the ticks of these days lie.
    pub(crate) fn ticks(&self, first: Date, last: Date) -> anyhow::Result<Range<Timestamp>> {
        let last = self.tick(last)?;
        Ok(self.tick(first)?..Timestamp::from_micros(last.as_micros() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_and_its_day_name_each_other() {
        // Clocks went forward in New York on the 10th of March 2024, and back on the 3rd of November.
        for calendar in [Calendar::Mornings, Calendar::Quick { first: 1_700_000_000 }] {
            for day in
                [date(2024, 3, 8), date(2024, 3, 9), date(2024, 3, 10), date(2024, 11, 2), date(2024, 2, 28)]
            {
                assert_eq!(calendar.day(calendar.tick(day).unwrap()).unwrap(), day, "{calendar:?}");
            }
        }
        let seconds = |day| Calendar::Mornings.tick(day).unwrap().as_micros() / 1_000_000;
        assert_eq!(seconds(date(2024, 3, 9)) - seconds(date(2024, 3, 8)), 23 * 3_600);
    }
}
