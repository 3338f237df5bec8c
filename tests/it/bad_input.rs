//! What is wrong is said: early, with its reason, and with what to do.

use std::{collections::HashMap, sync::Mutex};

use orch::{prelude::*, store::Page};
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};

use crate::support::{Bodies, assert_lines, in_own_process, lines, render, until};

/// Something that a test forgets to provide.
struct Mailer;

#[task(retries = 3)]
async fn send(#[provided] mailer: &Mailer) {
    let _ = mailer;
}

#[tokio::test]
async fn a_missing_value_is_named_with_the_line_to_add_and_not_retried() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { send().await }).await.expect_err("nothing is provided");
    assert_eq!(error.kind(), ErrorKind::Missing);
    let text = error.to_string();
    for part in ["`mailer`", "it::bad_input::Mailer", ".provide(", "Runtime::builder()"] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
    let lines = lines(&runtime).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("send Running")).count(), 1, "{lines:#?}");
}

#[test]
fn two_values_of_one_type_are_an_error_that_names_it() {
    let error = Runtime::builder().provide(Mailer).provide(Mailer).build().expect_err("there are two");
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert!(error.to_string().contains("it::bad_input::Mailer"), "{error}");
}

/// Cannot be written when it is negative.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Natural(i32);

impl Serialize for Natural {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 < 0 {
            return Err(S::Error::custom("it is negative"));
        }
        serializer.serialize_i32(self.0)
    }
}

#[task(retries = 3)]
async fn takes(n: Natural, #[provided] bodies: &Bodies) -> i32 {
    bodies.enter();
    n.0
}

#[task(retries = 3)]
async fn gives(n: i32, #[provided] bodies: &Bodies) -> Natural {
    bodies.enter();
    Natural(n)
}

#[tokio::test]
async fn an_input_that_cannot_be_written_is_an_error_before_the_body() {
    #[flow]
    async fn calls() -> Result<i32, Error> {
        takes(Natural(-1)).await
    }

    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    let alone = runtime.scope(async { takes(Natural(-1)).await }).await.expect_err("it cannot be written");
    assert_eq!(alone.kind(), ErrorKind::Input);
    assert!(alone.to_string().contains("it is negative"), "{alone}");
    assert_eq!(lines(&runtime).await, [""; 0], "no run came of it");

    let error = runtime.scope(async { calls().await }).await.expect_err("it cannot be written");
    assert!(error.to_string().contains("it is negative"), "{error}");
    assert_eq!(bodies.count(), 0);
    let message = "the input of `it::bad_input::takes` cannot be written: it is negative";
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "takes Pending",
            &format!("takes Failed: {message}"),
            &format!("run Failed: `it::bad_input::takes` has an input that cannot be used: {message}"),
        ],
    );
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_an_error_and_not_retried() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    let error = runtime.scope(async { gives(-1).await }).await.expect_err("it cannot be written");
    assert_eq!(error.kind(), ErrorKind::Output);
    assert!(error.to_string().contains("it is negative"), "{error}");
    assert_eq!(bodies.count(), 1);
}

#[tokio::test]
async fn a_cache_key_that_cannot_be_written_is_an_error_before_the_body() {
    #[task(cache(key = |n| Natural(-n.0)))]
    async fn keyed(n: Natural, #[provided] bodies: &Bodies) -> i32 {
        bodies.enter();
        n.0
    }

    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    let error =
        runtime.scope(async { keyed(Natural(1)).await }).await.expect_err("the key cannot be written");
    assert_eq!((error.kind(), bodies.count()), (ErrorKind::Input, 0));
}

mod first {
    use super::*;

    #[task(name = "shop::twice")]
    pub async fn one() -> u32 {
        1
    }

    #[flow(name = "shop::twice_too")]
    pub async fn flow() {}
}

mod second {
    use super::*;

    #[task(name = "shop::twice")]
    pub async fn other() -> u32 {
        2
    }

    #[flow(name = "shop::twice_too")]
    pub async fn flow() {}
}

#[tokio::test]
async fn two_definitions_of_one_name_are_an_error_at_first_use_that_names_both_places() {
    #[flow]
    async fn uses() -> Result<u32, Error> {
        second::other().await
    }

    let runtime = orch::testing::runtime();
    let (one, other, flow, other_flow) = runtime
        .scope(async {
            (
                first::one().await.expect_err("the name is taken twice"),
                second::other().await.expect_err("the name is taken twice"),
                first::flow().await.expect_err("the name is taken twice"),
                second::flow().await.expect_err("the name is taken twice"),
            )
        })
        .await;
    for (error, name) in [
        (one, "`shop::twice`"),
        (other, "`shop::twice`"),
        (flow, "`shop::twice_too`"),
        (other_flow, "`shop::twice_too`"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Definition);
        let text = error.to_string();
        assert!(text.contains(name), "{text}");
        assert_eq!(text.matches("bad_input.rs:").count(), 2, "{text}");
    }
    assert_eq!(lines(&runtime).await, [""; 0], "no run came of it");
    let error = runtime.scope(async { uses().await }).await.expect_err("the name is taken twice");
    assert!(error.to_string().contains("two definitions have the name `shop::twice`"), "{error}");
}

/// Where a flow leaves a call behind.
static LEFT: Mutex<Option<Call<u32>>> = Mutex::new(None);

#[tokio::test]
async fn a_call_that_is_polled_after_its_run_is_cancelled_with_the_reason() {
    #[task]
    async fn late(#[provided] bodies: &Bodies) -> u32 {
        bodies.enter();
        7
    }

    #[flow]
    async fn leaves() {
        *LEFT.lock().unwrap() = Some(late());
    }

    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    runtime.scope(async { leaves().await }).await.unwrap();
    let call = LEFT.lock().unwrap().take().unwrap();
    let error = call.await.expect_err("its run is over");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(error.to_string().contains("its run has ended"), "{error}");
    assert_eq!(bodies.count(), 0);
    assert_lines(&lines(&runtime).await, &["run Pending", "run Running", "run Completed"]);
}

