//! The way of a task's call, from its turn to begin to the hand-over of its outcome.

use std::{pin::Pin, sync::Arc, task::Waker};

use super::{
    Frame, Job,
    attempt::{Ended, Failure, attempt, output},
    cached::{self, Cached, Duty},
    flow,
    frame::TaskFrame,
    handle::Cell,
    once::{self, Resolved},
    permits,
    prepared::Prepared,
    progress::{Progress, because, waiting},
    retry::{Decision, RetryPolicy},
    run::RunShared,
    ticket::{Begin, Ticket},
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    definition::Invocation,
    error::{Error, ErrorKind, RecordedError},
    id::RunId,
    state::{TaskInput, TaskState},
    store::{Durability, InFlight, Outcome, Record, TaskDetail},
};

/// A call's end: the invocation holds the value.
pub(super) type Finished = Result<Pin<Box<dyn Invocation>>, Error>;

/// The end of a task run before it is recorded.
pub(super) struct End {
    input: TaskInput,
    outcome: Outcome,
    detail: Option<Box<TaskDetail>>,
    duty: Option<Duty>,
    /// The signal with which a person said it.
    said: Option<u64>,
}

impl End {
    /// An end that a person said.
    pub(super) fn said(
        input: TaskInput,
        outcome: Outcome,
        detail: Option<Box<TaskDetail>>,
        signal: u64,
    ) -> Self {
        Self { input, outcome, detail, duty: None, said: Some(signal) }
    }
}

/// A first attempt that failed where the call was awaited.
pub(super) struct Tried {
    pub(super) failure: Failure,
    pub(super) begun: Timestamp,
}

/// Takes a call from its turn, or from its first attempt, to its outcome. A started call leaves it with its handle
/// and gives nothing; an awaited one waits for the hand-over.
pub(super) async fn run_task(mut prepared: Box<Prepared>, tried: Option<Tried>) -> Option<Finished> {
    let mut progress = prepared.progress.take()?;
    let run = progress.run().clone();

    let begin = if tried.is_some() { Begin::Live } else { progress.ticket.begin().await };
    let end = match begin {
        Begin::Over => return keep(&progress.cell, Err(run.over(progress.name()))),
        Begin::Recorded(outcome) => match replayed(&run, progress.name(), prepared.invocation, &outcome) {
            Some(finished) => return Some(finished),
            // The run stops; whoever awaits this is stopped with it.
            None => return std::future::pending().await,
        },
        Begin::Pooled(outcome) if prepared.reads(&outcome).is_ok() => {
            progress.claim(prepared.options(), run.core.clock.now());
            let detail = Some(because(progress.ticket.reused_from()));
            End { input: TaskInput::Hit, outcome, detail, duty: None, said: None }
        }
        // What an earlier attempt got and nobody can read any more is made again.
        Begin::Live | Begin::Pooled(_) => match compute(&run, &mut prepared, &mut progress, tried).await {
            Some(end) => end,
            // The run stops; whoever awaits this is stopped with it.
            None => return std::future::pending().await,
        },
    };

    let durability = if end.input == TaskInput::Hit { Durability::Buffered } else { Durability::Durable };
    let finished = record(prepared.invocation, &mut progress, end, durability, None);
    if prepared.definition.once
        && let Some(task) = progress.number()
    {
        run.mailbox.ends(task);
    }
    if finished.is_some() && (run.core.rules.queue_for_all || durability == Durability::Durable) {
        progress.ticket.delivered().await;
    }
    finished
}

