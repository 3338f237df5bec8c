//! Runs that nobody calls: those of schedules.

mod backlog;
mod change;
mod plan;
mod stored;

#[cfg(test)]
mod tests;

pub use orch_schedule::{CatchUp, Doubled, Dst, Missing, Overlap, Policy, Rule, RuleError};
pub use stored::Source;
