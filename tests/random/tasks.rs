//! What programs call.

use orch::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    interpreter::{self, Env},
    language::{Block, Task, tell},
    world::{Decision, World},
};

pub fn label(name: &str, inputs: &[u64]) -> String {
    format!("{name}({inputs:x?})")
}

#[task]
async fn plain(inputs: Vec<u64>, #[provided] world: &World) -> u64 {
    world.body(label("plain", &inputs));
    world.dawdle().await;
    tell("plain", &inputs)
}

#[task(cache)]
async fn cached(inputs: Vec<u64>, #[provided] world: &World) -> u64 {
    world.body(label("cached", &inputs));
    world.dawdle().await;
    tell("cached", &inputs)
}

#[task]
fn pool(inputs: Vec<u64>, #[provided] world: &World) -> u64 {
    world.body(label("pool", &inputs));
    tell("pool", &inputs)
}

#[task(retries = 3, backoff = fixed("1ms"))]
async fn flaky(fails: u8, inputs: Vec<u64>, #[provided] world: &World) -> Result<u64, String> {
    world.body(label("flaky", &inputs));
    world.dawdle().await;
    let fails = u32::from(fails);
    if orch::ctx().attempt() <= fails { Err("flaky".into()) } else { Ok(tell("flaky", &inputs)) }
}

#[task(retries = 3)]
async fn moody(fails: u8, inputs: Vec<u64>, #[provided] world: &World) -> Result<u64, String> {
    world.body(label("moody", &inputs));
    world.dawdle().await;
    if world.tried() <= u32::from(fails) { Err("moody".into()) } else { Ok(tell("moody", &inputs)) }
}

#[task]
pub async fn failing(inputs: Vec<u64>, #[provided] world: &World) -> Result<u64, String> {
    world.body(label("failing", &inputs));
    world.dawdle().await;
    Err(format!("{:x}", tell("failing", &inputs)))
}

/// The call of a task, what it is called in the count of bodies, and what it gives.
pub fn call(world: &World, task: Task, mut inputs: Vec<u64>) -> (Call<u64>, u64) {
    let value = value(task, &inputs);
    let call = match task {
        Task::Plain => plain(inputs),
        Task::Cached => cached(inputs),
        Task::Pool => pool(inputs),
        Task::Flaky(fails) => flaky(fails, inputs),
        Task::Moody(fails) => moody(fails, inputs),
        Task::Step => {
            let world = world.clone();
            inputs.push(0);
            orch::step("step", inputs, move |mut inputs: Vec<u64>| {
                let world = world.clone();
                async move {
                    inputs.pop();
                    world.body(label("step", &inputs));
                    world.dawdle().await;
                    Ok::<_, std::io::Error>(tell("step", &inputs))
                }
            })
        }
    };
    (call, value)
}

pub fn name(task: Task) -> &'static str {
    match task {
        Task::Plain => "plain",
        Task::Cached => "cached",
        Task::Step => "step",
        Task::Pool => "pool",
        Task::Flaky(_) => "flaky",
        Task::Moody(_) => "moody",
    }
}

pub fn value(task: Task, inputs: &[u64]) -> u64 {
    tell(name(task), inputs)
}

#[task]
pub async fn stamp(salt: Option<u64>, #[provided] world: &World) -> u64 {
    world.body(label("stamp", salt.as_slice()));
    world.dawdle().await;
    world.draw()
}

#[task]
pub async fn stamp_twice(salt: Option<u64>, #[provided] world: &World) -> Result<u64, Error> {
    world.body(label("stamp_twice", salt.as_slice()));
    let (first, second) = tokio::join!(stamp(salt), stamp(salt));
    Ok(tell("twice", &[first?, second?]))
}

#[flow]
pub async fn stamp_flow(salt: Option<u64>) -> Result<u64, Error> {
    Ok(tell("flow", &[stamp(salt).await?]))
}

/// What a task or flow is given whose body is a block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inside {
    pub path: String,
    pub salted: bool,
    pub block: Block,
    pub values: Vec<u64>,
    pub fails: u8,
    pub tolerant: bool,
}

async fn inside(inside: Inside, world: &World) -> Result<u64, String> {
    let attempt = orch::ctx().attempt();
    let Inside { path, salted, block, values, fails, tolerant } = inside;
    world.decide(&path, Decision::Attempt(attempt));
    let world = interpreter::Place { world: world.clone(), salted };
    let ended = interpreter::block(world, format!("{path}@{attempt}"), &block, Env::new(values)).await;
    match ended {
        _ if attempt <= u32::from(fails) => Err("not yet".into()),
        Err(error) if tolerant => Ok(tell(&error, &[])),
        ended => ended,
    }
}

#[task(retries = 2, backoff = fixed("1ms"))]
pub async fn parent(of: Inside, #[provided] world: &World) -> Result<u64, String> {
    world.body(label(&of.path, &[]));
    inside(of, world).await
}

#[flow(retries = 2)]
pub async fn child(of: Inside, #[provided] world: &World) -> Result<u64, String> {
    inside(of, world).await
}

#[flow]
pub async fn program(of: Inside, #[provided] world: &World) -> Result<u64, String> {
    inside(of, world).await
}
