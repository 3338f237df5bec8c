//! The points.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A point on the way of a change from a body to the disk and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CrashPoint {
    /// Before the engine sends the change to the store.
    Sending,
    /// Before the store writes the batch with the change in it.
    Writing,
    /// The batch is written, and not synced: the change may be found or not.
    Written,
    /// The change is durable, and nobody has been told.
    Synced,
}

impl CrashPoint {
    pub(crate) const ALL: [Self; 4] = [Self::Sending, Self::Writing, Self::Written, Self::Synced];

    fn text(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Writing => "writing",
            Self::Written => "written",
            Self::Synced => "synced",
        }
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

impl FromStr for CrashPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|point| point.text() == text);
        found.ok_or_else(|| format!("`{text}` is no crash point"))
    }
}
