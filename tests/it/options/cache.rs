//! `cache` and what can be said of it.

use std::{sync::Arc, time::Duration};

use orch::{
    prelude::*,
    store::{CacheKey, CacheLookup, KeyParts, Lookup, Miss, Page},
    testing::TestRuntime,
};

use crate::support::{Bodies, lines};

/// A runtime with a counter of bodies.
fn counting() -> (TestRuntime, Bodies) {
    let bodies = Bodies::default();
    (orch::testing::builder().provide(bodies.clone()).build(), bodies)
}

/// Why lookups missed, in their order.
async fn misses(runtime: &TestRuntime) -> Vec<String> {
    let lines = lines(runtime).await;
    lines.iter().filter_map(|line| Some(line.split_once("CacheMiss: ")?.1.to_owned())).collect()
}

#[tokio::test]
async fn without_cache_nothing_is_kept_and_with_it_other_runs_hit() {
    #[task]
    async fn plain(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n
    }

    #[task(cache)]
    async fn kept(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            for _ in 0..3 {
                assert_eq!(plain(1).await.unwrap(), 1);
            }
            assert_eq!(bodies.count(), 3);
            for n in [1, 2, 1, 2] {
                assert_eq!(kept(n).await.unwrap(), n);
            }
            assert_eq!(bodies.count(), 5);
        })
        .await;
    assert_eq!(misses(&runtime).await, ["nothing stored yet", "changed: argument `n`"]);
}

#[tokio::test]
async fn ttl_ends_a_results_validity() {
    #[task(cache(ttl = "5m"))]
    async fn kept(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            kept(1).await.unwrap();
            orch::sleep(Duration::from_secs(299)).await;
            kept(1).await.unwrap();
            assert_eq!(bodies.count(), 1);
            orch::sleep(Duration::from_secs(1)).await;
            kept(1).await.unwrap();
            assert_eq!(bodies.count(), 2);
        })
        .await;
    assert_eq!(misses(&runtime).await, ["nothing stored yet", "expired: 300s old"]);
}

#[tokio::test]
async fn key_decides_which_calls_are_equal() {
    #[task(cache(key = |url| url.to_lowercase()))]
    async fn fetch(url: &str, depth: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        url.len() as u32 + depth
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            assert_eq!(fetch("HTTP://SHOP", 1).await.unwrap(), 12);
            assert_eq!(fetch("http://shop", 2).await.unwrap(), 12);
            assert_eq!(bodies.count(), 1);
            assert_eq!(fetch("http://shop/1", 2).await.unwrap(), 15);
        })
        .await;
    assert_eq!(misses(&runtime).await, ["nothing stored yet", "changed: argument `key`"]);
}

mod scopes {
    use super::*;

    #[task(cache(scope = run))]
    pub async fn per_run(#[provided] bodies: &Bodies) {
        bodies.enter();
    }

    #[task(cache(scope = flow))]
    pub async fn per_flow(#[provided] bodies: &Bodies) {
        bodies.enter();
    }

    #[task(cache(scope = global))]
    pub async fn for_all(#[provided] bodies: &Bodies) {
        bodies.enter();
    }

    #[flow]
    pub async fn one(which: u32) -> Result<(), Error> {
        twice(which).await
    }

    #[flow]
    pub async fn other(which: u32) -> Result<(), Error> {
        twice(which).await
    }

    /// Its task runs in a run of its own, of the same root flow.
    #[flow]
    pub async fn outer(which: u32) -> Result<(), Error> {
        one(which).await?;
        one(which).await
    }

    async fn twice(which: u32) -> Result<(), Error> {
        for _ in 0..2 {
            match which {
                0 => per_run().await?,
                1 => per_flow().await?,
                _ => for_all().await?,
            }
        }
        Ok(())
    }
}

/// How many bodies run when two runs of one flow, one of another and two below a third one call a task twice each.
async fn bodies_of(which: u32) -> (usize, Vec<String>) {
    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            scopes::one(which).await.unwrap();
            scopes::one(which).await.unwrap();
            scopes::other(which).await.unwrap();
            scopes::outer(which).await.unwrap();
        })
        .await;
    (bodies.count(), misses(&runtime).await)
}

#[tokio::test]
async fn scope_run_shares_within_a_run() {
    let (bodies, misses) = bodies_of(0).await;
    assert_eq!(bodies, 5);
    assert_eq!(misses[1], "changed: scope");
}

