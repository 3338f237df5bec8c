//! What is said to runs from outside.

use std::borrow::Cow;

use crate::{
    clock::Timestamp,
    codec::Bytes,
    id::TaskNumber,
    state::{RunState, TaskState},
};

/// Whom a signal is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// The run's waits for this name.
    Name(String),
    /// A task run that is [`Unknown`](TaskState::Unknown): a person says what became of it.
    Task(TaskNumber),
}

impl Address {
    /// As events tell it: the task run that it is about, if it is about one, and a text.
    pub(in crate::store) fn told(&self) -> (Option<TaskNumber>, String) {
        match self {
            Self::Name(name) => (None, format!("`{name}`")),
            Self::Task(task) => (Some(*task), "what became of it".to_owned()),
        }
    }
}

/// A signal on its way into a run.
#[derive(Clone, Debug)]
pub struct NewSignal {
    /// Whom it is for.
    pub to: Address,
    /// The name of the value's type, for messages.
    pub type_name: Cow<'static, str>,
    /// The encoded value.
    pub value: Bytes,
    /// When it was sent.
    pub at: Timestamp,
    /// For a task run: the state that it must have, or the signal is refused.
    pub expect: Option<TaskState>,
}

/// A signal that nobody has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its place among all signals of its run, from 0.
    pub number: u64,
    /// Whom it is for.
    pub to: Address,
    /// The name of the value's type, for messages.
    pub type_name: Cow<'static, str>,
    /// The encoded value.
    pub value: Bytes,
    /// When it was sent.
    pub at: Timestamp,
}

/// How sending a signal ended. Only with the first of these did it come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It has this number.
    Accepted(u64),
    /// The run is not in the store.
    NoRun,
    /// The run has ended like this.
    Ended(RunState),
    /// As many signals as a run may have wait in this one.
    Full,
    /// The run has no such task run.
    NoTask,
    /// The task run has ended.
    TaskEnded,
    /// The task run has another state than the signal is for.
    TaskIs(TaskState),
    /// A signal for that task run waits already.
    Answered,
}
