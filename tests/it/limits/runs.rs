//! `max_concurrent`: how many runs of a flow execute at once.

use std::time::Duration;

use futures_util::future::join_all;
use orch::{
    RunState,
    prelude::*,
    store::{Page, RunFilter},
};

use super::Gauge;
use crate::support::{Gate, gate, lines, until};

const SECOND: Duration = Duration::from_secs(1);

#[flow(max_concurrent = 2)]
async fn narrow(n: u32, #[provided] gauge: &Gauge) -> u32 {
    let _inside = gauge.enter(1);
    orch::sleep(SECOND).await;
    n
}

#[flow]
async fn calls_narrow() -> Result<u32, Error> {
    join_all((0..5).map(narrow)).await.into_iter().sum()
}

#[tokio::test]
async fn so_many_runs_execute_at_once_and_the_others_say_what_for_they_wait() {
    let gauge = Gauge::default();
    let runtime = orch::testing::builder().provide(gauge.clone()).build();
    let all = runtime.scope(async { join_all((0..5).map(narrow)).await }).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(gauge.most(), 2);
    let lines = lines(&runtime).await;
    let waited = lines.iter().filter(|line| {
        line.contains("run Suspended: all `max_concurrent of it::limits::runs::narrow` permits are taken")
    });
    assert_eq!(waited.count(), 3, "{lines:#?}");
}

#[tokio::test]
async fn a_run_that_waits_is_seen_and_can_be_cancelled() {
    #[flow(max_concurrent = 2)]
    async fn gated(n: u32, #[provided] gate: &Gate) -> u32 {
        gate.passed().await;
        n
    }
    let (opener, gate) = gate();
    let runtime = orch::testing::builder().provide(gate).build();
    let started = runtime.scope(async { [0, 1, 2].map(|n| gated(n).start()) }).await;
    until(&runtime, |lines| lines.iter().any(|line| line.contains("run Suspended"))).await;
    let waits = RunFilter { state: Some(RunState::Suspended), ..RunFilter::default() };
    let waiting = runtime.runs(waits, Page::all()).await.unwrap();
    assert!(
        waiting[0].reason.as_deref().is_some_and(|reason| reason.contains("permits are taken")),
        "{waiting:?}"
    );
    assert!(runtime.cancel(waiting[0].id).await.unwrap());
    until(&runtime, |lines| lines.iter().any(|line| line.contains("run Cancelled"))).await;
    opener.open();
    let ends: Vec<_> =
        join_all(started).await.into_iter().map(|end| end.map_err(|error| error.kind())).collect();
    assert_eq!(ends.iter().filter(|end| **end == Err(ErrorKind::Cancelled)).count(), 1, "{ends:?}");
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 2, "{ends:?}");
    assert!(runtime.limits().iter().all(|limit| limit.in_use == 0 && limit.waiting.is_empty()));
}

#[tokio::test]
async fn called_flows_count_too_and_one_that_calls_itself_does_not_wait_for_itself() {
    let gauge = Gauge::default();
    let runtime = orch::testing::builder().provide(gauge.clone()).build();
    assert_eq!(runtime.scope(async { calls_narrow().await }).await.unwrap(), 10);
    assert_eq!(gauge.most(), 2);

    #[flow(max_concurrent = 1)]
    async fn counts_down(n: u32) -> Result<u32, Error> {
        if n == 0 { Ok(0) } else { Ok(1 + counts_down(n - 1).await?) }
    }
    assert_eq!(runtime.scope(async { counts_down(3).await }).await.unwrap(), 3);
}

#[tokio::test]
async fn the_timeout_of_a_run_begins_when_it_executes() {
    #[flow(max_concurrent = 1, timeout = "1500ms")]
    async fn short(n: u32) -> u32 {
        orch::sleep(SECOND).await;
        n
    }
    let runtime = orch::testing::runtime();
    let all = runtime.scope(async { join_all((0..3).map(short)).await }).await;
    // The last one has waited longer than it may take.
    assert!(all.iter().all(Result::is_ok), "{all:?}");
}

#[tokio::test]
async fn interrupted_runs_that_waited_wait_again() {
    let gauge = Gauge::default();
    let runtime = orch::testing::builder().provide(gauge.clone()).build();
    assert_eq!(runtime.scope(async { calls_narrow().await }).await.unwrap(), 10);
    let run = runtime.runs(RunFilter::default(), Page::all()).await.unwrap().last().unwrap().id;
    for cut in 1..runtime.store().operations() {
        let gauge = Gauge::default();
        let second = runtime.fork(cut).provide(gauge.clone()).build();
        let resumed = second.resume::<u32>(run).await;
        assert_eq!(resumed.as_ref().ok(), Some(&10), "cut {cut}: {resumed:?} {:#?}", lines(&second).await);
        assert!(gauge.most() <= 2, "cut {cut}: {}", gauge.most());
    }
}
