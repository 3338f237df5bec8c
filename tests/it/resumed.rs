//! What a resumed run does with what was cancelled, renamed or sent away in its first life; and panics beside bodies.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use orch::{prelude::*, testing::TestRuntime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::task::JoinHandle;

use crate::support::{Bodies, Gate, Life, Opener, Wrapped, ending, gate, lines, until};

const LONG: Duration = Duration::from_secs(100);

/// Runs a flow, then resumes it after each operation of its store. Gives what came out, of life and of each resume, and how
/// many bodies ran.
async fn cut_everywhere<T: std::fmt::Debug + 'static>(
    flow: impl Fn() -> Call<T, Flow>,
) -> Vec<(String, usize)> {
    let told = |result: Result<T, Error>| format!("{:?}", result.map_err(|error| error.kind()));
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(Life::First).provide(bodies.clone()).build();
    let lived = told(runtime.scope(async { flow().await }).await);
    let mut ends = vec![(lived, bodies.count())];
    let run = runtime.last_run().await.unwrap().unwrap();
    for cut in 1..runtime.store().operations() {
        let before = bodies.count();
        let second = runtime.fork(cut).provide(Life::Second).provide(bodies.clone()).build();
        let resumed = told(second.resume::<T>(run).await);
        ends.push((resumed, bodies.count() - before));
    }
    ends
}

fn assert_all_alike(ends: &[(String, usize)]) {
    assert!(ends.iter().all(|(end, _)| *end == ends[0].0), "{ends:#?}");
}

#[task]
async fn counted(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    n
}

#[task]
async fn slow(n: u32, #[provided] bodies: &Bodies) -> u32 {
    bodies.enter();
    orch::sleep(LONG).await;
    n
}

#[tokio::test]
async fn a_call_that_was_cancelled_and_forgotten_does_not_fail_the_resumed_run() {
    #[flow]
    async fn cancels() -> Result<u32, Error> {
        let handle = slow(1).start();
        counted(1).await?;
        handle.cancel();
        drop(handle);
        counted(2).await
    }
    let ends = cut_everywhere(cancels).await;
    assert_eq!(ends[0].0, "Ok(2)");
    assert_all_alike(&ends);
}

#[tokio::test]
async fn a_branch_that_was_cancelled_does_not_run_again() {
    #[flow]
    async fn cancels() -> Result<String, Error> {
        let branch = orch::spawn(async { slow(1).await.map_err(|error| error.to_string()) });
        counted(1).await?;
        branch.cancel();
        let end = format!("{:?}", branch.await.map_err(|error| error.kind()));
        counted(2).await?;
        Ok(end)
    }
    let ends = cut_everywhere(cancels).await;
    assert_eq!(ends[0].0, "Ok(\"Err(Cancelled)\")");
    assert_all_alike(&ends);
    assert_eq!(ends.last().unwrap().1, 0, "everything was recorded");
}

mod renamed {
    use super::*;

    #[task(name = "resumed::before")]
    async fn before() -> Result<u32, Error> {
        let one = counted(1).await?;
        orch::sleep(LONG).await;
        Ok(one + counted(2).await?)
    }

    #[task(formerly = "resumed::before")]
    async fn after() -> Result<u32, Error> {
        let one = counted(1).await?;
        orch::sleep(LONG).await;
        Ok(one + counted(2).await?)
    }

    #[flow]
    pub(super) async fn renames(#[provided] life: &Life) -> Result<u32, Error> {
        if *life == Life::First { before().await } else { after().await }
    }

    #[flow]
    pub(super) async fn does_not() -> Result<u32, Error> {
        before().await
    }
}

#[tokio::test]
async fn a_renamed_task_that_was_under_way_keeps_what_lies_inside() {
    let renamed = cut_everywhere(renamed::renames).await;
    assert_all_alike(&renamed);
    assert_eq!(renamed, cut_everywhere(renamed::does_not).await, "no body runs because of the name");
}

#[task]
async fn upstream() -> u32 {
    1
}

/// How many outcomes are not durable while its body runs.
#[task]
async fn looks(#[provided] unacknowledged: &AtomicUsize) -> usize {
    unacknowledged.load(Ordering::SeqCst)
}

/// The same, and its own outcome comes late.
#[task]
async fn looks_for_long(#[provided] unacknowledged: &AtomicUsize) -> usize {
    let seen = unacknowledged.load(Ordering::SeqCst);
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    seen
}

#[task(cache)]
async fn kept() -> u32 {
    1
}

