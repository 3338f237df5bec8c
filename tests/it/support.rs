//! What the tests share: reading events back, and gates that hold a body until a test lets it go.

mod processes;
mod world;
mod wrapped;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use orch::{
    Event, EventKind, RunId, Runtime,
    store::Page,
    testing::{TestBuilder, TestRuntime},
};
use tokio::sync::watch;

pub use self::processes::{Halt, Process, halts, in_own_process, in_own_process_with, in_two_processes};
pub use self::world::{World, run_of, work};
pub use self::wrapped::Wrapped;

/// Every event that the store has, one line each, in the order of the commits.
///
/// Lines of the first run stand plain, those of further runs begin with `#2`, `#3`, …; the same numbers stand for
/// run ids in texts. Places of panics in this binary are cut to the file.
pub async fn lines(runtime: &Runtime) -> Vec<String> {
    render(&runtime.events(Page::all()).await.expect("the store can be read"))
}

/// See [`lines`].
pub fn render(events: &[Event]) -> Vec<String> {
    let mut runs: Vec<RunId> = Vec::new();
    for event in events {
        if !runs.contains(&event.run) {
            runs.push(event.run);
        }
    }
    let line = |event: &Event| {
        let mut text = event.kind.to_string();
        if let EventKind::Task { delay: Some(delay), .. } = &event.kind {
            text.push_str(&format!(" [again in {delay:?}]"));
        }
        for (index, run) in runs.iter().enumerate() {
            text = text.replace(&run.to_string(), &format!("#{}", index + 1));
        }
        let text = without_lines(&text);
        match runs.iter().position(|run| *run == event.run) {
            Some(0) | None => text,
            Some(index) => format!("#{} {text}", index + 1),
        }
    };
    events.iter().map(line).collect()
}

/// `(at tests/it/x.rs:12:5)` becomes `(at x.rs)`, so that moving a test changes no list.
fn without_lines(text: &str) -> String {
    let Some((before, place)) = text.split_once("(at ") else {
        return text.to_owned();
    };
    let Some((place, after)) = place.split_once(')') else {
        return text.to_owned();
    };
    let file = place.split(':').next().unwrap_or(place);
    let file = file.rsplit('/').next().unwrap_or(file);
    format!("{before}(at {file}){after}")
}

/// Waits until the events are as the test needs them, whatever the time: a test that waited for the clock would
/// hold only on a machine that is fast enough.
pub async fn until(runtime: &TestRuntime, reached: impl Fn(&[String]) -> bool) {
    while !reached(&lines(runtime).await) {
        tokio::task::yield_now().await;
    }
}

/// How many lines end like this.
pub fn ending(lines: &[String], end: &str) -> usize {
    lines.iter().filter(|line| line.ends_with(end)).count()
}

/// Compares whole lists, and shows the actual one in the form in which it could stand in the test.
#[track_caller]
pub fn assert_lines<L: AsRef<str>>(actual: &[L], expected: &[&str]) {
    let actual: Vec<&str> = actual.iter().map(AsRef::as_ref).collect();
    if actual != expected {
        let list = |lines: &[&str]| lines.iter().map(|line| format!("    {line:?},\n")).collect::<String>();
        panic!("events:\n{}expected:\n{}", list(&actual), list(expected));
    }
}

/// Holds bodies, synchronous or not, until it is opened.
#[derive(Clone)]
pub struct Gate(watch::Receiver<bool>);

/// Opens a [`Gate`].
#[derive(Clone)]
pub struct Opener(Arc<watch::Sender<bool>>);

pub fn gate() -> (Opener, Gate) {
    let (sender, receiver) = watch::channel(false);
    (Opener(Arc::new(sender)), Gate(receiver))
}

impl Gate {
    pub async fn passed(&self) {
        let _ = self.0.clone().wait_for(|open| *open).await;
    }

    /// For synchronous bodies, which run on threads that tokio may block.
    pub fn pass(&self) {
        tokio::runtime::Handle::current().block_on(self.passed());
    }
}

impl Opener {
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Opens the gate when the test ends, also by a failed assertion: tokio waits for its threads.
    #[must_use]
    pub fn open_at_end(&self) -> OpenAtEnd {
        OpenAtEnd(self.clone())
    }
}

/// See [`Opener::open_at_end`].
pub struct OpenAtEnd(Opener);

impl Drop for OpenAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A test runtime with more `cpu` permits than any test takes, so that the machine's size does not matter.
pub fn roomy() -> TestBuilder {
    orch::testing::builder().with(|runtime| runtime.cpu(16))
}

/// Counts bodies.
#[derive(Clone, Default)]
pub struct Bodies(Arc<AtomicUsize>);

impl Bodies {
    /// Counts one more, and says how many there were before.
    pub fn enter(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Which life of a run it is, for bodies that change between a crash and the resume: provided anew to each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    First,
    Second,
}

/// The runtime after a crash just before the end of the last run was recorded.
pub fn crashed(runtime: &TestRuntime) -> TestBuilder {
    runtime.fork(runtime.store().operations() - 1)
}

/// The waits before further attempts, in the order of the events.
pub async fn delays(runtime: &TestRuntime) -> Vec<Duration> {
    let events = runtime.all_events().await.expect("the memory store can be read");
    let delay = |event: &Event| match &event.kind {
        EventKind::Task { delay, .. } => *delay,
        _ => None,
    };
    events.iter().filter_map(delay).collect()
}
