//! Schedules that people create, look at, pause, change and remove.

use orch::{
    prelude::*,
    schedule::{Overlap, Source},
    store::{Happening, Page, Skip},
};

use crate::{HOUR, Log, fates, hours, row, runtime, serve_for, skipped, works};

#[tokio::test]
async fn a_schedule_tells_what_it_is() {
    let log = Log::default();
    let runtime = runtime(&log);
    let call = works("a".into(), 0.0).on(&runtime).schedule("mornings").cron("0 9 * * *").tz("Europe/Berlin");
    let created = call.overlap(Overlap::Skip).create().await.unwrap();
    assert!(created.id().ends_with("::works/mornings"), "{created}");
    assert_eq!((created.name(), created.source(), created.runs()), ("mornings", Source::Code, 0));
    assert!(created.flow().ends_with("schedules::works"));
    assert!(
        created.to_string().contains("Europe/Berlin") && created.to_string().contains("overlap"),
        "{created}"
    );
    let upcoming: Vec<f64> = created.upcoming(3).into_iter().map(hours).collect();
    assert_eq!(upcoming, [8.0, 32.0, 56.0]);
    let schedules = runtime.schedules();
    for name in ["mornings", "works/mornings", created.id()] {
        assert_eq!(schedules.get(name).await.unwrap().id(), created.id());
    }
    let listed = schedules.list().await.unwrap();
    assert_eq!(listed.iter().map(orch::schedule::Schedule::id).collect::<Vec<_>>(), [created.id()]);
    let error = schedules.get("evenings").await.unwrap_err().to_string();
    assert!(error.contains("no schedule is named `evenings`"), "{error}");
}

#[flow]
async fn also_works() {}

#[tokio::test]
async fn a_name_of_two_schedules_has_to_say_which() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("a".into(), 0.0).on(&runtime).schedule("s").every(HOUR).create().await.unwrap();
    also_works().on(&runtime).schedule("s").every(HOUR).create().await.unwrap();
    let error = runtime.schedules().pause("s").await.unwrap_err().to_string();
    assert!(error.contains("more than one") && error.contains("works/s"), "{error}");
    assert!(runtime.schedules().pause("also_works/s").await.unwrap().is_paused());
}

#[tokio::test]
async fn creating_it_again_changes_only_what_is_different() {
    let log = Log::default();
    let runtime = runtime(&log);
    let create = |hours: u32, who: &str| {
        works(who.into(), 0.0).on(&runtime).schedule("s").every(HOUR * hours).create()
    };
    create(1, "a").await.unwrap();
    runtime.schedules().pause("s").await.unwrap();
    create(1, "a").await.unwrap();
    assert!(create(2, "a").await.unwrap().is_paused(), "it stays paused");
    create(2, "b").await.unwrap();
    let history = runtime.schedules().history("s", Page::all()).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| match &entry.what {
            Happening::Created(_) => "created",
            Happening::Changed { .. } => "changed",
            Happening::Paused => "paused",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["created", "paused", "changed", "changed"]);
    runtime.schedules().resume("s").await.unwrap();
    serve_for(&runtime, 4.5).await;
    assert_eq!((log.of("a"), log.of("b")), (vec![], vec![2.0, 4.0]));
}

#[tokio::test]
async fn ticks_of_a_pause_are_skipped_and_told() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("a".into(), 0.0).on(&runtime).schedule("s").every(HOUR).create().await.unwrap();
    serve_once(&runtime, 1.5).await;
    runtime.schedules().pause("s").await.unwrap();
    let paused = hours(runtime.now()).floor();
    runtime.advance(HOUR * 3);
    let resumed = runtime.schedules().resume("s").await.unwrap();
    assert_eq!(resumed.next().map(hours), Some(paused + 4.0));
    let fates = fates(&runtime, "s").await;
    let (last, before) = fates.split_last().unwrap();
    assert_eq!(last, &skipped(paused + 1.0, 3, Skip::Paused));
    let fired: Vec<_> = (1..=paused as u64).map(|hour| row(hour as f64, 1, "fired")).collect();
    assert_eq!(before, fired);
}

/// A flow, because the clock waits for one that it has woken.
#[flow]
async fn waits(hours: f64) {
    orch::sleep(HOUR.mul_f64(hours)).await;
}

/// Serves for a while, and leaves the runtime open.
pub(super) async fn serve_once(runtime: &orch::testing::TestRuntime, hours: f64) {
    let serving = runtime.serve().until(std::future::pending()).lines(|_| {});
    // Dropped, it starts nothing more, and the runtime stays open.
    let serving = std::pin::pin!(serving.into_future());
    futures_util::future::select(serving, waits(hours).on(runtime)).await;
}

#[tokio::test]
async fn a_changed_rule_begins_now() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("a".into(), 0.0).on(&runtime).schedule("s").every(HOUR).create().await.unwrap();
    runtime.advance(HOUR.mul_f64(2.5));
    let changed = runtime.schedules().change("s").cron("30 */2 * * *").apply().await.unwrap();
    assert_eq!(changed.next().map(hours), Some(4.5));
    assert_eq!(fates(&runtime, "s").await, [skipped(1.0, 2, Skip::Replaced)]);
    // Other policies leave its ticks as they are.
    runtime.advance(HOUR * 4);
    let changed = runtime.schedules().change("s").max_runs(7).apply().await.unwrap();
    assert_eq!((changed.next().map(hours), changed.policy().max_runs), (Some(4.5), Some(7)));
    serve_for(&runtime, 1.0).await;
    assert_eq!(log.of("a"), [6.5]);
}

#[tokio::test]
async fn one_that_was_removed_starts_nothing() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("a".into(), 0.0).on(&runtime).schedule("s").every(HOUR).create().await.unwrap();
    runtime.schedules().remove("s").await.unwrap();
    assert!(runtime.schedules().list().await.unwrap().is_empty());
    serve_for(&runtime, 3.0).await;
    assert!(log.of("a").is_empty());
}

#[tokio::test]
async fn one_that_is_created_while_somebody_serves_is_served() {
    let log = Log::default();
    let runtime = runtime(&log);
    let twice = log.clone().until("a", 2);
    let served = runtime.serve().until(twice).grace(HOUR).lines(|_| {}).into_future();
    let creates = works("a".into(), 0.0).on(&runtime).schedule("s").every(HOUR).max_runs(2).create();
    let (served, created) = tokio::join!(served, creates);
    assert_eq!((served.unwrap().left(), log.of("a").len()), (0, 2));
    let first = created.unwrap().next().map(hours).unwrap();
    assert_eq!(log.of("a"), [first, first + 1.0]);
}

#[tokio::test]
async fn what_is_no_schedule_is_an_error_that_says_why() {
    let log = Log::default();
    let runtime = runtime(&log);
    let call = || works("a".into(), 0.0).on(&runtime).schedule("s");
    for (error, part) in [
        (call().create().await, "does not say when it is due"),
        (call().every(HOUR).cron("@daily").create().await, "in two ways"),
        (call().cron("61 * * * *").create().await, "61"),
        (call().cron("@daily").tz("Europe/Berlinn").create().await, "Berlin"),
        (call().anchor("2026-01-01").cron("@daily").create().await, "`.anchor(…)` has nothing to belong to"),
        (works("a".into(), 0.0).on(&runtime).schedule("a/b").every(HOUR).create().await, "has no `/`"),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Definition);
        assert!(error.to_string().contains(part) && error.to_string().contains("works"), "{error}");
    }
}
