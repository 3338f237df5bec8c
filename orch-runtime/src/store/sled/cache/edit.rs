//! One change of the database: entries come and go, and with them, in the same batch, everything that counts and
//! orders them.

use std::collections::{BTreeMap, BTreeSet};

use sled::Batch;

use super::{
    book::Book,
    database::Database,
    rows::{self, DefinitionId, EntryRow, OrderRow, RecentRow, Value},
};
use crate::{
    codec::Bytes,
    store::{CacheEntry, CacheKey, StoreError, sled::blobs::BlobId},
};

/// Bytes of an entry's rows beside its value and its parts.
const ROWS: u64 = 200;

/// A change that has not been applied.
pub(super) struct Edit<'a> {
    database: &'a Database,
    book: &'a mut Book,
    batch: Batch,
    touched: BTreeSet<DefinitionId>,
    blobs: BTreeMap<BlobId, i64>,
    gone: Gone,
}

/// What went with a change.
#[derive(Default)]
pub(super) struct Gone {
    pub(super) keys: Vec<CacheKey>,
    /// Blobs that no entry names any more.
    pub(super) blobs: Vec<BlobId>,
}

/// A new entry, ready to be written.
pub(super) struct NewEntry {
    pub(super) key: CacheKey,
    pub(super) entry: CacheEntry,
    /// The encoded parts.
    pub(super) parts: Bytes,
    /// Where the value is, if it is large.
    pub(super) blob: Option<BlobId>,
}

impl NewEntry {
    pub(super) fn bytes(&self) -> u64 {
        (self.entry.value.len() + self.parts.len()) as u64 + ROWS
    }
}

impl<'a> Edit<'a> {
    /// Starts a change. The book shows it at once; [`apply`](Self::apply) must follow.
    pub(super) fn new(database: &'a Database, book: &'a mut Book) -> Result<Self, StoreError> {
        book.refresh(database)?;
        // Until everything is applied.
        book.stale = true;
        let (batch, gone) = (Batch::default(), Gone::default());
        Ok(Self { database, book, batch, touched: BTreeSet::new(), blobs: BTreeMap::new(), gone })
    }

    /// The book as it will be.
    pub(super) fn book(&self) -> &Book {
        self.book
    }

    /// An entry comes, instead of the one that its key has.
    pub(super) fn insert(&mut self, new: &NewEntry) -> Result<DefinitionId, StoreError> {
        self.remove(&new.key)?;
        let (id, number) = self.book.enter(&new.entry.parts.name);
        let Some(definition) = self.book.get_mut(id) else { return Ok(id) };
        definition.row.entries += 1;
        definition.row.bytes += new.bytes();
        definition.row.last = number;
        let recent = RecentRow { number, key: new.key, parts: new.entry.parts.clone() };
        let slot = definition.remember(id, self.database, recent)?;
        self.touched.insert(id);

        let key = rows::entry_key(&new.key);
        let value = new.blob.map_or(Value::Here(&new.entry.value), Value::Blob);
        let row = EntryRow { definition: id, number, at: new.entry.at, parts: &new.parts, value };
        self.batch.insert(&key[..], row.write(&key));
        let order = OrderRow { entry: new.key, at: new.entry.at, bytes: new.bytes() };
        let key = rows::order_key(id, number);
        let row = order.write(&key);
        self.batch.insert(key, row);
        let key = rows::recent_key(id, slot);
        let row = RecentRow::write(&key, number, &new.key, &new.parts);
        self.batch.insert(key, row);
        if let Some(blob) = new.blob {
            *self.blobs.entry(blob).or_default() += 1;
        }
        Ok(id)
    }

