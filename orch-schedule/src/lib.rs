//! When schedules are due: cron expressions, periods and moments, in time zones, as pure functions. Part of
//! [`orch-flow`](https://docs.rs/orch-flow), which re-exports it.
//!
//! ```
//! # #[cfg(feature = "time")] {
//! use orch_schedule::{Rule, Zone, moment};
//!
//! # fn main() -> Result<(), orch_schedule::RuleError> {
//! let mornings = Rule::cron("30 2 * * *").zone("Europe/Berlin").build()?;
//! assert_eq!(mornings.describe(), "at 02:30 (Europe/Berlin)");
//!
//! // On the 29th of March 2026 the clocks there go from 02:00 to 03:00.
//! let after = moment("2026-03-28T12:00:00Z", Zone::UTC)?;
//! assert_eq!(mornings.next_after(after), Some(moment("2026-03-29T03:30:00+02:00", Zone::UTC)?));
//! # Ok(()) }
//! # main().unwrap();
//! # }
//! ```
//!
//! Without the feature `time` rules are read and checked, which is what the attributes need while compiling; with it they
//! say when they are due.

mod calendar;
mod cron;
#[cfg(feature = "time")]
mod describe;
mod dst;
mod error;
mod jitter;
mod moment;
mod nearest;
#[cfg(feature = "time")]
mod next;
mod policy;
#[cfg(feature = "time")]
mod rule;
mod zone;

pub use cron::Cron;
pub use dst::{Doubled, Dst, Missing};
pub use error::{Field, Mistake, RuleError};
pub use jitter::jitter_of;
pub use moment::Moment;
pub use policy::{CatchUp, Overlap, Policy};
#[cfg(feature = "time")]
pub use rule::{AtRule, CronRule, EveryRule, Rule, Ticks, moment};
pub use zone::Zone;
