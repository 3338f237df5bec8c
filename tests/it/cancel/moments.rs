//! Cancelling at every moment of a call's life, and what it leaves.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use orch::prelude::*;

use super::breaks;
use crate::support::{Gate, Opener, assert_lines, ending, gate, lines, roomy, until};

const SECOND: Duration = Duration::from_secs(1);
const FOR_EVER: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn closing_waits_for_what_runs_and_refuses_what_is_new() {
    #[flow]
    async fn held_back(#[provided] held: &Gate) {
        held.passed().await;
    }

    let (opener, held) = gate();
    let runtime = orch::testing::builder().provide(held).build();
    let handle = runtime.scope(async { held_back().start() }).await;
    until(&runtime, |lines| lines.len() == 2).await;
    let refused = async {
        let refused = runtime.scope(async { breaks().await }).await;
        opener.open();
        refused.expect_err("it is being closed").kind()
    };
    let (closed, refused) = tokio::join!(runtime.close(), refused);
    closed.unwrap();
    assert_eq!(refused, ErrorKind::Runtime);
    assert_lines(&lines(&runtime).await, &["run Pending", "run Running", "run Completed"]);
    handle.await.unwrap();
}

#[task(retries = 3, backoff = fixed("1h"))]
async fn waits_to_be_retried() -> Result<(), String> {
    Err("it broke".to_owned())
}

#[task]
async fn hangs() {
    orch::sleep(FOR_EVER).await;
}

