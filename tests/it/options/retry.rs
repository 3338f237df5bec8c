//! How often, when and whether something is tried again.

use std::time::Duration;

use orch::prelude::*;

use crate::support::{assert_lines, delays, lines};

const SECOND: Duration = Duration::from_secs(1);

async fn delays_of(call: impl FnOnce() -> Call<()>) -> Vec<Duration> {
    let runtime = orch::testing::runtime();
    let ended = runtime.scope(async { call().await }).await;
    assert_eq!(ended.expect_err("it always breaks").kind(), ErrorKind::Failed);
    delays(&runtime).await
}

#[tokio::test]
async fn retries_without_backoff_follow_at_once() {
    #[task(retries = 2)]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    assert_eq!(delays_of(breaks).await, [Duration::ZERO; 2]);
}

#[tokio::test]
async fn fixed_backoff() {
    #[task(retries = 3, backoff = fixed("3s"))]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    assert_eq!(delays_of(breaks).await, [SECOND * 3; 3]);
}

#[tokio::test]
async fn linear_backoff_up_to_its_max() {
    #[task(retries = 4, backoff = linear("2s", max = "5s"))]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    assert_eq!(delays_of(breaks).await, [2, 4, 5, 5].map(|seconds| SECOND * seconds));
}

#[tokio::test]
async fn exponential_backoff_up_to_its_max() {
    #[task(retries = 5, backoff = exponential("1s", max = "10s"))]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    assert_eq!(delays_of(breaks).await, [1, 2, 4, 8, 10].map(|seconds| SECOND * seconds));
}

#[tokio::test]
async fn listed_backoff_repeats_its_last() {
    #[task(retries = 3, backoff = ["7s", "1s"])]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    assert_eq!(delays_of(breaks).await, [7, 1, 1].map(|seconds| SECOND * seconds));
}

#[tokio::test]
async fn jitter_draws_from_nothing_to_the_full_delay() {
    #[task(retries = 40, backoff = fixed("8s", jitter))]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    let delays = delays_of(breaks).await;
    assert_eq!(delays.len(), 40);
    assert!(delays.iter().all(|delay| *delay <= SECOND * 8), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < SECOND * 4), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay > SECOND * 4), "{delays:?}");
}

#[tokio::test]
async fn the_wait_is_waited_for_by_the_runtimes_clock() {
    #[task(retries = 2, backoff = fixed("30m"))]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    let runtime = orch::testing::runtime();
    let before = runtime.now();
    let _ended = runtime.scope(async { breaks().await }).await;
    assert_eq!(runtime.now().since(before), SECOND * 3600);
}

fn judge(error: &str) -> Retry {
    match error {
        "busy" => Retry::Yes,
        "wait" => Retry::After(SECOND * 90),
        _ => Retry::Stop("the product is gone".to_owned()),
    }
}

#[tokio::test]
async fn retry_if_answers_yes_after_or_stop_and_the_answer_is_recorded() {
    #[task(retries = 9, backoff = fixed("1s"), retry_if = judge)]
    async fn order() -> Result<(), String> {
        Err(["busy", "wait", "gone"][orch::ctx().attempt() as usize - 1].to_owned())
    }

    let runtime = orch::testing::runtime();
    let ended = runtime.scope(async { order().await }).await;
    assert_eq!(ended.expect_err("it stops").attempt(), Some(3));
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "order Pending",
            "order Running (1)",
            "order AwaitingRetry (1): busy [again in 1s]",
            "order Running (2)",
            "order AwaitingRetry (2): wait; retry_if: after 90s [again in 90s]",
            "order Running (3)",
            "order Failed (3): gone; not retried: the product is gone",
            "run Failed: gone",
        ],
    );
    let run = runtime.last_run().await.unwrap().unwrap();
    let attempts = runtime.attempts(run, orch::TaskNumber(0)).await.unwrap();
    let told: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.number, attempt.state.name(), attempt.reason.as_deref(), attempt.delay))
        .collect();
    assert_eq!(
        told,
        [
            (1, "AwaitingRetry", Some("busy"), Some(SECOND)),
            (2, "AwaitingRetry", Some("wait; retry_if: after 90s"), Some(SECOND * 90)),
            (3, "Failed", Some("gone; not retried: the product is gone"), None),
        ]
    );
}

fn is_temporary(error: &str) -> bool {
    error == "busy"
}

#[tokio::test]
async fn retry_if_may_be_a_plain_bool() {
    #[task(retries = 9, retry_if = is_temporary)]
    fn order() -> Result<(), String> {
        Err(["busy", "gone"][orch::ctx().attempt() as usize - 1].to_owned())
    }

    let runtime = orch::testing::runtime();
    let ended = runtime.scope(async { order().await }).await;
    assert_eq!(ended.expect_err("it stops").attempt(), Some(2));
    let lines = lines(&runtime).await;
    assert!(
        lines.contains(&"order Failed (2): gone; not retried: retry_if said no".to_owned()),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn retry_if_is_not_asked_about_panics_and_time_outs() {
    fn never(_: &str) -> bool {
        false
    }

    #[task(retries = 2, retry_if = never, timeout = "1s")]
    async fn order() -> Result<u32, String> {
        match orch::ctx().attempt() {
            1 => panic!("it fell"),
            2 => orch::sleep(SECOND * 60).await,
            _ => (),
        }
        Ok(7)
    }

    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { order().await }).await.unwrap(), 7);
}

#[tokio::test]
async fn no_attempt_starts_after_the_retry_budget() {
    #[task(retries = 100, backoff = fixed("1m"), retry_budget = "3m")]
    async fn breaks() -> Result<(), String> {
        Err("it broke".to_owned())
    }

    let runtime = orch::testing::runtime();
    let ended = runtime.scope(async { breaks().await }).await;
    assert_eq!(ended.expect_err("it breaks").attempt(), Some(3));
    let lines = lines(&runtime).await;
    assert!(
        lines.contains(
            &"breaks Failed (3): it broke; not retried: the retry budget of 180s is spent".to_owned()
        ),
        "{lines:#?}"
    );
}
