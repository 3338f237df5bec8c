//! The programs. Their bodies take different times each time they run, so branches race.

#![allow(deprecated, reason = "bare timers are what some of them are about")]

use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use orch::prelude::*;

use crate::harness::{Log, dawdle};

#[task]
async fn work(n: u64, #[provided] log: &Log) -> u64 {
    log.body(format!("work({n})"));
    dawdle().await;
    n
}

#[task]
async fn slow(n: u64, #[provided] log: &Log) -> u64 {
    log.body(format!("slow({n})"));
    tokio::time::sleep(std::time::Duration::from_millis(4)).await;
    n
}

#[task]
async fn very_slow(n: u64, #[provided] log: &Log) -> u64 {
    log.body(format!("very_slow({n})"));
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    n
}

#[task]
async fn charge(id: String, amount: u64, #[provided] log: &Log) -> u64 {
    log.body(format!("charge({id}, {amount})"));
    dawdle().await;
    amount
}

#[task(cache)]
async fn cached(n: u64, #[provided] log: &Log) -> u64 {
    log.body(format!("cached({n}) of {:?}", orch::ctx().task_number()));
    n
}

/// Two branches of a `join!` take ids, and each id feeds a charge.
#[flow]
pub async fn ids_feed_a_charge(#[provided] log: &Log) -> Result<(), Error> {
    let branch = |n: u64| async move {
        work(n).await?;
        let id = orch::uuid().await;
        log.seen(format!("{n} got {id}"));
        let charged = charge(id.to_string(), n).await?;
        log.seen(format!("{n} charged {charged}"));
        Ok::<_, Error>(())
    };
    let (a, b) = tokio::join!(branch(1), branch(2));
    a.and(b)
}

#[flow]
pub async fn steps_in_futures_unordered(#[provided] log: &Log) -> Result<(), Error> {
    let mut steps = FuturesUnordered::new();
    for n in 0..8 {
        steps.push(async move {
            let n = work(n).await?;
            let id = orch::random().await;
            let paid = charge(id.to_string(), n).await?;
            Ok::<_, Error>(format!("{n} {id} {paid}"))
        });
    }
    while let Some(step) = steps.next().await {
        log.seen(step?);
    }
    Ok(())
}

#[flow]
pub async fn loser_is_awaited_later(#[provided] log: &Log) -> Result<(), Error> {
    for round in 0..4 {
        let mut first = std::pin::pin!(work(round * 2));
        let mut second = std::pin::pin!(work(round * 2 + 1));
        let (winner, first_won) = tokio::select! {
            won = &mut first => (won?, true),
            won = &mut second => (won?, false),
        };
        let id = orch::uuid().await;
        log.seen(format!("{winner} won, {id}"));
        charge(id.to_string(), winner).await?;
        let loser = if first_won { second.await? } else { first.await? };
        log.seen(format!("{loser} lost"));
    }
    Ok(())
}

#[flow]
pub async fn two_hits_race(#[provided] log: &Log) -> Result<(), Error> {
    cached(1).await?;
    cached(2).await?;
    for round in 0..6 {
        let won = tokio::select! {
            won = cached(1) => won?,
            won = cached(2) => won?,
        };
        log.seen(format!("round {round}: {won}"));
        charge(format!("round {round}"), won).await?;
    }
    Ok(())
}

#[task(cache)]
pub async fn price(n: u64, #[provided] log: &Log) -> u64 {
    log.body(format!("price({n})"));
    tokio::time::sleep(std::time::Duration::from_millis(6)).await;
    n
}

/// In life the first call computes; when it is asked again after a cut, another run has filled the cache.
#[flow]
pub async fn in_flight_then_a_hit(#[provided] log: &Log) -> Result<(), Error> {
    let mut branches = FuturesUnordered::new();
    for n in 0..5u64 {
        branches.push(async move {
            // The first branch awaits a call that may be a hit; the others compute.
            let value = if n == 0 { price(7).await? } else { work(n).await? };
            let id = orch::uuid().await;
            Ok::<_, Error>(format!("{n}: {value} {id}"))
        });
    }
    while let Some(line) = branches.next().await {
        let line = line?;
        log.seen(line.clone());
        charge(line, 1).await?;
    }
    Ok(())
}