/// Puts the end into the journal, the value where it is awaited, and the result into the cache: in this order,
/// but for the handle, which has the value before anybody can be told that it is there.
pub(super) fn record(
    invocation: Pin<Box<dyn Invocation>>,
    progress: &mut Progress,
    end: End,
    durability: Durability,
    waker: Option<&Waker>,
) -> Option<Finished> {
    let End { input, outcome, detail, duty, said } = end;
    let finished = recorded(progress.run().id, progress.name(), invocation, &outcome);
    let cell = progress.cell.clone();
    let finished = match &cell {
        None => Some(finished),
        // Whoever cancelled the call through its handle has recorded its outcome already.
        Some(cell) if !cell.claim_end() => return None,
        Some(cell) => {
            note_failure(&progress.ticket, &finished);
            cell.put(finished);
            None
        }
    };
    let kept = duty.and_then(|duty| match &outcome {
        Outcome::Value(value) => Some((duty, value.clone())),
        _ => None,
    });
    progress.submit(outcome, durability, waker, input, detail, said);
    if let Some(cell) = cell {
        cell.finish();
    }
    if let Some((duty, value)) = kept {
        duty.publish(progress.run(), progress.number(), value);
    }
    finished
}

/// A started call whose outcome was recorded: it is with the handle before anybody can ask.
pub(super) fn settle_recorded(progress: &Progress, invocation: Pin<Box<dyn Invocation>>, record: &Record) {
    // Without a value its handle waits until the run has stopped.
    if let Some(finished) = replayed(progress.run(), progress.name(), invocation, &record.outcome) {
        // What its handle cancelled is no task run's end, and fails nobody.
        if record.task.is_some() {
            note_failure(&progress.ticket, &finished);
        }
        drop(keep(&progress.cell, finished));
    }
}

/// Upstreams, cache, attempts: `None` when the run stops meanwhile.
async fn compute(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    progress: &mut Progress,
    tried: Option<Tried>,
) -> Option<End> {
    if tried.is_some() {
        return attempts(run, prepared, progress, Timestamp::default(), false, tried).await;
    }
    if let Some(verifying) = &run.core.verifying {
        verifying.would_run(prepared.definition, progress);
        return None;
    }
    let mut begins = run.core.clock.now();
    if prepared.is_on_pool() || !prepared.is_plain() {
        // It may wait before its first attempt, and is to be seen meanwhile.
        progress.claim(prepared.options(), begins);
    }
    if let Some(error) = prepared.fault.take() {
        return Some(failed(progress, RecordedError::message(error.kind(), error.to_string())));
    }
    if !prepared.options().after.is_empty() {
        if let Some(end) = Box::pin(upstreams(run, prepared)).await {
            return Some(end);
        }
        begins = run.core.clock.now();
    }
    if prepared.definition.is_flow() {
        // Boxed: a flow may call itself, and a task's future should not have to hold a flow's.
        return flow::compute_child(run, prepared, progress).await;
    }
    let duty = match prepared.definition.cache {
        None => None,
        Some(_) => match Box::pin(from_cache(run, prepared, progress)).await {
            Ok(duty) => {
                begins = run.core.clock.now();
                duty
            }
            Err(end) => return Some(end),
        },
    };
    let end = attempts(run, prepared, progress, begins, duty.is_some(), None).await?;
    Some(End { duty, ..end })
}

/// Waits for the calls that this one comes after; the end of the call when one of them did not succeed.
async fn upstreams(run: &RunShared, prepared: &mut Prepared) -> Option<End> {
    for upstream in std::mem::take(&mut prepared.options_mut().after) {
        if let Err(reason) = upstream.succeeded().await {
            let recorded = RecordedError::message(ErrorKind::UpstreamFailed, reason);
            let detail = Some(because(recorded.message.clone()));
            let outcome = Outcome::Error(Arc::new(recorded));
            return Some(End { input: TaskInput::Skip, outcome, detail, duty: None, said: None });
        }
        // It was told before anything was durable, and the body that comes now builds on it.
        run.handed_over_buffered();
    }
    None
}

/// The duty to compute, if there is one, or the end that the cache gives.
async fn from_cache(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    progress: &Progress,
) -> Result<Option<Duty>, End> {
    match cached::look_up(run, progress.number(), prepared).await {
        Err(error) => Err(failed(progress, RecordedError::message(error.kind(), error.to_string()))),
        Ok(Cached::Compute(duty)) => Ok(duty),
        Ok(Cached::Hit(value)) => {
            let outcome = Outcome::Value(value);
            Err(End { input: TaskInput::Hit, outcome, detail: None, duty: None, said: None })
        }
    }
}

