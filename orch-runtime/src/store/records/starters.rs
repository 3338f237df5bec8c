//! What starts runs by itself: its row, its changes, its history.

use serde::{Deserialize, Serialize};

use super::{Fence, NewRun};
use crate::{clock::Timestamp, codec::Bytes, id::RunId};

/// What starts runs by itself, as it is stored: a schedule, a trigger or a backfill.
///
/// The store knows when it is to be looked at, and nothing else of what it is: the rest is its `content`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// Its identity in the store: a text of at most [`MAX_KEY`](Self::MAX_KEY) bytes.
    pub key: String,
    /// Which of its changes this is the result of, from 1. One that was removed and comes back goes on above what it had:
    /// while a store is open, no revision of a key comes twice.
    pub revision: u64,
    /// Full name of the definition whose runs it starts.
    pub definition: String,
    /// When it is to be looked at next; `None` while it has nothing to do by itself.
    pub wake: Option<Timestamp>,
    /// What it is and where it stands, in the form in which the runtime keeps it.
    pub content: Bytes,
    /// How many entries its history has had so far, those that were forgotten among them.
    pub entries: u64,
}

impl Starter {
    /// The most bytes of a key.
    pub const MAX_KEY: usize = 512;

    /// Entries that are kept of the history of one; the oldest are forgotten first.
    pub const KEEP_ENTRIES: u64 = 10_000;
}

/// A change of a [`Starter`], which holds as a whole or not at all.
#[derive(Clone, Debug)]
pub struct StarterChange {
    /// Which.
    pub key: String,
    /// The revision that it must have, or nothing changes; `None`: it must not be there.
    pub expect: Option<u64>,
    /// What it is from now on; `None`: it is removed, and its history with it.
    pub put: Option<StarterPut>,
    /// What its history tells of it, in this order.
    pub entries: Vec<Happening>,
    /// The run that it starts.
    pub run: Option<NewRun>,
    /// When.
    pub at: Timestamp,
}

/// What a [`Starter`] is from now on.
#[derive(Clone, Debug)]
pub struct StarterPut {
    /// Full name of the definition whose runs it starts.
    pub definition: String,
    /// When it is to be looked at next.
    pub wake: Option<Timestamp>,
    /// What it is and where it stands.
    pub content: Bytes,
}

/// How a change of a [`Starter`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StarterChanged {
    /// It holds.
    Applied {
        /// The new revision.
        revision: u64,
        /// The right to write to the run that it started, where its worker took it at once.
        run: Option<Fence>,
    },
    /// It has another revision than was expected: nothing was changed.
    Stale,
    /// The run is there already: nothing was changed.
    RunExists(RunId),
}

/// Which starters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starters {
    /// The one with this key.
    Key(String),
    /// Those whose keys begin like this and come after `after`, in the order of their keys.
    Listed {
        /// How they begin.
        prefix: String,
        /// The last key of the page before; `None` for the first page.
        after: Option<String>,
    },
    /// Those that are to be looked at until this moment, the earliest first.
    Due(Timestamp),
}

/// One thing that the history of a starter tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StarterEntry {
    /// Its place, from 0.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub what: Happening,
}

/// What happened to a starter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Happening {
    /// It came into being; the text describes it.
    Created(String),
    /// It is another one from now on; the texts describe what it was and what it is.
    Changed {
        /// What it was.
        from: String,
        /// What it is.
        to: String,
    },
    /// It starts nothing until it is resumed.
    Paused,
    /// It goes on.
    Resumed,
    /// It will start nothing any more, for this reason.
    Finished(String),
    /// A tick, or several in a row that had the same fate.
    Ticks(Ticks),
    /// A run was started by something else than a tick; the text says by what.
    Started {
        /// The run.
        run: RunId,
        /// By what.
        by: String,
    },
    /// Nothing was started, for this reason.
    NotStarted(String),
    /// Somebody emitted this event.
    Emitted {
        /// The name of the value's type, for messages.
        type_name: String,
        /// The encoded value.
        value: Bytes,
    },
}

/// A tick and its fate, or those of several in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticks {
    /// The moment at which the first one was due.
    pub first: Timestamp,
    /// The moment at which the last one was due: the same where it is one.
    pub last: Timestamp,
    /// How many they are. Of a very long row no more than 100,000 are counted.
    pub count: u64,
    /// What became of them.
    pub fate: Fate,
}

/// What became of a tick. Each has one fate, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It started this run.
    Fired(RunId),
    /// It was missed, and started this run later.
    CaughtUp(RunId),
    /// It started nothing.
    Skipped(Skip),
}

/// Why a tick started nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Skip {
    /// Nobody was there when it was due, and the schedule does not catch up.
    Missed,
    /// It was missed, and the schedule catches up the last one alone.
    NotTheLast,
    /// It would have started later than the schedule's `max_late` allows.
    TooLate,
    /// More were missed than are caught up at once.
    TooMany,
    /// The run before had not ended, and the schedule's `overlap` is `skip`.
    Overlap,
    /// As many runs as may wait for their turn were waiting.
    QueueFull,
    /// The schedule was paused.
    Paused,
    /// It was missed, and the schedule is another one since.
    Replaced,
}

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missed => "nobody was there when it was due, and missed ticks are not caught up",
            Self::NotTheLast => "it was missed, and only the last missed tick is caught up",
            Self::TooLate => "it would have started later than `max_late` allows",
            Self::TooMany => "more ticks were missed than are caught up at once",
            Self::Overlap => "the run before it had not ended",
            Self::QueueFull => "too many runs wait for their turn",
            Self::Paused => "the schedule was paused",
            Self::Replaced => "it was missed, and the schedule is another one since",
        })
    }
}
