//! The way of a task's call, from its turn to begin to the hand-over of its outcome.

use std::{pin::Pin, sync::Arc};

use super::{
    Frame, Job,
    attempt::{Ended, Failure, attempt},
    cached::{self, Cached, Duty},
    flow,
    frame::TaskFrame,
    handle::Cell,
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
    state::{TaskInput, TaskState},
    store::{Durability, InFlight, Outcome, TaskDetail},
};

/// A call's end: the invocation holds the value.
pub(super) type Finished = Result<Pin<Box<dyn Invocation>>, Error>;

/// The end of a task run before it is recorded.
pub(super) struct End {
    input: TaskInput,
    outcome: Outcome,
    detail: Option<Box<TaskDetail>>,
    duty: Option<Duty>,
}

/// Takes a call from its turn to its outcome. A started call leaves it in `cell` and gives nothing; an awaited
/// one waits for the hand-over.
pub(super) async fn run_task(
    mut ticket: Ticket,
    mut prepared: Box<Prepared>,
    cell: Option<Arc<Cell>>,
) -> Option<Finished> {
    let run = ticket.scope.run.clone();
    let name = prepared.definition.display_name();
    let mut progress = Progress::new(&ticket, prepared.definition, cell.clone());

    let end = match ticket.begin().await {
        Begin::Over => return keep(&cell, Err(run.over(name))),
        Begin::Recorded(outcome) => match replayed(&run, name, prepared.invocation, outcome) {
            Some(finished) => return Some(finished),
            // The run stops; whoever awaits this is stopped with it.
            None => return std::future::pending().await,
        },
        Begin::Pooled(outcome) if prepared.reads(&outcome).is_ok() => {
            progress.claim(&prepared.options, run.core.clock.now());
            let detail = Some(because("reused from an earlier attempt"));
            End { input: TaskInput::Hit, outcome, detail, duty: None }
        }
        // What an earlier attempt got and nobody can read any more is made again.
        Begin::Live | Begin::Pooled(_) => match compute(&run, &ticket, &mut prepared, &mut progress).await {
            Some(end) => end,
            // The run stops; whoever awaits this is stopped with it.
            None => return std::future::pending().await,
        },
    };

    let durability = if end.input == TaskInput::Hit { Durability::Buffered } else { Durability::Durable };
    let finished = record(&run, &ticket, prepared.invocation, &mut progress, cell.as_ref(), end, durability);
    if cell.is_none() && (run.core.rules.queue_for_all || durability == Durability::Durable) {
        ticket.delivered().await;
    }
    finished
}

/// Puts the end into the journal, the value where it is awaited, and the result into the cache: in this order,
/// but for the handle, which has the value before anybody can be told that it is there.
fn record(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    invocation: Pin<Box<dyn Invocation>>,
    progress: &mut Progress,
    cell: Option<&Arc<Cell>>,
    end: End,
    durability: Durability,
) -> Option<Finished> {
    let End { input, outcome, detail, duty } = end;
    let name = progress.name();
    let finished = recorded(run, name, invocation, outcome.clone());
    let finished = match cell {
        None => Some(finished),
        // Whoever cancelled the call through its handle has recorded its outcome already.
        Some(cell) if !cell.claim_end() => return None,
        Some(cell) => {
            note_failure(ticket, &finished);
            cell.put(finished);
            None
        }
    };
    let (task, attempt) = (progress.number, progress.attempt());
    let kept = duty.zip(if let Outcome::Value(value) = &outcome { Some(value.clone()) } else { None });
    ticket
        .submit(task, outcome, durability, |writer, at| progress.step_in(writer, at, input, attempt, detail));
    if let Some(cell) = cell {
        cell.finish();
    }
    if let Some((duty, value)) = kept {
        duty.publish(run, task, value);
    }
    finished
}

/// A started call whose outcome was recorded: it is with the handle before anybody can ask.
pub(super) fn settle_recorded(
    ticket: &Ticket,
    cell: &Arc<Cell>,
    name: &str,
    prepared: Box<Prepared>,
    outcome: Outcome,
) {
    // Without a value its handle waits until the run has stopped.
    if let Some(finished) = replayed(&ticket.scope.run, name, prepared.invocation, outcome) {
        note_failure(ticket, &finished);
        drop(keep(&Some(cell.clone()), finished));
    }
}

