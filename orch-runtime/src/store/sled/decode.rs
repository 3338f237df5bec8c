//! Bytes to facts.

use std::{sync::Arc, time::Duration};

use super::{
    blobs::BlobId,
    encode::{
        AS_CLAIMED, BEGUN, CHANGE, CHILD, CLAIM, DROPPED, FLOW, GIVEN_BACK, IN_ROOT, NEAR, NOTICE, RECORD,
        RELEASED, REOPENED, RUN, SIGNAL, SIGNAL_TAKEN, SUBMITTED, TAKEN, TASK, WITH, WITH_INPUT,
    },
    facts::{
        ClaimFact, Fact, Held, Kept, KeptSignal, Origin, RecordFact, RunFact, SignalFact, TaskFact, What,
    },
    wire::{Damaged, In},
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    definition::DefinitionKind,
    error::RecordedError,
    id::{CallKey, RunId, ScopeId, TaskNumber},
    store::{Address, Begun, Fence, Labels, Mark, Reruns, StartedBy, TaskDetail},
};

/// Reads all facts.
pub(super) fn facts(bytes: &[u8], facts: &mut Vec<Fact>) -> Result<(), Damaged> {
    let mut read = In(bytes);
    let mut at = 0;
    while !read.is_empty() {
        let fact = fact(&mut read, &mut at, facts)?;
        facts.push(fact);
    }
    Ok(())
}

fn fact(read: &mut In<'_>, at: &mut u64, before: &[Fact]) -> Result<Fact, Damaged> {
    let head = read.byte()?;
    let kind = head & 0x0f;
    if matches!(kind, SUBMITTED | TAKEN | CHANGE | SIGNAL | REOPENED) {
        *at = 0;
    }
    *at = at.wrapping_add(read.int()? as u64);
    let what = match kind {
        SUBMITTED => What::Submitted(Box::new(origin(read)?)),
        TAKEN => What::Taken { fence: Fence(read.uint()?), state: read.code()?, attempt: read.small()? },
        REOPENED => What::Reopened { attempt: read.small()? },
        CHANGE => What::Change(read.uint()?),
        RUN => What::Run(Box::new(RunFact {
            state: read.code()?,
            attempt: read.small()?,
            reason: read.maybe(owned)?,
            outcome: read.maybe(outcome)?,
        })),
        CLAIM => What::Claim(Box::new(ClaimFact {
            task: task(read)?,
            key: key(read, head)?,
            instance: read.uint()?,
            name: read.small()?,
            kind: if head & FLOW != 0 { DefinitionKind::Flow } else { DefinitionKind::Task },
            labels: if head & WITH != 0 { Some(labels(read)?) } else { None },
            input: if head & WITH_INPUT != 0 { Some(owned(read)?) } else { None },
        })),
        TASK => {
            let (task, name, states) = (task(read)?, read.small()?, read.byte()?);
            What::Task(TaskFact {
                task,
                name,
                from: In(&[states & 0x0f]).code()?,
                state: In(&[states >> 4]).code()?,
                attempt: read.small()?,
                detail: if head & WITH != 0 { Some(Box::new(detail(read)?)) } else { None },
            })
        }
        CHILD => What::Child { task: task(read)?, run: run(read)? },
        RECORD => What::Record(Box::new(record(read, head, before)?)),
        DROPPED => {
            let key = key(read, head)?;
            What::Dropped(Mark {
                scope: key.scope,
                instance: read.uint()?,
                call: key.call,
                occurrence: key.occurrence,
                undone: head & WITH != 0,
            })
        }
        BEGUN => {
            let CallKey { scope, call, occurrence } = key(read, head)?;
            let (instance, due) = (read.uint()?, Timestamp::from_micros(read.uint()?));
            What::Begun(Begun { scope, instance, call, occurrence, due })
        }
        SIGNAL => What::Signal(Box::new(SignalFact { number: read.uint()?, signal: signal(read)? })),
        SIGNAL_TAKEN => What::SignalTaken(read.uint()?),
        GIVEN_BACK => What::GivenBack(Box::new(SignalFact { number: read.uint()?, signal: signal(read)? })),
        RELEASED => What::Released,
        NOTICE => What::Notice { task: read.maybe(task)?, notice: read.code()?, text: owned(read)? },
        _ => return Err(Damaged("it tells of something unknown")),
    };
    Ok(Fact { at: Timestamp::from_micros(*at), what })
}

fn record(read: &mut In<'_>, head: u8, before: &[Fact]) -> Result<RecordFact, Damaged> {
    let task = if head & WITH != 0 { Some(task(read)?) } else { None };
    let key = if head & AS_CLAIMED != 0 {
        let claimed = before.iter().rev().take(NEAR).find_map(|fact| match &fact.what {
            What::Claim(claim) if Some(claim.task) == task => Some(claim.key),
            _ => None,
        });
        claimed.ok_or(Damaged("the claim of a record is missing"))?
    } else {
        key(read, head)?
    };
    let (instance, number) = (read.uint()?, read.small()?);
    Ok(RecordFact { key, instance, number, task, outcome: outcome(read)? })
}

