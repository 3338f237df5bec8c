//! The right to run now: named pools of permits, rates, limits per key.
//!
//! [`Table`](table::Table) is the whole of it as a state machine that knows neither tasks nor clocks: who asks, who has,
//! who waits, and whose turn it is. [`Limits`] puts a lock around it, and futures that wait. What a function may ask for
//! stands in its definition; what there is of each pool belongs to the runtime.
//!
//! A permit belongs to an attempt (of a flow with `max_concurrent`: to a run) and goes with it. All that a call needs is
//! taken at once, so two calls never hold what the other one waits for; a body that holds something and calls what needs
//! more may be in a circle, which [`cycle`] finds before anybody waits in it.

mod amount;
mod cycle;
mod needs;
mod permit;
mod pools;
mod queue;
mod rate;
mod refusal;
mod settings;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod turn;
mod woken;

pub use amount::Permits;
pub(crate) use needs::Amount;
pub use needs::{Need, Rate};
pub(crate) use permit::{Asked, Limits, Permit, Taken};
pub(crate) use pools::{CPU, PoolName};
pub(crate) use refusal::Refusal;
pub(crate) use settings::Settings;
pub use status::{Holder, Limit, Waiting};
pub(crate) use table::Who;
