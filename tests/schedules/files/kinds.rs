//! Files that cannot be handed on, that nobody wants, that are many, and those of a machine's own clock.

use std::time::Duration;

use orch::{
    RunState,
    schedule::{FileChange, Trigger},
    store::{Page, RunFilter},
};

use super::{Drop, Seen, all_completed, first, imports, next, rows, serve};
use crate::{HOUR, Log, runs_of, works};

#[tokio::test]
async fn a_filter_looks_at_each_version_once() {
    let drop = Drop::new("*.csv");
    drop.put("empty.csv", 0);
    drop.put("full.csv", 9);
    let all = format!("{}/*.csv", drop.dir.path().display());
    let filtered = |least: u64| {
        let trigger = Trigger::new("t").on_file(&all).filter(move |file: &FileChange| file.size >= least);
        trigger.run(|file: FileChange| imports(file))
    };
    let (runtime, seen) = first();
    serve(&runtime, [filtered(1)], 0.1).await;
    assert_eq!((seen.names(), rows(&runtime).await), (vec!["full.csv".to_owned()], 2));
    let (runtime, seen) = next(&runtime);
    serve(&runtime, [filtered(0)], 0.1).await;
    assert!(seen.all().is_empty(), "what was refused has been seen");
    all_completed(&runtime, 1).await;
}

/// Only some file systems allow it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_that_is_no_text_leaves_one_failed_run() {
    use std::os::unix::ffi::OsStrExt as _;

    let drop = Drop::new("*.csv");
    let name = std::ffi::OsStr::from_bytes(b"\xff.csv");
    std::fs::write(drop.dir.path().join(name), "x").unwrap();
    drop.put("good.csv", 1);
    let (runtime, seen) = first();
    drop.serve(&runtime, 0.1).await;
    assert_eq!(seen.names(), ["good.csv"]);
    let (runtime, seen) = next(&runtime);
    drop.serve(&runtime, 0.1).await;
    assert!(seen.all().is_empty());
    let failed = runs_of(&runtime, "trigger t").await;
    assert_eq!(failed.iter().map(|run| run.state).collect::<Vec<_>>(), [RunState::Failed]);
    let reason = failed[0].reason.clone().unwrap();
    assert!(reason.contains("cannot be handed on") && reason.contains(".csv"), "{reason}");
}

#[tokio::test]
async fn thousands_of_files_start_as_many_runs_and_schedules_go_on() {
    let drop = Drop::new("*");
    for number in 0..3_000 {
        drop.put(&number.to_string(), 0);
    }
    let (seen, log) = (Seen::default(), Log::default());
    let runtime = orch::testing::builder().provide(seen.clone()).provide(log.clone()).build();
    works("w".into(), 0.0).on(&runtime).schedule("s").every(HOUR).create().await.unwrap();
    drop.serve(&runtime, 2.5).await;
    assert_eq!((seen.all().len(), rows(&runtime).await, log.of("w").len()), (3_000, 3_000, 2));
    let (runtime, seen) = next(&runtime);
    drop.serve(&runtime, 0.1).await;
    assert!(seen.all().is_empty());
}

/// With the machine's clock, and what the machine tells of files.
#[tokio::test]
async fn files_are_seen_as_they_come() {
    let drop = Drop { settle: Duration::from_millis(50), ..Drop::new("in/*.csv") };
    let seen = Seen::default();
    let runtime = orch::testing::builder().real_clock().provide(seen.clone()).build();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = async {
        let serving = runtime.serve().trigger(drop.trigger("t")).lines(|_| {});
        let served =
            serving.until(async { std::mem::drop(ended.await) }).grace(Duration::from_secs(60)).await;
        assert_eq!(served.unwrap().left(), 0);
    };
    let acting = async {
        drop.put("in/a.csv", 1);
        seen.until("a.csv", 1).await;
        drop.put("in/a.csv", 2);
        drop.put("in/b.csv", 3);
        seen.until("a.csv", 2).await;
        seen.until("b.csv", 3).await;
        // A directory that takes the place of the one that was watched.
        std::fs::rename(drop.path("in"), drop.path("old")).unwrap();
        drop.put("in/c.csv", 4);
        seen.until("c.csv", 4).await;
        drop.put("in/c.csv", 5);
        seen.until("c.csv", 5).await;
        end.send(()).unwrap();
    };
    tokio::join!(serving, acting);
    assert_eq!(runtime.runs(RunFilter::default(), Page::all()).await.unwrap().len(), 5);
    assert_eq!(seen.short().len(), 5);
}
