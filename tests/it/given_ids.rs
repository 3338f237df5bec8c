//! Runs with an id that their caller gave: one run for ever, however often it is asked for.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use orch::{RunState, prelude::*, store::Page};

use crate::support::{Bodies, Gate, Life, Wrapped, crashed, gate, halts, in_two_processes, until};

#[task]
async fn counted(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    n
}

#[task]
async fn waits(#[provided] gate: &Gate) {
    gate.passed().await;
}

#[flow]
async fn report(day: String) -> Result<u32, Error> {
    let rows = counted(day.len() as u32).await?;
    if day == "bad day" {
        return Err(broken().await.unwrap_err());
    }
    Ok(rows)
}

#[task]
async fn broken() -> Result<u32, std::num::ParseIntError> {
    "many".parse()
}

#[flow]
async fn slow_report(n: u32) -> Result<u32, Error> {
    counted(n).await?;
    waits().await?;
    counted(n + 1).await
}

#[tokio::test]
async fn the_second_call_gets_the_result_of_the_first() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    runtime
        .scope(async {
            let ask = || report("monday".into()).id("2026-11-23");
            assert_eq!(ask().await.unwrap(), 6);
            assert_eq!(ask().await.unwrap(), 6);
            assert_eq!(ask().start().await.unwrap(), 6);
            assert_eq!(bodies.count(), 1);
            assert_eq!(report("monday".into()).id("2026-11-24").await.unwrap(), 6);
            assert_eq!(report("monday".into()).await.unwrap(), 6);
            assert_eq!(bodies.count(), 3, "another id, and none, are other runs");
        })
        .await;
    let runs = runtime.runs(Default::default(), Page::all()).await.unwrap();
    let ids: Vec<_> = runs.iter().rev().map(|run| run.given_id.as_deref()).collect();
    assert_eq!(ids, [Some("2026-11-23"), Some("2026-11-24"), None]);
}

#[tokio::test]
async fn an_id_stands_for_its_input() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let error = runtime
        .scope(async {
            report("monday".into()).id("one").await.unwrap();
            report("tuesday".into()).id("one").await.unwrap_err()
        })
        .await;
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("run `one` of this flow is there with another input"), "{error}");
    assert_eq!(error.run(), runtime.last_run().await.unwrap());
}

#[tokio::test]
async fn an_error_is_a_result_too() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    let (one, two) = runtime
        .scope(async {
            let ask = || report("bad day".into()).id("x");
            (ask().await.unwrap_err(), ask().await.unwrap_err())
        })
        .await;
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
    assert_eq!(bodies.count(), 1);
}

