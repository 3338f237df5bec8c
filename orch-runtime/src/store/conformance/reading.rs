//! `runs`, `run`, `task_runs` and `location`.

use super::{
    check::{Checked, PAGES, answer, equal, holds, some},
    fixture::{NAME, OpenRun, bytes, claim, key, moment, new_run, run_step, started, task},
};
use crate::{
    definition::DefinitionKind,
    error::{ErrorKind, RecordedError},
    id::{RunId, ScopeId, TaskNumber},
    state::{RunState, TaskState},
    store::{Labels, NewRun, Outcome, Page, RunFilter, Step, Store, TaskClaim, Trigger},
};

async fn listed(store: &dyn Store, filter: RunFilter, page: Page<RunId>) -> Checked<Vec<RunId>> {
    let runs = answer("runs", store.runs(filter, page).await)?;
    Ok(runs.iter().map(|run| run.id).collect())
}

/// `runs`: "Runs, newest first, by pages".
pub(super) async fn runs_newest_first_by_pages(store: &dyn Store) -> Checked {
    equal("runs of an empty store", listed(store, RunFilter::default(), Page::first(10)).await?, Vec::new())?;
    let mut newest_first = Vec::new();
    for at in 0..7 {
        let new = new_run(at);
        newest_first.insert(0, new.id);
        answer("submit", store.submit(new).await)?;
    }
    let mut pages = Vec::new();
    let mut page = Page::first(3);
    for _ in 0..PAGES {
        let found = listed(store, RunFilter::default(), page).await?;
        let Some(last) = found.last() else { break };
        page = Page::after(*last, 3);
        pages.push(found);
    }
    let expected: Vec<Vec<RunId>> = newest_first.chunks(3).map(<[RunId]>::to_vec).collect();
    equal("pages of 3", pages, expected)?;
    equal(
        "a page of all",
        listed(store, RunFilter::default(), Page::first(usize::MAX)).await?,
        newest_first,
    )?;
    equal("a page of none", listed(store, RunFilter::default(), Page::first(0)).await?, Vec::new())
}

/// `RunFilter`: each part narrows, all parts together; the pages count what fits.
pub(super) async fn runs_by_filter(store: &dyn Store) -> Checked {
    let mut runs = Vec::new();
    for at in 0..6u64 {
        let new = NewRun {
            name: if at % 2 == 0 { NAME } else { "suite::other" }.into(),
            tags: if at % 3 == 0 { vec!["nightly".into(), "eu".into()] } else { vec!["eu".into()] },
            ..new_run(at)
        };
        let mut open = OpenRun::submit(store, new).await?;
        if at >= 4 {
            open.complete().await?;
        }
        runs.push(open.id);
    }
    let waiting = new_run(9);
    runs.push(waiting.id);
    answer("submit", store.submit(waiting).await)?;
    let all = RunFilter::default;
    let cases: [(&str, RunFilter, &[usize]); 8] = [
        ("by name", RunFilter { name: Some(NAME.into()), ..all() }, &[6, 4, 2, 0]),
        ("by an unknown name", RunFilter { name: Some("suite".into()), ..all() }, &[]),
        ("by state Completed", RunFilter { state: Some(RunState::Completed), ..all() }, &[5, 4]),
        ("by state Pending", RunFilter { state: Some(RunState::Pending), ..all() }, &[6]),
        ("by tag", RunFilter { tag: Some("nightly".into()), ..all() }, &[3, 0]),
        ("by the second tag", RunFilter { tag: Some("eu".into()), ..all() }, &[5, 4, 3, 2, 1, 0]),
        ("by time", RunFilter { since: Some(moment(5)), ..all() }, &[6, 5]),
        (
            "by everything",
            RunFilter {
                name: Some(NAME.into()),
                state: Some(RunState::Running),
                tag: Some("eu".into()),
                since: Some(moment(1)),
            },
            &[2],
        ),
    ];
    for (what, filter, expected) in cases {
        let expected: Vec<RunId> = expected.iter().map(|place| runs[*place]).collect();
        equal(what, listed(store, filter.clone(), Page::first(100)).await?, expected.clone())?;
        let mut one_by_one = Vec::new();
        let mut page = Page::first(1);
        for _ in 0..PAGES {
            let [run] = listed(store, filter.clone(), page).await?[..] else { break };
            one_by_one.push(run);
            page = Page::after(run, 1);
        }
        equal(&format!("{what}, one by one"), one_by_one, expected)?;
    }
    Ok(())
}

