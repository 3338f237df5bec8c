//! What is wrong behind a boundary, as the notes of both lives tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use super::{
    judge::{Passing, Whole, row},
    table::{Boundary, Runs},
    workers::Ended,
};
use crate::crash::{Body, Note};

/// An attempt as the store knows it: the run, the task run's number and key, the attempt.
type Known = (crate::RunId, crate::TaskNumber, u128, u32);

pub(super) fn judge(
    whole: &Whole,
    passing: &Passing,
    first: &Ended,
    second: &Ended,
    dir: &Path,
) -> io::Result<Boundary> {
    let mut faults = Vec::new();
    for note in &second.notes {
        if let Note::Damage(text) = note {
            faults.push(format!("the store does not open: {text}"));
        }
    }
    for entry in std::fs::read_dir(dir.join("store"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.contains("quarantine") {
            faults.push(format!("something was set aside as `{name}`"));
        }
    }
    if !second.whole && faults.is_empty() {
        faults.push(format!("the child that resumed did not end well: {}", second.said));
    }
    let result = result_of(second).map(|(_, result)| result).unwrap_or_default();
    if second.whole && result != whole.result {
        faults.push(format!("it gives {result} instead of {}", whole.result));
    }
    if let Some((_, told)) = result_of(first).filter(|(_, told)| *told != result) {
        faults.push(format!("its caller was told {told} before the kill, and {result} after it"));
    }
    faults.extend(left_open(second));
    let runs = count_bodies(first, second, &mut faults);
    too_many(whole, first, second, &mut faults);
    never_ran(first, second, &mut faults);
    Ok(Boundary { result, runs, ..row(passing, faults) })
}

/// How often each body ran; that none ran again that was recorded, and none more than once in a life.
fn count_bodies(first: &Ended, second: &Ended, faults: &mut Vec<String>) -> Vec<Runs> {
    let recorded: BTreeSet<Known> = second.notes.iter().filter_map(known).collect();
    let is_recorded =
        |(body, task, _): &Began<'_>| recorded.contains(&(body.run, *task, body.key, body.attempt));
    let before: BTreeSet<_> = bodies_of(first).map(|(body, ..)| body).collect();
    let lasting: BTreeSet<_> = bodies_of(first).filter(is_recorded).map(|(body, ..)| body).collect();
    for life in [first, second] {
        let mut seen = BTreeSet::new();
        for (body, _, input) in bodies_of(life) {
            if !seen.insert(body) {
                faults.push(format!("`{}` {input} began twice in one process", body.name));
            }
        }
    }
    for began in bodies_of(second) {
        let (body, _, input) = began;
        if lasting.contains(body) || is_recorded(&began) {
            faults.push(format!("`{}` {input} was recorded and ran again", body.name));
        }
    }
    let mut runs: BTreeMap<(&str, &str), Runs> = BTreeMap::new();
    for (life, began) in
        [first, second].into_iter().flat_map(|life| bodies_of(life).map(move |began| (life, began)))
    {
        let (body, _, input) = began;
        let runs = runs.entry((&body.name, input)).or_insert_with(|| Runs::none(&body.name, input));
        if std::ptr::eq(life, first) {
            runs.before += 1;
            runs.recorded += usize::from(is_recorded(&began));
        } else {
            runs.after += 1;
            runs.repeated += usize::from(before.contains(body));
        }
    }
    runs.into_values().collect()
}

/// That no bodies came to be that the undisturbed run did not have: as when an id is drawn anew after its use. A cached
/// result may be lost with the process, and costs a computation then.
fn too_many(whole: &Whole, first: &Ended, second: &Ended, faults: &mut Vec<String>) {
    let all: BTreeSet<_> = bodies_of(first).chain(bodies_of(second)).map(|(body, ..)| body).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for body in all {
        *counts.entry(&body.name).or_default() += 1;
    }
    let cached: BTreeSet<_> =
        [first, second].into_iter().flat_map(|life| &life.notes).filter_map(cached).collect();
    for (name, count) in counts.into_iter().filter(|(name, _)| !cached.contains(name)) {
        let expected = whole.bodies.get(name).copied().unwrap_or_default();
        if count > expected {
            faults.push(format!("`{name}` has {count} different bodies instead of {expected}"));
        }
    }
}

/// That everything with a result had a body.
fn never_ran(first: &Ended, second: &Ended, faults: &mut Vec<String>) {
    let ran: BTreeSet<_> =
        bodies_of(first).chain(bodies_of(second)).map(|(body, ..)| (body.run, body.key)).collect();
    for note in &second.notes {
        if let Note::Completed { run, key, name } = note
            && !ran.contains(&(*run, *key))
        {
            faults.push(format!("`{name}` has a result and its body never ran"));
        }
    }
}

type Began<'a> = (&'a Body, crate::TaskNumber, &'a str);

pub(super) fn bodies_of(ended: &Ended) -> impl Iterator<Item = Began<'_>> {
    ended.notes.iter().filter_map(|note| match note {
        Note::Began { body, task, input, .. } => Some((body, *task, input.as_str())),
        _ => None,
    })
}

/// The name of a cached task that began.
fn cached(note: &Note) -> Option<&str> {
    match note {
        Note::Began { body, cached: true, .. } => Some(&body.name),
        _ => None,
    }
}

fn known(note: &Note) -> Option<Known> {
    match note {
        Note::Recorded { run, task, key, attempt } => Some((*run, *task, *key, *attempt)),
        _ => None,
    }
}

pub(super) fn left_open(ended: &Ended) -> Vec<String> {
    let open = |note: &Note| match note {
        Note::LeftOpen(text) => Some(format!("left open: {text}")),
        _ => None,
    };
    ended.notes.iter().filter_map(open).collect()
}

pub(super) fn result_of(ended: &Ended) -> Option<(String, String)> {
    ended.notes.iter().find_map(|note| match note {
        Note::Result { flow, text } => Some((flow.clone(), text.clone())),
        _ => None,
    })
}
