use super::*;
use crate::support::Wrapped;

/// Calls a flow.
#[flow]
async fn calls() -> Result<u32, Error> {
    staying().await
}

async fn child(runtime: &Runtime) -> RunId {
    loop {
        let runs = runtime.runs(Default::default(), Page::all()).await.unwrap();
        if let Some(child) = runs.iter().find(|run| run.parent.is_some()) {
            return child.id;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_called_run_that_is_being_stored_is_cancelled_and_tells_its_caller() {
    let store = Wrapped { late: true, ..Default::default() };
    let runtime = Runtime::builder().store(store).recover(false);
    let runtime = runtime.provide(Bodies::default()).provide(Life::First).build().unwrap();
    let call = runtime.scope(async { calls().start() }).await;
    let child = child(&runtime).await;
    assert!(runtime.cancel(child).await.unwrap());
    let error = call.await.unwrap_err();
    assert!(error.to_string().contains("cancelled through the runtime"), "{error}");
    assert_eq!(state(&runtime, child).await, RunState::Cancelled);
    assert!(!runtime.cancel(child).await.unwrap(), "it is over");
}

#[tokio::test]
async fn what_an_interrupted_run_has_called_is_cancelled_with_it() {
    let (first, _) = live(orch::testing::builder(), Life::First);
    let call = first.scope(async { calls().start() }).await;
    until(&first, |lines| lines.iter().any(|line| line.ends_with("stays Running (1)"))).await;
    let (run, child) = (call.run().unwrap(), child(&first).await);
    let second = first.fork(first.store().operations()).with(|builder| builder.recover(false));
    let (second, _) = live(second, Life::First);
    assert_eq!(state(&second, child).await, RunState::Running);
    assert!(second.cancel(run).await.unwrap());
    assert_eq!(state(&second, run).await, RunState::Cancelled);
    assert_eq!(state(&second, child).await, RunState::Cancelled);
}

#[tokio::test]
async fn a_call_is_cancelled_before_its_run_is_stored() {
    let (runtime, _) = live(orch::testing::builder(), Life::First);
    let call = runtime.scope(async { staying().start() }).await;
    assert!(runtime.cancel(call.run().unwrap()).await.unwrap());
    assert_eq!(call.await.unwrap_err().kind(), ErrorKind::Cancelled);
}