/// `run`: what was submitted, where it stands, what came out, and its task runs by state.
pub(super) async fn run_tells_all(store: &dyn Store) -> Checked {
    let parent = (RunId::new(), TaskNumber(3));
    let new = NewRun {
        label: Some("the nightly one".into()),
        tags: vec!["nightly".into()],
        given_id: None,
        trigger: Trigger::Parent,
        parent: Some(parent),
        kind: DefinitionKind::Task,
        body_hash: u64::MAX,
        ..new_run(5)
    };
    let mut open = OpenRun::submit(store, new).await?;
    let mut steps: Vec<Step> = (0..3).flat_map(started).collect();
    steps.push(task(1, (TaskState::Running, 1), (TaskState::Completed, 1)));
    steps.push(claim(3));
    open.apply(steps).await?;
    let run = some("run", answer("run", store.run(open.id).await)?)?;
    let counts = [(TaskState::Pending, 1), (TaskState::Running, 2), (TaskState::Completed, 1)];
    equal("counts", run.counts, counts.into())?;
    equal("ended", run.ended, None)?;
    equal("value", run.value, None)?;
    open.apply(vec![Step::Run {
        expect: RunState::Running,
        state: RunState::Completed,
        attempt: 2,
        reason: Some("all done".into()),
        outcome: Some(Outcome::Value(bytes("output"))),
    }])
    .await?;
    let run = some("run", answer("run", store.run(open.id).await)?)?;
    equal("id", run.id, open.id)?;
    equal("name", run.name.as_ref(), NAME)?;
    equal("kind", run.kind, DefinitionKind::Task)?;
    equal("body hash", run.body_hash, u64::MAX)?;
    equal("label", run.label.as_deref(), Some("the nightly one"))?;
    equal("tags", run.tags, vec!["nightly".into()])?;
    equal("trigger", run.trigger, Trigger::Parent)?;
    equal("parent", run.parent, Some(parent))?;
    equal("state", run.state, RunState::Completed)?;
    equal("attempt", run.attempt, 2)?;
    equal("reason", run.reason.as_deref(), Some("all done"))?;
    equal("created", run.created, moment(5))?;
    equal("ended", run.ended, Some(moment(102)))?;
    equal("value", run.value, Some(bytes("output")))?;
    equal("error", run.error, None)
}

/// `Run::error`: "The error, when it did not" complete.
pub(super) async fn run_tells_its_error(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let error = RecordedError::message(ErrorKind::Failed, "no shoes");
    let outcome = Outcome::Error(error.clone().into());
    open.apply(vec![run_step(RunState::Running, RunState::Failed, Some(outcome))]).await?;
    let run = some("run", answer("run", store.run(open.id).await)?)?;
    equal("state", run.state, RunState::Failed)?;
    equal("error", run.error.as_deref(), Some(&error))?;
    equal("value", run.value, None)
}

/// `task_runs`: "The task runs of a run by their numbers, by pages".
pub(super) async fn task_runs_by_pages(store: &dyn Store) -> Checked {
    let (mut open, mut other) = (OpenRun::new(store).await?, OpenRun::new(store).await?);
    open.apply((0..7).map(claim).collect()).await?;
    other.apply((0..2).map(claim).collect()).await?;
    let mut pages = Vec::new();
    let mut page = Page::first(3);
    for _ in 0..PAGES {
        let found = answer("task_runs", store.task_runs(open.id, page).await)?;
        let Some(last) = found.last() else { break };
        page = Page::after(last.task, 3);
        pages.push(found.iter().map(|task| task.task.0).collect::<Vec<_>>());
    }
    equal("pages of 3", pages, vec![vec![0, 1, 2], vec![3, 4, 5], vec![6]])?;
    let found = answer("task_runs", store.task_runs(open.id, Page::after(TaskNumber(1_000), 3)).await)?;
    equal("a page after the end", found, Vec::new())?;
    let found = answer("task_runs", store.task_runs(open.id, Page::first(usize::MAX)).await)?;
    equal("number of all", found.len(), 7)
}

