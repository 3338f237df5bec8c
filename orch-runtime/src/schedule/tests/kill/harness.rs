//! A program that dies wherever it can, and is started once more each time.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use futures_util::future::{Either, join, select};
use tokio::sync::oneshot;

use crate::{
    Runtime,
    clock::Clock,
    crash::{CrashPoint, Notes, arm},
    schedule::Trigger,
    store::{Page, Run, RunFilter, SledStore, Starters, Store, StoreError, SyncMode},
};

/// Says to a child where its store is, and where it is to die.
const CHILD: &str = "ORCH_STARTER_CHILD";

/// How long a child may take. One that waits for a run that nobody starts has to end too.
const PATIENCE: Duration = Duration::from_secs(60);

/// One life of the program.
pub(super) struct Process {
    pub(super) runtime: Runtime,
    pub(super) store: Arc<SledStore>,
    dir: PathBuf,
}

/// Lets the program of a test die at each passing of each point, until it comes to its end before it would die; each
/// death is followed by a life that goes on, and by a judge who looks at what is stored. `test` is the path of the test.
pub(super) fn killed_everywhere(
    test: &str,
    at_least: u64,
    live: impl AsyncFn(&Process),
    judge: impl AsyncFn(&Process, &str),
) {
    if let Ok(told) = std::env::var(CHILD) {
        let mut told = told.split('\n');
        let mut next = || told.next().expect("a part");
        let (dir, point, number) = (PathBuf::from(next()), next(), next());
        let at = point.parse().ok().zip(number.parse().ok());
        let life = if at.is_some() { "first" } else { "second" };
        arm(Notes::create(&dir.join(life)).expect("notes"), at);
        return in_process(&dir, async |process| {
            let patience = Clock::System.sleep(PATIENCE);
            match select(std::pin::pin!(live(process)), std::pin::pin!(patience)).await {
                Either::Left(_) => process.runtime.close().await.expect("closed"),
                Either::Right(_) => panic!("it does not come to its end: {}", process.told().await),
            }
        });
    }
    let mut deaths = 0;
    for point in CrashPoint::ALL {
        for number in 1.. {
            let dir = tempfile::tempdir().expect("a directory");
            let what = format!("after {point} {number}");
            let died = dies(test, dir.path(), Some((point, number)), &what);
            assert!(!dies(test, dir.path(), None, &what), "{what}: the second life ends early");
            in_process(dir.path(), async |process| judge(process, &what).await);
            if !died {
                break;
            }
            deaths += 1;
        }
    }
    println!("{test}: {deaths} deaths");
    assert!(deaths >= at_least, "{deaths}");
}

/// Lets the program live, and says whether it died on its way.
fn dies(test: &str, dir: &Path, at: Option<(CrashPoint, u64)>, what: &str) -> bool {
    let (point, number) = at.map_or_else(Default::default, |(point, n)| (point.to_string(), n.to_string()));
    let name = test.split_once("::").expect("a crate").1;
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", name, "--nocapture"]).env(CHILD, format!("{}\n{point}\n{number}", dir.display()));
    let Output { status, stdout, stderr } = child.output().expect("a child");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // A test that fails ends its process with 101; who is killed has no such code.
    assert_ne!(status.code(), Some(101), "{what}: {}{}", text(&stdout), text(&stderr));
    assert!(!status.success() || text(&stdout).contains("1 passed"), "no test is called {name}");
    !status.success()
}

fn in_process(dir: &Path, work: impl AsyncFnOnce(&Process)) {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio.block_on(async {
        let store = SledStore::builder(dir.join("store")).durability(SyncMode::Process).open();
        let store = Arc::new(store.expect("a store"));
        let runtime = Runtime::builder().store(store.clone()).recover(false).build().expect("a runtime");
        work(&Process { runtime, store, dir: dir.to_owned() }).await;
    });
}

/// What the store answers.
pub(super) fn read<T>(answer: Result<T, StoreError>) -> T {
    answer.expect("an answer")
}

impl Process {
    /// Serves until something is so; then this life serves no more.
    pub(super) async fn serve(&self, trigger: Option<Trigger>, over: impl Future<Output = ()>) {
        let (ends, end) = oneshot::channel::<()>();
        let serve = self.runtime.serve().lines(|_| {}).until(async move { drop(end.await) });
        let serve = trigger.into_iter().fold(serve, |serve, trigger| serve.trigger(trigger));
        let over = async {
            over.await;
            drop(ends);
        };
        let (served, ()) = join(serve.into_future(), over).await;
        assert_eq!(served.expect("served").left(), 0);
    }

    /// Serves until the trigger stands, unless it does: what happens before that is none of its business.
    pub(super) async fn until_it_stands(&self, trigger: Trigger) {
        let key = format!("trigger/{}", trigger.name());
        let stands = async || read(self.store.starters(Starters::Key(key.clone()), 1).await).len() == 1;
        if stands().await {
            return;
        }
        let serve = self.runtime.serve().lines(|_| {}).trigger(trigger).into_future();
        match select(serve, std::pin::pin!(self.until(stands))).await {
            Either::Left((served, _)) => panic!("{served:?}"),
            Either::Right(((), _)) => {}
        }
    }

    /// Waits until it is so.
    pub(super) async fn until(&self, is_so: impl AsyncFn() -> bool) {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until so many runs of a flow have ended, and all that there are.
    pub(super) async fn until_ended(&self, flow: &str, count: usize) {
        let ended = async || {
            let runs = self.runs(flow).await;
            runs.len() >= count && runs.iter().all(|run| run.state.is_final())
        };
        self.until(ended).await;
    }

    /// The runs of a flow, the oldest first.
    pub(super) async fn runs(&self, flow: &str) -> Vec<Run> {
        let filter = RunFilter { name: Some(flow.to_owned()), ..RunFilter::default() };
        let mut runs = read(self.store.runs(filter, Page::all()).await);
        runs.reverse();
        runs
    }

    /// What is stored, for whoever reads of a failure.
    async fn told(&self) -> String {
        let runs = read(self.store.runs(RunFilter::default(), Page::all()).await);
        let starters = Starters::Listed { prefix: String::new(), after: None };
        let starters = read(self.store.starters(starters, usize::MAX).await);
        format!("{runs:#?}\n{starters:#?}\nnoted: {:?}", self.noted())
    }

    /// Keeps a value for the lives to come, whatever becomes of this one.
    pub(super) fn note(&self, value: u64) {
        let file = File::options().create(true).append(true).open(self.dir.join("noted"));
        file.and_then(|mut file| file.write_all(&value.to_le_bytes())).expect("written");
    }

    /// What was noted, in this life and in the ones before.
    pub(super) fn noted(&self) -> Vec<u64> {
        let bytes = fs::read(self.dir.join("noted")).unwrap_or_default();
        bytes.chunks_exact(8).map(|value| u64::from_le_bytes(value.try_into().expect("eight"))).collect()
    }
}
