//! Runs that nobody calls: those of schedules.

mod backlog;
mod change;
mod keeper;
mod plan;
mod stored;
mod tick;
mod told;

#[cfg(test)]
mod tests;

pub use orch_schedule::{CatchUp, Doubled, Dst, Missing, Overlap, Policy, Rule, RuleError};
pub use stored::Source;
