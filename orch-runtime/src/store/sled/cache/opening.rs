//! Opening the database, or setting it aside and starting with an empty one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    book::Book,
    database::Database,
    rows::{self, FORMAT, FORMAT_KEY},
};
use crate::{
    clock::Timestamp,
    store::{
        StoreError,
        sled::{
            blobs::{BlobSync, Blobs},
            db::{self, open_when_free, remove_unfinished_snapshots},
        },
    },
};

/// What an opened cache consists of.
pub(super) struct Opened {
    pub(super) database: Database,
    pub(super) blobs: Blobs,
    pub(super) book: Book,
    /// Set when an earlier cache was set aside: what happened, and where it is.
    pub(super) set_aside: Option<String>,
}

/// Why it could not be opened.
enum Fault {
    /// It is as it should be, but somebody has it, or the directory may not be used.
    Unusable(StoreError),
    /// It is no cache that could be read.
    Damaged(String),
}

/// Opens the cache in `dir`, which is made where it is missing. One that cannot be read is moved to
/// `quarantine-<seconds since 1970>` beside it, whole, and an empty one takes its place.
pub(super) fn open(dir: &Path, memory: u64, now: Timestamp) -> Result<Opened, StoreError> {
    let why = match try_open(dir, memory) {
        Ok(opened) => return Ok(opened),
        Err(Fault::Unusable(error)) => return Err(error),
        Err(Fault::Damaged(why)) => why,
    };
    let aside = set_aside(dir, now).map_err(|error| {
        let dir = dir.display();
        let text =
            format!("the cache in `{dir}` {why}, and cannot be moved out of the way; remove it by hand");
        StoreError::new(text).caused_by(error)
    })?;
    let text = format!(
        "the cache in `{}` {why}; it was moved to `{}` and an empty one takes its place: results are computed anew",
        dir.display(),
        aside.display()
    );
    match try_open(dir, memory) {
        Ok(opened) => Ok(Opened { set_aside: Some(text), ..opened }),
        Err(Fault::Unusable(error)) => Err(error),
        Err(Fault::Damaged(why)) => Err(StoreError::new(format!("{text}; but that one {why}"))),
    }
}

fn try_open(dir: &Path, memory: u64) -> Result<Opened, Fault> {
    let unusable = |error: io::Error| {
        let what_to_do = if is_about_the_lock(&error) {
            "another program or another store of this one has it open"
        } else {
            "look after the place, its permissions and the room there; what is in it can be computed again, so it may \
             be removed"
        };
        let text = format!("cannot open the cache in `{}`: {error}; {what_to_do}", dir.display());
        Fault::Unusable(StoreError::new(text).caused_by(error))
    };
    if dir.exists() && !dir.is_dir() {
        return Err(Fault::Damaged("is a file and no directory".into()));
    }
    fs::create_dir_all(dir).map_err(unusable)?;
    remove_unfinished_snapshots(dir).map_err(unusable)?;
    let db = open_database(dir, memory).map_err(|fault| match fault {
        Ok(error) => unusable(error),
        Err(why) => Fault::Damaged(why),
    })?;
    let database = Database::new(db, dir.to_owned());
    let damaged = |error: StoreError| Fault::Damaged(format!("is damaged ({error})"));
    check_format(&database).map_err(Fault::Damaged)?;
    let book = Book::load(&database).map_err(damaged)?;
    let blobs = Blobs::open(dir.join("values"), BlobSync::Lazy).map_err(unusable)?;
    Ok(Opened { database, blobs, book, set_aside: None })
}

/// The open database, an error of the place, or what is wrong with the database.
fn open_database(dir: &Path, memory: u64) -> Result<sled::Db, Result<io::Error, String>> {
    let config = sled::Config::new().path(dir).cache_capacity(memory).flush_every_ms(Some(500));
    open_when_free(&config).map_err(|fault| match fault {
        db::Fault::Io(kind, text) => {
            let error = io::Error::new(kind, text);
            if is_about_the_place(&error) { Ok(error) } else { Err(format!("cannot be read ({error})")) }
        }
        db::Fault::Damaged(reason) => Err(format!("is damaged ({reason})")),
    })
}

fn check_format(database: &Database) -> Result<(), String> {
    let found = database.get(FORMAT_KEY).map_err(|error| format!("is damaged ({error})"))?;
    match found.map(|row| rows::read_number(FORMAT_KEY, &row)) {
        Some(Ok(format)) if format == u64::from(FORMAT) => Ok(()),
        Some(Ok(format)) => Err(format!("has format {format}, and this program reads and writes {FORMAT}")),
        Some(Err(_)) => Err("is damaged (its first row)".into()),
        None => {
            // Rows without a format are rows of something else.
            match database.first(b"", b"") {
                Ok(None) => {}
                Ok(Some(_)) => return Err("is no cache of this library".into()),
                Err(error) => return Err(format!("is damaged ({error})")),
            }
            let mut batch = sled::Batch::default();
            batch.insert(FORMAT_KEY, rows::write_number(FORMAT_KEY, FORMAT.into()));
            database.apply(batch).map_err(|error| format!("cannot be written ({error})"))
        }
    }
}

/// Whether the error says something about the place or who else uses it, and nothing about what lies there.
fn is_about_the_place(error: &io::Error) -> bool {
    use io::ErrorKind::{
        PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, ResourceBusy, StorageFull, WouldBlock,
    };
    let kinds = [PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, ResourceBusy, StorageFull, WouldBlock];
    kinds.contains(&error.kind()) || is_about_the_lock(error)
}

/// Whether somebody else has the database. sled says so in the text of an error without a kind of its own.
fn is_about_the_lock(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn set_aside(dir: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let parent = dir.parent().unwrap_or_else(|| Path::new(""));
    let name = dir.file_name().unwrap_or(dir.as_os_str());
    for again in 0.. {
        let seconds = now.as_micros() / 1_000_000;
        let suffix = if again == 0 { String::new() } else { format!("-{again}") };
        let aside = parent.join(format!("quarantine-{seconds}{suffix}"));
        fs::create_dir_all(&aside)?;
        let place = aside.join(name);
        // What was set aside before is not replaced.
        if !place.exists() {
            fs::rename(dir, &place)?;
            return Ok(place);
        }
    }
    Err(io::Error::other("every name for a quarantine is taken"))
}
