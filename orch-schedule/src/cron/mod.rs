//! Cron expressions.

mod expression;

pub use expression::Cron;
