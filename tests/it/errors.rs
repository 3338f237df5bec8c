//! Errors are the same in replay as in life: kind, text, value, sources, run and attempt.

use std::{error::Error as _, fmt, time::Duration};

use anyhow::Context as _;
use orch::{prelude::*, store::Page};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::support::{Bodies, Halt, Life, halts, in_two_processes};

const LONG: Duration = Duration::from_secs(1_000);

/// How a call can end without a value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Case {
    Text,
    Chain,
    Typed,
    TypedThroughTwo,
    ThroughTwo,
    StopRetrying,
    AfterRetries,
    PanicStr,
    PanicText,
    PanicOther,
    PanicSync,
    SyncFailure,
    TimedOut,
    FlowTimedOut,
    Cancelled,
    BranchPanicked,
    BranchCancelled,
    Upstream,
    Missing,
    Output,
    OutputPanicked,
    Input,
    Child,
    ChildPanicked,
    ChildOfChild,
    MapItem,
    InBranch,
    Step,
    Started,
    Uncaught,
}

use Case::*;

const CASES: [Case; 30] = [
    Text,
    Chain,
    Typed,
    TypedThroughTwo,
    ThroughTwo,
    StopRetrying,
    AfterRetries,
    PanicStr,
    PanicText,
    PanicOther,
    PanicSync,
    SyncFailure,
    TimedOut,
    FlowTimedOut,
    Cancelled,
    BranchPanicked,
    BranchCancelled,
    Upstream,
    Missing,
    Output,
    OutputPanicked,
    Input,
    Child,
    ChildPanicked,
    ChildOfChild,
    MapItem,
    InBranch,
    Step,
    Started,
    Uncaught,
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("order {order} was refused: {why}")]
struct Refused {
    order: u32,
    why: String,
    #[source]
    cause: Option<Cause>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("code {0}")]
struct Cause(u8);

fn refused() -> Refused {
    Refused { order: 7, why: "no stock".into(), cause: Some(Cause(3)) }
}

#[task]
async fn text() -> Result<u32, String> {
    Err("it is so\nover two lines".into())
}

#[task]
async fn chain() -> anyhow::Result<u32> {
    Err(Cause(1)).context("the middle").context("the outer \u{1F980}")
}

#[task(error = Refused)]
async fn typed() -> Result<u32, Refused> {
    Err(refused())
}

#[task]
async fn typed_through() -> anyhow::Result<u32> {
    typed().await.context("through a task")
}

#[task]
async fn through() -> Result<u32, Error> {
    chain().await
}

#[task]
async fn through_two() -> anyhow::Result<u32> {
    Ok(through().await?)
}

fn never_again(_: &std::io::Error) -> Retry {
    Retry::Stop("it is of no use".into())
}

#[task(retries = 3, retry_if = never_again)]
async fn stops_retrying() -> Result<u32, std::io::Error> {
    Err(std::io::Error::new(std::io::ErrorKind::NotFound, Cause(9)))
}

#[task(retries = 2, backoff = fixed("1s"))]
async fn fails_thrice() -> anyhow::Result<u32> {
    anyhow::bail!("attempt {:?}", orch::ctx().attempt())
}

#[task]
async fn panics(case: Case) -> u32 {
    match case {
        PanicStr => panic!("a str"),
        PanicText => panic!("a text about {}", 7),
        _ => std::panic::panic_any(7u8),
    }
}

#[task]
fn panics_in_sync() -> u32 {
    panic!("a sync body")
}

#[task]
fn fails_in_sync() -> anyhow::Result<u32> {
    Err(Cause(2)).context("a sync body")
}

#[task(timeout = "2s")]
async fn times_out() -> u32 {
    orch::sleep(LONG).await;
    1
}

#[task]
async fn slow() -> u32 {
    orch::sleep(LONG).await;
    1
}

struct Absent;

#[task]
async fn lacks(#[provided] _absent: &Absent) -> u32 {
    1
}

/// A value whose own code fails.
#[derive(Clone)]
struct Fragile {
    panics: bool,
}

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        assert!(!self.panics, "it panics when it is written");
        Err(serde::ser::Error::custom("it cannot be written"))
    }
}

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("it cannot be read"))
    }
}

#[task]
async fn gives_fragile(panics: bool) -> Fragile {
    Fragile { panics }
}

#[task]
async fn takes_fragile(_fragile: Fragile) -> u32 {
    1
}

#[flow(timeout = "5s")]
async fn slow_flow() -> Result<u32, Error> {
    slow().await
}

#[flow]
async fn child() -> anyhow::Result<u32> {
    typed().await.context("in a flow")
}

#[flow]
async fn panicking_child() -> u32 {
    panic!("a flow's body")
}

#[flow]
async fn child_of_child() -> Result<u32, Error> {
    child().await
}

#[flow]
async fn forgets() -> Result<u32, Error> {
    drop(chain().start());
    Ok(1)
}

/// Everything that can be asked of an error.
fn told(error: &Error) -> String {
    let mut told = vec![
        format!("display: {error}"),
        format!("debug: {error:?}"),
        format!("parts: {error:#?}"),
        format!("kind: {:?}, name: {:?}", error.kind(), error.name()),
        format!("run: {:?}, attempt: {:?}", error.run(), error.attempt()),
        format!("recorded: {:?}", error.recorded()),
        format!("value: {:?}", error.clone().downcast::<Refused>().map_err(|error| error.to_string())),
        format!("another's: {:?}", error.clone().downcast::<Cause>().map_err(|error| error.to_string())),
    ];
    let mut source = error.source();
    while let Some(cause) = source {
        told.push(format!("source: {cause} / {cause:?}"));
        source = cause.source();
    }
    told.join("\n")
}