/// Upstreams, cache, attempts: `None` when the run stops meanwhile.
async fn compute(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    prepared: &mut Prepared,
    progress: &mut Progress,
) -> Option<End> {
    let mut begins = run.core.clock.now();
    let on_pool = prepared.invocation.is_sync() && !prepared.definition.inline;
    if on_pool || !prepared.is_plain() {
        // It may wait before its first attempt, and is to be seen meanwhile.
        progress.claim(&prepared.options, begins);
    }
    if let Some(error) = prepared.fault.take() {
        return Some(failed(progress, RecordedError::message(error.kind(), error.to_string())));
    }
    if !prepared.options.after.is_empty() {
        if let Some(end) = Box::pin(upstreams(prepared)).await {
            return Some(end);
        }
        begins = run.core.clock.now();
    }
    if prepared.definition.is_flow() {
        // Boxed: a flow may call itself, and a task's future should not have to hold a flow's.
        return flow::compute_child(run, ticket, prepared, progress).await;
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
    let end = attempts(run, ticket, prepared, progress, begins, duty.is_some()).await?;
    Some(End { duty, ..end })
}

/// Waits for the calls that this one comes after; the end of the call when one of them did not succeed.
async fn upstreams(prepared: &mut Prepared) -> Option<End> {
    for upstream in std::mem::take(&mut prepared.options.after) {
        if let Err(reason) = upstream.succeeded().await {
            let recorded = RecordedError::message(ErrorKind::UpstreamFailed, reason);
            let detail = Some(because(recorded.message.clone()));
            let outcome = Outcome::Error(Arc::new(recorded));
            return Some(End { input: TaskInput::Skip, outcome, detail, duty: None });
        }
    }
    None
}

/// The duty to compute, if there is one, or the end that the cache gives.
async fn from_cache(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    progress: &Progress,
) -> Result<Option<Duty>, End> {
    match cached::look_up(run, progress.number, prepared).await {
        Err(error) => Err(failed(progress, RecordedError::message(error.kind(), error.to_string()))),
        Ok(Cached::Compute(duty)) => Ok(duty),
        Ok(Cached::Hit(value)) => {
            let outcome = Outcome::Value(value);
            Err(End { input: TaskInput::Hit, outcome, detail: None, duty: None })
        }
    }
}

/// Attempts until one gives a value or no further one may follow.
async fn attempts(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    prepared: &mut Prepared,
    progress: &mut Progress,
    begins: Timestamp,
    leads: bool,
) -> Option<End> {
    let definition = prepared.definition;
    let on_pool = prepared.invocation.is_sync() && !definition.inline;
    let timeout = prepared.options.timeout.or(definition.timeout);
    let retries = prepared.options.retries.unwrap_or(definition.retries);
    let (mut number, first_start) = match ticket.in_flight() {
        None => (1, begins),
        Some(task) => Box::pin(resumed_at(run, task, begins)).await,
    };
    loop {
        let shares = prepared.parent.as_ref().is_some_and(|parent| parent.has_cpu());
        let permit = if on_pool && !shares { Some(Box::pin(cpu_permit(run, progress)).await) } else { None };
        match progress.number {
            None => progress.claim_and_start(&prepared.options, begins),
            Some(_) if number == 1 && !on_pool => progress.step_at(begins, TaskInput::Start, number, None),
            Some(_) => progress.step(TaskInput::Start, number, None),
        }
        if run.has_unsynced()
            && let Err(stop) = Box::pin(run.make_durable()).await
        {
            run.stop(stop);
            return None;
        }
        let frame = frame_of(run, ticket, prepared, progress, number)?;
        if frame.historic {
            Box::pin(read_journal(run, &frame)).await?;
        }
        if leads {
            frame.hold();
        }
        let (job, _watch) = on_pool.then(|| Job::on_pool(&frame, permit)).unzip();
        let last = number > retries;
        let ended = attempt(&frame, prepared.invocation.as_mut(), last, job, timeout).await;
        let Failure { mut recorded, verdict } = match ended {
            Ended::Value => match prepared.invocation.encode_output() {
                Ok(value) => return Some(completed(value)),
                Err(error) => Failure::for_good(RecordedError::message(ErrorKind::Output, error.to_string())),
            },
            Ended::Failure(failure) => failure,
        };
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
    (task.attempt.max(1), first_start)
}

fn frame_of(
    run: &Arc<RunShared>,
    ticket: &Ticket,
    prepared: &Prepared,
    progress: &Progress,
    attempt: u32,
) -> Option<Arc<Frame>> {
    let definition = prepared.definition;
    let number = progress.number?;
    let span = tracing::info_span!(
        target: "orch", parent: &run.span, "task", task = definition.display_name(), number = number.0, attempt
    );
    let task = TaskFrame { definition, number, key: ticket.key, attempt };
    Some(Frame::of_task(&ticket.scope, prepared.parent.clone(), task, span))
}

/// Reads what the scope that the body will open has been through; `None` stops the run.
async fn read_journal(run: &Arc<RunShared>, frame: &Frame) -> Option<()> {
    run.flush();
    match run.core.store.replay(run.id, run.fence, frame.inner_scope_id()).await {
        Ok(journal) => frame.set_journal(journal),
        Err(error) => {
            run.stop(super::Stop::Store(error));
            return None;
        }
    }
    Some(())
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

/// The outcome that the journal has; `None` when it cannot be read any more, which stops the run: to go on with an
/// error that life did not see would be a guess.
fn replayed(
    run: &RunShared,
    name: &str,
    mut invocation: Pin<Box<dyn Invocation>>,
    outcome: Outcome,
) -> Option<Finished> {
    if let Outcome::Value(value) = &outcome
        && let Err(error) = invocation.as_mut().decode_output(value)
    {
        run.stop(super::Stop::Unreadable(format!(
            "the journal has a result of `{name}` that cannot be used any more: {error}; the run can be resumed by \
             a program whose type is as it was, or be started anew"
        )));
        return None;
    }
    Some(recorded(run, name, invocation, outcome))
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
fn note_failure(ticket: &Ticket, finished: &Finished) {
    if let Err(error) = finished {
        let recorded = error.recorded().cloned();
        let text = || RecordedError::message(error.kind(), error.to_string());
        ticket.set_failure(Some(Arc::new(recorded.unwrap_or_else(text))));
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
