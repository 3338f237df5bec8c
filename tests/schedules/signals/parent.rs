//! Whoever sends the signals.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use orch::{
    RunState, Timestamp,
    store::{Page, Run, RunFilter, SledStore, Store as _},
};

/// Say to a child which test it carries out, and where its store is.
pub(super) const CHILD: &str = "ORCH_SIGNALLED_CHILD";
pub(super) const STORE: &str = "ORCH_SIGNALLED_STORE";

/// A process that serves. It does not outlive this.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Child {
    pub(super) fn spawn(test: &str, store: &Store) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(CHILD, test).env(STORE, store.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (sender, lines) = channel();
        forward("out", process.stdout.take().unwrap(), sender.clone());
        forward("err", process.stderr.take().unwrap(), sender);
        Self { process, lines, said: Vec::new() }
    }

    /// Waits for a line that begins so, and gives what follows in it.
    pub(super) fn told(&mut self, begin: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv() else {
                panic!("it ended without a line `{begin}`: {:#?}", self.said)
            };
            self.said.push(line.clone());
            if let Some(rest) = line.strip_prefix(begin) {
                return rest.to_owned();
            }
        }
    }

    pub(super) fn until(&mut self, begin: &str) {
        self.told(begin);
    }

    pub(super) fn has_said(&self, begin: &str) -> bool {
        self.said.iter().any(|line| line.starts_with(begin))
    }

    pub(super) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args([format!("-{name}"), self.process.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }

    pub(super) fn say(&mut self, word: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{word}").unwrap();
    }

    /// Its exit code, when it has ended.
    pub(super) fn code(&mut self) -> Option<i32> {
        while let Ok(line) = self.lines.recv() {
            self.said.push(line);
        }
        // `wait` would close its input first, and it ends with that.
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            thread::yield_now();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn forward(name: &'static str, from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            if to.send(format!("{name}: {}", line.unwrap())).is_err() {
                return;
            }
        }
    });
}

/// A store on disk that processes have after each other.
pub(super) struct Store(tempfile::TempDir);

/// What is in it.
pub(super) struct Found {
    /// How many runs of the work have completed.
    pub(super) works: usize,
    pub(super) ticks: usize,
    /// Runs that have not ended.
    pub(super) left: Vec<Run>,
    pub(super) last_created: Timestamp,
}

impl Store {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    pub(super) fn look(&self, look: impl AsyncFnOnce(Found)) {
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        tokio.block_on(async {
            let store = SledStore::open(self.path()).unwrap();
            let runs = store.runs(RunFilter::default(), Page::all()).await.unwrap();
            let of = |flow: &str| {
                let completed = runs.iter().filter(|run| run.state == RunState::Completed);
                completed.filter(|run| run.name.ends_with(flow)).count()
            };
            look(Found {
                works: of("child::works"),
                ticks: of("child::ticks"),
                left: runs.iter().filter(|run| !run.state.is_final()).cloned().collect(),
                last_created: runs.iter().map(|run| run.created).max().unwrap(),
            })
            .await;
        });
    }
}
