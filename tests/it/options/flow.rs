//! Options of `#[flow]`.

use std::time::Duration;

use orch::{
    prelude::*,
    store::{Page, RunFilter},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::support::{Bodies, Life, assert_lines, crashed, lines};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn name_is_what_is_recorded() {
    #[flow(name = "shop::watch")]
    async fn watch() {}

    let runtime = orch::testing::runtime();
    runtime.scope(async { watch().await }).await.unwrap();
    let filter = RunFilter { name: Some("shop::watch".to_owned()), ..RunFilter::default() };
    assert_eq!(runtime.runs(filter, Page::first(9)).await.unwrap().len(), 1);
}

#[task]
async fn counted(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    n + 1
}

/// Flows as they were before a crash. They are generic, so this program cannot start them by name, as if they
/// were not in it any more.
mod gone {
    use super::*;

    #[flow(name = "shop::gone")]
    pub async fn renamed<N: Serialize + DeserializeOwned + Clone + Send + Sync + 'static>(
        n: N,
    ) -> Result<u32, Error> {
        let _input = n;
        counted(1).await
    }

    #[flow(name = "shop::gone_strict")]
    pub async fn edited<N: Serialize + DeserializeOwned + Clone + Send + Sync + 'static>(
        n: N,
    ) -> Result<u32, Error> {
        let _input = n;
        counted(1).await
    }
}

/// The same flows as they are now.
mod now {
    use super::*;

    #[flow(formerly = "shop::gone")]
    pub async fn renamed(n: u32) -> Result<u32, Error> {
        Ok(counted(1).await? + n)
    }

    #[flow(formerly = "shop::gone_strict", strict)]
    pub async fn edited(n: u32) -> Result<u32, Error> {
        Ok(counted(2).await? + n)
    }
}

#[tokio::test]
async fn formerly_lets_runs_of_the_old_name_go_on() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    assert_eq!(runtime.scope(async { gone::renamed(40u32).await }).await.unwrap(), 2);
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crashed(&runtime).provide(bodies.clone()).build();
    assert_eq!(second.resume::<u32>(run).await.unwrap(), 42);
    assert_eq!(bodies.count(), 1);
}

#[tokio::test]
async fn strict_stops_where_an_edited_flow_asks_for_something_else() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    runtime.scope(async { gone::edited(40u32).await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crashed(&runtime).provide(bodies.clone()).build();
    let error = second.resume::<u32>(run).await.expect_err("it is strict");
    assert_eq!(error.kind(), ErrorKind::Diverged);
}

/// A flow that is called by another one is identified as a task is.
mod child {
    use super::*;

    #[flow(name = "shop::child_before")]
    pub async fn before(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n + 1
    }

    #[flow(formerly = "shop::child_before")]
    pub async fn renamed(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n + 1
    }

    #[flow(formerly = "shop::child_before", version = "2")]
    pub async fn renewed(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n + 1
    }

    #[flow]
    pub async fn rename(#[provided] life: &Life) -> Result<u32, Error> {
        match life {
            Life::First => before(1).await,
            Life::Second => renamed(1).await,
        }
    }

    #[flow]
    pub async fn renew(#[provided] life: &Life) -> Result<u32, Error> {
        match life {
            Life::First => before(1).await,
            Life::Second => renewed(1).await,
        }
    }
}

async fn resumed(flow: impl FnOnce() -> Call<u32, Flow>) -> (Result<u32, Error>, usize) {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(Life::First).provide(bodies.clone()).build();
    runtime.scope(async { flow().await }).await.unwrap();
    let filter = RunFilter::default();
    let runs = runtime.runs(filter, Page::first(9)).await.unwrap();
    let root = runs.iter().find(|run| run.parent.is_none()).expect("the outer run").id;
    let second = crashed(&runtime).provide(Life::Second).provide(bodies.clone()).build();
    (second.resume(root).await, bodies.count())
}

#[tokio::test]
async fn formerly_keeps_the_record_of_a_called_flow() {
    let (ended, bodies) = resumed(child::rename).await;
    assert_eq!((ended.unwrap(), bodies), (2, 1));
}

#[tokio::test]
async fn version_gives_the_record_of_a_called_flow_up() {
    let (ended, bodies) = resumed(child::renew).await;
    assert_eq!((ended.unwrap(), bodies), (2, 2), "the record was given up, and the flow ran again");
}

#[tokio::test]
async fn retries_repeat_what_failed_after_the_backoff_and_reuse_what_succeeded() {
    #[task]
    async fn shaky(#[provided] bodies: &Bodies) -> Result<u32, String> {
        if bodies.enter() < 2 { Err("it broke".to_owned()) } else { Ok(7) }
    }

    #[task]
    async fn solid() -> u32 {
        1
    }

    #[flow(retries = 2, backoff = linear("10s", max = "1m"))]
    async fn twice_more() -> Result<u32, Error> {
        Ok(solid().await? + shaky().await?)
    }

    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let before = runtime.now();
    assert_eq!(runtime.scope(async { twice_more().await }).await.unwrap(), 8);
    assert_eq!(runtime.now().since(before), SECOND * 30);
    let shaky = "`it::options::flow::retries_repeat_what_failed_after_the_backoff_and_reuse_what_succeeded::shaky` failed: it broke";
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "solid Pending",
            "solid Running (1)",
            "solid Completed (1)",
            "shaky Pending",
            "shaky Running (1)",
            "shaky Failed (1): it broke",
            &format!("run Running (2): attempt 1 failed: {shaky}"),
            "solid Pending",
            "solid Cached: reused from an earlier attempt",
            "shaky Pending",
            "shaky Running (1)",
            "shaky Failed (1): it broke",
            &format!("run Running (3): attempt 2 failed: {shaky}"),
            "solid Pending",
            "solid Cached: reused from an earlier attempt",
            "shaky Pending",
            "shaky Running (1)",
            "shaky Completed (1)",
            "run Completed (3)",
        ],
    );
}

