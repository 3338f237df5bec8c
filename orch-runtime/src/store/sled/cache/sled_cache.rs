//! The cache: what the store asks of it.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quick_cache::sync::GuardResult;

use super::{
    book::Book,
    database::Database,
    hot::{self, Front, Hot},
    keeping::Orphans,
    opening::{self, Opened},
    reading,
    rows::{self, EntryRow, Value},
};
use crate::{
    cache::{Leads, Turn},
    clock::Timestamp,
    codec::Bytes,
    observe,
    store::{
        CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Lead, Lookup, Miss, Page, StoreError,
        sled::blobs::Blobs,
    },
};

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

/// Cached results in a directory, with the hot ones in memory. Its methods answer on the caller's thread.
///
/// Lock order: blobs, then book. Leads are taken alone.
pub(crate) struct SledCache {
    pub(super) front: Front,
    pub(super) database: Database,
    pub(super) blobs: Blobs,
    pub(super) book: Mutex<Book>,
    /// Held from writing or keeping a blob to the row that names it, and while one is removed.
    pub(super) blob_writes: Mutex<()>,
    pub(super) leads: Mutex<Leads>,
    /// What a crash may have left without a row that names it.
    pub(super) orphans: Mutex<Option<Orphans>>,
    pub(super) settings: CacheSettings,
    pub(super) set_aside: Option<String>,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
            observe::warn_outside(text);
        }
        let orphans = blobs.list().ok().map(|list| Box::new(list) as Orphans);
        Ok(Self {
            front: hot::front(settings.front_bytes),
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
    #[cfg(test)]
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
        f.debug_struct("SledCache")
            .field("settings", &self.settings)
            .field("set_aside", &self.set_aside)
            .finish_non_exhaustive()
    }
}
