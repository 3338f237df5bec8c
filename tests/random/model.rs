//! What a program gives and which bodies it runs, by somebody who does not know orch: only what was drawn, and what came
//! first.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use crate::{
    interpreter,
    language::{Block, Branch, Draw, Losers, Nested, Order, Program, Stmt, Task, inputs, rounds, tell},
    tasks::{self, label},
    world::{Decided, Decision},
};

/// How a block ends; `Unknown` where it has not come as far as this decision.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Value(u64),
    Error(String),
    Unknown(String),
}

/// Bodies by their labels.
#[derive(Default)]
pub struct Bag(pub HashMap<String, usize>);

impl Bag {
    fn add(&mut self, label: String) {
        *self.0.entry(label).or_default() += 1;
    }

    fn pour(&mut self, other: &Self) {
        other.0.iter().for_each(|(label, count)| *self.0.entry(label.clone()).or_default() += count);
    }
}

#[derive(Default)]
pub struct Counts {
    /// Bodies that have run.
    pub must: Bag,
    /// Bodies that may have run, those that have included.
    pub may: Bag,
}

impl Counts {
    fn ran(&mut self, label: String) {
        self.must.add(label.clone());
        self.may.add(label);
    }

    fn pour(&mut self, other: &Self, sure: bool) {
        if sure {
            self.must.pour(&other.must);
        }
        self.may.pour(&other.may);
    }
}

/// What a body has started: it counts when the body has ended.
struct Open {
    counts: Counts,
    sure: bool,
}

type Opened = Rc<RefCell<Open>>;

#[derive(Clone)]
struct Held {
    end: End,
    opened: Opened,
    followed: bool,
}

#[derive(Default)]
struct Env {
    values: Vec<u64>,
    handles: Vec<Held>,
}

impl Env {
    fn new(values: &[u64]) -> Self {
        Self { values: values.to_vec(), handles: Vec::new() }
    }

    fn take(&mut self, index: u8) -> Option<Held> {
        let count = self.handles.len();
        (count > 0).then(|| self.handles.remove(usize::from(index) % count))
    }

    fn inside(&mut self, take: &[u8]) -> Self {
        let handles = take.iter().filter_map(|index| self.take(*index)).collect();
        Self { values: self.values.clone(), handles }
    }
}

/// What one body runs: what it awaits and what it starts.
#[derive(Default)]
struct Body {
    counts: Counts,
    opened: Vec<Opened>,
}

impl Body {
    /// What the body has run when it has ended. One that fails stops what it has started.
    fn ended(self, well: bool) -> Counts {
        let mut counts = self.counts;
        for opened in self.opened {
            let opened = opened.borrow();
            counts.pour(&opened.counts, well && opened.sure);
        }
        counts
    }
}

pub struct Model<'a> {
    decisions: &'a HashMap<String, Decided>,
    salted: bool,
    /// Draws of bodies that count, which have to differ.
    pub drawn: Vec<(u64, String)>,
    /// A nested body was executed more than once, and only its last decisions are known.
    pub vague: bool,
    trying: bool,
    /// It is in an attempt that is not the first, of whichever body around.
    again: bool,
}

impl<'a> Model<'a> {
    pub fn new(decisions: &'a HashMap<String, Decided>) -> Self {
        Self { decisions, salted: false, drawn: Vec::new(), vague: false, trying: false, again: false }
    }

    /// The program's end, and the bodies that it has run.
    pub fn run(&mut self, program: &Program, values: &[u64]) -> (End, Counts) {
        self.salted = program.salted;
        let path = String::new();
        let nested = Nested { flow: true, block: program.body.clone(), fails: 0, started: false };
        self.nested(&path, &nested, values)
    }

