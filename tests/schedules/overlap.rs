//! Ticks that come while a run of an earlier one is under way.

use orch::{
    RunState,
    prelude::*,
    schedule::Overlap,
    store::{Page, RunFilter, Skip},
};

use crate::{HOUR, Log, fates, hours, row, runs_of, runtime, serve_for, skipped, states, works};

async fn serve(overlap: Overlap) -> (Log, orch::testing::TestRuntime) {
    let log = Log::default();
    let runtime = runtime(&log);
    // Each run takes two and a half ticks.
    let call = works("w".into(), 2.5).on(&runtime).schedule("s").every(HOUR);
    call.overlap(overlap).until("2026-01-01 05:00").create().await.unwrap();
    serve_for(&runtime, 30.0).await;
    (log, runtime)
}

fn lives(runs: &[orch::store::Run]) -> Vec<(f64, f64)> {
    runs.iter().map(|run| (hours(run.started.unwrap()), hours(run.ended.unwrap()))).collect()
}

#[tokio::test]
async fn allow_lets_them_run_side_by_side() {
    let (log, runtime) = serve(Overlap::Allow).await;
    assert_eq!(log.of("w"), [1.0, 2.0, 3.0, 4.0, 5.0]);
    let runs = runs_of(&runtime, "::works").await;
    assert_eq!(lives(&runs), [(1.0, 3.5), (2.0, 4.5), (3.0, 5.5), (4.0, 6.5), (5.0, 7.5)]);
}

#[tokio::test]
async fn skip_leaves_ticks_out() {
    let (log, runtime) = serve(Overlap::Skip).await;
    assert_eq!(log.of("w"), [1.0, 4.0]);
    let expected = [
        row(1.0, 1, "fired"),
        skipped(2.0, 1, Skip::Overlap),
        skipped(3.0, 1, Skip::Overlap),
        row(4.0, 1, "fired"),
        skipped(5.0, 1, Skip::Overlap),
    ];
    assert_eq!(fates(&runtime, "s").await, expected);
}

#[tokio::test]
async fn queue_lets_them_wait_for_their_turn() {
    let (log, runtime) = serve(Overlap::Queue).await;
    assert_eq!(log.of("w"), [1.0, 2.0, 3.0, 4.0, 5.0], "in the order of their ticks");
    let runs = runs_of(&runtime, "::works").await;
    assert_eq!(lives(&runs), [(1.0, 3.5), (3.5, 6.0), (6.0, 8.5), (8.5, 11.0), (11.0, 13.5)]);
    assert_eq!(runs.iter().map(|run| hours(run.created)).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[tokio::test]
async fn cancel_ends_the_one_before() {
    let (log, runtime) = serve(Overlap::Cancel).await;
    assert_eq!(log.of("w"), [1.0, 2.0, 3.0, 4.0, 5.0]);
    let runs = runs_of(&runtime, "::works").await;
    let mut expected = [RunState::Cancelled; 5];
    expected[4] = RunState::Completed;
    assert_eq!(states(&runs), expected);
    assert_eq!(lives(&runs), [(1.0, 2.0), (2.0, 3.0), (3.0, 4.0), (4.0, 5.0), (5.0, 7.5)]);
    assert!(runs[0].reason.as_ref().unwrap().contains("a later tick of `s` took its place"), "{runs:?}");
}

#[tokio::test]
async fn those_that_wait_go_on_waiting_in_the_next_process() {
    let log = Log::default();
    let first = runtime(&log);
    let call = works("w".into(), 2.5).on(&first).schedule("s").every(HOUR);
    call.overlap(Overlap::Queue).until("2026-01-01 03:00").create().await.unwrap();
    let served = first.serve().until(crate::until(&first, 3.2)).grace(HOUR / 60).lines(|_| {}).await.unwrap();
    assert_eq!(served.left(), 1, "the others wait, and nobody has begun them");
    let runs = runs_of(&first, "::works").await;
    assert_eq!(states(&runs), [RunState::Running, RunState::Scheduled, RunState::Scheduled]);
    let second = first.fork(first.store().operations()).provide(log.clone()).build();
    second.advance(HOUR * 4);
    serve_for(&second, 20.0).await;
    let runs = runs_of(&second, "::works").await;
    assert_eq!(states(&runs), [RunState::Completed; 3]);
    let lives = lives(&runs);
    assert!(lives[0].1 <= lives[1].0 && lives[1].1 <= lives[2].0, "{lives:?}");
    assert_eq!(log.of("w"), [1.0, 1.0, 2.0, 3.0]);
}

/// Cancels what waits for its turn, after so many hours.
#[flow]
async fn cancels(after: f64) -> Result<Vec<bool>, Error> {
    orch::sleep(HOUR.mul_f64(after)).await;
    let runtime = Runtime::current()?;
    let waiting = RunFilter { state: Some(RunState::Scheduled), ..RunFilter::default() };
    let mut cancelled = Vec::new();
    for run in runtime.runs(waiting, Page::all()).await? {
        cancelled.push(runtime.cancel(run.id).await?);
        cancelled.push(runtime.cancel(run.id).await?);
    }
    Ok(cancelled)
}

#[tokio::test]
async fn one_that_waits_for_its_turn_can_be_cancelled() {
    let log = Log::default();
    let runtime = runtime(&log);
    let call = works("w".into(), 2.5).on(&runtime).schedule("s").every(HOUR);
    call.overlap(Overlap::Queue).until("2026-01-01 05:00").create().await.unwrap();
    let person = cancels(3.2);
    let (_, cancelled) =
        tokio::join!(serve_for(&runtime, 30.0), async { person.on(&runtime).await.unwrap() });
    assert_eq!(cancelled, [true, false, true, false], "those of 2 and 3 hours, once");
    assert_eq!(log.of("w"), [1.0, 4.0, 5.0]);
    let runs = runs_of(&runtime, "::works").await;
    let expected = [RunState::Completed, RunState::Cancelled, RunState::Cancelled];
    assert_eq!(states(&runs)[..3], expected);
    assert!(
        runs[1].reason.as_ref().unwrap().contains("cancelled through the runtime"),
        "{:?}",
        runs[1].reason
    );
}
