//! What happens when the journal and the code disagree.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use orch::{ErrorKind, EventKind, Notice, RunState, prelude::*, store::Page, testing::TestRuntime};

#[derive(Default)]
struct Bodies(AtomicU32);

impl Bodies {
    fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

#[task]
async fn one(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.0.fetch_add(1, Ordering::SeqCst);
    n
}

#[task(name = "tests::renamed_before")]
async fn before(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.0.fetch_add(1, Ordering::SeqCst);
    n
}

#[task(name = "tests::renamed_after", formerly = "tests::renamed_before")]
async fn after(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.0.fetch_add(1, Ordering::SeqCst);
    n
}

fn runtime() -> TestRuntime {
    orch::testing::builder().provide(Bodies::default()).build()
}

/// The store just before its last operation, which ends the run.
fn cut_before_end(live: &TestRuntime) -> TestRuntime {
    live.fork(live.store().operations() - 1).provide(Bodies::default()).build()
}

fn bodies(runtime: &TestRuntime) -> u32 {
    runtime.provided::<Bodies>().expect("provided above").count()
}

async fn notices(runtime: &TestRuntime, wanted: Notice) -> usize {
    let events = runtime.all_events().await.unwrap();
    let is_wanted = |kind: &EventKind| matches!(kind, EventKind::Notice { notice, .. } if *notice == wanted);
    events.iter().filter(|event| is_wanted(&event.kind)).count()
}

static TWISTED: AtomicBool = AtomicBool::new(false);

/// Decides by something that is not recorded.
#[flow]
async fn undecided() -> Result<u32, Error> {
    let n = if TWISTED.load(Ordering::SeqCst) { 2 } else { 1 };
    let first = one(n).await?;
    one(first + 10).await
}

#[tokio::test]
async fn an_unedited_flow_that_asks_for_something_else_stops() {
    let live = runtime();
    live.scope(undecided()).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let fork = cut_before_end(&live);
    TWISTED.store(true, Ordering::SeqCst);
    let error = fork.resume::<u32>(run).await.unwrap_err();
    TWISTED.store(false, Ordering::SeqCst);
    assert_eq!(error.kind(), ErrorKind::Diverged);
    let text = error.to_string();
    for part in ["divergence::one", "tests/order/divergence.rs", "input", "orch::now", "bare timer"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let ended = fork.run(run).await.unwrap().unwrap();
    assert_eq!(ended.state, RunState::Failed);
    assert!(ended.reason.unwrap().contains("divergence::one"));
}

static SHORT: AtomicBool = AtomicBool::new(false);

#[flow]
async fn shortened() -> Result<u32, Error> {
    let first = one(1).await?;
    if SHORT.load(Ordering::SeqCst) {
        return Ok(first);
    }
    one(2).await
}

#[tokio::test]
async fn an_unedited_flow_that_asks_for_less_stops() {
    let live = runtime();
    live.scope(shortened()).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let fork = cut_before_end(&live);
    SHORT.store(true, Ordering::SeqCst);
    let error = fork.resume::<u32>(run).await.unwrap_err();
    SHORT.store(false, Ordering::SeqCst);
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    assert_eq!(bodies(&fork), 0);
}

/// The old versions are generic, so that this program cannot start them by name: it has only the new ones.
mod edited {
    use super::*;

    #[flow(name = "tests::edited_before")]
    pub(super) async fn old<const GENERIC: bool>() -> Result<u32, Error> {
        Ok(one(1).await? + one(2).await? + one(3).await?)
    }

    /// The second call is gone, a new one has come, the order has changed.
    #[flow(name = "tests::edited_after", formerly = "tests::edited_before")]
    pub(super) async fn new() -> Result<u32, Error> {
        Ok(one(3).await? + one(4).await? + one(1).await?)
    }
}

#[tokio::test]
async fn an_edited_flow_reuses_what_it_still_asks_for_and_says_what_differs() {
    let live = runtime();
    live.scope(edited::old::<true>()).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let fork = cut_before_end(&live);
    assert_eq!(fork.resume::<u32>(run).await.unwrap(), 8);
    assert_eq!(bodies(&fork), 1, "only one(4) is new");
    assert_eq!(notices(&fork, Notice::Diverged).await, 1);
}

mod strict {
    use super::*;

    #[flow(name = "tests::strict_before")]
    pub(super) async fn old<const GENERIC: bool>() -> Result<u32, Error> {
        Ok(one(1).await? + one(2).await?)
    }

    #[flow(name = "tests::strict_after", formerly = "tests::strict_before", strict)]
    pub(super) async fn new() -> Result<u32, Error> {
        Ok(one(1).await? + one(3).await?)
    }
}

#[tokio::test]
async fn a_strict_flow_stops_at_an_edit_too() {
    let live = runtime();
    live.scope(strict::old::<true>()).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let fork = cut_before_end(&live);
    let error = fork.resume::<u32>(run).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
}

mod renamed {
    use super::*;

    #[flow(name = "tests::rename_before")]
    pub(super) async fn old<const GENERIC: bool>() -> Result<u32, Error> {
        Ok(before(1).await? + before(2).await?)
    }

    #[flow(name = "tests::rename_after", formerly = "tests::rename_before")]
    pub(super) async fn new() -> Result<u32, Error> {
        Ok(after(1).await? + after(2).await?)
    }
}

#[tokio::test]
async fn records_of_a_renamed_task_are_found() {
    let live = runtime();
    live.scope(renamed::old::<true>()).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let fork = cut_before_end(&live);
    assert_eq!(fork.resume::<u32>(run).await.unwrap(), 3);
    assert_eq!(bodies(&fork), 0);
}

#[tokio::test]
async fn what_cannot_be_resumed_says_why() {
    let live = runtime();
    live.scope(edited::old::<true>()).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let ended = live.resume::<u32>(run).await.unwrap_err();
    assert!(ended.to_string().contains("has ended"), "{ended}");
    let unknown = live.resume::<u32>(orch::RunId::new()).await.unwrap_err();
    assert!(unknown.to_string().contains("not in the store"), "{unknown}");

    live.scope(generic::<u32>(1)).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let fork = live.fork(live.store().operations() - 1).provide(Bodies::default()).build();
    let generic = fork.resume::<u32>(run).await.unwrap_err();
    assert!(generic.to_string().contains("generic functions"), "{generic}");
    assert_eq!(fork.task_runs(run, Page::all()).await.unwrap().len(), 0);
}

#[flow]
async fn generic<T>(value: T) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static,
{
    value
}

mod cached_meanwhile {
    use super::*;

    pub(super) static CACHED: AtomicBool = AtomicBool::new(false);

    #[task(name = "tests::looked_up_before")]
    async fn old(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.0.fetch_add(1, Ordering::SeqCst);
        n
    }

    #[task(cache, name = "tests::looked_up_after", formerly = "tests::looked_up_before")]
    async fn new(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.0.fetch_add(1, Ordering::SeqCst);
        n
    }

    /// Its own text stays the same, as that of a flow does whose task has got an option.
    #[flow]
    pub(super) async fn looks_up() -> Result<u32, Error> {
        if CACHED.load(Ordering::SeqCst) { new(7).await } else { old(7).await }
    }
}

#[tokio::test]
async fn a_task_that_is_cached_since_keeps_its_records() {
    let live = runtime();
    live.scope(cached_meanwhile::looks_up()).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let fork = cut_before_end(&live);
    cached_meanwhile::CACHED.store(true, Ordering::SeqCst);
    assert_eq!(fork.resume::<u32>(run).await.unwrap(), 7);
    assert_eq!(bodies(&fork), 0);
}
