//! A process that works on many flows and is killed at random moments, again and again.
//!
//! What its bodies do and what its callers see goes into a file outside the store, which tells in the end whether the
//! store kept its word. `ORCH_KILLS=500` kills that often, and `ORCH_KILLS_SEED` repeats the moments of a run.

mod child;
mod effects;
mod programs;
mod verdict;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use self::{effects::Effects, verdict::Verdict};

/// Says to a child process where to work.
const DIR: &str = "ORCH_KILLED_DIR";

/// In the ordinary test.
const KILLS: u64 = 25;

/// A child is killed within this time, in microseconds: every other one after its start, which may be while it opens the
/// store and looks for what was interrupted, and the others when it has.
const LONGEST: u64 = 200_000;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn start(dir: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "kills::killed_at_random_moments", "--nocapture"]).env(DIR, dir);
    child.stdout(Stdio::null()).spawn().unwrap()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "moments are what this is about, and nothing waits for one")]
fn killed_at_random_moments() {
    if let Some(dir) = std::env::var_os(DIR) {
        return child::work(Path::new(&dir));
    }
    let seed = from_environment("ORCH_KILLS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    let kills = from_environment("ORCH_KILLS").unwrap_or(KILLS);
    println!("seed {seed}");
    let mut moments = fastrand::Rng::with_seed(seed);
    let dir = tempfile::tempdir().unwrap();
    let effects = Effects::open(dir.path());
    for kill in 0..kills {
        let before = effects.len();
        let mut child = start(dir.path());
        while kill % 2 == 1 && !Effects::read_from(dir.path(), before).contains("opened") {
            assert!(
                child.try_wait().unwrap().is_none(),
                "kill {kill} of seed {seed}: the child ended by itself"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(moments.u64(0..LONGEST)));
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "kill {kill} of seed {seed}: the child ended by itself: {ended:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        effects.write(&format!("killed {kill}"));
    }
    child::enough(dir.path());
    let last = start(dir.path()).wait().unwrap();
    assert!(last.success(), "seed {seed}: the last child did not come to its end: {last}");
    let verdict = Verdict::of(dir.path());
    println!("seed {seed}: {verdict}");
    if !verdict.faults.is_empty() {
        println!("what was written: {}", dir.keep().display());
    }
    assert_eq!(verdict.faults, Vec::<String>::new(), "seed {seed}");
    assert!(verdict.runs > 0 && verdict.kills == kills as usize);
}
