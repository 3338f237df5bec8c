//! Random programs, which shrink.

use proptest::{collection::vec, prelude::*};

use crate::language::{Block, Branch, Draw, Losers, Nested, Order, Program, Stmt, Task};

/// A program, how its bodies dawdle, and where it is cut.
#[derive(Clone, Debug)]
pub struct Case {
    pub program: Program,
    pub seed: u64,
}

pub fn cases() -> impl Strategy<Value = Case> {
    (prop::bool::weighted(0.2), block(3), any::<u64>().no_shrink())
        .prop_map(|(salted, body, seed)| Case { program: Program::new(salted, body), seed })
}

fn block(depth: u32) -> BoxedStrategy<Block> {
    let length = if depth == 3 { 1..7 } else { 0..4 };
    vec(stmt(depth), length).prop_map(Block).boxed()
}

fn stmt(depth: u32) -> BoxedStrategy<Stmt> {
    if depth == 0 {
        return leaf().boxed();
    }
    let inside = depth - 1;
    prop_oneof![
        6 => leaf(),
        2 => (branches(inside), prop_oneof![Just(Order::Written), Just(Order::Coming)])
            .prop_map(|(branches, order)| Stmt::Join { branches, order }),
        3 => (branches(inside), losers(inside))
            .prop_map(|(branches, losers)| Stmt::Select { branches, losers }),
        1 => (1..5u8, 1..4u8, block(inside))
            .prop_map(|(items, concurrency, each)| Stmt::Map { items, concurrency, each }),
        2 => branch(inside).prop_map(Stmt::Spawn),
        2 => (any::<bool>(), block(inside), 0..3u8, any::<bool>()).prop_map(|(flow, block, fails, started)| {
            Stmt::Nested(Nested { flow, block, fails, started })
        }),
        1 => block(inside).prop_map(Stmt::Catch),
        1 => (draw(), block(inside)).prop_map(|(draw, each)| Stmt::Loop { draw, each }),
    ]
    .boxed()
}

fn leaf() -> impl Strategy<Value = Stmt> {
    prop_oneof![
        6 => (task(), inputs(), prop::option::weighted(0.2, 0..4u8))
            .prop_map(|(task, inputs, after)| Stmt::Call { task, inputs, after }),
        1 => inputs().prop_map(|inputs| Stmt::Fail { inputs }),
        6 => draw().prop_map(Stmt::Draw),
        1 => (1..4u8).prop_map(Stmt::Sleep),
        1 => Just(Stmt::Spend),
        2 => (1..30u8).prop_map(Stmt::Lull),
        4 => (task(), inputs()).prop_map(|(task, inputs)| Stmt::Start { task, inputs }),
        4 => (0..4u8).prop_map(Stmt::Await),
        1 => (0..4u8).prop_map(Stmt::Cancel),
    ]
}

fn branches(depth: u32) -> impl Strategy<Value = Vec<Branch>> {
    vec(branch(depth), 1..4)
}

fn branch(depth: u32) -> impl Strategy<Value = Branch> {
    (vec(0..4u8, 0..3), block(depth)).prop_map(|(take, block)| Branch { take, block })
}

fn losers(depth: u32) -> impl Strategy<Value = Losers> {
    prop_oneof![Just(Losers::Drop), block(depth).prop_map(|then| Losers::Await { then })]
}

/// Few values, so that many calls are equal.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![2 => Just(Vec::new()), 2 => vec(0..2u8, 1), 2 => vec(0..6u8, 1..3)]
}

fn task() -> impl Strategy<Value = Task> {
    prop_oneof![
        6 => Just(Task::Plain),
        3 => Just(Task::Cached),
        2 => Just(Task::Step),
        1 => Just(Task::Pool),
        1 => (0..3u8).prop_map(Task::Flaky),
        1 => (0..3u8).prop_map(Task::Moody),
    ]
}

fn draw() -> impl Strategy<Value = Draw> {
    prop_oneof![
        3 => Just(Draw::Uuid),
        2 => Just(Draw::Random),
        1 => Just(Draw::Now),
        6 => Just(Draw::Stamp),
        1 => Just(Draw::StampTwice),
        1 => Just(Draw::StampFlow),
    ]
}
