//! How many entries of the tree an answer costs, in a small store and in one with ten times as many runs: an answer
//! that walks through everything would show.

use std::sync::atomic::Ordering;

use uuid::{Builder, Uuid};

use super::support::{Writer, block_on, new_run};
use crate::{
    clock::Timestamp,
    id::{RunId, TaskNumber},
    state::RunState,
    store::{Durability, NewRun, Page, RunFilter, SledStore, Step, Store, SyncMode},
};

/// Runs that few others are like; they are the oldest, so that whoever searches goes through all others first.
const RARE: u64 = 3;
const TASKS: u32 = 40;

fn created(n: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + n * 1_000_000)
}

fn id(n: u64) -> RunId {
    let random = *Uuid::new_v4().as_bytes().last_chunk().expect("it is longer");
    RunId::from_bytes(
        *Builder::from_unix_timestamp_millis(created(n).as_micros() / 1_000, &random).as_uuid().as_bytes(),
    )
}

/// All runs have the tag `all`.
fn nth_run(n: u64) -> NewRun {
    let rare = n < RARE;
    let own = if rare { "rare" } else { "common" };
    let name = if rare { "test::rare" } else { "test::common" };
    NewRun { id: id(n), at: created(n), tags: vec!["all".into(), own.into()], ..new_run(name) }
}

async fn fill(store: &SledStore, runs: u64) -> Vec<RunId> {
    let mut ids = Vec::new();
    for n in 0..runs {
        let mut writer = Writer::submit(store, nth_run(n)).await.expect("it is new");
        ids.push(writer.run);
        // Only the ends of these runs are of many task runs, so that both stores are filled quickly.
        let tasks = if n < RARE || n + 1 == runs { TASKS } else { 1 };
        for _ in 0..tasks {
            writer.durable_call(b"value").await.expect("it can be written");
        }
        let state = if n < RARE { RunState::Failed } else { RunState::Completed };
        let step = Step::Run { expect: RunState::Running, state, attempt: 1, reason: None, outcome: None };
        writer.commit(vec![step], Durability::Durable).await.expect("it can be written");
    }
    // One that has not ended.
    let mut writer = Writer::submit(store, nth_run(runs)).await.expect("it is new");
    writer.durable_call(b"value").await.expect("it can be written");
    ids.push(writer.run);
    ids
}

/// The reads of each query, on a store with so many runs.
fn reads_of(runs: u64) -> Vec<(String, usize)> {
    let dir = tempfile::tempdir().expect("a directory");
    // Every change in a pack of its own, so that the runs of both stores lie in the log alike.
    let open = || SledStore::builder(dir.path()).durability(SyncMode::Process).open().expect("it opens");
    let store = open();
    let ids = block_on(fill(&store, runs));
    drop(store);
    let store = open();
    let mut counted = Vec::new();
    let mut count = |what: String, ask: &mut dyn FnMut() -> usize, expected: usize| {
        let reads = &store.shared.db.reads.count;
        // The writer reads too, so the fewest of some is what the question costs.
        let fewest = (0..5).map(|_| {
            reads.store(0, Ordering::Relaxed);
            assert_eq!(ask(), expected, "{what} of {runs} runs");
            reads.load(Ordering::Relaxed)
        });
        let fewest = fewest.min().expect("it was asked");
        counted.push((what, fewest));
    };
    let name = |name: &str| RunFilter { name: Some(name.into()), ..RunFilter::default() };
    let tag = |tag: &str| RunFilter { tag: Some(tag.into()), ..RunFilter::default() };
    let state = |state| RunFilter { state: Some(state), ..RunFilter::default() };
    let since = |n| RunFilter { since: Some(created(n)), ..RunFilter::default() };
    let (failed, done) = (Some(RunState::Failed), Some(RunState::Completed));
    let rare = RARE as usize;
    for (filter, expected) in [
        (RunFilter::default(), 10),
        (name("test::rare"), rare),
        (name("test::common"), 10),
        (name("test::unknown"), 0),
        (tag("rare"), rare),
        (tag("all"), 10),
        (tag("unknown"), 0),
        (state(RunState::Failed), rare),
        (state(RunState::Completed), 10),
        (state(RunState::Running), 1),
        (state(RunState::Crashed), 0),
        (since(runs - 4), 5),
        (since(runs + 1), 0),
        (since(0), 10),
        (RunFilter { state: failed, ..name("test::rare") }, rare),
        (RunFilter { state: failed, ..name("test::common") }, 0),
        (RunFilter { state: done, ..name("test::rare") }, 0),
        (RunFilter { state: failed, ..tag("all") }, rare),
        (RunFilter { state: done, ..tag("all") }, 10),
        (RunFilter { tag: Some("all".into()), ..name("test::rare") }, rare),
        (RunFilter { tag: Some("rare".into()), ..name("test::common") }, 0),
        (RunFilter { tag: Some("all".into()), state: failed, ..name("test::rare") }, rare),
        (RunFilter { tag: Some("all".into()), state: done, ..name("test::rare") }, 0),
        (RunFilter { since: Some(created(runs - 4)), ..name("test::common") }, 5),
        (RunFilter { since: Some(created(runs - 4)), ..tag("all") }, 5),
        (RunFilter { since: Some(created(runs - 4)), ..state(RunState::Failed) }, 0),
    ] {
        let ask = &mut || block_on(store.runs(filter.clone(), Page::first(10))).expect("readable").len();
        count(format!("runs {filter:?}"), ask, expected);
    }
    let further = Page::after(ids[20], 10);
    let ask = &mut || block_on(store.runs(RunFilter::default(), further)).expect("readable").len();
    count("a further page of runs".into(), ask, 10);

    for (which, n) in [("first", 0), ("last that has ended", ids.len() - 2)] {
        let run = ids[n];
        let ask = &mut || usize::from(block_on(store.run(run)).expect("readable").is_some());
        count(format!("the {which} run"), ask, 1);
        let page = Page::after(TaskNumber(9), 10);
        let ask = &mut || block_on(store.task_runs(run, page)).expect("readable").len();
        count(format!("task runs of the {which} run"), ask, 10);
        let ask = &mut || block_on(store.attempts(run, TaskNumber(20))).expect("readable").len();
        count(format!("attempts in the {which} run"), ask, 1);
        let ask = &mut || block_on(store.run_events(run, Page::after(30, 10))).expect("readable").len();
        count(format!("events of the {which} run"), ask, 10);
    }
    let running = ids[ids.len() - 1];
    let ask = &mut || block_on(store.task_runs(running, Page::first(10))).expect("readable").len();
    count("task runs of the run that has not ended".into(), ask, 1);
    for after in [0, 100] {
        let ask = &mut || block_on(store.events(Page::after(after, 10))).expect("readable").len();
        count(format!("events after {after}"), ask, 10);
    }
    counted
}

#[test]
fn no_answer_costs_more_in_a_larger_store() {
    for ((what, small), (_, large)) in reads_of(50).into_iter().zip(reads_of(500)) {
        assert!(small > 0 || large == 0, "{what}: nothing is counted");
        // The same packs may lie in one section more: a run begins anywhere in one.
        assert!(large <= small + 1, "{what}: {small} reads among 50 runs, {large} among 500");
        assert!(large <= 60, "{what}: {large} reads");
    }
}
