//! Large values as files of their own, named by the hash of what they hold.
//!
//! A database that has to move a value of a megabyte on every write is slow, and sled puts items above about
//! 128 KiB into files that it never syncs. A file whose name is its content's hash can be checked whenever it is
//! read, is written once however often the value occurs, and never changes.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::codec::Bytes;

/// Values longer than this are blobs.
pub(crate) const BLOB_OVER: usize = 32 * 1024;

/// How the names of files begin that are still being written.
const UNFINISHED: &str = ".unfinished-";

/// The blake3 hash of a blob's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct BlobId(pub(crate) [u8; 32]);

impl BlobId {
    /// The blob that holds `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    fn parse(name: &str) -> Option<Self> {
        let hash = blake3::Hash::from_hex(name).ok()?;
        Some(Self(*hash.as_bytes()))
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

/// What a [`Blobs::put`] has to be when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlobSync {
    /// Content and name are on the disk: a record that names the blob may be made durable.
    Synced,
    /// The operating system has it. For what may be lost.
    Lazy,
}

/// A directory of blobs. It belongs to one process at a time; whoever opens it holds the lock of the database
/// whose records name the blobs.
#[derive(Debug)]
pub(crate) struct Blobs {
    dir: PathBuf,
    sync: BlobSync,
    /// Tells the unfinished files of this process apart.
    next: AtomicU64,
}

