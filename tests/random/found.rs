//! Programs that went wrong once.

use crate::{
    check::Plan,
    language::{Block, Program},
    runner::{self, Threads},
    strategy::Case,
};

fn holds(threads: Threads, seed: u64, program: Program) {
    for seed in [seed, seed.wrapping_add(1), seed.wrapping_add(2)] {
        let case = Case { program: program.clone(), seed };
        if let Err(fault) = runner::holds(Plan { cuts: 100, ..Plan::default() }, threads, &case) {
            panic!("with seed {seed}: {fault}");
        }
    }
}

#[test]
fn nothing_at_all() {
    holds(Threads::One, 0, Program { salted: false, body: Block(vec![]) });
}
