//! What a resumed body does not ask for any more: the work of an edit, which is told, or of chance, which stops the run.

use std::sync::Arc;

use super::{
    Frame, Stop,
    flow::{self, NAMED},
    replay::Divergence,
    scope::Scope,
};
use crate::{
    cache::prefix_digest,
    id::{CallKey, ScopeId},
    state::Notice,
    store::Record,
};

/// So many records are looked at for what shows an edit.
const LOOKED_AT: usize = 16;

/// The body has ended: what was recorded and was not asked for stops a run whose code is what it was, and is told in one
/// whose code was edited.
pub(super) async fn settle(frame: &Frame, scope: &Arc<Scope>) {
    let left_out = left_out(frame, scope).await;
    let stops = match scope.divergence() {
        Some(divergence) => Some(divergence),
        None if scope.is_edited() => None,
        None => left_out.first().cloned().map(alone),
    };
    if let Some(divergence) = stops
        && !show(scope).await
    {
        scope.run.stop(Stop::Diverged(divergence));
        // The run's own body stops the run; this one gives nothing any more.
        std::future::pending::<()>().await;
    }
    let (mut unused, mut count) = scope.unused(NAMED);
    count += left_out.len();
    unused.extend(left_out);
    tell(scope, &unused, count).await;
}

/// The same for the items that a map had in life beyond those that it has now.
pub(super) async fn settle_items(frame: &Frame, scope: &Arc<Scope>, first_missing: ScopeId) {
    let unused = recorded_in(scope, first_missing).await;
    let Some(first) = unused.first() else { return };
    if !frame.run.is_edited() {
        frame.run.stop(Stop::Diverged(alone(first.clone())));
        std::future::pending::<()>().await;
    }
    tell(scope, &unused, unused.len()).await;
}

fn alone(record: Record) -> Box<Divergence> {
    Box::new(Divergence { record, asked: Vec::new() })
}

/// Whether what the body calls was edited, though its own text was not: it asks for a task with the very input that was
/// recorded and gets another key, so the task has another version or takes another type. An input that is too long
/// to be kept as a whole shows nothing.
pub(super) async fn show(scope: &Arc<Scope>) -> bool {
    let asked = scope.asked();
    for record in scope.unused(LOOKED_AT).0 {
        let Some(row) = flow::task_run(&scope.run, record.task).await else { continue };
        let Some(input) = row.input.as_deref().filter(|input| !input.ends_with('…')) else { continue };
        let is_row = |name: &str| name == row.name;
        let same = asked.iter().any(|asked| {
            let named = is_row(asked.definition.display_name())
                || asked.definition.formerly.iter().any(|name| is_row(name));
            let other = asked.call != record.call;
            other && named && asked.input.as_ref().is_some_and(|own| own.to_string() == input)
        });
        if same {
            return scope.found_edited();
        }
    }
    false
}

/// Records of branches and maps that this body has not opened again.
async fn left_out(frame: &Frame, scope: &Arc<Scope>) -> Vec<Record> {
    // A task of which nothing was recorded began in this life, most likely, and reading costs each time.
    if frame.is_branch() || (frame.task.is_some() && !scope.has_history()) {
        return Vec::new();
    }
    let next = |kind: &str| {
        let call = prefix_digest(kind, "orch");
        ScopeId::inside(&CallKey { scope: scope.id, call, occurrence: scope.written_times(call) })
    };
    let mut records = recorded_in(scope, next("spawn")).await;
    records.extend(recorded_in(scope, next("map").item(0)).await);
    records
}

/// What was recorded in a scope that nobody has opened.
async fn recorded_in(scope: &Arc<Scope>, id: ScopeId) -> Vec<Record> {
    let run = &scope.run;
    match run.core.store.replay(run.id, run.fence, id).await {
        Ok(journal) => {
            journal.records.into_iter().filter(|record| record.instance == scope.instance).collect()
        }
        Err(error) => {
            run.stop(Stop::Store(error));
            std::future::pending().await
        }
    }
}

/// Says which records an edited body did not ask for.
async fn tell(scope: &Scope, unused: &[Record], count: usize) {
    for record in unused.iter().take(NAMED) {
        let what = flow::named(&scope.run, record).await;
        let text = format!("the edited body does not ask for record {} any more: {what}", record.number);
        scope.run.notice(record.task, Notice::Diverged, text);
    }
    if count > NAMED {
        let text = format!("the edited body does not ask for {} further records", count - NAMED);
        scope.run.notice(None, Notice::Diverged, text);
    }
}
