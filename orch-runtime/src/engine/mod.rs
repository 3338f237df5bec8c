//! The way of a call: written, claimed, begun, attempted, recorded, handed over.
//!
//! [`task`] and [`flow`] hold the pipeline, one screen each. [`scope`] and [`body`] hold the order: every outcome
//! takes a number and is handed to the body that asked for it one at a time, in life as in replay.

mod alive;
mod ambient;
mod attempt;
mod away;
mod body;
mod branch;
mod cached;
mod call;
mod commit;
mod context;
mod edits;
mod flow;
mod frame;
mod handle;
mod job;
mod mailbox;
mod map;
mod once;
mod panics;
mod permits;
mod prepared;
mod progress;
mod pulse;
mod replay;
mod rerun;
mod retry;
mod rules;
mod run;
mod scope;
mod signal;
pub(crate) mod start;
mod startable;
mod straight;
mod task;
mod ticket;
mod verify;
mod waiting;

pub use ambient::{now, random, sleep, step, uuid};
pub use branch::spawn;
pub(crate) use cached::{CacheUse, explain};
pub(crate) use call::typed;
pub use call::{Call, Flow, Kind, Task};
pub(crate) use context::core_of_run;
pub use context::{Context, IdempotencyKey, ctx, idempotency_key};
pub(crate) use flow::{
    Admitted, Resumed, cancel_taken_up, cancel_unattended, end_orphaned_child, fail, launch, recover, resume,
    retry, take_turn,
};
pub(crate) use frame::Frame;
pub use handle::Handle;
pub(crate) use job::Job;
pub use map::{Map, TryMap, map, try_map};
pub use once::Resolution;
pub(crate) use once::Said;
pub(crate) use panics::{caught, watch_panics};
pub(crate) use pulse::Pulse;
pub(crate) use rerun::rerun;
pub use rules::Rules;
pub(crate) use run::{RunShared, Stop};
pub use signal::{Wait, signal};
pub(crate) use startable::{Startable, startable};
pub(crate) use verify::{Replayed, Verifying, verify};
