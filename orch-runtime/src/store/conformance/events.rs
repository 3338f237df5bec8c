//! `events` and `run_events`.

use std::time::Duration;

use super::{
    check::{Checked, PAGES, answer, equal, holds},
    fixture::{OpenRun, record, run_step, started, task, task_because},
};
use crate::{
    id::{ScopeId, TaskNumber},
    state::{Event, EventKind, Notice, RunState, TaskState},
    store::{Page, Step, Store},
};

async fn own(open: &OpenRun<'_>) -> Checked<Vec<Event>> {
    answer("run_events", open.store.run_events(open.id, Page::first(1_000)).await)
}

/// Compares events in short form.
fn read_as(what: &str, events: &[Event], expected: &[&str]) -> Checked {
    let lines: Vec<String> = events.iter().map(|event| event.kind.to_string()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    equal(what, lines, expected.to_vec())
}

/// "One committed change of a run or task run", in the order of the changes and of the steps in each; what is no
/// change of state makes none.
pub(super) async fn tell_every_change_once(store: &dyn Store) -> Checked {
    use TaskState::{AwaitingRetry, Completed, Running};
    let mut open = OpenRun::new(store).await?;
    read_as("after submit", &own(&open).await?, &["run Pending", "run Running"])?;
    open.apply(started(0)).await?;
    let wait = Some(Duration::from_secs(2));
    open.apply(vec![
        task_because(0, (Running, 1), (AwaitingRetry, 1), Some("503"), wait),
        record(ScopeId::ROOT, 1, 0),
    ])
    .await?;
    let mut second = open.taken_over().await?;
    second
        .apply(vec![
            task(0, (AwaitingRetry, 1), (Running, 2)),
            task(0, (Running, 2), (Completed, 2)),
            run_step(RunState::Running, RunState::Completed, None),
        ])
        .await?;
    let found = own(&open).await?;
    let expected = [
        "run Pending",
        "run Running",
        "task Pending",
        "task Running (1)",
        "task AwaitingRetry (1): 503",
        "run Running",
        "task Running (2)",
        "task Completed (2)",
        "run Completed",
    ];
    read_as("events of the run", &found, &expected)?;
    let delays: Vec<Duration> = found
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Task { delay, .. } => *delay,
            _ => None,
        })
        .collect();
    equal("waits", delays, wait.into_iter().collect())?;
    let all = answer("events", store.events(Page::first(1_000)).await)?;
    equal("events of the store", all, found)
}

/// `EventKind::Task` and `EventKind::Notice`: what they are about.
pub(super) async fn name_tasks_and_notices(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let mut steps = started(0);
    for task in [None, Some(TaskNumber(0))] {
        steps.push(Step::Notice { task, notice: Notice::CacheMiss, text: "nothing stored yet".into() });
    }
    open.apply(steps).await?;
    let kinds: Vec<EventKind> = own(&open).await?.into_iter().skip(2).map(|event| event.kind).collect();
    let task = |state, attempt| EventKind::Task {
        task: TaskNumber(0),
        name: "suite::task".into(),
        state,
        attempt,
        reason: None,
        delay: None,
    };
    let notice =
        |task| EventKind::Notice { task, notice: Notice::CacheMiss, text: "nothing stored yet".into() };
    equal(
        "events",
        kinds,
        vec![
            task(TaskState::Pending, 0),
            task(TaskState::Running, 1),
            notice(None),
            notice(Some(TaskNumber(0))),
        ],
    )
}

/// `events`: "Committed events of all runs, in their order, by pages of sequence numbers"; a sequence number
/// belongs to one event for good.
pub(super) async fn pages_follow_the_sequence(store: &dyn Store) -> Checked {
    let (mut first, mut second) = (OpenRun::new(store).await?, OpenRun::new(store).await?);
    for number in 0..5 {
        first.apply(started(number)).await?;
        second.apply(started(number)).await?;
    }
    let all = answer("events", store.events(Page::first(1_000)).await)?;
    equal("number of events", all.len(), 24)?;
    let rising = all.windows(2).all(|pair| pair[0].sequence < pair[1].sequence);
    let sequences: Vec<u64> = all.iter().map(|event| event.sequence).collect();
    holds("sequence", "rising from at least 1", rising && sequences[0] >= 1, &sequences)?;
    let mut paged = Vec::new();
    let mut page = Page::first(5);
    for _ in 0..PAGES {
        let found = answer("events", store.events(page).await)?;
        let Some(last) = found.last() else { break };
        holds("a page", "at most 5 events", found.len() <= 5, found.len())?;
        page = Page::after(last.sequence, 5);
        paged.extend(found);
    }
    equal("events by pages of 5", paged, all.clone())?;
    // New ones come behind, and who reads on from the last page gets them alone.
    first.complete().await?;
    let last = sequences.last().copied().unwrap_or_default();
    let new = answer("events", store.events(Page::after(last, 10)).await)?;
    read_as("new events", &new, &["run Completed"])?;
    let beyond = answer("events", store.events(Page::after(u64::MAX / 2, 10)).await)?;
    equal("events beyond the last", beyond, Vec::new())
}

/// `run_events`: "The committed events of one run, in their order, by pages", under the same sequence numbers.
pub(super) async fn run_events_by_pages(store: &dyn Store) -> Checked {
    let (mut first, mut second) = (OpenRun::new(store).await?, OpenRun::new(store).await?);
    for number in 0..5 {
        first.apply(started(number)).await?;
        second.apply(started(number)).await?;
    }
    let all = answer("events", store.events(Page::first(1_000)).await)?;
    for open in [&first, &second] {
        let expected: Vec<Event> = all.iter().filter(|event| event.run == open.id).cloned().collect();
        equal("events of one run", own(open).await?, expected.clone())?;
        let mut paged = Vec::new();
        let mut page = Page::first(5);
        for _ in 0..PAGES {
            let found = answer("run_events", store.run_events(open.id, page).await)?;
            let Some(last) = found.last() else { break };
            holds("a page", "at most 5 events", found.len() <= 5, found.len())?;
            page = Page::after(last.sequence, 5);
            paged.extend(found);
        }
        equal("events of one run by pages of 5", paged, expected)?;
    }
    Ok(())
}