#[tokio::test]
async fn who_comes_while_it_runs_waits_for_its_end() {
    let (opener, gate) = gate();
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).provide(gate).build();
    runtime
        .scope(async {
            let ask = || slow_report(1).id("x");
            let first = ask().start();
            let others: Vec<_> = (0..20).map(|_| ask().start()).collect();
            // One that goes away stops nothing.
            let gone = ask().start();
            until(&runtime, |lines| lines.iter().any(|line| line == "waits Running (1)")).await;
            gone.cancel();
            opener.open();
            assert_eq!(first.await.unwrap(), 2);
            for other in others {
                assert_eq!(other.await.unwrap(), 2);
            }
        })
        .await;
    assert_eq!(bodies.count(), 2);
    assert_eq!(runtime.runs(Default::default(), Page::all()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn after_a_crash_it_is_taken_up_where_it_stood() {
    let (opener, gate) = gate();
    opener.open();
    let runtime = orch::testing::builder().provide(Bodies::default()).provide(gate.clone()).build();
    runtime.scope(async { slow_report(1).id("x").await }).await.unwrap();
    for cut in 1..=runtime.store().operations() {
        let bodies = Bodies::default();
        let second = runtime.fork(cut).provide(bodies.clone()).provide(gate.clone()).build();
        let ask = || second.scope(async { slow_report(1).id("x").await });
        let (one, other) = tokio::join!(ask(), ask());
        assert_eq!((one.unwrap(), other.unwrap()), (2, 2), "cut {cut}");
        let recorded = crashed(&runtime).build().events(Page::all()).await.unwrap();
        assert!(bodies.count() <= 2 && !recorded.is_empty());
        let runs = second.runs(Default::default(), Page::all()).await.unwrap();
        assert_eq!((runs.len(), runs[0].state), (1, RunState::Completed), "cut {cut}");
    }
}

#[tokio::test]
async fn after_a_fault_of_the_store_whoever_asks_again_takes_it_up() {
    let (opener, gate) = gate();
    opener.open();
    let runtime = orch::testing::builder().provide(Bodies::default()).provide(gate.clone()).build();
    runtime.scope(async { slow_report(1).id("x").await }).await.unwrap();
    let middle = runtime.store().operations() / 2;
    let fails = Arc::new(AtomicBool::new(true));
    let store = Wrapped { memory: runtime.store().fork(middle), fails: fails.clone(), ..Wrapped::default() };
    let second = Runtime::builder().store(store).recover(false).provide(Bodies::default()).provide(gate);
    let second = second.build().unwrap();
    let ask = || second.scope(async { slow_report(1).id("x").await });
    let error = ask().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("no space left on device"), "{error}");
    fails.store(false, Ordering::SeqCst);
    assert_eq!(ask().await.unwrap(), 2);
}

#[flow]
async fn asks(n: u32, id: String) -> Result<u32, Error> {
    let answer = slow_report(n).id(id).await?;
    counted(answer + 10).await
}

async fn both<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> (T, T) {
    tokio::join!(one, other)
}

#[tokio::test]
async fn two_flows_ask_for_one_run() {
    let (opener, gate) = gate();
    opener.open();
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).provide(gate.clone()).build();
    let ask = || asks(1, "shared".into());
    let (one, other) = runtime.scope(both(async { ask().await }, async { ask().await })).await;
    assert_eq!((one.unwrap(), other.unwrap()), (12, 12));
    assert_eq!(bodies.count(), 4, "the shared run once, the rest of each flow by itself");
    for cut in 1..=runtime.store().operations() {
        let second = runtime.fork(cut).provide(Bodies::default()).provide(gate.clone()).build();
        for run in second.interrupted().await.unwrap() {
            assert_eq!(second.resume::<u32>(run.id).await.unwrap(), 12, "cut {cut}");
        }
        assert_eq!(second.scope(async { slow_report(1).id("shared").await }).await.unwrap(), 2, "cut {cut}");
    }
}

#[flow]
async fn calls_itself(n: u32) -> Result<u32, Error> {
    calls_itself(n).id("me").await
}

#[tokio::test]
async fn a_run_does_not_wait_for_itself() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { calls_itself(1).id("me").await }).await.unwrap_err();
    assert!(error.to_string().contains("it would wait for itself"), "{error}");
}

#[flow]
async fn halted_report(n: u32) -> Result<u32, Error> {
    counted(n).await?;
    halts().await?;
    counted(n + 1).await
}

#[tokio::test]
async fn over_two_processes() {
    let Some(process) = in_two_processes(module_path!(), "over_two_processes") else { return };
    let ended = || process.runtime.scope(async { report("monday".into()).id("ended").await });
    assert_eq!(ended().await.unwrap(), 6);
    if process.life == Life::First {
        process.end_amid([halted_report(1).id("halted")]).await;
    }
    assert_eq!(process.bodies.count(), 0);
    let asked = process.runtime.scope(async { halted_report(1).id("halted").await });
    assert_eq!(asked.await.unwrap(), 2);
    assert_eq!(process.bodies.count(), 1);
    let error = process.runtime.scope(async { halted_report(3).id("halted").await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
}

/// The store is slow to tell the one who was first that it is, so the other one meets a run that has not begun.
#[tokio::test]
async fn two_flows_that_ask_for_one_run_at_once_have_it_executed_once() {
    let (opener, gate) = gate();
    opener.open();
    let (store, bodies) = (Wrapped { late: true, ..Wrapped::default() }, Bodies::default());
    let runtime = Runtime::builder().store(store).recover(false).provide(bodies.clone()).provide(gate);
    let runtime = runtime.build().unwrap();
    let ask = || runtime.scope(async { asks(1, "x".into()).await });
    let (one, other, third) = tokio::join!(ask(), ask(), ask());
    assert_eq!((one.unwrap(), other.unwrap(), third.unwrap()), (12, 12, 12));
    assert_eq!(bodies.count(), 2 + 3, "two of the run, and one of each that asked");
    let runs = runtime.runs(Default::default(), Page::all()).await.unwrap();
    assert_eq!(runs.len(), 4);
    assert!(runs.iter().all(|run| run.state == RunState::Completed), "{runs:#?}");
}
