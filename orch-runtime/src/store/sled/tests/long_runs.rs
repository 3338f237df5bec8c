//! What replaying a run costs when it has ten times as many scopes: what memory holds, and how often the tree is
//! asked.

use std::sync::atomic::Ordering;

use super::support::{Writer, block_on, move_task, new_run};
use crate::{
    codec::Bytes,
    definition::DefinitionKind,
    id::{CallKey, RunId, ScopeId, TaskNumber},
    state::TaskState,
    store::{
        Durability, Journal, Outcome, Record, SledStore, Step, Store, SyncMode, TaskClaim,
        sled::active::Active,
    },
};

/// Calls of each scope, and scopes that are written at the same time.
const CALLS: u32 = 4;
const AT_ONCE: u32 = 2;

/// Calls that were under way when the run was interrupted.
const UNDER_WAY: u32 = 3;

fn scope(n: u32) -> ScopeId {
    ScopeId::ROOT.item(u64::from(n))
}

fn claim(task: u32, scope: ScopeId, call: u32) -> Step {
    Step::Claim(TaskClaim {
        task: TaskNumber(task),
        key: CallKey { scope, call: call.into(), occurrence: 0 },
        instance: 1,
        name: "test::task".into(),
        kind: DefinitionKind::Task,
        labels: None,
        input: None,
    })
}

/// The call `number` of a scope, from its beginning to its end.
fn call(task: u32, scope: ScopeId, number: u32) -> Vec<Step> {
    vec![
        claim(task, scope, number),
        move_task(task, (TaskState::Pending, 0), (TaskState::Running, 1)),
        move_task(task, (TaskState::Running, 1), (TaskState::Completed, 1)),
        Step::Record(Record {
            scope,
            instance: 1,
            number,
            call: number.into(),
            occurrence: 0,
            task: Some(TaskNumber(task)),
            outcome: Outcome::Value(Bytes::from(task.to_le_bytes())),
        }),
    ]
}

/// A run of so many scopes, each of its changes in a pack of its own.
async fn fill(store: &SledStore, scopes: u32) -> RunId {
    let mut writer = Writer::submit(store, new_run("test::long")).await.expect("it is new");
    let mut task = 0;
    for first in (0..scopes).step_by(AT_ONCE as usize) {
        for number in 0..CALLS {
            for n in first..first + AT_ONCE {
                let steps = call(task, scope(n), number);
                writer.commit(steps, Durability::Durable).await.expect("it can be written");
                task += 1;
            }
        }
    }
    for number in 0..UNDER_WAY {
        let steps = vec![claim(task + number, ScopeId::ROOT, number)];
        writer.commit(steps, Durability::Durable).await.expect("it can be written");
    }
    writer.run
}

fn values(journal: &Journal) -> Vec<u32> {
    let value = |record: &Record| match &record.outcome {
        Outcome::Value(value) => u32::from_le_bytes(value[..].try_into().expect("a number")),
        other => panic!("{other:?}"),
    };
    journal.records.iter().map(value).collect()
}

/// Entries in memory.
fn resident(active: &Active) -> usize {
    let slots = active.live().slots.as_ref().map_or(0, |slots| slots.len());
    slots + active.with_index(|index| Ok(index.resident())).expect("it reads nothing")
}

struct Cost {
    /// The most entries in memory.
    resident: usize,
    /// Reads of the tree for each record, rounded up.
    reads: usize,
}

fn replay(scopes: u32) -> Cost {
    let dir = tempfile::tempdir().expect("a directory");
    let open = || SledStore::builder(dir.path()).durability(SyncMode::Process).open().expect("it opens");
    let store = open();
    let run = block_on(fill(&store, scopes));
    drop(store);
    let store = open();
    let mut writer = block_on(Writer::claim(&store, run)).expect("readable").expect("it has not ended");
    let active = store.shared.runs.get(run).expect("it has not ended");
    let reads = &store.shared.db.reads.count;
    reads.store(0, Ordering::Relaxed);
    let mut most = 0;
    let mut ask = |of: ScopeId| {
        let journal = block_on(store.replay(run, writer.fence, of)).expect("readable");
        most = most.max(resident(&active));
        journal
    };
    let root = ask(ScopeId::ROOT);
    assert_eq!((root.records.len(), root.in_flight.len()), (0, UNDER_WAY as usize));
    for n in 0..scopes {
        let first = n / AT_ONCE * AT_ONCE * CALLS + n % AT_ONCE;
        let expected: Vec<u32> = (0..CALLS).map(|number| first + number * AT_ONCE).collect();
        assert_eq!(values(&ask(scope(n))), expected, "scope {n} of {scopes}");
    }
    let reads = reads.load(Ordering::Relaxed).div_ceil((scopes * CALLS) as usize);

    // Where each call stands is known too.
    let last = scopes * CALLS;
    let start = |task| move_task(task, (TaskState::Pending, 0), (TaskState::Running, 1));
    block_on(writer.commit(vec![start(last)], Durability::Durable)).expect("it was claimed");
    let again = move_task(0, (TaskState::Completed, 1), (TaskState::Running, 2));
    block_on(writer.commit(vec![again], Durability::Durable)).expect_err("it has ended");
    Cost { resident: most.max(resident(&active)), reads }
}

#[test]
fn a_longer_run_takes_no_more_memory_and_no_more_reads_for_each_record() {
    let (short, long) = (replay(50), replay(500));
    assert!(long.resident <= short.resident, "{} entries, then {}", short.resident, long.resident);
    assert!(long.reads <= short.reads, "{} reads of each record, then {}", short.reads, long.reads);
    assert!(long.reads <= 4, "{} reads of each record", long.reads);
}
