//! A flow or a task is edited between a crash and the resume: after every cut, exactly what is missing runs, and
//! exactly what is not asked for any more is told.
//!
//! A program has one definition of each name. So the old version of a flow is generic, which cannot be started by name, and
//! the new one has its name in `formerly`; where the flow's own text is to stay the same, it chooses by the life that it is
//! in, which stands for a task's definition having changed below it.

mod cases;
pub mod flows;
mod later;

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use orch::{
    DefinitionKind, EventKind, Notice, RunId, RunState, TaskState, prelude::*, store::Page,
    testing::TestRuntime,
};

/// The bodies that ran, as `task(input)`.
#[derive(Clone, Default)]
pub struct Ran(Arc<Mutex<Vec<String>>>);

impl Ran {
    pub fn note(&self, task: &str, input: impl std::fmt::Display) {
        self.0.lock().unwrap().push(format!("{task}({input})"));
    }

    pub fn take(&self) -> Vec<String> {
        let mut ran = std::mem::take(&mut *self.0.lock().unwrap());
        ran.sort();
        ran
    }
}

/// Which version of the code runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    Old,
    New,
}

/// What a case expects.
pub struct Expected<'a, T> {
    /// The value, whenever the crash came.
    pub value: T,
    /// The calls of the new code, by the names that bodies note.
    pub asks: &'a [&'a str],
    /// Calls that look alike in both versions and are not the same: moved into another scope, or of another version.
    pub others: &'a [&'a str],
    /// Old name of a task, and the name that its body notes now.
    pub renamed: &'a [(&'a str, &'a str)],
}

impl<T> Expected<'_, T> {
    pub fn value(value: T) -> Self {
        Self { value, asks: &[], others: &[], renamed: &[] }
    }
}

/// What a store has of the tasks that completed, as `task(input)`, under the names of today.
async fn recorded(runtime: &Runtime, renamed: &[(&str, &str)]) -> Vec<String> {
    let mut recorded = Vec::new();
    for run in runtime.runs(Default::default(), Page::all()).await.unwrap() {
        for row in runtime.task_runs(run.id, Page::all()).await.unwrap() {
            if row.kind == DefinitionKind::Flow
                || !matches!(row.state, TaskState::Completed | TaskState::Cached)
            {
                continue;
            }
            let name = row.name.rsplit("::").next().unwrap();
            let name = renamed.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
            recorded.push(format!("{name}({})", row.input.unwrap()));
        }
    }
    recorded.sort();
    recorded
}

/// Runs the old code, crashes after every operation of its store, and goes on with the new code.
pub async fn edit<T: Debug + PartialEq + 'static>(
    old: Call<T, Flow>,
    expected: Expected<'_, T>,
) -> Vec<Vec<String>> {
    let ran = Ran::default();
    let live = orch::testing::builder().provide(ran.clone()).provide(Code::Old).build();
    live.scope(old).await.unwrap();
    ran.take();
    let runs = live.runs(Default::default(), Page::all()).await.unwrap();
    // Runs that it started are younger.
    let run = runs.last().unwrap().id;
    let mut told = Vec::new();
    for cut in 1..live.store().operations() {
        let fork = live.fork(cut).provide(ran.clone()).provide(Code::New).build();
        let before = recorded(&fork, expected.renamed).await;
        let began = fork.store().operations();
        let value = fork.resume::<T>(run).await;
        for later in began..fork.store().operations() {
            goes_on(&fork, run, later, &expected.value).await;
        }
        let ran = ran.take();
        let value = value.unwrap_or_else(|error| panic!("cut {cut}: {error}"));
        assert_eq!(value, expected.value, "cut {cut}, recorded before {before:?}, ran {ran:?}");

        let reusable = |call: &&String| !expected.others.contains(&call.as_str());
        let kept: BTreeSet<&String> = before.iter().filter(reusable).collect();
        let mut missing: Vec<&str> = expected.asks.to_vec();
        missing.retain(|call| !kept.contains(&(*call).to_owned()));
        missing.sort_unstable();
        assert_eq!(ran, missing, "cut {cut}: what ran, after {before:?} was recorded");

        let unused: Vec<&String> = before
            .iter()
            .filter(|call| !kept.contains(call) || !expected.asks.contains(&call.as_str()))
            .collect();
        let notices = diverged(&fork).await;
        assert_eq!(notices.len(), unused.len(), "cut {cut}: {notices:#?} for {unused:?}");
        told.push(notices);
    }
    told
}

/// The edited code is interrupted in turn: no record of its own is in the way of the same code.
async fn goes_on<T: Debug + PartialEq + 'static>(second: &TestRuntime, run: RunId, cut: usize, value: &T) {
    let third = second.fork(cut).provide(Ran::default()).provide(Code::New).build();
    let again = third.resume::<T>(run).await.unwrap_or_else(|error| panic!("then {cut}: {error}"));
    assert_eq!(again, *value, "then {cut}");
    // What was recorded by either body and is still asked for is there.
    let ends = third.store().operations();
    let fourth = third.fork(ends - 1).provide(Ran::default()).provide(Code::New).build();
    assert_eq!(fourth.resume::<T>(run).await.unwrap(), *value);
}

async fn diverged(runtime: &Runtime) -> Vec<String> {
    let events = runtime.events(Page::all()).await.unwrap();
    let diverged = |event: orch::Event| match event.kind {
        EventKind::Notice { notice: Notice::Diverged, text, .. } => Some(text),
        _ => None,
    };
    events.into_iter().filter_map(diverged).collect()
}

/// The same difference in a flow that was not edited: whatever was recorded and is not asked for stops the run. Gives the
/// texts of the errors, one per cut that stopped.
pub async fn without_an_edit<T: Debug + PartialEq + 'static>(flow: Call<T, Flow>, other: T) -> Vec<String> {
    let ran = Ran::default();
    let live = orch::testing::builder().provide(ran.clone()).provide(Code::Old).build();
    live.scope(flow).await.unwrap();
    let run = live.last_run().await.unwrap().unwrap();
    let mut texts = Vec::new();
    for cut in 1..live.store().operations() {
        let fork = live.fork(cut).provide(ran.clone()).provide(Code::New).build();
        match fork.resume::<T>(run).await {
            Ok(value) => assert_eq!(value, other, "cut {cut}: nothing stood against it"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Diverged, "cut {cut}: {error}");
                let ended = fork.run(run).await.unwrap().unwrap();
                assert_eq!(ended.state, RunState::Failed);
                texts.push(error.to_string());
            }
        }
        assert!(diverged(&fork).await.is_empty(), "cut {cut}");
    }
    texts
}
