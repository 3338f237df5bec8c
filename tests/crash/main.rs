//! The crash matrix: flows that are killed at every boundary of their changes, and resumed.
//!
//! Needs the feature: `cargo test --features crash-points --test crash -- --nocapture`. With `ORCH_CRASH_TABLES=1` it
//! prints the tables, and with `ORCH_CRASH_TWICE=1` the resumed flow is killed once more.

#![allow(missing_docs, unreachable_pub, reason = "nobody outside this test binary sees its items")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "it says what it has tried")]
#![allow(clippy::disallowed_methods, reason = "bodies take different times, on purpose")]

mod finds;
mod flows;
mod tasks;

use std::{
    fmt::Debug,
    sync::atomic::{AtomicUsize, Ordering},
};

use orch::{prelude::*, testing::CrashTest};
use serde::{Serialize, de::DeserializeOwned};

static FLOWS: AtomicUsize = AtomicUsize::new(0);
static BOUNDARIES: AtomicUsize = AtomicUsize::new(0);

/// Kills the flow at every boundary. `expected` is what it gives undisturbed.
#[track_caller]
fn killed_everywhere<T>(expected: &str, flow: impl Fn() -> Call<T, Flow> + Send)
where
    T: Debug + Serialize + DeserializeOwned + Send + 'static,
{
    let test = CrashTest::new();
    let again = std::env::var_os("ORCH_CRASH_TWICE").is_some();
    let matrix = if again { test.twice() } else { test }.run(flow);
    if std::env::var_os("ORCH_CRASH_TABLES").is_some() {
        print!("{matrix}");
    }
    let (boundaries, missed) = (matrix.boundaries().len(), matrix.missed());
    let flows = FLOWS.fetch_add(1, Ordering::Relaxed) + 1;
    let sum = BOUNDARIES.fetch_add(boundaries, Ordering::Relaxed) + boundaries;
    println!(
        "{:40} {boundaries:4} boundaries ({missed} missed); {sum} of {flows} flows so far",
        matrix.flow()
    );
    matrix.assert_sound();
    assert!(matrix.result().contains(expected), "it gives {} and not {expected}", matrix.result());
}

macro_rules! matrix {
    ($($test:ident gives $expected:literal: $flow:expr;)*) => {$(
        #[test]
        fn $test() {
            $crate::killed_everywhere($expected, || $flow);
        }
    )*};
}
use matrix;
