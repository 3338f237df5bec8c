//! The way of a run: opened, its body attempted, ended.

mod again;
mod crashing;
mod divergence;
mod joining;
mod launching;
mod opening;
mod taking_up;

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

pub(crate) use self::again::retry;
pub(crate) use self::launching::{Admitted, cancel_taken_up, cancel_unattended, fail, launch, take_turn};
use self::opening::{Opened, Which, open_child, open_root};
pub(crate) use self::taking_up::{Resumed, end_orphaned_child, recover, resume};
pub(super) use self::{
    again::stored,
    divergence::{NAMED, call, describe, named, task_run},
    opening::reopened,
    taking_up::found,
};
use super::{
    Frame, Job, RunShared, Stop,
    alive::{Alive, EndGuard},
    attempt::{Ended, Failure, attempt, output},
    body,
    commit::child_step,
    permits,
    prepared::Prepared,
    progress::Progress,
    replay::Past,
    retry::{Decision, RetryPolicy},
    signal,
    task::{self, End, Finished, completed, failed},
};
use crate::{
    definition::Invocation,
    error::{Error, ErrorKind, RecordedError},
    id::{RunId, ScopeId},
    limits::Permit,
    runtime::{Core, Entering, Runtime},
    state::{Notice, RunInput, TaskInput},
    store::{BoxFuture, Outcome},
};

/// Runs a flow, or a task outside any flow, as a run of its own.
pub(super) async fn run_root(core: Arc<Core>, mut prepared: Box<Prepared>) -> Finished {
    if let Some(fault) = prepared.fault.take() {
        return Err(fault);
    }
    let entering = core.enter()?;
    let name = prepared.definition.display_name();
    let id = prepared.options().run.unwrap_or_default();
    let (run, _taken) = match open_root(&core, id, name, &mut prepared).await? {
        Opened::Run(run, taken) => (run, taken),
        Opened::Ended(id, outcome) => return finish(name, id, Ok(outcome), prepared.invocation),
    };
    let others = core.others(Runtime::is_default(&core));
    if !prepared.definition.is_flow() && others > 0 {
        let runs = if others == 1 { "a run is".into() } else { format!("{others} runs are") };
        let text = format!(
            "`{name}` was called outside any flow while {runs} active; inside a flow, write the call \
             in its body and spawn the call, or use `orch::spawn`"
        );
        run.notice(None, Notice::OutsideScope, text);
    }
    let outcome = execute(&run, &mut prepared, None, Some(entering)).await;
    finish(name, run.id, outcome, prepared.invocation)
}

/// A flow that is called by a body: a run of its own, whose outcome is also the call's.
pub(super) fn compute_child<'a>(
    run: &'a Arc<RunShared>,
    prepared: &'a mut Prepared,
    progress: &'a mut Progress,
) -> BoxFuture<'a, Option<End>> {
    Box::pin(child(run, prepared, progress))
}

async fn child(run: &Arc<RunShared>, prepared: &mut Prepared, progress: &mut Progress) -> Option<End> {
    let task = progress.number()?;
    let begun = progress.ticket.in_flight().and_then(|in_flight| in_flight.child);
    let which = match (begun, progress.ticket.earlier_child()) {
        (Some(id), _) => Which::Begun(id),
        (None, Some(id)) => Which::Earlier(id),
        (None, None) => Which::New(RunId::new()),
    };
    let calls = |id| run.buffer(|writer, at| writer.push(at, child_step(task, id)));
    if let Which::New(id) = which {
        calls(id);
    }
    progress.step(TaskInput::Start, 1, None);
    if let Err(stop) = run.make_durable().await {
        run.stop(stop);
        return None;
    }
    run.flush();
    let name = prepared.definition.display_name();
    let reusable = progress.ticket.reusable_child();
    let (child, _taken) = match open_child(run, which, task, name, reusable, prepared).await {
        Ok(Opened::Run(child, taken)) => (child, taken),
        Ok(Opened::Ended(id, outcome)) => {
            if let Which::Earlier(id) = which {
                calls(id);
            }
            return Some(end_of(progress, id, outcome));
        }
        Err(error) => {
            return Some(failed(progress, RecordedError::message(error.kind(), error.to_string())));
        }
    };
    if let Which::Earlier(id) = which {
        // Only now, because from here on the end of that run is the end of this call, which an end that it had
        // before is not; and durable, because that end may be durable before anything else of this run is.
        calls(id);
        run.handed_over_buffered();
        if let Err(stop) = run.make_durable().await {
            run.stop(stop);
            return None;
        }
    }
    let parent = prepared.parent.clone();
    match execute(&child, prepared, parent, None).await {
        Ok(outcome) => Some(end_of(progress, child.id, outcome)),
        Err(stop @ (Stop::Store(_) | Stop::Fenced | Stop::Shutdown)) => {
            run.stop(stop);
            None
        }
        Err(stop) => {
            let recorded = RecordedError::message(stop.kind(), stop.text());
            Some(failed(progress, RecordedError { run: Some(child.id), ..recorded }))
        }
    }
}

