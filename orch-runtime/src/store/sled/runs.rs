//! Lists of runs: those in memory and those that have ended, merged by their ids, the newest first.

use std::{
    iter::Peekable,
    sync::{Arc, atomic::Ordering},
};

use super::{
    active::{Active, ended_row},
    db::{Fault, Range},
    facts::Origin,
    keys,
    shared::Shared,
    standing::Standing,
    wire::Code,
};
use crate::{
    id::RunId,
    state::RunState,
    store::{Page, Run, RunFilter},
};

const FINAL: [RunState; 5] =
    [RunState::Completed, RunState::Failed, RunState::TimedOut, RunState::Cancelled, RunState::Crashed];

/// How often a list is made anew while runs go back from the ended ones.
const TRIES: usize = 16;

impl Shared {
    pub(super) fn runs(&self, filter: &RunFilter, page: Page<RunId>) -> Result<Vec<Run>, Fault> {
        let mut runs = Vec::new();
        for _ in 0..TRIES {
            let before = self.reopened.load(Ordering::Acquire);
            runs = self.list(filter, page)?;
            // A run that went back from the ended ones meanwhile was maybe sought on either side when it was on the other.
            if self.reopened.load(Ordering::Acquire) == before {
                break;
            }
        }
        Ok(runs)
    }

    fn list(&self, filter: &RunFilter, page: Page<RunId>) -> Result<Vec<Run>, Fault> {
        let mut runs: Vec<Run> = Vec::new();
        // In memory first: a run that ends meanwhile is then seen twice, and not missed.
        let mut active = self.runs.newest_first(page.after).into_iter().peekable();
        let mut ended = self.ended(filter, page.after)?;
        while runs.len() < page.limit {
            let in_memory = active.peek().map(|active| active.id);
            let stored = ended.peek()?;
            let Some(next) = in_memory.max(stored) else { break };
            if filter.since.is_some_and(|since| self.skew.is_before(next, since)) {
                break;
            }
            if stored == Some(next) {
                ended.advance();
            }
            let found = match active.next_if(|active| active.id == next) {
                Some(active) => self.active_view(&active, filter)?,
                None => self.ended_view(next, filter)?,
            };
            runs.extend(found);
        }
        Ok(runs)
    }

    fn active_view(&self, active: &Arc<Active>, filter: &RunFilter) -> Result<Option<Run>, Fault> {
        let written = active.written();
        let wanted = written.trail.packs() > 0 && self.is_wanted(&active.origin, &written.standing, filter);
        let (standing, told) = (written.standing, written.told.clone());
        drop(written);
        wanted.then(|| self.view(active.id, &active.origin, &standing, &told)).transpose()
    }

    fn ended_view(&self, run: RunId, filter: &RunFilter) -> Result<Option<Run>, Fault> {
        let row = ended_row(&self.db, run)?;
        let row = row.filter(|row| self.is_wanted(&row.origin, &row.standing, filter));
        row.map(|row| self.view(run, &row.origin, &row.standing, &row.told)).transpose()
    }

    fn is_wanted(&self, origin: &Origin, standing: &Standing, filter: &RunFilter) -> bool {
        filter.name.as_ref().is_none_or(|name| self.names.known(name) == Some(origin.name))
            && filter.state.is_none_or(|state| state == standing.state)
            && filter.tag.as_ref().is_none_or(|tag| origin.tags.contains(tag))
            && filter.since.is_none_or(|since| origin.created >= since)
    }

    /// The ended runs that may be wanted, by the index that fits best.
    fn ended(&self, filter: &RunFilter, after: Option<RunId>) -> Result<Ended, Fault> {
        let states = filter.state.map_or(FINAL.to_vec(), |state| vec![state]);
        let name = match &filter.name {
            None => None,
            Some(name) => match self.names.known(name) {
                Some(name) => Some(name),
                None => return Ok(Ended(Vec::new())),
            },
        };
        let states = states.into_iter();
        let prefixes: Vec<_> = match (&filter.tag, name) {
            (Some(tag), Some(name)) => states.map(|state| keys::by_tag_and_name(tag, name, state)).collect(),
            (Some(tag), None) => self.of_tag(tag, filter.state)?,
            (None, Some(name)) => states.map(|state| keys::by_name(name, state)).collect(),
            (None, None) if filter.state.is_some() => states.map(keys::by_state).collect(),
            (None, None) => vec![vec![keys::ENDED]],
        };
        let before = |prefix: Vec<u8>| {
            let end = match after {
                Some(after) => keys::indexed(prefix.clone(), after),
                // Longer than any key below the prefix, and behind all of them.
                None => [&prefix[..], &[0xff; 17]].concat(),
            };
            self.db.range(prefix..end).rev().peekable()
        };
        Ok(Ended(prefixes.into_iter().map(before).collect()))
    }

    /// What the keys of the ended runs with this tag begin with: one for each definition and state among them.
    fn of_tag(&self, tag: &str, state: Option<RunState>) -> Result<Vec<Vec<u8>>, Fault> {
        let tag = keys::by_tag(tag);
        let behind = |prefix: &[u8]| [prefix, &[0xff; 22]].concat();
        let (mut from, end) = (tag.clone(), behind(&tag));
        let mut found = Vec::new();
        while let Some((key, _)) = self.db.range(from..end.clone()).next().transpose()? {
            let damaged = |damaged| Fault::damaged(&key, damaged);
            keys::run_of(&key).map_err(damaged)?;
            let prefix = &key[..key.len() - 16];
            from = behind(prefix);
            if state.is_none_or(|state| prefix.last() == Some(&state.code())) {
                found.push(prefix.to_vec());
            }
        }
        Ok(found)
    }
}

/// Ended runs from several ranges, the newest first.
struct Ended(Vec<Peekable<std::iter::Rev<Range>>>);

impl Ended {
    /// The newest that is left.
    fn peek(&mut self) -> Result<Option<RunId>, Fault> {
        let mut newest = None;
        for range in &mut self.0 {
            let run = match range.peek() {
                Some(Ok((key, _))) => {
                    Some(keys::run_of(key).map_err(|damaged| Fault::damaged(key, damaged))?)
                }
                Some(Err(fault)) => return Err(fault.clone()),
                None => None,
            };
            newest = newest.max(run);
        }
        Ok(newest)
    }

    fn advance(&mut self) {
        let newest = self.peek();
        if let Ok(Some(newest)) = newest {
            for range in &mut self.0 {
                range.next_if(|entry| entry.as_ref().is_ok_and(|(key, _)| keys::run_of(key) == Ok(newest)));
            }
        }
    }
}
