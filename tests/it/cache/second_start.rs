//! The cache of a store on disk, over two starts of a program.

use orch::{
    Explained,
    store::{CacheFilter, Miss, Page, SledStore},
};

use super::*;

#[task(cache(ttl = "1h", max_size = "1MB"))]
async fn parse(html: &str, site: &str, #[provided] bodies: &Bodies) -> usize {
    let _input = (html, site);
    bodies.enter()
}

#[task(cache)]
async fn fetch(url: &str, #[provided] bodies: &Bodies) -> Vec<u8> {
    bodies.enter();
    url.as_bytes().repeat(50_000)
}

#[flow]
async fn compare() -> Result<usize, Error> {
    let page = fetch("/1").await?;
    Ok(page.len() + parse("<html>", "shop").await?)
}

fn start(dir: &std::path::Path, bodies: &Bodies) -> Runtime {
    let store = SledStore::open(dir).expect("the directory is ours");
    Runtime::builder().store(store).provide(bodies.clone()).build().unwrap()
}

#[tokio::test]
async fn a_second_start_hits_and_says_which_argument_changed() {
    let (dir, bodies) = (tempfile::tempdir().unwrap(), Bodies::default());
    let first = start(dir.path(), &bodies);
    let value = first.scope(async { compare().await }).await.unwrap();
    let (kept, size) = (
        first.cache().list(CacheFilter::default(), Page::all()).await.unwrap(),
        first.cache().stats().await.unwrap(),
    );
    first.close().await.unwrap();
    drop(first);

    let second = start(dir.path(), &bodies);
    let cache = second.cache();
    assert_eq!(cache.list(CacheFilter::default(), Page::all()).await.unwrap(), kept);
    assert_eq!(cache.stats().await.unwrap().bytes, size.bytes);
    second
        .scope(async {
            assert_eq!(compare().await.unwrap(), value);
            assert_eq!(bodies.count(), 2, "nothing ran again");
            let why = cache.explain(parse("<html><br>", "shop")).await.unwrap();
            assert_eq!(why, Explained::Miss(Miss::Changed(vec!["argument `html`".into()])));
            parse("<html><br>", "shop").await.unwrap();
        })
        .await;
    assert_eq!(bodies.count(), 3);
    let events = crate::support::render(&second.events(Page::all()).await.unwrap());
    assert_eq!(events.iter().filter(|line| line.ends_with("Cached")).count(), 2);
    assert!(events.iter().any(|line| line.ends_with("CacheMiss: changed: argument `html`")), "{events:?}");
    assert_eq!(cache.clear().await.unwrap(), 3);
    second.close().await.unwrap();
    drop((second, cache));

    let third = start(dir.path(), &bodies);
    let why = third.cache().explain(fetch("/1")).await.unwrap();
    assert_eq!(why, Explained::Miss(Miss::NeverStored));
}

#[tokio::test]
async fn a_damaged_cache_costs_computations_and_no_run() {
    let (dir, bodies) = (tempfile::tempdir().unwrap(), Bodies::default());
    let first = start(dir.path(), &bodies);
    let value = first.scope(async { compare().await }).await.unwrap();
    first.close().await.unwrap();
    drop(first);
    std::fs::write(dir.path().join("cache/conf"), "something else").unwrap();
    let second = start(dir.path(), &bodies);
    assert_eq!(second.scope(async { compare().await }).await.unwrap(), value + 2);
    assert_eq!(second.runs(Default::default(), Page::all()).await.unwrap().len(), 2, "the runs are there");
    let aside = std::fs::read_dir(dir.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("quarantine-"));
    assert_eq!(aside.count(), 1);
}

#[tokio::test]
async fn a_store_keeps_as_much_and_as_long_as_it_was_told() {
    #[flow]
    async fn fetches(pages: u32) -> Result<(), Error> {
        for page in 0..pages {
            fetch(&format!("/{page}")).await?;
        }
        Ok(())
    }
    let (dir, bodies) = (tempfile::tempdir().unwrap(), Bodies::default());
    let store = SledStore::builder(dir.path()).keep_cache(1_000_000).open().unwrap();
    let runtime = Runtime::builder().store(store).provide(bodies.clone()).build().unwrap();
    runtime.scope(async { fetches(10).await }).await.unwrap();
    let kept = runtime.cache().stats().await.unwrap();
    assert!(kept.bytes <= 1_000_000, "{kept:?}");
    assert!((1..10).contains(&kept.entries), "{kept:?}");
    runtime.close().await.unwrap();
    drop(runtime);

    let store = SledStore::builder(dir.path()).keep_cache_for(Duration::ZERO).open().unwrap();
    let runtime = Runtime::builder().store(store).provide(bodies.clone()).build().unwrap();
    runtime.scope(async { fetches(1).await }).await.unwrap();
    let kept = runtime.cache().stats().await.unwrap();
    assert!(kept.entries <= 1, "the old ones went with the first new one: {kept:?}");
}
