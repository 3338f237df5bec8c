//! What the history of a schedule has to tell: each tick once, in order, with a fate that fits its policy.

use std::collections::{BTreeMap, HashMap};

use orch_schedule::{CatchUp, Overlap, jitter_of};

use crate::{
    id::RunId,
    schedule::stored::{Stored, micros},
    store::{Fate, Happening, Skip, StarterEntry, Ticks},
};

/// How many ticks there were, by their fates.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) fired: u64,
    pub(super) caught_up: u64,
    pub(super) skipped: BTreeMap<Skip, u64>,
}

impl Account {
    pub(super) fn add(&mut self, other: &Self) {
        self.fired += other.fired;
        self.caught_up += other.caught_up;
        other.skipped.iter().for_each(|(skip, n)| *self.skipped.entry(*skip).or_default() += n);
    }
}

pub(super) struct History {
    pub(super) begun: i64,
    pub(super) now: i64,
    pub(super) entries: Vec<StarterEntry>,
    pub(super) runs: HashMap<RunId, i64>,
    pub(super) stored: Stored,
}

const ON_TIME: i64 = 10_000_000;

/// Goes through the rule's ticks by themselves, and compares.
pub(super) fn account(key: &str, history: History) -> Result<Account, String> {
    let History { begun, now, entries, mut runs, stored } = history;
    let policy = &stored.policy;
    let mut account = Account::default();
    let mut ticks = stored.rule.ticks(begun).take_while(|tick| policy.until.is_none_or(|end| *tick <= end));
    let mut due = i64::MIN;
    let mut next = ticks.next();
    let mut finished = next.is_none();
    let mut paused = false;
    for (place, entry) in entries.iter().enumerate() {
        let Ticks { first, last, count, fate } = match &entry.what {
            Happening::Ticks(ticks) => *ticks,
            Happening::Finished(_) => {
                finished = true;
                continue;
            }
            Happening::Paused => {
                paused = true;
                continue;
            }
            Happening::Resumed => {
                if let Some(passed) = next.filter(|tick| *tick <= micros(entry.at)) {
                    return Err(format!(
                        "{entry:?}: the tick {passed} passed in the pause, and is not told of"
                    ));
                }
                paused = false;
                due = i64::MIN;
                continue;
            }
            other => return Err(format!("{other:?} has no place here")),
        };
        if finished {
            return Err(format!("{entry:?} comes after the end"));
        }
        let (mut counted, mut first_late) = (0, 0);
        loop {
            let Some(tick) = next else { return Err(format!("{entry:?} tells of ticks that there are not")) };
            if counted == 0 && tick != micros(first) {
                return Err(format!("{entry:?}: the next tick is {tick}"));
            }
            let jitter = policy.jitter.map_or(0, |most| jitter_of(key, tick, most).as_micros() as i64);
            due = due.max(tick + jitter);
            counted += 1;
            if counted == 1 {
                first_late = micros(entry.at) - due;
            }
            next = ticks.next();
            if tick == micros(last) {
                break;
            }
            if tick > micros(last) {
                return Err(format!("{entry:?}: its last is no tick"));
            }
        }
        if counted.min(100_000) != count {
            return Err(format!("{entry:?}: there are {counted}"));
        }
        let late = micros(entry.at) - due;
        let too_late = |late: i64| policy.max_late.is_some_and(|most| late > most.as_micros() as i64);
        // With jitter the due times of a later life are counted anew, so they are known from below alone.
        let follows_in_this = || {
            let later = entries[place + 1..].iter().take_while(|later| later.at == entry.at);
            later.map(|later| &later.what).any(|what| {
                matches!(what, Happening::Ticks(Ticks { fate: Fate::Fired(_) | Fate::CaughtUp(_), .. }))
                    || matches!(
                        what,
                        Happening::Ticks(Ticks { fate: Fate::Skipped(Skip::Overlap | Skip::QueueFull), .. })
                    )
            })
        };
        let fits = match fate {
            Fate::Fired(run) | Fate::CaughtUp(run) => {
                let tick = runs.remove(&run);
                if tick != Some(micros(first)) {
                    return Err(format!("{entry:?}: its run is of {tick:?}"));
                }
                let on_time = matches!(fate, Fate::Fired(_));
                if on_time {
                    account.fired += 1
                } else {
                    account.caught_up += 1
                }
                let in_time = if on_time {
                    late <= ON_TIME
                } else {
                    policy.catch_up != CatchUp::None && late > ON_TIME
                };
                counted == 1 && late >= 0 && in_time && !too_late(late) && !paused
            }
            Fate::Skipped(skip) => {
                *account.skipped.entry(skip).or_default() += counted;
                match skip {
                    Skip::Missed => policy.catch_up == CatchUp::None && late > ON_TIME,
                    Skip::NotTheLast => {
                        policy.catch_up == CatchUp::Last && late > ON_TIME && follows_in_this()
                    }
                    Skip::TooLate => too_late(late) && too_late(first_late),
                    Skip::TooMany => policy.catch_up == CatchUp::All && late > ON_TIME,
                    Skip::Overlap => policy.overlap == Overlap::Skip && !too_late(late),
                    Skip::QueueFull => matches!(policy.overlap, Overlap::Queue | Overlap::Cancel),
                    Skip::Paused => paused,
                    Skip::Replaced => false,
                }
            }
        };
        if !fits {
            return Err(format!("{entry:?} is {late} late, which does not fit {policy:?}"));
        }
        let runs = account.fired + account.caught_up;
        if policy.max_runs.is_some_and(|most| runs > most) {
            return Err(format!("{entry:?} is one too many"));
        }
        if policy.max_runs == Some(runs) && matches!(fate, Fate::Fired(_) | Fate::CaughtUp(_)) {
            next = None;
        }
    }
    if !runs.is_empty() {
        return Err(format!("no tick tells of {runs:?}"));
    }
    if stored.next.map(|next| next.tick) != next {
        return Err(format!("{:?} is to come, and {next:?} is the next", stored.next));
    }
    match stored.next {
        Some(next) if !stored.paused && next.due <= now => Err(format!("{next:?} was due at {now}")),
        None if !finished => Err("its end was not told".into()),
        _ => Ok(account),
    }
}
