//! What a body can ask: its context, keys, time, chance; steps; and what others see of it: spans, queries.

use std::{
    collections::HashSet,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use orch::{
    EventKind, IdempotencyKey, TaskState,
    prelude::*,
    store::{Page, RunFilter, Trigger},
};
use serde::{Deserialize, Serialize, Serializer};

use crate::support::{Bodies, assert_lines, crashed, in_own_process, lines};

const SECOND: Duration = Duration::from_secs(1);

// Context.

type Seen = (Option<String>, Option<String>, Option<u32>, u32);

fn look() -> Seen {
    let ctx = orch::ctx();
    (
        ctx.flow().map(str::to_owned),
        ctx.task().map(str::to_owned),
        ctx.task_number().map(|number| number.0),
        ctx.attempt(),
    )
}

#[task(retries = 1)]
async fn looks(#[provided] bodies: &Bodies) -> Result<Seen, String> {
    match bodies.enter() {
        0 => Err("once more".to_owned()),
        _ => Ok(look()),
    }
}

#[task]
fn looks_in_a_thread() -> Seen {
    look()
}

#[flow]
async fn asks() -> Result<(Seen, Seen, Seen, bool), Error> {
    let in_flow = look();
    let in_task = looks().await?;
    let in_thread = looks_in_a_thread().await?;
    let same_run = {
        let run = orch::ctx().run();
        orch::spawn(async move { orch::ctx().run() == run && run.is_some() }).await?
    };
    Ok((in_flow, in_task, in_thread, same_run))
}

#[tokio::test]
async fn ctx_tells_run_flow_task_and_attempt() {
    assert_eq!(look(), (None, None, None, 0));
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let (in_flow, in_task, in_thread, same_run) = runtime.scope(async { asks().await }).await.unwrap();
    let flow = || Some("it::ambient::asks".to_owned());
    assert_eq!(in_flow, (flow(), None, None, 1));
    assert_eq!(in_task, (flow(), Some("it::ambient::looks".to_owned()), Some(0), 2));
    assert_eq!(in_thread, (flow(), Some("it::ambient::looks_in_a_thread".to_owned()), Some(1), 1));
    assert!(same_run);
}

// Idempotency keys.

#[derive(Default)]
struct Keys(Mutex<Vec<IdempotencyKey>>);

impl Keys {
    fn note(&self) {
        self.0.lock().unwrap().push(orch::idempotency_key().unwrap());
    }
}

#[task(retries = 2)]
async fn charges(amount: u32, #[provided] keys: &std::sync::Arc<Keys>) -> Result<u32, String> {
    keys.note();
    if orch::ctx().attempt() < 3 { Err("once more".to_owned()) } else { Ok(amount) }
}

#[task]
fn charges_in_a_thread(#[provided] keys: &std::sync::Arc<Keys>) {
    keys.note();
}

#[flow]
async fn shop(#[provided] keys: &std::sync::Arc<Keys>) -> Result<(), Error> {
    keys.note();
    charges(1).await?;
    charges(1).await?;
    charges(2).await?;
    charges_in_a_thread().await
}

#[tokio::test]
async fn idempotency_keys_are_equal_over_attempts_and_resumes_and_differ_between_task_runs() {
    let keys = std::sync::Arc::new(Keys::default());
    let runtime = orch::testing::builder().provide(keys.clone()).build();
    runtime.scope(async { shop().await }).await.unwrap();
    let seen = std::mem::take(&mut *keys.0.lock().unwrap());
    assert_eq!(seen.len(), 11);
    let runs_of_equal_keys: Vec<usize> = seen.chunk_by(PartialEq::eq).map(<[_]>::len).collect();
    assert_eq!(runs_of_equal_keys, [1, 3, 3, 3, 1]);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 5);

    // From nothing but the run's beginning, every body runs again under its key.
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = runtime.fork(1).provide(keys.clone()).build();
    second.resume::<()>(run).await.unwrap();
    assert_eq!(*keys.0.lock().unwrap(), seen);

    runtime.scope(async { shop().await }).await.unwrap();
    let all = keys.0.lock().unwrap();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 10, "another run has other keys");
}

#[test]
fn idempotency_key_outside_any_body_is_an_error() {
    let error = orch::idempotency_key().expect_err("nothing could be repeated");
    assert_eq!(error.kind(), ErrorKind::Runtime);
}

// Time, chance, steps: recorded, so that replay sees what life saw.

