//! Behaviour tests: they run flows on a test runtime and assert the events that the store has of them.
#![allow(missing_docs, unreachable_pub, reason = "nobody outside this test binary sees its items")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::async_yields_async, reason = "a call is started inside the scope of its runtime")]

mod ambient;
mod bad_input;
mod cache;
mod cancel;
mod errors;
mod found;
mod functions;
mod given_ids;
mod handles;
mod kills;
mod limits;
mod matrix;
mod once;
mod once_again;
mod options;
mod recovered;
mod rerun;
mod resumed;
mod resumed_permits;
mod retried;
mod signals;
mod spans;
mod support;
mod values;
