//! Random flows against a model: run, cut anywhere, taken up under other completion orders, cut again.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests, which say what they tried and have a watchdog"
)]

mod check;
mod found;
mod interpreter;
mod language;
mod model;
mod rules;
mod runner;
mod strategy;
mod tasks;
mod world;

use check::Plan;
use runner::{Threads, cases_wanted, search, seed};

#[test]
fn on_one_thread() {
    passes(Threads::One);
}

#[test]
fn on_several_threads() {
    passes(Threads::Several);
}

fn passes(threads: Threads) {
    let (cases, seed) = (cases_wanted() / 2, seed());
    println!("{threads:?}: {cases} cases, ORCH_SEED={seed}");
    match search(Plan::default(), threads, cases, seed) {
        Ok(tally) => println!("{threads:?}: {tally:?}"),
        Err(found) => panic!("{found}\nwith ORCH_SEED={seed}"),
    }
}
