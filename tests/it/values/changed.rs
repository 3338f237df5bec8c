//! Types that are changed between two lives: what is kept is a miss, what is recorded stops the run, and neither is
//! ever read as something else.
//!
//! `formerly` stands for the edit: the task of the second life finds the records of the one of the first.

use orch::{RunId, RunState, prelude::*, store::Store, testing::TestBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::support::{Bodies, Halt, Life, Process, crashed, halts, in_two_processes, lines, roomy};

/// An old and a new `Size`, a task that gives one and becomes a task that gives the other, and flows that await
/// whichever it is in their life.
macro_rules! changes {
    ($($change:ident $former:literal $(#[$serde:meta])? { $($old:tt)* } to { $($new:tt)* } $reads:ident;)*) => {$(
        mod $change {
            use super::*;

            mod old {
                #[derive(Clone, serde::Serialize, serde::Deserialize)]
                $(#[$serde])?
                pub struct Size { $($old)* }
            }

            mod new {
                #[derive(Clone, serde::Serialize, serde::Deserialize)]
                $(#[$serde])?
                pub struct Size { $($new)* }
            }

            #[task(cache(version = "1"), name = $former)]
            async fn before(#[provided] bodies: &Bodies) -> old::Size {
                bodies.enter();
                serde_json::from_value(old_size()).unwrap()
            }

            #[task(cache(version = "1"), formerly = $former)]
            async fn after(#[provided] bodies: &Bodies) -> new::Size {
                bodies.enter();
                serde_json::from_value(new_size()).unwrap()
            }

            #[flow]
            async fn awaits(#[provided] life: &Life) -> Result<Value, Error> {
                let size = match life {
                    Life::First => serde_json::to_value(before().no_cache().await?),
                    Life::Second => serde_json::to_value(after().no_cache().await?),
                };
                halts().await?;
                Ok(size.unwrap())
            }

            #[flow]
            async fn starts(#[provided] life: &Life) -> Result<Value, Error> {
                let size = match life {
                    Life::First => serde_json::to_value(before().no_cache().start().await?),
                    Life::Second => serde_json::to_value(after().no_cache().start().await?),
                };
                halts().await?;
                Ok(size.unwrap())
            }

            #[flow(retries = 1)]
            async fn tries_again() -> Result<Value, Error> {
                if orch::ctx().attempt() == 2 {
                    halts().await?;
                    return Ok(serde_json::to_value(after().no_cache().await?).unwrap());
                }
                before().no_cache().await?;
                Err(failing().await.unwrap_err())
            }

            /// The old type to the first process, the new one to the second: one flow takes either.
            #[derive(Clone)]
            enum Input {
                Old(old::Size),
                New(new::Size),
            }

            impl Serialize for Input {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    match self {
                        Self::Old(size) => size.serialize(serializer),
                        Self::New(size) => size.serialize(serializer),
                    }
                }
            }

            impl<'de> Deserialize<'de> for Input {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    match Life::of_process() {
                        Life::First => old::Size::deserialize(deserializer).map(Self::Old),
                        Life::Second => new::Size::deserialize(deserializer).map(Self::New),
                    }
                }
            }

            #[flow]
            async fn takes(size: Input) -> Result<Value, Error> {
                halts().await?;
                Ok(serde_json::to_value(size).unwrap())
            }

            async fn first() -> Value {
                serde_json::to_value(before().await.unwrap()).unwrap()
            }

            async fn second() -> Value {
                serde_json::to_value(after().await.unwrap()).unwrap()
            }

            #[tokio::test]
            async fn what_is_kept() {
                kept($reads, first, second).await;
            }

            #[tokio::test]
            async fn what_is_recorded() {
                recorded($reads, awaits).await;
                recorded($reads, starts).await;
                reused($reads, tries_again).await;
            }

            #[tokio::test]
            async fn what_another_process_left() {
                match in_two_processes(module_path!(), "what_another_process_left") {
                    Some(process) if process.life == Life::First => {
                        let input = Input::Old(serde_json::from_value(old_size()).unwrap());
                        left(process, first, [awaits(), starts(), tries_again(), takes(input)]).await
                    }
                    Some(process) => found($reads, process, second).await,
                    None => {}
                }
            }
        }
    )*};
}

const RIGHT: bool = true;
const NEVER: bool = false;

changes! {
    same "size::same" { width: u32, height: u32 } to { width: u32, height: u32 } RIGHT;
    reordered "size::reordered" { width: u32, height: u32 } to { height: u32, width: u32 } NEVER;
    renamed "size::renamed" { width: u32, height: u32 } to { width: u32, length: u32 } NEVER;
    widened "size::widened" { width: u32, height: u32 } to { width: u32, height: u64 } NEVER;
    floating "size::floating" { width: u32, height: i32 } to { width: u32, height: f32 } NEVER;
    retyped "size::retyped" { width: u32, height: u32 } to { width: u32, height: Option<u32> } NEVER;
    added "size::added" { width: u32, height: u32 } to { width: u32, height: u32, depth: Option<u32> } NEVER;
    tagged_same "size::tagged_same" #[serde(tag = "kind")] { width: u32, height: Option<u32> }
        to { width: u32, height: Option<u32> } RIGHT;
    tagged_renamed "size::tagged_renamed" #[serde(tag = "kind")] { width: u32, height: Option<u32> }
        to { width: u32, length: Option<u32> } NEVER;
    tagged_added "size::tagged_added" #[serde(tag = "kind")] { width: u32, height: Option<u32> }
        to { width: u32, height: Option<u32>, depth: Option<u32> } NEVER;
}

fn old_size() -> Value {
    json!({ "kind": "Size", "width": 3, "height": 7 })
}

/// By name another one than the old one, so that it shows which of them was read.
fn new_size() -> Value {
    json!({ "kind": "Size", "width": 4, "height": 8, "length": 8 })
}

#[task]
async fn failing() -> Result<(), String> {
    Err("it broke".into())
}

fn number(size: &Value, field: &str) -> f64 {
    size[field].as_f64().unwrap_or_default()
}

#[track_caller]
fn assert_old(size: &Value) {
    assert_eq!((number(size, "width"), number(size, "height")), (3.0, 7.0), "{size}");
}

#[track_caller]
fn assert_new(size: &Value) {
    assert_eq!(number(size, "width"), 4.0, "{size}");
    assert_eq!(number(size, "height").max(number(size, "length")), 8.0, "{size}");
}

#[track_caller]
fn assert_read(old: bool, size: &Value) {
    if old { assert_old(size) } else { assert_new(size) }
}

async fn kept<A: Future<Output = Value>, B: Future<Output = Value>>(
    reads: bool,
    before: impl Fn() -> A,
    after: impl Fn() -> B,
) {
    let bodies = Bodies::default();
    let runtime = roomy().provide(bodies.clone()).build();
    assert_old(&runtime.scope(before()).await);
    kept_is_read(reads, &runtime, after).await;
    assert_eq!(bodies.count(), if reads { 1 } else { 2 }, "what does not fit is replaced");
}

async fn kept_is_read<B: Future<Output = Value>>(reads: bool, runtime: &Runtime, after: impl Fn() -> B) {
    for _ in 0..2 {
        assert_read(reads, &runtime.scope(after()).await);
    }
    let passed_over = lines(runtime).await.into_iter().filter(|line| line.contains("passed over")).count();
    assert_eq!(passed_over, usize::from(!reads));
}

async fn recorded(reads: bool, flow: impl Fn() -> Call<Value, Flow>) {
    let bodies = Bodies::default();
    let in_life = |life, runtime: TestBuilder| {
        runtime.provide(life).provide(bodies.clone()).provide(Halt::default()).build()
    };
    let first = in_life(Life::First, roomy());
    assert_old(&first.scope(async { flow().await }).await.unwrap());
    let run = first.last_run().await.unwrap().unwrap();
    recorded_is_read(reads, &in_life(Life::Second, crashed(&first)), run).await;
    assert_eq!(bodies.count(), 1);
}

async fn recorded_is_read(reads: bool, runtime: &Runtime, run: RunId) {
    let resumed = runtime.resume::<Value>(run).await;
    if reads {
        return assert_old(&resumed.unwrap());
    }
    let error = resumed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
    for part in ["after", "another shape", "resumed by a program whose type is as it was"] {
        assert!(error.to_string().contains(part), "{part} is not in: {error}");
    }
    assert_eq!(runtime.run(run).await.unwrap().unwrap().state, RunState::Failed);
}

/// What an earlier attempt got is reused if it can be, and made again if not.
async fn reused(reads: bool, flow: impl Fn() -> Call<Value, Flow>) {
    let bodies = Bodies::default();
    let runtime = roomy().provide(bodies.clone()).provide(Halt::default()).build();
    assert_read(reads, &runtime.scope(async { flow().await }).await.unwrap());
    assert_eq!(bodies.count(), if reads { 1 } else { 2 });
}

/// What the first of two processes does: it keeps an old value, and ends amid flows that have one.
async fn left<A: Future<Output = Value>>(
    process: Process,
    before: impl Fn() -> A,
    flows: [Call<Value, Flow>; 4],
) {
    assert_old(&process.runtime.scope(before()).await);
    // Nobody waits for the cache's disk, so a process that ends at once may lose what it has kept.
    process.store.flush().await.unwrap();
    process.end_amid(flows).await;
}

/// What the second one finds, whose type is the new one.
async fn found<B: Future<Output = Value>>(reads: bool, process: Process, after: impl Fn() -> B) {
    let (runtime, made) = (&process.runtime, usize::from(!reads));
    kept_is_read(reads, runtime, after).await;
    assert_eq!(process.bodies.count(), made, "what does not fit is replaced");
    for flow in ["::awaits", "::starts"] {
        recorded_is_read(reads, runtime, process.interrupted(flow).await).await;
    }
    assert_eq!(process.bodies.count(), made, "a recorded body does not run again");
    let run = process.interrupted("::tries_again").await;
    assert_read(reads, &runtime.resume(run).await.unwrap());
    assert_eq!(
        process.bodies.count(),
        2 * made,
        "what the earlier attempt got is made again where it does not fit"
    );
    input_is_read(reads, runtime, process.interrupted("::takes").await).await;
}

/// A flow whose input has another type now is not run; a program whose type is as it was may still take it up.
async fn input_is_read(reads: bool, runtime: &Runtime, run: RunId) {
    let resumed = runtime.resume::<Value>(run).await;
    if reads {
        return assert_old(&resumed.unwrap());
    }
    let error = resumed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    for part in ["::takes", "the stored input does not fit the function", "another shape"] {
        assert!(error.to_string().contains(part), "{part} is not in: {error}");
    }
    assert_eq!(runtime.run(run).await.unwrap().unwrap().state, RunState::Running);
}
