//! What to tell the person who has to find out why journal and code disagree.

use crate::{
    definition,
    engine::RunShared,
    id::TaskNumber,
    store::{Page, Record},
};

/// What a record that nobody asks for was, for the person who has to find out why.
pub(super) async fn describe(run: &RunShared, record: &Record) -> String {
    let row = match record.task {
        Some(TaskNumber(0)) => run.core.store.task_runs(run.id, Page::first(1)).await.ok(),
        Some(TaskNumber(number)) => {
            run.core.store.task_runs(run.id, Page::after(TaskNumber(number - 1), 1)).await.ok()
        }
        None => None,
    };
    let name = row.and_then(|rows| rows.into_iter().next()).map(|row| row.name);
    let what = match &name {
        Some(name) => {
            let place = definition::find(name).map(|found| format!(" ({})", found.definition.place()));
            format!("`{name}`{}", place.unwrap_or_default())
        }
        None => "a value that is not a task's, such as `orch::now` or the end of a branch".to_owned(),
    };
    format!(
        "the journal says that call {} of this body was {what} with input {:016x}, occurrence {}, and the unedited \
         body does not make that call any more: it decides by something that is not recorded, such as a clock, a \
         random source or a bare timer; `orch::now`, `orch::random`, `orch::uuid` and `orch::sleep` are recorded",
        record.number, record.call as u64, record.occurrence
    )
}
