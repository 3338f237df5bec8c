//! A start whose awaiter goes away amid the change of the store.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_util::FutureExt as _;
use tokio::sync::Notify;

use crate::{
    DefinitionKind, Runtime,
    clock::Timestamp,
    codec,
    engine::Admitted,
    error::Error,
    id::RunId,
    schedule::{Told, launch::Launcher},
    state::RunState,
    store::{Claimed, MemoryStore, NewRun, StarterChange, StarterChanged, StarterPut, Store, Trigger},
};

fn in_tokio(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

fn new_run(runtime: &Runtime, id: RunId) -> NewRun {
    NewRun {
        id,
        given_id: None,
        // Whoever executes it finds that there is no such flow, and says so.
        name: "nobody::has_this".into(),
        kind: DefinitionKind::Flow,
        body_hash: 0,
        input: codec::encode(&()).expect("bytes"),
        label: None,
        tags: Vec::new(),
        trigger: Trigger::Schedule,
        parent: None,
        reruns: None,
        started_by: None,
        waits: false,
        worker: Some(runtime.core().worker),
        at: Timestamp::from_micros(1),
    }
}

#[test]
fn who_goes_away_amid_the_change_leaves_a_run_that_is_executed_and_waited_for() {
    in_tokio(goes_away());
}

async fn goes_away() {
    let store = Arc::new(MemoryStore::new());
    let runtime = Runtime::builder().store(store.clone()).build().expect("a runtime");
    let (core, anchor) = (runtime.core(), runtime.core().anchor().expect("it is there"));
    let launcher = Launcher::new(core.clone(), Arc::downgrade(&anchor), Arc::new(Told::new(|_| {})));
    let (id, answers) = (RunId::new(), Arc::new(Notify::new()));
    let new = new_run(&runtime, id);
    let change = StarterChange {
        key: "s".into(),
        expect: None,
        put: Some(StarterPut { definition: String::new(), wake: None, content: new.input.clone() }),
        entries: Vec::new(),
        run: Some(new.clone()),
        at: new.at,
    };
    let admitted = Admitted::new(&core, id).expect("it is open");
    let answer = answers.clone();
    let mut carried = launcher.carry(|launcher| async move {
        let changed = launcher.core.store.change_starter(change).await.expect("an answer");
        // The change holds, and the store is slow to say so.
        answer.notified().await;
        let StarterChanged::Applied { run: Some(fence), .. } = changed else { panic!("{changed:?}") };
        launcher.launch(Claimed::at_once(&new, fence), admitted)
    });
    assert!((&mut carried).now_or_never().is_none(), "the store has not answered");
    assert_eq!(store.run(id).await.expect("an answer").expect("a run").state, RunState::Running);
    drop(carried);
    let mut closing = std::pin::pin!(runtime.close());
    let polled = closing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending), "it waits for the run");
    answers.notify_one();
    closing.await.expect("closed");
    let run = store.run(id).await.expect("an answer").expect("a run");
    assert_eq!(run.state, RunState::Failed, "{run:?}");
    assert!(run.reason.as_ref().is_some_and(|reason| reason.contains("nobody::has_this")), "{run:?}");
}

#[test]
fn without_the_threads_of_the_runtime_nothing_is_waited_for() {
    in_tokio(without_threads());
}

async fn without_threads() {
    let store = Arc::new(MemoryStore::new());
    let runtime = Runtime::builder().store(store.clone()).build().expect("a runtime");
    let core = runtime.core();
    let gone = std::sync::Weak::new();
    let launcher = Launcher::new(core.clone(), gone, Arc::new(Told::new(|_| {})));
    let admitted = Admitted::new(&core, RunId::new()).expect("it is open");
    let carried = launcher.carry(|_| async move {
        let _admitted = admitted;
        std::future::pending::<Result<(), Error>>().await
    });
    drop(carried);
    runtime.close().await.expect("closed");
}
