//! The cache: what is equal, who computes, who waits, and why a lookup missed.

mod faults;
mod flight;
mod inside;
mod second_start;
mod waits;

use std::{
    collections::{BTreeMap, HashMap},
    process::Command,
    time::Duration,
};

use orch::{prelude::*, testing::TestRuntime};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::support::{Bodies, assert_lines, lines, roomy};

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

    #[task(cache(max_size = "400B"))]
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