impl Blobs {
    /// Opens the directory, makes it where it is missing, and removes what an earlier process left unfinished.
    ///
    /// # Errors
    /// When the directory cannot be made or read; the text names it.
    pub(crate) fn open(dir: impl Into<PathBuf>, sync: BlobSync) -> io::Result<Self> {
        let dir = dir.into();
        let at = |error| about("open the directory of blobs", &dir, error);
        if !dir.is_dir() {
            fs::create_dir_all(&dir).map_err(at)?;
            if let (BlobSync::Synced, Some(parent)) = (sync, dir.parent()) {
                sync_dir(parent)?;
            }
        }
        for entry in fs::read_dir(&dir).map_err(at)? {
            let entry = entry.map_err(at)?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_file(entry.path()).map_err(|error| about("remove", &entry.path(), error))?;
            }
        }
        Ok(Self { dir, sync, next: AtomicU64::new(0) })
    }

    /// Stores a value and gives its name. A value that is there already is not written again; one that should be
    /// there but is damaged is.
    ///
    /// # Errors
    /// When the file cannot be written, synced or renamed; the text names it. Nothing is left behind.
    pub(crate) fn put(&self, bytes: &[u8]) -> io::Result<BlobId> {
        let id = BlobId::of(bytes);
        let path = self.path(id);
        if holds(&path, bytes) {
            // Another put may have renamed it a moment ago without having synced its name yet.
            self.sync_names()?;
            return Ok(id);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.dir.join(format!("{UNFINISHED}{}-{number}", std::process::id()));
        let written = self
            .write(&unfinished, bytes)
            .and_then(|()| fs::rename(&unfinished, &path).map_err(|error| about("name", &path, error)));
        if let Err(error) = written {
            // What cannot be removed now goes when the directory is opened again.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        self.sync_names()?;
        Ok(id)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let written = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            file.write_all(bytes)?;
            if self.sync == BlobSync::Synced { file.sync_data() } else { Ok(()) }
        };
        written().map_err(|error| about("write", path, error))
    }

    fn sync_names(&self) -> io::Result<()> {
        if self.sync == BlobSync::Synced { sync_dir(&self.dir) } else { Ok(()) }
    }

    /// The value of this name.
    ///
    /// # Errors
    /// When the file is missing or cannot be read, or ([`InvalidData`](io::ErrorKind::InvalidData)) when it does
    /// not hold what its name says; the text names it.
    pub(crate) fn get(&self, id: BlobId) -> io::Result<Bytes> {
        let path = self.path(id);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|error| about("read", &path, error))?;
        if BlobId::of(&bytes) != id {
            let fault = io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "it holds {} bytes, but not those that it was written with; it is damaged",
                    bytes.len()
                ),
            );
            return Err(about("read", &path, fault));
        }
        Ok(bytes.into())
    }

    /// Removes a value; one that is not there is none that has to go.
    ///
    /// # Errors
    /// When the file cannot be removed; the text names it.
    pub(crate) fn remove(&self, id: BlobId) -> io::Result<()> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(about("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Every value and its length, in no order. Files that are no blobs are passed over.
    ///
    /// # Errors
    /// When the directory cannot be read; the text names it.
    pub(crate) fn list(&self) -> io::Result<impl Iterator<Item = io::Result<(BlobId, u64)>> + use<>> {
        let dir = self.dir.clone();
        let entries = fs::read_dir(&dir).map_err(|error| about("list", &dir, error))?;
        Ok(entries.filter_map(move |entry| {
            let found = entry.and_then(|entry| {
                let Some(id) = entry.file_name().to_str().and_then(BlobId::parse) else { return Ok(None) };
                match entry.metadata() {
                    Ok(metadata) => Ok(Some((id, metadata.len()))),
                    // It was removed while the directory was being read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            });
            found.map_err(|error| about("list", &dir, error)).transpose()
        }))
    }

    fn path(&self, id: BlobId) -> PathBuf {
        self.dir.join(id.to_string())
    }
}

/// Whether the file holds exactly these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    if !file.metadata().is_ok_and(|metadata| metadata.len() == bytes.len() as u64) {
        return false;
    }
    let mut chunk = [0; 16 * 1024];
    let mut left = bytes;
    while !left.is_empty() {
        match file.read(&mut chunk) {
            Ok(read) if read > 0 && left.len() >= read && left[..read] == chunk[..read] => {
                left = &left[read..]
            }
            _ => return false,
        }
    }
    true
}

/// Makes the names in a directory durable.
fn sync_dir(dir: &Path) -> io::Result<()> {
    // Windows opens no directories as files, and keeps their names in a journal of its own.
    if cfg!(unix) {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| about("sync", dir, error))?;
    }
    Ok(())
}

/// An error that says what was tried on which file.
fn about(what: &str, path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(dir: &Path) -> Blobs {
        Blobs::open(dir.join("blobs"), BlobSync::Synced).expect("the directory can be made")
    }

    fn listed(blobs: &Blobs) -> Vec<(BlobId, u64)> {
        blobs.list().expect("can be listed").map(|found| found.expect("can be read")).collect()
    }

    #[test]
    fn values_come_back_and_equal_ones_are_one_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = open(dir.path());
        let (large, empty) = (vec![7; 100_000], Vec::new());
        let id = blobs.put(&large).expect("written");
        assert_eq!(blobs.put(&large).expect("known"), id);
        let other = blobs.put(&empty).expect("written");
        drop(blobs);
        let blobs = open(dir.path());
        assert_eq!(*blobs.get(id).expect("readable"), *large);
        assert_eq!(*blobs.get(other).expect("readable"), *empty);
        let mut sizes: Vec<u64> = listed(&blobs).iter().map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [0, 100_000]);
        blobs.remove(id).expect("removed");
        blobs.remove(id).expect("gone already");
        assert_eq!(blobs.get(id).expect_err("removed").kind(), io::ErrorKind::NotFound);
        assert_eq!(listed(&blobs), [(other, 0)]);
    }

    #[test]
    fn a_known_value_is_not_written_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = open(dir.path());
        let id = blobs.put(b"value").expect("written");
        let mut permissions = fs::metadata(blobs.path(id)).expect("there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(blobs.path(id), permissions).expect("ours");
        blobs.put(b"value").expect("known");
        // A file that had been written anew would have the permissions of a new file.
        assert!(fs::metadata(blobs.path(id)).expect("there").permissions().readonly());
    }

    #[test]
    fn damage_is_an_error_that_names_the_file_and_ends_with_the_next_put() {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = open(dir.path());
        let id = blobs.put(b"a value").expect("written");
        for damaged in [&b"b value"[..], b"a valu", b"", b"a value and more"] {
            fs::write(blobs.path(id), damaged).expect("ours");
            let error = blobs.get(id).expect_err("damaged");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().contains(&id.to_string()), "{error}");
            assert_eq!(blobs.put(b"a value").expect("written anew"), id);
            assert_eq!(*blobs.get(id).expect("whole again"), *b"a value");
        }
    }

    #[test]
    fn unfinished_files_go_at_the_next_opening_and_strange_ones_stay() {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = open(dir.path());
        let unfinished = blobs.dir.join(format!("{UNFINISHED}1-0"));
        fs::write(&unfinished, "half").expect("ours");
        fs::write(blobs.dir.join("notes.txt"), "mine").expect("ours");
        let blobs = open(dir.path());
        assert!(!unfinished.exists());
        assert!(blobs.dir.join("notes.txt").exists());
        assert!(listed(&blobs).is_empty());
    }

    #[test]
    fn a_put_that_fails_leaves_nothing_and_names_the_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = open(dir.path());
        let id = BlobId::of(b"value");
        fs::create_dir(blobs.path(id)).expect("in its way");
        let error = blobs.put(b"value").expect_err("a directory is in its place");
        assert!(error.to_string().contains(&id.to_string()), "{error}");
        let names = fs::read_dir(&blobs.dir).expect("readable").count();
        assert_eq!(names, 1, "only what was in the way");
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("blobs"), "").expect("ours");
        let error = Blobs::open(dir.path().join("blobs"), BlobSync::Lazy).expect_err("a file");
        assert!(error.to_string().contains("blobs"), "{error}");
    }
}
