//! What starts runs by itself, in memory.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Bound,
};

use super::data::Data;
use crate::{
    clock::Timestamp,
    store::{
        Page, Starter, StarterChange, StarterChanged, StarterEntry, Starters, StoreError, Submitted,
        starters::checked,
    },
};

/// The starters of a store.
#[derive(Default)]
pub(super) struct Rows {
    by_key: BTreeMap<String, Row>,
    /// When each of them is to be looked at.
    wakes: BTreeSet<(Timestamp, String)>,
    /// The highest revision of those that were removed: one that comes back begins above it.
    removed: u64,
}

struct Row {
    starter: Starter,
    entries: VecDeque<StarterEntry>,
}

impl Data {
    pub(super) fn change_starter(&mut self, change: StarterChange) -> Result<StarterChanged, StoreError> {
        checked(&change)?;
        let known = self.starters.by_key.get(&change.key).map(|row| row.starter.revision);
        if known != change.expect {
            return Ok(StarterChanged::Stale);
        }
        let run = match change.run {
            Some(run) => {
                let taken = run.worker.is_some();
                match self.submit(run) {
                    Submitted::Created(fence) => taken.then_some(fence),
                    Submitted::Existing(run) | Submitted::Conflict(run) => {
                        return Ok(StarterChanged::RunExists(run));
                    }
                }
            }
            None => None,
        };
        let revision = known.unwrap_or(self.starters.removed) + 1;
        let before = self.starters.by_key.remove(&change.key);
        if let Some(wake) = before.as_ref().and_then(|row| row.starter.wake) {
            self.starters.wakes.remove(&(wake, change.key.clone()));
        }
        let Some(put) = change.put else {
            self.starters.removed = self.starters.removed.max(revision);
            return Ok(StarterChanged::Applied { revision, run });
        };
        let (mut entries, mut number) =
            before.map_or_else(Default::default, |row| (row.entries, row.starter.entries));
        for what in change.entries {
            entries.push_back(StarterEntry { number, at: change.at, what });
            number += 1;
        }
        while entries.len() as u64 > Starter::KEEP_ENTRIES {
            entries.pop_front();
        }
        if let Some(wake) = put.wake {
            self.starters.wakes.insert((wake, change.key.clone()));
        }
        let starter = Starter {
            key: change.key.clone(),
            revision,
            definition: put.definition,
            wake: put.wake,
            content: put.content,
            entries: number,
        };
        self.starters.by_key.insert(change.key, Row { starter, entries });
        Ok(StarterChanged::Applied { revision, run })
    }

    pub(super) fn starters(&self, which: &Starters, limit: usize) -> Vec<Starter> {
        let Rows { by_key, wakes, removed: _ } = &self.starters;
        let starter = |row: &Row| row.starter.clone();
        match which {
            Starters::Key(key) => by_key.get(key).map(starter).into_iter().take(limit).collect(),
            Starters::Listed { prefix, after } => {
                let from = match after {
                    Some(after) if after >= prefix => Bound::Excluded(after.as_str()),
                    _ => Bound::Included(prefix.as_str()),
                };
                let listed = by_key.range::<str, _>((from, Bound::Unbounded));
                let listed = listed.take_while(|(key, _)| key.starts_with(prefix));
                listed.map(|(_, row)| starter(row)).take(limit).collect()
            }
            Starters::Due(until) => {
                let due = wakes.iter().take_while(|(wake, _)| wake <= until);
                due.filter_map(|(_, key)| by_key.get(key)).map(starter).take(limit).collect()
            }
        }
    }

    pub(super) fn starter_entries(&self, key: &str, page: Page<u64>) -> Vec<StarterEntry> {
        let Some(row) = self.starters.by_key.get(key) else { return Vec::new() };
        let from = page.after.map_or(0, |after| row.entries.partition_point(|entry| entry.number <= after));
        row.entries.range(from..).take(page.limit).cloned().collect()
    }
}
