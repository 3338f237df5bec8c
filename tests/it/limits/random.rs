//! Random crowds of calls that are cancelled, panic, take too long or lose their process: the bodies count how many of them
//! hold what, and it is never more than there is.

use std::time::Duration;

use orch::{
    prelude::*,
    testing::{TestBuilder, TestRuntime},
};
use serde::{Deserialize, Serialize};

use super::{Gauge, seeds};

const A: u64 = 2;
const MEMORY: u64 = 5;
const CPU: u64 = 2;
const RUNS: u64 = 2;

/// What the bodies count.
#[derive(Clone, Default)]
struct Gauges {
    a: Gauge,
    memory: Gauge,
    cpu: Gauge,
    runs: Gauge,
}

/// How a body goes on and ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Way {
    task: u8,
    millis: u64,
    end: u8,
    /// The flow lets go of it after this.
    dropped_after: Option<u64>,
}

async fn go(way: Way) -> Result<u8, String> {
    orch::sleep(Duration::from_millis(way.millis)).await;
    end(way)
}

fn end(way: Way) -> Result<u8, String> {
    match way.end {
        0 => panic!("on purpose"),
        1 => Err("on purpose".into()),
        _ => Ok(1),
    }
}

#[task(limit = "a", retries = 1, timeout = "80ms")]
async fn of_a(way: Way, #[provided] gauges: &Gauges) -> Result<u8, String> {
    let _inside = gauges.a.enter(1);
    go(way).await
}

#[task(limits(a = 1, memory = |attempt| attempt + 1), retries = 2, backoff = fixed("5ms"))]
async fn of_both(way: Way, #[provided] gauges: &Gauges) -> Result<u8, String> {
    let _inside = (gauges.a.enter(1), gauges.memory.enter(u64::from(orch::ctx().attempt()) + 1));
    go(way).await
}

#[task(limits(memory = 2), timeout = "60ms", per = |way| way.end % 3, priority = 1)]
async fn nests(way: Way, #[provided] gauges: &Gauges) -> Result<u8, Error> {
    let _inside = gauges.memory.enter(2);
    // The second shares the permit, and the first takes one of another pool.
    let inner = of_a(Way { millis: way.millis / 2, ..way }).start();
    shares(way).await?;
    Ok(inner.await.unwrap_or(0))
}

#[task(limits(memory = 4))]
async fn shares(way: Way) -> Result<u8, String> {
    go(Way { millis: way.millis / 3, ..way }).await
}

#[task(retries = 1)]
fn on_a_thread(way: Way, #[provided] gauges: &Gauges) -> Result<u8, String> {
    let _inside = gauges.cpu.enter(1);
    std::thread::yield_now();
    end(way)
}

fn call(way: Way) -> Call<u8> {
    match way.task {
        0 => of_a(way),
        1 => of_both(way),
        2 => nests(way),
        _ => on_a_thread(way),
    }
}

#[flow(max_concurrent = 2)]
async fn crowd(ways: Vec<Way>, #[provided] gauges: &Gauges) -> u8 {
    let _inside = gauges.runs.enter(1);
    let ends = ways.into_iter().map(|way| async move {
        let call = call(way);
        let Some(millis) = way.dropped_after else { return call.await.unwrap_or(0) };
        tokio::select! {
            biased;
            end = call => end.unwrap_or(0),
            () = orch::sleep(Duration::from_millis(millis)) => 0,
        }
    });
    futures_util::future::join_all(ends).await.into_iter().sum()
}

fn ways(random: &mut fastrand::Rng) -> Vec<Way> {
    let mut way = |_| Way {
        task: random.u8(0..4),
        millis: random.u64(0..100),
        end: random.u8(0..6),
        dropped_after: (random.u8(0..4) == 0).then(|| random.u64(0..100)),
    };
    (0..6).map(&mut way).collect()
}

fn build(builder: TestBuilder, gauges: &Gauges) -> TestRuntime {
    builder
        .provide(gauges.clone())
        .with(|runtime| {
            runtime.limit("a", A).limit("memory", MEMORY).limit_per_key("memory", MEMORY).cpu(CPU as usize)
        })
        .build()
}

async fn check(seed: u64, runtime: &TestRuntime, gauges: &Gauges) {
    // Threads that were left to themselves go on until their bodies return.
    while runtime.limits()[0].in_use > 0 {
        tokio::task::yield_now().await;
    }
    let most = [&gauges.a, &gauges.memory, &gauges.cpu, &gauges.runs].map(Gauge::most);
    let there = [A, MEMORY, CPU, RUNS];
    assert!(most.iter().zip(there).all(|(most, there)| *most <= there), "seed {seed}: {most:?} of {there:?}");
    let limits = runtime.limits();
    assert!(
        limits.iter().all(|limit| limit.in_use == 0 && limit.waiting.is_empty()),
        "seed {seed}: {limits:#?}"
    );
}

/// Three runs at once, one of which is cancelled in some cases; afterwards the process dies at a random moment, and the next
/// one takes up what it finds.
async fn case(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let gauges = Gauges::default();
    let runtime = build(orch::testing::builder(), &gauges);
    let started = runtime.scope(async { [(); 3].map(|()| crowd(ways(&mut random)).start()) }).await;
    if random.bool() {
        let after = random.u64(0..150);
        runtime.scope(orch::sleep(Duration::from_millis(after))).await;
        started[random.usize(0..3)].cancel();
    }
    for handle in started {
        let _ = handle.await;
    }
    runtime.close().await.unwrap();
    check(seed, &runtime, &gauges).await;

    let gauges = Gauges::default();
    let cut = random.usize(1..runtime.store().operations());
    let second = build(runtime.fork(cut), &gauges);
    for recovered in second.recover().await.unwrap() {
        drop(recovered);
    }
    second.close().await.unwrap();
    check(seed, &second, &gauges).await;
}

#[test]
fn the_bodies_never_count_more_than_there_is() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    tokio.block_on(async {
        for seed in 0..seeds(50) {
            case(seed).await;
        }
    });
}
