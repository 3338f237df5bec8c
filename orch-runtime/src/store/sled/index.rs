//! What a replay knows of a run's log: which packs tell of which scope, and which task runs have no end. Read once
//! from the log, in one pass, and kept while the run is under way.

use std::collections::BTreeMap;

use quick_cache::{Weighter, unsync::Cache};
use rustc_hash::FxHashMap;

use super::{
    active::{Active, Slot, Slots},
    by_scope::ByScope,
    db::Fault,
    facts::{Fact, Held, Kept, What},
    keys::{NameId, Place},
    pack,
    shared::Shared,
    trail::Trail,
};
use crate::{
    id::{ScopeId, TaskNumber},
    state::TaskState,
    store::InFlight,
};

/// Bytes of packs that are kept decoded: scopes that were written together are asked for together.
const DECODED: u64 = if cfg!(test) { 4 << 10 } else { 8 << 20 };

/// About what a pack and an entry of it take in memory, beside the value.
const PACK: usize = 96;
const ENTRY: usize = 208;

/// What a pack tells of scopes, in the order of the scopes and, within one, of the log.
pub(super) type Entries = Vec<(ScopeId, What)>;

pub(super) struct Index {
    /// Packs read so far.
    read: u32,
    by_scope: ByScope,
    open: Open,
    /// The places of the packs that were looked for last.
    places: (u32, Vec<Place>),
    decoded: Cache<u32, Entries, Weight>,
}

/// Task runs without an end.
#[derive(Default)]
struct Open {
    /// By the scopes that wrote them.
    calls: BTreeMap<(ScopeId, TaskNumber), InFlight>,
    scopes: FxHashMap<TaskNumber, (ScopeId, NameId)>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<u32, Entries> for Weight {
    fn weight(&self, _: &u32, entries: &Entries) -> u64 {
        let value = |what: &What| match what {
            What::Record(record) => match &record.outcome {
                Kept::Value(Held::Here(value)) => value.len(),
                Kept::Error(error) => size_of_val(&**error) + error.to_string().len(),
                _ => 0,
            },
            _ => 0,
        };
        entries.iter().map(|(_, what)| ENTRY + value(what)).sum::<usize>() as u64 + PACK as u64
    }
}

impl Default for Index {
    fn default() -> Self {
        let decoded = Cache::with_weighter(256, DECODED, Weight);
        Self {
            read: 0,
            by_scope: ByScope::default(),
            open: Open::default(),
            places: (0, Vec::new()),
            decoded,
        }
    }
}

impl Index {
    /// Takes in what was written since the last time. `see` is shown every entry of it.
    pub(super) fn catch_up(
        &mut self,
        shared: &Shared,
        active: &Active,
        mut see: impl FnMut(ScopeId, &What) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let packs = active.written().trail.packs();
        for number in self.read..packs {
            let mut facts = self.facts(shared, active, number)?;
            facts.iter().for_each(|fact| self.open.take_in(fact));
            let entries = entries(&mut facts);
            entries.iter().try_for_each(|(scope, what)| see(*scope, what))?;
            self.by_scope.add(
                &shared.dir.0,
                number,
                entries.chunk_by(|a, b| a.0 == b.0).map(|of| of[0].0),
            )?;
            // The oldest are asked for first, so they are not given up for later ones.
            if self.decoded.weight() + Weight.weight(&number, &entries) <= DECODED {
                self.decoded.insert(number, entries);
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
        mut see: impl FnMut(&What) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for number in self.by_scope.packs(scope)? {
            if let Some(entries) = self.decoded.get(&number) {
                part(entries, scope).iter().try_for_each(|(_, what)| see(what))?;
                continue;
            }
            let entries = entries(&mut self.facts(shared, active, number)?);
            part(&entries, scope).iter().try_for_each(|(_, what)| see(what))?;
            self.decoded.insert(number, entries);
        }
        Ok(())
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

    fn facts(&mut self, shared: &Shared, active: &Active, number: u32) -> Result<Vec<Fact>, Fault> {
        let place = self.place(shared, active, number)?;
        Ok(pack::read(&shared.db, active.id, number, place)?.facts)
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
        let decoded: usize = self.decoded.iter().map(|(_, entries)| entries.len()).sum();
        self.by_scope.resident() + self.open.calls.len() + self.places.1.len() + decoded
    }
}

/// What the facts of a pack tell of scopes.
fn entries(facts: &mut Vec<Fact>) -> Entries {
    let of_scope = |fact: Fact| match &fact.what {
        What::Record(record) => Some((record.key.scope, fact.what)),
        What::Dropped(mark) => Some((mark.scope, fact.what)),
        _ => None,
    };
    let mut entries: Entries = facts.drain(..).filter_map(of_scope).collect();
    entries.sort_by_key(|(scope, _)| *scope);
    entries
}

/// The entries of one scope.
fn part(entries: &Entries, scope: ScopeId) -> &[(ScopeId, What)] {
    let from = entries.partition_point(|(of, _)| *of < scope);
    let rest = &entries[from..];
    &rest[..rest.partition_point(|(of, _)| *of == scope)]
}

impl Open {
    fn take_in(&mut self, fact: &Fact) {
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
            What::Child { task, run } => {
                if let Some(call) = self.call(*task) {
                    call.child = Some(*run);
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
