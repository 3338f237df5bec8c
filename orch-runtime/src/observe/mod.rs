//! What people get to see without asking.

mod warnings;

pub(crate) use warnings::{warn, warn_outside};