#[tokio::test]
async fn in_a_back_off() {
    #[flow]
    async fn gives_up() {
        tokio::select! {
            _ = waits_to_be_retried() => (),
            () = orch::sleep(SECOND) => (),
        }
    }

    let runtime = orch::testing::runtime();
    runtime.scope(async { gives_up().await }).await.unwrap();
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "waits_to_be_retried Pending",
            "waits_to_be_retried Running (1)",
            "waits_to_be_retried AwaitingRetry (1): it broke [again in 3600s]",
            "waits_to_be_retried Cancelled (1): dropped",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn before_the_first_poll() {
    #[flow]
    async fn forgets() {
        drop(hangs());
    }

    let runtime = orch::testing::runtime();
    runtime.scope(async { forgets().await }).await.unwrap();
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "hangs Pending",
            "NeverStarted: `it::cancel::moments::hangs` was called, but neither awaited nor started",
            "hangs Cancelled: never started",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn through_a_handle_inside_the_run_which_goes_on() {
    #[flow]
    async fn cancels() -> bool {
        let handle = hangs().start();
        orch::sleep(SECOND).await;
        handle.cancel();
        handle.await.is_err_and(|error| error.kind() == ErrorKind::Cancelled)
    }

    let runtime = orch::testing::runtime();
    assert!(runtime.scope(async { cancels().await }).await.unwrap());
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "hangs Pending",
            "hangs Running (1)",
            "hangs Cancelled (1): cancelled through its handle",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn a_first_error_of_try_map_cancels_the_other_items() {
    #[task]
    async fn item(n: u32) -> Result<u32, String> {
        if n == 2 {
            return Err("it broke".to_owned());
        }
        orch::sleep(FOR_EVER).await;
        Ok(n)
    }

    #[flow]
    async fn maps() -> bool {
        orch::try_map(0..3, |n| async move { item(n).await }).await.is_err()
    }

    let runtime = orch::testing::runtime();
    assert!(runtime.scope(async { maps().await }).await.unwrap());
    let mut lines = lines(&runtime).await;
    assert_eq!(lines.pop().as_deref(), Some("run Completed"));
    // The two items are dropped in an order of futures_util's own.
    lines.sort_unstable();
    assert_lines(
        &lines,
        &[
            "item Cancelled (1): dropped",
            "item Cancelled (1): dropped",
            "item Failed (1): it broke",
            "item Pending",
            "item Pending",
            "item Pending",
            "item Running (1)",
            "item Running (1)",
            "item Running (1)",
            "run Pending",
            "run Running",
        ],
    );
}

#[tokio::test]
async fn a_thread_that_cannot_be_stopped_is_reported_and_keeps_its_permit() {
    #[task(timeout = "1s")]
    fn stuck(#[provided] held: &Gate) {
        held.pass();
    }

    #[task]
    fn next() -> u32 {
        7
    }

    #[flow]
    async fn both() -> Result<u32, Error> {
        assert!(stuck().await.is_err());
        next().await
    }

    let (opener, held) = gate();
    let _over = opener.open_at_end();
    let runtime = orch::testing::builder().provide(held).with(|runtime| runtime.cpu(1)).build();
    let handle = runtime.scope(async { both().start() }).await;
    until(&runtime, |lines| ending(lines, "permits are taken") == 1).await;
    let stuck =
        "it::cancel::moments::a_thread_that_cannot_be_stopped_is_reported_and_keeps_its_permit::stuck";
    let so_far = [
        "run Pending",
        "run Running",
        "stuck Pending",
        "stuck Running (1)",
        &format!("Abandoned: the thread of `{stuck}` cannot be stopped and goes on until the body returns"),
        "stuck TimedOut (1): the attempt took longer than 1s",
        "next Pending",
        "next AwaitingPermit: all `cpu` permits are taken",
    ];
    assert_lines(&lines(&runtime).await, &so_far);
    opener.open();
    assert_eq!(handle.await.unwrap(), 7);
    let then = ["next Running (1)", "next Completed (1)", "run Completed"];
    assert_lines(&lines(&runtime).await, &[&so_far[..], &then].concat());
}

#[tokio::test]
async fn while_it_waits_for_a_permit() {
    struct Begun(Opener, Gate);

    #[task]
    fn stuck(#[provided] begun: &Begun, #[provided] held: &Gate) {
        begun.0.open();
        held.pass();
    }

    #[task]
    fn next() {}

    #[flow]
    async fn both(#[provided] begun: &Begun) -> Result<(), Error> {
        let stuck = stuck().start();
        begun.1.passed().await;
        tokio::select! {
            _ = next() => (),
            () = orch::sleep(SECOND) => (),
        }
        stuck.await
    }

    let begun = gate();
    let (opener, held) = gate();
    let _over = opener.open_at_end();
    let runtime = orch::testing::builder()
        .provide(held)
        .provide(Begun(begun.0, begun.1))
        .with(|runtime| runtime.cpu(1))
        .build();
    let handle = runtime.scope(async { both().start() }).await;
    until(&runtime, |lines| ending(lines, "next Cancelled: dropped") == 1).await;
    opener.open();
    handle.await.unwrap();
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "stuck Pending",
            "stuck Running (1)",
            "next Pending",
            "next AwaitingPermit: all `cpu` permits are taken",
            "next Cancelled: dropped",
            "stuck Completed (1)",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn a_sync_body_that_has_not_begun_is_withdrawn() {
    // The only thread of the pool is taken, so the job waits in tokio's queue.
    let (opener, held) = gate();
    let runtime = roomy().provide(held.clone()).build();
    static RAN: AtomicUsize = AtomicUsize::new(0);

    #[task(timeout = "1s")]
    fn withdrawn() {
        RAN.fetch_add(1, Ordering::SeqCst);
    }

    let kind = std::thread::spawn(move || {
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        tokio.block_on(async {
            let _over = opener.open_at_end();
            let _blocking = tokio::task::spawn_blocking(move || held.pass());
            let ended = runtime.scope(async { withdrawn().await }).await;
            let lines = lines(&runtime).await;
            assert!(lines.iter().all(|line| !line.contains("Abandoned")), "{lines:#?}");
            ended.expect_err("it never began").kind()
        })
    });
    assert_eq!(kind.join().unwrap(), ErrorKind::TimedOut);
    assert_eq!(RAN.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_outcome_that_nobody_takes_stands_and_is_told() {
    #[task]
    async fn winner() -> u32 {
        1
    }

    #[task]
    async fn loser() -> u32 {
        2
    }

    #[flow]
    async fn races() -> Result<u32, Error> {
        tokio::select! {
            biased;
            value = winner() => value,
            value = loser() => value,
        }
    }

    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { races().await }).await.unwrap(), 1);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "winner Pending",
            "winner Running (1)",
            "winner Completed (1)",
            "loser Pending",
            "loser Running (1)",
            "loser Completed (1)",
            "Dropped: a call was dropped when its outcome stood; it is never handed over",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn by_a_panic_of_the_body() {
    #[flow]
    async fn falls() {
        let _started = hangs().start();
        orch::sleep(SECOND).await;
        panic!("it fell");
    }

    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { falls().await }).await.expect_err("it panics");
    assert_eq!(error.kind(), ErrorKind::Panicked);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "hangs Pending",
            "hangs Running (1)",
            "hangs Cancelled (1): dropped",
            "run Failed: it fell (at moments.rs)",
        ],
    );
}

#[tokio::test]
async fn by_a_panic_of_an_item_of_a_map() {
    #[flow]
    async fn maps() -> usize {
        let values = orch::map(0..2, |n| async move {
            match n {
                0 => hangs().await.is_ok(),
                _ => panic!("it fell"),
            }
        });
        values.await.len()
    }

    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { maps().await }).await.expect_err("an item panics");
    assert_eq!(error.kind(), ErrorKind::Panicked);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "hangs Pending",
            "hangs Running (1)",
            "hangs Cancelled (1): dropped",
            "run Failed: it fell (at moments.rs)",
        ],
    );
}

#[tokio::test]
async fn what_comes_after_a_cancelled_call_is_skipped() {
    #[task]
    async fn next() {}

    #[flow]
    async fn ordered() -> bool {
        let first = hangs().start();
        let second = next().after(&first).start();
        orch::sleep(SECOND).await;
        first.cancel();
        second.await.is_err_and(|error| error.kind() == ErrorKind::UpstreamFailed)
    }

    let runtime = orch::testing::runtime();
    assert!(runtime.scope(async { ordered().await }).await.unwrap());
    let lines = lines(&runtime).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("next Skipped: ")).count(), 1, "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("next Running")).count(), 0, "{lines:#?}");
}

#[tokio::test]
async fn by_the_handle_of_a_branch() {
    #[flow]
    async fn branches() -> bool {
        let branch = orch::spawn(async { hangs().await });
        orch::sleep(SECOND).await;
        branch.cancel();
        branch.await.is_err_and(|error| error.kind() == ErrorKind::Cancelled)
    }

    let runtime = orch::testing::runtime();
    assert!(runtime.scope(async { branches().await }).await.unwrap());
    let lines = lines(&runtime).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("hangs Cancelled (1)")).count(), 1, "{lines:#?}");
    assert_eq!(lines.last().map(String::as_str), Some("run Completed"));
}
