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
use crate::{
    RunId, TaskNumber,
    crash::{Body, Note},
    definition,
};

/// An attempt as the store knows it: the run, the task run's number and key, the attempt.
type Known = (RunId, TaskNumber, u128, u32);

pub(super) fn judge(whole: &Whole, passing: &Passing, lives: &[Ended], dir: &Path) -> io::Result<Boundary> {
    let mut faults = Vec::new();
    let later = || lives.iter().skip(1);
    for note in later().flat_map(|life| &life.notes) {
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
    let last = later().next_back().filter(|last| last.whole);
    if last.is_none() && faults.is_empty() {
        let said = later().next_back().map_or("there was none", |last| last.said.as_str());
        faults.push(format!("the child that was to go on did not end well: {said}"));
    }
    let result = last.and_then(result_of).map(|(_, result)| result).unwrap_or_default();
    if last.is_some() && result != whole.result {
        faults.push(format!("it gives {result} instead of {}", whole.result));
    }
    for (_, told) in lives.iter().filter_map(result_of).filter(|(_, told)| *told != result) {
        faults.push(format!("its caller was told {told} before a kill, and {result} in the end"));
    }
    faults.extend(lives.iter().flat_map(left_open));
    let runs = count_bodies(lives, &mut faults);
    too_many(whole, lives, &mut faults);
    never_ran(lives, &mut faults);
    Ok(Boundary { result, runs, ..row(passing, faults) })
}

/// How often each body ran; that none ran again that was recorded, and none more than once in a life.
fn count_bodies(lives: &[Ended], faults: &mut Vec<String>) -> Vec<Runs> {
    let mut runs: BTreeMap<(&str, &str), Runs> = BTreeMap::new();
    let mut before: BTreeMap<&Body, TaskNumber> = BTreeMap::new();
    for (index, life) in lives.iter().enumerate() {
        // What the store had when this life began, and what it has of this life when the next one begins.
        let had: BTreeSet<Known> = life.notes.iter().filter_map(known).collect();
        let has: BTreeSet<Known> =
            lives.get(index + 1).into_iter().flat_map(|next| &next.notes).filter_map(known).collect();
        let mut began = BTreeMap::new();
        for (body, task, input) in bodies_of(life) {
            let mut numbers = [Some(&task), before.get(body)].into_iter().flatten();
            if numbers.any(|task| had.contains(&known_as(body, *task))) {
                faults.push(format!("`{}` {input} was recorded and ran again", body.name));
            }
            if began.insert(body, task).is_some() {
                faults.push(format!("`{}` {input} began twice in one process", body.name));
            }
            let runs = runs.entry((&body.name, input)).or_insert_with(|| Runs::none(&body.name, input));
            if index == 0 {
                runs.before += 1;
                runs.recorded += usize::from(has.contains(&known_as(body, task)));
            } else {
                runs.after += 1;
                runs.repeated += usize::from(before.contains_key(body));
            }
        }
        before.extend(began);
    }
    runs.into_values().collect()
}

fn known_as(body: &Body, task: TaskNumber) -> Known {
    (body.run, task, body.key, body.attempt)
}

/// That no bodies came to be that the undisturbed run did not have: as when an id is drawn anew after its use. A cached
/// result may be lost with the process, and costs a computation then.
fn too_many(whole: &Whole, lives: &[Ended], faults: &mut Vec<String>) {
    let all: BTreeSet<_> = lives.iter().flat_map(bodies_of).map(|(body, ..)| body).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for body in all {
        *counts.entry(&body.name).or_default() += 1;
    }
    let cached: BTreeSet<_> = lives.iter().flat_map(|life| &life.notes).filter_map(cached).collect();
    for (name, count) in counts.into_iter().filter(|(name, _)| !cached.contains(name)) {
        let expected = whole.bodies.get(name).copied().unwrap_or_default();
        if count > expected {
            faults.push(format!("`{name}` has {count} different bodies instead of {expected}"));
        }
    }
}

/// Whether bodies of the definition may run only once: its process may have died before the body that it was about to
/// start, and then a person says what its result is.
fn is_once(name: &str) -> bool {
    definition::find(name).is_some_and(|found| found.definition.is_once())
}

/// That everything with a result had a body, and what may run only once did not run twice.
fn never_ran(lives: &[Ended], faults: &mut Vec<String>) {
    let mut ran: BTreeSet<_> = BTreeSet::new();
    for (body, _, input) in lives.iter().flat_map(bodies_of) {
        if !ran.insert((body.run, body.key)) && is_once(&body.name) {
            faults.push(format!("`{}` {input} may run only once and ran again", body.name));
        }
    }
    for note in lives.iter().flat_map(|life| &life.notes) {
        if let Note::Completed { run, key, name } = note
            && !ran.contains(&(*run, *key))
            && !is_once(name)
        {
            faults.push(format!("`{name}` has a result and its body never ran"));
        }
    }
}

type Began<'a> = (&'a Body, TaskNumber, &'a str);

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::CrashPoint;

    fn began(body: &Body, task: u32) -> Note {
        Note::Began { body: body.clone(), task: TaskNumber(task), input: "(1)".into(), cached: false }
    }

    fn recorded(body: &Body, task: u32) -> Note {
        Note::Recorded { run: body.run, task: TaskNumber(task), key: body.key, attempt: body.attempt }
    }

    fn result(text: &str) -> Note {
        Note::Result { flow: "flow".into(), text: text.into() }
    }

    fn faults(lives: &[&[Note]]) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("store")).expect("a directory");
        let life = |notes: &&[Note]| Ended {
            notes: notes.to_vec(),
            whole: notes.contains(&Note::Over),
            killed: true,
            said: "killed".into(),
        };
        let lives: Vec<_> = lives.iter().map(life).collect();
        let bodies = BTreeMap::from([("work".to_owned(), 1)]);
        let whole = Whole { flow: "flow".into(), result: "1".into(), passings: Vec::new(), bodies };
        let passing = (CrashPoint::Synced, 1, "a change".to_owned());
        judge(&whole, &passing, &lives, dir.path()).expect("a directory").faults
    }

    #[test]
    fn what_is_wrong_is_told() {
        let body = Body { run: RunId::new(), key: 7, instance: 1, attempt: 1, name: "work".into() };
        let end = [result("1"), Note::Over];
        let told = |first: &[Note], second: &[Note]| faults(&[first, &[second, &end[..]].concat()]);

        // What was in flight runs again, under the same number or another one; what was recorded does not run at all.
        let once = [began(&body, 3)];
        assert_eq!(told(&once, &[began(&body, 3)]), [""; 0]);
        assert_eq!(told(&once, &[began(&body, 4)]), [""; 0]);
        assert_eq!(told(&once, &[recorded(&body, 3)]), [""; 0]);
        let again = told(&once, &[recorded(&body, 3), began(&body, 3)]);
        assert_eq!(again, ["`work` (1) was recorded and ran again"]);
        // Also where its record was not recognised, and the call has got another number.
        assert_eq!(told(&once, &[recorded(&body, 3), began(&body, 4)]), again);
        let twice = told(&once, &[began(&body, 3), began(&body, 3)]);
        assert_eq!(twice, ["`work` (1) began twice in one process"]);

        let other = Body { key: 8, ..body.clone() };
        assert_eq!(told(&once, &[began(&other, 3)]), ["`work` has 2 different bodies instead of 1"]);
        let lost = told(&[], &[Note::Completed { run: body.run, key: 7, name: "work".into() }]);
        assert_eq!(lost, ["`work` has a result and its body never ran"]);

        let changed = told(&[result("2")], &[]);
        assert_eq!(changed, ["its caller was told 2 before a kill, and 1 in the end"]);
        assert_eq!(faults(&[&once, &[result("3"), Note::Over]]), ["it gives 3 instead of 1"]);
        assert_eq!(told(&once, &[Note::LeftOpen("run 1".into())]), ["left open: run 1"]);
        assert_eq!(faults(&[&once, &[Note::Damage("torn".into())]]), ["the store does not open: torn"]);
        assert_eq!(faults(&[&once, &[]]), ["the child that was to go on did not end well: killed"]);
    }
}
