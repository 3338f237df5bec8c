//! Looking into the cache, and emptying it.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Core, Runtime};
use crate::{
    clock::Timestamp,
    engine::{self, Call, Kind},
    error::{Error, ErrorKind, Result},
    store::{CacheFilter, CacheKey, CacheSize, CachedResult, Forget, Miss, Page, StoreError},
};

/// The cached results of a runtime: listed, explained, forgotten. See [`Runtime::cache`].
///
/// ```
/// # extern crate orch_runtime as orch;
/// # use orch::Runtime;
/// use orch::store::{CacheFilter, MemoryStore, Page};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let runtime = Runtime::builder().store(MemoryStore::new()).build()?;
/// let cache = runtime.cache();
/// let of_find_price = CacheFilter { name: Some("shop::find_price".into()) };
/// for result in cache.list(of_find_price, Page::first(10)).await? {
///     println!("{} bytes, computed at {:?}", result.bytes, result.at.as_system_time());
/// }
/// cache.forget("shop::find_price").await?;
/// assert_eq!(cache.stats().await?.entries, 0);
/// # Ok::<_, orch::Error>(())
/// # }).unwrap()
/// ```
#[derive(Clone)]
pub struct Cache {
    core: Arc<Core>,
}

/// What the cache would say to a call; see [`Cache::explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Explained {
    /// It has the result.
    Hit {
        /// The key under which it lies.
        key: CacheKey,
        /// When it was computed.
        at: Timestamp,
        /// How long ago that was.
        age: Duration,
    },
    /// It has not, for this reason.
    Miss(Miss),
    /// It would not be asked: the task has no `cache` option, the call says `no_cache`, or it is a flow's.
    NotCached,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit { age, .. } => write!(f, "hit: computed {age:?} ago"),
            Self::Miss(miss) => write!(f, "miss: {miss}"),
            Self::NotCached => f.write_str("not cached"),
        }
    }
}

/// How much the cache holds, and how often it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Results.
    pub entries: u64,
    /// Bytes that they take, with what is stored beside the values.
    pub bytes: u64,
    /// Calls of this runtime that found their result.
    pub hits: u64,
    /// Calls of this runtime that did not, and computed it.
    pub misses: u64,
}

/// All results of the definition of this full name.
impl From<&str> for Forget {
    fn from(name: &str) -> Self {
        Self::Definition(name.to_owned())
    }
}

/// One result.
impl From<CacheKey> for Forget {
    fn from(key: CacheKey) -> Self {
        Self::Key(key)
    }
}

impl Runtime {
    /// The cached results of this runtime's store.
    pub fn cache(&self) -> Cache {
        Cache { core: self.core() }
    }
}

impl Cache {
    /// Cached results, the one that was stored last first. A page goes on after the
    /// [number](CachedResult::number) of the last result before it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self, filter: CacheFilter, page: Page<u64>) -> Result<Vec<CachedResult>> {
        self.core.store.cache_entries(filter, page).await.map_err(|error| failed("read", &error))
    }

    /// What the cache would say to this call, if it were awaited here and now: that it has the result and how old
    /// that is, or why not, with the parts of the key that differ from what it has. The call does not run, and
    /// leaves no trace.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # use orch::{Call, Runtime};
    /// # async fn explains(runtime: Runtime, find_price: fn(&str) -> Call<u32>) -> Result<(), orch::Error> {
    /// let why = runtime.cache().explain(find_price("https://shop.example/1")).await?;
    /// println!("{why}"); // "hit: computed 12s ago" or "miss: changed: argument `url`"
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The answer is not recorded. A flow that decides by it would decide differently when it is resumed; a task may.
    ///
    /// # Errors
    /// When the store cannot be read, or the call could not run: its input cannot be written, its definition's
    /// name is taken twice, or it is under way already.
    pub async fn explain<T, K: Kind>(&self, call: Call<T, K>) -> Result<Explained> {
        let prepared = call.into_prepared();
        let prepared = prepared.ok_or_else(|| {
            Error::runtime("a call that is being awaited cannot be explained any more; write it anew")
        })?;
        engine::explain(&self.core, prepared).await
    }

    /// Removes the results of a definition, by its full name, or one result, by its key; says how many there were.
    /// [`Forget::All`] is [`clear`](Self::clear).
    ///
    /// # Errors
    /// When the store cannot be written.
    ///
    /// # Cancel safety
    /// Dropping the future may leave some of the results.
    pub async fn forget(&self, which: impl Into<Forget>) -> Result<u64> {
        self.core.store.cache_forget(which.into()).await.map_err(|error| failed("written", &error))
    }

    /// Removes every result, and says how many there were.
    ///
    /// # Errors
    /// When the store cannot be written.
    ///
    /// # Cancel safety
    /// Dropping the future may leave some of the results.
    pub async fn clear(&self) -> Result<u64> {
        self.forget(Forget::All).await
    }

    /// How much the cache holds, and how often the calls of this runtime have found their result there.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn stats(&self) -> Result<CacheStats> {
        let size = self.core.store.cache_size().await;
        let CacheSize { entries, bytes } = size.map_err(|error| failed("read", &error))?;
        let asked = &self.core.cache_use;
        let (hits, misses) = (asked.hits.load(Ordering::Relaxed), asked.misses.load(Ordering::Relaxed));
        Ok(CacheStats { entries, bytes, hits, misses })
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("store", &self.core.store.location()).finish_non_exhaustive()
    }
}

fn failed(done: &str, error: &StoreError) -> Error {
    Error::plain(ErrorKind::Store, format!("the cache cannot be {done}: {error}"))
}
