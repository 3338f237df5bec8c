//! Interrupted runs that a runtime takes up by itself: who takes them, how often, and when it gives them up.

use std::sync::Arc;

use orch::{
    Recovered, RunId, RunState,
    prelude::*,
    store::{MemoryStore, Page, RunFilter},
    testing::{TestBuilder, TestRuntime},
};

use crate::support::{Bodies, Gate, gate, halts, in_two_processes, lines, until};

#[task]
async fn counted(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    n
}

#[flow]
async fn sums() -> Result<u32, Error> {
    let (one, two) = tokio::join!(counted(1), counted(2));
    let child = doubles(one? + two?).await?;
    counted(child).await
}

#[flow]
async fn doubles(n: u32) -> Result<u32, Error> {
    counted(2 * n).await
}

fn recovering(builder: TestBuilder) -> TestBuilder {
    builder.with(|runtime| runtime.recover(true))
}

async fn first_run(runtime: &Runtime) -> RunId {
    runtime.runs(RunFilter::default(), Page::all()).await.unwrap().last().unwrap().id
}

fn ends(recovered: &[Recovered]) -> Vec<(&str, RunState)> {
    let short = |name: &str| name.rsplit("::").next().map_or(0, str::len);
    recovered.iter().map(|run| (&run.name[run.name.len() - short(&run.name)..], run.state)).collect()
}

#[tokio::test]
async fn after_every_cut_the_run_ends_as_in_life() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    assert_eq!(runtime.scope(async { sums().await }).await.unwrap(), 6);
    let run = first_run(&runtime).await;
    let lived = bodies.count();
    let cuts = runtime.store().operations();
    for cut in 1..cuts {
        let bodies = Bodies::default();
        let second = recovering(runtime.fork(cut)).provide(bodies.clone()).build();
        let recovered = second.recover().await.unwrap();
        assert_eq!(ends(&recovered), [("sums", RunState::Completed)], "cut {cut}");
        assert!(bodies.count() <= lived, "cut {cut}");
        let runs = second.runs(RunFilter::default(), Page::all()).await.unwrap();
        assert!(runs.iter().all(|run| run.state == RunState::Completed), "cut {cut}: {runs:#?}");
        assert!(second.run(run).await.unwrap().unwrap().value.is_some());
        assert!(second.recover().await.unwrap().is_empty(), "it was told of once");
    }
}

#[tokio::test]
async fn of_two_runtimes_one_takes_it_up() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    runtime.scope(async { sums().await }).await.unwrap();
    for cut in 1..runtime.store().operations() {
        let (store, bodies) = (Arc::new(runtime.store().fork(cut)), Bodies::default());
        let build = || Runtime::builder().store(store.clone()).provide(bodies.clone()).build().unwrap();
        let (one, other) = (build(), build());
        let (one, other) = tokio::join!(one.recover(), other.recover());
        let ended = [one.unwrap(), other.unwrap()].concat();
        assert_eq!(ends(&ended), [("sums", RunState::Completed)], "cut {cut}");
        assert!(bodies.count() <= 4, "cut {cut}: a body ran twice");
    }
}

#[flow(resume = "manual")]
async fn by_hand() -> Result<u32, Error> {
    counted(1).await?;
    counted(2).await
}

