//! Runs that were interrupted while calls waited for a `cpu` permit.

use orch::{prelude::*, testing::TestBuilder};

use crate::support::{Gate, gate, lines, until};

#[task]
fn computes(n: u32) -> u32 {
    n
}

/// Has the permit until the test lets it go.
#[task]
fn holds(#[provided] gate: &Gate) {
    gate.pass();
}

#[task(retries = 1)]
fn fails_once() -> Result<u32, String> {
    match orch::ctx().attempt() {
        1 => Err("the first attempt".into()),
        attempt => Ok(attempt),
    }
}

#[flow]
async fn crowd() -> Result<u32, Error> {
    let (a, (), b, c) = tokio::try_join!(fails_once(), holds(), computes(1), computes(2))?;
    Ok(a + b + c)
}

fn narrow(builder: TestBuilder, gate: &Gate) -> TestBuilder {
    builder.provide(gate.clone()).with(|runtime| runtime.cpu(1))
}

#[tokio::test]
async fn calls_wait_again_and_a_failed_attempt_is_not_made_twice() {
    let (opener, gate) = gate();
    let runtime = narrow(orch::testing::builder(), &gate).build();
    let started = runtime.scope(async { crowd().start() }).await;
    until(&runtime, |lines| lines.iter().any(|line| line.starts_with("fails_once AwaitingPermit (1):")))
        .await;
    opener.open();
    assert_eq!(started.await.unwrap(), 5);
    let run = runtime.last_run().await.unwrap().unwrap();
    assert!(lines(&runtime).await.iter().any(|line| line.starts_with("computes AwaitingPermit:")));

    for cut in 1..runtime.store().operations() {
        let second = narrow(runtime.fork(cut), &gate).build();
        let before = lines(&second).await;
        let had_failed = before.iter().any(|line| line.starts_with("fails_once AwaitingRetry (1)"));
        let resumed = second.resume::<u32>(run).await;
        let after = lines(&second).await;
        assert_eq!(resumed.as_ref().ok(), Some(&5), "cut {cut}: {resumed:?} {after:#?}");
        let again = &after[before.len()..];
        let made_twice = had_failed && again.iter().any(|line| line == "fails_once Running (1)");
        assert!(!made_twice, "cut {cut}: {after:#?}");
    }
}
