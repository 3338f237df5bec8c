//! What people are told while schedules are served: one line for each change.

use std::{fmt::Write as _, time::Duration};

use crate::{
    clock::Timestamp,
    error::Error,
    id::RunId,
    store::{Fate, Happening, Starter, Ticks},
};

/// Who reads the lines.
type Reader = dyn Fn(&str) + Send + Sync;

/// Says in lines what happens.
pub(crate) struct Told(Box<Reader>);

impl Told {
    pub(crate) fn new(reader: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Box::new(reader))
    }

    pub(crate) fn line(&self, line: &str) {
        (self.0)(line);
    }

    /// Something happened to a schedule.
    pub(crate) fn happened(&self, starter: &Starter, name: &str, what: &Happening) {
        let of = format!("`{name}` of `{}`", short(&starter.definition));
        self.line(&match what {
            Happening::Ticks(ticks) => {
                let Ticks { first, last, count, fate } = ticks;
                let due = match count {
                    1 => format!("the tick of {}", shown(*first)),
                    _ => format!("{count} ticks from {} to {}", shown(*first), shown(*last)),
                };
                match fate {
                    Fate::Fired(run) => format!("{of}: {due} started run {run}"),
                    Fate::CaughtUp(run) => format!("{of}: {due} was missed, and is caught up by run {run}"),
                    Fate::Skipped(skip) => format!("{of}: skipped {due}: {skip}"),
                }
            }
            Happening::Created(text) => format!("{of} is new: {text}"),
            Happening::Changed { from, to } => format!("{of} has changed from {from} to {to}"),
            Happening::Paused => format!("{of} is paused"),
            Happening::Resumed => format!("{of} goes on"),
            Happening::Finished(why) => format!("{of} has come to its end: {why}"),
            Happening::Started { run, by } => format!("{of}: {by} started run {run}"),
            Happening::NotStarted(why) => format!("{of}: {why}"),
            Happening::Emitted { .. } => return,
        });
    }

    /// A backfill of a schedule has started a run.
    pub(crate) fn filled(&self, starter: &Starter, name: &str, tick: Timestamp, run: RunId) {
        let of = format!("backfill of `{name}` of `{}`", short(&starter.definition));
        self.line(&format!("{of}: the tick of {} started run {run}", shown(tick)));
    }

    /// All runs of a backfill have ended.
    pub(crate) fn filled_all(&self, starter: &Starter, name: &str, runs: u64) {
        let of = format!("backfill of `{name}` of `{}`", short(&starter.definition));
        let runs =
            if runs == 1 { "its run has ended".to_owned() } else { format!("its {runs} runs have ended") };
        self.line(&format!("{of} is over: {runs}"));
    }

    /// A run has ended.
    pub(crate) fn ended(&self, name: &str, run: RunId, error: Option<&Error>, took: Duration) {
        let mut line = format!("run {run} of `{}` ", short(name));
        let _ = match error {
            None => write!(line, "completed after {took:.1?}"),
            Some(error) => write!(line, "ended after {took:.1?}: {error}"),
        };
        self.line(&line);
    }
}

fn short(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// A moment for people: in universal time, to the second.
pub(crate) fn shown(at: Timestamp) -> String {
    let seconds = at.as_micros() / 1_000_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a date, after Howard Hinnant: years begin in March, so that the leap day is the last one.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::stored::moment;

    #[test]
    fn moments_are_shown() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00Z"),
            (1_767_225_599_999_999, "2025-12-31T23:59:59Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(shown(moment(micros)), text);
        }
    }
}
