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
    workers::{Workers, last_passing},
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
    pub(super) flow: String,
    pub(super) result: String,
    pub(super) passings: Vec<Passing>,
    /// How many bodies of each name there were.
    pub(super) bodies: BTreeMap<String, usize>,
}

/// The whole matrix.
#[expect(clippy::panic, reason = "a test that cannot be carried out has to fail")]
pub(super) fn matrix(workers: &Workers, at_once: usize, twice: bool) -> CrashMatrix {
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
                    let again = twice.then(|| somewhere(index));
                    let boundary =
                        at_boundary(workers, &whole, passing, again, &place).unwrap_or_else(|error| {
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
    let ended = workers.live(dir, Life::new(1, None))?;
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

/// What came of a kill there; `None` when no child came there. With `again`, the child that goes on is to die there
/// too, and a third one goes on.
fn at_boundary(
    workers: &Workers,
    whole: &Whole,
    passing: &Passing,
    again: Option<(CrashPoint, u64)>,
    place: &Path,
) -> io::Result<Option<Boundary>> {
    for attempt in 0..TRIES {
        let dir = place.with_extension(attempt.to_string());
        let mut lives = vec![workers.live(&dir, Life::new(1, Some((passing.0, passing.1))))?];
        if lives[0].whole {
            std::fs::remove_dir_all(&dir)?;
            continue;
        }
        if !lives[0].killed {
            let fault = format!("the child that was to be killed ended otherwise: {}", lives[0].said);
            return Ok(Some(row(passing, vec![fault])));
        }
        let (point, number, mut change) = passing.clone();
        if let Some((_, own)) = last_passing(&lives[0].notes) {
            own.clone_into(&mut change);
        }
        if again.is_some() {
            lives.push(workers.live(&dir, Life::new(2, again))?);
        }
        // One that was to die and came to no such point has come to its end.
        if lives.last().is_some_and(|last| last.killed) {
            lives.push(workers.live(&dir, Life::new(lives.len() + 1, None))?);
        }
        let boundary = judge(whole, &(point, number, change), &lives, &dir)?;
        std::fs::remove_dir_all(&dir)?;
        return Ok(Some(boundary));
    }
    Ok(None)
}

/// Where the child that goes on dies: somewhere else for each boundary, and the same each time.
fn somewhere(index: usize) -> (CrashPoint, u64) {
    let points = CrashPoint::ALL;
    (points[index % points.len()], (index / points.len() % 5) as u64 + 1)
}

pub(super) fn row((point, number, change): &Passing, faults: Vec<String>) -> Boundary {
    let (change, result) = (change.clone(), String::new());
    Boundary { point: *point, number: *number, change, result, runs: Vec::new(), faults }
}
