//! Tests that run again in processes of their own.

use std::{
    fmt::Debug,
    future::{Future, pending},
    path::Path,
    process::{Command, Output},
    sync::Arc,
};

use futures_util::future::select_all;
use orch::{
    RunId, RunState, Runtime,
    prelude::*,
    store::{Page, RunFilter, SledStore, SyncMode},
};
use tokio::sync::Semaphore;

use super::{Bodies, Life};

/// Says to a child process which test it is to carry out.
const CHILD: &str = "ORCH_TEST_CHILD";

/// Says to a child process that another one had its store before it.
const SECOND: &str = "ORCH_TEST_SECOND";

/// The exit code of a process that has ended in the midst of its flows. No test that fails or passes has it.
const ENDED_AMID: i32 = 86;

/// Runs the named test again in a process of its own; says whether this is that process.
pub fn in_own_process(name: &str) -> bool {
    in_own_process_with(name, &[])
}

/// The same with more in the environment of that process.
pub fn in_own_process_with(name: &str, environment: &[(&str, &str)]) -> bool {
    if is_child(name) {
        return true;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut child = child(name, dir.path());
    has_passed(&child.envs(environment.iter().copied()).output().unwrap());
    false
}

/// Runs a test, named by its module and itself, in two further processes, one after the other, on one directory. The
/// first one has to end [amid](Process::end_amid) its flows. Gives what such a process has, and `None` to the one
/// that started them.
pub fn in_two_processes(module: &str, test: &str) -> Option<Process> {
    let (_crate, module) = module.split_once("::").unwrap();
    let name = format!("{module}::{test}");
    if is_child(&name) {
        return Some(Process::open());
    }
    let dir = tempfile::tempdir().unwrap();
    let first = spawn(&name, Life::First, dir.path());
    assert_eq!(first.status.code(), Some(ENDED_AMID), "{}", said(&first));
    has_passed(&spawn(&name, Life::Second, dir.path()));
    None
}

fn is_child(name: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|child| child == name)
}

fn child(name: &str, store: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture"]).env(CHILD, name).env("ORCH_STORE", store);
    child
}

fn spawn(name: &str, life: Life, store: &Path) -> Output {
    let mut child = child(name, store);
    if life == Life::Second {
        child.env(SECOND, "1");
    }
    child.output().unwrap()
}

/// A process that found no test of the name has passed nothing.
#[track_caller]
fn has_passed(child: &Output) {
    let said = said(child);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

fn said(child: &Output) -> String {
    String::from_utf8_lossy(&[&child.stdout[..], &child.stderr].concat()).into_owned()
}

impl Life {
    /// The life of a run that this process is.
    pub fn of_process() -> Self {
        std::env::var_os(SECOND).map_or(Self::First, |_| Self::Second)
    }
}

/// One of two processes that have one store on disk after each other.
pub struct Process {
    pub life: Life,
    pub bodies: Bodies,
    pub runtime: Runtime,
    pub store: Arc<SledStore>,
    halt: Halt,
}

impl Process {
    fn open() -> Self {
        let life = Life::of_process();
        let halt = if life == Life::First { Halt::closed() } else { Halt::default() };
        let store = SledStore::builder(SledStore::default_path()).durability(SyncMode::Process).open();
        let (store, bodies) = (Arc::new(store.unwrap()), Bodies::default());
        let runtime = Runtime::builder().store(store.clone()).cpu(16).recover(false);
        let runtime = runtime.provide(life).provide(bodies.clone()).provide(halt.clone()).build().unwrap();
        Self { life, bodies, runtime, store, halt }
    }

    /// Ends the process, and nothing in order, when all these flows have come to the [halt](halts).
    pub async fn end_amid<T: Debug>(
        &self,
        flows: impl IntoIterator<Item = impl Future<Output = Result<T, Error>>>,
    ) -> ! {
        let flows: Vec<_> = flows.into_iter().map(Box::pin).collect();
        let (halt, count) = (self.halt.clone(), flows.len());
        // From within a task, so that no flow has been dropped before: that would cancel it.
        tokio::spawn(async move {
            halt.arrived(count).await;
            std::process::exit(ENDED_AMID)
        });
        let (ended, ..) = self.runtime.scope(select_all(flows)).await;
        panic!("a flow has ended: {ended:?}");
    }

    /// The run of the flow whose name ends so that the process before was amid.
    pub async fn interrupted(&self, flow: &str) -> RunId {
        let running = RunFilter { state: Some(RunState::Running), ..RunFilter::default() };
        let runs = self.runtime.runs(running, Page::all()).await.unwrap();
        let found: Vec<_> = runs.iter().filter(|run| run.name.ends_with(flow)).collect();
        assert_eq!(found.len(), 1, "{flow}: {runs:?}");
        found[0].id
    }
}

/// Where flows stay until their process has ended. By default none stays.
#[derive(Clone, Default)]
pub struct Halt(Option<Arc<Semaphore>>);

impl Halt {
    fn closed() -> Self {
        Self(Some(Arc::new(Semaphore::new(0))))
    }

    async fn arrived(&self, flows: usize) {
        let arrived = self.0.as_ref().expect("only the first of two processes ends amid its flows");
        let _ = arrived.acquire_many(flows.try_into().unwrap()).await.unwrap();
    }
}

/// What a flow awaits where a process may end.
#[task]
pub async fn halts(#[provided] halt: &Halt) {
    if let Some(arrived) = &halt.0 {
        arrived.add_permits(1);
        pending::<()>().await;
    }
}