/// `TaskRun`: identity, labels, where it stands and since when.
pub(super) async fn task_run_tells_all(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let child = RunId::new();
    let labels = Labels { label: Some("the first".to_owned()), tags: vec!["slow".into(), "eu".into()] };
    open.apply(vec![
        Step::Claim(TaskClaim {
            task: TaskNumber(0),
            key: key(ScopeId(9), 4),
            instance: 1,
            name: "suite::child".into(),
            kind: DefinitionKind::Flow,
            labels: Some(Box::new(labels)),
            input: Some(r#"7, "é""#.into()),
        }),
        claim(1),
    ])
    .await?;
    open.apply(vec![
        Step::Child { task: TaskNumber(0), run: child },
        task(0, (TaskState::Pending, 0), (TaskState::Running, 1)),
    ])
    .await?;
    let mut found = answer("task_runs", store.task_runs(open.id, Page::first(10)).await)?;
    equal("number of task runs", found.len(), 2)?;
    let (second, first) = (some("second", found.pop())?, some("first", found.pop())?);
    equal("task", first.task, TaskNumber(0))?;
    equal("key", first.key, key(ScopeId(9), 4))?;
    equal("name", first.name.as_ref(), "suite::child")?;
    equal("kind", first.kind, DefinitionKind::Flow)?;
    equal("label", first.label.as_deref(), Some("the first"))?;
    equal("tags", first.tags, vec!["slow".into(), "eu".into()])?;
    equal("state", (first.state, first.attempt), (TaskState::Running, 1))?;
    equal("created", first.created, moment(101))?;
    equal("changed", first.changed, moment(102))?;
    equal("child", first.child, Some(child))?;
    equal("input", first.input.as_deref(), Some(r#"7, "é""#))?;
    equal("input of the second", second.input, None)?;
    equal("state of the second", (second.state, second.attempt), (TaskState::Pending, 0))?;
    equal("label of the second", (second.label, second.tags, second.child), (None, vec![], None))?;
    equal("changed of the second", second.changed, moment(101))
}

/// `input`: "the encoded input of a run", before and after its end.
pub(super) async fn the_input_is_kept(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let found = answer("input", store.input(open.id).await)?;
    equal("input of a run under way", found, Some(bytes("input")))?;
    open.complete().await?;
    let found = answer("input", store.input(open.id).await)?;
    equal("input of a run that has ended", found, Some(bytes("input")))?;
    let found = answer("input", store.input(RunId::new()).await)?;
    equal("input of an unknown run", found, None)
}

/// What is not there is empty, not an error.
pub(super) async fn unknown_runs_are_empty(store: &dyn Store) -> Checked {
    let unknown = RunId::new();
    let run = answer("run", store.run(unknown).await)?;
    holds("run", "none", run.is_none(), run)?;
    let tasks = answer("task_runs", store.task_runs(unknown, Page::first(1)).await)?;
    equal("task_runs", tasks, Vec::new())?;
    let attempts = answer("attempts", store.attempts(unknown, TaskNumber(0)).await)?;
    equal("attempts", attempts, Vec::new())?;
    let events = answer("run_events", store.run_events(unknown, Page::first(1)).await)?;
    equal("run_events", events, Vec::new())?;
    let events = answer("events", store.events(Page::first(1)).await)?;
    equal("events", events, Vec::new())
}

/// `location`: "Where a person finds this store, for messages".
pub(super) async fn location_is_told(store: &dyn Store) -> Checked {
    let location = store.location();
    holds("location", "some text", !location.trim().is_empty(), &location)
}
