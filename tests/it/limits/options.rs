//! Each option, by what it changes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use orch::{prelude::*, testing::TestBuilder};

use super::Gauge;
use crate::support::lines;

const SECOND: Duration = Duration::from_secs(1);

/// What bodies note down, in the order in which they start.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

async fn works(gauge: &Gauge, permits: u64) {
    let _inside = gauge.enter(permits);
    orch::sleep(SECOND).await;
}

fn gauged(gauge: &Gauge) -> TestBuilder {
    orch::testing::builder().provide(gauge.clone())
}

fn noted(notes: &Notes) -> TestBuilder {
    orch::testing::builder().provide(notes.clone())
}

#[task(limit = "api")]
async fn limited(n: u32, #[provided] gauge: &Gauge) -> u32 {
    works(gauge, 1).await;
    n
}

#[tokio::test]
async fn limit_takes_a_permit() {
    let gauge = Gauge::default();
    let runtime = gauged(&gauge).with(|runtime| runtime.limit("api", 2)).build();
    #[flow]
    async fn crowd() -> Result<u32, Error> {
        let all = join_all((0..8).map(limited)).await;
        all.into_iter().sum()
    }
    assert_eq!(runtime.scope(async { crowd().await }).await.unwrap(), 28);
    assert_eq!(gauge.most(), 2);
    let waited = lines(&runtime)
        .await
        .iter()
        .filter(|line| *line == "limited AwaitingPermit: all `api` permits are taken")
        .count();
    assert_eq!(waited, 6);
}

#[task(limits(api = 2, memory = "2GiB"))]
async fn heavy(n: u32, #[provided] gauge: &Gauge) -> u32 {
    works(gauge, 2).await;
    n
}

#[tokio::test]
async fn limits_takes_as_much_as_it_says_of_each_pool() {
    for (api, memory, most) in [(8, "4GiB", 4), (6, "100GiB", 6), (9, "7GiB", 6)] {
        let gauge = Gauge::default();
        let runtime =
            gauged(&gauge).with(|runtime| runtime.limit("api", api).limit("memory", memory)).build();
        let all = runtime.scope(async { join_all((0..9).map(heavy)).await }).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert_eq!(gauge.most(), most, "{api} of api, {memory}");
    }
}

#[task(rate = "2/min")]
async fn rated(user: &str, #[provided] notes: &Notes) {
    let seconds = super::seconds().await;
    notes.note(format!("{user}{seconds}"));
}

#[tokio::test]
async fn rate_lets_so_many_start_in_any_such_time() {
    let notes = Notes::default();
    let runtime = noted(&notes).build();
    runtime.scope(async { join_all(["a"; 5].map(rated)).await }).await;
    assert_eq!(notes.taken(), ["a0", "a0", "a60", "a60", "a120"]);
    let lines = lines(&runtime).await;
    assert_eq!(
        lines.iter().filter(|line| line.ends_with("AwaitingPermit: its rate is used up: 2 in 60s")).count(),
        3,
        "{lines:#?}"
    );
}

#[task(rate = "2/min", per = |user| user.to_owned())]
async fn rated_per_user(user: &str, #[provided] notes: &Notes) {
    let seconds = super::seconds().await;
    notes.note(format!("{user}{seconds}"));
}

#[tokio::test]
async fn per_gives_each_key_a_rate_of_its_own() {
    let notes = Notes::default();
    let runtime = noted(&notes).build();
    runtime.scope(async { join_all(["a", "a", "a", "b", "b"].map(rated_per_user)).await }).await;
    assert_eq!(notes.taken(), ["a0", "a0", "b0", "b0", "a60"]);
}

#[task(limit = "api", per = |user: &str| user.to_owned())]
async fn in_turns(user: &str, #[provided] notes: &Notes) {
    notes.note(user);
    orch::sleep(SECOND).await;
}

#[task(limit = "api")]
async fn as_they_come(user: &str, #[provided] notes: &Notes) {
    notes.note(user);
    orch::sleep(SECOND).await;
}

#[tokio::test]
async fn per_lets_keys_take_turns() {
    let notes = Notes::default();
    let runtime = noted(&notes).with(|runtime| runtime.limit("api", 1)).build();
    let users = ["a", "a", "a", "a", "b", "c", "b"];
    runtime.scope(async { join_all(users.map(as_they_come)).await }).await;
    assert_eq!(notes.taken(), users);
    runtime.scope(async { join_all(users.map(in_turns)).await }).await;
    assert_eq!(notes.taken(), ["a", "a", "b", "c", "a", "b", "a"]);
}

