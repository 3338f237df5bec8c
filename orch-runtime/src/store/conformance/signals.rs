//! `signal`, `signals`, and the steps that take signals; how long calls wait.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{
    check::{Checked, answer, equal, holds, refused},
    fixture::{OpenRun, bytes, claim, moment, new_run, run_step, started, task},
};
use crate::{
    id::{RunId, ScopeId, TaskNumber},
    state::{EventKind, Notice, RunState, TaskState},
    store::{Address, Begun, NewSignal, Page, Posted, Signal, Step, Store},
};

fn to(name: &str) -> Address {
    Address::Name(name.to_owned())
}

fn new_signal(to: Address, value: &str, at: u64) -> NewSignal {
    NewSignal { to, type_name: "suite::Type".into(), value: bytes(value), at: moment(at), expect: None }
}

fn signal(number: u64, to: Address, value: &str, at: u64) -> Signal {
    Signal { number, to, type_name: "suite::Type".into(), value: bytes(value), at: moment(at) }
}

async fn post(store: &dyn Store, run: RunId, signal: NewSignal) -> Checked<Posted> {
    answer("signal", store.signal(run, signal).await)
}

async fn untaken(store: &dyn Store, run: RunId) -> Checked<Vec<Signal>> {
    answer("signals", store.signals(run, Page::all()).await)
}

/// `signal`: "It stays until a change takes it"; whole, in the order of the numbers, by pages, and larger ones too.
pub(super) async fn kept_in_order(store: &dyn Store) -> Checked {
    let open = OpenRun::new(store).await?;
    let large = "x".repeat(100_000);
    let sent = [(to("b"), "1"), (to("a"), large.as_str()), (to("b"), "3"), (to(""), "")];
    let mut expected = Vec::new();
    for (number, (to, value)) in (0..).zip(sent) {
        let posted = post(store, open.id, new_signal(to.clone(), value, number)).await?;
        equal("posted", posted, Posted::Accepted(number))?;
        expected.push(signal(number, to, value, number));
    }
    equal("signals", untaken(store, open.id).await?, expected.clone())?;
    let page = answer("signals", store.signals(open.id, Page::after(0, 2)).await)?;
    equal("a page of signals", page, expected[1..3].to_vec())?;
    let page = answer("signals", store.signals(open.id, Page::after(u64::MAX, 2)).await)?;
    equal("signals after the last number", page, Vec::new())?;
    let other = OpenRun::new(store).await?;
    equal("signals of another run", untaken(store, other.id).await?, Vec::new())?;
    equal("signals of no run", untaken(store, RunId::new()).await?, Vec::new())
}

/// `signal`: "a run that has not ended, whoever executes it".
pub(super) async fn only_runs_that_have_not_ended_get_any(store: &dyn Store) -> Checked {
    let unknown = post(store, RunId::new(), new_signal(to("a"), "1", 1)).await?;
    equal("a signal for no run", unknown, Posted::NoRun)?;
    let waiting = new_run(0);
    let id = waiting.id;
    answer("submit", store.submit(waiting).await)?;
    let pending = post(store, id, new_signal(to("a"), "1", 1)).await?;
    equal("a signal for a run that nobody has taken", pending, Posted::Accepted(0))?;
    let mut open = OpenRun::new(store).await?;
    open.complete().await?;
    let ended = post(store, open.id, new_signal(to("a"), "1", 1)).await?;
    equal("a signal for an ended run", ended, Posted::Ended(RunState::Completed))
}

/// `Step::Taken`: once, and as a whole with its change; `Step::GivenBack` puts it back to its place.
pub(super) async fn taken_once_and_given_back(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    for number in 0..3 {
        post(store, open.id, new_signal(to("a"), &number.to_string(), number)).await?;
    }
    let all: Vec<Signal> =
        (0..3).map(|number| signal(number, to("a"), &number.to_string(), number)).collect();
    open.apply(vec![claim(0), Step::Taken(1)]).await?;
    equal("after taking 1", untaken(store, open.id).await?, vec![all[0].clone(), all[2].clone()])?;
    for (what, steps) in [
        ("what was taken", vec![claim(1), Step::Taken(1)]),
        ("what never came", vec![claim(1), Step::Taken(3)]),
        ("one twice", vec![claim(1), Step::Taken(0), Step::Taken(0)]),
        ("giving back what is there", vec![claim(1), Step::GivenBack(Box::new(all[2].clone()))]),
    ] {
        let number = open.number;
        refused(what, open.commit(steps).await)?;
        open.number = number;
        equal(what, untaken(store, open.id).await?, vec![all[0].clone(), all[2].clone()])?;
    }
    let rows = answer("task_runs", store.task_runs(open.id, Page::all()).await)?;
    equal("task runs", rows.len(), 1)?;
    open.apply(vec![
        Step::GivenBack(Box::new(all[1].clone())),
        Step::Taken(0),
        Step::GivenBack(Box::new(all[0].clone())),
        Step::Taken(2),
    ])
    .await?;
    equal("given back", untaken(store, open.id).await?, all[..2].to_vec())?;
    // What was taken leaves its number behind.
    open.apply(vec![Step::Taken(0), Step::Taken(1)]).await?;
    let next = post(store, open.id, new_signal(to("a"), "3", 3)).await?;
    equal("the next number", next, Posted::Accepted(3))
}