struct NoError;

impl fmt::Debug for NoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call succeeded")
    }
}

fn of<T>(result: Result<T, Error>) -> Result<Error, NoError> {
    match result {
        Ok(_) => Err(NoError),
        Err(error) => Ok(error),
    }
}

async fn met(case: Case) -> Result<Error, NoError> {
    match case {
        Text => of(text().await),
        Chain => of(chain().await),
        Typed => of(typed().await),
        TypedThroughTwo => of(typed_through().await),
        ThroughTwo => of(through_two().await),
        StopRetrying => of(stops_retrying().await),
        AfterRetries => of(fails_thrice().await),
        PanicStr | PanicText | PanicOther => of(panics(case).await),
        PanicSync => of(panics_in_sync().await),
        SyncFailure => of(fails_in_sync().await),
        TimedOut => of(times_out().await),
        FlowTimedOut => of(slow_flow().await),
        Cancelled => {
            let handle = slow().start();
            tokio::task::yield_now().await;
            handle.cancel();
            of(handle.await)
        }
        BranchPanicked => of(orch::spawn(async { panic!("a branch") }).await),
        BranchCancelled => {
            let branch = orch::spawn(slow());
            tokio::task::yield_now().await;
            branch.cancel();
            of(branch.await)
        }
        Upstream => {
            let first = chain().start();
            let second = slow().after(&first).await;
            drop(first.await);
            of(second)
        }
        Missing => of(lacks().await),
        Output => of(gives_fragile(false).await),
        OutputPanicked => of(gives_fragile(true).await),
        Input => of(takes_fragile(Fragile { panics: false }).await),
        Child => of(child().await),
        ChildPanicked => of(panicking_child().await),
        ChildOfChild => of(child_of_child().await),
        MapItem => {
            of(orch::try_map([1, 2], |n| async move { if n == 1 { Ok(1) } else { typed().await } }).await)
        }
        InBranch => of(orch::spawn(async { typed().await }).await.and_then(|inner| inner)),
        Step => of(orch::step("refuses", 1, |_| async { Err::<u32, _>(refused()) }).await),
        Started => of(chain().start().await),
        Uncaught => of(forgets().await),
    }
}

/// Keeps what life told. Its text is not part of the call, so it is what life told that comes back.
#[task(skip(text))]
async fn keeps(_case: Case, text: String) -> String {
    text
}

/// What was told in life, and what is told now.
#[flow]
async fn meets(case: Case) -> Result<(String, String), Error> {
    let now = told(&met(case).await.unwrap_or_else(|no| panic!("{case:?}: {no:?}")));
    let then = keeps(case, now.clone()).await?;
    halts().await?;
    Ok((then, now))
}

fn assert_alike(case: Case, (then, now): &(String, String), when: &str) {
    assert!(then.lines().count() >= 8, "{case:?}: {then}");
    assert_eq!(then, now, "{case:?}, {when}: what was told in life, and what is told again");
}

#[tokio::test]
async fn in_one_process_at_every_cut() {
    for case in CASES {
        let builder = |builder: orch::testing::TestBuilder| {
            builder.provide(Bodies::default()).provide(Halt::default()).with(|runtime| runtime.cpu(4)).build()
        };
        let live = builder(orch::testing::builder());
        let lived = live.scope(async { meets(case).await }).await.unwrap();
        let run = live.runs(Default::default(), Page::all()).await.unwrap().last().unwrap().id;
        // Whether a call is cancelled before or behind its first change is the scheduler's to say.
        for cut in 1..live.store().operations() {
            let fork = builder(live.fork(cut));
            let again = fork
                .resume::<(String, String)>(run)
                .await
                .unwrap_or_else(|error| panic!("{case:?}: {error}"));
            assert_alike(case, &again, &format!("cut {cut}"));
            // Runs that had not begun at the cut get other ids.
            if !matches!(case, Child | ChildOfChild | ChildPanicked | FlowTimedOut | Uncaught) {
                assert_eq!(again, lived, "{case:?}, cut {cut}");
            }
        }
    }
}

#[tokio::test]
async fn over_two_processes() {
    let Some(process) = in_two_processes(module_path!(), "over_two_processes") else { return };
    if process.life == Life::First {
        // The machine's clock would wait for these.
        let quick = |case: &Case| !matches!(case, TimedOut | FlowTimedOut | AfterRetries);
        process.end_amid(CASES.into_iter().filter(quick).map(meets)).await;
    }
    let runs = process.runtime.runs(Default::default(), Page::all()).await.unwrap();
    let interrupted: Vec<_> = runs.iter().filter(|run| run.name.ends_with("::meets")).collect();
    assert_eq!(interrupted.len(), CASES.len() - 3);
    for run in interrupted {
        let again = process.runtime.resume::<(String, String)>(run.id).await.unwrap();
        assert!(again.0.lines().count() >= 8, "{again:?}");
        assert_eq!(again.0, again.1, "what was told in the first process, and in the second");
    }
}
