//! Facts to bytes, on the thread that commits.
//!
//! A fact is a byte (its kind in the low half, marks in the high half), the time since the fact before it (since
//! 1970 for those that begin a change), and what it tells. Whoever changes this raises the store's format.

use super::{
    blobs::{BLOB_OVER, BlobId},
    facts::{BLOCK, Fact, Held, Kept, KeptSignal, Origin, What},
    keys::NameId,
    wire::{Code, Out},
};
use crate::{
    clock::Timestamp,
    codec::Bytes,
    error::RecordedError,
    id::{CallKey, ScopeId, TaskNumber},
    store::{Address, Labels, Record, Reruns, Stamped, StartedBy, Step, TaskClaim},
};

pub(super) const SUBMITTED: u8 = 0;
pub(super) const TAKEN: u8 = 1;
pub(super) const CHANGE: u8 = 2;
pub(super) const RUN: u8 = 3;
pub(super) const CLAIM: u8 = 4;
pub(super) const TASK: u8 = 5;
pub(super) const CHILD: u8 = 6;
pub(super) const RECORD: u8 = 7;
pub(super) const DROPPED: u8 = 8;
pub(super) const NOTICE: u8 = 9;
pub(super) const BEGUN: u8 = 10;
pub(super) const SIGNAL: u8 = 11;
pub(super) const SIGNAL_TAKEN: u8 = 12;
pub(super) const GIVEN_BACK: u8 = 13;
pub(super) const REOPENED: u8 = 14;
pub(super) const RELEASED: u8 = 15;

/// The scope is the run's own body.
pub(super) const IN_ROOT: u8 = 0x10;
/// A claim with labels; a task run's state with a detail; a record of a task run; a dropped call that gave back what
/// it had taken.
pub(super) const WITH: u8 = 0x20;
/// A claim with the text of its input.
pub(super) const WITH_INPUT: u8 = 0x40;
/// A record whose key is that of the claim of its task run, which stands before it in the same change.
pub(super) const AS_CLAIMED: u8 = 0x40;
/// A claim of a flow.
pub(super) const FLOW: u8 = 0x80;

/// How far back the claim of a record may stand.
pub(super) const NEAR: usize = 8;

/// Facts in bytes, with what the writer has to know about them.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) events: u64,
    /// The blocks of task runs that are changed, each once, in no order.
    pub(super) blocks: Vec<u32>,
    /// Values that have to lie in files of their own before these facts hold.
    pub(super) large: Vec<(BlobId, Bytes)>,
}

/// Turns facts into bytes.
#[derive(Default)]
pub(super) struct Encoder {
    out: Out,
    at: u64,
    events: u64,
    blocks: Vec<u32>,
    large: Vec<(BlobId, Bytes)>,
}

impl Encoder {
    pub(super) fn finish(self) -> Encoded {
        Encoded { bytes: self.out.0, events: self.events, blocks: self.blocks, large: self.large }
    }

    /// A fact that is no step of a change.
    pub(super) fn fact(&mut self, fact: &Fact) {
        self.events += fact.what.events();
        match &fact.what {
            What::Submitted(origin) => {
                self.head(SUBMITTED, fact.at);
                write_origin(&mut self.out, origin);
            }
            What::Taken { fence, state, attempt } => {
                self.head(TAKEN, fact.at);
                self.out.uint(fence.0);
                self.out.code(*state);
                self.out.uint(u64::from(*attempt));
            }
            What::Signal(fact_of) => {
                self.head(SIGNAL, fact.at);
                self.out.uint(fact_of.number);
                write_signal(&mut self.out, &fact_of.signal);
            }
            What::Reopened { attempt } => {
                self.head(REOPENED, fact.at);
                self.out.uint(u64::from(*attempt));
            }
            // The rest comes as steps.
            _ => {}
        }
    }

    /// Where a value is kept.
    pub(super) fn hold(&mut self, value: &Bytes) -> Held {
        if value.len() <= BLOB_OVER {
            return Held::Here(value.clone());
        }
        let id = BlobId::of(value);
        self.large.push((id, value.clone()));
        Held::Blob(id)
    }

