//! One try of a body: under its time-out, with its panic caught.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Frame, Job, body,
    panics::{self, Panic},
};
use crate::{
    codec::Bytes,
    definition::{BodyError, Cause, Invocation},
    error::{ErrorKind, RecordedError, Retry},
};

/// How an attempt ended.
pub(super) enum Ended {
    /// With a value, which is in the invocation.
    Value,
    /// Without one.
    Failure(Failure),
}

/// An attempt without a value.
pub(super) struct Failure {
    pub(super) recorded: Box<RecordedError>,
    pub(super) verdict: Option<Retry>,
}

impl Failure {
    /// A failure that no further attempt can mend.
    pub(super) fn for_good(recorded: RecordedError) -> Self {
        Self {
            recorded: Box::new(recorded),
            verdict: Some(Retry::Stop("another attempt cannot mend it".into())),
        }
    }
}

/// Runs the body once. With `last`, its input is moved instead of cloned.
pub(super) async fn attempt(
    frame: &Arc<Frame>,
    mut invocation: Pin<&mut dyn Invocation>,
    last: bool,
    job: Option<Job>,
    timeout: Option<Duration>,
) -> Ended {
    #[cfg(feature = "crash-points")]
    crate::crash::body_begins(frame, &*invocation);
    // The input is cloned here.
    if let Err(panic) = panics::catch(|| invocation.as_mut().start(last, job)) {
        return Ended::Failure(panicked(panic));
    }
    let body = Attempting(invocation);
    let succeeded = |result: &Result<(), BodyError>| result.is_ok();
    let result = match timeout {
        None => body::run(frame, body, succeeded).await,
        Some(limit) => match Box::pin(within(frame, limit, body::run(frame, body, succeeded))).await {
            Some(result) => result,
            None => {
                // The body is gone; what it had started goes before anything else happens.
                if let Some(scope) = frame.scope()
                    && let Err(stop) = std::future::poll_fn(|cx| scope.poll_ended(cx)).await
                {
                    scope.run.stop(stop);
                }
                let text = format!("the attempt took longer than {limit:?}");
                return Ended::Failure(Failure {
                    recorded: Box::new(RecordedError::message(ErrorKind::TimedOut, text)),
                    verdict: None,
                });
            }
        },
    };
    classify(frame, result)
}

/// What the end of a body means for its attempt.
pub(super) fn classify(frame: &Frame, result: Result<Result<(), BodyError>, Panic>) -> Ended {
    match result {
        Ok(Ok(())) => match frame.scope().and_then(|scope| scope.untaken_failure()) {
            None => Ended::Value,
            Some(failure) => {
                Ended::Failure(Failure { recorded: Box::new((*failure).clone()), verdict: None })
            }
        },
        Ok(Err(error)) => Ended::Failure(failure(error)),
        Err(panic) => Ended::Failure(panicked(panic)),
    }
}

/// The output of an attempt that gave one, written; one that cannot be written is a failure.
pub(super) fn output(invocation: &dyn Invocation) -> Result<Bytes, Failure> {
    match panics::catch(|| invocation.encode_output()) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            Err(Failure::for_good(RecordedError::message(ErrorKind::Output, error.to_string())))
        }
        Err(panic) => Err(panicked(panic)),
    }
}

/// What a panic means for its attempt.
pub(super) fn panicked(panic: Panic) -> Failure {
    failure(BodyError::of_panic(panic.message(), panic.place))
}

fn failure(error: BodyError) -> Failure {
    let kind = match error.cause {
        Cause::Error => ErrorKind::Failed,
        Cause::Panic(_) => ErrorKind::Panicked,
        Cause::MissingValue => ErrorKind::Missing,
    };
    let mut recorded = RecordedError::new(kind, error.type_name, &*error.error);
    recorded.typed = error.typed;
    match error.cause {
        Cause::MissingValue => Failure::for_good(recorded),
        Cause::Panic(place) => {
            recorded.place = place;
            recorded.type_name = "panic".into();
            Failure { recorded: Box::new(recorded), verdict: None }
        }
        Cause::Error => Failure { recorded: Box::new(recorded), verdict: error.verdict },
    }
}

/// `None` when the limit comes first; the future is dropped then.
pub(super) async fn within<F: Future>(frame: &Frame, limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut limit = pin!(frame.run.core.clock.sleep(limit));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        limit.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// The body of an invocation as a future; dropped, it takes the attempt along.
struct Attempting<'a>(Pin<&'a mut dyn Invocation>);

impl Future for Attempting<'_> {
    type Output = Result<(), BodyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl Drop for Attempting<'_> {
    fn drop(&mut self) {
        self.0.as_mut().abandon();
    }
}
