//! Who computes, and who waits.

use orch::{prelude::*, testing::TestRuntime};

use super::{counting, only};
use crate::support::{Bodies, Gate, ending, gate, lines, roomy, until};

mod crowd {
    use super::*;

    #[task(cache)]
    pub async fn slow(#[provided] bodies: &Bodies, #[provided] held: &Gate) -> usize {
        bodies.enter();
        held.passed().await;
        7
    }

    #[task(cache)]
    pub fn slow_sync(#[provided] bodies: &Bodies, #[provided] held: &Gate) -> usize {
        bodies.enter();
        held.pass();
        7
    }

    #[flow]
    pub async fn one_caller(sync: bool) -> Result<usize, Error> {
        if sync { slow_sync().await } else { slow().await }
    }
}

/// A hundred runs ask at once; the first body is held until all of them have looked it up.
async fn a_hundred_callers(sync: bool) -> (TestRuntime, Bodies) {
    let bodies = Bodies::default();
    let (opener, held) = gate();
    let _over = opener.open_at_end();
    let runtime = roomy().provide(bodies.clone()).provide(held).build();
    let callers: Vec<_> =
        runtime.scope(async { (0..100).map(|_| crowd::one_caller(sync).start()).collect() }).await;
    until(&runtime, |lines| ending(lines, "slow Pending") + ending(lines, "slow_sync Pending") == 100).await;
    opener.open();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 7);
    }
    (runtime, bodies)
}

#[tokio::test]
async fn a_hundred_callers_run_the_body_once() {
    for sync in [false, true] {
        let (runtime, bodies) = a_hundred_callers(sync).await;
        assert_eq!(bodies.count(), 1);
        let lines = lines(&runtime).await;
        assert_eq!(lines.iter().filter(|line| line.ends_with("Cached")).count(), 99);
        assert_eq!(only(&lines, "CacheMiss").len(), 1, "followers did not miss");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_on_many_threads_run_the_body_once() {
    let (_, bodies) = a_hundred_callers(false).await;
    assert_eq!(bodies.count(), 1);
}

#[tokio::test]
async fn a_failing_leader_hands_over_to_the_next_follower() {
    #[task(cache)]
    async fn shaky(#[provided] bodies: &Bodies, #[provided] held: &Gate) -> Result<usize, String> {
        let before = bodies.enter();
        held.passed().await;
        if before == 0 { Err("the first one broke".to_owned()) } else { Ok(before) }
    }

    #[flow]
    async fn crowd() -> (u32, u32, usize) {
        let calls: Vec<_> = (0..10).map(|_| shaky()).collect();
        let ends = futures_util::future::join_all(calls).await;
        let good: Vec<usize> = ends.iter().filter_map(|end| end.as_ref().ok().copied()).collect();
        (good.len() as u32, ends.len() as u32, good.iter().copied().max().unwrap_or_default())
    }

    let bodies = Bodies::default();
    let (opener, held) = gate();
    opener.open();
    let runtime = roomy().provide(bodies.clone()).provide(held).build();
    let (good, all, value) = runtime.scope(async { crowd().await }).await.unwrap();
    assert_eq!((good, all, value, bodies.count()), (9, 10, 1, 2));
}

#[tokio::test]
async fn a_dropped_leader_hands_over_too() {
    #[task(cache)]
    async fn held_back(#[provided] bodies: &Bodies, #[provided] held: &Gate) -> usize {
        let before = bodies.enter();
        if before == 0 {
            held.passed().await;
        }
        before
    }

    #[flow]
    async fn leader() -> Result<usize, Error> {
        held_back().await
    }

    let bodies = Bodies::default();
    let (opener, held) = gate();
    let _over = opener.open_at_end();
    let runtime = roomy().provide(bodies.clone()).provide(held).build();
    let (first, second) = runtime.scope(async { (leader().start(), leader().start()) }).await;
    until(&runtime, |lines| ending(lines, "held_back Pending") == 2).await;
    while bodies.count() == 0 {
        tokio::task::yield_now().await;
    }
    first.cancel();
    assert_eq!(second.await.unwrap(), 1);
}

#[tokio::test]
async fn followers_stop_waiting_for_leaders_that_keep_failing() {
    #[task(cache)]
    async fn broken(#[provided] bodies: &Bodies) -> Result<(), String> {
        bodies.enter();
        tokio::task::yield_now().await;
        Err("it broke".to_owned())
    }

    #[flow]
    async fn crowd() -> usize {
        let calls: Vec<_> = (0..20).map(|_| broken()).collect();
        let ends = futures_util::future::join_all(calls).await;
        ends.iter().filter(|end| end.is_err()).count()
    }

    let (runtime, bodies) = counting();
    assert_eq!(runtime.scope(async { crowd().await }).await.unwrap(), 20);
    assert_eq!(bodies.count(), 20, "errors are never kept");
}

#[tokio::test]
async fn a_leader_whose_run_is_cancelled_hands_over_too() {
    #[task(cache)]
    async fn held_back(#[provided] bodies: &Bodies) -> usize {
        let before = bodies.enter();
        if before == 0 {
            std::future::pending::<()>().await;
        }
        before
    }

    #[flow]
    async fn asks() -> Result<usize, Error> {
        held_back().await
    }

    let (runtime, bodies) = counting();
    let first = runtime.scope(async { asks().start() }).await;
    while bodies.count() == 0 {
        tokio::task::yield_now().await;
    }
    let leader = runtime.last_run().await.unwrap().unwrap();
    let second = runtime.scope(async { asks().start() }).await;
    until(&runtime, |lines| ending(lines, "held_back Pending") == 2).await;
    assert!(runtime.cancel(leader).await.unwrap());
    assert_eq!(first.await.expect_err("it was cancelled").kind(), ErrorKind::Cancelled);
    assert_eq!(second.await.unwrap(), 1);
}

#[tokio::test]
async fn a_thousand_equal_calls_of_one_body_compute_once() {
    #[task(cache)]
    async fn slow(#[provided] bodies: &Bodies) -> usize {
        orch::sleep(std::time::Duration::from_secs(1)).await;
        bodies.enter()
    }

    #[flow]
    async fn crowd() -> usize {
        let calls: Vec<_> = (0..1000).map(|_| slow()).collect();
        futures_util::future::join_all(calls).await.into_iter().filter(|value| matches!(value, Ok(0))).count()
    }

    let (runtime, bodies) = counting();
    assert_eq!(runtime.scope(async { crowd().await }).await.unwrap(), 1000);
    assert_eq!(bodies.count(), 1);
    assert_eq!(ending(&lines(&runtime).await, "slow Cached"), 999);
}
