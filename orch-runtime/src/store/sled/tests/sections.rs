//! What it must not change that packs of the log are joined: what is found, also after a kill and while they are being
//! joined, and that damage is told.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::{
    super::{
        db::Db,
        keys::{LOG, SLOT},
        section::ENOUGH,
    },
    support::{Writer, block_on, copy, everything, new_run, value},
};
use crate::{
    id::{RunId, ScopeId, TaskNumber},
    state::TaskState,
    store::{Outcome, Page, SledStore, Store, StoreError, SyncMode},
};

fn open(dir: &Path, mode: SyncMode) -> SledStore {
    SledStore::builder(dir).durability(mode).open().expect("it opens")
}

/// The keys below a prefix with what they hold.
fn entries(db: &Db, prefix: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = db.prefix(&[prefix]).map(|entry| entry.expect("readable"));
    entries.map(|(key, stored)| (key.to_vec(), stored.to_vec())).collect()
}

/// How many values a run of so many calls takes in the log and in its tail, each call in a pack of its own.
fn values_of(calls: u32) -> (usize, usize) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), SyncMode::Process);
    let mut writer = block_on(Writer::submit(&store, new_run("test::long"))).expect("it is new");
    for number in 0..calls {
        block_on(writer.durable_call(&number.to_le_bytes())).expect("committed");
    }
    let db = &store.shared.db;
    (entries(db, LOG).len(), entries(db, SLOT).len())
}

#[test]
fn a_run_takes_one_value_for_many_packs() {
    let ((short, slots), (long, slots_of_long)) = (values_of(100), values_of(1_000));
    println!("{short} values and {slots} slots, then {long} and {slots_of_long}");
    // A pack of these is shorter than a sixth of a section.
    assert!(short <= 100 / 6 && long <= 1_000 / 6, "{short} values for 100 packs, {long} for 1,000");
    assert!(slots_of_long <= slots.max(ENOUGH / 50), "{slots} slots, then {slots_of_long}");
}

/// The process can end anywhere: with the tail empty, full, just joined, and behind a pack that lies alone.
#[test]
fn everything_is_found_wherever_the_log_ends() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), SyncMode::Process);
    let mut writer = block_on(Writer::submit(&store, new_run("test::cut"))).expect("it is new");
    for number in 0..70 {
        block_on(writer.durable_call(&value(number))).expect("committed");
        let told = block_on(everything(&store)).expect("readable");
        let cut = tempfile::tempdir().expect("a directory");
        copy(dir.path(), cut.path());
        let mut reopened = open(cut.path(), SyncMode::Process);
        assert_eq!(block_on(everything(&reopened)).expect("readable"), told, "after call {number}");
        let mut again = block_on(Writer::claim(&reopened, writer.run)).expect("readable").expect("it runs");
        block_on(again.durable_call(&value(number + 1))).expect("it goes on");
        let told = block_on(everything(&reopened)).expect("readable");
        drop(reopened);
        reopened = open(cut.path(), SyncMode::Process);
        assert_eq!(
            block_on(everything(&reopened)).expect("readable"),
            told,
            "after call {number} and one more"
        );
        let again = block_on(Writer::claim(&reopened, writer.run)).expect("readable").expect("it runs");
        let expected: Vec<_> = (0..=number + 1).map(value).collect();
        assert_eq!(block_on(again.values()).expect("a journal"), expected);
    }
}

const CALLS: u32 = 400;

/// A run that is written while others read, and how many of its calls were acknowledged.
struct Watched {
    run: RunId,
    calls: AtomicU32,
}

