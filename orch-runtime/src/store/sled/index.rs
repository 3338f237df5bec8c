//! What a replay knows of a run's log: which packs tell of which scope, and which task runs have no end. Read once
//! from the log, in one pass, and kept while the run is under way.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashMap;

use super::{
    active::{Active, Slot, Slots},
    by_scope::ByScope,
    db::Fault,
    facts::{BLOCK, Fact, Held, Kept, RecordFact, What},
    keys::{NameId, Place},
    section::Reader,
    shared::Shared,
    trail::Trail,
};
use crate::{
    clock::Timestamp,
    id::{CallKey, ScopeId, TaskNumber},
    state::TaskState,
    store::{Begun, Child, InFlight, Mark},
};

/// Bytes of packs that are kept decoded: scopes that were written together are asked for together.
const DECODED: usize = if cfg!(test) { 4 << 10 } else { 8 << 20 };

/// About what a pack takes in memory beside its entries, and an entry's value beside its bytes.
const PACK: usize = 96;
const VALUE: usize = 32;

/// How far behind its claim the end of a call is looked for in the same pack.
const NEAR: usize = 6;

/// What a pack tells of a scope. Many of these are kept, so they are no larger than they have to be.
pub(super) struct Entry {
    pub(super) key: CallKey,
    pub(super) instance: u64,
    pub(super) number: u32,
    pub(super) task: Option<TaskNumber>,
    pub(super) tells: Tells,
}

/// What is told of a call.
pub(super) enum Tells {
    Outcome(Kept),
    Dropped {
        undone: bool,
    },
    /// When its wait is over.
    Waits(Timestamp),
}

/// What a pack tells of scopes, in the order of the scopes and, within one, of the log.
struct Entries {
    list: Vec<Entry>,
    weight: usize,
}

/// Packs that were decoded, until later ones take their room.
#[derive(Default)]
struct Decoded {
    packs: FxHashMap<u32, Entries>,
    order: VecDeque<u32>,
    weight: usize,
}

#[derive(Default)]
pub(super) struct Index {
    /// Packs read so far.
    read: u32,
    by_scope: ByScope,
    open: Open,
    /// The runs of flows that were called, by the scopes that called them.
    children: BTreeMap<(ScopeId, TaskNumber), Child>,
    /// The task run that a past was last asked for up to, and the pack that tells of its claim.
    end: Option<(TaskNumber, u32)>,
    /// The places of the packs that were looked for last.
    places: (u32, Vec<Place>),
    packs: Reader,
    /// Those of the pack that was read last.
    facts: Vec<Fact>,
    decoded: Decoded,
}

/// Task runs without an end.
#[derive(Default)]
struct Open {
    /// By the scopes that wrote them.
    calls: BTreeMap<(ScopeId, TaskNumber), InFlight>,
    scopes: FxHashMap<TaskNumber, (ScopeId, NameId)>,
}

