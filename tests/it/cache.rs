//! The cache: what is equal, who computes, who waits, and why a lookup missed.

use std::{
    collections::{BTreeMap, HashMap},
    process::Command,
    time::Duration,
};

use orch::{prelude::*, testing::TestRuntime};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::support::{Bodies, Gate, assert_lines, gate, lines, roomy};

fn counting() -> (TestRuntime, Bodies) {
    let bodies = Bodies::default();
    (roomy().provide(bodies.clone()).build(), bodies)
}

fn only<'a>(lines: &'a [String], word: &str) -> Vec<&'a str> {
    lines.iter().map(String::as_str).filter(|line| line.contains(word)).collect()
}

// What is equal.

#[tokio::test]
async fn two_tasks_of_one_input_never_share() {
    #[task(cache)]
    async fn negate(n: i32) -> i32 {
        -n
    }

    #[task(cache)]
    async fn square(n: i32) -> i32 {
        n * n
    }

    orch::testing::runtime()
        .scope(async {
            for _ in 0..2 {
                assert_eq!(negate(3).await.unwrap(), -3);
                assert_eq!(square(3).await.unwrap(), 9);
            }
        })
        .await;
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Celsius(String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Kelvin(String);

impl From<String> for Celsius {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<String> for Kelvin {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[task(cache)]
async fn parse<T: From<String> + Serialize + DeserializeOwned + Send + 'static>(
    text: &str,
    #[provided] bodies: &Bodies,
) -> T {
    bodies.enter();
    T::from(text.to_owned())
}

#[task(cache)]
async fn repeat<const TIMES: usize>(text: &str, #[provided] bodies: &Bodies) -> String {
    bodies.enter();
    text.repeat(TIMES)
}

#[tokio::test]
async fn one_generic_task_of_two_types_or_constants_never_shares() {
    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            for _ in 0..2 {
                assert_eq!(parse::<Celsius>("x").await.unwrap(), Celsius("x".to_owned()));
                assert_eq!(parse::<Kelvin>("x").await.unwrap(), Kelvin("x".to_owned()));
                assert_eq!(repeat::<2>("x").await.unwrap(), "xx");
                assert_eq!(repeat::<3>("x").await.unwrap(), "xxx");
            }
        })
        .await;
    assert_eq!(bodies.count(), 4);
    let lines = lines(&runtime).await;
    assert_eq!(
        only(&lines, "CacheMiss"),
        [
            "CacheMiss: nothing stored yet",
            "#2 CacheMiss: changed: type arguments",
            "#3 CacheMiss: nothing stored yet",
            "#4 CacheMiss: changed: type arguments",
        ]
    );
}

#[tokio::test]
async fn two_zeros_and_all_nans_are_one_number() {
    #[task(cache)]
    async fn halve(x: f64, #[provided] bodies: &Bodies) -> f64 {
        bodies.enter();
        x / 2.0
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            for x in [0.0, -0.0, f64::NAN, -f64::NAN, f64::from_bits(0x7ff8_0000_0000_0001)] {
                halve(x).await.unwrap();
            }
        })
        .await;
    assert_eq!(bodies.count(), 2);
}

#[tokio::test]
async fn neighbouring_arguments_do_not_run_together() {
    #[task(cache)]
    async fn glue(left: &str, right: &str, #[provided] bodies: &Bodies) -> String {
        bodies.enter();
        format!("{left}-{right}")
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            assert_eq!(glue("ab", "c").await.unwrap(), "ab-c");
            assert_eq!(glue("a", "bc").await.unwrap(), "a-bc");
            assert_eq!(glue("", "abc").await.unwrap(), "-abc");
        })
        .await;
    assert_eq!(bodies.count(), 3);
}

// Maps, in one process and in two.

#[task(cache)]
async fn total(
    prices: HashMap<String, u32>,
    nested: Vec<HashMap<u8, BTreeMap<u8, u8>>>,
    #[provided] bodies: &Bodies,
) -> u32 {
    bodies.enter();
    prices.values().sum::<u32>() + nested.len() as u32
}

fn prices(backwards: bool) -> HashMap<String, u32> {
    let mut names: Vec<u32> = (0..200).collect();
    if backwards {
        names.reverse();
    }
    names.into_iter().map(|n| (format!("article {n}"), n)).collect()
}

fn nested(backwards: bool) -> Vec<HashMap<u8, BTreeMap<u8, u8>>> {
    let mut keys: Vec<u8> = (0..50).collect();
    if backwards {
        keys.reverse();
    }
    vec![keys.into_iter().map(|key| (key, BTreeMap::from([(key, key)]))).collect()]
}

#[tokio::test]
async fn equal_maps_built_in_different_orders_are_one_input() {
    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            assert_eq!(total(prices(false), nested(true)).await.unwrap(), 19_901);
            assert_eq!(total(prices(true), nested(false)).await.unwrap(), 19_901);
        })
        .await;
    assert_eq!(bodies.count(), 1);
    let lines = lines(&runtime).await;
    assert_eq!(
        only(&lines, "total"),
        ["total Pending", "total Running (1)", "total Completed (1)", "#2 total Pending", "#2 total Cached"]
    );
}

/// Set in the processes that only print the key.
const CHILD: &str = "ORCH_TEST_PRINT_KEY";

