//! What is known of every definition without asking the database: how much of it is kept, and which keys it had
//! lately.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    database::Database,
    rows::{self, DefinitionId, DefinitionRow, OrderRow, RecentRow},
};
use crate::{
    cache::{REMEMBERED, explain},
    clock::Timestamp,
    store::{CacheKey, CacheSize, KeyParts, Miss, StoreError},
};

/// All definitions that have or had results. There are as many as a program has cached tasks.
#[derive(Default)]
pub(super) struct Book {
    definitions: BTreeMap<DefinitionId, Definition>,
    by_name: HashMap<Arc<str>, DefinitionId>,
    /// The number that the next entry gets.
    next: u64,
    /// A write failed: what stands here may never have reached the database.
    pub(super) stale: bool,
}

/// One definition.
pub(super) struct Definition {
    pub(super) row: DefinitionRow,
    /// Read when somebody asks for the first time; at most [`REMEMBERED`], the newest last.
    recent: Option<Vec<Recent>>,
    /// No entry has a lower number.
    pub(super) oldest: u64,
    /// When the oldest entry was computed, where that is known.
    pub(super) oldest_at: Option<Timestamp>,
}

struct Recent {
    slot: u8,
    row: RecentRow,
}

impl Book {
    /// Reads one row per definition.
    pub(super) fn load(database: &Database) -> Result<Self, StoreError> {
        let mut book = Self::default();
        for (key, row) in database.all(&rows::prefix(b'd', None))? {
            let read = rows::definition_of(&key).and_then(|id| Ok((id, DefinitionRow::read(&key, &row)?)));
            let Ok((id, row)) = read else {
                return Err(StoreError::new("a count of its results is damaged"));
            };
            book.next = book.next.max(row.last);
            book.by_name.insert(row.name.clone(), id);
            book.definitions.insert(id, Definition::new(row));
        }
        Ok(book)
    }

    /// Reads everything anew after a write that failed.
    pub(super) fn refresh(&mut self, database: &Database) -> Result<(), StoreError> {
        if self.stale {
            // Numbers that were given stay given: an entry under one of them may be on its way all the same.
            let next = self.next;
            *self = Self::load(database)?;
            self.next = self.next.max(next);
        }
        Ok(())
    }

    pub(super) fn size(&self) -> CacheSize {
        let rows = self.definitions.values().map(|definition| &definition.row);
        rows.fold(CacheSize::default(), |sum, row| CacheSize {
            entries: sum.entries + row.entries,
            bytes: sum.bytes + row.bytes,
        })
    }

    pub(super) fn id_of(&self, name: &str) -> Option<DefinitionId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn ids(&self) -> Vec<DefinitionId> {
        self.definitions.keys().copied().collect()
    }

    pub(super) fn get(&self, id: DefinitionId) -> Option<&Definition> {
        self.definitions.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: DefinitionId) -> Option<&mut Definition> {
        self.definitions.get_mut(&id)
    }

    pub(super) fn definitions(&mut self) -> impl Iterator<Item = (DefinitionId, &mut Definition)> {
        self.definitions.iter_mut().map(|(id, definition)| (*id, definition))
    }

    /// The number of this name, a new one if it has none, and the number of its next entry.
    pub(super) fn enter(&mut self, name: &str) -> (DefinitionId, u64) {
        self.next += 1;
        let id = self.id_of(name).unwrap_or_else(|| {
            let id = self.definitions.keys().next_back().map_or(1, |last| last + 1);
            let name: Arc<str> = name.into();
            self.by_name.insert(name.clone(), id);
            let row = DefinitionRow { entries: 0, bytes: 0, last: 0, name };
            self.definitions.insert(id, Definition { recent: Some(Vec::new()), ..Definition::new(row) });
            id
        });
        (id, self.next)
    }

    /// Finds out when the oldest entry of every definition was computed, where that is not known.
    pub(super) fn find_oldest(&mut self, database: &Database) -> Result<(), StoreError> {
        for (id, definition) in self.definitions() {
            if definition.row.entries > 0 && definition.oldest_at.is_none() {
                definition.oldest(id, database)?;
            }
        }
        Ok(())
    }

