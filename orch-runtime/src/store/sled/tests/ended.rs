//! Ended runs in memory: they are taken out and read again while somebody still writes to them.

use std::sync::Arc;

use super::{
    super::{
        active::{Active, Runs},
        facts::{Held, Origin},
        row::Row,
        standing::{Standing, Told},
        trail::Trail,
    },
    support::new_run,
};
use crate::{clock::Timestamp, state::RunState};

/// As it is when whoever asks for a retry and the writer both find that a run has ended, and somebody writes to it
/// in between: the second of them must not take out what was read again, or its next pack gets a number twice.
#[test]
fn a_run_that_was_read_again_is_not_taken_out_for_the_one_before() {
    let new = new_run("test::ended");
    let read = || {
        let origin = Origin::new(&new, 0, Held::Here(new.input.clone()));
        let mut standing = Standing::new(&origin);
        standing.move_run(Timestamp::from_micros(9), RunState::Completed, 1);
        let row = Row { origin, standing, told: Told::default(), trail: Trail::default() };
        Arc::new(Active::ended(new.id, new.id, row))
    };
    let (runs, before, again) = (Runs::default(), read(), read());
    runs.insert(before.clone());
    runs.forget([&before].into_iter());
    assert!(runs.get(new.id).is_none());
    runs.insert(again.clone());
    again.live().sent += 1;
    runs.forget([&before].into_iter());
    assert!(runs.get(new.id).is_some_and(|known| Arc::ptr_eq(&known, &again)));
}