/// A branch that waits for a bare timer beside one whose call is in flight. In life the timer is long over when
/// the call ends; in replay the call's record is there at once.
#[flow]
pub async fn bare_awaits_beside_a_call(#[provided] log: &Log) -> Result<(), Error> {
    let in_flight = async {
        let value = very_slow(1).await?;
        let id = orch::uuid().await;
        charge(id.to_string(), value).await?;
        Ok::<_, Error>(format!("in flight {id}"))
    };
    let bare = async {
        let (a, b, c) = tokio::join!(work(2), work(3), work(4));
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let id = orch::uuid().await;
        charge(id.to_string(), a? + b? + c?).await?;
        Ok::<_, Error>(format!("bare {id}"))
    };
    let (first, second) = tokio::join!(in_flight, bare);
    log.seen(first?);
    log.seen(second?);
    Ok(())
}

#[flow]
pub async fn dropped_losers(#[provided] log: &Log) -> Result<(), Error> {
    for round in 0..4 {
        let won = tokio::select! {
            won = work(round) => won?,
            lost = slow(100 + round) => lost?,
            lost = slow(200 + round) => lost?,
        };
        let id = orch::uuid().await;
        log.seen(format!("{round}: {won} {id}"));
        charge(id.to_string(), won).await?;
    }
    Ok(())
}

/// A branch awaits a handle that the flow's own body started, and races it with calls of its own.
#[flow]
pub async fn handle_awaited_elsewhere(#[provided] log: &Log) -> Result<(), Error> {
    for round in 0..3u64 {
        let handle = work(round).start();
        let branch_log = log.clone();
        let branch = orch::spawn(async move {
            let mut handle = std::pin::pin!(handle);
            let mut own = std::pin::pin!(work(100 + round));
            let first = tokio::select! {
                value = &mut handle => format!("handle {}", value?),
                value = &mut own => format!("own {}", value?),
            };
            let id = orch::uuid().await;
            branch_log.seen(format!("{round}: {first} first, {id}"));
            charge(id.to_string(), round).await?;
            Ok::<_, Error>(())
        });
        branch.await??;
    }
    Ok(())
}

#[flow]
pub async fn map_in_map(#[provided] log: &Log) -> Result<(), Error> {
    let sums = orch::try_map(0..3u64, |outer| async move {
        let inner = orch::try_map(0..3u64, |inner| async move {
            let value = work(outer * 10 + inner).await?;
            let id = orch::random().await;
            charge(id.to_string(), value).await
        })
        .concurrency(2)
        .await?;
        Ok::<u64, Error>(inner.into_iter().sum())
    })
    .await?;
    log.seen(format!("{sums:?}"));
    let id = orch::uuid().await;
    log.seen(id.to_string());
    charge(id.to_string(), sums.into_iter().sum()).await?;
    Ok(())
}

#[flow]
pub async fn spawned_branches(#[provided] log: &Log) -> Result<(), Error> {
    let branches: Vec<_> = (0..4u64)
        .map(|n| {
            orch::spawn(async move {
                let value = work(n).await?;
                let id = orch::uuid().await;
                charge(id.to_string(), value).await
            })
        })
        .collect();
    let mut branches: FuturesUnordered<_> = branches.into_iter().collect();
    while let Some(value) = branches.next().await {
        let value = value??;
        let id = orch::uuid().await;
        log.seen(format!("{value} {id}"));
        charge(id.to_string(), 1000 + value).await?;
    }
    Ok(())
}

/// Outcomes of started calls arrive while nobody looks; `select!` then meets several at once.
#[flow]
pub async fn handles_race_in_select(#[provided] log: &Log) -> Result<(), Error> {
    for round in 0..4u64 {
        let (a, b) = (work(round * 2).start(), work(round * 2 + 1).start());
        slow(round).await?;
        let won = tokio::select! {
            won = a => won?,
            won = b => won?,
        };
        log.seen(format!("{round}: {won}"));
        charge(format!("round {round}"), won).await?;
    }
    Ok(())
}

/// Some branches spend tokio's budget on a lock of their own between two calls, others do not.
#[flow]
pub async fn budget_is_spent(#[provided] log: &Log) -> Result<(), Error> {
    let lock = std::sync::Arc::new(tokio::sync::Mutex::new(0u64));
    let mut branches = FuturesUnordered::new();
    for n in 0..40u64 {
        let lock = lock.clone();
        branches.push(async move {
            work(n).await?;
            for _ in 0..if n % 3 == 0 { 50 } else { 0 } {
                *lock.lock().await += 1;
            }
            let id = orch::random().await;
            charge(id.to_string(), n).await?;
            Ok::<_, Error>(format!("{n} {id}"))
        });
    }
    while let Some(line) = branches.next().await {
        log.seen(line?);
    }
    Ok(())
}

