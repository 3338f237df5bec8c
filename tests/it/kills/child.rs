//! The process that is killed: goes on with what the one before it was at, and then begins more, until it is enough.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::exit,
    sync::Arc,
};

use orch::{
    RunState, Runtime, TaskState,
    prelude::*,
    store::{Page, Run, RunFilter, SledStore, Store},
};

use super::{
    effects::Effects,
    programs::{self, Got, KINDS},
};

fn enough_file(dir: &Path) -> PathBuf {
    dir.join("enough")
}

/// The next process ends when it has ended what is under way.
pub fn enough(dir: &Path) {
    std::fs::write(enough_file(dir), "").unwrap();
}

pub fn store(dir: &Path) -> PathBuf {
    dir.join("store")
}

/// Works, and ends the process.
pub fn work(dir: &Path) {
    let effects = Arc::new(Effects::open(dir));
    effects.write("started");
    let store = match SledStore::open(store(dir)) {
        Ok(store) => Arc::new(store),
        Err(error) => {
            effects.write(&format!("damage {error}"));
            exit(1)
        }
    };
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    tokio.block_on(async {
        let roots = look_around(&store, &effects).await;
        effects.write("opened");
        let runtime = Runtime::builder().store(store).provide_arc(effects.clone()).cpu(4);
        // Most of its processes die young, and it is not to blame.
        let runtime = runtime.max_deaths(u32::MAX).build().unwrap();
        let workers = (0..KINDS).map(|kind| {
            let open = roots.iter().filter(|(number, _)| *number % KINDS == kind);
            let next = open.clone().map(|(number, _)| number + KINDS).max().unwrap_or(kind);
            let open = open.filter(|(_, run)| !run.state.is_final());
            let open: Vec<_> = open.map(|(number, _)| *number).collect();
            tokio::spawn(worker(runtime.clone(), effects.clone(), open, next, enough_file(dir)))
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
        runtime.close().await.unwrap();
    });
    effects.write("finished");
    exit(0)
}

/// The programs that the store knows, by their numbers. Notes which calls it has the results of, as far as somebody will
/// ask for them.
async fn look_around(store: &SledStore, effects: &Effects) -> BTreeMap<u64, Run> {
    let mut roots = BTreeMap::new();
    for run in store.runs(RunFilter::default(), Page::all()).await.unwrap() {
        if !run.state.is_final() {
            for task in store.task_runs(run.id, Page::all()).await.unwrap() {
                if matches!(task.state, TaskState::Completed | TaskState::Cached) {
                    effects.write(&format!("recorded {} {}", run.id, task.task.0));
                }
            }
        }
        if let Some(number) = run.label.as_ref().map(|label| label.parse().unwrap()) {
            assert!(roots.insert(number, run).is_none(), "program {number} is there twice");
        }
    }
    roots
}

/// Goes on with what was interrupted, and begins one program after the other.
async fn worker(runtime: Runtime, effects: Arc<Effects>, open: Vec<u64>, mut next: u64, enough: PathBuf) {
    let seen = |number: u64, result: Result<Vec<Got>, Error>| match result {
        Ok(all) => {
            effects.uses(number, programs::first(number), &all);
            effects.write(&format!("seen {number}"));
        }
        Err(error) => {
            effects.write(&format!("failed {number} {error}"));
            exit(1)
        }
    };
    let ends =
        |number: u64| runtime.scope(async move { programs::program(number).id(number.to_string()).await });
    for number in open {
        // The runtime has taken it up by itself.
        seen(number, ends(number).await);
    }
    while !enough.exists() {
        seen(next, ends(next).await);
        next += KINDS;
    }
}

/// What the store has in the end: the state of each program, and what came out as it lies there.
pub fn left(dir: &Path) -> BTreeMap<u64, (RunState, Vec<u8>)> {
    let store = SledStore::open(store(dir)).unwrap();
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let runs = tokio.block_on(store.runs(RunFilter::default(), Page::all())).unwrap();
    let of_program = |run: Run| {
        let number = run.label.as_ref()?.parse().ok()?;
        Some((number, (run.state, run.value.map(|value| value.to_vec()).unwrap_or_default())))
    };
    runs.into_iter().filter_map(of_program).collect()
}
