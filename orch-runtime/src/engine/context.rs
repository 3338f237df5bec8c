//! What a body can ask about itself.

use std::fmt;

use super::frame;
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::{RunId, TaskNumber},
};

/// What a body can ask about itself; see [`ctx`].
#[derive(Clone, Debug, Default)]
pub struct Context {
    run: Option<RunId>,
    flow: Option<&'static str>,
    task: Option<(&'static str, TaskNumber)>,
    attempt: u32,
    tick: Option<Timestamp>,
}

impl Context {
    /// The run; `None` outside any.
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Full name of the run's definition: the flow, or the task that was called outside any flow.
    pub fn flow(&self) -> Option<&'static str> {
        self.flow
    }

    /// Full name of the task whose body asks; `None` in a flow's body.
    pub fn task(&self) -> Option<&'static str> {
        self.task.map(|(name, _)| name)
    }

    /// Number of the task run whose body asks.
    pub fn task_number(&self) -> Option<TaskNumber> {
        self.task.map(|(_, number)| number)
    }

    /// The moment for which the run stands that a schedule or a backfill has started, or that called this one: when its
    /// tick was due, however late it was started. `None` where no tick started it.
    pub fn tick(&self) -> Option<Timestamp> {
        self.tick
    }

    /// The attempt under way, from 1: the task's in its body, the run's in a flow's. 0 outside any run.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// What the body that asks is part of. Outside any run, a context without anything.
///
/// The body of a synchronous task can ask too; threads that it starts by itself cannot.
pub fn ctx() -> Context {
    let Some(frame) = frame::current() else {
        return Context::default();
    };
    let task = frame.nearest_task();
    Context {
        run: Some(frame.run.id),
        flow: Some(frame.run.name),
        task: task.map(|task| (task.definition.display_name(), task.number)),
        attempt: task.map_or_else(|| frame.run.writer().attempt, |task| task.attempt),
        tick: frame.run.tick,
    }
}

/// A text that is the same for every attempt, resume and retry of one task run, and differs from that of every
/// other one: what a service needs to carry out a repeated request once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(u128);

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey({self})")
    }
}

/// The key of the task run whose body asks; in a flow's body, the run's.
///
/// # Errors
/// Outside any run, where nothing could be repeated.
pub fn idempotency_key() -> Result<IdempotencyKey> {
    let Some(frame) = frame::current() else {
        return Err(Error::runtime("`orch::idempotency_key()` was asked outside any task or flow"));
    };
    let mut hasher = blake3::Hasher::new_derive_key("orch idempotency key");
    hasher.update(frame.run.id.as_uuid().as_bytes());
    if let Some(task) = frame.nearest_task() {
        hasher.update(&task.key.digest().to_le_bytes());
    }
    Ok(IdempotencyKey(crate::id::first_half(hasher.finalize())))
}

/// The runtime of the body that asks.
pub(crate) fn core_of_run() -> Option<std::sync::Arc<crate::runtime::Core>> {
    frame::current().map(|frame| frame.run.core.clone())
}