/// The end of a call of a flow whose run has ended.
fn end_of(progress: &Progress, run: RunId, outcome: Outcome) -> End {
    let recorded = match outcome {
        Outcome::Value(value) => return completed(value),
        Outcome::Error(error) => (*error).clone(),
        Outcome::End => RecordedError::message(ErrorKind::Diverged, "the run has no value"),
    };
    failed(progress, RecordedError { run: Some(run), ..recorded })
}

/// Runs an opened run to its end, which is durable when this returns.
pub(super) async fn execute(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    parent: Option<Arc<Frame>>,
    entering: Option<Entering>,
) -> Result<Outcome, Stop> {
    let alive = Alive::new(run, parent.as_ref().map(|frame| &*frame.run));
    drop(entering);
    // The run has it until nothing of it is left.
    let mut permit = None;
    let (outcome, guard) = {
        let mut body = pin!(attempts(run, prepared, parent, &mut permit));
        // Declared after the body, so a run that is dropped says that it is being cancelled before anything goes.
        let guard = EndGuard::new(run);
        let outcome = until_stopped(run, body.as_mut()).await;
        if let Err(Stop::Cancelled(reason)) = &outcome {
            run.watch(run.end_run(RunInput::Cancel, Some(reason.clone()), None));
        }
        (outcome, guard)
    };
    run.quiet(&alive).await;
    signal::tell_of_left(run).await;
    let commit = match &outcome {
        Ok(Outcome::Error(error)) => {
            let input = if error.kind == ErrorKind::TimedOut { RunInput::TimeOut } else { RunInput::Fail };
            run.end_run(input, Some(error.to_string()), outcome.as_ref().ok().cloned())
        }
        Ok(value) => run.end_run(RunInput::Complete, None, Some(value.clone())),
        Err(stop) => {
            let reason = match stop {
                Stop::Diverged(divergence) => describe(run, divergence).await,
                stop => stop.text(),
            };
            let recorded = RecordedError::message(stop.kind(), reason.clone());
            let error = Some(Outcome::Error(Arc::new(recorded)));
            let (input, error) = match stop {
                Stop::Cancelled(_) => (RunInput::Stopped, error),
                Stop::TimedOut(_) => (RunInput::TimeOut, error),
                Stop::Diverged(_) | Stop::Unreadable(_) => (RunInput::Fail, error),
                Stop::Store(_) | Stop::Fenced | Stop::Shutdown => {
                    guard.done();
                    return Err(stop.clone());
                }
            };
            let commit = run.end_run(input, Some(reason), error.clone());
            guard.done();
            return match super::commit::ended(commit.await) {
                // What was recorded is what the caller gets.
                Ok(()) => error.ok_or_else(|| stop.clone()),
                Err(stop) => Err(stop),
            };
        }
    };
    guard.done();
    super::commit::ended(commit.await)?;
    outcome
}

/// Polls the body until it ends or the run is stopped.
async fn until_stopped(
    run: &Arc<RunShared>,
    mut body: Pin<&mut impl Future<Output = Outcome>>,
) -> Result<Outcome, Stop> {
    std::future::poll_fn(|cx| {
        if let Some(stop) = run.stopped_or_wake(cx.waker()) {
            return Poll::Ready(Err(stop.clone()));
        }
        match body.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(run.stopped().map_or(Ok(outcome), |stop| Err(stop.clone()))),
            Poll::Pending => run.stopped().map_or(Poll::Pending, |stop| Poll::Ready(Err(stop.clone()))),
        }
    })
    .await
}

/// Attempts of the run's body, within the time that the run has.
async fn attempts(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    parent: Option<Arc<Frame>>,
    permit: &mut Option<Arc<Permit>>,
) -> Outcome {
    let definition = prepared.definition;
    if !definition.is_flow() {
        return solo(run, prepared).await;
    }
    if definition.max_concurrent.is_some() {
        match Box::pin(permits::of_run(run, definition, parent.as_ref())).await {
            Ok(taken) => *permit = taken,
            Err(refused) => return Outcome::Error(Arc::new(refused)),
        }
    }
    // A run that is only looked at is not stopped where it rests.
    let limit = prepared.timeout().filter(|_| run.core.verifying.is_none());
    let all = body_attempts(run, prepared, parent, permit.as_ref());
    let Some(limit) = limit else { return all.await };
    let (mut all, mut timer) = (pin!(all), pin!(run.core.clock.sleep(limit)));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(outcome) = all.as_mut().poll(cx) {
            return Poll::Ready(outcome);
        }
        if timer.as_mut().poll(cx).is_ready() {
            run.stop(Stop::TimedOut(limit));
        }
        Poll::Pending
    })
    .await
}

