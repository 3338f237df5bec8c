//! Waits that would never end.

use std::time::Duration;

use orch::prelude::*;

use super::only;
use crate::support::{Bodies, Gate, assert_lines, ending, gate, lines, roomy, until};

/// Ends the test instead of hanging: real time, generous, and never reached when all is well.
async fn ends<F: Future>(future: F) -> F::Output {
    #[expect(clippy::disallowed_methods, reason = "a virtual clock would jump to it")]
    let limited = tokio::time::timeout(Duration::from_secs(60), future);
    limited.await.expect("it waits for itself")
}

#[task]
fn inner_sync(n: u32) -> u32 {
    n + 1
}

#[task]
fn outer_sync(n: u32) -> u32 {
    tokio::runtime::Handle::current().block_on(inner_sync(n)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_body_below_a_sync_body_shares_its_permit() {
    let runtime = orch::testing::builder().with(|runtime| runtime.cpu(1)).build();
    let seen = ends(runtime.scope(async { outer_sync(1).await })).await;
    assert_eq!(seen.unwrap(), 2);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "outer_sync Pending",
            "outer_sync Running (1)",
            "inner_sync Pending",
            "inner_sync Running (1)",
            "inner_sync Completed (1)",
            "outer_sync Completed (1)",
            "run Completed",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_bodies_that_nest_crosswise_end() {
    #[flow]
    async fn crowd() -> Result<u32, Error> {
        let calls: Vec<_> = (0..20).map(outer_sync).collect();
        let values = futures_util::future::join_all(calls).await;
        values.into_iter().sum()
    }

    let runtime = orch::testing::builder().with(|runtime| runtime.cpu(2)).build();
    let sum = ends(runtime.scope(async { crowd().await })).await;
    assert_eq!(sum.unwrap(), (1..=20).sum::<u32>());
}

/// Tasks that lead one key and ask for the other's.
mod crossed {
    use super::*;

    #[task(cache)]
    pub async fn left(deep: bool, #[provided] held: &Gate) -> Result<u32, Error> {
        held.passed().await;
        if deep { Ok(right(false).await? + 1) } else { Ok(1) }
    }

    #[task(cache)]
    pub async fn right(deep: bool, #[provided] held: &Gate) -> Result<u32, Error> {
        held.passed().await;
        if deep { Ok(left(false).await? + 1) } else { Ok(1) }
    }

    /// Leads its own key and asks for it again.
    #[task(cache)]
    pub async fn itself(#[provided] bodies: &Bodies) -> Result<u32, Error> {
        if bodies.enter() == 0 { Ok(itself().await? + 1) } else { Ok(1) }
    }

    /// Two leaders, each of which needs what the other one computes.
    #[task(cache)]
    pub async fn ping(n: u32, #[provided] held: &Gate, #[provided] bodies: &Bodies) -> Result<u32, Error> {
        bodies.enter();
        held.passed().await;
        if bodies.count() > 4 { Ok(0) } else { Ok(pong(n).await? + 1) }
    }

    #[task(cache)]
    pub async fn pong(n: u32, #[provided] held: &Gate, #[provided] bodies: &Bodies) -> Result<u32, Error> {
        bodies.enter();
        held.passed().await;
        if bodies.count() > 4 { Ok(0) } else { Ok(ping(n).await? + 1) }
    }
}

#[tokio::test]
async fn leaders_that_need_each_others_keys_end() {
    #[flow]
    async fn both() -> Result<(u32, u32), Error> {
        let (left, right) = tokio::join!(crossed::left(true), crossed::right(true));
        Ok((left?, right?))
    }

    #[flow]
    async fn for_ever() -> Result<u32, Error> {
        let (ping, pong) = tokio::join!(crossed::ping(1), crossed::pong(1));
        Ok(ping? + pong?)
    }

    let (opener, held) = gate();
    let _over = opener.open_at_end();
    let runtime = roomy().provide(Bodies::default()).provide(held).build();
    runtime
        .scope(ends(async {
            let both = both().start();
            let for_ever = for_ever().start();
            until(&runtime, |lines| ending(lines, "Running (1)") == 4).await;
            opener.open();
            assert_eq!(both.await.unwrap(), (2, 2));
            for_ever.await.unwrap();
        }))
        .await;
    let lines = lines(&runtime).await;
    let busy = only(&lines, "another call computes it, and this one may not wait");
    assert!(busy.len() >= 2, "{lines:#?}");
}

#[tokio::test]
async fn a_leader_that_asks_for_its_own_key_ends() {
    let (opener, held) = gate();
    opener.open();
    let runtime = roomy().provide(Bodies::default()).provide(held).build();
    let value = runtime.scope(ends(async { crossed::itself().await })).await;
    assert_eq!(value.unwrap(), 2);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "itself Pending",
            "CacheMiss: nothing stored yet",
            "itself Running (1)",
            "itself Pending",
            "CacheMiss: nothing stored yet; another call computes it, and this one may not wait",
            "itself Running (1)",
            "itself Completed (1)",
            "itself Completed (1)",
            "run Completed",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_below_a_sync_body_does_not_wait() {
    #[task(cache)]
    fn wanted(#[provided] held: &Gate) -> u32 {
        held.pass();
        1
    }

    #[task]
    fn wants() -> u32 {
        tokio::runtime::Handle::current().block_on(wanted()).unwrap()
    }

    #[flow]
    async fn both() -> Result<u32, Error> {
        let (one, two) = tokio::join!(wanted(), wants());
        Ok(one? + two?)
    }

    // One permit: the one that leads waits at the gate with it, and the other one holds it meanwhile or waits for it.
    let (opener, held) = gate();
    opener.open();
    let runtime = orch::testing::builder().provide(held).with(|runtime| runtime.cpu(1)).build();
    let sum = ends(runtime.scope(async { both().await })).await;
    assert_eq!(sum.unwrap(), 2);
}
