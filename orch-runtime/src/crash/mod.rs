//! Points at which a process can be told to die, and what it notes on its way there. Only with the feature
//! `crash-points`: nothing of this is in other builds.

mod armed;
mod bodies;
mod changes;
mod notes;
mod point;

pub(crate) use armed::{arm, note, reached};
pub(crate) use bodies::body_begins;
pub(crate) use changes::{change_of, sending};
pub(crate) use notes::{Body, Note, Notes, read};
pub use point::CrashPoint;
