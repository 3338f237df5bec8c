//! Replaying a run: which of its packs tell of which scope, read from the log once and kept while it runs.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashMap;

use super::{
    active::Active,
    db::Fault,
    facts::{Fact, What},
    shared::Shared,
};
use crate::{
    id::{ScopeId, TaskNumber},
    state::TaskState,
    store::{InFlight, Journal, Record},
};

/// Packs that are kept decoded: scopes that were written together are asked for together.
const DECODED: usize = 8;

/// What is known of a run's packs.
#[derive(Default)]
pub(super) struct Index {
    /// Packs read so far.
    read: u32,
    /// The packs of each scope that hold records, marks or waits.
    scopes: FxHashMap<ScopeId, Vec<u32>>,
    /// Task runs without an end, by the scopes that wrote them.
    open: BTreeMap<(ScopeId, TaskNumber), InFlight>,
    scope_of: FxHashMap<TaskNumber, ScopeId>,
    decoded: VecDeque<(u32, Vec<Fact>)>,
}

impl Index {
    fn take_in(&mut self, number: u32, facts: &[Fact]) {
        for fact in facts {
            match &fact.what {
                What::Record(record) => self.of_scope(record.key.scope, number),
                What::Dropped(mark) => self.of_scope(mark.scope, number),
                What::Begun(begun) => self.of_scope(begun.scope, number),
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
                    }
                }
                What::Submitted(_)
                | What::Taken { .. }
                | What::Change(_)
                | What::Run(_)
                | What::Signal(_)
                | What::SignalTaken(_)
                | What::GivenBack(_)
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
    for number in index.read..trail.packs() {
        let facts = shared.pack(active.id, &trail, number)?.facts;
        index.take_in(number, &facts);
        index.keep(number, facts);
        index.read = number + 1;
    }
    let mut journal = Journal::default();
    for number in index.scopes.get(&scope).cloned().unwrap_or_default() {
        if !index.decoded.iter().any(|(kept, _)| *kept == number) {
            let facts = shared.pack(active.id, &trail, number)?.facts;
            index.keep(number, facts);
        }
        let facts = index.decoded.iter().filter(|(kept, _)| *kept == number).flat_map(|(_, facts)| facts);
        for fact in facts {
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
                What::Begun(begun) if begun.scope == scope => journal.begun.push(*begun),
                _ => {}
            }
        }
    }
    let open = (scope, TaskNumber(0))..=(scope, TaskNumber(u32::MAX));
    journal.in_flight = index.open.range(open).map(|(_, call)| call.clone()).collect();
    Ok(journal)
}
