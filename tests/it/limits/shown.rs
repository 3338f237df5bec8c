//! What `Runtime::limits` tells, and what changes at run time.

use std::time::Duration;

use orch::{prelude::*, testing::START};

use crate::support::lines;

const SECOND: Duration = Duration::from_secs(1);

#[task(limits(api = 2))]
async fn works(n: u32) -> u32 {
    orch::sleep(SECOND * 10).await;
    n
}

#[flow]
async fn three() -> Result<u32, Error> {
    let (a, b, c) = tokio::try_join!(works(1), works(2), works(3))?;
    Ok(a + b + c)
}

#[task]
async fn looks(#[provided] seen: &Seen) -> String {
    orch::sleep(SECOND).await;
    let limits = Runtime::current().unwrap().limits();
    let api = limits.iter().find(|limit| limit.name == "api").unwrap();
    let name = |name: &str| name.rsplit("::").next().unwrap().to_owned();
    let mut text = format!("{} of {:?} in use\n", api.in_use, api.size.unwrap());
    for holder in &api.holders {
        let since = holder.since.since(START);
        text += &format!(
            "{} {:?} has {} since {since:?}\n",
            name(&holder.name),
            holder.task.unwrap(),
            holder.permits
        );
    }
    for waiting in &api.waiting {
        let since = waiting.since.since(START);
        text += &format!(
            "{} {:?} waits for {} since {since:?}: {}\n",
            name(&waiting.name),
            waiting.task.unwrap(),
            waiting.permits,
            waiting.reason
        );
    }
    seen.0.lock().unwrap().push_str(&text);
    text
}

#[derive(Clone, Default)]
struct Seen(std::sync::Arc<std::sync::Mutex<String>>);

#[tokio::test]
async fn limits_tells_who_has_and_who_waits_and_since_when() {
    #[flow]
    async fn watched() -> Result<(), Error> {
        let (three, looks) = tokio::join!(three(), looks());
        looks?;
        three?;
        Ok(())
    }
    let seen = Seen::default();
    let runtime =
        orch::testing::builder().provide(seen.clone()).with(|runtime| runtime.limit("api", 5)).build();
    runtime.scope(async { watched().await }).await.unwrap();
    assert_eq!(
        *seen.0.lock().unwrap(),
        "4 of 5 in use\n\
         works TaskNumber(0) has 2 since 0ns\n\
         works TaskNumber(1) has 2 since 0ns\n\
         works TaskNumber(2) waits for 2 since 0ns: it needs 2 of `api`, and 1 are free\n"
    );
}

/// Changes the size of the pool when the others have had time to ask for it.
#[task]
async fn resizes(permits: u64) -> Result<u64, Error> {
    orch::sleep(SECOND).await;
    let runtime = Runtime::current()?;
    runtime.set_limit("api", permits)?;
    let limits = runtime.limits();
    Ok(limits.iter().find(|limit| limit.name == "api").map_or(0, |api| api.in_use))
}

#[flow]
async fn three_and_a_change(permits: u64) -> Result<u64, Error> {
    let (_, in_use) = tokio::try_join!(three(), resizes(permits))?;
    Ok(in_use)
}

#[tokio::test]
async fn a_pool_that_grows_lets_go_who_waits() {
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("api", 2)).build();
    assert_eq!(runtime.scope(async { three_and_a_change(6).await }).await.unwrap(), 6);
    assert_eq!(runtime.now().since(START), SECOND * 11, "{:#?}", lines(&runtime).await);
}

#[tokio::test]
async fn a_pool_that_shrinks_gives_nothing_until_enough_has_come_back() {
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("api", 5)).build();
    assert_eq!(runtime.scope(async { three_and_a_change(2).await }).await.unwrap(), 4);
    assert_eq!(runtime.now().since(START), SECOND * 20, "{:#?}", lines(&runtime).await);
}

#[tokio::test]
async fn who_is_dropped_while_waiting_gives_its_place_to_the_next() {
    #[flow]
    async fn gives_up() -> Result<u32, Error> {
        let first = works(1).start();
        orch::sleep(SECOND).await;
        let (second, third) = (works(2).start(), works(3).start());
        orch::sleep(SECOND).await;
        second.cancel();
        Ok(first.await? + third.await?)
    }
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("api", 2)).build();
    assert_eq!(runtime.scope(async { gives_up().await }).await.unwrap(), 4);
    assert!(runtime.limits().iter().all(|limit| limit.in_use == 0 && limit.waiting.is_empty()));
}
