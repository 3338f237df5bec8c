//! What a child process is told about itself.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
};

use crate::crash::CrashPoint;

const ROLE: &str = "ORCH_CRASH_CHILD";

thread_local! {
    /// How many matrices this thread has asked for.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// What a child process is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Which of the test's matrices it belongs to.
    pub(super) place: usize,
    pub(super) life: Life,
    /// Store and notes of all lives of one boundary.
    pub(super) dir: PathBuf,
}

/// One of the processes that have a directory after each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    /// The first one, 1, runs the flow; the others go on where the one before died.
    pub(super) nth: usize,
    /// Where it dies, if it does.
    pub(super) at: Option<(CrashPoint, u64)>,
}

impl Life {
    pub(super) fn new(nth: usize, at: Option<(CrashPoint, u64)>) -> Self {
        Self { nth, at }
    }
}

impl Role {
    /// Counts the matrices of this thread: a test asks for them in the same order in each process.
    pub(super) fn next_place() -> usize {
        ASKED.with(|asked| asked.replace(asked.get() + 1))
    }

    /// The role of this process, if it is a child.
    pub(super) fn of_process() -> Option<Self> {
        Self::read(&std::env::var(ROLE).ok()?)
    }

    pub(super) fn notes(dir: &Path, life: Life) -> PathBuf {
        dir.join(format!("notes-{}", life.nth))
    }

    /// As an environment variable and its value.
    pub(super) fn told(&self) -> (&'static str, String) {
        let Life { nth, at } = self.life;
        let life = at.map_or(nth.to_string(), |(point, number)| format!("{nth} {point} {number}"));
        (ROLE, format!("{}\n{life}\n{}", self.place, self.dir.display()))
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.splitn(3, '\n');
        let place = lines.next()?.parse().ok()?;
        let mut life = lines.next()?.split(' ');
        let nth = life.next()?.parse().ok()?;
        let at = match (life.next(), life.next()) {
            (Some(point), Some(number)) => Some((point.parse().ok()?, number.parse().ok()?)),
            _ => None,
        };
        Some(Self { place, life: Life { nth, at }, dir: lines.next()?.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_reads_what_it_is_told() {
        let role = |nth, at| Role { place: 3, life: Life { nth, at }, dir: "/a b/\nc".into() };
        for role in [role(1, None), role(1, Some((CrashPoint::Written, 12))), role(2, None)] {
            assert_eq!(Role::read(&role.told().1), Some(role));
        }
    }
}
