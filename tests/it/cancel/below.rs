//! Every way of cancelling, with something under way in every way that there is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use orch::{prelude::*, store::Page, testing::TestRuntime};

use super::breaks;
use crate::support::{Life, lines, roomy};

const SECOND: Duration = Duration::from_secs(1);

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

/// Bodies that hang in the tree: leaf twice, mapped twice, the others once.
const HANGING: usize = 10;

fn stage() -> (TestRuntime, Inside) {
    let inside = Inside::default();
    (roomy().provide(inside.clone()).provide(Life::First).build(), inside)
}

async fn all_hang(inside: &Inside) {
    while inside.count() < HANGING {
        tokio::task::yield_now().await;
    }
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
        () = all_hang(&inside) => (),
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
    all_hang(&inside).await;
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
    all_hang(&inside).await;
    let runs = runtime.runs(Default::default(), Page::first(9)).await.unwrap();
    let root = runs.iter().find(|run| run.parent.is_none()).unwrap().id;
    assert!(runtime.cancel(root).await.unwrap());
    let error = handle.await.expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let why = "it was cancelled through the runtime";
    assert!(error.to_string().contains(why), "{error}");
    assert_all_ended(&runtime, &inside, &format!("run Cancelled: {why}"), "#2 run Cancelled").await;
    assert!(!runtime.cancel(root).await.unwrap(), "it is over");
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
    all_hang(&inside).await;
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
