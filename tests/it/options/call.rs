//! Options of one call.

use std::time::Duration;

use orch::{
    prelude::*,
    store::{Page, RunFilter},
};

use crate::support::{Bodies, assert_lines, delays, lines};

const SECOND: Duration = Duration::from_secs(1);

#[task(retries = 5, backoff = fixed("1s"), timeout = "10s", tags("shop"))]
async fn breaks() -> Result<u32, String> {
    Err("it broke".to_owned())
}

#[task(timeout = "10s")]
async fn hangs() {
    orch::sleep(SECOND * 3600).await;
}

#[tokio::test]
async fn named_and_tag_are_recorded_with_the_task_run() {
    #[task(tags("shop"))]
    async fn labelled() {}

    let runtime = orch::testing::runtime();
    runtime
        .scope(async {
            labelled().named("the first").tag("extra").await.unwrap();
            labelled().await.unwrap();
        })
        .await;
    let runs = runtime.runs(RunFilter::default(), Page::first(9)).await.unwrap();
    let mut told = Vec::new();
    for run in runs.iter().rev() {
        let task = runtime.task_runs(run.id, Page::first(1)).await.unwrap().remove(0);
        assert_eq!((&task.label, &task.tags), (&run.label, &run.tags), "a task alone is its run");
        told.push((task.label, task.tags.join(" ")));
    }
    assert_eq!(told, [(Some("the first".to_owned()), "shop extra".to_owned()), (None, "shop".to_owned())]);
}

#[tokio::test]
async fn named_and_tag_of_a_flow_belong_to_its_run() {
    #[flow]
    async fn labelled() {}

    let runtime = orch::testing::runtime();
    runtime.scope(async { labelled().named("monday").tag("extra").await }).await.unwrap();
    let filter = RunFilter { tag: Some("extra".to_owned()), ..RunFilter::default() };
    let runs = runtime.runs(filter, Page::first(9)).await.unwrap();
    assert_eq!(runs[0].label.as_deref(), Some("monday"));
}

#[tokio::test]
async fn retries_replace_those_of_the_attribute() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { breaks().retries(1).await }).await.expect_err("it breaks");
    assert_eq!(error.attempt(), Some(2));
    assert_eq!(delays(&runtime).await, [SECOND]);
}

#[tokio::test]
async fn timeout_replaces_that_of_the_attribute() {
    let runtime = orch::testing::runtime();
    let before = runtime.now();
    let error = runtime.scope(async { hangs().timeout(SECOND * 2).await }).await.expect_err("it hangs");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(runtime.now().since(before), SECOND * 2);
}

#[tokio::test]
async fn retries_and_timeout_of_a_flows_call() {
    #[flow(retries = 9, timeout = "1h")]
    async fn slow() -> Result<(), String> {
        orch::sleep(SECOND).await;
        Err("it broke".to_owned())
    }

    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { slow().retries(1).await }).await.expect_err("it breaks");
    assert_eq!((error.kind(), error.attempt()), (ErrorKind::Failed, Some(2)));
    let error = runtime.scope(async { slow().timeout(SECOND / 2).await }).await.expect_err("it is slow");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn after_waits_for_the_other_call() {
    #[task]
    async fn first() {
        orch::sleep(SECOND).await;
    }

    #[task]
    async fn second() {}

    #[flow]
    async fn ordered() -> Result<(), Error> {
        let first = first().start();
        second().after(&first).await?;
        first.await
    }

    let runtime = orch::testing::runtime();
    runtime.scope(async { ordered().await }).await.unwrap();
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "second Pending",
            "first Pending",
            "first Running (1)",
            "first Completed (1)",
            "second Running (1)",
            "second Completed (1)",
            "run Completed",
        ],
    );
}

mod kept {
    use super::*;

    #[task(cache)]
    pub async fn kept(#[provided] bodies: &Bodies) -> usize {
        bodies.enter()
    }
}

#[tokio::test]
async fn refresh_computes_anew_and_replaces() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let seen = runtime
        .scope(async {
            [kept::kept().await.unwrap(), kept::kept().refresh().await.unwrap(), kept::kept().await.unwrap()]
        })
        .await;
    assert_eq!(seen, [0, 1, 1]);
    let lines = lines(&runtime).await;
    assert!(lines.contains(&"#2 CacheMiss: refresh was asked for".to_owned()), "{lines:#?}");
}

#[tokio::test]
async fn no_cache_neither_reads_nor_fills() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let seen = runtime
        .scope(async {
            [
                kept::kept().no_cache().await.unwrap(),
                kept::kept().await.unwrap(),
                kept::kept().no_cache().await.unwrap(),
                kept::kept().await.unwrap(),
            ]
        })
        .await;
    assert_eq!(seen, [0, 1, 2, 1]);
}

#[tokio::test]
async fn on_chooses_the_runtime() {
    #[flow]
    async fn here() {}

    let (runtime, other) = (orch::testing::runtime(), orch::testing::runtime());
    runtime.scope(async { here().on(&other).await }).await.unwrap();
    assert_eq!(runtime.last_run().await.unwrap(), None);
    assert!(other.last_run().await.unwrap().is_some());
}

#[tokio::test]
async fn untracked_is_the_plain_body() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { breaks().untracked().await }).await.expect_err("it breaks");
    assert_eq!(error.to_string(), "it broke");
    assert_eq!(lines(&runtime).await, [""; 0]);
}

#[tokio::test]
async fn start_lets_the_call_run_by_itself() {
    #[task]
    async fn one() -> u32 {
        1
    }

    #[flow]
    async fn started() -> Result<(), Error> {
        let _going = one().start();
        orch::sleep(SECOND).await;
        one().await.map(drop)
    }

    let runtime = orch::testing::runtime();
    runtime.scope(async { started().await }).await.unwrap();
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "one Pending",
            "one Running (1)",
            "one Completed (1)",
            "one Pending",
            "one Running (1)",
            "one Completed (1)",
            "run Completed",
        ],
    );
}