#[flow]
async fn asks_the_world(
    #[provided] bodies: &Bodies,
) -> Result<(SystemTime, SystemTime, u64, u64, u128, u128, u32), Error> {
    let before = orch::now().await;
    orch::sleep(SECOND * 60).await;
    let after = orch::now().await;
    let bodies = bodies.clone();
    let stepped = orch::step("double", 21u32, move |n| {
        let bodies = bodies.clone();
        async move {
            bodies.enter();
            Ok::<_, String>(n * 2)
        }
    });
    Ok((
        before,
        after,
        orch::random().await,
        orch::random().await,
        orch::uuid().await.as_u128(),
        orch::uuid().await.as_u128(),
        stepped.await?,
    ))
}

#[tokio::test]
async fn time_chance_and_steps_are_the_same_again_in_replay() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    let life = runtime.scope(async { asks_the_world().await }).await.unwrap();
    assert_eq!(life.1.duration_since(life.0).unwrap(), SECOND * 60);
    assert_eq!(life.0, orch::testing::START.as_system_time());
    assert_ne!(life.2, life.3);
    assert_ne!(life.4, life.5);
    assert_eq!((life.6, bodies.count()), (42, 1));
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "double Pending",
            "double Running (1)",
            "double Completed (1)",
            "run Completed",
        ],
    );

    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crashed(&runtime).provide(bodies.clone()).build();
    let started = second.now();
    assert_eq!(
        second.resume::<(SystemTime, SystemTime, u64, u64, u128, u128, u32)>(run).await.unwrap(),
        life
    );
    assert_eq!(bodies.count(), 1);
    assert_eq!(second.now(), started, "the sleep is not slept again");
}

#[tokio::test]
async fn outside_any_run_they_ask_the_world_itself() {
    let runtime = orch::testing::runtime();
    runtime
        .scope(async {
            let before = orch::now().await;
            orch::sleep(SECOND).await;
            assert_eq!(orch::now().await.duration_since(before).unwrap(), SECOND);
            assert_ne!(orch::random().await, orch::random().await);
            assert_ne!(orch::uuid().await, orch::uuid().await);
        })
        .await;
    assert_eq!(lines(&runtime).await, [""; 0]);
}

#[tokio::test]
async fn steps_fail_and_repeat_as_tasks_do() {
    #[flow]
    async fn steps(#[provided] bodies: &Bodies) -> Result<u32, Error> {
        let bodies = bodies.clone();
        orch::step("shaky", (), move |()| {
            let before = bodies.enter();
            async move { if before == 0 { Err("it broke".to_owned()) } else { Ok(7) } }
        })
        .retries(1)
        .await
    }

    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    assert_eq!(runtime.scope(async { steps().await }).await.unwrap(), 7);
    let lines = lines(&runtime).await;
    assert!(lines.iter().any(|line| line.starts_with("shaky AwaitingRetry (1): it broke")), "{lines:#?}");
}

// Sleeps that are cut short.

#[flow]
async fn naps() -> Result<SystemTime, Error> {
    orch::sleep(SECOND * 3600).await;
    Ok(orch::now().await)
}

#[tokio::test]
async fn a_sleep_that_was_cut_short_goes_on_where_it_was() {
    let runtime = orch::testing::runtime();
    runtime.scope(async { naps().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let end = orch::testing::START.as_system_time() + SECOND * 3600;
    let operations = runtime.store().operations();
    // Submitted, begun to sleep, ended.
    assert!(operations >= 3, "{operations}");
    for (minutes, until) in [(0, end), (40, end), (60, end), (90, end + SECOND * 1800)] {
        let second = runtime.fork(2).build();
        second.advance(SECOND * 60 * minutes);
        assert_eq!(second.resume::<SystemTime>(run).await.unwrap(), until, "after {minutes} minutes");
    }
    // Before the mark, nothing is known of the sleep.
    let second = runtime.fork(1).build();
    second.advance(SECOND * 2400);
    assert_eq!(second.resume::<SystemTime>(run).await.unwrap(), end + SECOND * 2400);
}

#[tokio::test]
async fn what_is_left_of_a_sleep_keeps_its_place_in_the_order() {
    #[flow]
    async fn races() -> Result<String, Error> {
        let (first, second) = tokio::join!(
            async {
                orch::sleep(SECOND * 20).await;
                orch::uuid().await
            },
            async {
                orch::sleep(SECOND * 10).await;
                orch::uuid().await
            }
        );
        let race = tokio::select! {
            () = orch::sleep(SECOND * 20) => "late",
            () = orch::sleep(SECOND * 10) => "early",
        };
        Ok(format!("{} {race}", first != second))
    }
    let runtime = orch::testing::runtime();
    let lived = runtime.scope(async { races().await }).await.unwrap();
    assert_eq!(lived, "true early");
    let run = runtime.last_run().await.unwrap().unwrap();
    for cut in 1..runtime.store().operations() {
        for seconds in [0, 15, 25, 100] {
            let second = runtime.fork(cut).build();
            second.advance(SECOND * seconds);
            let resumed = second.resume::<String>(run).await.unwrap();
            assert!(resumed.starts_with("true "), "{resumed}");
        }
    }
}

// Shared inputs.

static WRITTEN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Counts how often it is written or hashed.
#[derive(Deserialize)]
struct Matrix(Vec<u64>);

impl Serialize for Matrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WRITTEN.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.0.serialize(serializer)
    }
}

