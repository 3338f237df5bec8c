//! A backfill: one run for each tick, and no more at once than it says.

use std::{collections::BTreeMap, time::Duration};

use super::{
    flows::{TAKES_ITS_TIME, most_at_once, takes_its_time},
    harness::{Process, killed_everywhere, read},
};
use crate::{
    RunState,
    clock::Timestamp,
    store::{Happening, Page, Starters, Store, Ticks, Trigger as Why},
};

const TICKS: u64 = 5;

const AT_ONCE: u64 = 2;

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn each_tick_is_filled_once_wherever_its_process_dies() {
    let test = concat!(module_path!(), "::each_tick_is_filled_once_wherever_its_process_dies");
    killed_everywhere(test, 40, live, judge);
}

async fn live(process: &Process) {
    let schedules = process.runtime.schedules();
    // It is over, and so starts nothing by itself.
    let hourly = takes_its_time(7).on(&process.runtime).schedule("s").every(HOUR).until("1999-01-01");
    hourly.create().await.expect("a schedule");
    let id = match filling(process).await {
        Some(key) => key["backfill/".len()..].to_owned(),
        None => {
            let begin = Timestamp::from_micros(0);
            let fill = schedules.backfill("s", begin..begin.plus(HOUR * TICKS as u32));
            fill.concurrency(AT_ONCE as usize).start().await.expect("a backfill")
        }
    };
    let over = async {
        let filled = schedules.until_backfilled(&id).await.expect("filled");
        assert_eq!(filled.started, TICKS);
    };
    process.serve(None, over).await;
    assert!(most_at_once() <= AT_ONCE, "{} at once", most_at_once());
}

/// The key of the backfill that there is.
async fn filling(process: &Process) -> Option<String> {
    let which = Starters::Listed { prefix: "backfill/".to_owned(), after: None };
    let all = read(process.store.starters(which, 10).await);
    assert!(all.len() <= 1, "{all:?}");
    all.into_iter().next().map(|starter| starter.key)
}

async fn judge(process: &Process, what: &str) {
    let mut ticks = BTreeMap::new();
    for run in process.runs(TAKES_ITS_TIME).await {
        assert_eq!(run.state, RunState::Completed, "{what}: {run:?}");
        assert_eq!(run.trigger, Why::Backfill, "{what}");
        *ticks.entry(run.started_by.and_then(|by| by.tick).expect("a tick")).or_insert(0) += 1;
    }
    assert!(ticks.len() as u64 == TICKS && ticks.values().all(|n| *n == 1), "{what}: {ticks:?}");
    let key = filling(process).await.expect("a backfill");
    let entries = read(process.store.starter_entries(key, Page::all()).await);
    let (mut told, mut over) = (Vec::new(), 0);
    for entry in &entries {
        match &entry.what {
            Happening::Ticks(Ticks { first, count: 1, .. }) => told.push(*first),
            Happening::Finished(_) => over += 1,
            _ => {}
        }
    }
    assert_eq!(told, ticks.into_keys().collect::<Vec<_>>(), "{what}");
    assert_eq!(over, 1, "{what}: {entries:?}");
}
