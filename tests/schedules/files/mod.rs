//! Runs that follow files: each version of each file has one, whatever happens between two looks.

mod cuts;
mod kinds;
mod places;
mod steps;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use orch::{
    RunState, Timestamp,
    prelude::*,
    schedule::{FileChange, Trigger},
    store::Starters,
    testing::TestRuntime,
};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::{HOUR, runs_of, until};

/// What bodies were given, in the order of the paths.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<FileChange>>>, Arc<Notify>);

impl Seen {
    fn all(&self) -> Vec<FileChange> {
        let mut all = self.0.lock().unwrap().clone();
        all.sort_by(|a, b| (&a.path, a.modified).cmp(&(&b.path, b.modified)));
        all
    }

    /// Name, whether it was new, and size.
    fn short(&self) -> Vec<(String, bool, u64)> {
        let all = self.all().into_iter();
        all.map(|file| (file.path.file_name().unwrap().to_str().unwrap().to_owned(), file.new, file.size))
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.short().into_iter().map(|(name, ..)| name).collect()
    }

    /// Waits until a body was given a file of this name and size.
    async fn until(&self, name: &str, size: u64) {
        loop {
            let mut given = std::pin::pin!(self.1.notified());
            given.as_mut().enable();
            if self.short().iter().any(|(given, _, given_size)| (given.as_str(), *given_size) == (name, size))
            {
                return;
            }
            given.await;
        }
    }
}

#[flow]
async fn imports(file: FileChange, #[provided] seen: &Seen) {
    seen.0.lock().unwrap().push(file);
    seen.1.notify_waiters();
}

/// A directory, and what a trigger finds in it.
struct Drop {
    dir: TempDir,
    pattern: &'static str,
    settle: Duration,
}

impl Drop {
    fn new(pattern: &'static str) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), pattern, settle: Duration::from_secs(2) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts a file of so many bytes there.
    fn put(&self, name: &str, size: usize) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, vec![b'x'; size]).unwrap();
        path
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    fn trigger(&self, name: &str) -> Trigger {
        let pattern = format!("{}/{}", self.dir.path().display(), self.pattern);
        Trigger::new(name).on_file(pattern).settle(self.settle).run(|file: FileChange| {
            let size = file.size.to_string();
            imports(file).named(size)
        })
    }

    /// Serves it for so many hours of the virtual clock.
    async fn serve(&self, runtime: &TestRuntime, hours: f64) {
        serve(runtime, [self.trigger("t")], hours).await;
    }
}

async fn serve(runtime: &TestRuntime, triggers: impl IntoIterator<Item = Trigger>, hours: f64) {
    let mut serve = runtime.serve().until(until(runtime, hours)).grace(HOUR).lines(|_| {});
    for trigger in triggers {
        serve = serve.trigger(trigger);
    }
    assert_eq!(serve.await.unwrap().left(), 0);
}

fn first() -> (TestRuntime, Seen) {
    let seen = Seen::default();
    (orch::testing::builder().provide(seen.clone()).build(), seen)
}

/// A runtime on what is stored, in the next process.
fn next(runtime: &TestRuntime) -> (TestRuntime, Seen) {
    cut(runtime, runtime.store().operations())
}

fn cut(runtime: &TestRuntime, operations: usize) -> (TestRuntime, Seen) {
    let seen = Seen::default();
    (runtime.fork(operations).provide(seen.clone()).build(), seen)
}

/// How many files the store knows.
async fn rows(runtime: &TestRuntime) -> usize {
    let which = Starters::Listed { prefix: "file/".into(), after: None };
    runtime.answering().starters(which, 100_000).await.unwrap().len()
}

/// One step of what happens to files while somebody serves.
type Step = (f64, Box<dyn Fn(&Path) + Send + Sync>);

/// Does something with a directory, each step so many seconds after the one before. A flow, because the clock waits for one
/// that it has woken.
#[flow]
async fn does(dir: PathBuf, #[provided] steps: &Mutex<Vec<Step>>) {
    let steps = std::mem::take(&mut *steps.lock().unwrap());
    for (seconds, step) in steps {
        orch::sleep(Duration::from_secs_f64(seconds)).await;
        step(&dir);
    }
}

/// Serves while something happens to the files, and for a minute after that.
async fn serve_while(drop: &Drop, steps: Vec<Step>) -> (TestRuntime, Seen) {
    let hours = (steps.iter().map(|(seconds, _)| seconds).sum::<f64>() + 90.0) / 3_600.0;
    let seen = Seen::default();
    let runtime = orch::testing::builder().provide(seen.clone()).provide(Mutex::new(steps)).build();
    let doing = does(drop.dir.path().to_owned());
    tokio::join!(drop.serve(&runtime, hours), async { doing.on(&runtime).await.unwrap() });
    (runtime, seen)
}

fn step(seconds: f64, step: impl Fn(&Path) + Send + Sync + 'static) -> Step {
    (seconds, Box::new(step))
}

/// A moment that is not now.
fn earlier(seconds: u64) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000 - seconds)
}

fn set_modified(path: &Path, at: std::time::SystemTime) {
    std::fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

fn moment(at: std::time::SystemTime) -> Option<Timestamp> {
    let micros = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    Some(Timestamp::from_micros(u64::try_from(micros).unwrap()))
}

async fn all_completed(runtime: &TestRuntime, count: usize) {
    let runs = runs_of(runtime, "::imports").await;
    assert_eq!(runs.len(), count);
    assert!(runs.iter().all(|run| run.state == RunState::Completed), "{runs:#?}");
}