#[tokio::test]
async fn a_call_of_a_cancelled_run_says_why_the_run_was() {
    static LEFT: Mutex<Option<Call<()>>> = Mutex::new(None);

    #[task]
    async fn late() {}

    #[flow]
    async fn hangs() {
        *LEFT.lock().unwrap() = Some(late());
        std::future::pending().await
    }

    let runtime = orch::testing::runtime();
    let handle = runtime.scope(async { hangs().start() }).await;
    until(&runtime, |lines| lines.len() == 2).await;
    while LEFT.lock().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    assert!(runtime.cancel(runtime.last_run().await.unwrap().unwrap()).await.unwrap());
    assert_eq!(handle.await.expect_err("it was cancelled").kind(), ErrorKind::Cancelled);
    let call = LEFT.lock().unwrap().take().unwrap();
    let error = call.await.expect_err("its run is over");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(error.to_string().contains("cancelled through the runtime"), "{error}");
}

#[tokio::test]
async fn a_call_polled_after_its_end_says_so() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let text = runtime
        .scope(async {
            let mut call = gives(1);
            (&mut call).await.unwrap();
            call.await.expect_err("it was awaited before").to_string()
        })
        .await;
    assert!(text.contains("after its end"), "{text}");
}

#[tokio::test]
async fn a_task_outside_any_scope_while_a_run_is_active_works_and_leaves_an_event() {
    #[task]
    async fn outside() -> u32 {
        7
    }

    #[flow]
    #[expect(deprecated, reason = "the call is to be outside")]
    async fn loses_its_scope() -> u32 {
        // A bare `tokio::spawn` knows nothing of the flow; here it is told the runtime, to find the events in it.
        let runtime = RUNTIME.get().unwrap().clone();
        tokio::spawn(async move { runtime.scope(async { outside().await }).await }).await.unwrap().unwrap()
    }

    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();

    let runtime = orch::testing::runtime();
    RUNTIME.set(Runtime::clone(&runtime)).unwrap();
    assert_eq!(runtime.scope(async { loses_its_scope().await }).await.unwrap(), 7);
    let name =
        "it::bad_input::a_task_outside_any_scope_while_a_run_is_active_works_and_leaves_an_event::outside";
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "#2 run Pending",
            "#2 run Running",
            &format!(
                "#2 OutsideScope: `{name}` was called outside any flow while a run is active; inside a flow, \
                 write the call in its body and spawn the call, or use `orch::spawn`"
            ),
            "#2 outside Pending",
            "#2 outside Running (1)",
            "#2 outside Completed (1)",
            "#2 run Completed",
            "run Completed",
        ],
    );
}

#[tokio::test]
async fn a_task_that_slips_out_of_a_scoped_runtime_leaves_an_event_where_it_runs() {
    // What a bare `tokio::spawn` calls runs on the default runtime, which is the process's.
    if !in_own_process("bad_input::a_task_that_slips_out_of_a_scoped_runtime_leaves_an_event_where_it_runs") {
        return;
    }

    #[task]
    async fn outside() -> u32 {
        7
    }

    #[flow]
    #[expect(deprecated, reason = "the call is to be outside")]
    async fn loses_its_scope() -> u32 {
        tokio::spawn(async { outside().await }).await.unwrap().unwrap()
    }

    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { loses_its_scope().await }).await.unwrap(), 7);
    assert_lines(&lines(&runtime).await, &["run Pending", "run Running", "run Completed"]);
    let default = Runtime::current().unwrap();
    let events = render(&default.events(Page::first(usize::MAX)).await.unwrap());
    assert_eq!(events.iter().filter(|line| line.contains("OutsideScope")).count(), 1, "{events:#?}");
}

#[tokio::test]
async fn what_cannot_be_resumed_says_why() {
    #[flow]
    async fn generic<N: Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static>(n: N) {
        let _input = n;
    }

    #[flow]
    async fn plain() {}

    let runtime = orch::testing::runtime();
    runtime.scope(async { generic(7u32).await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crate::support::crashed(&runtime).build();
    let error = second.resume::<()>(run).await.expect_err("it is generic");
    assert_eq!(error.kind(), ErrorKind::Definition);
    assert!(error.to_string().contains("generic"), "{error}");

    let error = runtime.resume::<()>(run).await.expect_err("it has ended");
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert!(error.to_string().contains("has ended"), "{error}");

    runtime.scope(async { plain().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crate::support::crashed(&runtime).build();
    let error = second.resume::<u32>(run).await.expect_err("it gives nothing");
    assert_eq!(error.kind(), ErrorKind::Output);
}

#[tokio::test]
async fn maps_may_have_keys_of_any_shape() {
    // Both orders of this map are one input, whatever its keys look like.
    #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
    enum Key {
        Text(String),
        Pair(u8, u8),
    }

    #[task(cache)]
    async fn count(map: HashMap<Key, u8>, #[provided] bodies: &Bodies) -> usize {
        bodies.enter();
        map.len()
    }

    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(bodies.clone()).build();
    runtime
        .scope(async {
            for _ in 0..8 {
                let map = HashMap::from([
                    (Key::Text("a".to_owned()), 1),
                    (Key::Pair(1, 2), 2),
                    (Key::Pair(2, 1), 3),
                ]);
                assert_eq!(count(map).await.unwrap(), 3);
            }
        })
        .await;
    assert_eq!(bodies.count(), 1);
    assert_eq!(runtime.runs(Default::default(), Page::first(99)).await.unwrap().len(), 8);
}
