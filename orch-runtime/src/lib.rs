//! The engine, state and stores behind `orch-flow`. Programs depend on that crate, which re-exports this one.

mod cache;
mod clock;
mod codec;
#[cfg(feature = "crash-points")]
mod crash;
mod definition;
mod engine;
mod error;
mod id;
mod limits;
mod observe;
#[doc(hidden)]
pub mod private;
mod runtime;
pub mod schedule;
pub mod state;
pub mod store;
pub mod testing;

pub use cache::Shared;
pub use clock::Timestamp;
pub use codec::{Bytes, CodecError};
pub use definition::{
    Backoff, BodyError, CacheScope, Definition, DefinitionKind, Place, RuleText, ScheduleDefinition,
    TriggerDefinition,
};
pub use engine::{
    Call, Context, Flow, Handle, IdempotencyKey, Kind, Map, Resolution, Task, TryMap, Wait, ctx,
    idempotency_key, map, now, random, signal, sleep, spawn, step, try_map, uuid,
};
pub use error::{BoxError, Error, ErrorKind, RecordedError, Result, Retry};
pub use id::{CallKey, RunId, ScopeId, TaskNumber};
pub use limits::{Holder, Limit, Permits, Waiting};
pub use runtime::{
    Cache, CacheStats, Explained, Recovered, Rerun, Runtime, RuntimeBuilder, Scoped, Serve, Served, recover,
    rerun, resolve, retry, send, serve,
};
pub use schedule::emit;
pub use state::{Event, EventKind, Notice, RunState, TaskState};
