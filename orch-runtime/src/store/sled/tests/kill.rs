//! Processes that are killed while they commit: what they were told is there is there.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use super::support::{Writer, block_on, new_run, value};
use crate::store::{Page, RunFilter, SledStore, Store, StoreError};

const DIR: &str = "ORCH_TEST_KILLED_STORE";

/// More with `ORCH_TEST_KILLS`.
const KILLS: usize = 20;

/// Calls of a run before it ends and the next one begins.
const CALLS: u32 = 150;

/// Makes durable calls in one run after the other, and says of each that it was acknowledged.
async fn work(store: &SledStore) -> Result<(), StoreError> {
    let mut out = std::io::stdout();
    let open = store.runs(
        RunFilter { state: Some(crate::state::RunState::Running), ..RunFilter::default() },
        Page::first(1),
    );
    let mut writer = match open.await?.first() {
        Some(run) => Writer::claim(store, run.id).await?,
        None => None,
    };
    loop {
        let own = match &mut writer {
            Some(own) => own,
            none => none.insert(Writer::submit(store, new_run("test::killed")).await?),
        };
        let number = own.tasks;
        if number == CALLS {
            own.complete(b"").await?;
            writeln!(out, "ended {}", own.run).expect("the parent reads");
            writer = None;
        } else {
            own.durable_call(&value(number)).await?;
            writeln!(out, "acknowledged {} {number}", own.run).expect("the parent reads");
        }
        out.flush().expect("the parent reads");
    }
}

#[test]
#[ignore = "what `nothing_acknowledged_is_lost` starts and kills"]
fn child() {
    // Without the variable this is a run of all ignored tests.
    let Some(dir) = std::env::var_os(DIR) else { return };
    let store = SledStore::open(dir).expect("a store");
    println!("\nopened");
    block_on(work(&store)).expect("no fault");
}

/// The process that the child test runs in.
pub(super) fn child_process(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args([
        "--exact",
        &format!("store::sled::tests::{test}"),
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
}

/// What the children were told so far: runs with the calls that were acknowledged, and whether their ends were.
#[derive(Default)]
struct Promised(std::collections::BTreeMap<String, (u32, bool)>);

impl Promised {
    fn line(&mut self, line: &str) -> bool {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["acknowledged", run, number] => {
                let number: u32 = number.parse().expect("a number");
                self.0.entry(run.into()).or_default().0 = number + 1;
            }
            ["ended", run] => self.0.entry(run.into()).or_default().1 = true,
            _ => return false,
        }
        true
    }

    /// Everything that was promised holds, and what is there has no gaps.
    async fn holds(&self, store: &SledStore) {
        for (run, (calls, ended)) in &self.0 {
            let id = run.parse().expect("a run");
            let found = store.run(id).await.expect("readable").expect("the run is there");
            assert!(found.state.is_final() || !ended, "{found:?}");
            let tasks = store.task_runs(id, Page::all()).await.expect("readable");
            assert!(tasks.len() as u32 >= *calls, "{} of {calls} calls of {run}", tasks.len());
            let reader = match Writer::claim(store, id).await.expect("claimed") {
                Some(claimed) => claimed,
                // Ended runs cannot be claimed; the fence of the last claim still reads.
                None => continue,
            };
            let expected: Vec<_> = (0..reader.tasks).map(value).collect();
            assert_eq!(reader.values().await.expect("a journal"), expected);
        }
        let events = store.events(Page::all()).await.expect("readable");
        assert!(events.iter().map(|event| event.sequence).eq(1..=events.len() as u64), "events without gaps");
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    let kills = std::env::var("ORCH_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let dir = tempfile::tempdir().expect("a directory");
    let mut promised = Promised::default();
    let mut random = fastrand::Rng::new();
    for _ in 0..kills {
        let mut child = child_process("kill::child")
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let mut left = random.u32(1..400);
        while left > 0 {
            let line = lines.next().expect("the child runs until it is killed");
            if promised.line(&line) {
                left -= 1;
            }
        }
        // Somewhere in the middle of what comes after the last line that was read.
        for _ in 0..random.u32(0..200_000) {
            std::hint::spin_loop();
        }
        child.kill().expect("killed");
        child.wait().expect("over");
        lines.for_each(|line| {
            promised.line(&line);
        });
        let store = SledStore::open(dir.path()).expect("opens after a kill");
        block_on(promised.holds(&store));
    }
    assert!(promised.0.values().map(|(calls, _)| calls).sum::<u32>() > 0);
}
