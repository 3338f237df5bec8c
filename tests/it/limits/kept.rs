//! When a permit comes back.

use std::time::Duration;

use orch::prelude::*;

use super::Gauge;
use crate::support::{Gate, gate, lines, until};

const SECOND: Duration = Duration::from_secs(1);

#[task(limit = "api")]
async fn next() -> u64 {
    super::seconds().await
}

#[task(limit = "api")]
async fn panics() {
    panic!("on purpose")
}

#[task(limit = "api", timeout = "5s")]
async fn hangs() {
    std::future::pending().await
}

#[task(limit = "api", retries = 1, backoff = fixed("1h"))]
async fn fails() -> Result<(), String> {
    Err("on purpose".into())
}

#[tokio::test]
async fn a_permit_goes_with_its_attempt_however_that_ends() {
    #[flow]
    async fn all_ends() -> Result<Vec<u64>, Error> {
        let mut times = Vec::new();
        assert!(panics().await.is_err());
        times.push(next().await?);
        assert!(hangs().await.is_err());
        times.push(next().await?);
        // It waits an hour for its second attempt, and holds nothing meanwhile.
        let fails = fails().start();
        orch::sleep(SECOND).await;
        times.push(next().await?);
        fails.cancel();
        let dropped = hangs().start();
        orch::sleep(SECOND).await;
        dropped.cancel();
        times.push(next().await?);
        Ok(times)
    }
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("api", 1)).build();
    assert_eq!(runtime.scope(async { all_ends().await }).await.unwrap(), [0, 5, 6, 7]);
}

#[task(timeout = "1s", limit = "api")]
fn blocks(#[provided] gate: &Gate) {
    gate.pass();
}

#[task(limit = "api")]
async fn needs_no_thread() -> u32 {
    1
}

#[task]
fn needs_a_thread() -> u32 {
    2
}

#[tokio::test]
async fn the_thread_of_a_body_that_is_left_to_itself_keeps_its_cpu_permit_alone() {
    #[flow]
    async fn goes_on() -> Result<u32, Error> {
        assert_eq!(blocks().await.unwrap_err().kind(), ErrorKind::TimedOut);
        let (a, b) = tokio::try_join!(needs_no_thread(), needs_a_thread())?;
        Ok(a + b)
    }
    let (opener, there) = gate();
    let _open = opener.open_at_end();
    let builder = orch::testing::builder().provide(there);
    let runtime = builder.with(|runtime| runtime.cpu(1).limit("api", 1)).build();
    let started = runtime.scope(async { goes_on().start() }).await;
    until(&runtime, |lines| {
        lines.iter().any(|line| line == "needs_a_thread AwaitingPermit: all `cpu` permits are taken")
    })
    .await;
    until(&runtime, |lines| lines.iter().any(|line| line == "needs_no_thread Completed (1)")).await;
    let cpu = &runtime.limits()[0];
    assert!(cpu.in_use == 1 && cpu.holders[0].name.ends_with("::blocks"), "{cpu:?}");
    opener.open();
    assert_eq!(started.await.unwrap(), 3, "{:#?}", lines(&runtime).await);
}

#[task(limit = "api")]
async fn outer(depth: u32, #[provided] gauge: &Gauge) -> Result<u32, Error> {
    let _inside = gauge.enter(u64::from(depth == 0));
    if depth == 3 { Ok(0) } else { Ok(1 + outer(depth + 1).await?) }
}

#[tokio::test]
async fn what_a_holder_calls_shares_its_permit() {
    #[flow]
    async fn many() -> Result<u32, Error> {
        futures_util::future::try_join_all((0..5).map(|_| outer(0))).await.map(|all| all.iter().sum())
    }
    let gauge = Gauge::default();
    let runtime =
        orch::testing::builder().provide(gauge.clone()).with(|runtime| runtime.limit("api", 1)).build();
    assert_eq!(runtime.scope(async { many().await }).await.unwrap(), 15);
    assert_eq!(gauge.most(), 1);
}

/// Two calls that compute the same key: the second one holds what the first one waits for.
#[tokio::test]
async fn a_holder_does_not_wait_for_the_leader_of_a_key() {
    #[task(cache, limit = "api")]
    async fn computed(n: u32) -> u32 {
        n
    }
    #[task(limit = "api")]
    async fn holds(#[provided] there: &Gate) -> Result<u32, Error> {
        there.passed().await;
        computed(1).await
    }
    #[flow]
    async fn both() -> Result<u32, Error> {
        let holds = holds().start();
        orch::sleep(SECOND).await;
        let (a, b) = tokio::try_join!(computed(1), holds)?;
        Ok(a + b)
    }
    let (opener, there) = gate();
    let runtime = orch::testing::builder().provide(there).with(|runtime| runtime.limit("api", 1)).build();
    let started = runtime.scope(async { both().start() }).await;
    until(&runtime, |lines| lines.iter().any(|line| line.starts_with("computed AwaitingPermit"))).await;
    opener.open();
    assert_eq!(started.await.unwrap(), 2);
}

/// As many cuts as there are: calls that waited in the first life wait again, and nobody is let in beside.
#[tokio::test]
async fn runs_that_were_interrupted_while_calls_waited_go_on() {
    #[task(limit = "api", retries = 1)]
    async fn second_time(n: u32, #[provided] gauge: &Gauge) -> Result<u32, String> {
        let _inside = gauge.enter(1);
        orch::sleep(SECOND).await;
        if orch::ctx().attempt() == 1 && n == 0 { Err("the first attempt".into()) } else { Ok(n) }
    }
    #[flow]
    async fn crowd() -> Result<u32, Error> {
        futures_util::future::try_join_all((0..4).map(second_time)).await.map(|all| all.iter().sum())
    }
    let with = |builder: orch::testing::TestBuilder, gauge: &Gauge| {
        builder.provide(gauge.clone()).with(|runtime| runtime.limit("api", 1)).build()
    };
    let runtime = with(orch::testing::builder(), &Gauge::default());
    assert_eq!(runtime.scope(async { crowd().await }).await.unwrap(), 6);
    let run = runtime.last_run().await.unwrap().unwrap();
    for cut in 1..runtime.store().operations() {
        let gauge = Gauge::default();
        let second = with(runtime.fork(cut), &gauge);
        let resumed = second.resume::<u32>(run).await;
        assert_eq!(resumed.as_ref().ok(), Some(&6), "cut {cut}: {resumed:?} {:#?}", lines(&second).await);
        assert!(gauge.most() <= 1, "cut {cut}: {}", gauge.most());
    }
}
