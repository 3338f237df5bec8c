//! What starts runs when something happens.

mod absence;
mod attributes;
mod ends;
mod events;
mod files;
mod fire;
mod given;
mod on;
mod overruns;
mod standing;
mod trigger;

pub use self::{
    files::FileChange,
    given::Given,
    on::On,
    overruns::Overrun,
    trigger::{Trigger, TriggerName, TriggerOn},
};
pub(crate) use attributes::triggers_of_attributes;
