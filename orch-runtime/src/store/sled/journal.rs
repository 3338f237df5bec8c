//! The journal of a scope, read from the packs that tell of it.

use super::{
    active::Active,
    db::Fault,
    index::{Entry, Tells},
    shared::Shared,
};
use crate::{
    id::{CallKey, ScopeId, TaskNumber},
    store::{Begun, Journal, Mark, Record},
};

/// The journal of one scope.
pub(super) fn journal(shared: &Shared, active: &Active, scope: ScopeId) -> Result<Journal, Fault> {
    let mut journal = Journal::default();
    active.with_index(|index| {
        index.of_scope(shared, active, scope, |entry| take_in(&mut journal, shared, entry))?;
        // What is read for the first time is looked through for this scope in the same pass.
        index.catch_up(shared, active, |entry| {
            if entry.key.scope == scope { take_in(&mut journal, shared, entry) } else { Ok(()) }
        })?;
        journal.in_flight = index.in_flight(scope);
        journal.children = index.children(scope, TaskNumber(u32::MAX));
        Ok(())
    })?;
    Ok(journal)
}

/// What was in the journal of one scope when the run had `before` task runs.
pub(super) fn past(
    shared: &Shared,
    active: &Active,
    scope: ScopeId,
    before: TaskNumber,
) -> Result<Journal, Fault> {
    let mut journal = Journal::default();
    active.with_index(|index| {
        index.catch_up(shared, active, |_| Ok(()))?;
        index.of_scope_before(shared, active, scope, before, |entry| match entry.tells {
            Tells::Outcome(_) => take_in(&mut journal, shared, entry),
            Tells::Dropped { .. } | Tells::Waits(_) => Ok(()),
        })?;
        // Whenever it was given back: what a record had taken is nobody's then.
        index.of_scope(shared, active, scope, |entry| match entry.tells {
            Tells::Dropped { undone: true } => take_in(&mut journal, shared, entry),
            _ => Ok(()),
        })?;
        journal.children = index.children(scope, before);
        Ok(())
    })?;
    Ok(journal)
}

fn take_in(journal: &mut Journal, shared: &Shared, entry: &Entry) -> Result<(), Fault> {
    let Entry { key: CallKey { scope, call, occurrence }, instance, number, task, ref tells } = *entry;
    match *tells {
        Tells::Outcome(ref outcome) => {
            let outcome = shared.outcome(outcome)?;
            journal.records.push(Record { scope, instance, number, call, occurrence, task, outcome });
        }
        Tells::Dropped { undone } => journal.dropped.push(Mark { scope, instance, call, occurrence, undone }),
        Tells::Waits(due) => journal.begun.push(Begun { scope, instance, call, occurrence, due }),
    }
    Ok(())
}
