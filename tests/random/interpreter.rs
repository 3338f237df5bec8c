//! Executes a program with real calls.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use futures_util::{
    future::join_all,
    stream::{FuturesUnordered, StreamExt},
};
use orch::prelude::*;

use crate::{
    language::{Block, Branch, Draw, Losers, Nested, Order, Stmt, inputs, rounds, tell},
    tasks::{self, Inside},
    world::{Decision, World},
};

type Ended = Result<u64, String>;
type Boxed<'a> = Pin<Box<dyn Future<Output = Ended> + Send + 'a>>;

/// What every block of a body has.
#[derive(Clone)]
pub struct Place {
    pub world: World,
    pub salted: bool,
}

impl Place {
    fn salt(&self, path: &str) -> Option<u64> {
        salt(self.salted, path)
    }
}

/// What tells a call of a salted program from all others.
pub fn salt(salted: bool, path: &str) -> Option<u64> {
    salted.then(|| tell(&without_attempts(path), &[]))
}

pub struct Env {
    values: Vec<u64>,
    handles: Vec<Started>,
}

struct Started {
    handle: Held,
    /// Another call comes after it, so it is not cancelled.
    followed: bool,
}

enum Held {
    Call(Handle<u64>),
    Branch(Handle<Ended>),
}

impl Env {
    pub fn new(values: Vec<u64>) -> Self {
        Self { values, handles: Vec::new() }
    }

    fn inside(&mut self, take: &[u8]) -> Self {
        let mut handles = Vec::new();
        for index in take {
            handles.extend(self.take(*index));
        }
        Self { values: self.values.clone(), handles }
    }

    fn take(&mut self, index: u8) -> Option<Started> {
        let count = self.handles.len();
        (count > 0).then(|| self.handles.remove(usize::from(index) % count))
    }

    fn hold(&mut self, handle: Held) {
        self.handles.push(Started { handle, followed: false });
    }
}

/// The path of a nested body: without the attempts of the bodies around it, because what it did is kept between them, and
/// with what it is given, because with something else it is another call.
pub fn path_inside(at: &str, values: &[u64]) -> String {
    format!("{}~{:x}", without_attempts(at), tell("inside", values))
}

fn without_attempts(path: &str) -> String {
    let mut parts = path.split('@');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

pub fn block(place: Place, path: String, of: &Block, mut env: Env) -> Boxed<'_> {
    Box::pin(async move {
        let before = env.values.len();
        for (index, stmt) in of.0.iter().enumerate() {
            statement(&place, format!("{path}/{index}"), stmt, &mut env).await?;
        }
        Ok(tell("block", &env.values[before..]))
    })
}

fn branch<'a>(place: &Place, path: String, of: &'a Branch, env: &mut Env) -> Boxed<'a> {
    block(place.clone(), path, &of.block, env.inside(&of.take))
}

fn code(error: Error) -> String {
    match error.kind() {
        ErrorKind::Failed => {
            error.recorded().map_or_else(|| error.to_string(), |recorded| recorded.text().into())
        }
        _ => error.to_string(),
    }
}

async fn statement(place: &Place, at: String, stmt: &Stmt, env: &mut Env) -> Result<(), String> {
    let world = &place.world;
    match stmt {
        Stmt::Call { task, inputs: indexes, after } => {
            let (mut call, expected) =
                tasks::call(world, *task, inputs(&env.values, indexes, place.salt(&at)));
            let count = env.handles.len();
            if let Some(after) = after
                && count > 0
            {
                let upstream = &mut env.handles[usize::from(*after) % count];
                upstream.followed = true;
                call = match &upstream.handle {
                    Held::Call(handle) => call.after(handle),
                    Held::Branch(handle) => call.after(handle),
                };
            }
            let value = call.await.map_err(code)?;
            if value != expected {
                world.fault(format!("the call at {at} got {value:x} instead of {expected:x}"));
            }
            env.values.push(value);
        }
        Stmt::Fail { inputs: indexes } => {
            let value = tasks::failing(inputs(&env.values, indexes, place.salt(&at))).await.map_err(code)?;
            world.fault(format!("the call at {at} got {value:x} instead of its failure"));
        }
        Stmt::Draw(of) => {
            let value = draw(place, &at, *of).await?;
            env.values.push(value);
        }
        Stmt::Sleep(millis) => orch::sleep(std::time::Duration::from_millis(u64::from(*millis))).await,
        Stmt::Spend => {
            let lock = tokio::sync::Mutex::new(());
            for _ in 0..200 {
                drop(lock.lock().await);
            }
        }
        Stmt::Lull(turns) => {
            for _ in 0..*turns {
                tokio::task::yield_now().await;
            }
            let (call, value) =
                tasks::call(world, crate::language::Task::Plain, place.salt(&at).into_iter().collect());
            call.await.map_err(code)?;
            env.values.push(value);
        }
        Stmt::Join { branches, order: Order::Written } => {
            let all = branches.iter().enumerate();
            let all: Vec<_> = all.map(|(n, of)| branch(place, format!("{at}b{n}"), of, env)).collect();
            for ended in join_all(all).await {
                env.values.push(ended?);
            }
        }
        Stmt::Join { branches, order: Order::Coming } => {
            let all = FuturesUnordered::new();
            for (n, of) in branches.iter().enumerate() {
                let future = branch(place, format!("{at}b{n}"), of, env);
                all.push(async move { (n, future.await) });
            }
            let (order, ended): (Vec<_>, Vec<_>) = all.collect::<Vec<_>>().await.into_iter().unzip();
            world.decide(&at, Decision::Coming(order));
            for ended in ended {
                env.values.push(ended?);
            }
        }
        Stmt::Select { branches, losers } => select(place, at, branches, losers, env).await?,
        Stmt::Map { items, concurrency, each } => {
            let values = env.values.clone();
            let at = &at;
            let ended = orch::map(0..*items, |item| {
                let mut values = values.clone();
                values.push(u64::from(item));
                block(place.clone(), format!("{at}i{item}"), each, Env::new(values))
            });
            let ended = ended.concurrency(usize::from(*concurrency)).await;
            let values = ended.into_iter().collect::<Result<Vec<_>, _>>()?;
            env.values.push(tell("map", &values));
        }
        Stmt::Spawn(of) => {
            let (place, of, inner) = (place.clone(), of.block.clone(), env.inside(&of.take));
            let path = format!("{at}s");
            env.hold(Held::Branch(orch::spawn(async move { block(place, path, &of, inner).await })));
        }
        Stmt::Start { task, inputs: indexes } => {
            let (call, _) = tasks::call(world, *task, inputs(&env.values, indexes, place.salt(&at)));
            env.hold(Held::Call(call.start()));
        }
        Stmt::Await(index) => {
            if let Some(started) = env.take(*index) {
                let value = started.handle.ended().await.map_err(code)??;
                env.values.push(value);
            }
        }
        Stmt::Cancel(index) => {
            if let Some(started) = env.take(*index) {
                if !started.followed {
                    started.handle.cancel();
                }
                let value = cancelled(world, &at, started.handle.ended().await)?;
                env.values.push(value);
            }
        }
        Stmt::Nested(nested) => {
            let value = self::nested(place, at, nested, env).await?;
            env.values.extend(value);
        }
        Stmt::Catch(of) => {
            let inner = Env::new(env.values.clone());
            let ended = block(place.clone(), format!("{at}c"), of, inner).await;
            env.values.push(ended.unwrap_or_else(|error| tell(&error, &[])));
        }
        Stmt::Loop { draw: of, each } => {
            for round in 0..rounds(draw(place, &at, *of).await?) {
                let inner = Env::new(env.values.clone());
                let value = block(place.clone(), format!("{at}r{round}"), each, inner).await?;
                env.values.push(value);
            }
        }
    }
    Ok(())
}

