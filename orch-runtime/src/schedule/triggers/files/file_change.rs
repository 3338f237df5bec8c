//! What is known of a file, and what is told of it.

use std::{
    fs::Metadata,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A file that came or changed, as [`on_file`](crate::schedule::TriggerName::on_file) gives it to what it starts. A flow
/// may take it as a whole, or take the fields that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileChange {
    /// Where it lies: an absolute path, whose end is what the pattern matches.
    pub path: PathBuf,
    /// Whether it came; else it was known, and has changed.
    pub new: bool,
    /// Its size in bytes, when it had come to rest.
    pub size: u64,
    /// When it was written last, by its file system; `None` where that does not tell.
    pub modified: Option<Timestamp>,
}

/// What two looks at a file are compared by, and what is stored of the last one that started something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Version {
    /// In nanoseconds since 1970, so that order is age.
    pub(super) modified: Option<i64>,
    pub(super) size: u64,
}

impl Version {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { modified: metadata.modified().ok().map(nanos), size: metadata.len() }
    }

    pub(super) fn change(self, path: PathBuf, new: bool) -> FileChange {
        // Moments are counted from 1970 on; what was written before was written then.
        let micros = |nanos: i64| Timestamp::from_micros(u64::try_from(nanos / 1_000).unwrap_or(0));
        FileChange { path, new, size: self.size, modified: self.modified.map(micros) }
    }
}

fn nanos(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}
