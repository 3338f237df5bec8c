//! That the matrix finds what is wrong: flows that break their promise.

use std::time::Duration;

use orch::{
    prelude::*,
    testing::{CrashMatrix, CrashTest},
};

use crate::tasks::{charge, follow, work};

/// Draws a number that is not recorded.
#[flow]
async fn draws_beside_orch() -> Result<u64, Error> {
    let amount = work(1).await?;
    let drawn = fastrand::u64(..);
    let paid = charge(drawn.to_string(), amount).await?;
    follow(paid).await
}

/// Its result says in which process it came to be.
#[flow]
async fn gives_something_else() -> Result<u32, Error> {
    work(1).await?;
    Ok(std::process::id())
}

fn faults(matrix: &CrashMatrix) -> Vec<String> {
    matrix.unsound().flat_map(|boundary| boundary.faults().to_vec()).collect()
}

#[track_caller]
fn assert_found(matrix: &CrashMatrix, what: &str) {
    let faults = faults(matrix);
    assert!(faults.iter().any(|fault| fault.contains(what)), "{faults:#?}");
}

#[test]
fn a_number_that_is_drawn_beside_orch() {
    let soon = Duration::from_millis(50);
    let matrix = CrashTest::new().with(|runtime| runtime.replay_patience(soon)).run(draws_beside_orch);
    // The body in flight is another one than before; a recorded one is not asked for any more.
    assert_found(&matrix, "different bodies instead of 1");
    assert_found(&matrix, "diverged from its journal");
}

#[test]
fn another_result() {
    let matrix = CrashTest::new().run(gives_something_else);
    assert_found(&matrix, "it gives ");
}

#[test]
fn a_hang() {
    #[flow]
    async fn hangs_when_resumed() -> Result<u64, Error> {
        let first = work(1).await?;
        let marker = std::env::var_os("ORCH_CRASH_CHILD").unwrap().to_string_lossy().contains("\n2\n");
        if marker {
            std::future::pending::<()>().await;
        }
        follow(first).await
    }
    let matrix = CrashTest::new().limit(Duration::from_secs(3)).at_once(16).run(hangs_when_resumed);
    assert_found(&matrix, "it did not end within 3s");
}
