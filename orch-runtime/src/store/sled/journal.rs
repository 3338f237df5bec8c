//! Replaying a run: which of its packs tell of which scope, read from the log once and kept while it runs.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashMap;

use super::{
    active::Active,
    db::Fault,
    facts::{BLOCK, Fact, What},
    shared::Shared,
    trail::Trail,
};
use crate::{
    id::{CallKey, ScopeId, TaskNumber},
    state::TaskState,
    store::{Child, InFlight, Journal, Record},
};

/// Packs that are kept decoded: scopes that were written together are asked for together.
const DECODED: usize = 8;

/// What is known of a run's packs.
#[derive(Default)]
pub(super) struct Index {
    /// Packs read so far.
    read: u32,
    /// The packs of each scope that hold records or marks.
    scopes: FxHashMap<ScopeId, Vec<u32>>,
    /// Task runs without an end, by the scopes that wrote them.
    open: BTreeMap<(ScopeId, TaskNumber), InFlight>,
    scope_of: FxHashMap<TaskNumber, ScopeId>,
    /// The runs of flows that were called, by the scopes that called them.
    children: BTreeMap<(ScopeId, TaskNumber), Child>,
    /// The task run that was last asked for as the end of a past, and the pack that tells of its claim.
    end: Option<(TaskNumber, Option<u32>)>,
    decoded: VecDeque<(u32, Vec<Fact>)>,
}

impl Index {
    fn take_in(&mut self, number: u32, facts: &[Fact]) {
        for fact in facts {
            match &fact.what {
                What::Record(record) => self.of_scope(record.key.scope, number),
                What::Dropped(mark) => self.of_scope(mark.scope, number),
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
                    self.scope_of.insert(claim.task, claim.key.scope);
                    self.open.insert((claim.key.scope, claim.task), call);
                }
                What::Task(task) => {
                    if task.state.is_final() {
                        if let Some(scope) = self.scope_of.remove(&task.task) {
                            self.open.remove(&(scope, task.task));
                        }
                    } else if let Some(call) = self.open_call(task.task) {
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
                }
                What::Child { task, run } => {
                    if let Some(call) = self.open_call(*task) {
                        call.child = Some(*run);
                        let CallKey { scope, call, occurrence } = call.key;
                        let child = Child { call, occurrence, task: *task, run: *run };
                        self.children.insert((scope, *task), child);
                    }
                }
                What::Submitted(_)
                | What::Taken { .. }
                | What::Reopened { .. }
                | What::Change(_)
                | What::Run(_)
                | What::Released
                | What::Notice { .. } => {}
            }
        }
    }

    fn of_scope(&mut self, scope: ScopeId, number: u32) {
        let packs = self.scopes.entry(scope).or_default();
        if packs.last() != Some(&number) {
            packs.push(number);
        }
    }

    fn open_call(&mut self, task: TaskNumber) -> Option<&mut InFlight> {
        let scope = self.scope_of.get(&task)?;
        self.open.get_mut(&(*scope, task))
    }

    fn keep(&mut self, number: u32, facts: Vec<Fact>) {
        if self.decoded.len() == DECODED {
            self.decoded.pop_front();
        }
        self.decoded.push_back((number, facts));
    }
}

/// The journal of one scope.
pub(super) fn journal(shared: &Shared, active: &Active, scope: ScopeId) -> Result<Journal, Fault> {
    let trail = active.written().trail.clone();
    let mut index = active.index.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let index = &mut *index;
    index.read_on(shared, active, &trail)?;
    let mut journal = index.records(shared, active, &trail, scope, None)?;
    let open = (scope, TaskNumber(0))..=(scope, TaskNumber(u32::MAX));
    journal.in_flight = index.open.range(open.clone()).map(|(_, call)| call.clone()).collect();
    journal.children = index.children.range(open).map(|(_, child)| *child).collect();
    Ok(journal)
}

/// What was in the journal of one scope when the run had `before` task runs.
pub(super) fn past(
    shared: &Shared,
    active: &Active,
    scope: ScopeId,
    before: TaskNumber,
) -> Result<Journal, Fault> {
    let trail = active.written().trail.clone();
    let mut index = active.index.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let index = &mut *index;
    index.read_on(shared, active, &trail)?;
    let end = match index.end {
        Some((task, end)) if task == before => end,
        _ => claimed_in(shared, active, &trail, before)?,
    };
    // What is not claimed yet may be the next time.
    index.end = end.map(|end| (before, Some(end)));
    let mut journal = index.records(shared, active, &trail, scope, end.map(|end| (end, before)))?;
    journal.dropped.clear();
    let called = (scope, TaskNumber(0))..=(scope, before);
    journal.children = index.children.range(called).map(|(_, child)| *child).collect();
    Ok(journal)
}

/// The pack that tells of the claim of a task run.
fn claimed_in(
    shared: &Shared,
    active: &Active,
    trail: &Trail,
    task: TaskNumber,
) -> Result<Option<u32>, Fault> {
    for number in trail.of_block(&shared.db, active.id, task.0 / BLOCK)? {
        if shared.pack(active.id, trail, number)?.facts.iter().any(|fact| is_claim_of(fact, task)) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

fn is_claim_of(fact: &Fact, task: TaskNumber) -> bool {
    matches!(&fact.what, What::Claim(claim) if claim.task == task)
}

impl Index {
    /// Reads what was written since.
    fn read_on(&mut self, shared: &Shared, active: &Active, trail: &Trail) -> Result<(), Fault> {
        for number in self.read..trail.packs() {
            let facts = shared.pack(active.id, trail, number)?.facts;
            self.take_in(number, &facts);
            self.keep(number, facts);
            self.read = number + 1;
        }
        Ok(())
    }

    /// Records and marks of a scope, up to the claim of a task run in the given pack.
    fn records(
        &mut self,
        shared: &Shared,
        active: &Active,
        trail: &Trail,
        scope: ScopeId,
        end: Option<(u32, TaskNumber)>,
    ) -> Result<Journal, Fault> {
        let mut journal = Journal::default();
        let mut packs = self.scopes.get(&scope).cloned().unwrap_or_default();
        packs.retain(|number| end.is_none_or(|(end, _)| *number <= end));
        for number in packs {
            if !self.decoded.iter().any(|(kept, _)| *kept == number) {
                let facts = shared.pack(active.id, trail, number)?.facts;
                self.keep(number, facts);
            }
            let facts = self.decoded.iter().filter(|(kept, _)| *kept == number).flat_map(|(_, facts)| facts);
            let ends =
                |fact: &&Fact| end.is_some_and(|(pack, task)| number == pack && is_claim_of(fact, task));
            for fact in facts.take_while(|fact| !ends(fact)) {
                match &fact.what {
                    What::Record(record) if record.key.scope == scope => journal.records.push(Record {
                        scope,
                        instance: record.instance,
                        number: record.number,
                        call: record.key.call,
                        occurrence: record.key.occurrence,
                        task: record.task,
                        outcome: shared.outcome(&record.outcome)?,
                    }),
                    What::Dropped(mark) if mark.scope == scope => journal.dropped.push(*mark),
                    _ => {}
                }
            }
        }
        Ok(journal)
    }
}
