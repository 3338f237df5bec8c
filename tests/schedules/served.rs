//! A runtime that is served: what it starts, what it lists, how it ends.

use std::time::Duration;

use orch::{RunState, prelude::*, schedule::CatchUp, store::Trigger};

use crate::{
    HOUR, Log, fates, hours, row, runs_of, runtime, serve_for, serve_lines, skipped, states, until, works,
};
use orch::store::Skip;

#[tokio::test]
async fn every_tick_starts_a_run_when_it_is_due() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("a".into(), 0.1).on(&runtime).schedule("hourly").every(HOUR).create().await.unwrap();
    works("b".into(), 0.1)
        .on(&runtime)
        .schedule("noons")
        .cron("0 12 * * *")
        .tz("Asia/Tokyo")
        .create()
        .await
        .unwrap();
    let served = serve_for(&runtime, 5.5).await;
    assert_eq!(served.left(), 0);
    assert_eq!(log.of("a"), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(log.of("b"), [3.0], "noon in Tokyo is 3 in the morning in universal time");
    let runs = runs_of(&runtime, "::works").await;
    assert_eq!(runs.len(), 6);
    for run in runs {
        assert_eq!((run.state, run.trigger), (RunState::Completed, Trigger::Schedule));
        let by = run.started_by.unwrap();
        assert_eq!(hours(by.tick.unwrap()), hours(run.created), "it was started on time: {by:?}");
        assert!(by.starter.ends_with("works/hourly") || by.starter.ends_with("works/noons"), "{by:?}");
    }
    assert_eq!(fates(&runtime, "hourly").await.len(), 5);
}

#[tokio::test]
async fn the_lines_say_what_happened() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("a".into(), 0.5).on(&runtime).schedule("hourly").every(HOUR).create().await.unwrap();
    let (_, lines) = serve_lines(&runtime, 1.2).await;
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(has("serving ") && has(" flows with "), "{lines:#?}");
    assert!(has("`hourly` of `works`: the tick of 2026-01-01T01:00:00Z started run "), "{lines:#?}");
    assert!(has("of `works` completed after 1800.0s"), "{lines:#?}");
    assert!(has("ending as was agreed") && has("ended: every run has come to its end"), "{lines:#?}");
}

/// Runs that are caught up at once begin in any order.
fn sorted(mut ticks: Vec<f64>) -> Vec<f64> {
    ticks.sort_by(f64::total_cmp);
    ticks
}

#[tokio::test]
async fn what_was_missed_is_dealt_with_as_the_schedule_says() {
    let log = Log::default();
    let first = runtime(&log);
    for (name, catch_up) in [("none", CatchUp::None), ("last", CatchUp::Last), ("all", CatchUp::All)] {
        let call = works(name.into(), 0.0).on(&first).schedule(name).every(HOUR);
        call.catch_up(catch_up).create().await.unwrap();
    }
    let late = works("late".into(), 0.0).on(&first).schedule("late").every(HOUR).catch_up(CatchUp::All);
    late.max_late(HOUR * 2).create().await.unwrap();
    serve_for(&first, 2.5).await;
    // Nobody is there from 2:30 to 6:30.
    let second = first.fork(first.store().operations()).provide(log.clone()).build();
    second.advance(HOUR.mul_f64(6.5));
    serve_for(&second, 1.0).await;
    assert_eq!(log.of("none"), [1.0, 2.0, 7.0]);
    assert_eq!(log.of("last"), [1.0, 2.0, 6.0, 7.0]);
    assert_eq!(sorted(log.of("all")), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(sorted(log.of("late")), [1.0, 2.0, 5.0, 6.0, 7.0]);
    let (fired, seven) = ([row(1.0, 1, "fired"), row(2.0, 1, "fired")], [row(7.0, 1, "fired")]);
    let told = |middle: &[_]| [&fired[..], middle, &seven].concat();
    assert_eq!(fates(&second, "none").await, told(&[skipped(3.0, 4, Skip::Missed)]));
    assert_eq!(
        fates(&second, "last").await,
        told(&[skipped(3.0, 3, Skip::NotTheLast), row(6.0, 1, "caught up")])
    );
    let rows = [skipped(3.0, 2, Skip::TooLate), row(5.0, 1, "caught up"), row(6.0, 1, "caught up")];
    assert_eq!(fates(&second, "late").await, told(&rows));
}

#[tokio::test]
async fn a_clock_that_jumps_by_a_year_makes_one_row_and_no_storm() {
    let log = Log::default();
    let first = runtime(&log);
    let every = |name: &'static str, minutes: u64| {
        let call = works(name.into(), 0.0).on(&first).schedule(name);
        call.every(Duration::from_secs(60 * minutes))
    };
    every("none", 5).catch_up(CatchUp::None).create().await.unwrap();
    every("last", 5).create().await.unwrap();
    every("seconds", 0).every(Duration::from_secs(1)).create().await.unwrap();
    first.advance(Duration::from_secs(365 * 86_400 + 60));
    serve_for(&first, 0.001).await;
    assert_eq!(fates(&first, "none").await, [skipped(1.0 / 12.0, 100_000, Skip::Missed)]);
    let last = fates(&first, "last").await;
    assert_eq!(last, [skipped(1.0 / 12.0, 100_000, Skip::NotTheLast), row(365.0 * 24.0, 1, "caught up")]);
    assert_eq!(log.of("last"), [365.0 * 24.0]);
    let seconds = fates(&first, "seconds").await;
    assert!(seconds.len() < 20 && seconds[0].1 == 100_000, "{seconds:?}");
}

