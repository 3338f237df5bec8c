//! Polls a body and hands outcomes to it: one outcome, one poll, until the body rests.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use super::{
    Frame, Stop, edits, frame,
    panics::{self, Panic},
    pulse::QueuePulse,
    scope::{Delivery, Scope},
};
use crate::{clock::Busy, state::Notice, store::BoxFuture};

/// Polls in one go before other tasks of the thread get their turn.
const BUDGET: u32 = 256;

pin_project! {
    /// A body's future, driven by the outcomes of its scope.
    struct Body<F> {
        // Dropped before the future: what the future's own drop lets go was stopped from above then.
        watch: Watch,
        #[pin]
        future: F,
    }
}

/// Drives a body, and keeps what is needed between its polls. To be dropped before the body is.
pub(super) struct Watch {
    frame: Arc<Frame>,
    wakers: Option<(Waker, Waker)>,
    poll_now: bool,
    /// Runs while something is held back.
    patience: Option<BoxFuture<'static, bool>>,
    foreign: Option<Busy>,
    flushed: bool,
    done: bool,
}

impl<F: Future> Future for Body<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut future = this.future;
        this.watch.poll(cx, |cx| future.as_mut().poll(cx))
    }
}

impl Watch {
    pub(super) fn new(frame: Arc<Frame>) -> Self {
        Self {
            frame,
            wakers: None,
            poll_now: true,
            patience: None,
            foreign: None,
            flushed: false,
            done: false,
        }
    }

    /// The body's frame.
    pub(super) fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// Polls the body, hands over what has come for it, and so on until it rests or ends.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Result<T, Panic>> {
        let _entered = frame::enter(self.frame.clone());
        let span = self.frame.span.clone();
        let _in_span = (!span.is_disabled()).then(|| span.enter());

        if self.frame.scope().is_none() {
            // A body that calls nothing needs nobody to hand it anything.
            let polled = poll_body(&self.frame, cx, &mut body);
            self.done = polled.is_ready();
            if self.done {
                return polled;
            }
            if self.frame.scope().is_none() {
                self.rest_alone();
                return Poll::Pending;
            }
            // It has just written its first call, and has to meet the waker that tells its wakes from ours.
            self.poll_now = true;
        }
        let scope = self.frame.open_scope().clone();
        let frame = self.frame.clone();
        self.drive(&scope, cx, |cx| poll_body(&frame, cx, &mut body))
    }

    fn drive<T>(
        &mut self,
        scope: &Arc<Scope>,
        cx: &mut Context<'_>,
        mut poll_body: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let pulse = &scope.pulse;
        pulse.look(cx.waker());
        self.foreign = None;
        let (body_waker, queue_waker) = self
            .wakers
            .get_or_insert_with(|| {
                (Waker::from(pulse.clone()), Waker::from(Arc::new(QueuePulse(pulse.clone()))))
            })
            .clone();
        let mut budget = BUDGET;
        loop {
            if std::mem::take(&mut self.poll_now) | pulse.take_woken() {
                if budget == 0 {
                    self.poll_now = true;
                    pulse.yield_now();
                    return Poll::Pending;
                }
                budget -= 1;
                if let Poll::Ready(output) = poll_body(&mut Context::from_waker(&body_waker)) {
                    pulse.close();
                    self.done = true;
                    return Poll::Ready(output);
                }
                continue;
            }
            // The body rests: everything that woke it has been seen. Only now may the next outcome go.
            pulse.take_queued();
            let mut queue_cx = Context::from_waker(&queue_waker);
            let delivery = scope.deliver(&mut queue_cx);
            let waits = match delivery {
                Delivery::Handed => {
                    self.patience = None;
                    self.poll_now = true;
                    continue;
                }
                Delivery::Stop(stop) => {
                    scope.run.stop(stop);
                    None
                }
                Delivery::Inner => Some(false),
                Delivery::Empty | Delivery::Held if scope.replaying() && scope.release_parked() => continue,
                Delivery::Empty => None,
                Delivery::Held => Some(true),
            };
            match waits {
                None => self.patience = None,
                Some(diverges) => {
                    if let Poll::Ready(edited) = self.be_patient(scope, diverges, &mut queue_cx)
                        && self.lose_patience(scope, diverges && !edited)
                    {
                        continue;
                    }
                }
            }
            if pulse.rest() {
                scope.run.flush();
                if scope.is_quiet() {
                    self.foreign = scope.run.core.clock.as_virtual().map(|clock| clock.foreign());
                }
                return Poll::Pending;
            }
        }
    }

    /// A body without calls waits for something of its own.
    fn rest_alone(&mut self) {
        if !std::mem::replace(&mut self.flushed, true) {
            self.frame.run.flush();
            self.foreign = self.frame.run.core.clock.as_virtual().map(|clock| clock.foreign());
        }
    }

    /// Something is held back behind a record whose call does not come. Says whether that is because what the body
    /// calls was edited.
    fn be_patient(&mut self, scope: &Arc<Scope>, diverges: bool, cx: &mut Context<'_>) -> Poll<bool> {
        let patience = self.patience.get_or_insert_with(|| {
            let scope = scope.clone();
            Box::pin(async move {
                if diverges && edits::show(&scope).await {
                    return true;
                }
                let core = &scope.run.core;
                // What a virtual clock cannot see may still come; it waits for that in real time by itself.
                let _foreign = core.clock.as_virtual().map(|clock| clock.foreign());
                core.clock.sleep(core.patience).await;
                false
            })
        });
        patience.as_mut().poll(cx)
    }

    /// Says whether the body may go on.
    fn lose_patience(&mut self, scope: &Arc<Scope>, diverges: bool) -> bool {
        self.patience = None;
        if !diverges {
            return scope.run.is_edited() || scope.release_parked();
        }
        if let Some(divergence) = scope.divergence() {
            scope.run.stop(Stop::Diverged(divergence));
        }
        false
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(scope) = self.frame.scope().filter(|_| !self.done) {
            scope.close();
            scope.pulse.close();
        }
    }
}