    fn decision(&self, path: &str) -> Result<&'a Decision, End> {
        let known = self.decisions.get(path).map(|decided| &decided.decision);
        known.ok_or_else(|| End::Unknown(path.to_owned()))
    }

    fn inputs(&self, values: &[u64], indexes: &[u8], path: &str) -> Vec<u64> {
        inputs(values, indexes, self.salt(path))
    }

    fn salt(&self, path: &str) -> Option<u64> {
        interpreter::salt(self.salted, path)
    }

    fn block(&mut self, path: &str, of: &Block, mut env: Env, body: &mut Body) -> End {
        let before = env.values.len();
        for (index, stmt) in of.0.iter().enumerate() {
            if let Err(end) = self.statement(&format!("{path}/{index}"), stmt, &mut env, body) {
                return end;
            }
        }
        End::Value(tell("block", &env.values[before..]))
    }

    /// A body of its own inside another.
    fn inner(&mut self, path: &str, of: &Block, env: Env) -> (End, Counts) {
        let mut body = Body::default();
        let end = self.block(path, of, env, &mut body);
        let known = !matches!(end, End::Unknown(_));
        (end, body.ended(known))
    }

    fn statement(&mut self, at: &str, stmt: &Stmt, env: &mut Env, body: &mut Body) -> Result<(), End> {
        match stmt {
            Stmt::Call { task, inputs, after } => {
                let inputs = self.inputs(&env.values, inputs, at);
                let count = env.handles.len();
                if let Some(after) = after
                    && count > 0
                {
                    let upstream = &mut env.handles[usize::from(*after) % count];
                    upstream.followed = true;
                    // It is waited for, so what it is stopped by is as sure as what comes after it. A value that an
                    // earlier attempt got is there without any wait.
                    if let End::Unknown(path) = &upstream.end
                        && !self.again
                    {
                        return Err(End::Unknown(path.clone()));
                    }
                }
                body.counts.ran(label(tasks::name(*task), &inputs));
                env.values.push(tasks::value(*task, &inputs));
            }
            Stmt::Fail { inputs } => {
                let inputs = self.inputs(&env.values, inputs, at);
                body.counts.ran(label("failing", &inputs));
                return Err(End::Error(format!("{:x}", tell("failing", &inputs))));
            }
            Stmt::Draw(of) => {
                let value = self.draw(at, *of, body)?;
                env.values.push(value);
            }
            Stmt::Sleep(_) | Stmt::Spend => {}
            Stmt::Lull(_) => {
                let inputs: Vec<u64> = self.salt(at).into_iter().collect();
                body.counts.ran(label("plain", &inputs));
                env.values.push(tasks::value(Task::Plain, &inputs));
            }
            Stmt::Join { branches, order } => self.join(at, branches, *order, env, body)?,
            Stmt::Select { branches, losers } if !branches.is_empty() => {
                self.select(at, branches, losers, env, body)?;
            }
            Stmt::Select { .. } => {}
            Stmt::Map { items, each, .. } => {
                let mut ends = Vec::new();
                for item in 0..*items {
                    let mut inner = Env::new(&env.values);
                    inner.values.push(u64::from(item));
                    let (end, counts) = self.inner(&format!("{at}i{item}"), each, inner);
                    body.counts.pour(&counts, true);
                    ends.push(end);
                }
                let mut values = Vec::new();
                for end in known_first(ends) {
                    values.push(value(end)?);
                }
                env.values.push(tell("map", &values));
            }
            Stmt::Spawn(of) => {
                let inner = env.inside(&of.take);
                let (end, counts) = self.inner(&format!("{at}s"), &of.block, inner);
                start(end, counts, env, body);
            }
            Stmt::Start { task, inputs } => {
                let inputs = self.inputs(&env.values, inputs, at);
                let mut counts = Counts::default();
                counts.ran(label(tasks::name(*task), &inputs));
                start(End::Value(tasks::value(*task, &inputs)), counts, env, body);
            }
            Stmt::Await(index) => {
                if let Some(held) = env.take(*index) {
                    env.values.push(value(held.end)?);
                }
            }
            Stmt::Cancel(index) => {
                if let Some(held) = env.take(*index) {
                    let cancelled = match self.decision(at) {
                        Ok(Decision::Cancelled(cancelled)) => *cancelled,
                        _ => {
                            held.opened.borrow_mut().sure &= held.followed;
                            return Err(End::Unknown(at.to_owned()));
                        }
                    };
                    if cancelled {
                        held.opened.borrow_mut().sure = false;
                        env.values.push(tell("cancelled", &[]));
                    } else {
                        env.values.push(value(held.end)?);
                    }
                }
            }
            Stmt::Nested(of) => {
                let (end, counts) = self.nested(&interpreter::path_inside(at, &env.values), of, &env.values);
                if of.started {
                    start(end, counts, env, body);
                } else {
                    body.counts.pour(&counts, true);
                    env.values.push(value(end)?);
                }
            }
            Stmt::Catch(of) => {
                let inner = Env::new(&env.values);
                match self.block(&format!("{at}c"), of, inner, body) {
                    End::Value(value) => env.values.push(value),
                    End::Error(error) => env.values.push(tell(&error, &[])),
                    unknown => return Err(unknown),
                }
            }
            Stmt::Loop { draw, each } => {
                for round in 0..rounds(self.draw(at, *draw, body)?) {
                    let inner = Env::new(&env.values);
                    let end = self.block(&format!("{at}r{round}"), each, inner, body);
                    env.values.push(value(end)?);
                }
            }
        }
        Ok(())
    }

    fn draw(&mut self, at: &str, of: Draw, body: &mut Body) -> Result<u64, End> {
        let salt = self.salt(at);
        let stamp = label("stamp", salt.as_slice());
        match of {
            Draw::Uuid | Draw::Random | Draw::Now => {}
            Draw::Stamp | Draw::StampFlow => body.counts.ran(stamp),
            Draw::StampTwice => {
                body.counts.ran(label("stamp_twice", salt.as_slice()));
                body.counts.ran(stamp.clone());
                body.counts.ran(stamp);
            }
        }
        match self.decision(at)? {
            Decision::Drawn(value) => {
                if !self.trying {
                    self.drawn.push((*value, at.to_owned()));
                }
                Ok(*value)
            }
            Decision::Time(value) => Ok(*value),
            _ => Err(End::Unknown(at.to_owned())),
        }
    }

    fn join(
        &mut self,
        at: &str,
        branches: &[Branch],
        order: Order,
        env: &mut Env,
        body: &mut Body,
    ) -> Result<(), End> {
        let mut ends = Vec::new();
        for (n, of) in branches.iter().enumerate() {
            let inner = env.inside(&of.take);
            ends.push(self.block(&format!("{at}b{n}"), &of.block, inner, body));
        }
        let ends = known_first(ends);
        let order = match order {
            Order::Written => (0..ends.len()).collect(),
            Order::Coming => match self.decision(at)? {
                Decision::Coming(order) => order.clone(),
                _ => return Err(End::Unknown(at.to_owned())),
            },
        };
        for n in order {
            let end = ends.get(n).cloned().unwrap_or_else(|| End::Unknown(at.to_owned()));
            env.values.push(value(end)?);
        }
        Ok(())
    }

    fn select(
        &mut self,
        at: &str,
        branches: &[Branch],
        losers: &Losers,
        env: &mut Env,
        body: &mut Body,
    ) -> Result<(), End> {
        let winner = match self.decision(at) {
            Ok(Decision::Winner(winner)) => Some(*winner),
            _ => None,
        };
        let mut ends = Vec::new();
        for (n, of) in branches.iter().enumerate() {
            let inner = env.inside(&of.take);
            let mut apart = Body::default();
            let end = self.block(&format!("{at}b{n}"), &of.block, inner, &mut apart);
            ends.push((end, apart));
        }
        let Some(winner) = winner else {
            ends.into_iter().for_each(|(_, apart)| join_in(apart, body, false));
            return Err(End::Unknown(at.to_owned()));
        };
        let (mut first, mut later) = (None, Vec::new());
        for (n, (end, apart)) in ends.into_iter().enumerate() {
            if n == winner {
                first = Some(end);
                join_in(apart, body, true);
            } else {
                later.push((end, apart));
            }
        }
        let first = value(first.unwrap_or_else(|| End::Unknown(at.to_owned())));
        let then = match (losers, &first) {
            (Losers::Await { then }, Ok(_)) => then,
            _ => {
                later.into_iter().for_each(|(_, apart)| join_in(apart, body, false));
                env.values.push(first?);
                return Ok(());
            }
        };
        env.values.push(first?);
        let inner = Env::new(&env.values);
        let mut end = self.block(&format!("{at}t"), then, inner, body);
        for (loser, apart) in later {
            // The first one that fails ends the block; those behind it are dropped.
            let goes_on = matches!(end, End::Value(_));
            join_in(apart, body, goes_on);
            if goes_on {
                env.values.push(value(end)?);
                end = loser;
            }
        }
        env.values.push(value(end)?);
        Ok(())
    }

    fn nested(&mut self, path: &str, of: &Nested, values: &[u64]) -> (End, Counts) {
        let mut counts = Counts::default();
        if !of.flow {
            counts.ran(label(path, &[]));
        }
        let attempts = match self.decision(path) {
            Ok(Decision::Attempt(attempts)) => *attempts,
            Ok(_) => return (End::Unknown(path.to_owned()), counts),
            Err(unknown) => return (unknown, counts),
        };
        let (trying, again) = (self.trying, self.again);
        for attempt in 1..attempts {
            self.again = again || attempt > 1;
            // What an attempt before the last one did may have been reused, and may have been done again.
            self.trying = true;
            let mut body = Body::default();
            self.block(&format!("{path}@{attempt}"), &of.block, Env::new(values), &mut body);
            counts.pour(&body.ended(false), false);
            self.vague |= has_nested(&of.block);
        }
        (self.trying, self.again) = (trying, again || attempts > 1);
        let mut body = Body::default();
        let end = self.block(&format!("{path}@{attempts}"), &of.block, Env::new(values), &mut body);
        self.again = again;
        let end = match end {
            End::Unknown(path) => End::Unknown(path),
            _ if attempts <= u32::from(of.fails) => End::Error("not yet".into()),
            End::Error(error) if of.started => End::Value(tell(&error, &[])),
            end => end,
        };
        let well = matches!(end, End::Value(_));
        counts.pour(&body.ended(well), true);
        (end, counts)
    }
}

fn has_nested(block: &Block) -> bool {
    // Told from its text: which statement holds blocks is not to be said a third time.
    format!("{block:?}").contains("Nested")
}

fn start(end: End, counts: Counts, env: &mut Env, body: &mut Body) {
    let opened = Rc::new(RefCell::new(Open { counts, sure: true }));
    body.opened.push(opened.clone());
    env.handles.push(Held { end, opened, followed: false });
}

/// Puts what a branch has run to what its body has run.
fn join_in(apart: Body, body: &mut Body, sure: bool) {
    body.counts.pour(&apart.counts, sure);
    if !sure {
        apart.opened.iter().for_each(|opened| opened.borrow_mut().sure = false);
    }
    body.opened.extend(apart.opened);
}

/// What all of them end with: where one is not known, nothing that comes after them is.
fn known_first(ends: Vec<End>) -> Vec<End> {
    match ends.iter().find(|end| matches!(end, End::Unknown(_))) {
        Some(unknown) => vec![unknown.clone()],
        None => ends,
    }
}

fn value(end: End) -> Result<u64, End> {
    match end {
        End::Value(value) => Ok(value),
        end => Err(end),
    }
}