#[tokio::test]
async fn an_end_and_a_number_of_runs_end_a_schedule() {
    let log = Log::default();
    let runtime = runtime(&log);
    let call = |name: &str| works(name.into(), 0.0).on(&runtime).schedule(name).every(HOUR);
    call("three").max_runs(3).create().await.unwrap();
    call("early").until("2026-01-01 02:00").create().await.unwrap();
    works("once".into(), 0.0).on(&runtime).schedule("once").at("2026-01-01 04:30").create().await.unwrap();
    serve_for(&runtime, 8.0).await;
    assert_eq!(log.of("three"), [1.0, 2.0, 3.0]);
    assert_eq!(log.of("early"), [1.0, 2.0]);
    assert_eq!(log.of("once"), [4.5]);
    for name in ["three", "early", "once"] {
        assert_eq!(runtime.schedules().get(name).await.unwrap().next(), None);
    }
}

#[tokio::test]
async fn jitter_spreads_equal_ticks_equally() {
    let log = Log::default();
    let runtime = runtime(&log);
    for name in ["x", "y"] {
        let call = works(name.into(), 0.0).on(&runtime).schedule(name).every(HOUR);
        call.jitter(HOUR / 2).create().await.unwrap();
    }
    serve_for(&runtime, 3.75).await;
    assert_eq!((log.of("x"), log.of("y")), (vec![1.0, 2.0, 3.0], vec![1.0, 2.0, 3.0]));
    let late: Vec<f64> =
        runs_of(&runtime, "::works").await.iter().map(|run| hours(run.created).fract()).collect();
    assert!(late.iter().all(|late| *late < 0.5) && late.iter().any(|late| *late > 0.0), "{late:?}");
}

#[flow]
async fn takes_nothing() {}

#[tokio::test]
async fn what_cannot_start_leaves_a_failed_run() {
    for (flow, reason) in [
        ("gone::never_there", "which this program does not have"),
        (concat!(module_path!(), "::takes_nothing"), "the stored input does not fit"),
    ] {
        let log = Log::default();
        let runtime = runtime(&log);
        works("a".into(), 0.0)
            .on(&runtime)
            .schedule("hourly")
            .every(HOUR)
            .max_runs(1)
            .create()
            .await
            .unwrap();
        crate::crashes::store_again(&runtime, "hourly", None, flow).await;
        assert_eq!(serve_for(&runtime, 1.5).await.left(), 0);
        let runs = runs_of(&runtime, flow).await;
        assert_eq!(states(&runs), [RunState::Failed]);
        let text = runs[0].reason.clone().unwrap();
        assert!(text.contains(reason), "{text}");
        assert!(runs[0].error.is_some());
        assert!(log.of("a").is_empty());
    }
}

#[tokio::test]
async fn the_end_waits_for_runs_and_leaves_those_that_take_too_long() {
    let log = Log::default();
    let first = runtime(&log);
    works("short".into(), 0.5).on(&first).schedule("short").at("2026-01-01 01:00").create().await.unwrap();
    works("long".into(), 50.0).on(&first).schedule("long").at("2026-01-01 01:00").create().await.unwrap();
    let served = first.serve().until(until(&first, 1.1)).grace(HOUR).lines(|_| {}).await.unwrap();
    assert_eq!(served.left(), 1);
    let mut ended = states(&runs_of(&first, "::works").await);
    ended.sort();
    assert_eq!(ended, [RunState::Running, RunState::Completed]);
    // The next start takes it up where it was: its body began at 1:00 and sleeps until 51:00.
    let second = first.fork(first.store().operations()).provide(log.clone()).build();
    second.advance(HOUR * 10);
    let served = serve_for(&second, 60.0).await;
    assert_eq!(served.left(), 0);
    assert_eq!(log.of("long"), [1.0, 1.0], "its flow was executed again, up to where it was");
    let runs = runs_of(&second, "::works").await;
    assert_eq!(states(&runs), [RunState::Completed; 2]);
    assert_eq!(hours(runs.iter().filter_map(|run| run.ended).max().unwrap()), 51.0);
}

#[flow]
async fn calls_works(#[provided] log: &Log) -> Result<(), Error> {
    log.note("outer");
    works("inner".into(), 0.0).await
}

#[tokio::test]
async fn what_a_flow_calls_stands_for_the_same_tick() {
    let log = Log::default();
    let runtime = runtime(&log);
    calls_works().on(&runtime).schedule("s").at("2026-01-01 02:00").create().await.unwrap();
    crate::managed::serve_once(&runtime, 3.0).await;
    assert_eq!((log.of("outer"), log.of("inner")), (vec![2.0], vec![2.0]));
    let run = runs_of(&runtime, "::calls_works").await[0].id;
    runtime.scope(async { orch::rerun::<()>(run).await }).await.unwrap();
    assert_eq!(log.of("inner"), [2.0, 2.0], "a rerun stands for the tick of the run before it");
}
