//! Processes that are killed at every point of the way of a tick to the disk: each tick has one run.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, ExitStatus},
    sync::Arc,
};

use futures_util::future::{Either, select};
use orch_schedule::{CatchUp, Overlap, Policy, Rule};

use crate::{
    RunState, Runtime,
    clock::Clock,
    codec,
    crash::{CrashPoint, Notes, arm},
    schedule::{
        Keeper, Told,
        stored::{Source, Stored, key, micros},
    },
    store::{Happening, Page, RunFilter, SledStore, StarterChange, Starters, Store, SyncMode, Ticks},
};

/// Says to a child where its store is, and where it is to die.
const CHILD: &str = "ORCH_TICK_CHILD";

const TICKS: u64 = 4;

const FLOW: &str = "kill::never_there";

#[test]
fn each_tick_has_one_run_wherever_its_process_dies() {
    if let Ok(told) = std::env::var(CHILD) {
        let mut told = told.split('\n');
        let mut next = || told.next().expect("a part");
        let (dir, point, number) = (next(), next(), next());
        let at = point.parse().ok().zip(number.parse().ok());
        return child(Path::new(dir), at);
    }
    let mut deaths = 0;
    for overlap in [Overlap::Allow, Overlap::Queue] {
        for point in CrashPoint::ALL {
            for number in 1.. {
                let dir = tempfile::tempdir().expect("a directory");
                std::fs::write(dir.path().join("overlap"), format!("{overlap:?}")).expect("written");
                let died = !spawn(dir.path(), Some((point, number))).success();
                assert!(spawn(dir.path(), None).success(), "after {point} {number}");
                check(dir.path(), &format!("{overlap:?}, {point} {number}"));
                if !died {
                    break;
                }
                deaths += 1;
            }
        }
    }
    println!("{deaths} deaths");
    assert!(deaths > 40, "{deaths}");
}

fn spawn(dir: &Path, at: Option<(CrashPoint, u64)>) -> ExitStatus {
    let (point, number) = at.map_or_else(Default::default, |(point, n)| (point.to_string(), n.to_string()));
    let name = format!("{}::each_tick_has_one_run_wherever_its_process_dies", module_path!());
    let name = name.split_once("::").expect("a crate").1.to_owned();
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", &name, "--nocapture"]).env(CHILD, format!("{}\n{point}\n{number}", dir.display()));
    child.output().expect("a child").status
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn open(dir: &Path) -> Arc<SledStore> {
    Arc::new(SledStore::builder(dir.join("store")).durability(SyncMode::Process).open().expect("a store"))
}

/// Gives all ticks of a schedule their fate, of which four are due.
fn child(dir: &Path, at: Option<(CrashPoint, u64)>) {
    let notes = Notes::create(&dir.join(if at.is_some() { "first" } else { "second" })).expect("notes");
    arm(notes, at);
    let overlap = match std::fs::read_to_string(dir.join("overlap")).expect("written").as_str() {
        "Queue" => Overlap::Queue,
        _ => Overlap::Allow,
    };
    tokio().block_on(async {
        let store = open(dir);
        let runtime = Runtime::builder().store(store.clone()).build().expect("a runtime");
        create(&*store, overlap).await;
        let anchor = runtime.core().anchor().expect("an anchor");
        let keeper = Keeper::new(runtime.core(), &anchor, Arc::new(Told::new(|_| {})), Vec::new());
        let over = async {
            while !is_over(&*store).await {
                tokio::task::yield_now().await;
            }
        };
        match select(keeper.keep(), std::pin::pin!(over)).await {
            Either::Left((error, _)) => panic!("{error}"),
            Either::Right(_) => {}
        }
        runtime.close().await.expect("closed");
    });
}

async fn create(store: &dyn Store, overlap: Overlap) {
    let key = key(FLOW, "s");
    if !store.starters(Starters::Key(key.clone()), 1).await.expect("read").is_empty() {
        return;
    }
    let now = micros(Clock::System.now());
    let hour = std::time::Duration::from_secs(3_600);
    let policy = Policy { catch_up: CatchUp::All, overlap, max_runs: Some(TICKS), ..Policy::default() };
    let mut stored = Stored {
        name: "s".into(),
        rule: Rule::every(hour).build().expect("a rule"),
        policy,
        source: Source::Code,
        input: codec::encode(&()).expect("encoded"),
        label: None,
        tags: Vec::new(),
        next: None,
        paused: false,
        fired: 0,
        active: Vec::new(),
    };
    stored.begin(&key, now - 3_600_000_000 * TICKS as i64);
    let put = Some(stored.put(FLOW).expect("encoded"));
    let at = Clock::System.now();
    let change = StarterChange { key, expect: None, put, entries: Vec::new(), run: None, at };
    store.change_starter(change).await.expect("stored");
}

async fn is_over(store: &dyn Store) -> bool {
    let runs = store.runs(RunFilter::default(), Page::all()).await.expect("read");
    runs.len() as u64 >= TICKS && runs.iter().all(|run| run.state.is_final())
}

fn check(dir: &Path, what: &str) {
    tokio().block_on(async {
        let store = open(dir);
        let runs = store.runs(RunFilter::default(), Page::all()).await.expect("read");
        let mut ticks = BTreeMap::new();
        for run in &runs {
            assert_eq!(run.state, RunState::Failed, "{what}: {run:?}");
            assert!(run.reason.as_ref().is_some_and(|why| why.contains("does not have")), "{what}: {run:?}");
            *ticks.entry(run.started_by.as_ref().and_then(|by| by.tick).expect("a tick")).or_insert(0) += 1;
        }
        assert!(ticks.len() as u64 == TICKS && ticks.values().all(|n| *n == 1), "{what}: {ticks:?}");
        let entries = store.starter_entries(key(FLOW, "s"), Page::all()).await.expect("read");
        let told = entries.iter().filter_map(|entry| match &entry.what {
            Happening::Ticks(Ticks { first, count: 1, .. }) => Some(*first),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), ticks.into_keys().collect::<Vec<_>>(), "{what}");
    });
}
