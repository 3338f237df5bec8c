//! What holds for all rules, what is said about bad ones, and what a rule is in words.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod at_the_edges;
mod mistakes;
mod policies;
mod random;
mod stored;
mod words;

/// A moment of universal time, in microseconds since the epoch.
fn utc(text: &str) -> i64 {
    orch_schedule::moment(text, orch_schedule::Zone::UTC).unwrap()
}
