//! One committed change, as everybody reads it.

use std::{borrow::Cow, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{RunState, TaskState};
use crate::{
    clock::Timestamp,
    id::{RunId, TaskNumber},
};

/// One committed change of a run or task run. Events exist only after their commit, and are never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position among all events of the store, from 1.
    pub sequence: u64,
    /// When it was committed, by the store's clock.
    pub at: Timestamp,
    /// The run.
    pub run: RunId,
    /// What changed.
    pub kind: EventKind,
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventKind {
    /// The run has another state.
    Run {
        /// The new state.
        state: RunState,
        /// The attempt of its body, from 1; 0 before the first.
        attempt: u32,
        /// Why, where the state has a reason.
        reason: Option<String>,
    },
    /// A task run has another state.
    Task {
        /// Its number in the run.
        task: TaskNumber,
        /// Its definition.
        name: Cow<'static, str>,
        /// The new state.
        state: TaskState,
        /// Its attempt, from 1; 0 before the first.
        attempt: u32,
        /// Why, where the state has a reason: the error, or what `retry_if` said.
        reason: Option<String>,
        /// For [`TaskState::AwaitingRetry`], the wait.
        delay: Option<Duration>,
    },
    /// Something else that must not stay silent.
    Notice {
        /// The task run that it is about, if it is about one.
        task: Option<TaskNumber>,
        /// What.
        notice: Notice,
        /// More, for a reader.
        text: String,
    },
}

/// What is told beside changes of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Notice {
    /// A call was dropped without having been awaited or started.
    NeverStarted,
    /// A call was dropped before its outcome was handed over.
    Dropped,
    /// The thread of a cancelled or timed-out synchronous body goes on until it returns.
    Abandoned,
    /// The journal and the code differ.
    Diverged,
    /// A task was called outside any scope while a run was active.
    OutsideScope,
    /// The body has returned and the run waits for calls that it started.
    WaitingForStarted,
    /// A result could not be kept in the cache, or one that was kept could not be read.
    CacheFault,
    /// A cache lookup missed or did not wait; the text says why.
    CacheMiss,
    /// The body waits for a signal that nobody has sent yet.
    WaitingForSignal,
    /// Somebody sent a signal.
    SignalSent,
    /// The run has ended, and nobody has taken these signals.
    SignalsLeft,
    /// A person has to say what became of an interrupted `once` task that a further attempt of its caller, or a further
    /// process, asks for; or has said something that does not fit.
    Unresolved,
}

impl Notice {
    /// Whether it tells that a run waits for somebody.
    pub(crate) fn tells_of_waiting(self) -> bool {
        matches!(self, Self::WaitingForSignal | Self::Unresolved)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { state, attempt, reason } => {
                write!(f, "run {state}")?;
                if *attempt > 1 {
                    write!(f, " ({attempt})")?;
                }
                reason.iter().try_for_each(|reason| write!(f, ": {reason}"))
            }
            Self::Task { name, state, attempt, reason, .. } => {
                let short = name.rsplit("::").next().unwrap_or(name);
                write!(f, "{short} {state}")?;
                if *attempt > 0 {
                    write!(f, " ({attempt})")?;
                }
                reason.iter().try_for_each(|reason| write!(f, ": {reason}"))
            }
            Self::Notice { notice, text, .. } if text.is_empty() => write!(f, "{notice:?}"),
            Self::Notice { notice, text, .. } => write!(f, "{notice:?}: {text}"),
        }
    }
}
