//! What becomes of the ticks that are due: the policies, without a clock, a store or a run.

use std::{mem, time::Duration};

use orch_schedule::{CatchUp, Overlap};

use super::{
    backlog::{Backlog, Row, extend},
    stored::{Next, Stored, moment},
};
use crate::{
    id::RunId,
    store::{Fate, Happening, Skip, Ticks},
};

/// A tick that is looked at no later than this was not missed. Whoever serves looks at the clock more often than that, so
/// what is later was due while nobody was there.
pub(super) const ON_TIME: Duration = Duration::from_secs(10);

/// The most runs of one schedule that wait for their turn.
pub(super) const WAITING: usize = 100;

/// One change of a schedule: what its ticks came to, and at most one run that they start.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) told: Vec<Happening>,
    pub(super) start: Option<Start>,
    /// Where the schedule stands after it.
    pub(super) after: Stored,
}

/// A run that a tick starts.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) run: RunId,
    pub(super) tick: i64,
    /// It waits for the runs before it.
    pub(super) waits: bool,
    /// Runs that are cancelled for it.
    pub(super) cancels: Vec<RunId>,
}

/// What is to be done at `now`, in this order. `active` are those of the schedule's runs that have not ended.
pub(super) fn plan(stored: &Stored, key: &str, now: i64, active: Vec<RunId>) -> Vec<Step> {
    let Backlog { older, ticks, next } = Backlog::of(stored, key, now);
    if ticks.is_empty() {
        return Vec::new();
    }
    let judge = Judge { stored, now, last: ticks.iter().rposition(|tick| !is_too_late(stored, *tick, now)) };
    let mut planned = Planned::new(Stored { active, ..stored.clone() });
    if let Some(older) = older {
        planned.skip_row(older, judge.of_older(older));
    }
    for (place, tick) in ticks.iter().enumerate() {
        let following = ticks.get(place + 1).copied().or(next);
        match judge.of(place, *tick).and_then(|fate| planned.may_start().map(|()| fate)) {
            Ok(fate) => {
                planned.start(*tick, fate, following);
                if planned.after.next.is_none() {
                    break;
                }
            }
            Err(skip) => planned.skip(*tick, skip, following),
        }
    }
    planned.end()
}

/// Looks at ticks one by one.
struct Judge<'s> {
    stored: &'s Stored,
    now: i64,
    /// The place of the last one that is not too late.
    last: Option<usize>,
}

fn lateness(tick: Next, now: i64) -> Duration {
    Duration::from_micros(u64::try_from(now.saturating_sub(tick.due)).unwrap_or(0))
}

fn is_too_late(stored: &Stored, tick: Next, now: i64) -> bool {
    stored.policy.max_late.is_some_and(|most| lateness(tick, now) > most)
}

impl Judge<'_> {
    fn of(&self, place: usize, tick: Next) -> Result<fn(RunId) -> Fate, Skip> {
        if is_too_late(self.stored, tick, self.now) {
            return Err(Skip::TooLate);
        }
        if lateness(tick, self.now) <= ON_TIME {
            return Ok(Fate::Fired);
        }
        match self.stored.policy.catch_up {
            CatchUp::None => Err(Skip::Missed),
            CatchUp::Last if self.last != Some(place) => Err(Skip::NotTheLast),
            CatchUp::Last | CatchUp::All => Ok(Fate::CaughtUp),
        }
    }

    fn of_older(&self, row: Row) -> Skip {
        match self.stored.policy.catch_up {
            _ if is_too_late(self.stored, row.last, self.now) => Skip::TooLate,
            CatchUp::None => Skip::Missed,
            CatchUp::Last => Skip::NotTheLast,
            CatchUp::All => Skip::TooMany,
        }
    }
}

/// A plan that is being made.
struct Planned {
    steps: Vec<Step>,
    after: Stored,
    told: Vec<Happening>,
    /// Ticks in a row that are skipped for the same reason.
    skipped: Option<(Row, Skip)>,
}

impl Planned {
    fn new(after: Stored) -> Self {
        Self { steps: Vec::new(), after, told: Vec::new(), skipped: None }
    }

    /// Whether the runs before a tick let it start one.
    fn may_start(&self) -> Result<(), Skip> {
        match self.after.policy.overlap {
            Overlap::Skip if !self.after.active.is_empty() => Err(Skip::Overlap),
            Overlap::Queue | Overlap::Cancel if self.after.active.len() > WAITING => Err(Skip::QueueFull),
            Overlap::Allow | Overlap::Skip | Overlap::Queue | Overlap::Cancel => Ok(()),
        }
    }

    fn skip_row(&mut self, row: Row, skip: Skip) {
        self.tell_skipped();
        self.skipped = Some((row, skip));
    }

    fn skip(&mut self, tick: Next, skip: Skip, following: Option<Next>) {
        if self.skipped.is_some_and(|(_, before)| before != skip) {
            self.tell_skipped();
        }
        let mut row = self.skipped.map(|(row, _)| row);
        extend(&mut row, tick);
        self.skipped = row.map(|row| (row, skip));
        self.after.next = following;
    }

    fn tell_skipped(&mut self) {
        let skipped = self.skipped.take().map(|(row, skip)| Happening::Ticks(row.skipped(skip)));
        self.told.extend(skipped);
    }

    fn start(&mut self, tick: Next, fate: fn(RunId) -> Fate, following: Option<Next>) {
        self.tell_skipped();
        let run = RunId::new();
        let at = moment(tick.tick);
        self.told.push(Happening::Ticks(Ticks { first: at, last: at, count: 1, fate: fate(run) }));
        let after = &mut self.after;
        let overlap = after.policy.overlap;
        let takes_turns = matches!(overlap, Overlap::Queue | Overlap::Cancel);
        let start = Start {
            run,
            tick: tick.tick,
            waits: takes_turns && !after.active.is_empty(),
            cancels: if overlap == Overlap::Cancel { after.active.clone() } else { Vec::new() },
        };
        if overlap != Overlap::Allow {
            after.active.push(run);
        }
        after.fired += 1;
        after.next = following;
        if after.policy.max_runs.is_some_and(|most| after.fired >= most) {
            after.next = None;
        }
        self.push(Some(start));
    }

    fn push(&mut self, start: Option<Start>) {
        if self.after.next.is_none() {
            let most = self.after.policy.max_runs.filter(|most| self.after.fired >= *most);
            let why = most.map_or_else(
                || "its last tick is over".to_owned(),
                |most| format!("it has started {most} runs, which is its `max_runs`"),
            );
            self.told.push(Happening::Finished(why));
        }
        self.steps.push(Step { told: mem::take(&mut self.told), start, after: self.after.clone() });
    }

    fn end(mut self) -> Vec<Step> {
        self.tell_skipped();
        if !self.told.is_empty() {
            self.push(None);
        }
        self.steps
    }
}
