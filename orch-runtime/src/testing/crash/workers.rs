//! Children: this program once more.

use std::{
    fs::File,
    io,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use super::role::{Life, Role};
use crate::{
    clock::Clock,
    crash::{CrashPoint, Note, read},
};

/// How long to look away from a child that is at work.
const GLANCE: Duration = Duration::from_micros(500);

/// The most of what a child said that is told again.
const TAIL: usize = 2_000;

/// Starts children.
pub(super) struct Workers {
    place: usize,
    limit: Duration,
}

/// How a child ended.
pub(super) struct Ended {
    pub(super) notes: Vec<Note>,
    /// It came to its end, and said so.
    pub(super) whole: bool,
    /// It died as it was told to.
    pub(super) killed: bool,
    /// How it ended and what it said, where somebody should know.
    pub(super) said: String,
}

impl Workers {
    pub(super) fn new(place: usize, limit: Duration) -> Self {
        Self { place, limit }
    }

    /// One life in `dir`, to its end.
    pub(super) fn live(&self, dir: &Path, life: Life) -> io::Result<Ended> {
        std::fs::create_dir_all(dir)?;
        let output = dir.join("output");
        let mut command = again()?;
        let (key, value) = Role { place: self.place, life, dir: dir.to_owned() }.told();
        let file = File::create(&output)?;
        command.env(key, value).stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file);
        let ended = wait(command.spawn()?, self.limit)?;
        let notes = read(&Role::notes(dir, life))?;
        let whole = ended.is_some_and(|status| status.success()) && notes.contains(&Note::Over);
        // Whoever is killed has no code; whoever aborts without having been told to has not passed its point.
        let died = ended.is_some_and(|status| status.code().is_none());
        let killed = died && life.at.is_some() && last_passing(&notes).map(|(at, _)| at) == life.at;
        let how = match ended {
            None => format!("it did not end within {:?}", self.limit),
            Some(status) => status.to_string(),
        };
        let output = String::from_utf8_lossy(&std::fs::read(&output)?).into_owned();
        let tail = output.char_indices().rev().nth(TAIL).map_or(0, |(start, _)| start);
        Ok(Ended { notes, whole, killed, said: format!("{how}; it said: {}", output[tail..].trim()) })
    }
}

/// The last point that was passed. Other threads may have noted something after it.
pub(super) fn last_passing(notes: &[Note]) -> Option<((CrashPoint, u64), &str)> {
    notes.iter().rev().find_map(|note| match note {
        Note::Passed { point, number, change } => Some(((*point, *number), change.as_str())),
        _ => None,
    })
}

/// This program once more: inside a test, that test alone.
fn again() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let thread = std::thread::current();
    match thread.name() {
        Some(test) if test != "main" => {
            command.args(["--exact", test, "--include-ignored", "--nocapture", "--test-threads=1"]);
        }
        _ => {
            command.args(std::env::args_os().skip(1));
        }
    }
    Ok(command)
}

/// Waits for the child's end; `None` when it takes longer than `limit`, and is killed then.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let begun = Clock::System.now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Clock::System.now().since(begun) > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::park_timeout(GLANCE);
    }
}