    /// A change. `intern` gives a definition's name its number, `name_of` knows those of task runs from before.
    pub(super) fn change(
        &mut self,
        number: u64,
        steps: &[Stamped],
        mut intern: impl FnMut(&TaskClaim) -> NameId,
        name_of: impl Fn(TaskNumber) -> NameId,
    ) {
        let mut claimed: Vec<(TaskNumber, NameId)> = Vec::new();
        self.head(CHANGE, steps.first().map_or(Timestamp::from_micros(self.at), |first| first.at));
        self.out.uint(number);
        for (position, Stamped { at, step }) in steps.iter().enumerate() {
            match step {
                Step::Run { expect: _, state, attempt, reason, outcome } => {
                    self.events += 1;
                    self.head(RUN, *at);
                    self.out.code(*state);
                    self.out.uint(u64::from(*attempt));
                    self.out.maybe(reason.as_deref(), Out::text);
                    let outcome = outcome.as_ref().map(|outcome| Kept::of(outcome, |value| self.hold(value)));
                    self.out.maybe(outcome.as_ref(), write_outcome);
                }
                Step::Claim(claim) => {
                    self.events += 1;
                    let name = intern(claim);
                    claimed.push((claim.task, name));
                    self.block(claim.task);
                    self.claim(*at, claim, name);
                }
                Step::Task { task, expect: (from, _), state, attempt, detail } => {
                    self.events += 1;
                    self.block(*task);
                    let known = claimed.iter().rev().find(|(known, _)| known == task);
                    let name = known.map_or_else(|| name_of(*task), |(_, name)| *name);
                    self.head(TASK | if detail.is_some() { WITH } else { 0 }, *at);
                    self.out.uint(u64::from(task.0));
                    self.out.uint(u64::from(name));
                    // There are fewer than 16 states.
                    self.out.byte(from.code() | state.code() << 4);
                    self.out.uint(u64::from(*attempt));
                    if let Some(detail) = detail {
                        self.out.maybe(detail.reason.as_deref(), Out::text);
                        self.out.maybe(detail.delay, |out, delay| {
                            out.uint(delay.as_secs());
                            out.uint(u64::from(delay.subsec_nanos()));
                        });
                    }
                }
                Step::Child { task, run } => {
                    self.block(*task);
                    self.head(CHILD, *at);
                    self.out.uint(u64::from(task.0));
                    self.out.raw(run.as_uuid().as_bytes());
                }
                Step::Record(record) => {
                    let near = &steps[position.saturating_sub(NEAR)..position];
                    self.record(*at, record, near);
                }
                Step::Dropped(mark) => {
                    let undone = if mark.undone { WITH } else { 0 };
                    self.head(DROPPED | in_root(mark.scope) | undone, *at);
                    self.key(CallKey { scope: mark.scope, call: mark.call, occurrence: mark.occurrence });
                    self.out.uint(mark.instance);
                }
                Step::Begun(begun) => {
                    self.head(BEGUN | in_root(begun.scope), *at);
                    self.key(CallKey { scope: begun.scope, call: begun.call, occurrence: begun.occurrence });
                    self.out.uint(begun.instance);
                    self.out.uint(begun.due.as_micros());
                }
                Step::Taken(number) => {
                    self.head(SIGNAL_TAKEN, *at);
                    self.out.uint(*number);
                }
                Step::GivenBack(signal) => {
                    self.head(GIVEN_BACK, *at);
                    self.out.uint(signal.number);
                    let value = self.hold(&signal.value);
                    let (to, type_name) = (signal.to.clone(), signal.type_name.clone());
                    write_signal(&mut self.out, &KeptSignal { to, type_name, value, at: signal.at });
                }
                Step::Released => self.head(RELEASED, *at),
                Step::Notice { task, notice, text } => {
                    self.events += 1;
                    self.head(NOTICE, *at);
                    self.out.maybe(*task, |out, task| out.uint(u64::from(task.0)));
                    self.out.code(*notice);
                    self.out.text(text);
                }
            }
        }
    }

    fn claim(&mut self, at: Timestamp, claim: &TaskClaim, name: NameId) {
        let labels = if claim.labels.is_some() { WITH } else { 0 };
        let flow = if claim.kind.code() == 1 { FLOW } else { 0 };
        let input = claim.input.as_ref().map(ToString::to_string);
        let with_input = if input.is_some() { WITH_INPUT } else { 0 };
        self.head(CLAIM | in_root(claim.key.scope) | labels | with_input | flow, at);
        self.out.uint(u64::from(claim.task.0));
        self.key(claim.key);
        self.out.uint(claim.instance);
        self.out.uint(u64::from(name));
        if let Some(labels) = &claim.labels {
            write_labels(&mut self.out, labels);
        }
        if let Some(input) = &input {
            self.out.text(input);
        }
    }

    fn record(&mut self, at: Timestamp, record: &Record, near: &[Stamped]) {
        let key = CallKey { scope: record.scope, call: record.call, occurrence: record.occurrence };
        let as_claimed = near.iter().any(|near| match &near.step {
            Step::Claim(claim) => Some(claim.task) == record.task && claim.key == key,
            _ => false,
        });
        let of_task = if record.task.is_some() { WITH } else { 0 };
        let place = if as_claimed { AS_CLAIMED } else { in_root(record.scope) };
        self.head(RECORD | of_task | place, at);
        if let Some(task) = record.task {
            self.out.uint(u64::from(task.0));
        }
        if !as_claimed {
            self.key(key);
        }
        self.out.uint(record.instance);
        self.out.uint(u64::from(record.number));
        let kept = Kept::of(&record.outcome, |value| self.hold(value));
        write_outcome(&mut self.out, &kept);
    }

