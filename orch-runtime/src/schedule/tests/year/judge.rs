//! What has become of a world.

use std::collections::{HashMap, HashSet};

use orch_schedule::Overlap;

use super::{
    account::{Account, History, account},
    world::{World, now},
};
use crate::{
    id::RunId,
    schedule::stored::{Stored, micros},
    store::{Page, RunFilter, Starter, Starters, Store},
};

impl World {
    /// Goes through the history of every schedule.
    pub(super) fn account(&self) -> Result<Account, String> {
        let runs = now(self.store.runs(RunFilter::default(), Page::all()));
        let mut by_starter: HashMap<String, HashMap<RunId, i64>> = HashMap::new();
        for run in runs {
            let by = run.started_by.ok_or("a run that nothing started")?;
            let tick = by.tick.map(micros).ok_or("a run without its tick")?;
            by_starter.entry(by.starter).or_default().insert(run.id, tick);
        }
        let mut total = Account::default();
        for starter in self.starters(Starters::Listed { prefix: String::new(), after: None }, usize::MAX) {
            let runs = by_starter.remove(&starter.key).unwrap_or_default();
            self.check_turns(&starter, &runs).map_err(|fault| format!("{}: {fault}", starter.key))?;
            let history = History {
                begun: self.begun[&starter.key],
                now: self.now,
                entries: now(self.store.starter_entries(starter.key.clone(), Page::all())),
                runs,
                stored: Stored::of(&starter).expect("a schedule"),
            };
            let account = account(&starter.key, history);
            total.add(&account.map_err(|fault| format!("{}: {fault}", starter.key))?);
        }
        Ok(total)
    }

    /// Runs that take turns have: none began before the one before it had ended, each in the order of the ticks, and
    /// none waits behind nothing.
    fn check_turns(&self, starter: &Starter, ticks: &HashMap<RunId, i64>) -> Result<(), String> {
        let stored = Stored::of(starter).expect("a schedule");
        if stored.policy.overlap == Overlap::Allow {
            return Ok(());
        }
        let lives = self.lives.get(&starter.key).map_or(&[][..], |lives| lives);
        for pair in lives.windows(2) {
            let ((before, _), (after, begun)) = (pair[0], pair[1]);
            if self.ends[&before] > begun {
                return Err(format!("run {after} began before {before} had ended"));
            }
            if ticks[&before] >= ticks[&after] {
                return Err(format!("run {after} of an earlier tick began after {before}"));
            }
        }
        let lived: HashSet<RunId> = lives.iter().map(|(run, _)| *run).collect();
        match ticks.keys().find(|run| !lived.contains(run) && !self.ends.contains_key(run)) {
            Some(waits) if self.active(&stored).first().is_none_or(|first| !lived.contains(first)) => {
                Err(format!("run {waits} waits, and nothing is under way"))
            }
            _ => Ok(()),
        }
    }
}