async fn body_attempts(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    parent: Option<Arc<Frame>>,
    permit: Option<&Arc<Permit>>,
) -> Outcome {
    let definition = prepared.definition;
    let policy = RetryPolicy {
        retries: prepared.retries(),
        backoff: definition.backoff,
        budget: definition.retry_budget,
    };
    let first_start = run.core.clock.now();
    loop {
        let number = run.writer().attempt;
        let Some(frame) = run_frame(run, parent.clone(), number).await else {
            // The store failed and the run is being stopped.
            return std::future::pending().await;
        };
        if permit.is_some() {
            frame.hold_permits(permit.into_iter());
        }
        let on_pool = prepared.invocation.is_sync() && !definition.inline;
        let job = on_pool.then(|| Job::new(&frame, None));
        let (job, _watch) = job.unzip();
        // A retry by hand gives all attempts again.
        let nth = number + 1 - run.first_attempt;
        let last = !policy.may_follow(nth);
        let ended = attempt(&frame, prepared.invocation.as_mut(), last, job, None).await;
        let Failure { mut recorded, verdict } = match ended {
            Ended::Value => match output(&*prepared.invocation) {
                Ok(value) => return Outcome::Value(value),
                Err(failure) => failure,
            },
            Ended::Failure(failure) => failure,
        };
        recorded.attempt = number;
        let elapsed = run.core.clock.now().since(first_start);
        match policy.decide(nth, elapsed, verdict.as_ref()) {
            Decision::Again(delay, _) => {
                run.core.clock.sleep(delay).await;
                let reason = Some(format!("attempt {number} failed: {recorded}"));
                run.buffer(|writer, at| {
                    writer.attempt = number + 1;
                    run.step_run(writer, at, RunInput::Again, reason, None);
                });
                run.flush();
            }
            Decision::Stop(_) => return Outcome::Error(Arc::new(*recorded)),
        }
    }
}

async fn run_frame(run: &Arc<RunShared>, parent: Option<Arc<Frame>>, attempt: u32) -> Option<Arc<Frame>> {
    let past = if run.has_history() || attempt > 1 {
        match run.past(ScopeId::ROOT).await {
            Ok(past) => past,
            Err(error) => {
                run.stop(Stop::Store(error));
                return None;
            }
        }
    } else {
        Past::default()
    };
    let frame = Frame::of_run(run.clone(), parent, attempt, past);
    frame.open_scope();
    Some(frame)
}

/// A task outside any flow: its run consists of it.
async fn solo(run: &Arc<RunShared>, prepared: &mut Prepared) -> Outcome {
    let attempt = run.writer().attempt;
    let Some(frame) = run_frame(run, None, attempt).await else {
        return std::future::pending().await;
    };
    let own = prepared.inside(&frame);
    let failed = |kind, text| Outcome::Error(Arc::new(RecordedError::message(kind, text)));
    let succeeded = |finished: &Option<Finished>| matches!(finished, Some(Ok(_)));
    match body::run(&frame, task::run_task(Box::new(own), None), succeeded).await {
        Ok(None) => failed(ErrorKind::Cancelled, "its outcome is elsewhere".into()),
        Ok(Some(Ok(invocation))) => {
            prepared.invocation = invocation;
            match prepared.invocation.encode_output() {
                Ok(value) => Outcome::Value(value),
                Err(error) => failed(ErrorKind::Output, error.to_string()),
            }
        }
        Ok(Some(Err(error))) => match error.recorded() {
            Some(recorded) => Outcome::Error(Arc::new(recorded.clone())),
            None => failed(error.kind(), error.to_string()),
        },
        Err(panic) => failed(ErrorKind::Panicked, panic.message()),
    }
}

/// The end of a run as its caller sees it.
fn finish(
    name: &str,
    run: RunId,
    outcome: Result<Outcome, Stop>,
    invocation: Pin<Box<dyn Invocation>>,
) -> Finished {
    match outcome {
        Ok(outcome) => task::recorded(run, name, invocation, &outcome),
        Err(stop) => Err(Error::at(name, run, stop.kind(), stop.text())),
    }
}
