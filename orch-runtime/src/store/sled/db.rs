//! sled itself: opened with care, asked with care, and made durable.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    keys::Place,
    layout::sync_names,
    wire::{Damaged, In},
};

/// Memory for pages that were read or written lately. Little is read twice: appending to the log needs its end, and a
/// replay goes through it once.
const PAGES: u64 = 4 << 20;

/// How often, and after which pause, a lock is asked for that will be released in a moment.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Why the database could not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The file system refused.
    #[error("{1}")]
    Io(io::ErrorKind, String),
    /// What is stored cannot be right.
    #[error("{0}")]
    Damaged(String),
}

impl Fault {
    pub(super) fn damaged(key: &[u8], damaged: Damaged) -> Self {
        let what = match key.first() {
            Some(b'l' | b'w') => "a part of the log",
            Some(b'a' | b'r') => "the row of a run",
            Some(b'n') => "the name of a definition",
            Some(b'c') => "the checkpoint",
            Some(b'k' | b'h') => "what is stored of a schedule",
            _ => "an index",
        };
        Self::Damaged(format!("{what} is damaged: {damaged}"))
    }

    fn panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Self::Damaged(format!("the database gave up: {text}"))
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind(), error.to_string())
    }
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) if is_damage(error.kind()) => Self::Damaged(error.to_string()),
            sled::Error::Io(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// sled tells some of the damage that it finds as errors of these kinds.
fn is_damage(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}

/// sled panics on some kinds of damage; nobody above should see that.
fn guarded<T>(work: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Fault::from),
        Err(payload) => Err(Fault::panic(&*payload)),
    }
}

/// One sled database with one tree.
pub(super) struct Db {
    db: sled::Db,
    /// Our own handle of the file that sled writes, to sync it.
    file: File,
    reached: Reached,
    pub(super) reads: Reads,
}