#[tokio::test]
async fn a_body_begins_when_what_it_comes_after_is_durable() {
    #[flow]
    async fn comes_after() -> Result<usize, Error> {
        let first = upstream().start();
        looks().after(&first).await
    }
    #[flow]
    async fn elsewhere() -> Result<usize, Error> {
        let first = upstream().start();
        let branch = orch::spawn(async move {
            first.await?;
            looks().await
        });
        branch.await?
    }
    #[flow]
    async fn beside_each_other() -> Result<usize, Error> {
        // The hit waits for no sync of its own, and both bodies come after it.
        kept().await?;
        kept().await?;
        let (one, other) = tokio::try_join!(looks_for_long(), looks())?;
        Ok(one + other)
    }
    for flow in [comes_after, elsewhere, beside_each_other] {
        let unacknowledged = Arc::new(AtomicUsize::new(0));
        let store = Wrapped { unacknowledged: Some(unacknowledged.clone()), ..Wrapped::default() };
        let runtime = Runtime::builder().store(store).provide_arc(unacknowledged).build().unwrap();
        assert_eq!(runtime.scope(async { flow().await }).await.unwrap(), 0);
    }
}

type Sent = Mutex<Option<JoinHandle<Result<u32, Error>>>>;

#[tokio::test]
async fn a_call_that_another_task_polls_ends_before_its_run_does() {
    #[flow]
    async fn sends_away(#[provided] sent: &Sent) -> Result<u32, Error> {
        *sent.lock().unwrap() = Some(tokio::spawn(slow(3)));
        tokio::task::yield_now().await;
        counted(1).await
    }
    let runtime =
        orch::testing::builder().provide(Bodies::default()).provide_arc(Arc::new(Sent::default())).build();
    assert_eq!(runtime.scope(async { sends_away().await }).await.unwrap(), 1);
    let sent = runtime.provided::<Sent>().unwrap().lock().unwrap().take().unwrap();
    assert_eq!(sent.await.unwrap().unwrap(), 3);
    assert_eq!(lines(&runtime).await.last().unwrap(), "run Completed");
}

#[tokio::test]
async fn a_call_that_another_task_polls_is_stopped_by_the_error_of_its_body() {
    #[flow]
    async fn fails(#[provided] sent: &Sent) -> Result<u32, String> {
        *sent.lock().unwrap() = Some(tokio::spawn(slow(3)));
        tokio::task::yield_now().await;
        counted(1).await.map_err(|error| error.to_string())?;
        Err("no".into())
    }
    let runtime =
        orch::testing::builder().provide(Bodies::default()).provide_arc(Arc::new(Sent::default())).build();
    assert_eq!(runtime.scope(async { fails().await }).await.unwrap_err().kind(), ErrorKind::Failed);
    let sent = runtime.provided::<Sent>().unwrap().lock().unwrap().take().unwrap();
    assert_eq!(sent.await.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(lines(&runtime).await.last().unwrap().starts_with("run Failed"));
}

/// A value whose own code panics.
#[derive(Debug)]
struct Fragile {
    writes: bool,
}

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.writes, "it cannot be written");
        serializer.serialize_bool(self.writes)
    }
}

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { writes: bool::deserialize(deserializer)? })
    }
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        panic!("it cannot be cloned")
    }
}

#[task]
async fn gives_fragile() -> Fragile {
    Fragile { writes: false }
}

#[task(retries = 1)]
async fn takes_fragile(_fragile: Fragile) -> u32 {
    1
}

#[tokio::test]
async fn a_result_that_panics_when_it_is_written_is_a_panic_of_its_task() {
    #[flow]
    async fn writes(started: bool) -> Result<String, Error> {
        let end = if started { gives_fragile().start().await } else { gives_fragile().await };
        Ok(end.unwrap_err().to_string())
    }
    for started in [false, true] {
        let text = orch::testing::runtime().scope(async { writes(started).await }).await.unwrap();
        assert!(text.contains("panicked") && text.contains("it cannot be written"), "{text}");
    }
}

#[tokio::test]
async fn an_argument_that_panics_when_it_is_cloned_is_a_panic_of_that_attempt() {
    #[flow]
    async fn clones(started: bool) -> Result<u32, Error> {
        let call = takes_fragile(Fragile { writes: true });
        if started { call.start().await } else { call.await }
    }
    for started in [false, true] {
        let runtime = orch::testing::runtime();
        // The last attempt takes the argument itself.
        assert_eq!(runtime.scope(async { clones(started).await }).await.unwrap(), 1);
        let lines = lines(&runtime).await;
        assert!(
            lines.iter().any(|line| line.contains("AwaitingRetry (1): it cannot be cloned")),
            "{lines:#?}"
        );
    }
}

