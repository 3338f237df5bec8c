//! A value of another shape, and a cache that fails: an event each, and the run goes on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use orch::{
    Explained,
    store::{CacheEntry, CacheFilter, CacheLookup, Lookup, Miss, Page},
};

use super::*;
use crate::support::Wrapped;

#[task(cache)]
async fn price(url: &str, #[provided] bodies: &Bodies) -> usize {
    let _input = url;
    bodies.enter()
}

/// Puts another value in the place of the one that was stored last, as an earlier version of the program would
/// have left it.
async fn replace(runtime: &TestRuntime, value: &[u8]) {
    let newest = runtime.cache().list(CacheFilter::default(), Page::first(1)).await.unwrap().remove(0);
    let (key, parts) = (newest.key, newest.parts);
    let lookup = CacheLookup {
        key,
        parts: parts.clone(),
        at: runtime.now(),
        ttl: None,
        follow: false,
        lead: true,
        read: false,
    };
    let Lookup::Lead(lead, _) = runtime.answering().lookup_or_lead(lookup).await.unwrap() else {
        panic!("nobody else leads");
    };
    let entry = CacheEntry { parts, value: value.into(), at: runtime.now(), max_size: None };
    runtime.answering().publish(lead, entry).await.unwrap();
}

#[tokio::test]
async fn a_value_of_another_shape_is_computed_anew_and_replaced() {
    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            price("/1").await.unwrap();
            replace(&runtime, &[255, 1, 2]).await;
            let why = runtime.cache().explain(price("/1")).await.unwrap();
            assert!(matches!(why, Explained::Miss(Miss::Shape(_))), "{why:?}");
            assert_eq!(price("/1").await.unwrap(), 1);
            assert_eq!(price("/1").await.unwrap(), 1);
        })
        .await;
    assert_eq!(bodies.count(), 2, "what was computed anew is kept");
    let lines = lines(&runtime).await;
    let misses = only(&lines, "CacheMiss");
    assert_eq!(misses.len(), 2);
    assert!(misses[1].contains("shape: the kept result was passed over: cannot read usize"), "{misses:?}");
}

#[tokio::test]
async fn a_crowd_that_meets_another_shape_computes_once() {
    #[flow]
    async fn crowd() -> Result<usize, Error> {
        let calls: Vec<_> = (0..20).map(|_| price("/1")).collect();
        let values = futures_util::future::try_join_all(calls).await?;
        Ok(values.into_iter().max().unwrap_or_default())
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            price("/1").await.unwrap();
            replace(&runtime, &[]).await;
            assert_eq!(crowd().await.unwrap(), 1);
        })
        .await;
    assert_eq!(bodies.count(), 2);
}

async fn texts(runtime: &Runtime) -> Vec<String> {
    crate::support::render(&runtime.events(Page::all()).await.unwrap())
}

#[flow]
async fn two_prices() -> Result<usize, Error> {
    Ok(price("/1").await? + price("/2").await?)
}

#[tokio::test]
async fn a_write_that_fails_is_an_event_and_the_run_goes_on() {
    let (bodies, fails) = (Bodies::default(), Arc::new(AtomicBool::new(true)));
    let store = Wrapped { fails: fails.clone(), ..Wrapped::default() };
    let runtime = Runtime::builder().store(store).provide(bodies.clone()).build().unwrap();
    runtime
        .scope(async {
            assert_eq!(two_prices().await.unwrap(), 1);
            fails.store(false, Ordering::SeqCst);
            assert_eq!(two_prices().await.unwrap(), 2 + 3, "nobody waits for the leads that ended badly");
            assert_eq!(two_prices().await.unwrap(), 2 + 3);
        })
        .await;
    assert_eq!(bodies.count(), 4);
    let events = texts(&runtime).await;
    let faults = only(&events, "CacheFault");
    assert_eq!(faults, ["CacheFault: the result was not kept: no space left on device"; 2]);
    assert!(events.contains(&"run Completed".to_owned()));
}

#[tokio::test]
async fn a_result_that_is_larger_than_max_size_is_an_event_and_evicts_nothing() {
    #[task(cache(max_size = "1KB"))]
    async fn sized(n: usize, #[provided] bodies: &Bodies) -> String {
        bodies.enter();
        "x".repeat(n)
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            for n in [100, 5_000, 5_000, 100] {
                assert_eq!(sized(n).await.unwrap().len(), n);
            }
        })
        .await;
    assert_eq!(bodies.count(), 3);
    let lines = lines(&runtime).await;
    let faults = only(&lines, "CacheFault");
    assert_eq!(faults.len(), 2);
    assert!(faults[0].contains("`max_size`"), "{faults:?}");
}