/// Asks everything that is found through the log, and compares it with what was acknowledged before.
async fn look(store: &SledStore, runs: &[Watched], random: &mut fastrand::Rng) -> Result<(), StoreError> {
    for watched in runs {
        let calls = watched.calls.load(Ordering::Acquire);
        let tasks = store.task_runs(watched.run, Page::all()).await?;
        assert!(tasks.len() >= calls as usize);
        assert!(tasks.iter().take(calls as usize).all(|task| task.state == TaskState::Completed));
        assert!((0..).zip(&tasks).all(|(number, task)| task.task == TaskNumber(number)));
        // Two events when it was submitted, and three for each call.
        let events = store.run_events(watched.run, Page::all()).await?;
        assert!(events.len() >= 2 + 3 * calls as usize);
        assert!(events.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
        let journal = store.journal(watched.run, ScopeId::ROOT).await?;
        assert!(journal.records.len() >= calls as usize);
        for (number, record) in (0..).zip(&journal.records) {
            let Outcome::Value(found) = &record.outcome else { panic!("{record:?}") };
            assert_eq!(**found, *value(number), "call {number}");
        }
        if calls > 0 {
            let attempts = store.attempts(watched.run, TaskNumber(random.u32(0..calls))).await?;
            assert_eq!(attempts.len(), 1);
        }
    }
    let written: u32 = runs.iter().map(|watched| 2 + 3 * watched.calls.load(Ordering::Acquire)).sum();
    let written = u64::from(written);
    let (after, limit) = (random.u64(0..written), random.usize(1..100));
    let events = store.events(Page::after(after, limit)).await?;
    assert!(events.len() as u64 >= (written - after).min(limit as u64));
    assert!(events.iter().map(|event| event.sequence).eq(after + 1..=after + events.len() as u64));
    Ok(())
}

#[test]
fn readers_miss_nothing_while_packs_are_joined() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), SyncMode::Process);
    let submit = || block_on(Writer::submit(&store, new_run("test::watched"))).expect("it is new");
    let mut writers = [submit(), submit()];
    let runs = writers.each_ref().map(|writer| Watched { run: writer.run, calls: AtomicU32::new(0) });
    let written = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut random = fastrand::Rng::new();
                let mut last = false;
                while !last {
                    last = written.load(Ordering::Acquire);
                    block_on(look(&store, &runs, &mut random)).expect("readable");
                }
            });
        }
        for number in 0..CALLS {
            for (writer, watched) in writers.iter_mut().zip(&runs) {
                block_on(writer.durable_call(&value(number))).expect("committed");
                watched.calls.store(number + 1, Ordering::Release);
            }
        }
        written.store(true, Ordering::Release);
    });
}

/// A store whose log has sections of all kinds, a tail, and slots that are left over.
fn filled(dir: &Path) -> String {
    let store = open(dir, SyncMode::Fsync);
    let mut writer = block_on(Writer::submit(&store, new_run("test::damaged"))).expect("it is new");
    for number in 0..36 {
        block_on(writer.durable_call(&value(number))).expect("committed");
    }
    block_on(everything(&store)).expect("readable")
}

/// What a store tells whose entries were changed behind its back.
fn told_after(whole: &Path, change: impl FnOnce(&mut sled::Batch)) -> Result<String, StoreError> {
    let dir = tempfile::tempdir().expect("a directory");
    copy(whole, dir.path());
    let db = Db::open(&dir.path().join("state")).expect("a database");
    let mut batch = sled::Batch::default();
    change(&mut batch);
    db.apply(batch).expect("written");
    db.flush().expect("flushed");
    drop(db);
    block_on(everything(&SledStore::open(dir.path())?))
}

fn is_told(result: Result<String, StoreError>, what: &str) {
    let error = result.expect_err(what).to_string();
    assert!(error.contains("damaged"), "{what}: {error}");
}

#[test]
fn damage_in_a_section_or_in_the_tail_is_told() {
    let whole = tempfile::tempdir().expect("a directory");
    let told = filled(whole.path());
    let db = Db::open(&whole.path().join("state")).expect("a database");
    let (sections, slots) = (entries(&db, LOG), entries(&db, SLOT));
    drop(db);
    assert_eq!(told_after(whole.path(), |_| {}).expect("nothing was changed"), told);

    let mut random = fastrand::Rng::with_seed(7);
    for (key, stored) in sections.iter().chain(&slots) {
        let mut wrong = stored.clone();
        wrong[random.usize(0..stored.len())] ^= 1 << random.u8(0..8);
        let told = told_after(whole.path(), |batch| batch.insert(key.clone(), wrong));
        is_told(told, &format!("a wrong bit in {key:?}"));
    }
    for (key, _) in &sections {
        is_told(told_after(whole.path(), |batch| batch.remove(key.clone())), &format!("{key:?} removed"));
    }
    // Those that are left over are nothing's place any more.
    let gone = slots.iter().map(|(key, _)| told_after(whole.path(), |batch| batch.remove(key.clone())));
    let (left_over, in_use): (Vec<_>, Vec<_>) = gone.partition(Result::is_ok);
    assert!(!left_over.is_empty() && !in_use.is_empty(), "{} and {}", left_over.len(), in_use.len());
    left_over.into_iter().for_each(|found| assert_eq!(found.expect("it is one"), told));
    in_use.into_iter().for_each(|found| is_told(found, "a slot removed"));

    // What lies in another place than its own.
    for pair in sections.windows(2).chain(slots.windows(2)) {
        let [(one, of_one), (other, of_other)] = pair else { continue };
        let swapped = told_after(whole.path(), |batch| {
            batch.insert(one.clone(), of_other.clone());
            batch.insert(other.clone(), of_one.clone());
        });
        is_told(swapped, &format!("{one:?} and {other:?} swapped"));
    }
}
