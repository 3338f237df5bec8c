//! The process that is to die: which passing of which point is its last, and what it has noted so far.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::{
    CrashPoint,
    changes::Changes,
    notes::{Note, Notes},
};

/// A process dies once, so there is one of these. A process that nobody arms passes every point.
static ARMED: OnceLock<Armed> = OnceLock::new();

/// What an armed process does when it comes to a point.
pub(crate) struct Armed {
    /// Where to die; a process without this only notes where it could have.
    pub(crate) at: Option<(CrashPoint, u64)>,
    pub(crate) notes: Notes,
    pub(crate) passed: Mutex<Passed>,
}

/// How far the process has come.
#[derive(Default)]
pub(crate) struct Passed {
    counts: [u64; CrashPoint::ALL.len()],
    pub(super) changes: Changes,
}

/// From now on this process notes what it passes, and dies where it is told to. The first call counts.
pub(crate) fn arm(notes: Notes, at: Option<(CrashPoint, u64)>) {
    let _ = ARMED.set(Armed { at, notes, passed: Mutex::default() });
}

pub(super) fn armed() -> Option<&'static Armed> {
    ARMED.get()
}

/// Writes a note, in a process that is armed.
pub(crate) fn note(note: &Note) {
    if let Some(armed) = armed() {
        armed.notes.write(note);
    }
}

/// The process passes a point with these changes at once, or dies.
pub(crate) fn reached(point: CrashPoint, changes: &[String]) {
    let Some(armed) = armed() else { return };
    let mut passed = armed.passed.lock().unwrap_or_else(PoisonError::into_inner);
    let count = &mut passed.counts[point as usize];
    for change in changes {
        *count += 1;
        armed.notes.write(&Note::Passed { point, number: *count, change: change.clone() });
        if armed.at == Some((point, *count)) {
            die();
        }
    }
}

/// As `kill -9` does it: no destructor runs and nothing is flushed.
fn die() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    // Where there is no such signal this comes closest; where there is one, nobody comes here.
    std::process::abort()
}
