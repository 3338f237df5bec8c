//! Runs that nobody calls: those of schedules.

mod attributes;
mod backlog;
mod change;
mod create;
mod keeper;
mod manage;
mod plan;
mod put;
mod spec;
mod stored;
mod tick;
mod told;

#[cfg(test)]
mod tests;

pub(crate) use self::{attributes::store_attributes, keeper::Keeper, told::Told};
pub use self::{
    create::NewSchedule,
    manage::{ChangeSchedule, Schedule, Schedules},
    stored::Source,
};
pub use orch_schedule::{CatchUp, Doubled, Dst, Missing, Overlap, Policy, Rule, RuleError};
