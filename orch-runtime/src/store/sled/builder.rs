//! How a store is opened.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    actor::{Actor, Backend, Inbox},
    blobs::{BlobSync, Blobs},
    cache::{CacheSettings, SledCache},
    db::{Db, Fault},
    layout::{Layout, refused},
    log::Log,
    queue::Taken,
    recover,
    shared::{Dir, Item, Shared, ToWriter},
    store::SledStore,
};
use crate::{clock::Clock, store::StoreError};

/// What a [`SledStore`] waits for before it calls something durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// The disk has it: it survives the loss of power. The default.
    #[default]
    Fsync,
    /// The operating system has it: it survives the end of the process, also `kill -9`, but not the loss of power.
    Process,
    /// Nothing: what was acknowledged last may be lost with the process. For work that can be repeated.
    Relaxed,
}

/// Chooses how a [`SledStore`] is opened.
#[derive(Clone, Debug)]
pub struct SledStoreBuilder {
    pub(super) dir: PathBuf,
    pub(super) mode: SyncMode,
    pub(super) cache: CacheSettings,
}

impl SledStoreBuilder {
    /// What is waited for before something counts as durable. Default: [`SyncMode::Fsync`].
    pub fn durability(mut self, mode: SyncMode) -> Self {
        self.mode = mode;
        self
    }

    /// The most bytes of cached results; the oldest are evicted first. The files may take a few times as much, until the
    /// database has tidied up. Default: 1 GiB.
    pub fn keep_cache(mut self, bytes: u64) -> Self {
        self.cache.keep_bytes = bytes;
        self
    }

    /// How long a cached result is kept. A task's own `ttl` may be shorter. Default: 90 days.
    pub fn keep_cache_for(mut self, age: Duration) -> Self {
        self.cache.keep_for = age;
        self
    }

    /// Opens the store, or makes it where there is none.
    ///
    /// # Errors
    /// When another process has it, when the directory cannot be used or is no store, when a newer version has
    /// written it, or when what it holds is damaged: then that is set aside, never deleted, and the next opening
    /// begins anew. The text says what to do.
    pub fn open(self) -> Result<SledStore, StoreError> {
        #[cfg(feature = "crash-points")]
        return self.open_with(super::crashing::Crashing::new);
        #[cfg(not(feature = "crash-points"))]
        self.open_with(|log| log)
    }

    /// Opens with something between the actor and the log.
    pub(super) fn open_with<B>(self, between: impl FnOnce(Log) -> B) -> Result<SledStore, StoreError>
    where
        B: Backend<Item = Item, Fault = Fault> + Send + 'static,
    {
        let layout = Layout::open(&self.dir)?;
        // Side by side, because both wait for the disk.
        let (opened, cache) = std::thread::scope(|scope| {
            let cache = scope.spawn(|| SledCache::open(layout.cache(), self.cache, Clock::System.now()));
            (self.open_state(&layout), cache.join())
        });
        let (shared, log) = opened?;
        let cache = cache.map_err(|_| {
            StoreError::new(format!("opening the cache in `{}` ended unexpectedly", layout.cache().display()))
        })??;
        let inbox = FromQueue(shared.clone());
        let backend = between(log);
        let writer = std::thread::Builder::new().name("orch-store".into()).spawn(move || {
            let _closes = Closes(inbox.0.clone());
            Actor::new(backend).run(inbox);
        });
        let writer = writer.map_err(|error| refused("start the writer of", &layout.dir, error))?;
        Ok(SledStore::new(shared, self.mode, cache, writer, layout))
    }

    fn open_state(&self, layout: &Layout) -> Result<(Arc<Shared>, Log), StoreError> {
        let blobs = layout.blobs();
        let blobs = Blobs::open(&blobs, BlobSync::Synced).map_err(|error| refused("use", &blobs, error))?;
        let state = layout.state();
        let opened = Db::open(&state)
            .and_then(|db| recover::recover(Dir(layout.dir.as_path().into()), db, blobs, self.mode));
        opened.map_err(|fault| match fault {
            Fault::Damaged(reason) => layout.quarantine(&reason),
            Fault::Io(kind, text) => refused("open", &state, std::io::Error::new(kind, text)),
        })
    }
}

/// The writer's end of the queue.
struct FromQueue(Arc<Shared>);

impl Inbox<ToWriter> for FromQueue {
    fn take(&mut self, group: &mut Vec<ToWriter>, impatient: bool) -> Taken {
        self.0.queue.take(group, impatient)
    }
}

/// Lets nobody wait for a writer that has ended.
struct Closes(Arc<Shared>);

impl Drop for Closes {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison(&Fault::Damaged("the writer has ended unexpectedly".into()));
        }
        let queue = &self.0.queue;
        queue.close();
        let mut left = Vec::new();
        while queue.take(&mut left, false) == Taken::Some {
            left.clear();
        }
    }
}
