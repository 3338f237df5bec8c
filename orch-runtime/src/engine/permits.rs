//! The permits of an attempt, and of a run whose flow has `max_concurrent`.

use std::sync::Arc;

use super::{
    Frame, RunShared,
    prepared::Prepared,
    progress::{Progress, because},
    task::{End, failed},
};
use crate::{
    definition::Definition,
    error::{ErrorKind, RecordedError},
    limits::{Amount, Asked, CPU, Permit, PoolName, Refusal, Taken, Who},
    state::{RunInput, TaskInput, TaskState},
};

/// What an attempt holds for as long as it lasts.
pub(super) struct Held {
    _own: Arc<Permit>,
    /// For the thread of a synchronous body, which may last longer.
    pub(super) cpu: Option<Arc<Permit>>,
}

impl Held {
    /// The permits of a body, which those that it calls share from now on.
    pub(super) fn by(frame: &Frame, mut permit: Permit, on_pool: bool) -> Self {
        let cpu = on_pool.then(|| Arc::new(permit.take_cpu()));
        let own = Arc::new(permit);
        frame.hold_permits(std::iter::once(&own).chain(&cpu));
        Self { _own: own, cpu }
    }
}

/// Takes all that an attempt needs, and waits for it where it is not there. A refusal is the end of the task run.
pub(super) async fn of_attempt(
    run: &Arc<RunShared>,
    prepared: &mut Prepared,
    progress: &mut Progress,
    attempt: u32,
) -> Result<Permit, End> {
    let definition = prepared.definition;
    let who = Who { name: progress.name(), run: run.id, task: progress.number(), attempt };
    let taken = pools(prepared, attempt).and_then(|pools| {
        let above = prepared.parent.as_ref().map(|parent| parent.permits()).unwrap_or_default();
        // A task outside any flow that is taken up has no caller who would say whose call it is.
        let key = definition.limited_per_key.then(|| prepared.options().limit_key.unwrap_or_default());
        let (rate, priority) = (definition.rate, definition.priority);
        run.core.limits.take(Asked {
            of: address(definition),
            pools,
            rate,
            key,
            priority,
            above: &above,
            who,
        })
    });
    let waits = match taken {
        Ok(Taken::Permit(permit)) => return Ok(permit),
        Ok(Taken::Later(waits, reason)) => {
            // It may have waited in the process before this one, and goes on with it.
            if !matches!(progress.state(), TaskState::Running | TaskState::AwaitingPermit) {
                progress.step(TaskInput::Wait, progress.attempt(), Some(because(reason)));
            }
            run.flush();
            waits
        }
        Err(refusal) => return Err(refused(progress, &refusal)),
    };
    waits.await.map_err(|refusal| refused(progress, &refusal))
}

fn address(definition: &'static Definition) -> usize {
    std::ptr::from_ref(definition).addr()
}

fn pools(prepared: &Prepared, attempt: u32) -> Result<Vec<(PoolName, u64)>, Refusal> {
    let needs = prepared.definition.needs;
    let mut pools = Vec::with_capacity(needs.len() + 1);
    for need in needs {
        let permits = match need.amount {
            Amount::Fixed(permits) => Ok(permits),
            Amount::ByAttempt(permits) => permits(u64::from(attempt)),
        };
        let no_number = |fault| Refusal::NoNumber { pool: need.pool.to_owned(), fault };
        pools.push((PoolName::Named(need.pool), permits.map_err(no_number)?));
    }
    if prepared.is_on_pool() && needs.iter().all(|need| need.pool != CPU) {
        pools.push((PoolName::Named(CPU), 1));
    }
    Ok(pools)
}

fn refused(progress: &mut Progress, refusal: &Refusal) -> End {
    if progress.state() == TaskState::AwaitingRetry {
        progress.step(TaskInput::Wait, progress.attempt(), None);
    }
    failed(progress, RecordedError::message(ErrorKind::Limit, refusal.to_string()))
}

/// Takes the place of a run among those of its flow that execute at once, and waits for one where there is none.
pub(super) async fn of_run(
    run: &Arc<RunShared>,
    definition: &'static Definition,
    parent: Option<&Arc<Frame>>,
) -> Result<Option<Arc<Permit>>, RecordedError> {
    let Some(most) = definition.max_concurrent else { return Ok(None) };
    let refused = |refusal: Refusal| RecordedError::message(ErrorKind::Limit, refusal.to_string());
    let who = Who { name: run.name, run: run.id, task: None, attempt: run.writer().attempt };
    let asked = Asked {
        of: address(definition),
        pools: vec![(PoolName::Runs(run.name, most), 1)],
        rate: None,
        key: None,
        priority: 0,
        above: &parent.map(|parent| parent.permits()).unwrap_or_default(),
        who,
    };
    let permit = match run.core.limits.take(asked).map_err(refused)? {
        Taken::Permit(permit) => permit,
        Taken::Later(waits, reason) => {
            let step = |input, reason| run.buffer(|writer, at| run.step_run(writer, at, input, reason, None));
            step(RunInput::Suspend, Some(reason));
            run.flush();
            let permit = waits.await;
            step(RunInput::Wake, None);
            permit.map_err(refused)?
        }
    };
    Ok(Some(Arc::new(permit)))
}
