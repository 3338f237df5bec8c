//! A small language of flows. Every index is taken modulo what there is, so every program makes sense, also while it shrinks.

use serde::{Deserialize, Serialize};

/// Statements over a growing list of values and a list of handles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block(pub Vec<Stmt>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stmt {
    /// A task whose result tells of its inputs, which are earlier values.
    Call {
        task: Task,
        inputs: Vec<u8>,
        after: Option<u8>,
    },
    /// A task that fails; the block ends here.
    Fail {
        inputs: Vec<u8>,
    },
    /// A value that differs each time it is made.
    Draw(Draw),
    /// `orch::sleep`, in milliseconds.
    Sleep(u8),
    /// Takes from a tokio lock so often that the body's budget is spent.
    Spend,
    /// A bare wait of the flow's own; only in salted programs.
    Lull(u8),
    Join {
        branches: Vec<Branch>,
        order: Order,
    },
    /// The first branch wins. The others are dropped, or wait unpolled while `then` runs and are awaited after it.
    Select {
        branches: Vec<Branch>,
        losers: Losers,
    },
    Map {
        items: u8,
        concurrency: u8,
        each: Block,
    },
    Spawn(Branch),
    Start {
        task: Task,
        inputs: Vec<u8>,
    },
    Await(u8),
    /// Cancels a handle, and awaits it.
    Cancel(u8),
    Nested(Nested),
    /// An error of the block becomes a value.
    Catch(Block),
    /// As often as a drawn value says.
    Loop {
        draw: Draw,
        each: Block,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Task {
    Plain,
    Cached,
    /// A step without a function.
    Step,
    /// Synchronous, on a thread.
    Pool,
    /// Fails in its first attempts.
    Flaky(u8),
    /// Fails the first times that it is tried, whatever the attempt: who counts is outside the store.
    Moody(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Draw {
    Uuid,
    Random,
    Now,
    /// A task without inputs.
    Stamp,
    /// A task that joins two stamps.
    StampTwice,
    /// A flow that takes a stamp.
    StampFlow,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// Handles that go with it.
    pub take: Vec<u8>,
    pub block: Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// `join_all`: the values in the order of the branches.
    Written,
    /// `FuturesUnordered`: the values as they come.
    Coming,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Losers {
    Drop,
    Await { then: Block },
}

/// A task or a flow whose body is a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nested {
    pub flow: bool,
    pub block: Block,
    /// So many attempts fail when their block is through.
    pub fails: u8,
    /// Started, so that its handle is among those that can be awaited; an error of its block is then a value.
    pub started: bool,
}

/// A program, and whether its calls tell where they stand. Two calls of a program without salt are often equal, which
/// tests who gets which result. Bare waits decide which of two equal calls is written first, which is nobody's promise:
/// a program has bare waits or equal calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    pub salted: bool,
    pub body: Block,
}

impl Program {
    /// Leaves out what the promise does not cover.
    pub fn new(salted: bool, body: Block) -> Self {
        Self { salted, body: fit(&body, Around { salted, raced: false, kept: false }) }
    }
}

/// What is around a statement.
#[derive(Clone, Copy)]
struct Around {
    salted: bool,
    /// A `select!`.
    raced: bool,
    /// One whose losers are kept aside.
    kept: bool,
}

fn fit(block: &Block, around: Around) -> Block {
    Block(block.0.iter().flat_map(|stmt| fit_one(stmt, around)).collect())
}

fn fit_one(stmt: &Stmt, around: Around) -> Option<Stmt> {
    let Around { salted, raced, kept } = around;
    // A call that computes a cached value and is kept aside lets everybody wait who asks for the same: like any future that
    // has a lock and is not polled.
    let kept = kept || matches!(stmt, Stmt::Select { losers: Losers::Await { .. }, .. });
    let raced = raced || matches!(stmt, Stmt::Select { .. });
    let inner = |block: &Block| fit(block, Around { salted, raced, kept });
    let task = |task: Task| if kept && task == Task::Cached { Task::Plain } else { task };
    let branch = |branch: &Branch| Branch { take: branch.take.clone(), block: inner(&branch.block) };
    let branches = |all: &[Branch]| all.iter().map(branch).collect();
    let draw = |draw: Draw| match draw {
        Draw::Uuid | Draw::Random | Draw::Now if salted => Draw::Stamp,
        draw => draw,
    };
    Some(match stmt {
        // How far a bare wait lets a loser come is nobody's promise either: a call that it wrote in life, and whose outcome
        // was recorded just before the process died, may not be written again before the race is over.
        Stmt::Lull(_) if !salted || raced => return None,
        // Their places have no salt.
        Stmt::Sleep(_) if salted => return None,
        Stmt::Spawn(of) if salted => {
            let block = inner(&of.block);
            Stmt::Nested(Nested { flow: false, block, fails: 0, started: true })
        }
        Stmt::Map { items, each, .. } if salted => Stmt::Join {
            branches: (0..*items).map(|_| Branch { take: Vec::new(), block: inner(each) }).collect(),
            order: Order::Written,
        },
        Stmt::Call { task: of, inputs, after } => {
            Stmt::Call { task: task(*of), inputs: inputs.clone(), after: *after }
        }
        Stmt::Start { task: of, inputs } => Stmt::Start { task: task(*of), inputs: inputs.clone() },
        Stmt::Draw(of) => Stmt::Draw(draw(*of)),
        Stmt::Join { branches: all, order } => Stmt::Join { branches: branches(all), order: *order },
        Stmt::Select { branches: all, losers } => {
            let losers = match losers {
                Losers::Drop => Losers::Drop,
                Losers::Await { then } => Losers::Await { then: inner(then) },
            };
            Stmt::Select { branches: branches(all), losers }
        }
        Stmt::Map { items, concurrency, each } => {
            Stmt::Map { items: *items, concurrency: *concurrency, each: inner(each) }
        }
        Stmt::Spawn(of) => Stmt::Spawn(branch(of)),
        Stmt::Nested(nested) => Stmt::Nested(Nested { block: inner(&nested.block), ..nested.clone() }),
        Stmt::Catch(block) => Stmt::Catch(inner(block)),
        Stmt::Loop { draw: of, each } => Stmt::Loop { draw: draw(*of), each: inner(each) },
        stmt => stmt.clone(),
    })
}

/// The value that tells what it was made of.
pub fn tell(what: &str, of: &[u64]) -> u64 {
    // FNV-1a, with a last turn so that small differences reach the low bits.
    let bytes = what.bytes().chain(of.iter().flat_map(|value| value.to_le_bytes()));
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash ^ (hash >> 29)
}

/// How often a loop goes round.
pub fn rounds(drawn: u64) -> u64 {
    drawn % 3
}

/// The inputs that `indexes` mean.
pub fn inputs(values: &[u64], indexes: &[u8], salt: Option<u64>) -> Vec<u64> {
    let values = indexes.iter().map(|index| values[usize::from(*index) % values.len()]);
    values.chain(salt).collect()
}

/// What a program looks like in a test.
pub fn as_code(program: &Program) -> String {
    format!("{program:?}").replace('[', "vec![")
}