    fn head(&mut self, kind: u8, at: Timestamp) {
        self.out.byte(kind);
        if matches!(kind, SUBMITTED | TAKEN | CHANGE | SIGNAL | REOPENED) {
            // What was encoded by itself stands by itself.
            self.at = 0;
        }
        // Differences wrap, so that every pair of times has one.
        self.out.int(at.as_micros().wrapping_sub(self.at) as i64);
        self.at = at.as_micros();
    }

    fn key(&mut self, key: CallKey) {
        if key.scope != ScopeId::ROOT {
            self.out.wide(key.scope.0);
        }
        self.out.wide(key.call);
        self.out.uint(u64::from(key.occurrence));
    }

    fn block(&mut self, task: TaskNumber) {
        let block = task.0 / BLOCK;
        if !self.blocks.contains(&block) {
            self.blocks.push(block);
        }
    }
}

fn in_root(scope: ScopeId) -> u8 {
    if scope == ScopeId::ROOT { IN_ROOT } else { 0 }
}

fn write_labels(out: &mut Out, labels: &Labels) {
    out.maybe(labels.label.as_deref(), Out::text);
    out.uint(labels.tags.len() as u64);
    labels.tags.iter().for_each(|tag| out.text(tag));
}

pub(super) fn write_origin(out: &mut Out, origin: &Origin) {
    let Origin {
        name,
        given_id,
        kind,
        body_hash,
        input,
        label,
        tags,
        trigger,
        parent,
        reruns,
        started_by,
        waits,
        created,
    } = origin;
    out.uint(u64::from(*name));
    out.maybe(given_id.as_deref(), Out::text);
    out.code(*kind);
    out.raw(&body_hash.to_le_bytes());
    write_held(out, input);
    out.maybe(label.as_deref(), Out::text);
    out.uint(tags.len() as u64);
    tags.iter().for_each(|tag| out.text(tag));
    out.code(*trigger);
    out.maybe(*parent, |out, (run, task)| {
        out.raw(run.as_uuid().as_bytes());
        out.uint(u64::from(task.0));
    });
    out.maybe(reruns.as_deref(), |out, Reruns { run, from, keys }| {
        out.raw(run.as_uuid().as_bytes());
        out.uint(from.len() as u64);
        from.iter().for_each(|task| out.uint(u64::from(task.0)));
        out.raw(keys.as_uuid().as_bytes());
    });
    out.maybe(started_by.as_deref(), |out, StartedBy { starter, tick, run, detail }| {
        out.text(starter);
        out.maybe(*tick, |out, tick| out.uint(tick.as_micros()));
        out.maybe(*run, |out, run| out.raw(run.as_uuid().as_bytes()));
        out.maybe(detail.as_deref(), Out::text);
    });
    out.byte(u8::from(*waits));
    out.uint(created.as_micros());
}

fn write_held(out: &mut Out, held: &Held) {
    match held {
        Held::Here(value) => {
            out.uint((value.len() as u64) << 1);
            out.raw(value);
        }
        Held::Blob(id) => {
            out.uint(1);
            out.raw(&id.0);
        }
    }
}

pub(super) fn write_signal(out: &mut Out, signal: &KeptSignal) {
    let KeptSignal { to, type_name, value, at } = signal;
    match to {
        Address::Name(name) => {
            out.byte(0);
            out.text(name);
        }
        Address::Task(task) => {
            out.byte(1);
            out.uint(u64::from(task.0));
        }
    }
    out.text(type_name);
    write_held(out, value);
    out.uint(at.as_micros());
}

pub(super) fn write_outcome(out: &mut Out, outcome: &Kept) {
    match outcome {
        Kept::Value(held) => {
            out.byte(0);
            write_held(out, held);
        }
        Kept::Error(error) => {
            out.byte(1);
            write_error(out, error);
        }
        Kept::End => out.byte(2),
    }
}

/// An error and its sources, one after the other.
fn write_error(out: &mut Out, error: &RecordedError) {
    let mut next = Some(error);
    while let Some(error) = next {
        let RecordedError { kind, type_name, message, source, place, run, attempt, typed } = error;
        out.code(*kind);
        out.text(type_name);
        out.text(message);
        out.maybe(place.as_deref(), Out::text);
        out.maybe(*run, |out, run| out.raw(run.as_uuid().as_bytes()));
        out.uint(u64::from(*attempt));
        out.maybe(typed.as_deref(), Out::bytes);
        out.byte(u8::from(source.is_some()));
        next = source.as_deref();
    }
}
