//! Sends a child to every boundary, and one to resume what is left of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    role::Life,
    table::{Boundary, CrashMatrix},
    verdict::{bodies_of, judge, left_open, result_of},
    workers::{Ended, Workers},
};
use crate::{
    crash::{CrashPoint, Note},
    testing::dir::Dir,
};

/// How often a child is sent to a boundary before it counts as missed.
const TRIES: usize = 3;

/// A point, which passing of it, and what the change was.
pub(super) type Passing = (CrashPoint, u64, String);

/// What the undisturbed run did.
pub(super) struct Whole {
    flow: String,
    pub(super) result: String,
    passings: Vec<Passing>,
    /// How many bodies of each name there were.
    pub(super) bodies: BTreeMap<String, usize>,
}

/// The whole matrix.
#[expect(clippy::panic, reason = "a test that cannot be carried out has to fail")]
pub(super) fn matrix(workers: &Workers, at_once: usize) -> CrashMatrix {
    let dir = Dir::new();
    let whole = match undisturbed(workers, &dir.0.join("whole")) {
        Ok(Ok(whole)) => whole,
        Ok(Err(said)) => panic!("the undisturbed run did not end well: {said}"),
        Err(error) => panic!("the undisturbed run could not be started: {error}"),
    };
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    // Children are started from a thread of the test's name, which says what they are to carry out.
    let name = std::thread::current().name().unwrap_or("main").to_owned();
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            let work = || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(passing) = whole.passings.get(index) else { break };
                    let place = dir.0.join(index.to_string());
                    let boundary = at_boundary(workers, &whole, passing, &place).unwrap_or_else(|error| {
                        Some(row(passing, vec![format!("a child could not be started: {error}")]))
                    });
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((index, boundary));
                }
            };
            let started = std::thread::Builder::new().name(name.clone()).spawn_scoped(scope, work);
            if let Err(error) = started {
                panic!("no thread could be started: {error}");
            }
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_unstable_by_key(|(index, _)| *index);
    let missed = found.iter().filter(|(_, boundary)| boundary.is_none()).count();
    let boundaries = found.into_iter().filter_map(|(_, boundary)| boundary).collect();
    let Whole { flow, result, bodies, .. } = whole;
    CrashMatrix { flow, result, bodies: bodies.values().sum(), boundaries, missed }
}

fn undisturbed(workers: &Workers, dir: &Path) -> io::Result<Result<Whole, String>> {
    let ended = workers.live(dir, Life::First(None))?;
    let (Some((flow, result)), true) = (result_of(&ended), ended.whole) else {
        return Ok(Err(ended.said));
    };
    let passed = |note: &Note| match note {
        Note::Passed { point, number, change } => Some((*point, *number, change.clone())),
        _ => None,
    };
    let passings = ended.notes.iter().filter_map(passed).collect();
    let mut bodies = BTreeMap::new();
    for body in bodies_of(&ended).map(|(body, ..)| body).collect::<BTreeSet<_>>() {
        *bodies.entry(body.name.clone()).or_default() += 1;
    }
    let left = left_open(&ended);
    match left.is_empty() {
        true => Ok(Ok(Whole { flow, result, passings, bodies })),
        false => Ok(Err(left.join("; "))),
    }
}

/// What came of a kill there; `None` when no child came there.
fn at_boundary(
    workers: &Workers,
    whole: &Whole,
    passing: &Passing,
    place: &Path,
) -> io::Result<Option<Boundary>> {
    for attempt in 0..TRIES {
        let dir = place.with_extension(attempt.to_string());
        let first = workers.live(&dir, Life::First(Some((passing.0, passing.1))))?;
        if first.whole {
            std::fs::remove_dir_all(&dir)?;
            continue;
        }
        let passing = first.last_passing().filter(|_| first.killed).unwrap_or_else(|| passing.clone());
        if !first.killed {
            let fault = format!("the child that was to be killed ended otherwise: {}", first.said);
            return Ok(Some(row(&passing, vec![fault])));
        }
        let second = workers.live(&dir, Life::Second)?;
        let boundary = judge(whole, &passing, &first, &second, &dir)?;
        std::fs::remove_dir_all(&dir)?;
        return Ok(Some(boundary));
    }
    Ok(None)
}

pub(super) fn row((point, number, change): &Passing, faults: Vec<String>) -> Boundary {
    let (change, result) = (change.clone(), String::new());
    Boundary { point: *point, number: *number, change, result, runs: Vec::new(), faults }
}

impl Ended {
    fn last_passing(&self) -> Option<Passing> {
        match self.notes.last() {
            Some(Note::Passed { point, number, change }) => Some((*point, *number, change.clone())),
            _ => None,
        }
    }
}
