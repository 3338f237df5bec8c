//! What to tell the person who has to find out why journal and code disagree.

use crate::{
    definition::{self, Definition},
    engine::{RunShared, replay::Divergence},
    id::TaskNumber,
    store::{Page, Record, TaskRun},
};

/// Records that an edited body does not ask for are named up to this many; of all others the number is told.
pub(in crate::engine) const NAMED: usize = 8;

/// What a record that nobody asks for was, and what is asked for instead.
pub(in crate::engine) async fn describe(run: &RunShared, divergence: &Divergence) -> String {
    let Divergence { record, asked } = divergence;
    let what = named(run, record).await;
    let instead: Vec<String> = asked
        .iter()
        .map(|asked| call(asked.definition, asked.input.as_ref().map(ToString::to_string)))
        .collect();
    let instead = match instead.len() {
        0 => String::new(),
        _ => format!(" (the first calls of it that were not recorded: {})", instead.join(", ")),
    };
    format!(
        "the journal says that call {} of this body was {what}, occurrence {}, and the unedited body does not make \
         that call any more{instead}: it decides by something that is not recorded, such as a clock, a random source \
         or a bare timer; `orch::now`, `orch::random`, `orch::uuid` and `orch::sleep` are recorded",
        record.number, record.occurrence
    )
}

/// What a record is of, with its input and its place in the source.
pub(in crate::engine) async fn named(run: &RunShared, record: &Record) -> String {
    match task_run(run, record.task).await {
        Some(row) => recorded_call(&row),
        None => "a value that is not a task's, such as `orch::now` or the end of a branch".to_owned(),
    }
}

/// The row of a task run.
pub(in crate::engine) async fn task_run(run: &RunShared, task: Option<TaskNumber>) -> Option<TaskRun> {
    let page = match task?.0.checked_sub(1) {
        None => Page::first(1),
        Some(before) => Page::after(TaskNumber(before), 1),
    };
    run.core.store.task_runs(run.id, page).await.ok()?.into_iter().next()
}

/// A task run, with its input and with the place of its definition if this program has it.
pub(in crate::engine) fn recorded_call(row: &TaskRun) -> String {
    match definition::known(&row.name) {
        Some(definition) => call(definition, row.input.clone()),
        None => written(&row.name, None, row.input.as_deref()),
    }
}

/// A call, with its input and with the place of its definition.
pub(in crate::engine) fn call(definition: &'static Definition, input: Option<String>) -> String {
    written(definition.display_name(), Some(definition.place().to_string()), input.as_deref())
}

fn written(name: &str, place: Option<String>, input: Option<&str>) -> String {
    let place =
        place.map_or_else(|| " (which this program does not have)".to_owned(), |place| format!(" ({place})"));
    let input = match input {
        None => String::new(),
        Some("") => " without input".to_owned(),
        Some(input) => format!(" with input `{input}`"),
    };
    format!("`{name}`{place}{input}")
}
