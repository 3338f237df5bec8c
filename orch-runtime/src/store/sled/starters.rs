//! What starts runs by itself, on disk: rows of their own beside the log, in the same batch as the run that one starts.
//!
//! Nothing of it is kept in memory but what is in line for the writer: what is stored may be a million schedules, and few
//! of them are due.

use std::{
    ops::{Bound, Range},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustc_hash::FxHashMap;

use super::{
    db::{Db, Fault},
    keys, sealed,
    shared::Shared,
    store::SledStore,
    wire::{Damaged, In, Out},
    write::Waiting,
};
use crate::{
    clock::Timestamp,
    codec,
    store::{
        Page, Starter, StarterChange, StarterChanged, StarterEntry, StarterPut, Starters, StoreError,
        Submitted, starters::checked,
    },
};

/// Starters that were changed and are not written yet, as their last change left them.
#[derive(Default)]
pub(super) struct InLine(Mutex<Changed>);

#[derive(Default)]
pub(super) struct Changed {
    by_key: FxHashMap<String, Latest>,
    /// Numbers the changes.
    next: u64,
    /// The highest revision of those that were removed since the store was opened: one that comes back begins above it, so
    /// that whoever has read the one before cannot take it for that.
    removed: u64,
}

struct Latest {
    change: u64,
    starter: Option<Starter>,
}

/// What a change of a starter writes.
pub(super) struct Rows {
    change: u64,
    key: String,
    wake_before: Option<Timestamp>,
    starter: Option<Starter>,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Entries that are forgotten.
    forgotten: Range<u64>,
}

impl InLine {
    fn lock(&self) -> MutexGuard<'_, Changed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These can be read from the tree now.
    pub(super) fn written(&self, rows: &[Box<Rows>]) {
        if rows.is_empty() {
            return;
        }
        let mut changed = self.lock();
        for Rows { change, key, .. } in rows.iter().map(|rows| &**rows) {
            if changed.by_key.get(key).is_some_and(|latest| latest.change == *change) {
                changed.by_key.remove(key);
            }
        }
    }
}

impl Rows {
    pub(super) fn weight(&self) -> usize {
        let entries: usize = self.entries.iter().map(|(_, entry)| entry.len()).sum();
        entries + self.starter.as_ref().map_or(0, |starter| starter.content.len())
    }

    /// Adds what is written to a batch.
    pub(super) fn write(&self, db: &Db, batch: &mut sled::Batch) -> Result<(), Fault> {
        let key = keys::starter(&self.key);
        if let Some(wake) = self.wake_before {
            batch.remove(keys::wake(wake, &self.key));
        }
        match &self.starter {
            Some(starter) => {
                if let Some(wake) = starter.wake {
                    batch.insert(keys::wake(wake, &self.key), &[]);
                }
                sealed::insert(batch, key, &row(starter));
            }
            None => {
                sealed::remove(db, batch, key.clone())?;
                // Also what the same batch has put there.
                batch.remove(key);
            }
        }
        for (key, entry) in &self.entries {
            sealed::insert(batch, key.clone(), entry);
        }
        for number in self.forgotten.clone() {
            let key = keys::starter_entry(&self.key, number);
            sealed::remove(db, batch, key.clone())?;
            batch.remove(key);
        }
        Ok(())
    }
}

fn row(starter: &Starter) -> Vec<u8> {
    // The key is that of the row.
    let Starter { key: _, revision, definition, wake, content, entries } = starter;
    let mut out = Out::default();
    out.uint(*revision);
    out.text(definition);
    out.maybe(*wake, |out, wake| out.uint(wake.as_micros()));
    out.uint(*entries);
    out.raw(content);
    out.0
}

fn read_row(key: &str, row: &[u8]) -> Result<Starter, Damaged> {
    let mut read = In(row);
    Ok(Starter {
        key: key.to_owned(),
        revision: read.uint()?,
        definition: read.text()?.to_owned(),
        wake: read.maybe(|read| read.uint().map(Timestamp::from_micros))?,
        entries: read.uint()?,
        content: read.0.into(),
    })
}

fn stored(db: &Db, key: &str) -> Result<Option<Starter>, Fault> {
    let tree_key = keys::starter(key);
    let row = sealed::get(db, &tree_key)?;
    row.map(|row| read_row(key, &row).map_err(|damaged| Fault::damaged(&tree_key, damaged))).transpose()
}

impl SledStore {
    pub(super) fn start_change_starter(
        &self,
        change: StarterChange,
    ) -> Result<(StarterChanged, Waiting), StoreError> {
        checked(&change)?;
        self.shared.healthy()?;
        self.shared.queue.wait_for_room();
        let shared = &self.shared;
        // Held until the change is in line, so that what is read here is what the change follows.
        let mut changed = shared.starters.lock();
        let known = match changed.by_key.get(&change.key) {
            Some(latest) => latest.starter.clone(),
            None => stored(&shared.db, &change.key).map_err(|fault| shared.unreadable(fault))?,
        };
        if known.as_ref().map(|starter| starter.revision) != change.expect {
            return Ok((StarterChanged::Stale, None));
        }
        let (revision, run) = (change.expect.unwrap_or(changed.removed) + 1, change.run.clone());
        let is_removed = change.put.is_none();
        let number = changed.next;
        changed.next += 1;
        let rows = Box::new(rows(change, number, known, revision)?);
        let latest = (rows.key.clone(), Latest { change: number, starter: rows.starter.clone() });
        let (run, acked) = match run {
            Some(run) => match self.submit_with(&run, Some(rows))? {
                (Submitted::Created(fence), acked) => (run.worker.map(|_| fence), acked),
                (Submitted::Existing(run) | Submitted::Conflict(run), acked) => {
                    return Ok((StarterChanged::RunExists(run), acked));
                }
            },
            None => (None, self.send_rows(rows)?),
        };
        if is_removed {
            changed.removed = changed.removed.max(revision);
        }
        changed.by_key.insert(latest.0, latest.1);
        Ok((StarterChanged::Applied { revision, run }, acked))
    }
}

/// What a change writes that holds.
fn rows(
    change: StarterChange,
    number: u64,
    before: Option<Starter>,
    revision: u64,
) -> Result<Rows, StoreError> {
    let StarterChange { key, put, entries, at, .. } = change;
    let first = before.as_ref().map_or(0, |starter| starter.entries);
    let kept_from = |entries: u64| entries.saturating_sub(Starter::KEEP_ENTRIES);
    let wake_before = before.and_then(|starter| starter.wake);
    let Some(StarterPut { definition, wake, content }) = put else {
        let forgotten = kept_from(first)..first;
        return Ok(Rows { change: number, key, wake_before, starter: None, entries: Vec::new(), forgotten });
    };
    let next = first + entries.len() as u64;
    let entry = |(number, what): (u64, _)| {
        let mut out = Out::default();
        out.uint(at.as_micros());
        let what = codec::encode(&what)
            .map_err(|error| StoreError::new(format!("the history of `{key}` cannot be written: {error}")))?;
        out.raw(&what);
        Ok((keys::starter_entry(&key, number), out.0))
    };
    let numbered = (first..).zip(entries).filter(|(number, _)| *number >= kept_from(next));
    let entries = numbered.map(entry).collect::<Result<_, StoreError>>()?;
    let starter = Starter { key: key.clone(), revision, definition, wake, content, entries: next };
    let forgotten = kept_from(first)..kept_from(next).min(first);
    Ok(Rows { change: number, key, wake_before, starter: Some(starter), entries, forgotten })
}

impl Shared {
    pub(super) fn starters_of(&self, which: Starters, limit: usize) -> Result<Vec<Starter>, Fault> {
        match which {
            Starters::Key(key) => Ok(stored(&self.db, &key)?.into_iter().take(limit).collect()),
            Starters::Listed { prefix, after } => {
                let begin = keys::starter(&prefix);
                let from = match after.map(|after| keys::starter(&after)) {
                    Some(after) if after >= begin => Bound::Excluded(after),
                    _ => Bound::Included(begin.clone()),
                };
                let mut listed = Vec::new();
                for entry in self.db.range((from, Bound::Unbounded)).take(limit) {
                    let (key, stored) = entry?;
                    if !key.starts_with(&begin) {
                        break;
                    }
                    let damaged = |damaged| Fault::damaged(&key, damaged);
                    let row = sealed::content(&self.db, &key, &stored)?;
                    let name = keys::starter_of(&key).map_err(damaged)?;
                    listed.push(read_row(name, &row).map_err(damaged)?);
                }
                Ok(listed)
            }
            Starters::Due(until) => {
                let mut due = Vec::new();
                for entry in self.db.range(keys::wakes_until(until)).take(limit) {
                    let (key, _) = entry?;
                    let name = keys::woken(&key).map_err(|damaged| Fault::damaged(&key, damaged))?;
                    // One that was removed meanwhile is not due any more.
                    due.extend(stored(&self.db, name)?);
                }
                Ok(due)
            }
        }
    }

    pub(super) fn starter_entries(&self, starter: &str, page: Page<u64>) -> Result<Vec<StarterEntry>, Fault> {
        let from = match page.after.map(|after| after.checked_add(1)) {
            None => 0,
            Some(Some(from)) => from,
            Some(None) => return Ok(Vec::new()),
        };
        let (from, to) = (keys::starter_entry(starter, from), keys::starter_entry(starter, u64::MAX));
        let mut entries = Vec::new();
        for entry in self.db.range(from..=to).take(page.limit) {
            let (key, stored) = entry?;
            let content = sealed::content(&self.db, &key, &stored)?;
            let damaged = |damaged| Fault::damaged(&key, damaged);
            let mut read = In(&content);
            let number = keys::number_of(&key).map_err(damaged)?;
            let at = Timestamp::from_micros(read.uint().map_err(damaged)?);
            let what = codec::decode(read.0).map_err(|_| damaged(Damaged("it has another form")))?;
            entries.push(StarterEntry { number, at, what });
        }
        Ok(entries)
    }
}