/// Attempts until one gives a value or no further one may follow. `tried` is a first one that failed already.
async fn attempts(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    progress: &mut Progress,
    begins: Timestamp,
    leads: bool,
    tried: Option<Tried>,
) -> Option<End> {
    let definition = prepared.definition;
    let timeout = prepared.timeout();
    let retries = prepared.retries();
    let (mut number, first_start) = match (&tried, progress.ticket.in_flight()) {
        (Some(tried), _) => (1, tried.begun),
        (None, task) if definition.once && once::was_begun(&progress.ticket) => {
            let first_start = task.and_then(|task| task.first_start).unwrap_or(begins);
            match Box::pin(once::resolved(run, prepared, progress)).await? {
                Resolved::Attempt(number) => (number, first_start),
                Resolved::End(end) => return Some(end),
            }
        }
        (None, Some(task)) => Box::pin(resumed_at(run, task, begins)).await,
        (None, None) => (1, begins),
    };
    let mut failed_already = tried.map(|tried| tried.failure);
    loop {
        let failure = match failed_already.take() {
            Some(failure) => failure,
            None => {
                let on_pool = prepared.is_on_pool();
                let permit = if on_pool || definition.limited {
                    match Box::pin(permits::of_attempt(run, prepared, progress, number)).await {
                        Ok(permit) => Some(permit),
                        Err(refused) => return Some(refused),
                    }
                } else {
                    None
                };
                match progress.number() {
                    None => progress.claim_and_start(prepared.options(), begins),
                    Some(_) if number == 1 && permit.is_none() && !definition.once => {
                        progress.step_at(begins, TaskInput::Start, number, None);
                    }
                    Some(task) => {
                        if definition.once {
                            run.mailbox.starts(task);
                            // The one body whose beginning has to be known before it begins.
                            run.handed_over_buffered();
                        }
                        progress.step(TaskInput::Start, number, None);
                    }
                }
                if run.has_unsynced()
                    && let Err(stop) = Box::pin(run.make_durable()).await
                {
                    run.stop(stop);
                    return None;
                }
                let frame = frame_of(prepared, progress, number)?;
                if frame.historic {
                    Box::pin(read_journal(run, &frame)).await?;
                }
                if leads {
                    frame.hold();
                }
                let mut held = permit.map(|permit| permits::Held::by(&frame, permit, on_pool));
                let cpu = held.as_mut().and_then(|held| held.cpu.take());
                let (job, _watch) = on_pool.then(|| Job::new(&frame, cpu)).unzip();
                let last = number > retries;
                match attempt(&frame, prepared.invocation.as_mut(), last, job, timeout).await {
                    Ended::Value => match output(&*prepared.invocation) {
                        Ok(value) => return Some(completed(value)),
                        Err(failure) => failure,
                    },
                    Ended::Failure(failure) => failure,
                }
            }
        };
        let Failure { mut recorded, verdict } = failure;
        recorded.attempt = number;
        let policy = RetryPolicy { retries, backoff: definition.backoff, budget: definition.retry_budget };
        let elapsed = run.core.clock.now().since(first_start);
        match policy.decide(number, elapsed, verdict.as_ref()) {
            Decision::Again(delay, reason) => {
                let reason = with(&recorded, reason);
                progress.step(TaskInput::Retry, number, Some(waiting(reason, delay)));
                run.flush();
                if !delay.is_zero() {
                    Box::pin(run.core.clock.sleep(delay)).await;
                }
                number += 1;
            }
            Decision::Stop(reason) => {
                let detail = Some(because(with(&recorded, reason)));
                return Some(End { detail, ..failed(progress, *recorded) });
            }
        }
    }
}

/// The attempt with which to go on, after what is left of its back-off, and when the first one started.
async fn resumed_at(run: &Arc<RunShared>, task: &InFlight, now: Timestamp) -> (u32, Timestamp) {
    let first_start = task.first_start.unwrap_or(now);
    if let (TaskState::AwaitingRetry, Some(due)) = (task.state, task.retry_at) {
        run.core.clock.sleep(due.since(now)).await;
        return (task.attempt + 1, first_start);
    }
    if task.state == TaskState::AwaitingPermit {
        // The attempt before has failed; without one, its number is 0.
        return (task.attempt + 1, first_start);
    }
    (task.attempt.max(1), first_start)
}

