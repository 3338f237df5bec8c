//! What the attributes refuse. Every rule reports and goes on, so that one compilation shows all mistakes of an item.

mod body;
mod options;
mod schedules;
mod signature;
mod starts;
mod triggers;
mod types;

pub(crate) use body::body;
pub(crate) use options::options;
pub(crate) use signature::signature;
