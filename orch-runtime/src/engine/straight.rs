//! The straight way of a call: a body that may begin at once, is polled where it is awaited, and succeeds.
//!
//! Most calls go this way, and it costs them no future of its own. Whatever has to wait for something else than
//! its body (a cache, a permit, a time-out, a further attempt, a journal) leaves it for [`task`](super::task).

use std::{
    borrow::BorrowMut,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{
    Frame,
    attempt::{Ended, classify, output, panicked},
    body::{self, Watch},
    panics::{self, Panic},
    prepared::{CallOptions, Prepared},
    task::{self, Finished, Tried, completed, frame_of, run_task},
};
use crate::{
    clock::Timestamp,
    definition::{BodyError, Moved},
    store::{BoxFuture, Durability},
};

/// A call of a body under way: a box for those that are moved about, the call itself for those that are not.
pub(super) enum Course<C = Box<Prepared>> {
    /// On the straight way, or not begun yet.
    Straight(C),
    /// On the long one.
    Long(BoxFuture<'static, Option<Finished>>),
}

/// How far a call has come on the straight way.
pub(super) enum Way {
    /// It has not begun.
    Written,
    /// The first attempt is under way, since this moment.
    Body(Watch, Timestamp),
    /// The body has ended, and what it started is being waited for.
    Closing(Box<Closing>, Timestamp),
    /// The outcome is recorded, and not handed over yet.
    Turn(Option<Finished>),
}

/// What an attempt gave.
type Output = Result<Result<(), BodyError>, Panic>;

/// A body that has ended, and the end of its scope.
pub(super) struct Closing {
    rest: BoxFuture<'static, ()>,
    frame: Arc<Frame>,
    output: Output,
}

/// Where the straight way led.
enum Arrival {
    /// To the end; nothing is there for a call whose handle has the value.
    End(Option<Finished>),
    /// Nowhere: the call has to take the long way, from its beginning or from a first attempt that failed.
    LongWay(Option<Tried>),
}

/// Gives nothing for a call whose value is with its handle.
impl<C: BorrowMut<Prepared> + Into<Box<Prepared>> + Unpin> Future for Course<C> {
    type Output = Option<Finished>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let arrival = match &mut *self {
                Self::Long(future) => return future.as_mut().poll(cx),
                Self::Straight(call) => ready!(call.borrow_mut().go_straight(cx)),
            };
            let tried = match arrival {
                Arrival::End(finished) => return Poll::Ready(finished),
                Arrival::LongWay(tried) => tried,
            };
            let nothing = Self::Long(Box::pin(std::future::pending()));
            if let Self::Straight(call) = std::mem::replace(&mut *self, nothing) {
                *self = Self::Long(Box::pin(run_task(call.into(), tried)));
            }
        }
    }
}

impl Prepared {
    fn go_straight(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        loop {
            match &mut self.way {
                Way::Written => {
                    if let Err(tried) = self.begin_straight() {
                        return Poll::Ready(Arrival::LongWay(tried));
                    }
                }
                Way::Body(watch, begun) => {
                    let begun = *begun;
                    let invocation = &mut self.invocation;
                    let output = ready!(watch.poll(cx, |cx| invocation.as_mut().poll(cx)));
                    let frame = watch.frame().clone();
                    self.way = Way::Written;
                    if output.is_err() {
                        // What a panic left of the body goes before anything else happens.
                        self.invocation.as_mut().abandon();
                    }
                    if frame.scope().is_none() {
                        return self.end_straight(&frame, output, begun, cx);
                    }
                    self.way = Way::Closing(Closing::new(frame, output), begun);
                }
                Way::Closing(closing, begun) => {
                    let begun = *begun;
                    ready!(closing.rest.as_mut().poll(cx));
                    let Way::Closing(closing, _) = std::mem::replace(&mut self.way, Way::Written) else {
                        continue;
                    };
                    let Closing { frame, output, .. } = *closing;
                    return self.end_straight(&frame, output, begun, cx);
                }
                Way::Turn(finished) => {
                    if let Some(progress) = &mut self.progress {
                        ready!(progress.ticket.poll_turn(cx));
                    }
                    return Poll::Ready(Arrival::End(finished.take()));
                }
            }
        }
    }

    /// Begins the first attempt, unless there is anything to wait for or to look up before it, or it fails at once.
    fn begin_straight(&mut self) -> Result<(), Option<Tried>> {
        if !self.is_plain() || self.is_on_pool() || self.timeout().is_some() {
            return Err(None);
        }
        let reads = self.parent.as_ref().is_some_and(|parent| parent.historic);
        let options = CallOptions::of(self.chosen.as_deref());
        let progress = self.progress.as_mut().filter(|_| !reads).ok_or(None)?;
        let at_once = progress.ticket.begins_at_once();
        let run = progress.run();
        if run.has_history() || run.has_unsynced() || !at_once {
            return Err(None);
        }
        let begun = run.core.clock.now();
        progress.claim_and_start(options, begun);
        let frame = self.progress.as_ref().and_then(|progress| frame_of(self, progress, 1)).ok_or(None)?;
        let last = self.retries() == 0;
        #[cfg(feature = "crash-points")]
        crate::crash::body_begins(&frame, &*self.invocation);
        // The input is cloned here.
        panics::catch(|| self.invocation.as_mut().start(last, None))
            .map_err(|panic| Some(Tried { failure: panicked(panic), begun }))?;
        self.way = Way::Body(Watch::new(frame), begun);
        Ok(())
    }

    /// Records a value; its turn comes later. What is no value takes the long way, where policies are.
    fn end_straight(
        &mut self,
        frame: &Frame,
        ended: Output,
        begun: Timestamp,
        cx: &Context<'_>,
    ) -> Poll<Arrival> {
        let end = match classify(frame, ended) {
            Ended::Value => output(&*self.invocation).map(completed),
            Ended::Failure(failure) => Err(failure),
        };
        let (end, progress) = match (end, &mut self.progress) {
            (Ok(end), Some(progress)) => (end, progress),
            (Ok(_), None) => return Poll::Ready(Arrival::End(None)),
            (Err(failure), _) => return Poll::Ready(Arrival::LongWay(Some(Tried { failure, begun }))),
        };
        let invocation = std::mem::replace(&mut self.invocation, Box::pin(Moved));
        let waker = progress.cell.is_none().then(|| cx.waker());
        match task::record(invocation, progress, end, Durability::Durable, waker) {
            None => Poll::Ready(Arrival::End(None)),
            finished => {
                self.way = Way::Turn(finished);
                Poll::Pending
            }
        }
    }
}

impl Closing {
    fn new(frame: Arc<Frame>, output: Output) -> Box<Self> {
        let (of_scope, succeeded) = (frame.clone(), matches!(output, Ok(Ok(()))));
        let rest = Box::pin(async move {
            if let Some(scope) = of_scope.scope() {
                body::close(&of_scope, scope, succeeded).await;
            }
        });
        Box::new(Self { rest, frame, output })
    }
}