/// The frame of an attempt of a task run that is known.
pub(super) fn frame_of(prepared: &Prepared, progress: &Progress, attempt: u32) -> Option<Arc<Frame>> {
    let definition = prepared.definition;
    let number = progress.number()?;
    let span = tracing::info_span!(
        target: "orch", parent: &progress.run().span, "task", task = progress.name(), number = number.0, attempt
    );
    let Ticket { scope, key, .. } = &progress.ticket;
    let task = TaskFrame { definition, number, key: *key, attempt };
    Some(Frame::of_task(scope, prepared.parent.clone(), task, span))
}

/// Reads what the scope that the body will open has been through; `None` stops the run.
async fn read_journal(run: &Arc<RunShared>, frame: &Frame) -> Option<()> {
    match run.past(frame.inner_scope_id()).await {
        Ok(past) => frame.set_past(past),
        Err(error) => {
            run.stop(super::Stop::Store(error));
            return None;
        }
    }
    Some(())
}

pub(super) fn completed(value: Bytes) -> End {
    End { input: TaskInput::Complete, outcome: Outcome::Value(value), detail: None, duty: None, said: None }
}

pub(super) fn failed(progress: &Progress, mut recorded: RecordedError) -> End {
    let input = if recorded.kind == ErrorKind::TimedOut { TaskInput::TimeOut } else { TaskInput::Fail };
    recorded.attempt = recorded.attempt.max(progress.attempt());
    let detail = Some(because(recorded.to_string()));
    End { input, outcome: Outcome::Error(Arc::new(recorded)), detail, duty: None, said: None }
}

fn with(recorded: &RecordedError, reason: Option<String>) -> String {
    match reason {
        None => recorded.to_string(),
        Some(reason) => format!("{recorded}; {reason}"),
    }
}

/// The outcome that the journal has; `None` when it cannot be read any more, which stops the run: to go on with an
/// error that life did not see would be a guess.
fn replayed(
    run: &RunShared,
    name: &str,
    mut invocation: Pin<Box<dyn Invocation>>,
    outcome: &Outcome,
) -> Option<Finished> {
    if let Outcome::Value(value) = outcome
        && let Err(error) = invocation.as_mut().decode_output(value)
    {
        run.stop(super::Stop::Unreadable(format!(
            "the journal has a result of `{name}` that cannot be used any more: {error}; the run can be resumed by \
             a program whose type is as it was, or be started anew"
        )));
        return None;
    }
    Some(recorded(run.id, name, invocation, outcome))
}

/// An outcome as its caller sees it: the same live and in replay.
pub(super) fn recorded(
    run: RunId,
    name: &str,
    mut invocation: Pin<Box<dyn Invocation>>,
    outcome: &Outcome,
) -> Finished {
    match outcome {
        Outcome::Value(value) => {
            if invocation.has_output() {
                return Ok(invocation);
            }
            match invocation.as_mut().decode_output(value) {
                Ok(()) => Ok(invocation),
                Err(error) => Err(Error::at(name, run, ErrorKind::Output, error.to_string())),
            }
        }
        Outcome::Error(error) => Err(Error::recorded_at(name, run, (**error).clone())),
        Outcome::End => {
            Err(Error::at(name, run, ErrorKind::Diverged, "the journal has an end where a value was"))
        }
    }
}

/// A started call that failed fails its run unless somebody takes the outcome.
fn note_failure(ticket: &Ticket, finished: &Finished) {
    if let Err(error) = finished {
        let mut recorded = error.passed_through();
        recorded.message = format!("a call that it started and nobody awaited: {}", recorded.message);
        ticket.set_failure(Some(Arc::new(recorded)));
    }
}

/// A started call's value goes to its handle.
fn keep(cell: &Option<Arc<Cell>>, finished: Finished) -> Option<Finished> {
    let Some(cell) = cell else { return Some(finished) };
    cell.claim_end();
    cell.put(finished);
    cell.finish();
    None
}
