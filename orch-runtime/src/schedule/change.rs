//! Steps of a plan as changes of the store.

use std::borrow::Cow;

use super::{
    plan::{Start, Step},
    stored::{Stored, moment},
};
use crate::{
    clock::Timestamp,
    codec::CodecError,
    definition::{self, DefinitionKind},
    id::RunId,
    store::{NewRun, StartedBy, Starter, StarterChange, Trigger, WorkerId},
};

/// A change of a schedule that starts nothing.
pub(super) fn change(
    starter: &Starter,
    after: &Stored,
    told: Vec<crate::store::Happening>,
    at: Timestamp,
) -> Result<StarterChange, CodecError> {
    Ok(StarterChange {
        key: starter.key.clone(),
        expect: Some(starter.revision),
        put: Some(after.put(&starter.definition)?),
        entries: told,
        run: None,
        at,
    })
}

/// The change of one step, with the run that it starts.
pub(super) fn step(
    starter: &Starter,
    step: Step,
    worker: WorkerId,
    at: Timestamp,
) -> Result<StarterChange, CodecError> {
    let Step { told, start, after } = step;
    let run = start.map(|start| {
        let started_by = StartedBy {
            starter: starter.key.clone(),
            tick: Some(moment(start.tick)),
            ..StartedBy::default()
        };
        run_of(starter, &after, start, Trigger::Schedule, started_by, worker, at)
    });
    Ok(StarterChange { run, ..change(starter, &after, told, at)? })
}

/// A run that nobody calls: of the definition as this program has it; where it has none, the run says so when it begins.
pub(super) fn run_of(
    starter: &Starter,
    stored: &Stored,
    start: Start,
    trigger: Trigger,
    started_by: StartedBy,
    worker: WorkerId,
    at: Timestamp,
) -> NewRun {
    let found = definition::find(&starter.definition).map(|found| found.definition);
    let name = found.and_then(|definition| definition.name().ok());
    let own = stored.tags.iter().cloned().map(Cow::Owned);
    let tags = found.map_or(&[][..], |definition| definition.tags);
    NewRun {
        id: start.run,
        given_id: None,
        name: name.map_or_else(|| Cow::Owned(starter.definition.clone()), Cow::Borrowed),
        kind: DefinitionKind::Flow,
        body_hash: found.map_or(0, |definition| definition.body_hash),
        input: stored.input.clone(),
        label: stored.label.clone(),
        tags: tags.iter().map(|tag| Cow::Borrowed(*tag)).chain(own).collect(),
        trigger,
        parent: None,
        reruns: None,
        started_by: Some(Box::new(started_by)),
        waits: start.waits,
        worker: (!start.waits).then_some(worker),
        at,
    }
}

/// The schedule with those of its runs alone that have not ended; `None` when nothing changes.
pub(super) fn turn(stored: &Stored, active: &[RunId]) -> Option<Stored> {
    (stored.active != active).then(|| Stored { active: active.to_vec(), ..stored.clone() })
}