#[tokio::test]
async fn a_limit_per_key_is_one_for_each_key() {
    let notes = Notes::default();
    let runtime = noted(&notes).with(|runtime| runtime.limit_per_key("api", 1)).build();
    runtime.scope(async { join_all(["a", "a", "a", "b", "c"].map(in_turns)).await }).await;
    assert_eq!(notes.taken(), ["a", "b", "c", "a", "a"]);
}

#[tokio::test]
async fn priority_goes_first() {
    #[task(limit = "api")]
    async fn plain(n: u32, #[provided] notes: &Notes) {
        notes.note(format!("plain {n}"));
        orch::sleep(SECOND).await;
    }
    #[task(limit = "api", priority = 5)]
    async fn urgent(#[provided] notes: &Notes) {
        notes.note("urgent");
        orch::sleep(SECOND).await;
    }
    #[task(limit = "api", priority = -1)]
    async fn idle(#[provided] notes: &Notes) {
        notes.note("idle");
        orch::sleep(SECOND).await;
    }
    let notes = Notes::default();
    let runtime = noted(&notes).with(|runtime| runtime.limit("api", 1)).build();
    runtime.scope(async { join_all([plain(1), idle(), plain(2), urgent()]).await }).await;
    assert_eq!(notes.taken(), ["plain 1", "urgent", "plain 2", "idle"]);
}

#[tokio::test]
async fn a_function_of_the_attempt_takes_more_each_time() {
    #[task(retries = 2, limits(memory = |attempt| attempt * 2, disk = |attempt| if attempt > 1 { "2KiB" } else { "1KiB" }))]
    async fn grows(#[provided] notes: &Notes) -> Result<u32, String> {
        let runtime = Runtime::current().unwrap();
        let used = |name| runtime.limits().into_iter().find(|limit| limit.name == name).unwrap().in_use;
        notes.note(format!("{} {}", used("memory"), used("disk")));
        if orch::ctx().attempt() < 3 { Err("too little".into()) } else { Ok(1) }
    }
    let notes = Notes::default();
    let runtime = noted(&notes).with(|runtime| runtime.limit("memory", 6).limit("disk", "2KiB")).build();
    runtime.scope(async { grows().await }).await.unwrap();
    assert_eq!(notes.taken(), ["2 1024", "4 2048", "6 2048"]);
    assert!(runtime.limits().iter().all(|limit| limit.in_use == 0));
}

#[tokio::test]
async fn synchronous_bodies_take_a_permit_of_the_cpu_pool() {
    #[task(limits(cpu = 2))]
    fn wide(#[provided] notes: &Notes) {
        let cpu = &Runtime::current().unwrap().limits()[0];
        notes.note(format!("{} of {:?} {}", cpu.in_use, cpu.size.unwrap(), cpu.name));
    }
    #[task]
    fn narrow(#[provided] notes: &Notes) {
        notes.note(Runtime::current().unwrap().limits()[0].in_use.to_string());
    }
    let notes = Notes::default();
    let runtime = noted(&notes).with(|runtime| runtime.cpu(3)).build();
    runtime.scope(async { narrow().await }).await.unwrap();
    runtime.scope(async { wide().await }).await.unwrap();
    assert_eq!(notes.taken(), ["1", "2 of 3 cpu"]);
}

#[test]
fn the_environment_sets_pools() {
    const NAME: &str = "limits::options::the_environment_sets_pools";
    let environment =
        [("ORCH_LIMIT_API", "3"), ("ORCH_LIMIT_CPU", "2"), ("ORCH_LIMIT_MEMORY_PER_KEY", "1GiB")];
    if !crate::support::in_own_process_with(NAME, &environment) {
        return;
    }
    let runtime = orch::testing::builder().with(|runtime| runtime.limit("api", 1).cpu(1)).build();
    let sizes: Vec<_> =
        runtime.limits().into_iter().map(|limit| (limit.name, limit.size, limit.per_key)).collect();
    let expected = [("cpu", Some(2), None), ("api", Some(3), None), ("memory", None, Some(1 << 30))];
    assert_eq!(sizes, expected.map(|(name, size, per_key)| (name.to_owned(), size, per_key)));
}

#[test]
fn a_wrong_word_in_the_environment_is_named() {
    const NAME: &str = "limits::options::a_wrong_word_in_the_environment_is_named";
    if !crate::support::in_own_process_with(NAME, &[("ORCH_LIMIT_API", "lots")]) {
        return;
    }
    let error = Runtime::builder().store(orch::store::MemoryStore::new()).build().unwrap_err();
    assert!(error.to_string().contains("ORCH_LIMIT_API=lots is no number of permits"), "{error}");
}