/// A thousand calls in one `join_all`.
#[flow]
pub async fn thousand_in_join_all(#[provided] log: &Log) -> Result<(), Error> {
    let calls = (0..1000u64).map(|n| async move {
        let value = work(n).await?;
        log.seen(value.to_string());
        Ok::<_, Error>(value)
    });
    let sum: u64 = join_all(calls).await.into_iter().sum::<Result<u64, Error>>()?;
    log.seen(format!("{sum}"));
    Ok(())
}

/// A bare timer gives up on calls: nothing in the journal but the mark says that they were dropped.
#[flow]
pub async fn bare_timer_gives_up(#[provided] log: &Log) -> Result<(), Error> {
    for round in 0..4 {
        let gave_up =
            tokio::time::timeout(std::time::Duration::from_millis(1), very_slow(100 + round)).await.is_err();
        let id = orch::uuid().await;
        log.seen(format!("{round}: {gave_up} {id}"));
        charge(id.to_string(), round).await?;
    }
    Ok(())
}

#[flow]
async fn child(n: u64, #[provided] log: &Log) -> Result<u64, Error> {
    let (a, b) = tokio::join!(work(n * 10), work(n * 10 + 1));
    let id = orch::uuid().await;
    let paid = charge(id.to_string(), a? + b?).await?;
    let _ = log;
    Ok(paid)
}

/// Flows that call flows: each is a run of its own, and its outcome has a place in its caller's order.
#[flow]
pub async fn subflows_race(#[provided] log: &Log) -> Result<(), Error> {
    let mut children = FuturesUnordered::new();
    for n in 1..4 {
        children.push(child(n));
    }
    while let Some(paid) = children.next().await {
        let paid = paid?;
        let id = orch::uuid().await;
        log.seen(format!("{paid} {id}"));
        charge(id.to_string(), paid).await?;
    }
    let late = child(9).start();
    log.seen(late.await?.to_string());
    Ok(())
}

#[task(retries = 3, backoff = fixed("1ms"))]
async fn flaky(n: u64, #[provided] log: &Log) -> Result<u64, String> {
    let attempt = orch::ctx().attempt();
    log.body(format!("flaky({n}) attempt {attempt}"));
    dawdle().await;
    // What its body calls is recorded too, and is not repeated by the next attempt.
    let inner = work(1000 + n).await.map_err(|error| error.to_string())?;
    if attempt <= (n % 3) as u32 { Err(format!("attempt {attempt} fails")) } else { Ok(inner) }
}

/// Retries with back-off; a task's own calls are kept between its attempts.
#[flow]
pub async fn retries_with_backoff(#[provided] log: &Log) -> Result<(), Error> {
    let mut steps = FuturesUnordered::new();
    for n in 0..4 {
        steps.push(async move {
            let value = flaky(n).await?;
            let id = orch::uuid().await;
            charge(id.to_string(), value).await?;
            Ok::<_, Error>(format!("{value} {id}"))
        });
    }
    while let Some(line) = steps.next().await {
        log.seen(line?);
    }
    Ok(())
}

#[task]
async fn fails_at_first(flow_attempt: u32, #[provided] log: &Log) -> Result<u64, String> {
    log.body(format!("fails_at_first({flow_attempt})"));
    if flow_attempt == 1 { Err("not yet".into()) } else { Ok(1) }
}

/// A flow that succeeds with its second attempt: what succeeded in the first one is reused.
#[flow(retries = 1)]
pub async fn flow_retry(#[provided] log: &Log) -> Result<(), Error> {
    let attempt = orch::ctx().attempt();
    let (a, b) = tokio::join!(work(1), work(2));
    // A resumed run goes on with its attempt, and does not go through the ones before again.
    let seen = |line: String| {
        if attempt == 2 {
            log.seen(line)
        }
    };
    seen(format!("{}", a? + b?));
    let id = orch::uuid().await;
    charge(id.to_string(), 1).await?;
    fails_at_first(attempt).await?;
    seen(id.to_string());
    Ok(())
}