#[tokio::test]
async fn timeout_is_for_the_whole_run_with_all_its_attempts() {
    #[task(retries = 1, backoff = fixed("4s"))]
    async fn breaks() -> Result<u32, String> {
        Err("it broke".to_owned())
    }

    #[flow(timeout = "10s", retries = 9)]
    async fn slow() -> Result<u32, Error> {
        breaks().await
    }

    let runtime = orch::testing::runtime();
    let before = runtime.now();
    let error = runtime.scope(async { slow().await }).await.expect_err("it is slow");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(runtime.now().since(before), SECOND * 10);
    let states: Vec<String> = lines(&runtime)
        .await
        .into_iter()
        .map(|line| line.split(':').next().unwrap_or_default().to_owned())
        .collect();
    assert_lines(
        &states,
        &[
            "run Pending",
            "run Running",
            "breaks Pending",
            "breaks Running (1)",
            "breaks AwaitingRetry (1)",
            "breaks Running (2)",
            "breaks Failed (2)",
            "run Running (2)",
            "breaks Pending",
            "breaks Running (1)",
            "breaks AwaitingRetry (1)",
            "breaks Running (2)",
            "breaks Failed (2)",
            "run Running (3)",
            "breaks Pending",
            "breaks Running (1)",
            "breaks AwaitingRetry (1)",
            "breaks Cancelled (1)",
            "run TimedOut (3)",
        ],
    );
}

#[tokio::test]
async fn tags_find_the_run() {
    #[flow(tags("shop"))]
    async fn tagged() {}

    #[flow]
    async fn plain() {}

    let runtime = orch::testing::runtime();
    runtime
        .scope(async {
            tagged().await.unwrap();
            plain().await.unwrap();
        })
        .await;
    let filter = RunFilter { tag: Some("shop".to_owned()), ..RunFilter::default() };
    let runs = runtime.runs(filter, Page::first(9)).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert!(runs[0].name.ends_with("::tagged"));
}

type Answer = std::result::Result<u32, String>;

/// Neither hashable nor storable.
#[derive(Clone)]
struct Progress(std::sync::Arc<std::sync::atomic::AtomicUsize>);

#[tokio::test]
async fn fallible_and_skip_are_for_flows_too() {
    #[flow(fallible, skip(progress))]
    async fn asks(n: u32, progress: Progress) -> Answer {
        progress.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if n == 7 { Ok(n) } else { Err("no".to_owned()) }
    }

    let runtime = orch::testing::runtime();
    let progress = Progress(Default::default());
    let (good, bad) =
        runtime.scope(async { (asks(7, progress.clone()).await, asks(8, progress.clone()).await) }).await;
    let good: u32 = good.unwrap();
    assert_eq!((good, bad.expect_err("it says no").kind()), (7, ErrorKind::Failed));
    assert_eq!(progress.0.load(std::sync::atomic::Ordering::SeqCst), 2);

    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crashed(&runtime).build();
    let error = second.resume::<u32>(run).await.expect_err("nobody passes the skipped value");
    assert_eq!(error.kind(), ErrorKind::Definition);
    assert!(error.to_string().contains("skip("), "{error}");
}
