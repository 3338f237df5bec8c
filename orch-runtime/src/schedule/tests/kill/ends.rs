//! Runs that follow others: each one that has completed is followed by one.

use std::collections::HashMap;

use super::{
    flows::{FOLLOWS, GIVES, follows, gives},
    harness::{Process, killed_everywhere},
};
use crate::{RunState, codec, schedule::Trigger, store::Trigger as Why};

const RUNS: u64 = 3;

#[test]
fn each_end_has_one_run_wherever_its_process_dies() {
    let test = concat!(module_path!(), "::each_end_has_one_run_wherever_its_process_dies");
    killed_everywhere(test, 40, live, judge);
}

fn trigger() -> Trigger {
    Trigger::new("t").after_completed(gives).run(follows)
}

async fn live(process: &Process) {
    process.until_it_stands(trigger()).await;
    call(process, 0).await;
    let over = async {
        for value in 1..RUNS {
            call(process, value).await;
        }
        process.until_ended(FOLLOWS, RUNS as usize).await;
    };
    process.serve(Some(trigger()), over).await;
}

/// One run for each value, however often this is asked for.
async fn call(process: &Process, value: u64) {
    let called = gives(value).id(value.to_string()).on(&process.runtime).await;
    assert_eq!(called.expect("a value"), value);
}

async fn judge(process: &Process, what: &str) {
    let mut given = HashMap::new();
    for run in process.runs(GIVES).await {
        given.insert(run.id, codec::decode::<u64>(&run.value.expect("a value")).expect("a value"));
    }
    assert_eq!(given.len() as u64, RUNS, "{what}: {given:?}");
    for run in process.runs(FOLLOWS).await {
        assert_eq!(run.state, RunState::Completed, "{what}: {run:?}");
        assert_eq!(run.trigger, Why::After, "{what}");
        let after = run.started_by.and_then(|by| by.run).expect("a run before it");
        let value: u64 = codec::decode(&run.value.expect("a value")).expect("a value");
        assert_eq!(given.remove(&after), Some(value), "{what}: {after} is followed twice, or by another one");
    }
    assert!(given.is_empty(), "{what}: nothing follows {given:?}");
}
