//! What the process works on. Every call of a program has a place, and what it gives says what it was called with; so
//! nothing that is lost, made anew or mixed up goes unseen.

use std::time::Duration;

use futures_util::{StreamExt, stream::FuturesUnordered};
use orch::prelude::*;
use serde::{Deserialize, Serialize};

use super::effects::Effects;

/// How many kinds of programs there are.
pub const KINDS: u64 = 8;

/// Places of calls whose results other programs have too.
pub const SHARED: std::ops::Range<u64> = 90..100;

/// What a body gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Got {
    /// What it was called with.
    pub of: u64,
    /// Drawn by the body, so another one each time that it runs.
    pub nonce: u64,
}

/// What the call at this place of a program is called with.
pub fn input(program: u64, place: u64) -> u64 {
    if SHARED.contains(&place) { place % 5 } else { 1_000 + program * 100 + place }
}

#[expect(clippy::disallowed_methods, reason = "bodies take different times, on purpose")]
async fn body(of: u64, effects: &Effects) -> Got {
    effects.begin(of);
    match fastrand::u8(..4) {
        0 => tokio::time::sleep(Duration::from_micros(fastrand::u64(..3_000))).await,
        1 => tokio::task::yield_now().await,
        _ => {}
    }
    let got = Got { of, nonce: fastrand::u64(1 << 40..) };
    effects.end(got);
    got
}

#[task]
async fn work(of: u64, #[provided] effects: &Effects) -> Got {
    body(of, effects).await
}

#[task]
fn compute(of: u64, #[provided] effects: &Effects) -> Got {
    effects.begin(of);
    let got = Got { of, nonce: fastrand::u64(1 << 40..) };
    effects.end(got);
    got
}

#[task(retries = 3, backoff = fixed("2ms"))]
async fn flaky(of: u64, #[provided] effects: &Effects) -> Result<Got, String> {
    let got = body(of, effects).await;
    if orch::ctx().attempt() < 3 { Err(format!("{of} fails")) } else { Ok(got) }
}

#[task(cache)]
async fn cached(of: u64, #[provided] effects: &Effects) -> Got {
    body(of, effects).await
}

/// Uses what calls of a program gave, from place `first` on.
#[task]
async fn check(of: u64, program: u64, first: u64, all: Vec<Got>, #[provided] effects: &Effects) -> Got {
    effects.uses(program, first, &all);
    body(of, effects).await
}

#[flow]
async fn child(program: u64, first: u64) -> Result<Vec<Got>, Error> {
    let mut all = vec![work(input(program, first)).await?];
    all.push(compute(input(program, first + 1)).await?);
    all.push(check(input(program, first + 2), program, first, all.clone()).await?);
    Ok(all)
}

/// A few calls, each of which uses the one before.
async fn chain(program: u64, first: u64) -> Result<Vec<Got>, Error> {
    let mut all = vec![work(input(program, first)).await?];
    for place in first + 1..first + 4 {
        all.push(check(input(program, place), program, place - 1, all[all.len() - 1..].to_vec()).await?);
    }
    Ok(all)
}

#[flow]
async fn sequence(program: u64) -> Result<Vec<Got>, Error> {
    let mut all = chain(program, 0).await?;
    all.extend(chain(program, 4).await?);
    Ok(all)
}

#[flow]
async fn joined(program: u64) -> Result<Vec<Got>, Error> {
    let (a, b, c) = tokio::try_join!(chain(program, 0), chain(program, 4), chain(program, 8))?;
    Ok([a, b, c].concat())
}

#[flow]
async fn mapped(program: u64) -> Result<Vec<Got>, Error> {
    let items = orch::try_map(0..5, |item| async move {
        let first = compute(input(program, item * 2)).await?;
        let second = check(input(program, item * 2 + 1), program, item * 2, vec![first]).await?;
        Ok::<_, Error>([first, second])
    });
    Ok(items.concurrency(3).await?.concat())
}

#[flow]
async fn branches(program: u64) -> Result<Vec<Got>, Error> {
    let branches: Vec<_> = (0..3).map(|n| orch::spawn(chain(program, n * 4))).collect();
    let mut all = Vec::new();
    for branch in branches {
        all.extend(branch.await??);
    }
    Ok(all)
}

#[flow]
async fn retried(program: u64) -> Result<Vec<Got>, Error> {
    let (a, b) = tokio::try_join!(flaky(input(program, 0)), flaky(input(program, 1)))?;
    let c = check(input(program, 2), program, 0, vec![a, b]).await?;
    Ok(vec![a, b, c])
}

#[flow]
async fn children(program: u64) -> Result<Vec<Got>, Error> {
    let (a, b) = tokio::try_join!(child(program, 0), child(program, 3))?;
    let mut all = [a, b].concat();
    all.extend(child(program, 6).start().await?);
    Ok(all)
}

#[flow]
async fn between_hits(program: u64) -> Result<Vec<Got>, Error> {
    let mut all = Vec::new();
    for place in SHARED.step_by(2) {
        let (a, b) = tokio::try_join!(cached(input(program, place)), cached(input(program, place + 1)))?;
        check(input(program, place - 90), program, place, vec![a, b]).await?;
        all.extend([a, b]);
    }
    Ok(all)
}

#[flow]
async fn races(program: u64) -> Result<Vec<Got>, Error> {
    let mut first = std::pin::pin!(work(input(program, 0)));
    let mut second = std::pin::pin!(work(input(program, 1)));
    let (winner, place) = tokio::select! {
        won = &mut first => (won?, 0),
        won = &mut second => (won?, 1),
    };
    check(input(program, 10 + place), program, place, vec![winner]).await?;
    let loser = if place == 0 { second.await? } else { first.await? };
    let mut all = if place == 0 { vec![winner, loser] } else { vec![loser, winner] };
    let mut more: FuturesUnordered<_> =
        (2..7).map(|place| async move { (place, work(input(program, place)).await) }).collect();
    let mut others = Vec::new();
    while let Some((place, got)) = more.next().await {
        let got = got?;
        check(input(program, 10 + place), program, place, vec![got]).await?;
        others.push((place, got));
    }
    others.sort_by_key(|(place, _)| *place);
    all.extend(others.into_iter().map(|(_, got)| got));
    Ok(all)
}

/// A program from its beginning. What it gives begins at place [`first`].
pub fn program(number: u64) -> Call<Vec<Got>, Flow> {
    let call = match number % KINDS {
        0 => sequence(number),
        1 => joined(number),
        2 => mapped(number),
        3 => branches(number),
        4 => retried(number),
        5 => children(number),
        6 => between_hits(number),
        _ => races(number),
    };
    call.named(number.to_string())
}

/// The place of the first result of a program.
pub fn first(number: u64) -> u64 {
    if number % KINDS == 6 { SHARED.start } else { 0 }
}
