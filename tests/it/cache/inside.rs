//! `Runtime::cache`: what is kept, why something is not, and forgetting it.

use orch::{
    Explained,
    store::{CacheFilter, Forget, Miss, Page},
};

use super::*;

#[task(cache(ttl = "1m"))]
async fn price(url: &str, currency: &str, #[provided] bodies: &Bodies) -> usize {
    let _input = (url, currency);
    bodies.enter()
}

#[task(cache)]
async fn page(url: &str, #[provided] bodies: &Bodies) -> String {
    bodies.enter();
    url.repeat(10)
}

#[task]
async fn uncached(url: &str) -> String {
    url.to_owned()
}

fn changed(parts: &[&str]) -> Explained {
    Explained::Miss(Miss::Changed(parts.iter().map(|part| (*part).to_owned()).collect()))
}

#[tokio::test]
async fn explain_says_what_an_awaited_call_would_meet() {
    let (runtime, bodies) = counting();
    let cache = runtime.cache();
    runtime
        .scope(async {
            let why = cache.explain(price("/1", "EUR")).await.unwrap();
            assert_eq!(why, Explained::Miss(Miss::NeverStored));
            assert_eq!(why.to_string(), "miss: nothing stored yet");

            price("/1", "EUR").await.unwrap();
            runtime.advance(Duration::from_secs(12));
            let why = cache.explain(price("/1", "EUR")).await.unwrap();
            assert!(matches!(why, Explained::Hit { age, .. } if age == Duration::from_secs(12)), "{why:?}");
            assert_eq!(why.to_string(), "hit: computed 12s ago");

            assert_eq!(cache.explain(price("/1", "USD")).await.unwrap(), changed(&["argument `currency`"]));
            assert_eq!(cache.explain(price("/1", "EUR").no_cache()).await.unwrap(), Explained::NotCached);
            let why = cache.explain(price("/1", "EUR").refresh()).await.unwrap();
            assert_eq!(why, Explained::Miss(Miss::Refresh));
            assert_eq!(cache.explain(uncached("/1")).await.unwrap(), Explained::NotCached);

            runtime.advance(Duration::from_secs(60));
            let why = cache.explain(price("/1", "EUR")).await.unwrap();
            assert_eq!(why, Explained::Miss(Miss::Expired(Duration::from_secs(72))));
        })
        .await;
    assert_eq!(bodies.count(), 1, "explaining runs nothing");
    assert_eq!(runtime.runs(Default::default(), Page::all()).await.unwrap().len(), 1);
}

#[flow]
async fn explains(#[provided] cache: &orch::Cache) -> Result<String, Error> {
    let first = cache.explain(page("/1")).await?;
    page("/1").await?;
    let second = cache.explain(page("/1")).await?;
    Ok(format!("{first}, {}", matches!(second, Explained::Hit { .. })))
}

#[tokio::test]
async fn an_explained_call_in_a_flow_leaves_no_trace() {
    let bodies = Bodies::default();
    let store = std::sync::Arc::new(orch::store::MemoryStore::new());
    let cache = Runtime::builder().store(store.clone()).build().unwrap().cache();
    let runtime = Runtime::builder().store(store).provide(bodies.clone()).provide(cache).build().unwrap();
    let said = runtime.scope(async { explains().await }).await.unwrap();
    assert_eq!(said, "miss: nothing stored yet, true");
    let events = runtime.events(Page::all()).await.unwrap();
    assert_lines(
        &crate::support::render(&events),
        &[
            "run Pending",
            "run Running",
            "page Pending",
            "CacheMiss: nothing stored yet",
            "page Running (1)",
            "page Completed (1)",
            "run Completed",
        ],
    );
}

mod scoped {
    use super::*;

    #[task(cache(scope = run))]
    pub async fn in_run(n: u32) -> u32 {
        n
    }

    #[task(cache(scope = flow))]
    pub async fn in_flow(n: u32) -> u32 {
        n
    }
}

#[tokio::test]
async fn outside_any_run_explain_asks_as_the_run_that_the_call_would_be() {
    let (runtime, _) = counting();
    runtime
        .scope(async {
            scoped::in_run(1).await.unwrap();
            scoped::in_flow(1).await.unwrap();
            let cache = runtime.cache();
            assert_eq!(cache.explain(scoped::in_run(1)).await.unwrap(), changed(&["scope"]));
            assert!(matches!(cache.explain(scoped::in_flow(1)).await.unwrap(), Explained::Hit { .. }));
        })
        .await;
}

#[tokio::test]
async fn results_are_listed_counted_and_forgotten() {
    let (runtime, bodies) = counting();
    let cache = runtime.cache();
    runtime
        .scope(async {
            for url in ["/1", "/2", "/1"] {
                price(url, "EUR").await.unwrap();
                page(url).await.unwrap();
            }
        })
        .await;
    let stats = cache.stats().await.unwrap();
    assert_eq!((stats.entries, stats.hits, stats.misses), (4, 2, 4));
    let all = cache.list(CacheFilter::default(), Page::all()).await.unwrap();
    assert_eq!(all.iter().map(|result| result.bytes).sum::<u64>(), stats.bytes);
    let names: Vec<_> = all.iter().map(|result| result.parts.name.rsplit("::").next().unwrap()).collect();
    assert_eq!(names, ["page", "price", "page", "price"], "newest first");
    assert_eq!(all[0].at, runtime.now());
    let of_price = CacheFilter { name: Some(all[1].parts.name.to_string()) };
    let first = cache.list(of_price.clone(), Page::first(1)).await.unwrap();
    let second = cache.list(of_price, Page::after(first[0].number, 10)).await.unwrap();
    assert_eq!([first, second].concat(), [all[1].clone(), all[3].clone()]);

    assert_eq!(cache.forget(all[0].key).await.unwrap(), 1);
    assert_eq!(cache.forget(&*all[1].parts.name).await.unwrap(), 2);
    assert_eq!(cache.forget("no::such_task").await.unwrap(), 0);
    runtime
        .scope(async {
            page("/1").await.unwrap();
            assert_eq!(bodies.count(), 4, "it was kept");
            page("/2").await.unwrap();
            assert_eq!(bodies.count(), 5);
            price("/1", "EUR").await.unwrap();
            assert_eq!(bodies.count(), 6);
        })
        .await;
    assert_eq!(cache.clear().await.unwrap(), 3);
    assert_eq!(cache.forget(Forget::All).await.unwrap(), 0);
    let stats = cache.stats().await.unwrap();
    assert_eq!((stats.entries, stats.bytes, stats.hits, stats.misses), (0, 0, 3, 6));
}

#[tokio::test]
async fn a_call_whose_input_cannot_be_written_is_explained_by_an_error() {
    #[derive(Clone, Deserialize)]
    struct Unwritable;

    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("it refuses"))
        }
    }

    #[task(cache)]
    async fn takes(value: Unwritable) -> u32 {
        let Unwritable = value;
        1
    }

    let (runtime, _) = counting();
    let error = runtime.cache().explain(takes(Unwritable)).await.expect_err("it has no key");
    assert_eq!(error.kind(), ErrorKind::Input);
}
