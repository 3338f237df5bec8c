//! Runs of past ticks.

use orch::{RunState, Timestamp, prelude::*, schedule::CatchUp, store::Trigger, testing::START};

use crate::{
    HOUR, Log, hours, managed::serve_once, runs_of, runtime, serve_for, serve_lines, states, until, works,
};

fn at(hours: f64) -> Timestamp {
    let micros = (hours * 3.6e9) as i64;
    Timestamp::from_micros(START.as_micros().checked_add_signed(micros).unwrap())
}

#[tokio::test]
async fn past_ticks_are_run_so_many_at_once() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("w".into(), 1.5)
        .on(&runtime)
        .schedule("s")
        .every(HOUR * 6)
        .catch_up(CatchUp::None)
        .create()
        .await
        .unwrap();
    let schedules = runtime.schedules();
    let backfill = schedules.backfill("s", at(-30.0)..at(0.0)).concurrency(2);
    let preview: Vec<f64> = backfill.preview().await.unwrap().into_iter().map(hours).collect();
    assert_eq!(preview, [-30.0, -24.0, -18.0, -12.0, -6.0]);
    let id = backfill.start().await.unwrap();
    serve_once(&runtime, 5.0).await;
    let runs = runs_of(&runtime, "::works").await;
    assert_eq!(states(&runs), [RunState::Completed; 5]);
    let lives: Vec<_> =
        runs.iter().map(|run| (hours(run.started.unwrap()), hours(run.ended.unwrap()))).collect();
    assert_eq!(lives, [(0.0, 1.5), (0.0, 1.5), (1.5, 3.0), (1.5, 3.0), (3.0, 4.5)]);
    assert!(runs.iter().all(|run| run.trigger == Trigger::Backfill));
    let mut stood_for = log.of("w");
    stood_for.sort_by(f64::total_cmp);
    assert_eq!(stood_for, preview);
    let told = schedules.backfilled(&id).await.unwrap();
    assert_eq!((told.started, told.under_way, told.next, told.paused), (5, 0, None, false));
}

/// Pauses, resumes and cancels a backfill of runs that take an hour each.
#[flow]
async fn person(id: String, #[provided] log: &Log) -> Result<(), Error> {
    let schedules = Runtime::current()?.schedules();
    orch::sleep(HOUR.mul_f64(2.5)).await;
    schedules.pause_backfill(&id).await?;
    orch::sleep(HOUR * 3).await;
    assert_eq!(log.of("w").len(), 3, "the third was under way");
    schedules.resume_backfill(&id).await?;
    orch::sleep(HOUR.mul_f64(2.5)).await;
    schedules.cancel_backfill(&id).await
}

#[tokio::test]
async fn a_backfill_is_paused_resumed_and_cancelled() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("w".into(), 1.0).on(&runtime).schedule("s").every(HOUR).until("2026-01-01").create().await.unwrap();
    let schedules = runtime.schedules();
    let id = schedules.backfill("s", at(-10.0)..at(0.0)).start().await.unwrap();
    let told = id.clone();
    tokio::join!(serve_for(&runtime, 20.0), async { person(id).on(&runtime).await.unwrap() });
    assert_eq!(log.of("w"), [-10.0, -9.0, -8.0, -7.0, -6.0, -5.0]);
    let runs = runs_of(&runtime, "::works").await;
    let mut expected = [RunState::Completed; 6];
    expected[5] = RunState::Cancelled;
    assert_eq!(states(&runs), expected);
    assert!(schedules.backfilled(&told).await.unwrap().cancelled);
    assert!(schedules.backfilled("nothing").await.unwrap_err().to_string().contains("no backfill `nothing`"));
}

#[tokio::test]
async fn one_with_an_id_is_started_once() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("w".into(), 0.5).on(&runtime).schedule("s").every(HOUR).until("2026-01-01").create().await.unwrap();
    let backfill = |from, id: &str| runtime.schedules().backfill("s", at(from)..at(0.0)).id(id).start();
    let first = backfill(-2.0, "day").await.unwrap();
    assert_eq!(backfill(-2.0, "day").await.unwrap(), first);
    let error = backfill(-3.0, "day").await.unwrap_err().to_string();
    assert!(error.contains("from 2025-12-31T22:00:00Z to 2026-01-01T00:00:00Z"), "{error}");
    assert!(backfill(-1.0, "a/b").await.is_err());
    assert!(backfill(1.0, "reversed").await.is_err());
    serve_for(&runtime, 5.0).await;
    assert_eq!(log.of("w"), [-2.0, -1.0]);
    // The next process asks for it again, when it is over.
    let next = runtime.fork(runtime.store().operations()).provide(log.clone()).build();
    let backfill = |id: &str| next.schedules().backfill("s", at(-2.0)..at(0.0)).id(id).start();
    assert_eq!(backfill("day").await.unwrap(), first);
    backfill("another day").await.unwrap();
    serve_for(&next, 5.0).await;
    assert_eq!(log.of("w"), [-2.0, -1.0, -2.0, -1.0]);
}

