//! When schedules are due: cron expressions, periods and moments, in time zones, as pure functions. Part of
//! [`orch-flow`](https://docs.rs/orch-flow), which re-exports it.

mod cron;
mod dst;
mod error;
mod jitter;
mod nearest;
mod policy;
mod rule;
mod zone;

pub use cron::Cron;
pub use dst::{Doubled, Dst, Missing};
pub use error::{Field, Mistake, RuleError};
pub use jitter::jitter_of;
pub use policy::{CatchUp, Overlap, Policy};
pub use rule::{AtRule, CronRule, EveryRule, Rule, Ticks};
pub use zone::Zone;