/// The identity of the call: a hash over definition and input, which starts from another random map state in
/// every process.
async fn key(backwards: bool) -> String {
    let (runtime, _) = counting();
    runtime.scope(async { total(prices(backwards), nested(backwards)).await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let tasks = runtime.task_runs(run, orch::store::Page::first(1)).await.unwrap();
    format!("key of the call: {:032x}", tasks[0].key.call)
}

#[tokio::test]
async fn equal_maps_have_one_key_in_all_processes() {
    if let Ok(backwards) = std::env::var(CHILD) {
        println!("\n{}", key(backwards == "true").await);
        return;
    }
    let here = key(false).await;
    for backwards in ["false", "true"] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cache::equal_maps_have_one_key_in_all_processes", "--nocapture"])
            .env(CHILD, backwards)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(printed.lines().any(|line| line == here), "{here} is missing in: {printed}");
    }
}

// Who computes, and who waits.

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
    // Virtual time passes only when nothing else can move: then all callers wait for the first.
    runtime.scope(orch::sleep(Duration::from_secs(1))).await;
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
    runtime.scope(orch::sleep(Duration::from_secs(1))).await;
    assert_eq!(bodies.count(), 1);
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

// Waits that would never end.

/// Ends the test instead of hanging: real time, generous, and never reached when all is well.
async fn ends<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it waits for itself")
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
    assert_eq!(sum.unwrap(), (1..=20).sum());
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
            orch::sleep(Duration::from_secs(1)).await;
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

// What is kept.

#[tokio::test]
async fn errors_and_panics_are_never_kept() {
    #[task(cache)]
    async fn ends_badly(how: u32, #[provided] bodies: &Bodies) -> Result<u32, String> {
        match bodies.enter() % 2 {
            0 if how == 0 => Err("it broke".to_owned()),
            0 => panic!("it fell"),
            _ => Ok(how),
        }
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            for how in 0..2 {
                assert!(ends_badly(how).await.is_err());
                assert_eq!(ends_badly(how).await.unwrap(), how);
                assert_eq!(ends_badly(how).await.unwrap(), how);
            }
        })
        .await;
    assert_eq!(bodies.count(), 4);
}

#[tokio::test]
async fn a_value_that_needed_a_retry_is_kept() {
    #[task(cache, retries = 1)]
    async fn shaky(#[provided] bodies: &Bodies) -> Result<usize, String> {
        match bodies.enter() {
            0 => Err("it broke".to_owned()),
            before => Ok(before),
        }
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            assert_eq!(shaky().await.unwrap(), 1);
            assert_eq!(shaky().await.unwrap(), 1);
        })
        .await;
    assert_eq!(bodies.count(), 2);
}

#[tokio::test]
async fn a_hit_says_nothing_and_a_miss_says_why() {
    #[task(cache(ttl = "1m"))]
    async fn kept(a: u8, b: u8) -> u8 {
        a + b
    }

    #[flow]
    async fn asks() -> Result<(), Error> {
        kept(1, 1).await?;
        kept(1, 1).await?;
        kept(1, 2).await?;
        kept(3, 3).await?;
        kept(1, 1).refresh().await?;
        orch::sleep(Duration::from_secs(61)).await;
        kept(1, 2).await?;
        Ok(())
    }

    let runtime = orch::testing::runtime();
    runtime.scope(async { asks().await }).await.unwrap();
    let ran = ["kept Running (1)", "kept Completed (1)"];
    let mut expected = vec!["run Pending", "run Running"];
    for (why, hit) in [
        ("CacheMiss: nothing stored yet", false),
        ("", true),
        ("CacheMiss: changed: argument `b`", false),
        ("CacheMiss: changed: argument `a`, argument `b`", false),
        ("CacheMiss: refresh was asked for", false),
        ("CacheMiss: expired: 61s old", false),
    ] {
        expected.push("kept Pending");
        if hit {
            expected.push("kept Cached");
        } else {
            expected.push(why);
            expected.extend(ran);
        }
    }
    expected.push("run Completed");
    assert_lines(&lines(&runtime).await, &expected);
}

#[tokio::test]
async fn a_hit_inside_a_run_survives_a_crash_although_the_cache_does_not_hold_it_any_more() {
    let bodies = Bodies::default();
    let first = roomy().provide(bodies.clone()).build();
    first.scope(async { resumed::warm().await }).await.unwrap();
    first.scope(async { resumed::uses_a_hit().await }).await.unwrap();
    let run = first.last_run().await.unwrap().unwrap();
    let second = crate::support::crashed(&first).provide(bodies.clone()).build();
    assert_eq!(second.resume::<usize>(run).await.unwrap(), 0);
    assert_eq!(bodies.count(), 2, "the one that filled the cache, and the one that evicted it");
}

mod resumed {
    use super::*;

    #[task(cache(max_size = "300B"))]
    pub async fn kept(n: u32, #[provided] bodies: &Bodies) -> usize {
        let _input = n;
        bodies.enter()
    }

    #[flow]
    pub async fn warm() -> Result<usize, Error> {
        kept(0).await
    }

    #[flow]
    pub async fn uses_a_hit() -> Result<usize, Error> {
        let value = kept(0).await?;
        kept(1).await?;
        Ok(value)
    }
}
