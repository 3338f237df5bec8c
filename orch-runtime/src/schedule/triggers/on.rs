//! What a trigger waits for, and what it hands on.

use std::{any::type_name, fmt, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec::{self, Bytes, CodecError},
    private::Followed,
    store::StartedBy,
};

/// Makes a value of one type one that can be read by its names.
pub(super) type Named = fn(&Bytes) -> Result<Bytes, CodecError>;

/// What a trigger waits for.
#[derive(Clone)]
pub struct On(pub(super) What);

#[derive(Clone)]
pub(super) enum What {
    /// Runs of a flow that end, with a value or without one. The flow by its path in the source.
    Ended { path: &'static str, well: bool, named: Named },
    /// Events of a name.
    Event(String),
    /// That no event of a name comes for so long.
    Absence { event: String, within: Duration },
    /// Files that come or change, and then are as they are for so long.
    File { pattern: String, settle: Duration },
    /// Runs of a flow that take so many times longer than usual.
    Overrun { path: &'static str, times: f64 },
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub(super) value: Bytes,
    pub(super) named: Named,
    pub(super) by: StartedBy,
    /// For people.
    pub(super) text: String,
}

/// A value that can be read by its names as it is.
pub(super) fn as_it_is(value: &Bytes) -> Result<Bytes, CodecError> {
    Ok(value.clone())
}

fn renamed<V: Serialize + DeserializeOwned + 'static>(value: &Bytes) -> Result<Bytes, CodecError> {
    codec::encode_named(&codec::decode::<V>(value)?)
}

impl On {
    /// That a run of a flow completes; its value is given.
    pub fn completed<A, F: Followed<A>>(_flow: F) -> Self
    where
        F::Output: Serialize + DeserializeOwned + 'static,
    {
        Self(What::Ended { path: type_name::<F>(), well: true, named: renamed::<F::Output> })
    }

    /// That a run of a flow ends without a value; the reason is given.
    pub fn failed<A, F: Followed<A>>(_flow: F) -> Self {
        Self(What::Ended { path: type_name::<F>(), well: false, named: as_it_is })
    }

    /// That an event of this name is emitted; its value is given.
    pub fn event(name: impl Into<String>) -> Self {
        Self(What::Event(name.into()))
    }

    /// That a run of a flow takes so many times longer than usual; an [`Overrun`](super::Overrun) is given.
    pub fn overrun<A, F: Followed<A>>(_flow: F, times: f64) -> Self {
        Self(What::Overrun { path: type_name::<F>(), times })
    }

    /// That no event of this name comes for so long; nothing is given.
    pub fn absent(event: impl Into<String>, within: Duration) -> Self {
        Self(What::Absence { event: event.into(), within })
    }

    /// That a file that matches this comes or changes, and then is as it is for so long, or for one second; a
    /// [`FileChange`](super::FileChange) is given. See [`TriggerName::on_file`](super::TriggerName::on_file).
    pub fn file(pattern: impl Into<String>, settle: Option<Duration>) -> Self {
        Self(What::File { pattern: pattern.into(), settle: settle.unwrap_or(super::files::SETTLE) })
    }
}

/// What history tells of a trigger that is new.
impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            What::Ended { path, well: true, .. } => write!(f, "after runs of `{path}` that complete"),
            What::Ended { path, well: false, .. } => write!(f, "after runs of `{path}` that do not complete"),
            What::Overrun { path, times } => {
                write!(f, "when a run of `{path}` takes {times} times longer than usual")
            }
            What::Event(event) => write!(f, "on events `{event}`"),
            What::Absence { event, within } => write!(f, "when no event `{event}` comes for {within:?}"),
            What::File { pattern, settle } => {
                write!(f, "on files `{pattern}` that come or change, after {settle:?}")
            }
        }
    }
}

impl fmt::Debug for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "On({self})")
    }
}
