//! Cron expressions.

mod days;
mod expression;
mod field;
mod item;
mod possible;
#[cfg(feature = "time")]
mod search;
#[cfg(feature = "time")]
mod words;

pub use expression::Cron;
pub(crate) use field::MONTHS;