#[flow]
async fn waits() -> Result<u32, Error> {
    counted(1).await?;
    slow(7).await
}

#[tokio::test]
async fn a_run_that_is_under_way_is_not_taken_up() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    let text = runtime
        .scope(async {
            let call = waits().start();
            let run = call.run().unwrap();
            until(&runtime, |lines| lines.iter().any(|line| line == "run Running")).await;
            let error = runtime.resume::<u32>(run).await.unwrap_err();
            assert_eq!(call.await.unwrap(), 7, "nobody took it away");
            error.to_string()
        })
        .await;
    assert!(text.contains("under way in this process"), "{text}");
}

#[tokio::test]
async fn one_of_two_takes_a_run_up() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    runtime.scope(async { waits().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = runtime.fork(runtime.store().operations() / 2).provide(Bodies::default()).build();
    let interrupted: Vec<_> = second.interrupted().await.unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(interrupted, [run]);
    let (one, other) = tokio::join!(second.resume::<u32>(run), second.resume::<u32>(run));
    assert_eq!(one.unwrap(), 7);
    let text = other.unwrap_err().to_string();
    assert!(text.contains("under way in this process"), "{text}");
    assert!(second.interrupted().await.unwrap().is_empty());
    let text = second.resume::<u32>(run).await.unwrap_err().to_string();
    assert!(text.ends_with("has ended: Completed"), "{text}");
}

#[tokio::test]
async fn a_run_is_not_resumed_to_another_type() {
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    runtime.scope(async { waits().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let second = crate::support::crashed(&runtime).provide(Bodies::default()).build();
    let error = second.resume::<String>(run).await.unwrap_err();
    assert!(error.to_string().contains("its output is no `alloc::string::String`"), "{error}");
    assert_eq!(second.resume::<u32>(run).await.unwrap(), 7, "nothing was done to it");
}

#[tokio::test]
async fn a_body_that_waited_for_a_permit_waits_for_it_again() {
    #[task]
    fn holds(#[provided] gate: &Gate) {
        gate.pass();
    }
    #[task]
    fn computes(n: u32) -> u32 {
        n * n
    }
    #[flow]
    async fn waits_for_a_permit() -> Result<u32, Error> {
        let (one, other) = tokio::try_join!(computes(3), counted(4))?;
        Ok(one + other)
    }
    /// Goes on when the flow has come as far as it can without the permit, which another run has.
    async fn beside(
        runtime: &TestRuntime,
        flow: impl Future<Output = Result<u32, Error>>,
        opener: Opener,
    ) -> u32 {
        let _at_end = opener.open_at_end();
        let holding = |lines: &[String]| ending(lines, "holds Running (1)");
        let before = holding(&lines(runtime).await);
        let held = runtime.scope(async { holds().start() }).await;
        until(runtime, |lines| holding(lines) > before).await;
        let (ended, ()) = tokio::join!(flow, async {
            until(runtime, |lines| lines.iter().any(|line| line.ends_with("counted Completed (1)"))).await;
            opener.open();
        });
        held.await.unwrap();
        ended.unwrap()
    }
    let build = |builder: orch::testing::TestBuilder, gate: Gate| {
        builder.with(|runtime| runtime.cpu(1)).provide(Bodies::default()).provide(gate).build()
    };
    let (opener, closed) = gate();
    let first = build(orch::testing::builder(), closed);
    let lived = beside(&first, first.scope(async { waits_for_a_permit().await }), opener).await;
    assert_eq!(lived, 13);
    let run = first.last_run().await.unwrap().unwrap();
    let mut waited = 0;
    for cut in 1..first.store().operations() {
        let (opener, closed) = gate();
        let second = build(first.fork(cut), closed);
        let before = lines(&second).await;
        let there = second.run(run).await.unwrap().is_some_and(|run| !run.state.is_final());
        let waits = before.iter().any(|line| line.contains("computes AwaitingPermit"));
        let counted = before.iter().any(|line| line.ends_with("counted Completed (1)"));
        if there && waits && !counted {
            waited += 1;
            assert_eq!(beside(&second, second.resume::<u32>(run), opener).await, lived, "cut {cut}");
        }
    }
    assert!(waited > 0);
}
