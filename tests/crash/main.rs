//! The crash matrix: flows that are killed at every boundary of their changes, and resumed.
//!
//! Needs the feature: `cargo test --features crash-points --test crash`. `-- --nocapture` prints the tables.

#![allow(missing_docs, unreachable_pub, reason = "nobody outside this test binary sees its items")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a matrix is read")]

mod flows;