    /// The entry of this key goes, if there is one; says whether there was.
    pub(super) fn remove(&mut self, key: &CacheKey) -> Result<bool, StoreError> {
        let row_key = rows::entry_key(key);
        let Some(row) = self.database.get(&row_key)? else { return Ok(false) };
        self.batch.remove(&row_key[..]);
        self.gone.keys.push(*key);
        // What a damaged one counted for is found when its place in the order has its turn.
        let Ok(entry) = EntryRow::read(&row_key, &row) else { return Ok(true) };
        if let Some(blob) = entry.blob() {
            *self.blobs.entry(blob).or_default() -= 1;
        }
        let order_key = rows::order_key(entry.definition, entry.number);
        if let Some(row) = self.database.get(&order_key)? {
            let bytes = OrderRow::read(&order_key, &row).map_or(0, |order| order.bytes);
            self.batch.remove(order_key);
            self.uncount(entry.definition, bytes);
            if let Some(definition) = self.book.get_mut(entry.definition)
                && definition.oldest == entry.number
            {
                definition.oldest_at = None;
            }
        }
        Ok(true)
    }

    /// The oldest entry of a definition goes; says whether there was one. Only once per change and definition
    /// unless nothing else of the definition changes.
    pub(super) fn remove_oldest(&mut self, id: DefinitionId) -> Result<bool, StoreError> {
        let Some(definition) = self.book.get_mut(id) else { return Ok(false) };
        self.touched.insert(id);
        let Some((number, order)) = definition.oldest(id, self.database)? else { return Ok(false) };
        definition.oldest = number + 1;
        definition.oldest_at = None;
        self.batch.remove(rows::order_key(id, number));
        self.uncount(id, order.as_ref().map_or(0, |order| order.bytes));
        if let Some(OrderRow { entry: key, .. }) = order {
            let row_key = rows::entry_key(&key);
            let row = self.database.get(&row_key)?;
            let entry = row.as_ref().map(|row| EntryRow::read(&row_key, row));
            // One that was stored anew has another place in the order; one that is damaged has none.
            let goes = match &entry {
                None => false,
                Some(Ok(entry)) => entry.number == number,
                Some(Err(rows::Damaged)) => true,
            };
            if goes {
                self.batch.remove(&row_key[..]);
                self.gone.keys.push(key);
                if let Some(blob) = entry.and_then(Result::ok).and_then(|entry| entry.blob()) {
                    *self.blobs.entry(blob).or_default() -= 1;
                }
            }
        }
        Ok(true)
    }

    /// What is remembered of this key goes.
    pub(super) fn unlearn(&mut self, key: &CacheKey) -> Result<(), StoreError> {
        for (id, definition) in self.book.definitions() {
            if let Some(slot) = definition.unlearn(id, self.database, key)? {
                self.batch.remove(rows::recent_key(id, slot));
            }
        }
        Ok(())
    }

    /// All that is remembered of a definition's keys goes.
    pub(super) fn unlearn_all(&mut self, id: DefinitionId) {
        let Some(definition) = self.book.get_mut(id) else { return };
        for slot in definition.unlearn_all() {
            self.batch.remove(rows::recent_key(id, slot));
        }
    }

    /// See [`Book::find_oldest`].
    pub(super) fn find_oldest(&mut self) -> Result<(), StoreError> {
        self.book.find_oldest(self.database)
    }

    fn uncount(&mut self, id: DefinitionId, bytes: u64) {
        self.touched.insert(id);
        if let Some(definition) = self.book.get_mut(id) {
            definition.row.entries = definition.row.entries.saturating_sub(1);
            definition.row.bytes = definition.row.bytes.saturating_sub(bytes);
        }
    }

    /// Writes everything or nothing.
    pub(super) fn apply(mut self) -> Result<Gone, StoreError> {
        for id in &self.touched {
            let Some(definition) = self.book.get(*id) else { continue };
            let key = rows::definition_key(*id);
            let row = definition.row.write(&key);
            self.batch.insert(key, row);
        }
        for (blob, change) in &self.blobs {
            let key = rows::blob_key(blob);
            let row = self.database.get(&key)?;
            let before = row.and_then(|row| rows::read_number(&key, &row).ok()).unwrap_or(0);
            let now = before.saturating_add_signed(*change);
            if now == 0 {
                self.batch.remove(key);
                self.gone.blobs.push(*blob);
            } else {
                let row = rows::write_number(&key, now);
                self.batch.insert(key, row);
            }
        }
        self.database.apply(self.batch)?;
        self.book.stale = false;
        Ok(self.gone)
    }
}
