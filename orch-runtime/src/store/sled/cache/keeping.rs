//! Storing results, and making room for them.

use std::io;

use super::{
    SledCache,
    book::Book,
    edit::{Edit, Gone, NewEntry},
    hot::Hot,
    rows::{self, DefinitionId},
    sled_cache::{CacheSettings, locked},
};
use crate::{
    clock::Timestamp,
    codec,
    store::{
        CacheEntry, CacheKey, Lead, StoreError,
        sled::blobs::{BLOB_OVER, BlobId},
    },
};

/// Entries that are evicted at once: the next write goes on.
pub(super) const STEP: usize = 64;

/// Left-over blobs that are looked at with each write.
const ORPHANS: usize = 4;

/// Blobs that a crash may have left, as they are listed.
pub(super) type Orphans = Box<dyn Iterator<Item = io::Result<(BlobId, u64)>> + Send>;

impl SledCache {
    /// See [`Store::publish`](crate::store::Store::publish): the entry is readable when this returns.
    ///
    /// # Errors
    /// When it is larger than a limit, or cannot be written. The lead has ended all the same.
    pub(crate) fn publish(&self, lead: Lead, entry: CacheEntry) -> Result<(), StoreError> {
        let at = entry.at;
        let stored = self.insert(lead.key, entry);
        self.release(lead);
        stored.and_then(|()| self.sweep(at))
    }

    fn insert(&self, key: CacheKey, entry: CacheEntry) -> Result<(), StoreError> {
        let unwritable = |error| StoreError::new("its key cannot be written").caused_by(error);
        let parts = codec::encode(&*entry.parts).map_err(unwritable)?;
        let hot = Hot { value: entry.value.clone(), at: entry.at };
        let max = entry.max_size.unwrap_or(u64::MAX);
        let mut new = NewEntry { key, entry, parts, blob: None };
        if new.bytes() > max.min(self.settings.keep_bytes) {
            return Err(StoreError::too_large(new.bytes(), max, self.settings.keep_bytes));
        }
        let large = new.entry.value.len() > BLOB_OVER;
        let blob_writes = large.then(|| locked(&self.blob_writes));
        if large {
            let blob = self.blobs.put(&new.entry.value);
            new.blob = Some(blob.map_err(|error| StoreError::new(error.to_string()).caused_by(error))?);
        }
        let mut book = locked(&self.book);
        let mut edit = Edit::new(&self.database, &mut book)?;
        let id = edit.insert(&new)?;
        let gone = edit.apply()?;
        // Under the lock, so that of two values of one key the one on the disk is the one in memory.
        self.front.insert(key, hot);
        let evicted = self.evict(&mut book, |book| {
            book.get(id).filter(|definition| definition.row.bytes > max).map(|_| id)
        });
        drop((book, blob_writes));
        self.remove_blobs(gone)?;
        self.remove_blobs(evicted?)
    }

    /// Removes the oldest entry of the definition that `which` names, until it names none, but no more than a step.
    fn evict(
        &self,
        book: &mut Book,
        which: impl Fn(&Book) -> Option<DefinitionId>,
    ) -> Result<Gone, StoreError> {
        if which(book).is_none() {
            return Ok(Gone::default());
        }
        let mut edit = Edit::new(&self.database, book)?;
        for _ in 0..STEP {
            let Some(id) = which(edit.book()) else { break };
            edit.remove_oldest(id)?;
            edit.find_oldest()?;
        }
        let gone = edit.apply()?;
        gone.keys.iter().for_each(|key| drop(self.front.remove(key)));
        Ok(gone)
    }

    /// Evicts what is too old or too much, and removes what a crash left: one step of each. [`publish`](Self::publish)
    /// does it by itself; a store may do it now and then while nothing is published.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut book = locked(&self.book);
        book.refresh(&self.database)?;
        let CacheSettings { keep_bytes, keep_for, .. } = self.settings;
        book.find_oldest(&self.database)?;
        let gone = self.evict(&mut book, |book| {
            let (id, at) = book.oldest()?;
            (book.size().bytes > keep_bytes || now.since(at) > keep_for).then_some(id)
        });
        drop(book);
        self.remove_blobs(gone?)?;
        self.sweep_orphans()
    }

    fn sweep_orphans(&self) -> Result<(), StoreError> {
        let mut orphans = locked(&self.orphans);
        let Some(list) = orphans.as_mut() else { return Ok(()) };
        let seen: Vec<BlobId> =
            list.by_ref().take(ORPHANS).filter_map(Result::ok).map(|(blob, _)| blob).collect();
        if seen.is_empty() {
            *orphans = None;
        }
        drop(orphans);
        self.remove_blobs(Gone { blobs: seen, ..Gone::default() })
    }

    /// Removes those of these blobs that no entry names.
    pub(super) fn remove_blobs(&self, gone: Gone) -> Result<(), StoreError> {
        for blob in gone.blobs {
            let _writes = locked(&self.blob_writes);
            if self.database.get(&rows::blob_key(&blob))?.is_none() {
                let removed = self.blobs.remove(blob);
                removed.map_err(|error| StoreError::new(error.to_string()).caused_by(error))?;
            }
        }
        Ok(())
    }
}