impl Index {
    /// Takes in what was written since the last time. `see` is shown every entry of it.
    pub(super) fn catch_up(
        &mut self,
        shared: &Shared,
        active: &Active,
        mut see: impl FnMut(&Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let packs = active.written().trail.packs();
        for number in self.read..packs {
            self.facts(shared, active, number)?;
            self.open.take_in(&self.facts, &mut self.children);
            let entries = self.entries();
            entries.list.iter().try_for_each(&mut see)?;
            let scopes = entries.list.chunk_by(|one, other| one.key.scope == other.key.scope);
            let scopes = scopes.map(|of| of[0].key.scope);
            self.by_scope.add(&shared.dir.0, number, scopes)?;
            // The oldest are asked for first, so they are not given up for later ones.
            if self.decoded.weight + entries.weight <= DECODED {
                self.decoded.keep(number, entries);
            }
            self.read = number + 1;
        }
        Ok(())
    }

    /// Shows `see` what the packs that were taken in tell of a scope.
    pub(super) fn of_scope(
        &mut self,
        shared: &Shared,
        active: &Active,
        scope: ScopeId,
        mut see: impl FnMut(&Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for number in self.by_scope.packs(scope)? {
            if let Some(entries) = self.decoded.packs.get(&number) {
                entries.of(scope).iter().try_for_each(&mut see)?;
                continue;
            }
            self.facts(shared, active, number)?;
            let entries = self.entries();
            entries.of(scope).iter().try_for_each(&mut see)?;
            self.decoded.keep(number, entries);
        }
        Ok(())
    }

    /// The same, but only up to the claim of task run `before`.
    pub(super) fn of_scope_before(
        &mut self,
        shared: &Shared,
        active: &Active,
        scope: ScopeId,
        before: TaskNumber,
        mut see: impl FnMut(&Entry) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let end = match self.end {
            Some((task, end)) if task == before => Some(end),
            _ => self.claimed_in(shared, active, before)?,
        };
        // A task run that is not claimed yet may be the next time.
        self.end = end.map(|end| (before, end));
        let packs = self.by_scope.packs(scope)?;
        for number in packs.into_iter().take_while(|number| end.is_none_or(|end| *number <= end)) {
            self.facts(shared, active, number)?;
            let facts = self.facts.drain(..).take_while(|fact| !is_claim_of(fact, before));
            let entries = facts.filter_map(Entry::of).filter(|entry| entry.key.scope == scope);
            entries.into_iter().try_for_each(|entry| see(&entry))?;
        }
        Ok(())
    }

    /// The pack that tells of the claim of a task run.
    fn claimed_in(
        &mut self,
        shared: &Shared,
        active: &Active,
        task: TaskNumber,
    ) -> Result<Option<u32>, Fault> {
        let trail = active.written().trail.clone();
        for number in trail.of_block(&shared.db, active.id, task.0 / BLOCK)? {
            self.facts(shared, active, number)?;
            if self.facts.iter().any(|fact| is_claim_of(fact, task)) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The runs of flows that task runs of a scope called, up to and with task run `last`.
    pub(super) fn children(&self, scope: ScopeId, last: TaskNumber) -> Vec<Child> {
        let called = (scope, TaskNumber(0))..=(scope, last);
        self.children.range(called).map(|(_, child)| *child).collect()
    }

    /// The calls of a scope that have begun and have no end.
    pub(super) fn in_flight(&self, scope: ScopeId) -> Vec<InFlight> {
        let open = (scope, TaskNumber(0))..=(scope, TaskNumber(u32::MAX));
        self.open.calls.range(open).map(|(_, call)| call.clone()).collect()
    }

    /// Where each task run without an end stands.
    pub(super) fn slots(&self) -> Slots {
        let slot = |call: &InFlight| {
            let name = self.open.scopes.get(&call.task).map_or(0, |(_, name)| *name);
            (call.task, Slot { name, attempt: call.attempt, state: call.state })
        };
        self.open.calls.values().map(slot).collect()
    }

    /// Reads the facts of a pack.
    fn facts(&mut self, shared: &Shared, active: &Active, number: u32) -> Result<(), Fault> {
        let place = self.place(shared, active, number)?;
        let mut room = std::mem::take(&mut self.facts);
        room.clear();
        self.facts = self.packs.pack(shared, active.id, number, place, room)?.facts;
        Ok(())
    }

    /// What the facts that were read last tell of scopes.
    fn entries(&mut self) -> Entries {
        let mut list: Vec<Entry> = self.facts.drain(..).filter_map(Entry::of).collect();
        list.sort_by_key(|entry| entry.key.scope);
        let weight = PACK + list.iter().map(Entry::weight).sum::<usize>();
        Entries { list, weight }
    }

    fn place(&mut self, shared: &Shared, active: &Active, number: u32) -> Result<Place, Fault> {
        let of =
            |(first, places): &(u32, Vec<Place>)| places.get(number.checked_sub(*first)? as usize).copied();
        if let Some(place) = of(&self.places) {
            return Ok(place);
        }
        if let Some(place) = active.written().trail.recent(number) {
            return Ok(place);
        }
        self.places = Trail::spilled(&shared.db, active.id, number)?;
        of(&self.places).ok_or_else(|| super::trail::missing(active.id))
    }

    /// How many entries memory holds.
    #[cfg(test)]
    pub(super) fn resident(&self) -> usize {
        let decoded: usize = self.decoded.packs.values().map(|entries| entries.list.len()).sum();
        self.by_scope.resident() + self.open.calls.len() + self.places.1.len() + decoded
    }
}

fn is_claim_of(fact: &Fact, task: TaskNumber) -> bool {
    matches!(&fact.what, What::Claim(claim) if claim.task == task)
}

impl Entry {
    fn of(fact: Fact) -> Option<Self> {
        Some(match fact.what {
            What::Record(record) => {
                let RecordFact { key, instance, number, task, outcome } = *record;
                Self { key, instance, number, task, tells: Tells::Outcome(outcome) }
            }
            What::Dropped(Mark { scope, instance, call, occurrence, undone }) => {
                let key = CallKey { scope, call, occurrence };
                Self { key, instance, number: 0, task: None, tells: Tells::Dropped { undone } }
            }
            What::Begun(Begun { scope, instance, call, occurrence, due }) => {
                let key = CallKey { scope, call, occurrence };
                Self { key, instance, number: 0, task: None, tells: Tells::Waits(due) }
            }
            _ => return None,
        })
    }

    fn weight(&self) -> usize {
        size_of::<Self>()
            + match &self.tells {
                Tells::Outcome(Kept::Value(Held::Here(value))) => VALUE + value.len(),
                Tells::Outcome(Kept::Error(error)) => size_of_val(&**error) + error.message.len(),
                _ => 0,
            }
    }
}

impl Decoded {
    fn keep(&mut self, number: u32, mut entries: Entries) {
        entries.list.shrink_to_fit();
        self.weight += entries.weight;
        self.packs.insert(number, entries);
        self.order.push_back(number);
        while self.weight > DECODED {
            let oldest = self.order.pop_front().and_then(|oldest| self.packs.remove(&oldest));
            let Some(oldest) = oldest else { break };
            self.weight -= oldest.weight;
        }
    }
}

impl Entries {
    /// Those of one scope.
    fn of(&self, scope: ScopeId) -> &[Entry] {
        let rest = &self.list[self.list.partition_point(|entry| entry.key.scope < scope)..];
        &rest[..rest.partition_point(|entry| entry.key.scope == scope)]
    }
}

impl Open {
    /// Takes in the facts of a pack.
    fn take_in(&mut self, facts: &[Fact], children: &mut BTreeMap<(ScopeId, TaskNumber), Child>) {
        // Most calls end in the change in which they begin, and leave nothing here.
        let ends = |rest: &[Fact], wanted: TaskNumber| {
            let end = |what: &What| match what {
                What::Task(task) if task.task == wanted && task.state.is_final() => Some(true),
                What::Child { task, .. } if *task == wanted => Some(false),
                _ => None,
            };
            rest.iter().take(NEAR).find_map(|fact| end(&fact.what)).unwrap_or(false)
        };
        for (nth, fact) in facts.iter().enumerate() {
            match &fact.what {
                What::Claim(claim) if ends(&facts[nth + 1..], claim.task) => {}
                What::Child { task, run } => {
                    let Some(call) = self.call(*task) else { continue };
                    call.child = Some(*run);
                    let CallKey { scope, call, occurrence } = call.key;
                    children.insert((scope, *task), Child { call, occurrence, task: *task, run: *run });
                }
                _ => self.take_in_one(fact),
            }
        }
    }

    fn take_in_one(&mut self, fact: &Fact) {
        match &fact.what {
            What::Claim(claim) => {
                let call = InFlight {
                    task: claim.task,
                    key: claim.key,
                    instance: claim.instance,
                    state: TaskState::Pending,
                    attempt: 0,
                    first_start: None,
                    retry_at: None,
                    child: None,
                };
                self.scopes.insert(claim.task, (claim.key.scope, claim.name));
                self.calls.insert((claim.key.scope, claim.task), call);
            }
            What::Task(task) if task.state.is_final() => {
                if let Some((scope, _)) = self.scopes.remove(&task.task) {
                    self.calls.remove(&(scope, task.task));
                }
            }
            What::Task(task) => {
                let Some(call) = self.call(task.task) else { return };
                call.state = task.state;
                call.attempt = task.attempt;
                match task.state {
                    TaskState::Running => {
                        call.first_start.get_or_insert(fact.at);
                    }
                    TaskState::AwaitingRetry => {
                        let delay = task.detail.as_ref().and_then(|detail| detail.delay);
                        call.retry_at = Some(fact.at.plus(delay.unwrap_or_default()));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, task: TaskNumber) -> Option<&mut InFlight> {
        let (scope, _) = self.scopes.get(&task)?;
        self.calls.get_mut(&(*scope, task))
    }
}
