//! Started calls and spawned branches.

use std::time::Duration;

use orch::prelude::*;

use crate::support::{assert_lines, lines};

const SECOND: Duration = Duration::from_secs(1);

#[task]
async fn after_seconds(seconds: u32) -> u32 {
    orch::sleep(SECOND * seconds).await;
    seconds
}

#[task]
async fn breaks() -> Result<u32, String> {
    Err("it broke".to_owned())
}

/// Runs a flow on a runtime of its own, and gives its end and its events.
async fn run<T: Send + 'static>(flow: impl FnOnce() -> Call<T, Flow>) -> (Result<T, Error>, Vec<String>) {
    let runtime = orch::testing::runtime();
    let ended = runtime.scope(async { flow().await }).await;
    (ended, lines(&runtime).await)
}

#[tokio::test]
async fn started_calls_run_beside_the_body_and_give_their_values() {
    #[flow]
    async fn both() -> Result<Vec<u32>, Error> {
        let (slow, quick) = (after_seconds(2).start(), after_seconds(1).start());
        Ok(vec![slow.await?, quick.await?])
    }

    let (ended, lines) = run(both).await;
    assert_eq!(ended.unwrap(), [2, 1]);
    assert_lines(
        &lines,
        &[
            "run Pending",
            "run Running",
            "after_seconds Pending",
            "after_seconds Running (1)",
            "after_seconds Pending",
            "after_seconds Running (1)",
            "after_seconds Completed (1)",
            "after_seconds Completed (1)",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn a_dropped_handle_changes_nothing_and_the_wait_is_visible() {
    #[flow]
    async fn forgets() -> u32 {
        drop(after_seconds(1).start());
        drop(after_seconds(2).start());
        7
    }

    let (ended, lines) = run(forgets).await;
    assert_eq!(ended.unwrap(), 7);
    assert_lines(
        &lines,
        &[
            "run Pending",
            "run Running",
            "WaitingForStarted: the body has returned; waiting for 2 started calls",
            "after_seconds Pending",
            "after_seconds Running (1)",
            "after_seconds Pending",
            "after_seconds Running (1)",
            "after_seconds Completed (1)",
            "after_seconds Completed (1)",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn a_failure_that_nobody_took_fails_the_run() {
    #[flow]
    async fn forgets() -> u32 {
        let _handle = breaks().start();
        orch::sleep(SECOND).await;
        7
    }

    let (ended, lines) = run(forgets).await;
    let error = ended.expect_err("what it started broke");
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(error.to_string().contains("it broke"), "{error}");
    assert_lines(
        &lines,
        &[
            "run Pending",
            "run Running",
            "breaks Pending",
            "breaks Running (1)",
            "breaks Failed (1): it broke",
            "run Failed: a call that it started and nobody awaited: `it::handles::breaks` failed: it broke",
        ],
    );
}

#[tokio::test]
async fn a_failure_that_somebody_took_is_theirs() {
    #[flow]
    async fn handles() -> bool {
        let handle = breaks().start();
        handle.await.is_err()
    }

    let (ended, lines) = run(handles).await;
    assert!(ended.unwrap());
    assert_eq!(lines.last().map(String::as_str), Some("run Completed"));
}

#[tokio::test]
async fn an_error_of_the_body_cancels_what_it_started() {
    #[flow]
    async fn fails() -> Result<u32, Error> {
        let _handle = after_seconds(60).start();
        orch::sleep(SECOND).await;
        breaks().await
    }

    let (ended, lines) = run(fails).await;
    assert!(ended.is_err());
    assert_lines(
        &lines,
        &[
            "run Pending",
            "run Running",
            "after_seconds Pending",
            "after_seconds Running (1)",
            "breaks Pending",
            "breaks Running (1)",
            "breaks Failed (1): it broke",
            "after_seconds Cancelled (1): dropped",
            "run Failed: `it::handles::breaks` failed: it broke",
        ],
    );
}

#[tokio::test]
async fn what_comes_after_a_failure_is_skipped() {
    #[flow]
    async fn skips() -> Result<(ErrorKind, String), Error> {
        let first = breaks().start();
        let second = after_seconds(1).after(&first).start();
        let third = after_seconds(2).after(&second).await;
        assert!(first.await.is_err());
        let error = second.await.expect_err("it is skipped");
        assert_eq!(third.expect_err("it is skipped too").kind(), ErrorKind::UpstreamFailed);
        Ok((error.kind(), error.to_string()))
    }

    let (ended, mut lines) = run(skips).await;
    let (kind, text) = ended.unwrap();
    assert_eq!(kind, ErrorKind::UpstreamFailed);
    assert!(text.contains("`it::handles::breaks` failed"), "{text}");
    lines.retain(|line| line.contains("Skipped"));
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].ends_with("did not succeed: `it::handles::breaks` failed in attempt 1 of run #1: it broke"),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn what_comes_after_several_waits_for_all() {
    #[flow]
    async fn ordered() -> Result<u32, Error> {
        let handles: Vec<_> = (1..4).map(|seconds| after_seconds(seconds).start()).collect();
        let mut last = after_seconds(0);
        for handle in &handles {
            last = last.after(handle);
        }
        last.await
    }

    let (ended, lines) = run(ordered).await;
    assert_eq!(ended.unwrap(), 0);
    let completed: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains("Completed (1)")).collect();
    let started_last = lines.iter().rposition(|line| line.contains("Running (1)")).unwrap();
    assert_eq!(completed.iter().filter(|at| **at < started_last).count(), 3, "{lines:#?}");
}

#[tokio::test]
async fn a_handle_gives_its_outcome_once() {
    #[flow]
    async fn twice() -> Result<String, Error> {
        let mut handle = after_seconds(1).start();
        (&mut handle).await?;
        Ok(handle.await.expect_err("it was taken").to_string())
    }

    let (ended, _) = run(twice).await;
    assert!(ended.unwrap().contains("taken before"));
}

#[tokio::test]
async fn a_handle_survives_a_select_that_drops_its_wait() {
    #[flow]
    async fn waits_twice() -> Result<u32, Error> {
        let mut handle = after_seconds(5).start();
        tokio::select! {
            _ = &mut handle => return Ok(0),
            () = orch::sleep(SECOND) => (),
        }
        handle.await
    }

    assert_eq!(run(waits_twice).await.0.unwrap(), 5);
}

#[tokio::test]
async fn a_handle_may_be_awaited_in_a_branch() {
    #[flow]
    async fn hands_on() -> Result<u32, Error> {
        let handle = after_seconds(2).start();
        orch::spawn(async move { Ok(handle.await? + after_seconds(1).await?) }).await?
    }

    let (ended, lines) = run(hands_on).await;
    assert_eq!(ended.unwrap(), 3);
    assert_eq!(lines.last().map(String::as_str), Some("run Completed"));
}

#[tokio::test]
async fn a_panic_in_a_branch_is_its_handles_error() {
    #[flow]
    async fn branches() -> (ErrorKind, String) {
        let branch = orch::spawn(async {
            after_seconds(1).await.unwrap();
            panic!("it fell")
        });
        let error: Error = branch.await.expect_err("it panics");
        (error.kind(), error.to_string())
    }

    let (kind, text) = run(branches).await.0.unwrap();
    assert_eq!(kind, ErrorKind::Panicked);
    assert!(text.contains("it fell"), "{text}");
}

#[tokio::test]
async fn a_panic_in_a_branch_that_nobody_awaits_fails_the_run() {
    #[flow]
    async fn branches() {
        let _branch = orch::spawn(async { panic!("it fell") });
        orch::sleep(SECOND).await;
    }

    let error = run(branches).await.0.expect_err("its branch panicked");
    assert_eq!(error.kind(), ErrorKind::Panicked);
}

#[tokio::test]
async fn branches_and_maps_keep_their_values_in_order() {
    #[flow]
    async fn fans_out() -> Result<Vec<u32>, Error> {
        let branches: Vec<_> =
            (1..4).rev().map(|n| orch::spawn(async move { after_seconds(n).await })).collect();
        let mut values =
            orch::try_map([3, 1, 2], |n| async move { after_seconds(n).await }).concurrency(2).await?;
        for branch in branches {
            values.push(branch.await??);
        }
        Ok(values)
    }

    assert_eq!(run(fans_out).await.0.unwrap(), [3, 1, 2, 3, 2, 1]);
}

#[tokio::test]
async fn a_started_flow_is_a_run_of_its_own_below() {
    #[flow]
    async fn inner() -> Result<u32, Error> {
        after_seconds(1).await
    }

    #[flow]
    async fn outer() -> Result<u32, Error> {
        inner().start().await
    }

    let (ended, lines) = run(outer).await;
    assert_eq!(ended.unwrap(), 1);
    assert_lines(
        &lines,
        &[
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 after_seconds Pending",
            "#2 after_seconds Running (1)",
            "#2 after_seconds Completed (1)",
            "#2 run Completed",
            "inner Completed (1)",
            "run Completed",
        ],
    );
}

#[test]
fn start_needs_tokio_and_says_so() {
    let runtime = orch::testing::runtime();
    let handle =
        futures_util::FutureExt::now_or_never(runtime.scope(async { after_seconds(1).start() })).unwrap();
    let error = futures_util::FutureExt::now_or_never(handle).unwrap().expect_err("there is no tokio");
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert!(error.to_string().contains("tokio"), "{error}");
}

#[tokio::test]
async fn a_spawned_call_of_tokio_is_tracked_too() {
    #[flow]
    async fn spawns() -> Result<u32, Error> {
        let call = after_seconds(1);
        tokio::spawn(call).await.unwrap()
    }

    let (ended, lines) = run(spawns).await;
    assert_eq!(ended.unwrap(), 1);
    assert_lines(
        &lines,
        &[
            "run Pending",
            "run Running",
            "after_seconds Pending",
            "after_seconds Running (1)",
            "after_seconds Completed (1)",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn a_handle_knows_its_run() {
    #[flow]
    async fn started() -> Result<Option<String>, Error> {
        #[task]
        async fn below() {}

        let handle = below().start();
        let run = handle.run().map(|run| run.to_string());
        handle.await?;
        Ok(run)
    }

    let runtime = orch::testing::runtime();
    let handle = started().on(&runtime).start();
    let run = handle.run().unwrap();
    assert_eq!(handle.await.unwrap(), Some(run.to_string()));
    assert_eq!(runtime.last_run().await.unwrap(), Some(run));
}
