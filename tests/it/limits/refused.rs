//! Permits that would never come are errors, and say what to do.

use orch::prelude::*;

use crate::support::lines;

#[task(limit = "api")]
async fn limited() -> u32 {
    1
}

#[task(limits(api = 3), retries = 2)]
async fn takes_three() -> u32 {
    3
}

#[task(limit = "api", per = |user| *user)]
async fn of_user(user: u32) -> u32 {
    user
}

#[tokio::test]
async fn a_pool_that_no_runtime_has_is_named_with_the_line_to_add() {
    let runtime = orch::testing::builder().with(|runtime| runtime.cpu(2).limit("apis", 4)).build();
    let error = runtime.scope(async { limited().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let text = error.to_string();
    assert!(
        text.ends_with(
            "it takes a permit of the pool `api`, which this runtime does not have; add `.limit(\"api\", 4)` to \
             `Runtime::builder()`, or set ORCH_LIMIT_API=4 (the pools are `apis`, `cpu`)"
        ),
        "{text}"
    );
    runtime.set_limit("api", 1).unwrap();
    assert_eq!(runtime.scope(async { limited().await }).await.unwrap(), 1);
}

#[tokio::test]
async fn more_than_the_pool_has_is_an_error_at_once_and_not_tried_again() {
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("api", 2)).build();
    let error = runtime.scope(async { takes_three().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(
        error.to_string().contains("it takes 3 of the pool `api`, which has 2, so it would wait for ever"),
        "{error}"
    );
    assert!(error.to_string().contains("`.limit(\"api\", 3)`"), "{error}");
    let lines = lines(&runtime).await;
    assert!(
        !lines.iter().any(|line| line.contains("AwaitingRetry") || line.contains("AwaitingPermit")),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn a_limit_per_key_needs_a_key() {
    let runtime = orch::testing::builder().with(|runtime| runtime.limit_per_key("api", 1)).build();
    let error = runtime.scope(async { limited().await }).await.unwrap_err();
    assert!(error.to_string().contains("say whose call it is with `per = |…| …`"), "{error}");
    assert_eq!(runtime.scope(async { of_user(7).await }).await.unwrap(), 7);
}

#[tokio::test]
async fn who_waits_for_a_pool_that_becomes_too_small_is_told() {
    #[task(limits(api = 3))]
    async fn shrinks() -> Result<u32, Error> {
        let waiting = takes_three().start();
        orch::sleep(std::time::Duration::from_secs(1)).await;
        Runtime::current()?.set_limit("api", 2)?;
        Ok(waiting.await.map_or(0, |_| 1))
    }
    #[flow]
    async fn both() -> Result<u32, Error> {
        let first = shrinks().start();
        let second = takes_three().start();
        orch::sleep(std::time::Duration::from_secs(2)).await;
        first.await?;
        second.await
    }
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("api", 3)).build();
    let error = runtime.scope(async { both().await }).await.unwrap_err();
    assert!(error.to_string().contains("it takes 3 of the pool `api`, which has 2"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_a_size_is_refused_where_it_is_said() {
    let build = |runtime: orch::RuntimeBuilder| runtime.store(orch::store::MemoryStore::new()).build();
    let error = build(Runtime::builder().limit("api", 0)).unwrap_err();
    assert!(error.to_string().contains("the pool `api` would have no permits"), "{error}");
    let error = build(Runtime::builder().limit("memory", "many")).unwrap_err();
    assert!(error.to_string().contains("`many` is no number of permits"), "{error}");
    let runtime = build(Runtime::builder().limit("api", 1)).unwrap();
    assert!(runtime.set_limit("api", 0).is_err());
    assert_eq!(runtime.limits()[1].size, Some(1));
}

#[tokio::test]
async fn what_a_function_says_for_an_attempt_may_be_no_number() {
    #[task(retries = 1, limits(memory = |attempt| if attempt == 1 { "1KiB" } else { "much" }))]
    async fn says_much() -> Result<(), String> {
        Err("the first attempt".into())
    }
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("memory", "1KiB")).build();
    let error = runtime.scope(async { says_much().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.to_string().contains("`limits(memory = |attempt| …)`"), "{error}");
}

mod circles {
    use super::*;
    use crate::support::{Gate, gate, until};

    #[task(limit = "b")]
    async fn inner_b() -> u32 {
        1
    }

    #[task(limit = "a")]
    async fn inner_a() -> u32 {
        2
    }

    #[task(limit = "a")]
    async fn left(#[provided] both_there: &Gate) -> Result<u32, Error> {
        both_there.passed().await;
        inner_b().await
    }

    #[task(limit = "b")]
    async fn right(#[provided] both_there: &Gate) -> Result<u32, Error> {
        both_there.passed().await;
        inner_a().await
    }

    #[flow]
    async fn crossing() -> Result<u32, Error> {
        let (left, right) = (left().start(), right().start());
        let (left, right) = (left.await, right.await);
        assert!(
            left.is_ok() != right.is_ok(),
            "one of them gets what the other one gives back: {left:?} {right:?}"
        );
        Err(left.err().or(right.err()).unwrap())?
    }

    #[tokio::test]
    async fn a_circle_is_an_error_that_names_it() {
        let (opener, there) = gate();
        let builder = orch::testing::builder().provide(there);
        let runtime = builder.with(|runtime| runtime.limit("a", 1).limit("b", 1)).build();
        let started = runtime.scope(async { crossing().start() }).await;
        until(&runtime, |lines| {
            ["left Running (1)", "right Running (1)"]
                .iter()
                .all(|line| lines.iter().any(|event| event == line))
        })
        .await;
        opener.open();
        let error = started.await.unwrap_err().to_string();
        for part in [
            "waits for 1 of `a`",
            "waits for 1 of `b`",
            "circles::left` holds",
            "circles::right` holds",
            "would wait for ever",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}
