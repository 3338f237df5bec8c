//! `once` over the attempts of its caller: what an earlier attempt left amid its work is not begun again by itself.

use std::{sync::Arc, time::Duration};

use orch::{Resolution, RunId, TaskState, prelude::*, store::Page, testing::TestRuntime};
use serde::{Deserialize, Serialize};

use crate::support::{Bodies, until};

/// Begins its work and does not come to its end.
#[task(once)]
async fn pays(#[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    if bodies.count() == 1 { std::future::pending().await } else { 72 }
}

#[task(once, timeout = "1s")]
async fn pays_in_time(#[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    if bodies.count() == 1 { std::future::pending().await } else { 72 }
}

#[task(once)]
async fn panics(#[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    assert_ne!(bodies.count(), 1, "amid its work");
    72
}

#[task(once)]
async fn refuses(#[provided] bodies: &Bodies) -> Result<u32, String> {
    bodies.enter();
    if bodies.count() == 1 { Err("no money".into()) } else { Ok(72) }
}

#[task]
async fn breaks() -> Result<u32, String> {
    Err("broken".into())
}

/// How an attempt leaves its call amid the body.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
enum Way {
    /// Another branch fails.
    Sibling,
    /// A time limit of the flow's own.
    Loser,
    /// Its handle cancels it.
    Handle,
    /// A nested task's attempt fails.
    Nested,
    TimeOut,
    Panic,
}

const WAYS: [Way; 6] = [Way::Sibling, Way::Loser, Way::Handle, Way::Nested, Way::TimeOut, Way::Panic];

async fn left(first: bool, way: Way) -> Result<u32, Error> {
    match way {
        Way::TimeOut => pays_in_time().await,
        Way::Panic => panics().await,
        _ if !first => pays().await,
        Way::Sibling | Way::Nested => tokio::try_join!(pays(), breaks()).map(|(paid, _)| paid),
        Way::Loser => {
            tokio::select! {
                paid = pays() => paid,
                () = orch::sleep(Duration::from_secs(1)) => breaks().await,
            }
        }
        Way::Handle => {
            let paying = pays().start();
            orch::sleep(Duration::from_secs(1)).await;
            paying.cancel();
            paying.await
        }
    }
}

#[task(retries = 1)]
async fn nested(way: Way) -> Result<u32, Error> {
    left(orch::ctx().attempt() == 1, way).await
}

#[flow(retries = 1)]
async fn shops(way: Way) -> Result<u32, Error> {
    if way == Way::Nested { nested(way).await } else { left(orch::ctx().attempt() == 1, way).await }
}

fn world(builder: orch::testing::TestBuilder) -> (Arc<TestRuntime>, Bodies) {
    let bodies = Bodies::default();
    (Arc::new(builder.provide(bodies.clone()).build()), bodies)
}

/// Says it of everything that waits for it, as long as this is polled.
async fn person(runtime: &TestRuntime, said: &Resolution) -> u32 {
    loop {
        for run in runtime.runs(Default::default(), Page::all()).await.unwrap() {
            for task in runtime.task_runs(run.id, Page::all()).await.unwrap() {
                if task.state == TaskState::Unknown {
                    // Whoever ends meanwhile needs no answer.
                    let _ = runtime.resolve(run.id, task.task, said.clone()).await;
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Waits until an attempt asks for what an earlier one left, and then has a person say it.
async fn asked(runtime: &TestRuntime, bodies: &Bodies, said: &Resolution) -> u32 {
    until(runtime, |lines| lines.iter().any(|line| line.contains("`orch::resolve` says"))).await;
    assert_eq!(bodies.count(), 1, "it does not run by itself");
    person(runtime, said).await
}

/// What comes out while the person is there. On a tokio task of its own, or the person's looking would keep the clock busy.
async fn first_of(
    ends: impl Future<Output = Result<u32, Error>> + Send + 'static,
    person: impl Future<Output = u32>,
) -> u32 {
    tokio::select! {
        ended = tokio::spawn(ends) => ended.unwrap().unwrap(),
        value = person => value,
    }
}

async fn shopping(runtime: Arc<TestRuntime>, way: Way) -> Result<u32, Error> {
    runtime.scope(async { shops(way).await }).await
}

async fn resumed(runtime: Arc<TestRuntime>, run: RunId) -> Result<u32, Error> {
    runtime.resume::<u32>(run).await
}

async fn retried(runtime: Arc<TestRuntime>, run: RunId) -> Result<u32, Error> {
    runtime.retry::<u32>(run).await
}

fn paid() -> Resolution {
    Resolution::value(&70u32).unwrap()
}

#[tokio::test]
async fn a_further_attempt_waits_for_a_person() {
    for way in WAYS {
        for (said, value, ran) in [(paid(), 70, 1), (Resolution::again(), 72, 2)] {
            let (runtime, bodies) = world(orch::testing::builder());
            let flow = shopping(runtime.clone(), way);
            assert_eq!(first_of(flow, asked(&runtime, &bodies, &said)).await, value, "{way:?}");
            assert_eq!(bodies.count(), ran, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_retry_of_the_run_waits_for_a_person() {
    for way in WAYS.into_iter().filter(|way| *way != Way::Nested) {
        for living in [true, false] {
            let (first, bodies) = world(orch::testing::builder());
            first.scope(async { shops(way).retries(0).await }).await.unwrap_err();
            let run = first.last_run().await.unwrap().unwrap();
            let all = first.store().operations();
            let other = first.fork(all).provide(bodies.clone()).build();
            let runtime = if living { first } else { Arc::new(other) };
            let value = first_of(retried(runtime.clone(), run), asked(&runtime, &bodies, &paid())).await;
            assert_eq!((value, bodies.count()), (70, 1), "{way:?}");
        }
    }
}

/// Wherever its life is cut off, at most one body begins of which nobody has said anything.
#[tokio::test]
async fn nor_does_it_run_again_after_any_cut() {
    for way in WAYS {
        let (runtime, bodies) = world(orch::testing::builder());
        let flow = shopping(runtime.clone(), way);
        first_of(flow, asked(&runtime, &bodies, &paid())).await;
        let run = runtime.last_run().await.unwrap().unwrap();
        let mut begun_before = 0;
        for cut in 1..runtime.store().operations() {
            let (second, bodies) = world(runtime.fork(cut));
            let tasks = second.task_runs(run, Page::all()).await.unwrap();
            let begun =
                |task: &orch::store::TaskRun| task.name.contains("pay") || task.name.contains("panics");
            let before = tasks.iter().any(|task| begun(task) && task.attempt > 0);
            begun_before += usize::from(before);
            let value = first_of(resumed(second.clone(), run), person(&second, &paid())).await;
            assert_eq!((value, bodies.count()), (70, usize::from(!before)), "{way:?}, cut {cut}");
        }
        assert!(begun_before > 3, "{way:?}");
    }
}

#[tokio::test]
async fn what_returned_an_error_runs_again() {
    #[flow(retries = 1)]
    async fn asks_twice() -> Result<u32, Error> {
        refuses().await
    }
    let (runtime, bodies) = world(orch::testing::builder());
    assert_eq!(runtime.scope(async { asks_twice().await }).await.unwrap(), 72);
    assert_eq!(bodies.count(), 2);
}
