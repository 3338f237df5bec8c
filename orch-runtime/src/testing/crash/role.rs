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
pub(super) enum Life {
    /// Runs the flow, and dies at this point if there is one.
    First(Option<(CrashPoint, u64)>),
    /// Goes on where the first one died.
    Second,
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
        dir.join(match life {
            Life::First(_) => "first.notes",
            Life::Second => "second.notes",
        })
    }

    /// As an environment variable and its value.
    pub(super) fn told(&self) -> (&'static str, String) {
        let life = match self.life {
            Life::First(None) => "whole".to_owned(),
            Life::First(Some((point, number))) => format!("{point} {number}"),
            Life::Second => "second".to_owned(),
        };
        (ROLE, format!("{}\n{life}\n{}", self.place, self.dir.display()))
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.splitn(3, '\n');
        let place = lines.next()?.parse().ok()?;
        let life = match lines.next()? {
            "whole" => Life::First(None),
            "second" => Life::Second,
            point => {
                let (point, number) = point.split_once(' ')?;
                Life::First(Some((point.parse().ok()?, number.parse().ok()?)))
            }
        };
        Some(Self { place, life, dir: lines.next()?.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_reads_what_it_is_told() {
        let first = |at| Role { place: 3, life: Life::First(at), dir: "/a b/\nc".into() };
        for role in
            [first(None), first(Some((CrashPoint::Written, 12))), Role { life: Life::Second, ..first(None) }]
        {
            assert_eq!(Role::read(&role.told().1), Some(role));
        }
    }
}