/// `signal`: "no fence is asked for"; it reaches the worker that has the run, and the next one.
pub(super) async fn outlive_a_claim(store: &dyn Store) -> Checked {
    let mut first = OpenRun::new(store).await?;
    post(store, first.id, new_signal(to("a"), "0", 0)).await?;
    post(store, first.id, new_signal(to("a"), "1", 1)).await?;
    first.apply(vec![Step::Taken(0)]).await?;
    let mut second = first.taken_over().await?;
    post(store, first.id, new_signal(to("a"), "2", 2)).await?;
    let expected = vec![signal(1, to("a"), "1", 1), signal(2, to("a"), "2", 2)];
    equal("signals", untaken(store, second.id).await?, expected)?;
    let fenced = first.commit(vec![Step::Taken(1)]).await;
    equal("what the old worker takes", answer("commit", fenced)?, crate::store::Committed::Fenced)?;
    second.apply(vec![Step::Taken(1), Step::Taken(2)]).await?;
    equal("signals", untaken(store, second.id).await?, Vec::new())
}

/// `NewSignal::expect`: a task run is told once, and only where it stands as it is thought to stand.
pub(super) async fn a_task_run_is_told_once(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    open.apply(started(0)).await?;
    let say = |number: u32, expect| NewSignal {
        expect: Some(expect),
        ..new_signal(Address::Task(TaskNumber(number)), "said", 1)
    };
    let found = post(store, open.id, say(7, TaskState::Unknown)).await?;
    equal("to no task run", found, Posted::NoTask)?;
    let found = post(store, open.id, say(0, TaskState::Unknown)).await?;
    equal("to a task run in another state", found, Posted::TaskIs(TaskState::Running))?;
    open.apply(vec![task(0, (TaskState::Running, 1), (TaskState::Unknown, 1))]).await?;
    let found = post(store, open.id, say(0, TaskState::Running)).await?;
    equal("to a task run in another state", found, Posted::TaskIs(TaskState::Unknown))?;
    let found = post(store, open.id, say(0, TaskState::Unknown)).await?;
    equal("to an unknown task run", found, Posted::Accepted(0))?;
    let found = post(store, open.id, say(0, TaskState::Unknown)).await?;
    equal("to the same again", found, Posted::Answered)?;
    let again = vec![Step::Taken(0), task(0, (TaskState::Unknown, 1), (TaskState::AwaitingRetry, 1))];
    open.apply(again).await?;
    let found = post(store, open.id, say(0, TaskState::AwaitingRetry)).await?;
    equal("when it was taken", found, Posted::Accepted(1))?;
    let ended = vec![Step::Taken(1), task(0, (TaskState::AwaitingRetry, 1), (TaskState::Cancelled, 1))];
    open.apply(ended).await?;
    let found = post(store, open.id, say(0, TaskState::Unknown)).await?;
    equal("to a task run that has ended", found, Posted::TaskEnded)
}

/// A run holds a bounded number of signals, and says so.
pub(super) async fn there_is_an_end_to_what_a_run_holds(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let mut numbers = BTreeSet::new();
    let mut is_full = false;
    while !is_full {
        let sent = (0..100).map(|_| store.signal(open.id, new_signal(to("a"), "", 0)));
        for posted in join_all(sent).await {
            match answer("signal", posted)? {
                Posted::Accepted(number) => drop(numbers.insert(number)),
                other => {
                    equal("the end", other, Posted::Full)?;
                    is_full = true;
                }
            }
        }
        holds("signals", "an end to them", numbers.len() < 100_000, numbers.len())?;
    }
    let accepted = numbers.len() as u64;
    equal("numbers", numbers.into_iter().collect::<Vec<_>>(), (0..accepted).collect())?;
    equal("one too many", post(store, open.id, new_signal(to("a"), "", 0)).await?, Posted::Full)?;
    open.apply(vec![Step::Taken(0)]).await?;
    let room = post(store, open.id, new_signal(to("a"), "", 0)).await?;
    equal("when one was taken", room, Posted::Accepted(accepted))
}

/// Sending is told by an event; taking is not.
pub(super) async fn sending_is_an_event(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    open.apply(started(0)).await?;
    post(store, open.id, new_signal(to("a"), "1", 1)).await?;
    post(store, open.id, new_signal(Address::Task(TaskNumber(0)), "1", 2)).await?;
    open.apply(vec![Step::Taken(0)]).await?;
    open.apply(vec![run_step(RunState::Running, RunState::Failed, None)]).await?;
    let events = answer("run_events", store.run_events(open.id, Page::all()).await)?;
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Notice { task, notice: Notice::SignalSent, text } => {
                Some((event.at, *task, text.clone()))
            }
            _ => None,
        })
        .collect();
    let expected = vec![
        (moment(1), None, "`a`".to_owned()),
        (moment(2), Some(TaskNumber(0)), "what became of it".to_owned()),
    ];
    equal("events of signals", told, expected)?;
    // Pending, Running; the task run's Pending, Running; two signals; Failed.
    equal("number of events", events.len(), 7)
}

/// `replay`: "until when calls wait".
pub(super) async fn waits_are_told(store: &dyn Store) -> Checked {
    let mut open = OpenRun::new(store).await?;
    let begun = |scope: ScopeId, instance, call: u128, due| Begun {
        scope,
        instance,
        call,
        occurrence: 4,
        due: moment(due),
    };
    let inner = ScopeId(u128::MAX);
    let all = [begun(ScopeId::ROOT, 1, 2, 10), begun(ScopeId::ROOT, 2, u128::MAX, 0), begun(inner, 1, 2, 30)];
    for wait in all {
        open.apply(vec![Step::Begun(wait)]).await?;
    }
    let next = open.taken_over().await?;
    for (scope, expected) in [(ScopeId::ROOT, &all[..2]), (inner, &all[2..]), (ScopeId(5), &[])] {
        let journal = answer("replay", store.replay(next.id, next.fence, scope).await)?;
        let mut found = journal.begun;
        found.sort_by_key(|begun| begun.instance);
        equal("waits", found, expected.to_vec())?;
    }
    Ok(())
}