#[tokio::test]
async fn a_manual_flow_waits_for_a_person() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    runtime.scope(async { by_hand().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let bodies = Bodies::default();
    let second = recovering(runtime.fork(2)).provide(bodies.clone()).build();
    let left = second.recover().await.unwrap();
    assert!(left[0].is_left() && left.len() == 1, "{left:?}");
    assert!(left[0].reason.as_ref().unwrap().contains("resume = \"manual\""), "{left:?}");
    assert_eq!(bodies.count(), 0);
    assert_eq!(second.interrupted().await.unwrap()[0].id, run);
    assert_eq!(second.resume::<u32>(run).await.unwrap(), 2);
}

/// A body that the test's process dies in.
#[task]
async fn deadly(#[provided] gate: &Gate, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    gate.passed().await;
    7
}

#[flow]
async fn dies() -> Result<u32, Error> {
    counted(1).await?;
    dies_inside().await
}

#[flow]
async fn dies_inside() -> Result<u32, Error> {
    deadly().await
}

/// A process that has the store of `before` after its death, and is in the deadly body again.
async fn next_process(before: &TestRuntime, gate: &Gate, deaths: u32) -> (TestRuntime, Bodies) {
    let bodies = Bodies::default();
    let next =
        before.fork(before.store().operations()).with(|runtime| runtime.recover(true).max_deaths(deaths));
    (next.provide(bodies.clone()).provide(gate.clone()).build(), bodies)
}

/// Waits until the process is in the deadly body; should the run be over instead, says how.
async fn deadly_body(runtime: &Runtime, bodies: &Bodies) {
    while bodies.count() == 0 {
        tokio::task::yield_now().await;
        let runs = runtime.runs(RunFilter::default(), Page::all()).await.unwrap();
        assert!(runs.iter().all(|run| !run.state.is_final()), "{:#?}", lines(runtime).await);
    }
}

#[tokio::test]
async fn a_run_that_takes_its_process_along_is_given_up() {
    let (opener, gate) = gate();
    let _open = opener.open_at_end();
    let bodies = Bodies::default();
    let first = orch::testing::builder().provide(bodies.clone()).provide(gate.clone()).build();
    let (mut life, _call) = {
        let call = first.scope(async { dies().start() }).await;
        while bodies.count() < 2 {
            tokio::task::yield_now().await;
        }
        (first, call)
    };
    for _ in 0..2 {
        let (next, bodies) = next_process(&life, &gate, 3).await;
        deadly_body(&next, &bodies).await;
        life = next;
    }
    let (last, bodies) = next_process(&life, &gate, 3).await;
    let given_up = last.recover().await.unwrap();
    assert_eq!(ends(&given_up), [("dies", RunState::Crashed)]);
    assert!(given_up[0].reason.as_ref().unwrap().contains("its process died 3 times"), "{given_up:?}");
    assert_eq!(bodies.count(), 0, "nothing ran any more");
    let lines = lines(&last).await;
    assert!(lines.iter().any(|line| line.starts_with("run Crashed: its process died 3 times")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("#2 run Cancelled")), "what it called: {lines:#?}");
    assert!(last.recover().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_orderly_end_is_no_death() {
    let (opener, gate) = gate();
    let _open = opener.open_at_end();
    let bodies = Bodies::default();
    let mut life = orch::testing::builder().provide(bodies.clone()).provide(gate.clone()).build();
    let call = life.scope(async { dies().start() }).await;
    while bodies.count() < 2 {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        life.close_within(std::time::Duration::ZERO).await.unwrap();
        let (next, bodies) = next_process(&life, &gate, 1).await;
        deadly_body(&next, &bodies).await;
        life = next;
    }
    opener.open();
    assert_eq!(ends(&life.recover().await.unwrap()), [("dies", RunState::Completed)]);
    drop(call);
}

#[tokio::test]
async fn dropping_the_runtime_leaves_its_runs_to_the_next_one() {
    let (opener, gate) = gate();
    let _open = opener.open_at_end();
    let runtime = orch::testing::builder().provide(Bodies::default()).provide(gate.clone()).build();
    let _call = runtime.scope(async { dies().start() }).await;
    until(&runtime, |lines| lines.iter().any(|line| line == "#2 deadly Running (1)")).await;
    let store = Arc::new(runtime.store().fork(runtime.store().operations()));
    let build = |bodies: &Bodies| {
        let builder = Runtime::builder().store(store.clone()).provide(bodies.clone());
        builder.provide(gate.clone()).build().unwrap()
    };
    let bodies = Bodies::default();
    let second = build(&bodies);
    deadly_body(&second, &bodies).await;
    drop(second);
    let orphans = || async { orch::store::Store::orphans(&*store, Page::all()).await.unwrap().len() };
    while orphans().await < 2 {
        tokio::task::yield_now().await;
    }
    opener.open();
    let third = build(&Bodies::default());
    assert_eq!(ends(&third.recover().await.unwrap()), [("dies", RunState::Completed)]);
}

#[tokio::test]
async fn nothing_to_recover() {
    let runtime = Runtime::builder().store(MemoryStore::new()).build().unwrap();
    assert!(runtime.recover().await.unwrap().is_empty());
    runtime.close().await.unwrap();
    assert!(runtime.recover().await.unwrap_err().to_string().contains("closed"));
}

#[flow]
async fn halts_amid() -> Result<u32, Error> {
    let sum = counted(1).await? + counted(2).await?;
    halts().await?;
    counted(sum).await
}

#[tokio::test]
async fn over_two_processes() {
    let Some(process) = in_two_processes(module_path!(), "over_two_processes") else { return };
    if process.life == crate::support::Life::First {
        process.end_amid([halts_amid()]).await;
    }
    let recovered = process.runtime.recover().await.unwrap();
    assert_eq!(ends(&recovered), [("halts_amid", RunState::Completed)]);
    assert_eq!(process.bodies.count(), 1, "what was recorded did not run again");
}

#[flow]
async fn stays() -> Result<u32, Error> {
    counted(1).await?;
    orch::sleep(std::time::Duration::from_secs(1_000_000)).await;
    Ok(1)
}

/// Says to a child where its store is.
const LOOKS: &str = "ORCH_TEST_LOOKS";

/// A program that ends at once after it has looked: what was taken up for it is given back, and counts as no death.
#[tokio::test]
async fn who_only_looks_kills_nothing() {
    let builder = |dir: &str| Runtime::builder().path(dir).provide(Bodies::default());
    if let Ok(dir) = std::env::var(LOOKS) {
        let looking = builder(&dir).build().unwrap();
        if looking.runs(RunFilter::default(), Page::all()).await.unwrap().is_empty() {
            drop(looking.scope(async { stays().start() }).await);
        }
        let run = loop {
            // It is under way by now, which a program that looks need not wait for.
            match looking.runs(RunFilter::default(), Page::all()).await.unwrap().pop() {
                Some(run) if !run.counts.is_empty() => break run,
                _ => tokio::task::yield_now().await,
            }
        };
        let code = i32::from(run.deaths > 1 || run.state != RunState::Running);
        drop(looking);
        std::process::exit(code);
    }
    let dir = tempfile::tempdir().unwrap();
    for look in 0..15 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "recovered::who_only_looks_kills_nothing"]).env(LOOKS, dir.path());
        assert!(child.status().unwrap().success(), "look {look}");
    }
}
