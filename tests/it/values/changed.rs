//! Types that are changed between two lives: what is kept is a miss, what is recorded stops the run, and neither is
//! ever read as something else.
//!
//! `formerly` stands for the edit: the task of the second life finds the records of the one of the first.

use orch::{RunState, prelude::*};
use serde_json::{Value, json};

use crate::support::{Bodies, Life, crashed, lines, roomy};

/// An old and a new `Size`, a task that gives one and becomes a task that gives the other, and flows that await
/// whichever it is in their life.
macro_rules! changes {
    ($($change:ident $former:literal $(#[$serde:meta])? { $($old:tt)* } to { $($new:tt)* } $reads:ident;)*) => {$(
        mod $change {
            use super::*;

            mod old {
                #[derive(serde::Serialize, serde::Deserialize)]
                $(#[$serde])?
                pub struct Size { $($old)* }
            }

            mod new {
                #[derive(serde::Serialize, serde::Deserialize)]
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
                Ok(size.unwrap())
            }

            #[flow]
            async fn starts(#[provided] life: &Life) -> Result<Value, Error> {
                let size = match life {
                    Life::First => serde_json::to_value(before().no_cache().start().await?),
                    Life::Second => serde_json::to_value(after().no_cache().start().await?),
                };
                Ok(size.unwrap())
            }

            #[flow(retries = 1)]
            async fn tries_again(#[provided] life: &Life) -> Result<Value, Error> {
                match life {
                    _ if orch::ctx().attempt() == 2 => {
                        Ok(serde_json::to_value(after().no_cache().await?).unwrap())
                    }
                    _ => {
                        before().no_cache().await?;
                        Err(failing().await.unwrap_err())
                    }
                }
            }

            #[tokio::test]
            async fn what_is_kept() {
                kept($reads, || async { serde_json::to_value(before().await.unwrap()).unwrap() },
                    || async { serde_json::to_value(after().await.unwrap()).unwrap() }).await;
            }

            #[tokio::test]
            async fn what_is_recorded() {
                recorded($reads, awaits).await;
                recorded($reads, starts).await;
                reused($reads, tries_again).await;
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

async fn kept<A: Future<Output = Value>, B: Future<Output = Value>>(
    reads: bool,
    before: impl Fn() -> A,
    after: impl Fn() -> B,
) {
    let bodies = Bodies::default();
    let runtime = roomy().provide(bodies.clone()).build();
    let first = runtime.scope(async { before().await }).await;
    assert_old(&first);
    for _ in 0..2 {
        let size = runtime.scope(async { after().await }).await;
        if reads { assert_old(&size) } else { assert_new(&size) }
    }
    assert_eq!(bodies.count(), if reads { 1 } else { 2 }, "what does not fit is replaced");
    let passed_over = lines(&runtime).await.into_iter().filter(|line| line.contains("passed over")).count();
    assert_eq!(passed_over, usize::from(!reads));
}

async fn recorded(reads: bool, flow: impl Fn() -> Call<Value, Flow>) {
    let bodies = Bodies::default();
    let first = roomy().provide(Life::First).provide(bodies.clone()).build();
    assert_old(&first.scope(async { flow().await }).await.unwrap());
    let run = first.last_run().await.unwrap().unwrap();
    let second = crashed(&first).provide(Life::Second).provide(bodies.clone()).build();
    let resumed = second.resume::<Value>(run).await;
    if reads {
        assert_old(&resumed.unwrap());
    } else {
        let error = resumed.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Diverged);
        for part in ["after", "another shape", "resumed by a program whose type is as it was"] {
            assert!(error.to_string().contains(part), "{part} is not in: {error}");
        }
        assert_eq!(second.run(run).await.unwrap().unwrap().state, RunState::Failed);
    }
    assert_eq!(bodies.count(), 1);
}

/// What an earlier attempt got is reused if it can be, and made again if not.
async fn reused(reads: bool, flow: impl Fn() -> Call<Value, Flow>) {
    let bodies = Bodies::default();
    let runtime = roomy().provide(Life::First).provide(bodies.clone()).build();
    let size = runtime.scope(async { flow().await }).await.unwrap();
    if reads {
        assert_old(&size)
    } else {
        assert_new(&size)
    }
    assert_eq!(bodies.count(), if reads { 1 } else { 2 });
}
