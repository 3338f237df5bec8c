//! Events: one that was acknowledged is there, and each one has one run.

use super::{
    flows::{FOLLOWS, follows},
    harness::{Process, killed_everywhere, read},
};
use crate::{
    RunState, codec,
    schedule::Trigger,
    store::{Happening, Page, Store, Trigger as Why},
};

const EVENTS: u64 = 4;

/// Of these many nobody knows while they are emitted.
const UNSERVED: u64 = 2;

#[test]
fn each_event_has_one_run_wherever_its_process_dies() {
    let test = concat!(module_path!(), "::each_event_has_one_run_wherever_its_process_dies");
    killed_everywhere(test, 40, live, judge);
}

fn trigger() -> Trigger {
    Trigger::new("t").on_event("e").run(follows)
}

async fn live(process: &Process) {
    process.until_it_stands(trigger()).await;
    emit(process, UNSERVED).await;
    let over = async {
        emit(process, EVENTS).await;
        process.until_ended(FOLLOWS, emitted(process).await.len()).await;
    };
    process.serve(Some(trigger()), over).await;
}

/// Emits what was not acknowledged, up to this value.
async fn emit(process: &Process, end: u64) {
    for value in process.noted().len() as u64..end {
        process.runtime.emit("e", &value).await.expect("emitted");
        process.note(value);
    }
}

async fn emitted(process: &Process) -> Vec<u64> {
    let entries = read(process.store.starter_entries("event/e".to_owned(), Page::all()).await);
    let value = |what: &Happening| match what {
        Happening::Emitted { value, .. } => codec::decode_named(value).expect("a value"),
        other => panic!("{other:?}"),
    };
    entries.iter().map(|entry| value(&entry.what)).collect()
}

async fn judge(process: &Process, what: &str) {
    let emitted = emitted(process).await;
    // The one that was not acknowledged when the process died may be there twice, since it was emitted twice.
    let mut once = emitted.clone();
    once.dedup();
    assert!(
        once == (0..EVENTS).collect::<Vec<_>>() && emitted.len() <= once.len() + 1,
        "{what}: {emitted:?}"
    );
    let mut values = Vec::new();
    for run in process.runs(FOLLOWS).await {
        assert_eq!(run.state, RunState::Completed, "{what}: {run:?}");
        assert_eq!(run.trigger, Why::Event, "{what}");
        let value: u64 = codec::decode(&run.value.expect("a value")).expect("a value");
        values.push(value);
    }
    assert_eq!(values, emitted, "{what}");
}
