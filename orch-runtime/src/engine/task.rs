//! The way of a task's call, from its turn to begin to the hand-over of its outcome.

use std::{pin::Pin, sync::Arc};

use super::{
    Frame, Job,
    attempt::{Ended, Failure, attempt},
    cached::{self, Cached, Duty},
    call::Prepared,
    flow,
    frame::TaskFrame,
    handle::Cell,
    progress::{Progress, because, waiting},
    retry::{Decision, RetryPolicy},
    run::RunShared,
    ticket::{Begin, Ticket},
};
use crate::{
    codec::Bytes,
    definition::Invocation,
    error::{Error, ErrorKind, RecordedError},
    state::{Notice, TaskInput, TaskState},
    store::{Durability, Outcome, TaskDetail},
};

/// A call's end: the invocation holds the value.
pub(super) type Finished = Result<Pin<Box<dyn Invocation>>, Error>;

/// The end of a task run before it is recorded.
pub(super) struct End {
    input: TaskInput,
    outcome: Outcome,
    detail: Option<TaskDetail>,
    duty: Option<Duty>,
}

/// Takes a call from its turn to its outcome. A started call leaves the value in `cell`; an awaited one waits
/// for the hand-over.
pub(super) async fn run_task(
    mut ticket: Ticket,
    mut prepared: Prepared,
    cell: Option<Arc<Cell>>,
) -> Finished {
    let run = ticket.scope.run.clone();
    let name = prepared.definition.display_name();
    let mut progress = Progress::new(&ticket, prepared.definition, cell.clone());

    let end = match ticket.begin().await {
        Begin::Over => return keep(&cell, Err(run.over(name))),
        Begin::Recorded(outcome) => return recorded(&run, name, prepared.invocation, outcome),
        Begin::Pooled(outcome) => {
            progress.claim(&prepared.options);
            End {
                input: TaskInput::Hit,
                outcome,
                detail: Some(because("reused from an earlier attempt")),
                duty: None,
            }
        }
        Begin::Live => {
            progress.claim(&prepared.options);
            match compute(&run, &ticket, &mut prepared, &mut progress).await {
                Some(end) => end,
                // The run stops; whoever awaits this is stopped with it.
                None => return std::future::pending().await,
            }
        }
    };

    let End { input, outcome, detail, duty } = end;
    let finished = recorded(&run, name, prepared.invocation, outcome.clone());
    let durability = if input == TaskInput::Hit { Durability::Buffered } else { Durability::Durable };
    let task = progress.number;
    let value = if let Outcome::Value(value) = &outcome { Some(value.clone()) } else { None };
    note_failure(&ticket, &cell, &finished);
    let attempt = progress.attempt();
    let finished = match &cell {
        None => finished,
        // Whoever cancelled the call through its handle has recorded its outcome already.
        Some(cell) if !cell.claim_end() => return Err(run.over(name)),
        Some(cell) => cell.put(finished),
    };
    ticket
        .submit(task, outcome, durability, |writer, at| progress.step_in(writer, at, input, attempt, detail));
    if let Some(cell) = &cell {
        cell.finish();
    }
    if let (Some(duty), Some(value)) = (duty, value) {
        duty.publish(&run, task, value);
    }
    if cell.is_none() && (run.core.rules.queue_for_all || durability == Durability::Durable) {
        ticket.delivered().await;
    }
    finished
}

/// A started call whose outcome was recorded: it is with the handle before anybody can ask.
pub(super) fn settle_recorded(
    ticket: &Ticket,
    cell: &Arc<Cell>,
    name: &str,
    prepared: Prepared,
    outcome: Outcome,
) {
    let cell = Some(cell.clone());
    let finished = recorded(&ticket.scope.run, name, prepared.invocation, outcome);
    note_failure(ticket, &cell, &finished);
    drop(keep(&cell, finished));
}