/// Inside tokio's budget, a body that used it up would look as if it waited for something. That holds for the poll in which
/// it writes its first call too: what it had not come to then is to come before any outcome.
fn poll_body<T>(
    frame: &Frame,
    cx: &mut Context<'_>,
    body: &mut impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<Result<T, Panic>> {
    if frame.run.core.rules.unconstrained {
        let body = tokio::task::unconstrained(std::future::poll_fn(body));
        guarded(|| std::pin::pin!(body).poll(cx))
    } else {
        guarded(|| body(cx))
    }
}

fn guarded<T>(poll: impl FnOnce() -> Poll<T>) -> Poll<Result<T, Panic>> {
    match panics::catch(poll) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Runs a body to its end, and what it started with it: a body that succeeded waits for all of it, one that did
/// not stops it.
pub(super) async fn run<F: Future>(
    frame: &Arc<Frame>,
    future: F,
    succeeded: impl Fn(&F::Output) -> bool,
) -> Result<F::Output, Panic> {
    let output = Body { watch: Watch::new(frame.clone()), future }.await;
    if let Some(scope) = frame.scope() {
        close(frame, scope, output.as_ref().is_ok_and(succeeded)).await;
    }
    output
}

/// The end of a body that has called something: what it started is waited for or stopped.
pub(super) async fn close(frame: &Frame, scope: &Arc<Scope>, succeeded: bool) {
    let _closing = CloseOnDrop(scope);
    if !succeeded {
        scope.close();
    } else if scope.open_calls() > 0 {
        let text = match scope.open_calls() {
            1 => "the body has returned; waiting for a started call".to_owned(),
            calls => format!("the body has returned; waiting for {calls} started calls"),
        };
        scope.run.notice(frame.task.as_ref().map(|task| task.number), Notice::WaitingForStarted, text);
        scope.run.flush();
    }
    if let Err(stop) = std::future::poll_fn(|cx| scope.poll_ended(cx)).await {
        scope.run.stop(stop);
    }
    if frame.historic {
        edits::settle(frame, scope).await;
    }
}

/// Whoever is dropped while waiting for what a body started takes it along.
struct CloseOnDrop<'a>(&'a Scope);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
