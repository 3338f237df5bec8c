//! The ticks of a schedule that are due: few in most cases, and a year of them where the clock has jumped.

use std::collections::VecDeque;

use super::stored::{Next, Stored, moment};
use crate::store::{Fate, Skip, Ticks};

/// The most ticks that are looked at one by one. Of more than that, the older ones share one fate.
pub(super) const AT_ONCE: usize = 1_000;

/// The most ticks that are counted.
const COUNTED: u64 = 100_000;

/// The first stretch, in microseconds, in which the last ticks of a long row are looked for.
const STRETCH: i64 = 1_000_000;

/// What is due.
pub(super) struct Backlog {
    /// The older ones of very many.
    pub(super) older: Option<Row>,
    /// The others, the oldest first.
    pub(super) ticks: Vec<Next>,
    /// The first one that is not due yet.
    pub(super) next: Option<Next>,
}

/// Ticks in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    first: i64,
    pub(super) last: Next,
    count: u64,
}

impl Row {
    fn of(tick: Next) -> Self {
        Self { first: tick.tick, last: tick, count: 1 }
    }

    fn add(&mut self, tick: Next) {
        self.last = tick;
        self.count = (self.count + 1).min(COUNTED);
    }

    pub(super) fn skipped(&self, skip: Skip) -> Ticks {
        let Self { first, last, count } = *self;
        Ticks { first: moment(first), last: moment(last.tick), count, fate: Fate::Skipped(skip) }
    }
}

/// Takes a tick into the row that it continues.
pub(super) fn extend(row: &mut Option<Row>, tick: Next) {
    match row {
        Some(row) => row.add(tick),
        None => *row = Some(Row::of(tick)),
    }
}

impl Backlog {
    /// What of a schedule is due at `now`.
    pub(super) fn of(stored: &Stored, key: &str, now: i64) -> Self {
        let nothing = Self { older: None, ticks: Vec::new(), next: stored.next };
        let Some(first) = stored.next.filter(|next| next.due <= now) else { return nothing };
        let mut backlog = Self { next: None, ..nothing };
        let mut recent = VecDeque::from([first]);
        let (mut latest, mut seen) = (first, 1);
        while let Some(tick) = stored.tick_after(latest.tick) {
            let next = stored.next(key, tick, latest.due);
            if next.due > now {
                backlog.next = Some(next);
                break;
            }
            (latest, seen) = (next, seen + 1);
            backlog.take(&mut recent, next);
            if seen == COUNTED {
                // Too many to go through: what is looked at next is the end of the row.
                for next in last_ticks(stored, key, latest, now) {
                    backlog.take(&mut recent, next);
                    latest = next;
                }
            }
        }
        backlog.ticks = recent.into();
        backlog
    }

    fn take(&mut self, recent: &mut VecDeque<Next>, tick: Next) {
        recent.push_back(tick);
        if recent.len() > AT_ONCE {
            recent.pop_front().into_iter().for_each(|tick| extend(&mut self.older, tick));
        }
    }

    /// All that is due, as one row.
    pub(super) fn row(&self) -> Option<Row> {
        let mut row = self.older;
        self.ticks.iter().for_each(|tick| extend(&mut row, *tick));
        row
    }
}

/// The last ticks after `from` that are due at `now`: as many as are looked at one by one, if there are so many.
fn last_ticks(stored: &Stored, key: &str, from: Next, now: i64) -> VecDeque<Next> {
    let mut stretch = STRETCH;
    loop {
        let begin = now.saturating_sub(stretch).max(from.tick);
        let (mut last, mut before) = (VecDeque::new(), from);
        while let Some(tick) = stored.tick_after(before.tick.max(begin)) {
            before = stored.next(key, tick, before.due);
            if before.due > now {
                break;
            }
            last.push_back(before);
            if last.len() > AT_ONCE {
                last.pop_front();
            }
        }
        if last.len() == AT_ONCE || begin == from.tick {
            return last;
        }
        stretch = stretch.saturating_mul(2);
    }
}
