//! What a process notes beside its store, so that others can judge it after its death.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::CrashPoint;
use crate::{
    codec,
    id::{RunId, TaskNumber},
};

/// One attempt of one task run: what is to happen once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) run: RunId,
    /// The digest of its call key.
    pub(crate) key: u128,
    /// The attempt of the body that wrote the call.
    pub(crate) instance: u64,
    pub(crate) attempt: u32,
    pub(crate) name: String,
}

/// One thing that a process notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Note {
    /// A body began. What is cached may be lost with the process, and is computed again then.
    Began { body: Body, task: TaskNumber, input: String, cached: bool },
    /// A point was passed, or was the end.
    Passed { point: CrashPoint, number: u64, change: String },
    /// The store has the end of this attempt.
    Recorded { run: RunId, task: TaskNumber, key: u128, attempt: u32 },
    /// The store has the result of this task run.
    Completed { run: RunId, key: u128, name: String },
    /// The store has a run that has not ended.
    LeftOpen(String),
    /// What the caller of the flow was told.
    Result { flow: String, text: String },
    /// The store could not be opened or read.
    Damage(String),
    /// The process has come to its end in order.
    Over,
}

/// The file of one process's notes. A note is written at once and with one call, so that death finds all of them.
pub(crate) struct Notes(File);

impl Notes {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        File::options().create(true).append(true).open(path).map(Self)
    }

    /// Writes a note. What cannot be noted would be judged wrongly, so the process says so and ends.
    pub(crate) fn write(&self, note: &Note) {
        let written = codec::encode(note).map_err(io::Error::other).and_then(|bytes| {
            let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
            (&self.0).write_all(&[&len.to_le_bytes(), &bytes[..]].concat())
        });
        if let Err(error) = written {
            // Nobody who waits for this process is told more than that it ended.
            let _ = writeln!(io::stderr(), "cannot note {note:?}: {error}");
            std::process::abort();
        }
    }
}

/// The notes of a process that is no more; none where it wrote none.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Note>> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let (mut notes, mut rest) = (Vec::new(), &bytes[..]);
    while let Some((len, after)) = rest.split_first_chunk() {
        let Some((note, after)) = after.split_at_checked(u32::from_le_bytes(*len) as usize) else { break };
        notes.push(codec::decode(note).map_err(io::Error::other)?);
        rest = after;
    }
    Ok(notes)
}