/// Upstreams, cache, attempts: `None` when the run stops meanwhile.
async fn compute(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    prepared: &mut Prepared,
    progress: &mut Progress,
) -> Option<End> {
    if let Some(error) = prepared.fault.take() {
        return Some(failed(progress, RecordedError::message(error.kind(), error.to_string())));
    }
    for upstream in std::mem::take(&mut prepared.options.after) {
        if let Err(reason) = upstream.succeeded().await {
            let recorded = RecordedError::message(ErrorKind::UpstreamFailed, reason);
            let detail = Some(because(recorded.message.clone()));
            return Some(End {
                input: TaskInput::Skip,
                outcome: Outcome::Error(Arc::new(recorded)),
                detail,
                duty: None,
            });
        }
    }
    if prepared.definition.is_flow() {
        // Boxed: a flow may call itself, and a task's future should not have to hold a flow's.
        return flow::compute_child(run, ticket, prepared, progress).await;
    }
    let duty = match cached::look_up(run, progress.number, prepared).await {
        Err(error) => {
            return Some(failed(progress, RecordedError::message(error.kind(), error.to_string())));
        }
        Ok(Cached::Compute(duty)) => duty,
        Ok(Cached::Hit(value)) => match prepared.invocation.as_mut().decode_output(&value) {
            Ok(()) => {
                return Some(End {
                    input: TaskInput::Hit,
                    outcome: Outcome::Value(value),
                    detail: None,
                    duty: None,
                });
            }
            Err(error) => {
                run.notice(
                    progress.number,
                    Notice::CacheFault,
                    format!("the kept result was passed over: {error}"),
                );
                None
            }
        },
    };
    let end = attempts(run, ticket, prepared, progress, duty.is_some()).await?;
    Some(End { duty, ..end })
}

/// Attempts until one gives a value or no further one may follow.
async fn attempts(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    prepared: &mut Prepared,
    progress: &mut Progress,
    leads: bool,
) -> Option<End> {
    let definition = prepared.definition;
    let policy = RetryPolicy {
        retries: prepared.options.retries.unwrap_or(definition.retries),
        backoff: definition.backoff,
        budget: definition.retry_budget,
    };
    let timeout = prepared.options.timeout.or(definition.timeout);
    let (mut number, first_start) = resumed_at(run, ticket, progress).await;
    loop {
        let permit = match &prepared.parent {
            _ if !prepared.invocation.is_sync() || definition.inline => None,
            Some(parent) if parent.has_cpu() => None,
            _ => Some(cpu_permit(run, progress).await),
        };
        progress.step(TaskInput::Start, number, None);
        if let Err(stop) = run.make_durable().await {
            run.stop(stop);
            return None;
        }
        let frame = frame_of(run, ticket, prepared, progress, number).await?;
        if leads {
            frame.hold();
        }
        let on_pool = prepared.invocation.is_sync() && !definition.inline;
        let job = on_pool.then(|| {
            frame.hold_cpu();
            Job::new(&frame, permit)
        });
        let (job, _watch) = job.unzip();
        let last = !policy.may_follow(number);
        let ended = attempt(&frame, prepared.invocation.as_mut(), last, job, timeout).await;
        let Failure { mut recorded, verdict } = match ended {
            Ended::Value => match prepared.invocation.encode_output() {
                Ok(value) => return Some(completed(value)),
                Err(error) => Failure::for_good(RecordedError::message(ErrorKind::Output, error.to_string())),
            },
            Ended::Failure(failure) => failure,
        };
        recorded.attempt = number;
        let elapsed = run.core.clock.now().since(first_start);
        match policy.decide(number, elapsed, verdict.as_ref()) {
            Decision::Again(delay, reason) => {
                let reason = with(&recorded, reason);
                progress.step(TaskInput::Retry, number, Some(waiting(reason, delay)));
                run.flush();
                if !delay.is_zero() {
                    run.core.clock.sleep(delay).await;
                }
                number += 1;
            }
            Decision::Stop(reason) => {
                let detail = Some(because(with(&recorded, reason)));
                return Some(End { detail, ..failed(progress, recorded) });
            }
        }
    }
}

/// The attempt with which to go on, after what is left of its back-off, and when the first one started.
async fn resumed_at(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    progress: &Progress,
) -> (u32, crate::clock::Timestamp) {
    let now = run.core.clock.now();
    let Some(task) = &ticket.in_flight else {
        return (1, now);
    };
    let first_start = task.first_start.unwrap_or(now);
    if let (TaskState::AwaitingRetry, Some(due)) = (task.state, task.retry_at) {
        run.core.clock.sleep(due.since(now)).await;
        return (task.attempt + 1, first_start);
    }
    (progress.attempt().max(1), first_start)
}

