//! The cache: what the store asks of it.

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quick_cache::sync::{Cache as Front, GuardResult};
use rustc_hash::FxBuildHasher;

use super::{
    book::Book,
    database::Database,
    edit::{Edit, Gone, NewEntry},
    opening::{self, Opened},
    reading,
    rows::{self, DefinitionId, EntryRow, Value},
};
use crate::{
    cache::{Leads, Turn},
    clock::Timestamp,
    codec::{self, Bytes},
    observe,
    store::{
        CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Forget, Lead, Lookup, Miss,
        Page, StoreError,
        sled::blobs::{BLOB_OVER, BlobId, Blobs},
    },
};

/// Entries that are evicted at once: the next write goes on.
const STEP: usize = 64;

/// Left-over blobs that are looked at with each write.
const ORPHANS: usize = 4;

/// How much a [`SledCache`] keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheSettings {
    /// The most bytes of results; the oldest are evicted first. sled's files may take a few times as much.
    pub(crate) keep_bytes: u64,
    /// Results older than this are evicted.
    pub(crate) keep_for: Duration,
    /// Bytes of values that are kept in memory because they were used lately.
    pub(crate) front_bytes: u64,
    /// Bytes of memory that sled may use.
    pub(crate) database_memory: u64,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            keep_bytes: 1 << 30,
            keep_for: Duration::from_secs(90 * 24 * 60 * 60),
            front_bytes: 32 << 20,
            database_memory: 128 << 20,
        }
    }
}

/// A value in memory.
#[derive(Clone)]
struct Hot {
    value: Bytes,
    at: Timestamp,
}

#[derive(Clone)]
struct ByBytes;

impl quick_cache::Weighter<CacheKey, Hot> for ByBytes {
    fn weight(&self, _: &CacheKey, hot: &Hot) -> u64 {
        hot.value.len() as u64 + 128
    }
}

/// Cached results in a directory, with the hot ones in memory. Its methods answer on the caller's thread.
///
/// Lock order: blobs, then book. Leads are taken alone.
pub(crate) struct SledCache {
    front: Front<CacheKey, Hot, ByBytes, FxBuildHasher>,
    pub(super) database: Database,
    blobs: Blobs,
    book: Mutex<Book>,
    /// Held from writing or keeping a blob to the row that names it, and while one is removed.
    blob_writes: Mutex<()>,
    leads: Mutex<Leads>,
    /// What a crash may have left without a row that names it.
    orphans: Mutex<Option<Box<dyn Iterator<Item = io::Result<(BlobId, u64)>> + Send>>>,
    settings: CacheSettings,
    set_aside: Option<String>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is kept under a key.
enum Found {
    Hit(Bytes, Timestamp),
    Expired(Duration),
    Nothing,
    Unreadable(String),
}

impl SledCache {
    /// Opens the cache in `dir`. One that is damaged is moved aside, with a warning, and starts empty.
    ///
    /// # Errors
    /// When the directory cannot be used, or another process uses it; the text names it.
    pub(crate) fn open(
        dir: impl Into<PathBuf>,
        settings: CacheSettings,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let dir = dir.into();
        let Opened { database, blobs, book, set_aside } = opening::open(&dir, settings.database_memory, now)?;
        if let Some(text) = &set_aside {
            observe::warn_of_store(text);
        }
        let orphans = blobs.list().ok().map(|list| Box::new(list) as Box<_>);
        let items = (settings.front_bytes / 512).max(16) as usize;
        Ok(Self {
            front: Front::with(items, settings.front_bytes, ByBytes, FxBuildHasher, Default::default()),
            database,
            blobs,
            book: Mutex::new(book),
            blob_writes: Mutex::default(),
            leads: Mutex::default(),
            orphans: Mutex::new(orphans),
            settings,
            set_aside,
        })
    }

    /// What happened to an earlier cache that could not be opened, and where it is now.
    pub(crate) fn set_aside(&self) -> Option<&str> {
        self.set_aside.as_deref()
    }

    /// See [`Store::cached`](crate::store::Store::cached).
    pub(crate) fn cached(
        &self,
        key: &CacheKey,
        at: Timestamp,
        ttl: Option<Duration>,
    ) -> Option<(Bytes, Timestamp)> {
        match self.find(key, at, ttl) {
            Found::Hit(value, at) => Some((value, at)),
            Found::Expired(_) | Found::Nothing | Found::Unreadable(_) => None,
        }
    }

    /// See [`Store::lookup_or_lead`](crate::store::Store::lookup_or_lead).
    pub(crate) fn lookup(&self, lookup: &CacheLookup) -> Lookup {
        let first = self.read(lookup);
        if let Some(Found::Hit(value, at)) = first {
            return Lookup::Hit(value, at);
        }
        if !lookup.lead {
            return Lookup::Busy(self.miss(lookup, first));
        }
        let turn = locked(&self.leads).turn(lookup.key, lookup.follow);
        match turn {
            Turn::Lead(lead) => match self.read(lookup) {
                // Somebody else's lead ended between the first look and this one's begin.
                Some(Found::Hit(value, at)) => {
                    self.release(lead);
                    Lookup::Hit(value, at)
                }
                again => Lookup::Lead(lead, self.miss(lookup, again)),
            },
            Turn::Follow(ended) => Lookup::Follow(ended),
            Turn::Busy => Lookup::Busy(self.miss(lookup, first)),
        }
    }

    /// `None` where no entry counts.
    fn read(&self, lookup: &CacheLookup) -> Option<Found> {
        lookup.read.then(|| self.find(&lookup.key, lookup.at, lookup.ttl))
    }

