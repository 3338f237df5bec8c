//! Cancellation, whichever way it comes, reaches everything below, and nothing outlives its run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use orch::{prelude::*, store::Page, testing::TestRuntime};

use crate::support::{Gate, Life, assert_lines, gate, lines, roomy};

const SECOND: Duration = Duration::from_secs(1);
const FOR_EVER: Duration = Duration::from_secs(3600);

/// How many bodies are on their way.
#[derive(Clone, Default)]
struct Inside(Arc<AtomicUsize>);

impl Inside {
    fn enter(&self) -> impl Drop + use<> {
        struct Leave(Inside);
        impl Drop for Leave {
            fn drop(&mut self) {
                self.0.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.0.fetch_add(1, Ordering::SeqCst);
        Leave(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A flow with something under way in every way that there is. In its second life nothing hangs.
mod tree {
    use super::*;

    macro_rules! hanging {
        ($($name:ident)*) => {
            $(
                #[task]
                pub async fn $name(#[provided] inside: &Inside, #[provided] life: &Life) -> u32 {
                    let _inside = inside.enter();
                    if *life == Life::First {
                        std::future::pending::<()>().await;
                    }
                    1
                }
            )*
        };
    }

    hanging! { awaited started spawned started_in_spawned mapped below started_below leaf }

    /// Hangs in a task that it calls.
    #[task]
    pub async fn nested() -> Result<u32, Error> {
        let _started = leaf().start();
        leaf().await
    }

    #[flow]
    pub async fn child() -> Result<u32, Error> {
        let _started = started_below().start();
        below().await
    }

    #[flow]
    pub async fn tree() -> Result<u32, Error> {
        let started = started().start();
        let child = child().start();
        let spawned = orch::spawn(async {
            let _started = started_in_spawned().start();
            spawned().await
        });
        let mapped = orch::try_map(0..2, |_| async { mapped().await });
        let (awaited, nested, mapped) = tokio::join!(awaited(), nested(), mapped);
        Ok(awaited? + nested? + mapped?.len() as u32 + started.await? + child.await? + spawned.await??)
    }

    /// Fails after a second, with all of it under way.
    #[flow]
    pub async fn failing() -> Result<u32, Error> {
        let _started = started().start();
        let _child = child().start();
        let _spawned = orch::spawn(async {
            let _started = started_in_spawned().start();
            spawned().await
        });
        let mapped = orch::try_map(0..2, |_| async { mapped().await });
        let fails = async {
            orch::sleep(SECOND).await;
            Err::<(), _>(super::breaks().await.expect_err("it breaks"))
        };
        tokio::try_join!(awaited(), nested(), mapped, fails)?;
        Ok(0)
    }
}

#[task]
async fn breaks() -> Result<(), String> {
    Err("it broke".to_owned())
}

/// Bodies that hang in the tree: leaf twice, mapped twice, the others once.
const HANGING: usize = 10;

fn stage() -> (TestRuntime, Inside) {
    let inside = Inside::default();
    (roomy().provide(inside.clone()).provide(Life::First).build(), inside)
}

/// Virtual time passes only when nothing else can move, so that all hangs then that is going to.
async fn all_hang(runtime: &TestRuntime, inside: &Inside) {
    runtime.scope(orch::sleep(SECOND)).await;
    assert_eq!(inside.count(), HANGING);
}

/// What every way of cancelling leaves: no body, no task run and no run without an end, the run's end last, and
/// the child's before it.
async fn assert_all_ended(runtime: &TestRuntime, inside: &Inside, outer: &str, inner: &str) {
    assert_eq!(inside.count(), 0, "bodies are left");
    let lines = lines(runtime).await;
    assert!(lines.last().is_some_and(|last| last.starts_with(outer)), "{lines:#?}");
    let end_of_child = lines.iter().rposition(|line| line.starts_with("#2")).unwrap();
    assert!(lines[end_of_child].starts_with(inner), "{lines:#?}");
    let mut cancelled: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once(" Cancelled (1)")).map(|(name, _)| name).collect();
    // The order in which tokio drops what runs beside each other is its own affair.
    cancelled.sort_unstable();
    assert_eq!(
        cancelled,
        [
            "#2 below",
            "#2 started_below",
            "awaited",
            "child",
            "leaf",
            "leaf",
            "mapped",
            "mapped",
            "nested",
            "spawned",
            "started",
            "started_in_spawned",
        ],
        "{lines:#?}"
    );
    for run in runtime.runs(Default::default(), Page::first(9)).await.unwrap() {
        assert!(run.state.is_final() && run.ended.is_some(), "{run:?}");
        assert!(run.counts.keys().all(|state| state.is_final()), "{:?}", run.counts);
    }
}

async fn by_dropping() {
    let (runtime, inside) = stage();
    tokio::select! {
        _ = runtime.scope(async { tree::tree().await }) => unreachable!("it hangs"),
        () = all_hang(&runtime, &inside) => (),
    }
    // What was started on its own is told to stop, and needs a moment to do so.
    runtime.close().await.unwrap();
    assert_all_ended(&runtime, &inside, "run Cancelled: its call was dropped", "#2 run Cancelled").await;
}

#[tokio::test]
async fn by_dropping_the_call() {
    by_dropping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_dropping_the_call_on_threads() {
    by_dropping().await;
}

async fn by_handle() {
    let (runtime, inside) = stage();
    let handle = runtime.scope(async { tree::tree().start() }).await;
    all_hang(&runtime, &inside).await;
    handle.cancel();
    let error = handle.await.expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    runtime.close().await.unwrap();
    assert_all_ended(&runtime, &inside, "run Cancelled", "#2 run Cancelled").await;
}

#[tokio::test]
async fn by_the_handle_of_the_call() {
    by_handle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_handle_of_the_call_on_threads() {
    by_handle().await;
}

async fn by_runtime() {
    let (runtime, inside) = stage();
    let handle = runtime.scope(async { tree::tree().start() }).await;
    all_hang(&runtime, &inside).await;
    let runs = runtime.runs(Default::default(), Page::first(9)).await.unwrap();
    let root = runs.iter().find(|run| run.parent.is_none()).unwrap().id;
    assert!(runtime.cancel(root));
    let error = handle.await.expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let why = "it was cancelled through the runtime";
    assert!(error.to_string().contains(why), "{error}");
    assert_all_ended(&runtime, &inside, &format!("run Cancelled: {why}"), "#2 run Cancelled").await;
    assert!(!runtime.cancel(root), "it is over");
}

#[tokio::test]
async fn by_the_runtime() {
    by_runtime().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_runtime_on_threads() {
    by_runtime().await;
}

async fn by_error() {
    let (runtime, inside) = stage();
    let error = runtime.scope(async { tree::failing().await }).await.expect_err("it fails");
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert_all_ended(
        &runtime,
        &inside,
        "run Failed: `it::cancel::breaks` failed: it broke",
        "#2 run Cancelled",
    )
    .await;
}

#[tokio::test]
async fn by_the_error_of_the_body() {
    by_error().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_error_of_the_body_on_threads() {
    by_error().await;
}

async fn by_time_out() {
    let (runtime, inside) = stage();
    let error = runtime.scope(async { tree::tree().timeout(SECOND * 5).await }).await.expect_err("it hangs");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_all_ended(&runtime, &inside, "run TimedOut: it took longer than 5s", "#2 run Cancelled").await;
}

#[tokio::test]
async fn by_the_flows_time_out() {
    by_time_out().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_flows_time_out_on_threads() {
    by_time_out().await;
}

#[tokio::test]
async fn by_closing_the_runtime_which_leaves_the_run_to_be_resumed() {
    let (runtime, inside) = stage();
    let handle = runtime.scope(async { tree::tree().start() }).await;
    all_hang(&runtime, &inside).await;
    runtime.close_within(SECOND).await.unwrap();
    assert!(handle.await.is_err());
    assert_eq!(inside.count(), 0, "bodies are left");

    let runs = runtime.runs(Default::default(), Page::first(9)).await.unwrap();
    assert!(runs.iter().all(|run| run.state == orch::RunState::Running), "{runs:#?}");
    let lines = lines(&runtime).await;
    assert!(lines.iter().all(|line| !line.contains("Cancel")), "{lines:#?}");

    let refused = runtime.scope(async { breaks().await }).await.expect_err("it is closed");
    assert_eq!(refused.kind(), ErrorKind::Runtime);

    let root = runs.iter().find(|run| run.parent.is_none()).unwrap().id;
    let second =
        runtime.fork(runtime.store().operations()).provide(inside.clone()).provide(Life::Second).build();
    assert_eq!(second.resume::<u32>(root).await.unwrap(), 7);
    let runs = second.runs(Default::default(), Page::first(9)).await.unwrap();
    assert!(runs.iter().all(|run| run.state == orch::RunState::Completed), "{runs:#?}");
}

#[tokio::test]
async fn closing_waits_for_what_runs_and_refuses_what_is_new() {
    #[flow]
    async fn held_back(#[provided] held: &Gate) {
        held.passed().await;
    }

    let (opener, held) = gate();
    let runtime = orch::testing::builder().provide(held).build();
    let handle = runtime.scope(async { held_back().start() }).await;
    runtime.scope(orch::sleep(SECOND)).await;
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
            "NeverStarted: `it::cancel::hangs` was called, but neither awaited nor started",
            "hangs Cancelled: never started",
            "run Completed",
        ],
    );
}

#[tokio::test]
#[ignore = "engine: a call that was cancelled through its handle is still waited for, aloud"]
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
    runtime.scope(orch::sleep(SECOND * 10)).await;
    let stuck = "it::cancel::a_thread_that_cannot_be_stopped_is_reported_and_keeps_its_permit::stuck";
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
    #[task]
    fn stuck(#[provided] held: &Gate) {
        held.pass();
    }

    #[task]
    fn next() {}

    #[flow]
    async fn both(#[provided] held: &Gate) -> Result<(), Error> {
        let stuck = stuck().start();
        orch::sleep(SECOND).await;
        tokio::select! {
            _ = next() => (),
            () = orch::sleep(SECOND) => (),
        }
        let _ = held;
        stuck.await
    }

    let (opener, held) = gate();
    let _over = opener.open_at_end();
    let runtime = orch::testing::builder().provide(held).with(|runtime| runtime.cpu(1)).build();
    let handle = runtime.scope(async { both().start() }).await;
    runtime.scope(orch::sleep(SECOND * 10)).await;
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
