//! Runs a program live, cuts its history after every commit, and replays each cut many times.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use orch::{
    ErrorKind, RunId, TaskNumber, TaskState,
    prelude::*,
    store::Page,
    testing::{Rules, TestRuntime},
};

/// What a program and its bodies report; provided to the runtime, so every replay has its own.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Inner>>);

/// A task run among those of all runs.
type Place = (RunId, TaskNumber);

#[derive(Default)]
struct Inner {
    seen: Vec<(usize, String)>,
    bodies: Vec<(Place, String)>,
    operations: Option<Box<dyn Fn() -> usize + Send>>,
}

impl Log {
    /// The program has been handed something.
    pub fn seen(&self, what: impl Into<String>) {
        let mut inner = self.0.lock().unwrap();
        let operations = inner.operations.as_ref().map_or(0, |count| count());
        inner.seen.push((operations, what.into()));
    }

    /// A body has started.
    pub fn body(&self, what: impl Into<String>) {
        let context = orch::ctx();
        let task = context.run().zip(context.task_number()).expect("a body runs in a task");
        self.0.lock().unwrap().bodies.push((task, what.into()));
    }

    fn all_seen(&self) -> Vec<String> {
        self.0.lock().unwrap().seen.iter().map(|(_, what)| what.clone()).collect()
    }

    /// What had been handed over when fewer than `operations` commits had been made.
    fn seen_before(&self, operations: usize) -> Vec<String> {
        let inner = self.0.lock().unwrap();
        inner.seen.iter().filter(|(at, _)| *at < operations).map(|(_, what)| what.clone()).collect()
    }

    /// Calls of flows have none, nor have steps.
    fn has_body(&self, task: Place) -> bool {
        self.0.lock().unwrap().bodies.iter().any(|(own, _)| *own == task)
    }

    fn bodies(&self) -> Vec<(Place, String)> {
        self.0.lock().unwrap().bodies.clone()
    }
}

/// Waits a little, differently each time.
pub async fn dawdle() {
    match fastrand::u8(..4) {
        0 => {}
        1 => tokio::task::yield_now().await,
        2 => {
            for _ in 0..fastrand::u8(..12) {
                tokio::task::yield_now().await;
            }
        }
        _ => tokio::time::sleep(Duration::from_micros(fastrand::u64(..1500))).await,
    }
}

/// What went wrong in the replays of one program.
#[derive(Default, Debug)]
pub struct Report {
    pub cuts: usize,
    pub replays: usize,
    pub hangs: usize,
    pub other_order: usize,
    pub ran_again: usize,
    pub errors: usize,
    pub example: Option<String>,
}

impl Report {
    pub fn faults(&self) -> usize {
        self.hangs + self.other_order + self.ran_again + self.errors
    }

    fn fault(&mut self, count: impl FnOnce(&mut Self) -> &mut usize, example: String) {
        *count(self) += 1;
        self.example.get_or_insert(example);
    }
}

/// How a program is put to the test.
#[derive(Clone, Copy)]
pub struct Plan {
    pub replays: usize,
    /// Every n-th cut.
    pub stride: usize,
    pub rules: Rules,
    pub patience: Duration,
    pub limit: Duration,
    /// What another run does in the store before the replay.
    pub warm_up: Option<fn() -> WarmUp>,
}

pub type WarmUp = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Default for Plan {
    fn default() -> Self {
        Self {
            replays: 100,
            stride: 1,
            rules: Rules::default(),
            patience: Duration::from_secs(10),
            limit: Duration::from_secs(20),
            warm_up: None,
        }
    }
}

impl Plan {
    /// A rule switched off: a few replays show what it is for.
    pub fn without(change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = Rules::default();
        change(&mut rules);
        let (patience, limit) = (Duration::from_millis(300), Duration::from_millis(700));
        Self { replays: 8, rules, patience, limit, ..Self::default() }
    }
}

fn prepare(builder: orch::testing::TestBuilder, plan: Plan, log: &Log) -> TestRuntime {
    let builder = builder.real_clock().provide(log.clone());
    builder.with(|runtime| runtime.__rules(plan.rules).replay_patience(plan.patience)).build()
}

