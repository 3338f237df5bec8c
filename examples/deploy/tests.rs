//! The example as a whole, on a clock that jumps over waits.

use std::io;

use orch::{
    RunState,
    store::{Page, Run, Trigger},
    testing::{self, TestBuilder, TestRuntime},
};

use super::*;
use crate::people::Questions;

/// A process. Hosts, folder and data are there before it and after it.
struct Process {
    runtime: TestRuntime,
    questions: Questions,
}

impl Process {
    fn start(builder: TestBuilder, hosts: &Hosts, dir: &Path) -> Self {
        let (person, questions) = Person::new();
        let data = Data::at(dir.join("data")).unwrap();
        let builder = builder.with(|runtime| runtime.limit("hosts", 2));
        let builder = builder.provide(Fleet::of(hosts)).provide(data);
        let runtime = builder.provide(person).provide(Screen::new(io::sink())).build();
        fs::create_dir_all(dir.join("releases")).unwrap();
        Self { runtime, questions }
    }

    fn runtime(&self) -> Runtime {
        (*self.runtime).clone()
    }
}

/// Each flow's name, why it started, and how it ended, the first one first.
fn told(mut runs: Vec<Run>) -> Vec<(String, Trigger, RunState)> {
    runs.reverse();
    let name = |run: &Run| run.name.rsplit("::").next().unwrap().to_owned();
    runs.iter().map(|run| (name(run), run.trigger, run.state)).collect()
}

async fn runs(runtime: &Runtime) -> Vec<Run> {
    runtime.runs(Default::default(), Page::all()).await.unwrap()
}

fn row(name: &str, why: Trigger, state: RunState) -> (String, Trigger, RunState) {
    (name.to_owned(), why, state)
}

#[tokio::test]
async fn a_broken_release_is_rolled_back_and_the_next_one_installed() {
    let (hosts, dir) = (Hosts::open(4).unwrap(), tempfile::tempdir().unwrap());
    let process = Process::start(testing::builder(), &hosts, dir.path());
    let runtime = process.runtime();
    let demo = people::demo(runtime.clone(), process.questions, dir.path().to_owned());
    let served = serving(&runtime, dir.path()).until(demo).lines(|_| {}).await.unwrap();
    assert_eq!(served.left(), 0);
    let expected = [
        row("deploy", Trigger::File, RunState::Completed),
        row("announce", Trigger::After, RunState::Completed),
        row("deploy", Trigger::File, RunState::Failed),
        row("roll_back", Trigger::After, RunState::Completed),
        row("deploy", Trigger::File, RunState::Completed),
        row("announce", Trigger::After, RunState::Completed),
    ];
    assert_eq!(told(runs(&runtime).await), expected);
    assert_eq!(hosts.versions(), ["1.3"; 4]);
    assert_eq!(Data::at(dir.path().join("data")).unwrap().migrations(), "1.1\n1.3\n");
}

#[tokio::test]
async fn what_nobody_approves_is_on_no_host() {
    let (hosts, dir) = (Hosts::open(3).unwrap(), tempfile::tempdir().unwrap());
    let mut process = Process::start(testing::builder(), &hosts, dir.path());
    fs::write(dir.path().join("releases/1.1"), "").unwrap();
    let runtime = process.runtime();
    let person = async move {
        let (run, _) = process.questions.recv().await.unwrap();
        process.runtime.send(run, "approve", &false).await.unwrap();
        people::until_ended(&process.runtime, 2).await.unwrap();
    };
    serving(&runtime, dir.path()).until(person).lines(|_| {}).await.unwrap();
    let expected = [
        row("deploy", Trigger::File, RunState::Failed),
        row("roll_back", Trigger::After, RunState::Completed),
    ];
    assert_eq!(told(runs(&runtime).await), expected);
    assert_eq!(hosts.versions(), [hosts::FIRST; 3]);
}

/// Approves of everything, until the release is announced.
async fn approving(runtime: Runtime, mut questions: Questions) {
    let answering = async {
        while let Some((run, _)) = questions.recv().await {
            // One that was approved before its process ended may be over by now.
            let _ = runtime.send(run, "approve", &true).await;
        }
    };
    tokio::select! {
        () = answering => {}
        ended = people::until_ended(&runtime, 2) => drop(ended.unwrap()),
    }
}

#[tokio::test]
async fn it_goes_on_wherever_the_process_ended() {
    let (hosts, dir) = (Hosts::open(3).unwrap(), tempfile::tempdir().unwrap());
    let first = Process::start(testing::builder(), &hosts, dir.path());
    fs::write(dir.path().join("releases/1.1"), "").unwrap();
    let runtime = first.runtime();
    let person = approving(runtime.clone(), first.questions);
    serving(&runtime, dir.path()).until(person).lines(|_| {}).await.unwrap();
    let tasks = async |runtime: &Runtime| {
        let run = runs(runtime).await.pop().unwrap().id;
        let tasks = runtime.task_runs(run, Page::all()).await.unwrap();
        // Hosts answer when they like.
        let mut tasks: Vec<_> = tasks.into_iter().map(|task| (task.name.into_owned(), task.input)).collect();
        tasks.sort();
        tasks
    };
    let undisturbed = tasks(&runtime).await;
    for cut in 0..=first.runtime.store().operations() {
        let next = Process::start(first.runtime.fork(cut), &hosts, dir.path());
        let runtime = next.runtime();
        let data = Data::at(dir.path().join("data")).unwrap();
        let (person, looking) = (approving(runtime.clone(), next.questions), runtime.clone());
        let person = async move {
            tokio::select! {
                () = person => {}
                stopped = people::look_at_migrations(looking, data) => panic!("{stopped:?}"),
            }
        };
        serving(&runtime, dir.path()).until(person).lines(|_| {}).await.unwrap();
        let runs = runs(&runtime).await;
        assert!(runs.iter().all(|run| run.state == RunState::Completed), "after {cut}: {runs:#?}");
        assert_eq!(tasks(&runtime).await, undisturbed, "after {cut}");
    }
}
