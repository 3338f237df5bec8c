//! Processes that die between any two changes of their store.

use std::collections::BTreeMap;

use orch::{
    RunState,
    schedule::{CatchUp, Overlap},
    store::{StarterChange, StarterPut, Starters, Trigger},
    testing::TestRuntime,
};

use crate::{HOUR, Log, hours, runs_of, runtime, serve_for, works};

/// Stores a schedule once more: under another key, or as one of another flow.
pub(super) async fn store_again(runtime: &TestRuntime, name: &str, key: Option<&str>, definition: &str) {
    let id = runtime.schedules().get(name).await.unwrap().id().to_owned();
    let known = runtime.answering().starters(Starters::Key(format!("schedule/{id}")), 1).await.unwrap();
    let known = known.into_iter().next().unwrap();
    let put = StarterPut { definition: definition.into(), wake: known.wake, content: known.content };
    let expect = key.is_none().then_some(known.revision);
    let key = key.map_or(known.key, str::to_owned);
    let (entries, at) = (Vec::new(), runtime.now());
    let change = StarterChange { key, expect, put: Some(put), entries, run: None, at };
    runtime.answering().change_starter(change).await.unwrap();
}

#[tokio::test]
async fn after_every_cut_each_tick_has_one_run() {
    for overlap in [Overlap::Allow, Overlap::Queue, Overlap::Cancel] {
        let log = Log::default();
        let first = runtime(&log);
        let call = works("w".into(), 1.5).on(&first).schedule("s").every(HOUR).overlap(overlap);
        call.catch_up(CatchUp::All).until("2026-01-01 04:00").create().await.unwrap();
        serve_for(&first, 5.5).await;
        for cut in 1..=first.store().operations() {
            let second = first.fork(cut).provide(Log::default()).build();
            second.advance(HOUR * 5);
            serve_for(&second, 30.0).await;
            let runs = runs_of(&second, "::works").await;
            let mut ticks: BTreeMap<u64, usize> = BTreeMap::new();
            for run in &runs {
                assert!(run.state.is_final(), "{overlap:?} after {cut}: {run:?}");
                assert!(
                    overlap == Overlap::Cancel || run.state == RunState::Completed,
                    "{overlap:?} after {cut}: {run:?}"
                );
                assert_eq!(run.trigger, Trigger::Schedule);
                let tick = run.started_by.as_ref().unwrap().tick.unwrap();
                *ticks.entry(hours(tick) as u64).or_default() += 1;
            }
            let expected = BTreeMap::from([(1, 1), (2, 1), (3, 1), (4, 1)]);
            assert_eq!(ticks, expected, "{overlap:?} after operation {cut}");
        }
    }
}