/// Runs `program` once, then replays it from every cut.
pub async fn cut_everywhere<F>(plan: Plan, program: impl Fn() -> F) -> Report
where
    F: Future<Output = Result<(), Error>>,
{
    let log = Log::default();
    let live = Arc::new(prepare(orch::testing::builder(), plan, &log));
    let counter = live.clone();
    log.0.lock().unwrap().operations = Some(Box::new(move || counter.store().operations()));
    let mut report = Report::default();
    let ended = tokio::time::timeout(plan.limit, live.scope(program())).await;
    match ended {
        Err(_) => report.fault(|report| &mut report.hangs, "the live run hangs".into()),
        Ok(Err(error)) => report.fault(|report| &mut report.errors, format!("live: {error}")),
        Ok(Ok(())) => {}
    }
    if report.faults() > 0 {
        return report;
    }
    let run = first_run(&live).await;
    let all = live.store().operations();
    // The first operation submits the run, the last one ends it: nothing to resume before and after.
    for cut in (1..all).step_by(plan.stride) {
        report.cuts += 1;
        let mut replays = tokio::task::JoinSet::new();
        for _ in 0..plan.replays {
            let (live, log) = (live.clone(), log.clone());
            replays.spawn(async move { replay(plan, &live, &log, run, cut).await });
        }
        while let Some(outcome) = replays.join_next().await {
            report.replays += 1;
            match outcome.expect("a replay does not panic") {
                Ok(()) => {}
                Err(Fault::Hang(text)) => report.fault(|report| &mut report.hangs, text),
                Err(Fault::Order(text)) => report.fault(|report| &mut report.other_order, text),
                Err(Fault::Again(text)) => report.fault(|report| &mut report.ran_again, text),
                Err(Fault::Error(text)) => report.fault(|report| &mut report.errors, text),
            }
        }
    }
    report
}

enum Fault {
    Hang(String),
    Order(String),
    Again(String),
    Error(String),
}

async fn replay(plan: Plan, live: &TestRuntime, lived: &Log, run: RunId, cut: usize) -> Result<(), Fault> {
    let log = Log::default();
    let fork = prepare(live.fork(cut), plan, &log);
    let before = task_states(&fork).await;
    let at = |what: String| format!("cut {cut}: {what}");
    if let Some(warm_up) = plan.warm_up {
        fork.scope(warm_up()).await;
        log.0.lock().unwrap().bodies.clear();
    }
    match tokio::time::timeout(plan.limit, fork.resume::<()>(run)).await {
        Err(_) => return Err(Fault::Hang(at("hangs".into()))),
        Ok(Err(error)) if error.kind() == ErrorKind::Diverged => {
            return Err(Fault::Order(at(error.to_string())));
        }
        Ok(Err(error)) => return Err(Fault::Error(at(error.to_string()))),
        Ok(Ok(())) => {}
    }

    let expected = lived.seen_before(cut);
    let seen = log.all_seen();
    if !seen.starts_with(&expected) {
        return Err(Fault::Order(at(format!("saw {seen:?} instead of {expected:?} first"))));
    }

    let bodies = log.bodies();
    for (task, what) in &bodies {
        if before.get(task).is_some_and(|state| state.is_final()) {
            return Err(Fault::Again(at(format!("the body of {what} ran again"))));
        }
        if bodies.iter().filter(|(_, other)| other == what).count() > 1 {
            return Err(Fault::Again(at(format!("the body of {what} ran twice in one replay"))));
        }
    }
    for (task, what) in lived.bodies() {
        let ended = before.get(&task).is_some_and(|state| state.is_final());
        if ended && bodies.iter().any(|(_, again)| *again == what) {
            return Err(Fault::Again(at(format!("{what} had ended and its body ran again"))));
        }
    }
    for (task, state) in task_states(&fork).await {
        let ran = bodies.iter().filter(|(own, _)| *own == task).count();
        let recorded = before.get(&task).is_some_and(|state| state.is_final());
        if state == TaskState::Completed && !recorded && ran == 0 && lived.has_body(task) {
            return Err(Fault::Again(at(format!("{task:?} completed and its body never ran"))));
        }
    }
    Ok(())
}

async fn task_states(runtime: &TestRuntime) -> HashMap<Place, TaskState> {
    let mut states = HashMap::new();
    for run in runtime.runs(Default::default(), Page::all()).await.unwrap() {
        let rows = runtime.task_runs(run.id, Page::all()).await.unwrap();
        // A called flow has no body of its own here: its run has.
        let tasks = rows.into_iter().filter(|row| row.kind == orch::DefinitionKind::Task);
        states.extend(tasks.map(|row| ((run.id, row.task), row.state)));
    }
    states
}

/// The program itself; runs that it started are younger.
async fn first_run(runtime: &TestRuntime) -> RunId {
    let runs = runtime.runs(Default::default(), Page::all()).await.unwrap();
    runs.last().expect("the program is a run").id
}