fn key(read: &mut In<'_>, head: u8) -> Result<CallKey, Damaged> {
    let scope = if head & IN_ROOT != 0 { ScopeId::ROOT } else { ScopeId(read.wide()?) };
    Ok(CallKey { scope, call: read.wide()?, occurrence: read.small()? })
}

fn owned(read: &mut In<'_>) -> Result<String, Damaged> {
    read.text().map(str::to_owned)
}

fn task(read: &mut In<'_>) -> Result<TaskNumber, Damaged> {
    read.small().map(TaskNumber)
}

fn run(read: &mut In<'_>) -> Result<RunId, Damaged> {
    read.array().map(RunId::from_bytes)
}

fn labels(read: &mut In<'_>) -> Result<Labels, Damaged> {
    let label = read.maybe(owned)?;
    let tags = (0..read.uint()?).map(|_| Ok(owned(read)?.into())).collect::<Result<_, Damaged>>()?;
    Ok(Labels { label, tags })
}

fn detail(read: &mut In<'_>) -> Result<TaskDetail, Damaged> {
    let reason = read.maybe(owned)?;
    let delay = read.maybe(|read| {
        let (seconds, nanos) = (read.uint()?, read.small()?);
        if nanos >= 1_000_000_000 {
            return Err(Damaged("a time is too long"));
        }
        Ok(Duration::new(seconds, nanos))
    })?;
    Ok(TaskDetail { reason, delay })
}

pub(super) fn signal(read: &mut In<'_>) -> Result<KeptSignal, Damaged> {
    Ok(KeptSignal {
        to: match read.byte()? {
            0 => Address::Name(owned(read)?),
            1 => Address::Task(task(read)?),
            _ => return Err(Damaged("a signal is for something unknown")),
        },
        type_name: owned(read)?.into(),
        value: held(read)?,
        at: Timestamp::from_micros(read.uint()?),
    })
}

pub(super) fn origin(read: &mut In<'_>) -> Result<Origin, Damaged> {
    Ok(Origin {
        name: read.small()?,
        given_id: read.maybe(owned)?,
        kind: read.code()?,
        body_hash: u64::from_le_bytes(read.array()?),
        input: held(read)?,
        label: read.maybe(owned)?,
        tags: (0..read.uint()?).map(|_| owned(read)).collect::<Result<_, Damaged>>()?,
        trigger: read.code()?,
        parent: read.maybe(|read| Ok((run(read)?, task(read)?)))?,
        reruns: read.maybe(reruns)?.map(Box::new),
        started_by: read.maybe(started_by)?.map(Box::new),
        waits: read.byte()? != 0,
        created: Timestamp::from_micros(read.uint()?),
    })
}

fn reruns(read: &mut In<'_>) -> Result<Reruns, Damaged> {
    Ok(Reruns {
        run: run(read)?,
        from: (0..read.uint()?).map(|_| task(read)).collect::<Result<_, Damaged>>()?,
        keys: run(read)?,
    })
}

fn started_by(read: &mut In<'_>) -> Result<StartedBy, Damaged> {
    Ok(StartedBy {
        starter: owned(read)?,
        tick: read.maybe(|read| read.uint().map(Timestamp::from_micros))?,
        run: read.maybe(run)?,
        detail: read.maybe(owned)?,
    })
}

fn held(read: &mut In<'_>) -> Result<Held, Damaged> {
    let length = read.uint()?;
    if length == 1 {
        return read.array().map(|id| Held::Blob(BlobId(id)));
    }
    let length = usize::try_from(length >> 1).map_err(|_| Damaged("a length is too large"))?;
    Ok(Held::Here(Bytes::from(read.raw(length)?)))
}

pub(super) fn outcome(read: &mut In<'_>) -> Result<Kept, Damaged> {
    Ok(match read.byte()? {
        0 => Kept::Value(held(read)?),
        1 => Kept::Error(Arc::new(error(read)?)),
        2 => Kept::End,
        _ => return Err(Damaged("an outcome is unknown")),
    })
}

/// The errors come from the outermost to the innermost, and are put together the other way round.
fn error(read: &mut In<'_>) -> Result<RecordedError, Damaged> {
    let mut chain = Vec::new();
    loop {
        chain.push(RecordedError {
            kind: read.code()?,
            type_name: owned(read)?,
            message: owned(read)?,
            source: None,
            place: read.maybe(owned)?,
            run: read.maybe(run)?,
            attempt: read.small()?,
            typed: read.maybe(|read| read.bytes().map(Bytes::from))?,
        });
        if read.byte()? == 0 {
            break;
        }
    }
    let mut inner = None;
    while let Some(mut outer) = chain.pop() {
        outer.source = inner.map(Box::new);
        inner = Some(outer);
    }
    inner.ok_or(Damaged("an error is missing"))
}
