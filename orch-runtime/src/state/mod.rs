//! Where runs and task runs stand, and what may follow what. Pure: no async, no I/O, no clock.

mod event;
mod run_state;
mod task_state;

pub use event::{Event, EventKind, Notice};
pub use run_state::{RunInput, RunState};
pub use task_state::{TaskInput, TaskState};

/// A change that the table does not know. It names both sides, since one of them is a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{input} is not possible while {state}")]
pub struct IllegalStep {
    pub(crate) state: &'static str,
    pub(crate) input: &'static str,
}