#[tokio::test]
async fn ticks_after_the_end_of_a_schedule_are_none() {
    let log = Log::default();
    let runtime = runtime(&log);
    let call = works("w".into(), 0.5).on(&runtime).schedule("s").every(HOUR);
    call.until("2025-12-31 21:00").create().await.unwrap();
    let backfill = runtime.schedules().backfill("s", at(-5.0)..at(0.0));
    assert_eq!(backfill.preview().await.unwrap(), [at(-5.0), at(-4.0), at(-3.0)]);
    backfill.start().await.unwrap();
    serve_for(&runtime, 5.0).await;
    assert_eq!(log.of("w"), [-5.0, -4.0, -3.0]);
}

#[tokio::test]
async fn the_lines_tell_of_a_backfill() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("w".into(), 0.5).on(&runtime).schedule("s").every(HOUR).until("2026-01-01").create().await.unwrap();
    runtime.schedules().backfill("s", at(-2.0)..at(0.0)).start().await.unwrap();
    let (_, lines) = serve_lines(&runtime, 3.0).await;
    let of_backfill: Vec<_> = lines.iter().filter(|line| line.starts_with("backfill of ")).collect();
    assert_eq!(of_backfill.len(), 3, "{lines:#?}");
    let begins = |place: usize, text: &str| assert!(of_backfill[place].starts_with(text), "{of_backfill:#?}");
    begins(0, "backfill of `s` of `works`: the tick of 2025-12-31T22:00:00Z started run ");
    begins(1, "backfill of `s` of `works`: the tick of 2025-12-31T23:00:00Z started run ");
    assert_eq!(of_backfill[2], "backfill of `s` of `works` is over: its 2 runs have ended");
}

#[tokio::test]
async fn a_program_may_end_with_its_backfill() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("w".into(), 1.0).on(&runtime).schedule("s").every(HOUR).until("2026-01-01").create().await.unwrap();
    let schedules = runtime.schedules();
    let id = schedules.backfill("s", at(-5.0)..at(0.0)).concurrency(2).start().await.unwrap();
    let none = schedules.backfill("s", at(0.25)..at(0.75)).start().await.unwrap();
    assert_eq!(schedules.until_backfilled(&none).await.unwrap().started, 0, "one of nothing is over at once");
    let (waiting, of) = (schedules.clone(), id.clone());
    let over = async move {
        waiting.until_backfilled(&of).await.unwrap();
    };
    assert_eq!(runtime.serve().until(over).lines(|_| {}).await.unwrap().left(), 0);
    assert_eq!(hours(runtime.now()), 3.0, "two at a time, an hour each");
    assert_eq!(states(&runs_of(&runtime, "::works").await), [RunState::Completed; 5]);
    let told = schedules.until_backfilled(&id).await.unwrap();
    assert_eq!((told.started, told.under_way, told.next), (5, 0, None));
    let error = schedules.until_backfilled("nothing").await.unwrap_err().to_string();
    assert!(error.contains("no backfill `nothing`"), "{error}");
}

#[tokio::test]
async fn one_that_is_cancelled_is_over_too() {
    let log = Log::default();
    let runtime = runtime(&log);
    works("w".into(), 1.0).on(&runtime).schedule("s").every(HOUR).until("2026-01-01").create().await.unwrap();
    let schedules = runtime.schedules();
    let id = schedules.backfill("s", at(-5.0)..at(0.0)).start().await.unwrap();
    let (waiting, of) = (schedules.clone(), id.clone());
    let over = async move {
        waiting.until_backfilled(&of).await.unwrap();
    };
    let cancelled = async {
        cancels(id.clone(), 1.5).on(&runtime).await.unwrap();
    };
    let serving = runtime.serve().until(over).lines(|_| {}).into_future();
    let (served, ()) = tokio::join!(serving, cancelled);
    assert_eq!(served.unwrap().left(), 0);
    assert_eq!(log.of("w"), [-5.0, -4.0]);
    let told = schedules.until_backfilled(&id).await.unwrap();
    assert_eq!((told.started, told.under_way, told.next), (2, 0, None));
}

/// Cancels a backfill after so many hours.
#[flow]
async fn cancels(id: String, hours: f64) -> Result<(), Error> {
    orch::sleep(HOUR.mul_f64(hours)).await;
    Runtime::current()?.schedules().cancel_backfill(&id).await
}

#[tokio::test]
async fn after_every_cut_each_past_tick_has_one_run() {
    let log = Log::default();
    let first = runtime(&log);
    works("w".into(), 0.5).on(&first).schedule("s").every(HOUR).until("2026-01-01").create().await.unwrap();
    first.schedules().backfill("s", at(-4.0)..at(0.0)).concurrency(2).start().await.unwrap();
    let served = first.serve().until(until(&first, 3.0)).lines(|_| {}).await.unwrap();
    assert_eq!(served.left(), 0);
    for cut in 2..=first.store().operations() {
        let second = first.fork(cut).provide(Log::default()).build();
        serve_for(&second, 10.0).await;
        let runs = runs_of(&second, "::works").await;
        let ticks: Vec<f64> =
            runs.iter().map(|run| hours(run.started_by.as_ref().unwrap().tick.unwrap())).collect();
        assert_eq!(ticks, [-4.0, -3.0, -2.0, -1.0], "after operation {cut}");
        assert_eq!(states(&runs), [RunState::Completed; 4], "after operation {cut}");
    }
}
