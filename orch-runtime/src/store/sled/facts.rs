//! What the log tells: the facts of a pack, in the form in which they are read back.

use std::{borrow::Cow, sync::Arc};

use super::{blobs::BlobId, keys::NameId};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    error::RecordedError,
    id::{CallKey, RunId, TaskNumber},
    state::{Notice, RunState, TaskState},
    store::{Address, Begun, Fence, Labels, Mark, NewRun, Outcome, Reruns, StartedBy, TaskDetail, Trigger},
};

/// Task runs are found by blocks of this many.
pub(super) const BLOCK: u32 = if cfg!(test) { 8 } else { 256 };

/// A value, or where it lies.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Held {
    Here(Bytes),
    Blob(BlobId),
}

/// An [`Outcome`] whose value may lie elsewhere.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    Value(Held),
    Error(Arc<RecordedError>),
    End,
}

/// What a run was submitted with.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) name: NameId,
    pub(super) given_id: Option<String>,
    pub(super) kind: DefinitionKind,
    pub(super) body_hash: u64,
    pub(super) input: Held,
    pub(super) label: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) trigger: Trigger,
    pub(super) parent: Option<(RunId, TaskNumber)>,
    pub(super) reruns: Option<Box<Reruns>>,
    pub(super) started_by: Option<Box<StartedBy>>,
    /// See [`NewRun::waits`].
    pub(super) waits: bool,
    pub(super) created: Timestamp,
}

/// One thing that happened to a run.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) at: Timestamp,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// The run came into being.
    Submitted(Box<Origin>),
    /// A worker took it.
    Taken {
        fence: Fence,
        state: RunState,
        attempt: u32,
    },
    /// It had ended, and is to be executed again in this attempt.
    Reopened {
        attempt: u32,
    },
    /// The facts up to the next mark are change `number` under the present fence.
    Change(u64),
    Run(Box<RunFact>),
    Claim(Box<ClaimFact>),
    Task(TaskFact),
    Child {
        task: TaskNumber,
        run: RunId,
    },
    Record(Box<RecordFact>),
    Dropped(Mark),
    Begun(Begun),
    /// A signal came in.
    Signal(Box<SignalFact>),
    SignalTaken(u64),
    /// A signal that was taken is there again.
    GivenBack(Box<SignalFact>),
    /// Its worker has given the run back.
    Released,
    Notice {
        task: Option<TaskNumber>,
        notice: Notice,
        text: String,
    },
}

/// The run has another state.
#[derive(Clone, Debug)]
pub(super) struct RunFact {
    pub(super) state: RunState,
    pub(super) attempt: u32,
    pub(super) reason: Option<String>,
    pub(super) outcome: Option<Kept>,
}

/// A task run came into being.
#[derive(Clone, Debug)]
pub(super) struct ClaimFact {
    pub(super) task: TaskNumber,
    pub(super) key: CallKey,
    pub(super) instance: u64,
    pub(super) name: NameId,
    pub(super) kind: DefinitionKind,
    pub(super) labels: Option<Labels>,
    pub(super) input: Option<String>,
}

/// A task run has another state.
#[derive(Clone, Debug)]
pub(super) struct TaskFact {
    pub(super) task: TaskNumber,
    pub(super) name: NameId,
    pub(super) from: TaskState,
    pub(super) state: TaskState,
    pub(super) attempt: u32,
    pub(super) detail: Option<Box<TaskDetail>>,
}

/// An outcome has its place in a journal.
#[derive(Clone, Debug)]
pub(super) struct RecordFact {
    pub(super) key: CallKey,
    pub(super) instance: u64,
    pub(super) number: u32,
    pub(super) task: Option<TaskNumber>,
    pub(super) outcome: Kept,
}

/// A signal of the run, under its number.
#[derive(Clone, Debug)]
pub(super) struct SignalFact {
    pub(super) number: u64,
    pub(super) signal: KeptSignal,
}

/// A signal whose value may lie elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeptSignal {
    pub(super) to: Address,
    pub(super) type_name: Cow<'static, str>,
    pub(super) value: Held,
    pub(super) at: Timestamp,
}

impl What {
    /// How many events it makes.
    pub(super) fn events(&self) -> u64 {
        match self {
            Self::Submitted(_)
            | Self::Taken { .. }
            | Self::Reopened { .. }
            | Self::Run(_)
            | Self::Claim(_)
            | Self::Task(_)
            | Self::Signal(_)
            | Self::Notice { .. } => 1,
            Self::Change(_)
            | Self::Child { .. }
            | Self::Record(_)
            | Self::Dropped(_)
            | Self::Begun(_)
            | Self::SignalTaken(_)
            | Self::GivenBack(_)
            | Self::Released => 0,
        }
    }

    /// The task run whose row it changes.
    pub(super) fn task(&self) -> Option<TaskNumber> {
        match self {
            Self::Claim(claim) => Some(claim.task),
            Self::Task(fact) => Some(fact.task),
            Self::Child { task, .. } => Some(*task),
            _ => None,
        }
    }
}

impl Origin {
    pub(super) fn new(new: &NewRun, name: NameId, input: Held) -> Self {
        Self {
            name,
            given_id: new.given_id.clone(),
            kind: new.kind,
            body_hash: new.body_hash,
            input,
            label: new.label.clone(),
            tags: new.tags.iter().map(|tag| tag.clone().into_owned()).collect(),
            trigger: new.trigger,
            parent: new.parent,
            reruns: new.reruns.clone(),
            started_by: new.started_by.clone(),
            waits: new.waits,
            created: new.at,
        }
    }

    /// The state in which the run comes into being.
    pub(super) fn first_state(&self) -> RunState {
        if self.waits { RunState::Scheduled } else { RunState::Pending }
    }
}

impl Kept {
    /// What is kept of an outcome, given what is kept of its value.
    pub(super) fn of(outcome: &Outcome, hold: impl FnOnce(&Bytes) -> Held) -> Self {
        match outcome {
            Outcome::Value(value) => Self::Value(hold(value)),
            Outcome::Error(error) => Self::Error(error.clone()),
            Outcome::End => Self::End,
        }
    }
}
