//! Time, chance and steps without a function: recorded, so that replay sees what life saw.

use std::{
    future::Future,
    marker::PhantomData,
    panic::Location,
    time::{Duration, SystemTime},
};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    Call, frame,
    start::{Source, start_async_1},
    ticket::{Begin, Ticket},
    waiting::Limit,
};
use crate::{
    cache::{CallHash, prefix_digest},
    clock::{Clock, Timestamp},
    codec::{self, Stored},
    definition::{BodyError, step_definition},
    error::BoxError,
    runtime,
    store::{Durability, Outcome},
};

/// The place of a recorded value in the body that asks for it; `None` outside any.
fn ticket(kind: &str) -> Option<Ticket> {
    let frame = frame::current()?;
    let call = prefix_digest(kind, "orch");
    Some(Ticket::claim(frame.open_scope().clone(), &CallHash { call, former: Vec::new() }))
}

fn clock() -> Clock {
    let of_run = frame::current().map(|frame| frame.run.core.clock.clone());
    of_run.or_else(|| runtime::known_core().map(|core| core.clock.clone())).unwrap_or_default()
}

/// Gives what the journal has, or records what `make` gives now.
async fn recorded<T: Stored>(mut ticket: Ticket, make: impl Future<Output = T>) -> T {
    let outcome = match ticket.begin().await {
        Begin::Recorded(outcome) => Some(outcome),
        Begin::Pooled(outcome) => {
            ticket.submit(None, outcome.clone(), Durability::Buffered, None, |_, _| ());
            ticket.delivered().await;
            Some(outcome)
        }
        Begin::Live => None,
        // Its body has ended, so nothing can be recorded, and nobody replays what happens now.
        Begin::Over => return make.await,
    };
    if let Some(Outcome::Value(value)) = outcome
        && let Ok(value) = codec::decode(&value)
    {
        return value;
    }
    let value = make.await;
    if let Ok(bytes) = codec::encode(&value) {
        ticket.submit(None, Outcome::Value(bytes), Durability::Buffered, None, |_, _| ());
        if ticket.scope.run.core.rules.queue_for_all {
            ticket.delivered().await;
        }
    }
    value
}

async fn recorded_if<T: Stored>(ticket: Option<Ticket>, make: impl Future<Output = T>) -> T {
    match ticket {
        Some(ticket) => recorded(ticket, make).await,
        None => make.await,
    }
}

/// The time: the same again when the run is resumed, and in a further attempt of the body that asks, because
/// what was done with it is reused too.
///
/// # Cancel safety
/// Dropping it loses nothing but the time.
pub fn now() -> impl Future<Output = SystemTime> + Send {
    let (ticket, clock) = (ticket("now"), clock());
    async move {
        let micros = recorded_if(ticket, async move { clock.now().as_micros() }).await;
        Timestamp::from_micros(micros).as_system_time()
    }
}

/// A random number, evenly among all: the same again when the run is resumed, and in a further attempt of the
/// body that asks.
///
/// # Cancel safety
/// Dropping it loses nothing but the number.
pub fn random() -> impl Future<Output = u64> + Send {
    let ticket = ticket("random");
    async move { recorded_if(ticket, async { fastrand::u64(..) }).await }
}

/// A random UUID (version 4): the same again when the run is resumed, and in a further attempt of the body that
/// asks, so that a payment made under it is found instead of made twice.
///
/// # Cancel safety
/// Dropping it loses nothing but the id.
pub fn uuid() -> impl Future<Output = Uuid> + Send {
    let ticket = ticket("uuid");
    async move { Uuid::from_u128(recorded_if(ticket, async { Uuid::new_v4().as_u128() }).await) }
}

/// Waits. A resumed run waits for what is left: a sleep of an hour whose process died after 40 minutes takes 20 more, and
/// nothing when the hour is over by then. In a resumed run, and in a further attempt of the body, a sleep that was over is
/// not slept again; a further attempt sleeps one that was cut short from its beginning.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # use std::time::Duration;
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # orch::testing::runtime().scope(async {
/// // In a flow, a reminder a week from now, whatever becomes of this process.
/// orch::sleep(Duration::from_secs(7 * 24 * 60 * 60)).await;
/// # }).await })
/// ```
///
/// # Cancel safety
/// Dropping it ends the wait.
pub fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
    let (ticket, clock) = (ticket("sleep"), clock());
    async move {
        let Some(ticket) = ticket else { return clock.sleep(duration).await };
        let limit = Limit::new(&ticket, duration);
        recorded(ticket, limit.pass()).await
    }
}

/// A task without a function: runs `body` with `input`, tracked and recorded under `name`.
///
/// What the body uses comes in as `input`; what it captures is not part of the call's identity. The name is the
/// step's identity, so two steps of one body that do different things need two names.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # use orch::{step, testing};
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # testing::runtime().scope(async {
/// let doubled = step("double", 21u32, |n| async move { Ok::<_, std::io::Error>(n * 2) }).await?;
/// assert_eq!(doubled, 42);
/// # Ok::<_, orch::Error>(()) }).await.unwrap() })
/// ```
#[track_caller]
pub fn step<I, T, E, F, Fut>(name: &'static str, input: I, body: F) -> Call<T>
where
    I: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + 'static,
    E: Into<BoxError>,
    F: Fn(I) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
{
    let definition = step_definition(name, Location::caller());
    let from = Source::Arguments { definition, type_arguments: "", arguments: (input,) };
    Call::new(start_async_1(PhantomData, from, move |(input,): (I,)| {
        let body = body(input);
        async move { body.await.map_err(BodyError::new) }
    }))
}