#[task(cache)]
async fn row_sum(matrix: Shared<Matrix>, row: usize) -> u64 {
    matrix.0[row]
}

#[flow]
async fn sums() -> Result<u64, Error> {
    let matrix = Shared::new(Matrix((0..100).collect()));
    let mut sum = 0;
    for row in 0..100 {
        sum += row_sum(matrix.clone(), row).await?;
    }
    // Equal by content: a hit.
    sum += row_sum(Shared::new(Matrix((0..100).collect())), 99).await?;
    Ok(sum)
}

#[tokio::test]
async fn a_shared_input_is_hashed_once_and_equal_by_content() {
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { sums().await }).await.unwrap(), 4950 + 99);
    assert_eq!(WRITTEN.load(std::sync::atomic::Ordering::SeqCst), 2);
    assert_eq!(lines(&runtime).await.iter().filter(|line| *line == "row_sum Cached").count(), 1);
}

// Tasks outside any flow, and reading back.

#[tokio::test]
async fn a_task_outside_any_flow_is_a_run_of_its_own() {
    #[task(tags("shop"), retries = 1, backoff = fixed("3s"))]
    async fn alone(#[provided] bodies: &Bodies) -> Result<u32, String> {
        if bodies.enter() == 0 { Err("it broke".to_owned()) } else { Ok(7) }
    }

    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    assert_eq!(runtime.scope(async { alone().await }).await.unwrap(), 7);
    let run = runtime.runs(RunFilter::default(), Page::first(2)).await.unwrap().remove(0);
    assert!(run.name.ends_with("::alone"));
    assert_eq!((run.kind, run.trigger, run.parent), (orch::DefinitionKind::Task, Trigger::Call, None));
    assert_eq!(run.counts.into_iter().collect::<Vec<_>>(), [(TaskState::Completed, 1)]);
    assert_eq!(run.created, orch::testing::START);
    assert_eq!(run.ended.unwrap().since(run.started.unwrap()), SECOND * 3);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "alone Pending",
            "alone Running (1)",
            "alone AwaitingRetry (1): it broke [again in 3s]",
            "alone Running (2)",
            "alone Completed (2)",
            "run Completed",
        ],
    );
    let attempts = runtime.attempts(run.id, orch::TaskNumber(0)).await.unwrap();
    let told: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            (attempt.number, attempt.state, attempt.ended.map(|ended| ended.since(attempt.started)))
        })
        .collect();
    let nothing = Some(Duration::ZERO);
    assert_eq!(told, [(1, TaskState::AwaitingRetry, nothing), (2, TaskState::Completed, nothing)]);
}

#[task]
async fn item(n: u32) -> Result<u32, String> {
    if n % 3 == 2 { Err(format!("{n} broke")) } else { Ok(n) }
}

#[flow]
async fn items(count: u32) -> u32 {
    let ends =
        orch::map(0..count, |n| async move { item(n).named(format!("item {n}")).await }).concurrency(1).await;
    ends.iter().filter(|end| end.is_ok()).count() as u32
}

#[flow]
async fn outer() -> Result<u32, Error> {
    items(2).await
}