impl Held {
    fn cancel(&self) {
        match self {
            Self::Call(handle) => handle.cancel(),
            Self::Branch(handle) => handle.cancel(),
        }
    }

    async fn ended(self) -> Result<Ended, Error> {
        match self {
            Self::Call(handle) => handle.await.map(Ok),
            Self::Branch(handle) => handle.await,
        }
    }
}

fn cancelled(world: &World, at: &str, ended: Result<Ended, Error>) -> Ended {
    let cancelled = ended.as_ref().is_err_and(|error| error.kind() == ErrorKind::Cancelled);
    world.decide(at, Decision::Cancelled(cancelled));
    if cancelled { Ok(tell("cancelled", &[])) } else { ended.map_err(code)? }
}

async fn draw(place: &Place, at: &str, of: Draw) -> Ended {
    let salt = place.salt(at);
    let value = match of {
        Draw::Uuid => orch::uuid().await.as_u128() as u64,
        Draw::Random => orch::random().await,
        Draw::Now => {
            let time = orch::now().await.duration_since(std::time::UNIX_EPOCH).expect("after 1970");
            let value = time.as_micros() as u64;
            place.world.decide(at, Decision::Time(value));
            return Ok(value);
        }
        Draw::Stamp => tasks::stamp(salt).await.map_err(code)?,
        Draw::StampTwice => tasks::stamp_twice(salt).await.map_err(code)?,
        Draw::StampFlow => tasks::stamp_flow(salt).await.map_err(code)?,
    };
    place.world.decide(at, Decision::Drawn(value));
    Ok(value)
}

async fn nested(place: &Place, at: String, of: &Nested, env: &mut Env) -> Result<Option<u64>, String> {
    let inside = Inside {
        path: path_inside(&at, &env.values),
        salted: place.salted,
        block: of.block.clone(),
        values: env.values.clone(),
        fails: of.fails,
        tolerant: of.started,
    };
    let started = match (of.flow, of.started) {
        (false, false) => return tasks::parent(inside).await.map_err(code).map(Some),
        (true, false) => return tasks::child(inside).await.map_err(code).map(Some),
        (false, true) => tasks::parent(inside).start(),
        (true, true) => tasks::child(inside).start(),
    };
    env.hold(Held::Call(started));
    Ok(None)
}

async fn select(
    place: &Place,
    at: String,
    branches: &[Branch],
    losers: &Losers,
    env: &mut Env,
) -> Result<(), String> {
    let world = &place.world;
    let all = branches.iter().enumerate();
    let mut all: Vec<_> = all.map(|(n, of)| Some(branch(place, format!("{at}b{n}"), of, env))).collect();
    if all.is_empty() {
        return Ok(());
    }
    // `select!` asks its branches in any order. What they write in their first poll has to be in one order, though: to
    // write equal calls by chance is what `biased` is for.
    let mut first = true;
    let (winner, ended) = poll_fn(|cx| {
        let count = all.len();
        let turn = if std::mem::take(&mut first) { 0 } else { world.below(count) };
        for n in (turn..turn + count).map(|n| n % count) {
            if let Some(future) = &mut all[n]
                && let Poll::Ready(ended) = future.as_mut().poll(cx)
            {
                all[n] = None;
                return Poll::Ready((n, ended));
            }
        }
        Poll::Pending
    })
    .await;
    world.decide(&at, Decision::Winner(winner));
    env.values.push(ended?);
    if let Losers::Await { then } = losers {
        let inner = Env::new(env.values.clone());
        let value = block(place.clone(), format!("{at}t"), then, inner).await?;
        env.values.push(value);
        for future in all.into_iter().flatten() {
            env.values.push(future.await?);
        }
    }
    Ok(())
}
