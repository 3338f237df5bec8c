//! Options of `#[task]` beside those about retries and the cache.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use orch::{prelude::*, store::Page};
use serde::{Deserialize, Serialize};

use crate::support::{Bodies, Life, crashed, lines};

#[tokio::test]
async fn name_is_what_is_recorded() {
    #[task(name = "shop::price")]
    async fn find_price() -> u32 {
        7
    }

    let runtime = orch::testing::runtime();
    runtime.scope(async { find_price().await }).await.unwrap();
    let runs = runtime.runs(Default::default(), Page::first(9)).await.unwrap();
    assert_eq!(runs[0].name, "shop::price");
    assert_eq!(runtime.task_runs(runs[0].id, Page::first(9)).await.unwrap()[0].name, "shop::price");
}

/// Calls what a task was called before a crash, and what it is called after it.
mod moved {
    use super::*;

    #[task(name = "shop::before")]
    async fn before(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n + 1
    }

    #[task(formerly = "shop::before")]
    async fn renamed(n: u32, #[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        n + 1
    }

    #[task(formerly = ["shop::never", "shop::before"], version = "2")]
    async fn renewed(n: u32, #[provided] bodies: &Bodies) -> u32 {
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

/// Runs a flow, crashes before its end is recorded, resumes it; gives the end and how many bodies ran in all.
async fn resumed(flow: impl FnOnce() -> Call<u32, Flow>) -> (Result<u32, Error>, usize) {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(Life::First).provide(bodies.clone()).build();
    runtime.scope(async { flow().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crashed(&runtime).provide(Life::Second).provide(bodies.clone()).build();
    (second.resume(run).await, bodies.count())
}

#[tokio::test]
async fn formerly_keeps_the_records_of_a_renamed_task() {
    let (ended, bodies) = resumed(moved::rename).await;
    assert_eq!((ended.unwrap(), bodies), (2, 1));
}

#[tokio::test]
async fn version_gives_records_up() {
    // The flow's own text is what it was, but what it calls was edited: that is no divergence.
    let (ended, bodies) = resumed(moved::renew).await;
    assert_eq!((ended.unwrap(), bodies), (2, 2), "the record was given up, and the body ran again");
}

#[tokio::test]
async fn timeout_ends_the_attempt() {
    #[task(timeout = "5s")]
    async fn hangs() {
        orch::sleep(Duration::from_secs(3600)).await;
    }

    let runtime = orch::testing::runtime();
    let before = runtime.now();
    let error = runtime.scope(async { hangs().await }).await.expect_err("it hangs");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(runtime.now().since(before), Duration::from_secs(5));
}

/// Neither hashable nor storable.
#[derive(Clone, Default)]
struct Progress(Arc<AtomicUsize>);

#[tokio::test]
async fn skipped_parameters_reach_the_body_and_are_no_part_of_the_call() {
    #[task(cache, skip(progress))]
    async fn count(n: usize, progress: &Progress) -> usize {
        progress.0.fetch_add(n, Ordering::SeqCst);
        n
    }

    let runtime = orch::testing::runtime();
    let (first, second) = (Progress::default(), Progress::default());
    runtime
        .scope(async {
            assert_eq!(count(5, &first).await.unwrap(), 5);
            assert_eq!(count(5, &second).await.unwrap(), 5);
        })
        .await;
    assert_eq!(first.0.load(Ordering::SeqCst), 5);
    assert_eq!(second.0.load(Ordering::SeqCst), 0, "the second call is a hit");
}

#[tokio::test]
async fn inline_runs_in_place() {
    static THREADS: std::sync::Mutex<Vec<ThreadId>> = std::sync::Mutex::new(Vec::new());

    #[task(inline)]
    fn in_place() {
        THREADS.lock().unwrap().push(thread::current().id());
    }

    #[task]
    fn on_the_pool() {
        THREADS.lock().unwrap().push(thread::current().id());
    }

    let runtime = orch::testing::runtime();
    runtime
        .scope(async {
            in_place().await.unwrap();
            on_the_pool().await.unwrap();
        })
        .await;
    let here = thread::current().id();
    let threads = THREADS.lock().unwrap().clone();
    assert_eq!([threads[0] == here, threads[1] == here], [true, false]);
}

type Answer = std::result::Result<u32, String>;

#[tokio::test]
async fn fallible_sees_the_result_behind_an_alias() {
    #[task(fallible)]
    async fn ask(n: u32) -> Answer {
        if n == 7 { Ok(n) } else { Err("no".to_owned()) }
    }

    let runtime = orch::testing::runtime();
    let (good, bad) = runtime.scope(async { (ask(7).await, ask(8).await) }).await;
    let good: u32 = good.unwrap();
    assert_eq!(good, 7);
    assert_eq!(bad.expect_err("it says no").kind(), ErrorKind::Failed);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum ShopError {
    SoldOut { left: u32 },
}

impl std::fmt::Display for ShopError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sold out")
    }
}

impl std::error::Error for ShopError {}

mod typed {
    use super::*;

    #[task(error = ShopError)]
    pub async fn order(#[provided] bodies: &Bodies) -> Result<u32, ShopError> {
        bodies.enter();
        Err(ShopError::SoldOut { left: 3 })
    }

    #[task]
    pub async fn untyped() -> Result<u32, ShopError> {
        Err(ShopError::SoldOut { left: 3 })
    }

    #[flow]
    pub async fn shop() -> u32 {
        let error = order().await.expect_err("it is sold out");
        match error.downcast::<ShopError>() {
            Ok(ShopError::SoldOut { left }) => left,
            Err(_) => 0,
        }
    }

    #[flow(error = ShopError)]
    pub async fn shut() -> Result<u32, ShopError> {
        Err(ShopError::SoldOut { left: 4 })
    }
}

#[tokio::test]
async fn error_keeps_the_value_live_and_in_replay() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    assert_eq!(runtime.scope(async { typed::shop().await }).await.unwrap(), 3);
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crashed(&runtime).provide(bodies.clone()).build();
    assert_eq!(second.resume::<u32>(run).await.unwrap(), 3);
    assert_eq!(bodies.count(), 1, "the resumed flow read the error from its journal");
}

#[tokio::test]
async fn without_error_only_type_and_messages_are_kept() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { typed::untyped().await }).await.expect_err("it is sold out");
    let recorded = error.recorded().expect("the error is recorded");
    assert_eq!((recorded.text(), recorded.type_name().ends_with("ShopError")), ("sold out", true));
    assert!(error.downcast::<ShopError>().is_err());
}

