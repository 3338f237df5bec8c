//! Who approves of releases.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use orch::{Resolution, RunId, RunState, TaskState, prelude::*, store::Page};
use tokio::sync::mpsc;

use crate::{releases::Data, screen::Screen};

/// A person who can be asked about a release.
#[derive(Clone)]
pub(crate) struct Person(mpsc::UnboundedSender<(RunId, String)>);

/// What a person was asked.
pub(crate) type Questions = mpsc::UnboundedReceiver<(RunId, String)>;

impl Person {
    pub(crate) fn new() -> (Self, Questions) {
        let (sender, questions) = mpsc::unbounded_channel();
        (Self(sender), questions)
    }

    /// Asks, and does not wait for the answer: it comes as a signal.
    pub(crate) fn ask(&self, run: RunId, version: &str) {
        // Where nobody is there any more, the run waits.
        let _ = self.0.send((run, version.to_owned()));
    }
}

/// Asks whoever sits at the keyboard.
pub(crate) async fn at_the_keyboard(runtime: Runtime, mut questions: Questions, screen: Screen) {
    while let Some((run, version)) = questions.recv().await {
        let asked =
            screen.line(format_args!("{version}: one host is healthy; install it on the others? yes or no"));
        let answer = tokio::task::spawn_blocking(|| io::stdin().lines().next()).await;
        // Without a keyboard nobody approves, and the run waits.
        let (Ok(()), Ok(Some(Ok(answer)))) = (asked, answer) else { break };
        if let Err(error) = runtime.send(run, "approve", &(answer.trim() == "yes")).await {
            eprintln!("error: {error}");
        }
    }
    std::future::pending().await
}

/// Looks what became of migrations that were interrupted, and says so: the runs wait for nothing else. Here the data tells;
/// elsewhere somebody may have to find out.
pub(crate) async fn look_at_migrations(runtime: Runtime, data: Data) -> anyhow::Result<()> {
    loop {
        for run in runtime.runs(Default::default(), Page::all()).await? {
            if run.state != RunState::Running {
                continue;
            }
            for task in runtime.task_runs(run.id, Page::all()).await? {
                if task.state == TaskState::Unknown {
                    let version = task.input.unwrap_or_default();
                    let done = data.migrations().lines().any(|line| version.contains(line));
                    let became = if done { Resolution::value(&())? } else { Resolution::again() };
                    runtime.resolve(run.id, task.task, became).await?;
                }
            }
        }
        a_moment().await;
    }
}

/// The releases of the demo. No host gets healthy with the second one.
pub(crate) const RELEASES: [&str; 3] = ["1.1", "1.2-broken", "1.3"];

/// Puts one release after the other into the folder, approves each, and waits until nothing is to be done any more.
pub(crate) async fn demo(runtime: Runtime, questions: Questions, dir: PathBuf) {
    if let Err(error) = release_all(&runtime, questions, &dir).await {
        eprintln!("error: {error:#}");
    }
}

async fn release_all(runtime: &Runtime, mut questions: Questions, dir: &Path) -> anyhow::Result<()> {
    let approving = async {
        while let Some((run, _)) = questions.recv().await {
            runtime.send(run, "approve", &true).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    let releasing = async {
        let before = until_ended(runtime, 0).await?;
        for (count, version) in (1..).zip(RELEASES) {
            fs::write(dir.join("releases").join(version), "")?;
            // A release has two runs: it is installed, and then announced or rolled back.
            until_ended(runtime, before + 2 * count).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::select! {
        done = approving => done,
        done = releasing => done,
    }
}

/// Waits until there are so many runs, and all of them have ended; says how many there are.
pub(crate) async fn until_ended(runtime: &Runtime, count: usize) -> anyhow::Result<usize> {
    loop {
        let runs = runtime.runs(Default::default(), Page::all()).await?;
        let ended = runs.iter().filter(|run| RunState::is_final(run.state)).count();
        if runs.len() >= count && ended == runs.len() {
            return Ok(runs.len());
        }
        a_moment().await;
    }
}

/// People look at a clock of their own, which no test moves.
#[expect(clippy::disallowed_methods, reason = "what they do is no part of any run")]
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