/// How often the tree was asked for an entry, counted in tests alone.
#[derive(Clone, Default)]
pub(super) struct Reads {
    #[cfg(test)]
    pub(super) count: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Reads {
    fn one(&self) {
        #[cfg(test)]
        self.count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Db {
    /// Opens or creates the database in `dir`.
    pub(super) fn open(dir: &Path) -> Result<Self, Fault> {
        let is_new = !file_of(dir).exists();
        if is_new {
            // A process that died while it made the database may have left half of this, and sled would believe it.
            remove(&dir.join("conf"))?;
        }
        remove_unfinished_snapshots(dir)?;
        // The writer flushes when something has to be durable.
        let config = sled::Config::new().path(dir).cache_capacity(PAGES).flush_every_ms(None);
        let db = open_when_free(&config)?;
        if is_new {
            // sled never syncs what it cannot do without.
            File::open(dir.join("conf"))?.sync_all()?;
            sync_names(dir)?;
            sync_names(dir.parent().unwrap_or(dir))?;
        }
        let file = File::options().read(true).write(true).open(file_of(dir))?;
        let reached = Reached::open(&dir.join("reached"))?;
        Ok(Self { db, file, reached, reads: Reads::default() })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, Fault> {
        self.reads.one();
        guarded(|| self.db.get(key))
    }

    /// Lets sled count one more access to the page of a key.
    pub(super) fn touch(&self, key: &[u8]) -> Result<(), Fault> {
        guarded(|| self.db.get(key)).map(drop)
    }

    pub(super) fn apply(&self, batch: sled::Batch) -> Result<(), Fault> {
        guarded(|| self.db.apply_batch(batch))
    }

    /// Hands everything that was applied to the operating system.
    pub(super) fn flush(&self) -> Result<(), Fault> {
        guarded(|| self.db.flush()).map(drop)
    }

    /// Makes durable what was flushed: sled's own flush does not reach the disk's memory on Linux. The log ends at
    /// `end` then.
    pub(super) fn sync(&self, end: Place) -> Result<(), Fault> {
        if cfg!(target_os = "macos") {
            // Only this one asks the disk itself there.
            self.file.sync_all()?;
        } else {
            self.file.sync_data()?;
        }
        self.reached.note(end)?;
        Ok(())
    }

    /// Where the log ended when it was last made durable, as far as that is known.
    pub(super) fn reached(&self) -> Result<Option<Place>, Fault> {
        Ok(self.reached.read()?)
    }

    /// Everything in a range of keys, forwards and backwards.
    pub(super) fn range<R>(&self, range: R) -> Range
    where
        R: std::ops::RangeBounds<Vec<u8>>,
    {
        Range { entries: self.db.range(range), reads: self.reads.clone() }
    }

    /// Everything whose key begins with `prefix`.
    pub(super) fn prefix(&self, prefix: &[u8]) -> Range {
        Range { entries: self.db.scan_prefix(prefix), reads: self.reads.clone() }
    }

    /// The last entry below or at `key`.
    pub(super) fn at_or_before(&self, key: Vec<u8>) -> Result<Option<(sled::IVec, sled::IVec)>, Fault> {
        self.range(..=key).next_back().transpose()
    }
}

/// A few bytes beside the database that say where the log ended. A database in which a byte is wrong may open
/// without its end and not say so.
///
/// They are written after the end is durable and never synced themselves, so they can be old but not ahead.
struct Reached(File);

impl Reached {
    fn open(path: &Path) -> io::Result<Self> {
        File::options().create(true).read(true).write(true).truncate(false).open(path).map(Self)
    }

    fn note(&self, end: Place) -> io::Result<()> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&end.first.to_le_bytes());
        bytes[8..12].copy_from_slice(&end.nth.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..12]);
        bytes[12..].copy_from_slice(&checksum.to_le_bytes());
        let mut file = &self.0;
        file.rewind()?;
        file.write_all(&bytes)
    }

    fn read(&self) -> io::Result<Option<Place>> {
        let mut bytes = Vec::new();
        let mut file = &self.0;
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        let place = |read: &mut In<'_>| -> Result<_, Damaged> {
            let (first, nth, checksum) = (read.array()?, read.array()?, read.array()?);
            let place = Place { first: u64::from_le_bytes(first), nth: u32::from_le_bytes(nth) };
            Ok((place, u32::from_le_bytes(checksum) == crc32fast::hash(&bytes[..12])))
        };
        Ok(place(&mut In(&bytes)).ok().filter(|(_, whole)| *whole).map(|(place, _)| place))
    }
}

/// Entries of the tree.
pub(super) struct Range {
    entries: sled::Iter,
    reads: Reads,
}

type Entry = Result<(sled::IVec, sled::IVec), Fault>;

impl Iterator for Range {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.reads.one();
        guarded(|| self.entries.next().transpose()).transpose()
    }
}

impl DoubleEndedIterator for Range {
    fn next_back(&mut self) -> Option<Entry> {
        self.reads.one();
        guarded(|| self.entries.next_back().transpose()).transpose()
    }
}

/// Opens sled. Whoever comes here holds the lock of the whole store, so if the file is locked, then by helper threads
/// of a database that this process has just closed.
#[expect(clippy::disallowed_methods, reason = "the one place where sled is opened")]
pub(super) fn open_when_free(config: &sled::Config) -> Result<sled::Db, Fault> {
    let mut tries = 0;
    loop {
        match guarded(|| config.open()) {
            // sled says so in the text of an error without a kind of its own.
            Err(Fault::Io(_, text)) if tries < LOCK_TRIES && text.contains("could not acquire lock") => {
                tries += 1;
                std::thread::park_timeout(LOCK_PAUSE);
            }
            opened => return opened,
        }
    }
}

fn file_of(dir: &Path) -> PathBuf {
    dir.join("db")
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A snapshot that was being written when the process died makes sled refuse to open.
pub(super) fn remove_unfinished_snapshots(dir: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let unfinished = path.extension().is_some_and(|extension| extension == "generating");
        if unfinished {
            remove(&path)?;
        }
    }
    Ok(())
}
