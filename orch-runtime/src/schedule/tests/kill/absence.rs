//! Absences: one run for each event that nothing followed, and one for the beginning.

use std::time::Duration;

use super::{
    flows::{FOLLOWS, follows},
    harness::{Process, killed_everywhere, read},
};
use crate::{
    RunState,
    schedule::Trigger,
    store::{Page, Store, Trigger as Why},
};

const EVENTS: u64 = 3;

#[test]
fn each_absence_has_one_run_wherever_its_process_dies() {
    let test = concat!(module_path!(), "::each_absence_has_one_run_wherever_its_process_dies");
    killed_everywhere(test, 40, live, judge);
}

/// Waits for every absence before the next event ends it.
async fn live(process: &Process) {
    let trigger = Trigger::new("t").on_absence("e", Duration::from_millis(1)).run(|()| follows(0));
    let over = async {
        loop {
            let events = emitted(process).await;
            process.until_ended(FOLLOWS, events as usize + 1).await;
            if events == EVENTS {
                return;
            }
            process.runtime.emit("e", &events).await.expect("emitted");
            process.note(events);
        }
    };
    process.serve(Some(trigger), over).await;
}

async fn emitted(process: &Process) -> u64 {
    read(process.store.starter_entries("event/e".to_owned(), Page::all()).await).len() as u64
}

async fn judge(process: &Process, what: &str) {
    // One that was not acknowledged is not noted, and counts where it is there.
    assert_eq!(emitted(process).await, EVENTS, "{what}: {:?} were acknowledged", process.noted());
    let runs = process.runs(FOLLOWS).await;
    for run in &runs {
        assert_eq!(run.state, RunState::Completed, "{what}: {run:?}");
        assert_eq!(run.trigger, Why::Absence, "{what}");
    }
    assert_eq!(runs.len() as u64, EVENTS + 1, "{what}");
}
