//! The directory of a store: what lies where, who has it, and what to do when it cannot be used.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{clock::Clock, store::StoreError};

/// The format that this version reads and writes. Versions before a change read and write what is older.
const FORMAT: u32 = 5;

const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";

/// How often a lock that this process had is asked for again, and how long it waits in between.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// A store's directory, held by this process.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
    /// Released when it is closed, also by the death of the process.
    _lock: File,
}

impl Layout {
    /// Takes the directory, making it where it is missing.
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        match fs::metadata(dir) {
            Ok(found) if !found.is_dir() => {
                return Err(StoreError::new(format!(
                    "`{}` is a file, and a store is a directory; move the file away, or choose another place {HOW}",
                    dir.display()
                )));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(dir)?,
            Err(error) => return Err(refused("look at", dir, error)),
        }
        let format = dir.join(FORMAT_FILE);
        let is_store = match fs::metadata(&format) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(refused("look at", &format, error)),
        };
        if is_store {
            // Before the lock, since a newer version may lock otherwise.
            check_format(dir, &format)?;
        } else {
            check_empty(dir)?;
        }
        let lock = lock(dir)?;
        if !is_store {
            write_format(dir).map_err(|error| refused("write", &format, error))?;
        }
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    pub(super) fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.dir.join("cache")
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.dir.join("blobs")
    }

    /// Sets the database of runs aside, as it is: sled itself cuts off what follows a damaged place when it opens.
    pub(super) fn quarantine(&self, reason: &str) -> StoreError {
        let state = self.state();
        let aside = self.dir.join(format!("quarantine-{}", now()));
        let moved = fs::create_dir_all(&aside).and_then(|()| fs::rename(&state, aside.join("state")));
        let (dir, aside) = (self.dir.display(), aside.display());
        StoreError::new(match moved {
            Ok(()) => format!(
                "the runs in `{dir}` cannot be read: {reason}. They were moved to `{aside}` and not deleted. \
                 Start again to begin with an empty history; to keep the old one, put a backup of the whole \
                 directory in its place first"
            ),
            Err(error) => format!(
                "the runs in `{dir}` cannot be read: {reason}. They could not be moved to `{aside}` either: {error}. \
                 Move `{}` away by hand and start again",
                state.display()
            ),
        })
    }
}

/// How to choose another place, for messages.
const HOW: &str = "with `ORCH_STORE` or `Runtime::builder().path(…)`";

/// The file system said no: where, why, what to do.
pub(super) fn refused(what: &str, path: &Path, error: io::Error) -> StoreError {
    use io::ErrorKind as K;
    let remedy = match error.kind() {
        K::PermissionDenied => "give this user the right to read and write there, or choose another place",
        K::ReadOnlyFilesystem => "make the file system writable, or choose another place",
        K::StorageFull | K::QuotaExceeded => "free some space there, or choose another place",
        K::NotADirectory => "a part of the path is a file; move it away, or choose another place",
        _ => "see to the disk, or choose another place",
    };
    StoreError::new(format!("cannot {what} `{}`: {error}; {remedy} {HOW}", path.display())).caused_by(error)
}

fn create(dir: &Path) -> Result<(), StoreError> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir)
        .and_then(|()| sync_names(parent))
        .map_err(|error| refused("make the directory", dir, error))
}

fn check_format(dir: &Path, file: &Path) -> Result<(), StoreError> {
    let text = fs::read_to_string(file).map_err(|error| refused("read", file, error))?;
    match text.strip_prefix("orch store ").and_then(|number| number.trim().parse::<u32>().ok()) {
        Some(FORMAT) => Ok(()),
        Some(newer) if newer > FORMAT => Err(StoreError::new(format!(
            "the store in `{}` has format {newer}, which a newer version of orch has written; this one knows formats \
             up to {FORMAT}. Update orch, or choose another place {HOW}",
            dir.display()
        ))),
        Some(older) => Err(StoreError::new(format!(
            "the store in `{}` has format {older}, which no released version of orch has written, and this one reads \
             format {FORMAT}; move the directory away, or choose another place {HOW}",
            dir.display()
        ))),
        _ => Err(StoreError::new(format!(
            "`{}` does not say what format the store in `{}` has; put the file back from a backup, or choose another \
             place {HOW}",
            file.display(),
            dir.display()
        ))),
    }
}

/// A directory that holds something else is left alone.
fn check_empty(dir: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(dir).map_err(|error| refused("read", dir, error))? {
        let name = entry.map_err(|error| refused("read", dir, error))?.file_name();
        // What a start leaves that died before it had said what this is.
        let ours = name == LOCK_FILE || name == *unfinished_format();
        if !ours {
            return Err(StoreError::new(format!(
                "`{}` is not a store: it holds `{}` and no file `{FORMAT_FILE}`; choose an empty directory or a new \
                 one {HOW}",
                dir.display(),
                name.to_string_lossy()
            )));
        }
    }
    Ok(())
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK_FILE);
    let refused = |error| refused("lock", &path, error);
    let mut file =
        File::options().create(true).read(true).write(true).truncate(false).open(&path).map_err(refused)?;
    match lock_when_free(&mut file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = holder(&mut file);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                pid if pid == std::process::id().to_string() => format!("this process ({pid}) already"),
                pid => format!("process {pid}"),
            };
            return Err(StoreError::new(format!(
                "the store in `{}` is in use by {holder}, and one process at a time can have it; wait for its end, or \
                 choose another place {HOW}",
                dir.display()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(refused(error)),
    }
    let note = |mut file: &File| {
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(std::process::id().to_string().as_bytes())
    };
    note(&file).map_err(refused)?;
    Ok(file)
}

/// Who has the lock, or had it last.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut holder));
    holder
}

/// A lock that this process has let go may be held a moment longer: by a child process that is being started, until its
/// program takes the place of ours.
fn lock_when_free(file: &mut File) -> Result<(), TryLockError> {
    let own = std::process::id().to_string();
    let mut tries = 0;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES && holder(file).trim() == own => {
                tries += 1;
                std::thread::park_timeout(LOCK_PAUSE);
            }
            locked => return locked,
        }
    }
}

fn unfinished_format() -> String {
    format!("{FORMAT_FILE}.unfinished")
}

fn write_format(dir: &Path) -> io::Result<()> {
    let unfinished = dir.join(unfinished_format());
    let mut file = File::create(&unfinished)?;
    file.write_all(format!("orch store {FORMAT}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, dir.join(FORMAT_FILE))?;
    sync_names(dir)
}

/// Makes the names in a directory durable.
pub(super) fn sync_names(dir: &Path) -> io::Result<()> {
    // Windows opens no directories as files, and keeps their names in a journal of its own.
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

/// Now, as a part of a file name that sorts by time: `20261124T061500`, in UTC.
fn now() -> String {
    moment(Clock::System.now().as_micros() / 1_000_000)
}

fn moment(seconds: u64) -> String {
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of year 0, in which the leap day is the last of its year.
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(moment(0), "19700101T000000");
        assert_eq!(moment(951_782_400), "20000229T000000");
        assert_eq!(moment(1_763_964_900), "20251124T061500");
        assert_eq!(moment(4_107_542_399), "21000228T235959");
    }
}