#[tokio::test]
async fn history_is_read_by_pages() {
    let runtime = orch::testing::runtime();
    runtime
        .scope(async {
            assert_eq!(items(7).await.unwrap(), 5);
            outer().await.unwrap();
        })
        .await;

    // Runs, newest first.
    let runs = runtime.runs(RunFilter::default(), Page::first(9)).await.unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run.name.rsplit("::").next().unwrap()).collect();
    assert_eq!(names, ["items", "outer", "items"]);
    let mut one_by_one = Vec::new();
    let mut page = Page::first(1);
    while let Some(run) = runtime.runs(RunFilter::default(), page).await.unwrap().pop() {
        page = Page::after(run.id, 1);
        one_by_one.push(run.id);
    }
    assert_eq!(one_by_one, runs.iter().map(|run| run.id).collect::<Vec<_>>());
    let (inner, outer, items) = (&runs[0], &runs[1], &runs[2]);
    assert_eq!((inner.parent, inner.trigger), (Some((outer.id, orch::TaskNumber(0))), Trigger::Parent));
    let filter = RunFilter { name: Some("it::ambient::items".to_owned()), ..RunFilter::default() };
    assert_eq!(runtime.runs(filter, Page::first(9)).await.unwrap().len(), 2);
    let filter = RunFilter { state: Some(orch::RunState::Failed), ..RunFilter::default() };
    assert_eq!(runtime.runs(filter, Page::first(9)).await.unwrap().len(), 0);
    assert_eq!(runtime.run(items.id).await.unwrap().unwrap().name, items.name);

    // Task runs, in order.
    assert_eq!(
        items.counts.clone().into_iter().collect::<Vec<_>>(),
        [(TaskState::Completed, 5), (TaskState::Failed, 2)]
    );
    let first = runtime.task_runs(items.id, Page::first(4)).await.unwrap();
    let rest = runtime.task_runs(items.id, Page::after(first[3].task, 9)).await.unwrap();
    let labels: Vec<String> = first.iter().chain(&rest).map(|task| task.label.clone().unwrap()).collect();
    assert_eq!(labels, ["item 0", "item 1", "item 2", "item 3", "item 4", "item 5", "item 6"]);
    let child = &runtime.task_runs(outer.id, Page::first(9)).await.unwrap()[0];
    assert_eq!((child.child, child.kind), (Some(inner.id), orch::DefinitionKind::Flow));

    // Events, of all runs and of one.
    let all = runtime.all_events().await.unwrap();
    assert!(all.iter().zip(1..).all(|(event, nth)| event.sequence == nth));
    let mut paged = Vec::new();
    loop {
        let page = paged.last().map_or(Page::first(5), |event: &orch::Event| Page::after(event.sequence, 5));
        let events = runtime.events(page).await.unwrap();
        if events.is_empty() {
            break;
        }
        paged.extend(events);
    }
    assert_eq!(paged, all);
    let of_one = runtime.run_events(items.id, Page::first(usize::MAX)).await.unwrap();
    assert_eq!(of_one, all.iter().filter(|event| event.run == items.id).cloned().collect::<Vec<_>>());
    let second_page = runtime.run_events(items.id, Page::after(of_one[1].sequence, 2)).await.unwrap();
    assert_eq!(second_page, of_one[2..4]);
    assert!(matches!(of_one[0].kind, EventKind::Run { state: orch::RunState::Pending, .. }));
}

// The runtime of the process, each time in a process of its own.

#[tokio::test]
async fn an_installed_runtime_is_everybodys_and_there_is_one() {
    if !in_own_process("ambient::an_installed_runtime_is_everybodys_and_there_is_one") {
        return;
    }
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    runtime.install().unwrap();
    runtime.install().unwrap();
    let error = orch::testing::runtime().install().expect_err("there is one");
    assert_eq!(error.kind(), ErrorKind::Runtime);
    tokio::spawn(async { asks().await }).await.unwrap().unwrap();
    assert!(runtime.last_run().await.unwrap().is_some());
    let scoped = orch::testing::builder().provide(Bodies::default()).build();
    scoped.scope(async { asks().await }).await.unwrap();
    assert!(scoped.last_run().await.unwrap().is_some(), "a scope beats what is installed");
    assert_eq!(runtime.runs(RunFilter::default(), Page::first(9)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_call_opens_the_default_runtime_when_there_is_none() {
    if !in_own_process("ambient::a_call_opens_the_default_runtime_when_there_is_none") {
        return;
    }
    assert_eq!(outer().await.unwrap(), 2);
    let runtime = Runtime::current().unwrap();
    assert_eq!(runtime.runs(RunFilter::default(), Page::first(9)).await.unwrap().len(), 2);
    let error = orch::testing::runtime().install().expect_err("the default one is open");
    assert!(error.to_string().contains("install yours first thing in `main`"), "{error}");
    runtime.close().await.unwrap();
    assert_eq!(outer().await.expect_err("it is closed").kind(), ErrorKind::Runtime);
}
