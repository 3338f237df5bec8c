//! What is retried after which end, and what is not.

use std::time::Duration;

use orch::{RunId, RunState, Runtime, prelude::*, testing::TestRuntime};

use super::{depths, in_turn};
use crate::support::{World, crashed, run_of, until, work};

async fn state_of(runtime: &Runtime, run: RunId) -> RunState {
    runtime.run(run).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_run_that_cannot_be_retried_says_what_to_do_instead() {
    let world = World::default();
    let runtime = world.runtime();
    runtime.scope(async { in_turn().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    let text = async |runtime: &TestRuntime, run| runtime.retry::<String>(run).await.unwrap_err().to_string();
    let completed = text(&runtime, run).await;
    assert!(completed.contains("has completed") && completed.contains("orch::rerun("), "{completed}");
    let unknown = text(&runtime, RunId::new()).await;
    assert!(unknown.contains("is not in the store"), "{unknown}");
    let interrupted = crashed(&runtime).with(|builder| builder.recover(false)).provide(world.clone()).build();
    let interrupted = text(&interrupted, run).await;
    assert!(
        interrupted.contains("has not ended: it is Running") && interrupted.contains("Runtime::resume"),
        "{interrupted}"
    );
    // Nothing has been done to any of them.
    assert_eq!(state_of(&runtime, run).await, RunState::Completed);
    assert_eq!(runtime.run(run).await.unwrap().unwrap().attempt, 1);
}

#[tokio::test]
async fn a_run_is_not_retried_to_another_type() {
    let world = World::with_broken(&["b"]);
    let runtime = world.runtime();
    runtime.scope(async { in_turn().await }).await.unwrap_err();
    let run = runtime.last_run().await.unwrap().unwrap();
    let text = runtime.retry::<u32>(run).await.unwrap_err().to_string();
    assert!(text.contains("its output is no `u32`"), "{text}");
    assert_eq!(state_of(&runtime, run).await, RunState::Failed, "nothing was done to it");
}

/// Never ends by itself.
#[task]
async fn hangs(name: &str, #[provided] world: &World) -> Result<String, String> {
    if world.enter(name).is_err() {
        std::future::pending::<()>().await;
    }
    Ok(name.to_owned())
}

#[flow]
async fn slow_inside() -> Result<String, Error> {
    Ok(work("inside").await? + &hangs("slow").await?)
}

#[flow]
async fn slow_below() -> Result<String, Error> {
    let started = work("started").start();
    let before = started.await?;
    Ok(slow_inside().await? + &before + &work("last").await?)
}

#[tokio::test]
async fn a_run_that_took_too_long_goes_on_in_the_flow_that_it_waited_for() {
    let world = World::with_broken(&["slow"]);
    let runtime = world.runtime();
    let error = runtime.scope(async { slow_below().timeout(Duration::from_secs(60)).await }).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
    let mut ran = world.ran();
    world.mend();
    let run = run_of(&runtime, "::slow_below").await;
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "insideslowstartedlast");
    // Where the virtual time was over is the machine's to say; what had ended by then is not done again.
    let hung = ran.contains(&"slow".to_owned());
    ran.extend(world.ran().into_iter().filter(|name| !hung || name != "slow"));
    assert_eq!(ran, ["started", "inside", "slow", "last"]);
    assert_eq!(state_of(&runtime, run_of(&runtime, "::slow_inside").await).await, RunState::Completed);
}

#[tokio::test]
async fn a_run_that_was_cancelled_goes_on_too() {
    let world = World::with_broken(&["slow"]);
    let runtime = world.runtime();
    let call = runtime.scope(async { slow_below().start() }).await;
    let run = call.run().unwrap();
    until(&runtime, |lines| lines.iter().any(|line| line.contains("hangs Running"))).await;
    assert!(runtime.cancel(run).await.unwrap());
    assert_eq!(call.await.unwrap_err().kind(), ErrorKind::Cancelled);
    world.ran();
    world.mend();
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "insideslowstartedlast");
    assert_eq!(world.ran(), ["slow", "last"]);
}

#[tokio::test]
async fn a_run_whose_call_was_dropped_goes_on_too() {
    let world = World::with_broken(&["slow"]);
    let runtime = world.runtime();
    runtime
        .scope(async {
            let call = slow_below();
            tokio::select! {
                biased;
                _ = call => unreachable!("it hangs"),
                () = until(&runtime, |lines| lines.iter().any(|line| line.contains("hangs Running"))) => {}
            }
        })
        .await;
    until(&runtime, |lines| lines.iter().filter(|line| line.contains("run Cancelled")).count() == 2).await;
    world.ran();
    world.mend();
    let run = run_of(&runtime, "::slow_below").await;
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "insideslowstartedlast");
    assert_eq!(world.ran(), ["slow", "last"]);
}

#[tokio::test]
async fn a_run_whose_caller_has_not_ended_is_not_retried_by_itself() {
    #[flow]
    async fn catches() -> Result<String, Error> {
        let _ = depths::inner("x".into()).await;
        hangs("slow").await
    }
    let world = World::with_broken(&["x.1", "slow"]);
    let runtime = world.runtime();
    let call = runtime.scope(async { catches().start() }).await;
    until(&runtime, |lines| lines.iter().any(|line| line.contains("hangs Running"))).await;
    let inner = run_of(&runtime, "::inner").await;
    let text = runtime.retry::<String>(inner).await.unwrap_err().to_string();
    assert!(text.contains("was called by run") && text.contains("catches"), "{text}");
    call.cancel();
    call.await.unwrap_err();
    world.mend();
    assert_eq!(runtime.retry::<String>(inner).await.unwrap(), "x.1x.1x.2x.3");
}

#[tokio::test]
async fn a_run_that_is_being_retried_is_under_way() {
    #[flow]
    async fn halts() -> Result<String, Error> {
        Ok(work("a").await? + &hangs("b").await?)
    }
    let world = World::with_broken(&["a"]);
    let runtime = world.runtime();
    runtime.scope(async { halts().await }).await.unwrap_err();
    world.mend();
    world.breaks(&["b"]);
    let run = runtime.last_run().await.unwrap().unwrap();
    let hung = async {
        until(&runtime, |lines| lines.iter().any(|line| line.contains("hangs Running"))).await;
        let error = runtime.retry::<String>(run).await.unwrap_err();
        runtime.cancel(run).await.unwrap();
        error.to_string()
    };
    let (retried, refused) = tokio::join!(runtime.retry::<String>(run), hung);
    assert!(refused.contains("under way in this process"), "{refused}");
    assert_eq!(retried.unwrap_err().kind(), ErrorKind::Cancelled);
    world.mend();
    assert_eq!(runtime.retry::<String>(run).await.unwrap(), "ab");
}
