//! Ticks of a schedule: each has one run.

use std::{collections::BTreeMap, time::Duration};

use orch_schedule::{CatchUp, Overlap, Policy, Rule};

use super::{
    flows::TAKES_ITS_TIME,
    harness::{Process, killed_everywhere, read},
};
use crate::{
    RunState,
    clock::Clock,
    codec,
    schedule::stored::{Source, Stored, key, micros},
    store::{Happening, Page, StarterChange, Starters, Store, Ticks},
};

const TICKS: u64 = 4;

macro_rules! killed {
    ($($test:ident: $overlap:ident;)*) => {$(
        #[test]
        fn $test() {
            let test = concat!(module_path!(), "::", stringify!($test));
            let live = async |process: &Process| live(process, Overlap::$overlap).await;
            let judge = async |process: &Process, what: &str| judge(process, Overlap::$overlap, what).await;
            killed_everywhere(test, 20, live, judge);
        }
    )*};
}

killed! {
    each_tick_has_one_run_wherever_its_process_dies: Allow;
    each_tick_has_its_turn_wherever_its_process_dies: Queue;
    the_last_tick_stays_wherever_its_process_dies: Cancel;
}

/// Gives all ticks of a schedule their fate, of which four are due.
async fn live(process: &Process, overlap: Overlap) {
    create(process, overlap).await;
    process.serve(None, process.until_ended(TAKES_ITS_TIME, TICKS as usize)).await;
}

async fn create(process: &Process, overlap: Overlap) {
    let key = key(TAKES_ITS_TIME, "s");
    if !read(process.store.starters(Starters::Key(key.clone()), 1).await).is_empty() {
        return;
    }
    let at = Clock::System.now();
    let hour = Duration::from_secs(3_600);
    let policy = Policy { catch_up: CatchUp::All, overlap, max_runs: Some(TICKS), ..Policy::default() };
    let mut stored = Stored {
        name: "s".into(),
        rule: Rule::every(hour).build().expect("a rule"),
        policy,
        source: Source::Code,
        input: codec::encode(&(7u64,)).expect("encoded"),
        label: None,
        tags: Vec::new(),
        next: None,
        paused: false,
        fired: 0,
        active: Vec::new(),
    };
    stored.begin(&key, micros(at) - hour.as_micros() as i64 * TICKS as i64);
    let put = Some(stored.put(TAKES_ITS_TIME).expect("encoded"));
    let change = StarterChange { key, expect: None, put, entries: Vec::new(), run: None, at };
    read(process.store.change_starter(change).await);
}

async fn judge(process: &Process, overlap: Overlap, what: &str) {
    let mut ticks = BTreeMap::new();
    let runs = process.runs(TAKES_ITS_TIME).await;
    for (place, run) in runs.iter().enumerate() {
        let may_be_cancelled = overlap == Overlap::Cancel && place + 1 < runs.len();
        let well = run.state == RunState::Completed || may_be_cancelled && run.state == RunState::Cancelled;
        assert!(well, "{what}: {run:?}");
        *ticks.entry(run.started_by.as_ref().and_then(|by| by.tick).expect("a tick")).or_insert(0) += 1;
    }
    assert!(ticks.len() as u64 == TICKS && ticks.values().all(|n| *n == 1), "{what}: {ticks:?}");
    let entries = read(process.store.starter_entries(key(TAKES_ITS_TIME, "s"), Page::all()).await);
    let told = entries.iter().filter_map(|entry| match &entry.what {
        Happening::Ticks(Ticks { first, count: 1, .. }) => Some(*first),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ticks.into_keys().collect::<Vec<_>>(), "{what}");
}
