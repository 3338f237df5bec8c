//! Runs that nobody calls: those of schedules and of triggers.

mod attentive;
mod attributes;
mod backfill;
mod backlog;
mod change;
mod create;
mod emit;
mod keeper;
mod launch;
mod manage;
mod plan;
mod put;
mod spec;
mod stored;
mod tick;
mod told;
mod triggers;

#[cfg(test)]
mod tests;

pub(crate) use self::{
    attentive::{Attentive, until_polled},
    attributes::store_attributes,
    keeper::Keeper,
    told::Told,
    triggers::triggers_of_attributes,
};
pub use self::{
    backfill::{Backfill, Backfilled},
    create::NewSchedule,
    emit::emit,
    manage::{ChangeSchedule, Schedule, Schedules},
    stored::Source,
    triggers::{FileChange, Given, On, Overrun, Trigger, TriggerName, TriggerOn},
};
pub use orch_schedule::{CatchUp, Doubled, Dst, Missing, Overlap, Policy, Rule, RuleError};
