//! The same body for many items: bounded, in order.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{Frame, body, branch::branch_frame, edits, frame, panics, ticket::Ticket};
use crate::{
    cache::{CallHash, prefix_digest},
    id::ScopeId,
    store::BoxFuture,
};

/// Items under way at once, unless [`Map::concurrency`] says otherwise.
const CONCURRENCY: usize = 64;

/// Runs `body` for every item, up to 64 at once, and gives the outputs in the order of the items.
///
/// Every item is a scope of its own, known by its index: what an item's calls see does not depend on how the
/// others fare, and a resumed run repeats only what is missing of each. The items are polled in place, on the
/// task that awaits the map, so the closure may borrow; work that needs a thread belongs into a synchronous task.
///
/// # Cancel safety
/// Dropping the map cancels the items under way.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let lengths = orch::map(["a", "bcd"], |word| async move { word.len() }).concurrency(8).await;
/// assert_eq!(lengths, [1, 3]);
/// # })
/// ```
pub fn map<'a, I, F, Fut>(items: I, body: F) -> Map<'a, Fut::Output>
where
    I: IntoIterator,
    I::IntoIter: Send + 'a,
    I::Item: Send,
    F: FnMut(I::Item) -> Fut + Send + 'a,
    Fut: Future + Send + 'a,
    Fut::Output: Send + 'a,
{
    let (place, items) = (Place::here(), items.into_iter());
    Map(Lazy::new(move |concurrency| {
        Box::pin(async move {
            let mut outputs = Vec::new();
            let take = |index: usize, output| {
                outputs.resize_with(outputs.len().max(index + 1), || None);
                outputs[index] = Some(output);
                true
            };
            drive(place, concurrency, items, body, take).await;
            // Every item has been taken, so none is missing.
            outputs.into_iter().flatten().collect()
        })
    }))
}

/// Like [`map`] for bodies that return a `Result`: at the first error it cancels the other items and gives it.
///
/// # Cancel safety
/// Dropping the map cancels the items under way.
pub fn try_map<'a, I, F, Fut, T, E>(items: I, body: F) -> TryMap<'a, T, E>
where
    I: IntoIterator,
    I::IntoIter: Send + 'a,
    I::Item: Send,
    F: FnMut(I::Item) -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
    T: Send + 'a,
    E: Send + 'a,
{
    let (place, items) = (Place::here(), items.into_iter());
    TryMap(Lazy::new(move |concurrency| {
        Box::pin(async move {
            let (mut outputs, mut first_error) = (Vec::new(), None);
            let take = |index: usize, output: Result<T, E>| match output {
                Ok(output) => {
                    outputs.resize_with(outputs.len().max(index + 1), || None);
                    outputs[index] = Some(output);
                    true
                }
                Err(error) => {
                    first_error = Some(error);
                    false
                }
            };
            drive(place, concurrency, items, body, take).await;
            match first_error {
                Some(error) => Err(error),
                None => Ok(outputs.into_iter().flatten().collect()),
            }
        })
    }))
}

/// See [`map`].
#[must_use = "a map does nothing unless it is awaited"]
pub struct Map<'a, T>(Lazy<'a, Vec<T>>);

/// See [`try_map`].
#[must_use = "a map does nothing unless it is awaited"]
pub struct TryMap<'a, T, E>(Lazy<'a, Result<Vec<T>, E>>);

impl<T> Map<'_, T> {
    /// How many items may be under way at once; at least 1. Default: 64.
    pub fn concurrency(mut self, items: usize) -> Self {
        self.0.concurrency = items.max(1);
        self
    }
}

impl<T, E> TryMap<'_, T, E> {
    /// How many items may be under way at once; at least 1. Default: 64.
    pub fn concurrency(mut self, items: usize) -> Self {
        self.0.concurrency = items.max(1);
        self
    }
}

impl<T> Future for Map<'_, T> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}

impl<T, E> Future for TryMap<'_, T, E> {
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}

/// A future that is made with its first poll, when its options are known.
struct Lazy<'a, T> {
    concurrency: usize,
    start: Option<Box<dyn FnOnce(usize) -> BoxFuture<'a, T> + Send + 'a>>,
    running: Option<BoxFuture<'a, T>>,
}

impl<'a, T> Lazy<'a, T> {
    fn new(start: impl FnOnce(usize) -> BoxFuture<'a, T> + Send + 'a) -> Self {
        Self { concurrency: CONCURRENCY, start: Some(Box::new(start)), running: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        if let Some(start) = self.start.take() {
            self.running = Some(start(self.concurrency));
        }
        match &mut self.running {
            Some(running) => running.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

/// Where a map stands; `None` outside any body.
struct Place(Option<(Arc<Frame>, Ticket)>);

impl Place {
    fn here() -> Self {
        Self(frame::current().map(|frame| {
            let call = prefix_digest("map", "orch");
            let ticket = Ticket::claim(frame.open_scope().clone(), &CallHash { call, former: Vec::new() });
            (frame, ticket)
        }))
    }

    /// The frame of item `index`.
    async fn item(&self, index: usize) -> Option<Arc<Frame>> {
        let (parent, ticket) = self.0.as_ref()?;
        let id = ScopeId::inside(&ticket.key).item(index as u64);
        match branch_frame(ticket, parent, id).await {
            Some(frame) => Some(frame),
            // The store failed and the run is being stopped.
            None => std::future::pending().await,
        }
    }
}

/// Feeds the items through, hands each output to `take` with its index, and stops when `take` says so.
async fn drive<X, T, Fut: Future<Output = T>>(
    mut place: Place,
    concurrency: usize,
    items: impl Iterator<Item = X>,
    mut body: impl FnMut(X) -> Fut,
    mut take: impl FnMut(usize, T) -> bool,
) {
    // How many items there were, and whether all of them came to their ends.
    let (mut count, mut all) = (0, true);
    {
        let mut items = items.enumerate();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < concurrency {
                let Some((index, item)) = items.next() else { break };
                count = index as u64 + 1;
                let frame = place.item(index).await;
                let future = {
                    // Calls that the body writes before its first await belong to the item too.
                    let _entered = frame.clone().map(frame::enter);
                    body(item)
                };
                under_way.push(async move {
                    match frame {
                        Some(frame) => (index, body::run(&frame, future, |_| true).await),
                        None => (index, Ok(future.await)),
                    }
                });
            }
            match under_way.next().await {
                Some((index, Ok(output))) => {
                    if !take(index, output) {
                        all = false;
                        break;
                    }
                }
                None => break,
                // The panic of an item is the panic of the body that maps.
                Some((_, Err(panic))) => panics::resume(panic),
            }
        }
    }
    if let Some((parent, ticket)) = &mut place.0 {
        if parent.historic && all {
            let first_missing = ScopeId::inside(&ticket.key).item(count);
            edits::settle_items(parent, &ticket.scope, first_missing).await;
        }
        ticket.end().await;
    }
}
