//! A search that finds nothing proves nothing: with a rule of ordered delivery switched off, it finds a program.

use std::time::Duration;

use orch::testing::Rules;

use crate::{
    check::Plan,
    runner::{Threads, search},
};

/// The same programs each time, so that this does not depend on luck.
const SEED: u64 = 1;

fn finds(name: &str, off: impl Fn(&mut Rules)) {
    let mut rules = Rules::default();
    off(&mut rules);
    // Without a rule some programs hang; they are found out soon.
    let plan = Plan { rules, limit: Duration::from_secs(5), ..Plan::default() };
    match search(plan, Threads::One, 2_000, SEED) {
        Err(found) => println!("without {name}: {found}"),
        Ok(tally) => panic!("nothing is found without {name}: {tally:?}"),
    }
}

#[test]
#[ignore = "takes minutes without optimisation: cargo test --release --test random rules -- --ignored"]
fn parking() {
    finds("parking", |rules| rules.park = false);
}

#[test]
#[ignore = "takes minutes without optimisation: cargo test --release --test random rules -- --ignored"]
fn dropped_marks() {
    finds("marks of what was dropped", |rules| rules.marks = false);
}

#[test]
#[ignore = "takes minutes without optimisation: cargo test --release --test random rules -- --ignored"]
fn one_per_poll() {
    finds("one outcome per poll", |rules| rules.one_per_poll = false);
}

#[test]
#[ignore = "takes minutes without optimisation: cargo test --release --test random rules -- --ignored"]
fn queue_for_all() {
    finds("the queue for all", |rules| rules.queue_for_all = false);
}

#[test]
#[ignore = "takes minutes without optimisation: cargo test --release --test random rules -- --ignored"]
fn unconstrained() {
    finds("polls outside the budget", |rules| rules.unconstrained = false);
}

#[test]
#[ignore = "takes minutes without optimisation: cargo test --release --test random rules -- --ignored"]
fn arrivals() {
    finds("the arrivals of handles", |rules| rules.arrivals = false);
}

#[test]
#[ignore = "takes minutes without optimisation: cargo test --release --test random rules -- --ignored"]
fn strict_head() {
    finds("the strict head", |rules| rules.strict_head = false);
}