#[tokio::test]
async fn error_of_a_flow_keeps_the_value_too() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { typed::shut().await }).await.expect_err("it is shut");
    assert_eq!(error.downcast::<ShopError>().unwrap(), ShopError::SoldOut { left: 4 });
}

#[tokio::test]
async fn tags_are_recorded_with_the_task_run() {
    #[task(tags("shop", "nightly"))]
    async fn tagged() {}

    let runtime = orch::testing::runtime();
    runtime.scope(async { tagged().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(runtime.task_runs(run, Page::first(1)).await.unwrap()[0].tags, ["shop", "nightly"]);
}

/// The library as another crate would re-export it, with a mark that shows which one was used.
pub(super) mod reexported {
    pub use orch::*;

    pub static CALLS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    pub mod __private {
        use std::sync::atomic::Ordering;

        pub use orch::__private::*;
        use orch::{Call, Flow, Task};

        pub fn call<T>(started: Started<T>) -> Call<T, Task> {
            super::CALLS.fetch_add(1, Ordering::SeqCst);
            orch::__private::call(started)
        }

        pub fn flow<T>(started: Started<T>) -> Call<T, Flow> {
            super::CALLS.fetch_add(100, Ordering::SeqCst);
            orch::__private::flow(started)
        }
    }
}

#[tokio::test]
async fn crate_says_where_the_library_is() {
    #[task(crate = crate::options::task::reexported)]
    async fn elsewhere() -> u32 {
        7
    }

    #[flow(crate = crate::options::task::reexported)]
    async fn flow_elsewhere() -> Result<u32, Error> {
        elsewhere().await
    }

    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { flow_elsewhere().await }).await.unwrap(), 7);
    assert_eq!(reexported::CALLS.load(Ordering::SeqCst), 101);
    assert_eq!(lines(&runtime).await.len(), 6);
}