async fn frame_of(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    prepared: &mut Prepared,
    progress: &Progress,
    attempt: u32,
) -> Option<Arc<Frame>> {
    let definition = prepared.definition;
    let number = progress.number?;
    let span = tracing::info_span!(
        target: "orch", parent: &run.span, "task", task = definition.display_name(), number = number.0, attempt
    );
    let task = TaskFrame { definition, number, key: ticket.key, attempt };
    let frame = Frame::of_task(&ticket.scope, prepared.parent.clone(), task, span);
    if frame.historic {
        run.flush();
        match run.core.store.replay(run.id, run.fence, frame.inner_scope_id()).await {
            Ok(journal) => frame.set_journal(journal),
            Err(error) => {
                run.stop(super::Stop::Store(error));
                return None;
            }
        }
    }
    Some(frame)
}

async fn cpu_permit(run: &Arc<RunShared>, progress: &mut Progress) -> tokio::sync::OwnedSemaphorePermit {
    let cpu = run.core.cpu.clone();
    if let Ok(permit) = cpu.clone().try_acquire_owned() {
        return permit;
    }
    if progress.state() != TaskState::Running {
        progress.step(TaskInput::Wait, progress.attempt(), Some(because("all `cpu` permits are taken")));
    }
    run.flush();
    match cpu.acquire_owned().await {
        Ok(permit) => permit,
        // Nobody closes the semaphore; if somebody did, nothing could run any more.
        Err(_) => std::future::pending().await,
    }
}

pub(super) fn completed(value: Bytes) -> End {
    End { input: TaskInput::Complete, outcome: Outcome::Value(value), detail: None, duty: None }
}

pub(super) fn failed(progress: &Progress, mut recorded: RecordedError) -> End {
    let input = if recorded.kind == ErrorKind::TimedOut { TaskInput::TimeOut } else { TaskInput::Fail };
    recorded.attempt = recorded.attempt.max(progress.attempt());
    let detail = Some(because(recorded.to_string()));
    End { input, outcome: Outcome::Error(Arc::new(recorded)), detail, duty: None }
}

fn with(recorded: &RecordedError, reason: Option<String>) -> String {
    match reason {
        None => recorded.to_string(),
        Some(reason) => format!("{recorded}; {reason}"),
    }
}

/// An outcome as its caller sees it: the same live and in replay.
pub(super) fn recorded(
    run: &RunShared,
    name: &str,
    mut invocation: Pin<Box<dyn Invocation>>,
    outcome: Outcome,
) -> Finished {
    match outcome {
        Outcome::Value(value) => {
            if invocation.has_output() {
                return Ok(invocation);
            }
            match invocation.as_mut().decode_output(&value) {
                Ok(()) => Ok(invocation),
                Err(error) => Err(Error::at(name, run.id, ErrorKind::Output, error.to_string())),
            }
        }
        Outcome::Error(error) => Err(Error::recorded_at(name, run.id, (*error).clone())),
        Outcome::End => {
            Err(Error::at(name, run.id, ErrorKind::Diverged, "the journal has an end where a value was"))
        }
    }
}

/// A started call that failed fails its run unless somebody takes the outcome.
fn note_failure(ticket: &Ticket, cell: &Option<Arc<Cell>>, finished: &Finished) {
    if let (Some(_), Err(error)) = (cell, finished) {
        let recorded = error.recorded().cloned();
        let text = || RecordedError::message(error.kind(), error.to_string());
        ticket.set_failure(Some(Arc::new(recorded.unwrap_or_else(text))));
    }
}

/// A started call's value goes to its handle.
fn keep(cell: &Option<Arc<Cell>>, finished: Finished) -> Finished {
    match cell {
        None => finished,
        Some(cell) => {
            cell.claim_end();
            let elsewhere = cell.put(finished);
            cell.finish();
            elsewhere
        }
    }
}
