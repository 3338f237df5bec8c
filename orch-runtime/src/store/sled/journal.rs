//! The journal of a scope, read from the packs that tell of it.

use std::sync::PoisonError;

use super::{active::Active, db::Fault, facts::What, shared::Shared};
use crate::{
    id::ScopeId,
    store::{Journal, Record},
};

/// The journal of one scope.
pub(super) fn journal(shared: &Shared, active: &Active, scope: ScopeId) -> Result<Journal, Fault> {
    let mut index = active.index.lock().unwrap_or_else(PoisonError::into_inner);
    let index = index.get_or_insert_default();
    let mut journal = Journal::default();
    index.of_scope(shared, active, scope, |what| take_in(&mut journal, shared, what))?;
    // What is read for the first time is looked through for this scope in the same pass.
    index.catch_up(
        shared,
        active,
        |of, what| {
            if of == scope { take_in(&mut journal, shared, what) } else { Ok(()) }
        },
    )?;
    journal.in_flight = index.in_flight(scope);
    Ok(journal)
}

fn take_in(journal: &mut Journal, shared: &Shared, what: &What) -> Result<(), Fault> {
    match what {
        What::Record(record) => journal.records.push(Record {
            scope: record.key.scope,
            instance: record.instance,
            number: record.number,
            call: record.key.call,
            occurrence: record.key.occurrence,
            task: record.task,
            outcome: shared.outcome(&record.outcome)?,
        }),
        What::Dropped(mark) => journal.dropped.push(*mark),
        _ => {}
    }
    Ok(())
}