#[tokio::test]
async fn scope_flow_shares_among_the_runs_of_a_root_flow() {
    let (bodies, misses) = bodies_of(1).await;
    assert_eq!(bodies, 3);
    assert_eq!(misses, ["nothing stored yet", "changed: scope", "changed: scope"]);
}

#[tokio::test]
async fn scope_global_shares_with_all() {
    assert_eq!(bodies_of(2).await.0, 1);
}

#[tokio::test]
async fn max_size_evicts_the_oldest_and_says_so() {
    #[task(cache(max_size = "1KB"))]
    async fn kept(n: u32, #[provided] bodies: &Bodies) -> String {
        bodies.enter();
        format!("{n}").repeat(400)
    }

    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            for n in [1, 2, 1] {
                kept(n).await.unwrap();
            }
        })
        .await;
    assert_eq!(bodies.count(), 3);
    assert_eq!(misses(&runtime).await, ["nothing stored yet", "changed: argument `n`", "evicted"]);
}

mod keyed_by_body {
    use super::*;

    #[task]
    pub fn helper(n: u32) -> u32 {
        n + 1
    }

    #[task(cache)]
    pub fn by_text(n: u32) -> u32 {
        n
    }

    #[task(cache(version = "3"))]
    pub fn by_version(n: u32) -> u32 {
        n
    }

    #[task(cache(depends(helper)))]
    pub fn by_helper(n: u32) -> u32 {
        n
    }
}

/// Asks the store for a result whose key has this `body` part, and says which parts differ from what is kept.
async fn differences(runtime: &TestRuntime, name: &str, body: String) -> Vec<String> {
    let lookup = CacheLookup {
        key: CacheKey([0; 32]),
        parts: Arc::new(KeyParts {
            name: name.to_owned().into(),
            type_arguments: "".into(),
            version: "".into(),
            body: body.into(),
            scope: None,
            arguments: Default::default(),
        }),
        at: runtime.now(),
        ttl: None,
        follow: false,
        lead: true,
        read: true,
    };
    match runtime.answering().lookup_or_lead(lookup).await {
        Ok(Lookup::Lead(lead, Miss::Changed(parts))) => {
            runtime.answering().release(lead);
            parts
        }
        _ => panic!("the definition is known to the cache, and this key is not"),
    }
}

/// Calls the task in a run of its own, and gives its full name and the hash of its body.
async fn definition(runtime: &TestRuntime, call: impl FnOnce() -> Call<u32>) -> (String, u64) {
    runtime.scope(async { call().await }).await.unwrap();
    let runs = runtime.runs(Default::default(), Page::first(1)).await.unwrap();
    (runs[0].name.to_string(), runs[0].body_hash)
}

#[tokio::test]
async fn results_are_valid_for_the_bodys_text_a_version_or_with_what_it_depends_on() {
    let runtime = orch::testing::runtime();
    let (helper, helper_hash) = definition(&runtime, || keyed_by_body::helper(1)).await;

    let (name, hash) = definition(&runtime, || keyed_by_body::by_text(1)).await;
    assert_eq!(differences(&runtime, &name, format!("{hash:016x}")).await, ["arguments"]);

    let (name, hash) = definition(&runtime, || keyed_by_body::by_version(1)).await;
    assert_eq!(differences(&runtime, &name, format!("{hash:016x}")).await, ["body", "arguments"]);
    assert_eq!(differences(&runtime, &name, "version 3".to_owned()).await, ["arguments"]);

    let (name, hash) = definition(&runtime, || keyed_by_body::by_helper(1)).await;
    assert_eq!(differences(&runtime, &name, format!("{hash:016x}")).await, ["body", "arguments"]);
    let with_helper = format!("{hash:016x} {helper} {helper_hash:016x}");
    assert_eq!(differences(&runtime, &name, with_helper).await, ["arguments"]);
}

mod renamed {
    use super::*;

    #[task(name = "shop::kept_before", cache(version = "1"))]
    pub async fn before(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n
    }

    #[task(formerly = "shop::kept_before", cache(version = "1"))]
    pub async fn after(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n
    }
}

#[tokio::test]
async fn formerly_keeps_cached_results_of_the_old_name() {
    let (runtime, bodies) = counting();
    runtime
        .scope(async {
            renamed::before(1).await.unwrap();
            renamed::after(1).await.unwrap();
        })
        .await;
    assert_eq!(bodies.count(), 1);
}
