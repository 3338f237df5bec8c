//! Runs that follow files that come or change.

mod braces;
mod file_change;
mod keys;
mod pattern;
mod serve;
mod settling;
mod walk;
mod watch;

#[cfg(test)]
mod tests;

pub use file_change::FileChange;
pub(super) use serve::SETTLE;
