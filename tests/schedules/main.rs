//! Schedules and triggers that are served: what starts when, and what becomes of ticks whose time was not kept. A program of
//! its own, because whatever schedules a program's attributes name are served in each of its tests.
#![allow(missing_docs, unreachable_pub, reason = "nobody outside this test binary sees its items")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::async_yields_async, reason = "a call is started inside the scope of its runtime")]

mod attributes;
mod backfills;
mod crashes;
mod files;
mod managed;
mod on;
mod overlap;
mod seen;
mod served;
#[cfg(unix)]
mod signals;
mod triggers;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use orch::{
    RunState, Served, Timestamp,
    prelude::*,
    store::{Fate, Happening, Page, Run, RunFilter, Skip, Ticks},
    testing::{START, TestRuntime},
};
use tokio::sync::Notify;

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// Which ticks bodies stand for, in the order in which they began.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(String, f64)>>>, Arc<Notify>);

impl Log {
    pub(crate) fn note(&self, who: &str) {
        let tick = orch::ctx().tick().expect("a tick started it");
        self.0.lock().unwrap().push((who.to_owned(), hours(tick)));
        self.1.notify_waiters();
    }

    /// Waits until so many have begun.
    pub(crate) async fn until(self, who: &str, count: usize) {
        loop {
            let mut noted = std::pin::pin!(self.1.notified());
            noted.as_mut().enable();
            if self.of(who).len() >= count {
                return;
            }
            noted.await;
        }
    }

    pub(crate) fn of(&self, who: &str) -> Vec<f64> {
        let log = self.0.lock().unwrap();
        log.iter().filter(|(noted, _)| noted == who).map(|(_, tick)| *tick).collect()
    }
}

/// Hours since the virtual clock started.
pub(crate) fn hours(at: Timestamp) -> f64 {
    (at.as_micros() as f64 - START.as_micros() as f64) / 3.6e9
}

/// Does its work as long as it is told.
#[flow]
pub(crate) async fn works(who: String, hours: f64, #[provided] log: &Log) -> Result<(), Error> {
    log.note(&who);
    orch::sleep(HOUR.mul_f64(hours)).await;
    Ok(())
}

pub(crate) fn runtime(log: &Log) -> TestRuntime {
    orch::testing::builder().provide(log.clone()).build()
}

/// Serves for so many hours, and lets what is under way then come to its end.
pub(crate) async fn serve_for(runtime: &TestRuntime, hours: f64) -> Served {
    serve_lines(runtime, hours).await.0
}

/// The same, and what was told.
pub(crate) async fn serve_lines(runtime: &TestRuntime, hours: f64) -> (Served, Vec<String>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let reader = lines.clone();
    let served = runtime
        .serve()
        .until(until(runtime, hours))
        .grace(HOUR * 1_000)
        .lines(move |line| reader.lock().unwrap().push(line.to_owned()))
        .await
        .unwrap();
    let lines = lines.lock().unwrap().clone();
    (served, lines)
}

/// So many hours from now, by the runtime's clock.
pub(crate) fn until(runtime: &TestRuntime, hours: f64) -> impl Future<Output = ()> + Send + 'static {
    let runtime: Runtime = (**runtime).clone();
    async move { runtime.scope(async { orch::sleep(HOUR.mul_f64(hours)).await }).await }
}

/// What became of a schedule's ticks: the first of each row in hours, how many they are, and their fate.
pub(crate) async fn fates(runtime: &Runtime, schedule: &str) -> Vec<(f64, u64, String)> {
    let history = runtime.schedules().history(schedule, Page::all()).await.unwrap();
    let row = |Ticks { first, count, fate, .. }: &Ticks| {
        let fate = match fate {
            Fate::Fired(_) => "fired".to_owned(),
            Fate::CaughtUp(_) => "caught up".to_owned(),
            Fate::Skipped(skip) => format!("{skip:?}"),
        };
        (hours(*first), *count, fate)
    };
    let ticks = history.iter().filter_map(|entry| match &entry.what {
        Happening::Ticks(ticks) => Some(row(ticks)),
        _ => None,
    });
    ticks.collect()
}

pub(crate) fn row(first: f64, count: u64, fate: &str) -> (f64, u64, String) {
    (first, count, fate.to_owned())
}

pub(crate) fn skipped(first: f64, count: u64, skip: Skip) -> (f64, u64, String) {
    (first, count, format!("{skip:?}"))
}

/// The runs of a flow, the oldest first.
pub(crate) async fn runs_of(runtime: &Runtime, flow: &str) -> Vec<Run> {
    let mut runs = runtime.runs(RunFilter::default(), Page::all()).await.unwrap();
    runs.retain(|run| run.name.ends_with(flow));
    runs.reverse();
    runs
}

pub(crate) fn states(runs: &[Run]) -> Vec<RunState> {
    runs.iter().map(|run| run.state).collect()
}
