//! What the attributes write about a function, and where definitions are found again by name.

mod arguments;
mod backoff;
mod bounds;
mod definition_data;
mod invocation;
mod policy;
mod registry;
mod schedule;
mod trigger;

pub(crate) use arguments::{Arguments, Setting};
pub use backoff::Backoff;
pub use bounds::{Input, Output};
pub use definition_data::{Definition, DefinitionKind, Place};
pub(crate) use invocation::{AsyncInvocation, Cause, Moved, SyncInvocation, erased_output};
pub use invocation::{BodyError, BodyResult, DecodeError, Fallible, Invocation, Skipped};
pub use policy::{CachePolicy, CacheScope};
pub use registry::Registered;
pub(crate) use registry::{Resolved, body_hash_at, find, known, path_named, startable, step_definition};
pub use schedule::{RuleText, ScheduleDefinition};
pub use trigger::TriggerDefinition;