    /// The definition whose oldest entry has the lowest number, and when that entry was computed.
    pub(super) fn oldest(&self) -> Option<(DefinitionId, Timestamp)> {
        let known = self.definitions.iter().filter(|(_, definition)| definition.row.entries > 0);
        let (id, oldest) = known.min_by_key(|(_, definition)| definition.oldest)?;
        Some((*id, oldest.oldest_at?))
    }

    /// Why `key`, made of `asked`, has no entry.
    pub(super) fn explain(
        &mut self,
        database: &Database,
        key: &CacheKey,
        asked: &KeyParts,
    ) -> Result<Miss, StoreError> {
        let Some(id) = self.id_of(&asked.name) else { return Ok(Miss::NeverStored) };
        let Some(definition) = self.definitions.get_mut(&id) else { return Ok(Miss::NeverStored) };
        let recent = definition.recent(id, database)?;
        let newest_first = recent.iter().rev().map(|recent| (&recent.row.key, &*recent.row.parts));
        Ok(explain(newest_first, key, asked))
    }
}

impl Definition {
    fn new(row: DefinitionRow) -> Self {
        Self { row, recent: None, oldest: 0, oldest_at: None }
    }

    fn recent(&mut self, id: DefinitionId, database: &Database) -> Result<&mut Vec<Recent>, StoreError> {
        let recent = match self.recent.take() {
            Some(recent) => recent,
            None => {
                let mut recent = Vec::new();
                for (key, row) in database.all(&rows::prefix(b'r', Some(id)))? {
                    // A damaged one explains nothing; its slot is written again when its turn comes.
                    let read = rows::slot_of(&key).and_then(|slot| Ok((slot, RecentRow::read(&key, &row)?)));
                    recent.extend(read.ok().map(|(slot, row)| Recent { slot, row }));
                }
                recent.sort_by_key(|recent| recent.row.number);
                recent
            }
        };
        Ok(self.recent.insert(recent))
    }

    /// Remembers a key as the newest one, and says in which slot.
    pub(super) fn remember(
        &mut self,
        id: DefinitionId,
        database: &Database,
        row: RecentRow,
    ) -> Result<u8, StoreError> {
        let recent = self.recent(id, database)?;
        let known = recent.iter().position(|known| known.row.key == row.key);
        let free = (0..REMEMBERED as u8).find(|slot| recent.iter().all(|known| known.slot != *slot));
        let slot = match (known, free) {
            (Some(known), _) => recent.remove(known).slot,
            (None, Some(free)) => free,
            (None, None) => recent.remove(0).slot,
        };
        recent.push(Recent { slot, row });
        Ok(slot)
    }

    /// Forgets a key, and says in which slot it was.
    pub(super) fn unlearn(
        &mut self,
        id: DefinitionId,
        database: &Database,
        key: &CacheKey,
    ) -> Result<Option<u8>, StoreError> {
        let recent = self.recent(id, database)?;
        let known = recent.iter().position(|known| known.row.key == *key);
        Ok(known.map(|known| recent.remove(known).slot))
    }

    /// Forgets all keys, and says in which slots they were.
    pub(super) fn unlearn_all(&mut self) -> impl Iterator<Item = u8> + use<> {
        self.recent = Some(Vec::new());
        0..REMEMBERED as u8
    }

    /// The order row of the oldest entry and its number. Where there is none the counts cannot be right, and are
    /// put right: an entry that was lost with a part of the database is counted no longer.
    pub(super) fn oldest(
        &mut self,
        id: DefinitionId,
        database: &Database,
    ) -> Result<Option<(u64, Option<OrderRow>)>, StoreError> {
        let found = database.first(&rows::prefix(b'o', Some(id)), &rows::order_key(id, self.oldest))?;
        let Some((key, row)) = found else {
            (self.row.entries, self.row.bytes) = (0, 0);
            return Ok(None);
        };
        let number = rows::number_of(&key).unwrap_or(self.oldest);
        let order = OrderRow::read(&key, &row).ok();
        self.oldest = number;
        // One whose place is damaged is as old as can be, so that it goes first.
        self.oldest_at = Some(order.as_ref().map_or_else(Timestamp::default, |order| order.at));
        Ok(Some((number, order)))
    }
}