    fn find(&self, key: &CacheKey, now: Timestamp, ttl: Option<Duration>) -> Found {
        match self.hot(key) {
            Ok(Some(Hot { value, at })) => {
                let age = now.since(at);
                if ttl.is_some_and(|ttl| age >= ttl) { Found::Expired(age) } else { Found::Hit(value, at) }
            }
            Ok(None) => Found::Nothing,
            Err(why) => Found::Unreadable(why),
        }
    }

    /// The value from memory, or from the disk into memory.
    fn hot(&self, key: &CacheKey) -> Result<Option<Hot>, String> {
        match self.front.get_value_or_guard(key, Some(Duration::ZERO)) {
            GuardResult::Value(hot) => Ok(Some(hot)),
            GuardResult::Guard(place) => {
                let found = self.cold(key)?;
                if let Some(hot) = &found {
                    // Refused when another value was stored or removed meanwhile, which is what is wanted.
                    let _ = place.insert(hot.clone());
                }
                Ok(found)
            }
            // Another thread reads it.
            GuardResult::Timeout => self.cold(key),
        }
    }

    fn cold(&self, key: &CacheKey) -> Result<Option<Hot>, String> {
        let row_key = rows::entry_key(key);
        let Some(row) = self.database.get(&row_key).map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let entry = EntryRow::read(&row_key, &row)
            .map_err(|rows::Damaged| "its record in the cache is damaged".to_owned())?;
        let value = match entry.value {
            Value::Here(value) => value.into(),
            Value::Blob(blob) => self.blobs.get(blob).map_err(|error| error.to_string())?,
        };
        Ok(Some(Hot { value, at: entry.at }))
    }

    fn miss(&self, lookup: &CacheLookup, found: Option<Found>) -> Miss {
        match found {
            None => Miss::Refresh,
            Some(Found::Expired(age)) => Miss::Expired(age),
            Some(Found::Unreadable(why)) => Miss::Unreadable(why),
            Some(Found::Nothing | Found::Hit(..)) => {
                let mut book = locked(&self.book);
                let explained = book
                    .refresh(&self.database)
                    .and_then(|()| book.explain(&self.database, &lookup.key, &lookup.parts));
                explained.unwrap_or_else(|error| Miss::Unreadable(error.to_string()))
            }
        }
    }

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
    fn remove_blobs(&self, gone: Gone) -> Result<(), StoreError> {
        for blob in gone.blobs {
            let _writes = locked(&self.blob_writes);
            if self.database.get(&rows::blob_key(&blob))?.is_none() {
                let removed = self.blobs.remove(blob);
                removed.map_err(|error| StoreError::new(error.to_string()).caused_by(error))?;
            }
        }
        Ok(())
    }

    /// See [`Store::release`](crate::store::Store::release).
    pub(crate) fn release(&self, lead: Lead) {
        locked(&self.leads).release(lead);
    }

    /// See [`Store::cache_entries`](crate::store::Store::cache_entries).
    pub(crate) fn entries(
        &self,
        filter: &CacheFilter,
        page: Page<u64>,
    ) -> Result<Vec<CachedResult>, StoreError> {
        let ids = {
            let mut book = locked(&self.book);
            book.refresh(&self.database)?;
            match &filter.name {
                None => book.ids(),
                Some(name) => book.id_of(name).into_iter().collect(),
            }
        };
        reading::list(&self.database, &ids, page)
    }

    /// See [`Store::cache_forget`](crate::store::Store::cache_forget). Gives way to others after every step.
    pub(crate) async fn forget(&self, which: Forget) -> Result<u64, StoreError> {
        let ids = match which {
            Forget::Key(key) => return self.forget_key(&key),
            Forget::Definition(name) => locked(&self.book).id_of(&name).into_iter().collect(),
            Forget::All => locked(&self.book).ids(),
        };
        let mut forgotten = 0;
        for id in ids {
            while let Some(step) = self.forget_step(id)? {
                forgotten += step;
                tokio::task::yield_now().await;
            }
        }
        Ok(forgotten)
    }

    fn forget_key(&self, key: &CacheKey) -> Result<u64, StoreError> {
        let mut book = locked(&self.book);
        let mut edit = Edit::new(&self.database, &mut book)?;
        let was_there = edit.remove(key)?;
        edit.unlearn(key)?;
        let gone = edit.apply()?;
        self.front.remove(key);
        drop(book);
        self.remove_blobs(gone)?;
        Ok(u64::from(was_there))
    }

    /// `None` when nothing was left.
    fn forget_step(&self, id: DefinitionId) -> Result<Option<u64>, StoreError> {
        let mut book = locked(&self.book);
        let mut edit = Edit::new(&self.database, &mut book)?;
        let mut places = 0;
        while places < STEP && edit.remove_oldest(id)? {
            places += 1;
        }
        if places < STEP {
            edit.unlearn_all(id);
        }
        let gone = edit.apply()?;
        gone.keys.iter().for_each(|key| drop(self.front.remove(key)));
        drop(book);
        let entries = gone.keys.len() as u64;
        self.remove_blobs(gone)?;
        Ok((places > 0).then_some(entries))
    }

    /// See [`Store::cache_size`](crate::store::Store::cache_size).
    pub(crate) fn size(&self) -> CacheSize {
        locked(&self.book).size()
    }

    /// Hands everything to the operating system, as sled does twice a second by itself.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.database.flush()
    }
}

impl std::fmt::Debug for SledCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledCache").field("settings", &self.settings).finish_non_exhaustive()
    }
}
