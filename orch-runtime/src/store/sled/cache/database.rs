//! The database, so that neither its errors nor its panics reach anybody as such.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use sled::{Batch, IVec};

use crate::store::StoreError;

/// An open sled database. sled answers some damage with a panic, which can leave it in any state: after one it is
/// not asked again.
pub(super) struct Database {
    /// Taken out only to be dropped.
    db: Option<sled::Db>,
    dir: PathBuf,
    broken: AtomicBool,
    /// Makes every write an error, as a full disk does.
    #[cfg(test)]
    pub(super) full: AtomicBool,
    /// Makes everything panic, as sled does over some damage.
    #[cfg(test)]
    pub(super) panics: AtomicBool,
    /// Rows that were read, found or not.
    #[cfg(test)]
    pub(super) reads: std::sync::atomic::AtomicUsize,
    /// Happens when the next row has been read, before whoever reads it goes on.
    #[cfg(test)]
    pub(super) meanwhile: std::sync::Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Database {
    pub(super) fn new(db: sled::Db, dir: PathBuf) -> Self {
        Self {
            db: Some(db),
            dir,
            broken: AtomicBool::new(false),
            #[cfg(test)]
            full: AtomicBool::new(false),
            #[cfg(test)]
            panics: AtomicBool::new(false),
            #[cfg(test)]
            reads: std::sync::atomic::AtomicUsize::new(0),
            #[cfg(test)]
            meanwhile: std::sync::Mutex::default(),
        }
    }

    fn guarded<T>(
        &self,
        what: &str,
        ask: impl FnOnce(&sled::Db) -> sled::Result<T>,
    ) -> Result<T, StoreError> {
        let dir = self.dir.display();
        let Some(db) = self.db.as_ref().filter(|_| !self.broken.load(Ordering::Relaxed)) else {
            return Err(StoreError::new(format!(
                "the cache in `{dir}` has failed before and rests until the program starts again"
            )));
        };
        let ask = || {
            #[cfg(test)]
            assert!(!self.panics.load(Ordering::Relaxed), "the page is damaged");
            ask(db)
        };
        match catch_unwind(AssertUnwindSafe(ask)) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                Err(StoreError::new(format!("cannot {what} the cache in `{dir}`: {error}")).caused_by(error))
            }
            Err(_) => {
                self.broken.store(true, Ordering::Relaxed);
                Err(StoreError::new(format!(
                    "cannot {what} the cache in `{dir}`: its database is damaged; nothing is cached until the program \
                     starts again"
                )))
            }
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        let found = self.guarded("read", |db| db.get(key));
        #[cfg(test)]
        {
            self.count(1);
            let meanwhile = self.meanwhile.lock().expect("no test panics there").take();
            meanwhile.into_iter().for_each(|happens| happens());
        }
        found
    }

    /// Applies all of it or nothing. It reaches the disk when sled writes its buffers, within half a second.
    pub(super) fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        #[cfg(test)]
        if self.full.load(Ordering::Relaxed) {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return self.guarded("write", |_| Err(sled::Error::Io(full)));
        }
        self.guarded("write", |db| db.apply_batch(batch))
    }

    /// The first row at `from` or behind it whose key begins with `prefix`.
    pub(super) fn first(&self, prefix: &[u8], from: &[u8]) -> Result<Option<(IVec, IVec)>, StoreError> {
        #[cfg(test)]
        self.count(1);
        let found = self.guarded("read", |db| db.range(from..).next().transpose())?;
        Ok(found.filter(|(key, _)| key.starts_with(prefix)))
    }

    /// The last row before `until` whose key begins with `prefix`.
    pub(super) fn last(&self, prefix: &[u8], until: &[u8]) -> Result<Option<(IVec, IVec)>, StoreError> {
        #[cfg(test)]
        self.count(1);
        let found = self.guarded("read", |db| db.range(prefix..until).next_back().transpose())?;
        Ok(found.filter(|(key, _)| key.starts_with(prefix)))
    }

    /// All rows whose keys begin with `prefix`; for kinds of which there are few.
    pub(super) fn all(&self, prefix: &[u8]) -> Result<Vec<(IVec, IVec)>, StoreError> {
        let found: Vec<_> = self.guarded("read", |db| db.scan_prefix(prefix).collect())?;
        #[cfg(test)]
        self.count(found.len());
        Ok(found)
    }

    #[cfg(test)]
    fn count(&self, rows: usize) {
        self.reads.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.guarded("write", |db| db.flush().map(drop))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Closing writes the buffers, and that may fail like any other write.
        let db = self.db.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(db)));
    }
}
