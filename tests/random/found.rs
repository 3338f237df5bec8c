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

#[test]
#[ignore]
fn debug() {
    use crate::language::{Branch, Losers::*, Nested, Stmt::*};
    let program = Program {
        salted: false,
        body: Block(vec![
            Nested(Nested { flow: false, block: Block(vec![]), fails: 0, started: true }),
            Select {
                branches: vec![Branch {
                    take: vec![0],
                    block: Block(vec![Spawn(Branch { take: vec![], block: Block(vec![]) }), Await(2)]),
                }],
                losers: Drop,
            },
        ]),
    };
    for seed in 0..3000 {
        let case = Case { program: program.clone(), seed };
        let plan = Plan { cuts: 4, limit: std::time::Duration::from_secs(1), ..Plan::default() };
        if let Err(fault) = runner::holds(plan, Threads::Several, &case) {
            panic!("with seed {seed}: {fault}");
        }
    }
}
