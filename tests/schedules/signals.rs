//! A process that serves and gets a real signal: what it lets come to its end, what it leaves, and what it says.

mod child;
mod parent;

use std::time::Duration;

use self::{
    child::{Program, child_of},
    parent::{Child, Store},
};

/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(60);

/// The work is under way, and further runs are started all the time, when the signal comes; it ends after that.
fn ends_within_the_grace(test: &str, signal: &str) {
    let program = Program { grace: LONG, ticks: true };
    if child_of(test, program) {
        return;
    }
    let store = Store::new();
    let mut child = Child::spawn(test, &store);
    child.until("out: begun");
    child.until("out: ticked");
    child.until("out: ticked");
    child.signal(signal);
    child.until(&format!("err: orch: ending because of SIG{signal}: no further run is started"));
    // It goes on, and is the only one that does.
    child.say("go on");
    let told = child.told("out: it is ");
    child.until("out: worked");
    child.until("err: orch: ended: every run has come to its end");
    assert_eq!(child.code(), Some(0));
    store.look(async |found| {
        assert_eq!(found.works, 1);
        assert!(found.left.is_empty(), "{:?}", found.left);
        assert!(found.ticks > 1, "nothing else was started");
        let last = found.last_created.as_micros();
        assert!(last <= told.parse().unwrap(), "a run was created at {last}, after {told}");
    });
}

#[test]
fn a_run_that_ends_within_the_grace_ends_well_after_sigterm() {
    ends_within_the_grace("signals::a_run_that_ends_within_the_grace_ends_well_after_sigterm", "TERM");
}

#[test]
fn a_run_that_ends_within_the_grace_ends_well_after_sigint() {
    ends_within_the_grace("signals::a_run_that_ends_within_the_grace_ends_well_after_sigint", "INT");
}

#[test]
fn a_run_that_takes_longer_than_the_grace_goes_on_at_the_next_start() {
    let test = "signals::a_run_that_takes_longer_than_the_grace_goes_on_at_the_next_start";
    if child_of(test, Program { grace: Duration::from_millis(20), ticks: false }) {
        return;
    }
    let store = Store::new();
    let mut first = Child::spawn(test, &store);
    first.until("out: begun");
    first.until("out: works");
    first.signal("TERM");
    first.until("err: orch: ended: 1 run is left, and goes on at the next start");
    assert_eq!(first.code(), Some(3));
    is_left_and_goes_on(test, &store);
}

#[test]
fn a_second_signal_ends_the_grace() {
    let test = "signals::a_second_signal_ends_the_grace";
    if child_of(test, Program { grace: LONG, ticks: false }) {
        return;
    }
    for (first_signal, second_signal) in [("TERM", "TERM"), ("TERM", "INT"), ("INT", "TERM")] {
        let store = Store::new();
        let mut first = Child::spawn(test, &store);
        first.until("out: works");
        first.signal(first_signal);
        first.until(&format!("err: orch: ending because of SIG{first_signal}"));
        first.signal(second_signal);
        first.until(&format!("err: orch: SIG{second_signal} again: runs are stopped where they are"));
        first.until("err: orch: ended: 1 run is left, and goes on at the next start");
        assert_eq!(first.code(), Some(3));
        is_left_and_goes_on(test, &store);
    }
}

/// The one run is left by the first process, and the next one brings it to its end without doing again what was recorded.
fn is_left_and_goes_on(test: &str, store: &Store) {
    store.look(async |found| {
        assert_eq!((found.works, found.left.len()), (0, 1));
    });
    let mut second = Child::spawn(test, store);
    second.until("out: works");
    second.say("go on");
    second.until("out: worked");
    second.signal("TERM");
    second.until("err: orch: ended: every run has come to its end");
    assert_eq!(second.code(), Some(0));
    assert!(!second.has_said("out: begun"), "a task ran again although it was recorded: {second:?}");
    store.look(async |found| {
        assert_eq!((found.works, found.left.len()), (1, 0));
    });
}
