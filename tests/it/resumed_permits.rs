//! Runs that were interrupted while calls waited for a `cpu` permit.

use orch::{prelude::*, testing::TestBuilder};

use crate::support::{Gate, gate, lines, until};

#[task]
fn computes(n: u32) -> u32 {
    n
}

/// What the first life waits for, one after the other.
#[derive(Clone)]
struct Gates {
    has_permit: Gate,
    is_waited_for: Gate,
    waits_itself: Gate,
}

#[task(retries = 1)]
fn fails_once(#[provided] gates: &Gates) -> Result<u32, String> {
    match orch::ctx().attempt() {
        1 => {
            gates.is_waited_for.pass();
            Err("the first attempt".into())
        }
        attempt => Ok(attempt),
    }
}

#[task]
async fn others_may_come(#[provided] gates: &Gates) {
    gates.has_permit.passed().await;
}

#[task]
fn holds(#[provided] gates: &Gates) {
    gates.waits_itself.pass();
}

#[flow]
async fn crowd() -> Result<u32, Error> {
    let failing = fails_once().start();
    others_may_come().await?;
    let (a, (), b, c) = tokio::try_join!(failing, holds(), computes(1), computes(2))?;
    Ok(a + b + c)
}

fn narrow(builder: TestBuilder, gates: &Gates) -> TestBuilder {
    builder.provide(gates.clone()).with(|runtime| runtime.cpu(1))
}

#[tokio::test]
async fn calls_wait_again_and_a_failed_attempt_is_not_made_twice() {
    let [(first, has_permit), (second, is_waited_for), (third, waits_itself)] = [gate(), gate(), gate()];
    let gates = Gates { has_permit, is_waited_for, waits_itself };
    let runtime = narrow(orch::testing::builder(), &gates).build();
    let started = runtime.scope(async { crowd().start() }).await;
    for (line, opener) in [
        ("fails_once Running (1)", first),
        ("holds AwaitingPermit:", second),
        ("fails_once AwaitingPermit (1):", third),
    ] {
        until(&runtime, |lines| lines.iter().any(|event| event.starts_with(line))).await;
        opener.open();
    }
    assert_eq!(started.await.unwrap(), 5);
    let run = runtime.last_run().await.unwrap().unwrap();

    for cut in 1..runtime.store().operations() {
        let second = narrow(runtime.fork(cut), &gates).build();
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
