//! What changes a store: submissions, claims, commits. Each is decided here, on the caller's thread, and put in
//! line for the writer before the run's lock is released.

use std::sync::Arc;

use super::{
    ack::{Acked, ack},
    active::{Active, Live, Slot, ended_row},
    actor::Need,
    builder::SyncMode,
    encode::Encoder,
    facts::{Fact, Kept, KeptSignal, Origin, SignalFact, What},
    shared::{End, Item, RunItem},
    standing::{Standing, Told},
    starters::Rows,
    store::SledStore,
};
use crate::{
    clock::Timestamp,
    id::{RunId, TaskNumber},
    state::TaskState,
    store::{
        Address, Change, Claim, Claimed, Commit, Committed, Durability, Fence, NewRun, NewSignal, Posted,
        Run, Signal, Stamped, Step, StoreError, Submitted, WorkerId, check::check,
    },
};

/// What to wait for, where there is something.
pub(super) type Waiting = Option<Acked<End>>;

/// A claim that is in line.
pub(super) struct Claiming {
    run: Run,
    fence: Fence,
    next_task: u32,
    first_attempt: u32,
    active: Arc<Active>,
    acked: Waiting,
}

impl SledStore {
    /// A run that can be written to.
    fn run_to_write(&self, run: RunId) -> Result<Option<Arc<Active>>, StoreError> {
        self.shared.healthy()?;
        self.shared.runs.get_or_read(&self.shared.db, run).map_err(|fault| self.shared.unreadable(fault))
    }

    /// What a commit has to wait for.
    fn waits(&self, durability: Durability) -> bool {
        durability == Durability::Durable && self.mode != SyncMode::Relaxed
    }

    pub(super) fn change(&self, change: Change, durability: Durability) -> Result<Commit, StoreError> {
        self.shared.queue.wait_for_room();
        loop {
            let Some(active) = self.run_to_write(change.run)? else {
                return Err(StoreError::new(format!("run {} is not in this store", change.run)));
            };
            let mut live = active.live();
            if live.gone {
                continue;
            }
            if live.standing.fence != change.fence {
                return Ok(Commit::ready(Ok(Committed::Fenced)));
            }
            if change.number <= live.standing.applied {
                drop(live);
                return self.already_mine(durability);
            }
            let live = &mut *live;
            let slots = match &mut live.slots {
                Some(slots) => slots,
                // Nothing was committed since the start, so the log has all of it.
                empty => {
                    empty.insert(self.shared.slots(&active).map_err(|fault| self.shared.unreadable(fault))?)
                }
            };
            let stored = |task: TaskNumber| slots.get(&task).map(|slot| (slot.state, slot.attempt));
            let Change { run, number, steps, .. } = change;
            let in_line = |signal| live.told.mail.has(signal);
            let claimed = live.standing.tasks as usize;
            check(run, live.standing.state, claimed, stored, in_line, &steps, &mut live.moved)?;
            let mut encoder = Encoder::default();
            let names = &self.shared.names;
            encoder.change(
                number,
                &steps,
                |claim| names.intern(&claim.name),
                |task| slots.get(&task).map_or(0, |slot| slot.name),
            );
            live.standing.applied = number;
            let mut told = None;
            for Stamped { at, step } in steps {
                let tells = matches!(
                    step,
                    Step::Run { .. } | Step::Claim(_) | Step::Task { .. } | Step::Notice { .. }
                );
                if tells {
                    self.shared.saw(at);
                }
                match step {
                    Step::Run { expect: _, state, attempt, reason, outcome } => {
                        live.told.reason = reason;
                        if live.standing.move_run(at, state, attempt) {
                            live.told.outcome =
                                outcome.map(|outcome| Kept::of(&outcome, |value| encoder.hold(value)));
                        }
                        told = Some(Box::new(live.told.clone()));
                    }
                    Step::Claim(claim) => {
                        live.standing.add_task();
                        let state = TaskState::Pending;
                        slots.insert(claim.task, Slot { name: names.intern(&claim.name), attempt: 0, state });
                    }
                    Step::Task { task, expect: (from, _), state, attempt, detail: _ } => {
                        live.standing.move_task(from, state);
                        if state.is_final() {
                            slots.remove(&task);
                        } else if let Some(slot) = slots.get_mut(&task) {
                            (slot.state, slot.attempt) = (state, attempt);
                        }
                    }
                    Step::Taken(number) => {
                        Arc::make_mut(&mut live.told.mail).take(number);
                        told = Some(Box::new(live.told.clone()));
                    }
                    Step::GivenBack(signal) => {
                        let Signal { number, to, type_name, value, at } = *signal;
                        let kept = KeptSignal { to, type_name, value: encoder.hold(&value), at };
                        Arc::make_mut(&mut live.told.mail).put(number, kept);
                        told = Some(Box::new(live.told.clone()));
                    }
                    Step::Record(_) => live.standing.deaths = 0,
                    Step::Released => {
                        live.standing.released = true;
                        live.worker = None;
                    }
                    Step::Begun(begun) => live.standing.waited |= begun.due > at,
                    Step::Notice { notice, .. } => live.standing.waited |= notice.tells_of_waiting(),
                    Step::Child { .. } | Step::Dropped(_) => {}
                }
            }
            live.sent += 1;
            let standing = live.standing;
            let item = RunItem { active: active.clone(), encoded: encoder.finish(), standing, told };
            return self.send(Item { run: Some(item), starter: None }, durability);
        }
    }

    /// The change was applied before; whether it is durable by now is another question.
    fn already_mine(&self, durability: Durability) -> Result<Commit, StoreError> {
        if !self.waits(durability) {
            return Ok(Commit::ready(Ok(Committed::AlreadyMine)));
        }
        let (ack, acked) = ack();
        self.shared.send(None, Need::Durable, Some(ack))?;
        Ok(self.commit_of(acked, Committed::AlreadyMine))
    }

    fn send(&self, item: Item, durability: Durability) -> Result<Commit, StoreError> {
        if !self.waits(durability) {
            self.shared.send(Some(item), Need::Written, None)?;
            return Ok(Commit::ready(Ok(Committed::Applied)));
        }
        let (ack, acked) = ack();
        self.shared.send(Some(item), Need::Durable, Some(ack))?;
        Ok(self.commit_of(acked, Committed::Applied))
    }

    fn commit_of(&self, acked: Acked<End>, committed: Committed) -> Commit {
        // Not the store itself: who holds a commit for long must not keep the directory from the next opening.
        let dir = self.shared.dir.clone();
        Commit::waiting(Box::pin(async move { dir.end_of(acked.await).map(|()| committed) }))
    }

    /// Sends facts that are no change of a worker; `live` is held, so that they are in line in their order.
    fn send_facts(
        &self,
        active: &Arc<Active>,
        live: &mut Live,
        mut encoder: Encoder,
        facts: &[Fact],
        told: Option<Box<Told>>,
        starter: Option<Box<Rows>>,
    ) -> Result<Waiting, StoreError> {
        for fact in facts {
            self.shared.saw(fact.at);
            encoder.fact(fact);
        }
        live.sent += 1;
        let (standing, encoded) = (live.standing, encoder.finish());
        let run = Some(RunItem { active: active.clone(), encoded, standing, told });
        self.send_durably(Item { run, starter })
    }

    /// Sends the change of a starter that starts no run.
    pub(super) fn send_rows(&self, rows: Box<Rows>) -> Result<Waiting, StoreError> {
        self.send_durably(Item { run: None, starter: Some(rows) })
    }

    fn send_durably(&self, item: Item) -> Result<Waiting, StoreError> {
        if !self.waits(Durability::Durable) {
            self.shared.send(Some(item), Need::Written, None)?;
            return Ok(None);
        }
        let (ack, acked) = ack();
        self.shared.send(Some(item), Need::Durable, Some(ack))?;
        Ok(Some(acked))
    }

    pub(super) async fn end_of(&self, acked: Waiting) -> Result<(), StoreError> {
        match acked {
            Some(acked) => self.shared.dir.end_of(acked.await),
            None => Ok(()),
        }
    }

    pub(super) fn start_submit(&self, new: &NewRun) -> Result<(Submitted, Waiting), StoreError> {
        self.shared.healthy()?;
        self.shared.queue.wait_for_room();
        self.submit_with(new, None)
    }

    /// Submits a run, and with it the change of the starter that starts it.
    pub(super) fn submit_with(
        &self,
        new: &NewRun,
        starter: Option<Box<Rows>>,
    ) -> Result<(Submitted, Waiting), StoreError> {
        let mut encoder = Encoder::default();
        let name = self.shared.names.intern(&new.name);
        let origin = Origin::new(new, name, encoder.hold(&new.input));
        let family = self.shared.runs.family(new.id, &origin);
        let active = Arc::new(Active::new(new.id, family, origin.clone()));
        // Nobody else knows the run yet; locked before it is shown, so that nothing is in line before this.
        let mut live = active.live();
        let same = |id, known: &Origin| (id, known.name == origin.name && known.input == origin.input);
        let known = self.shared.runs.insert_new(&self.shared.db, active.clone(), same);
        if let Some((id, same)) = known.map_err(|fault| self.shared.unreadable(fault))? {
            let submitted = if same { Submitted::Existing(id) } else { Submitted::Conflict(id) };
            // The first submission may be in line still.
            let (ack, acked) = ack();
            self.shared.send(None, Need::Durable, Some(ack))?;
            return Ok((submitted, Some(acked)));
        }
        self.shared.skew.saw(new.id, new.at);
        let mut facts = vec![Fact { at: new.at, what: What::Submitted(Box::new(origin)) }];
        if new.worker.is_some() {
            live.worker = new.worker;
            facts.push(Fact { at: new.at, what: live.standing.take(new.at) });
        }
        let acked = self.send_facts(&active, &mut live, encoder, &facts, None, starter)?;
        Ok((Submitted::Created(live.standing.fence), acked))
    }

    pub(super) fn start_claim(&self, claim: Claim) -> Result<Option<Claiming>, StoreError> {
        let Claim { run, worker, orphaned, at } = claim;
        self.shared.queue.wait_for_room();
        loop {
            self.shared.healthy()?;
            // A run that is not in memory has ended, or never was.
            let Some(active) = self.shared.runs.get(run) else { return Ok(None) };
            let mut live = active.live();
            if live.gone {
                continue;
            }
            let is_others = live.worker.is_some_and(|has| has != worker);
            if live.standing.state.is_final() || (orphaned && is_others) {
                return Ok(None);
            }
            live.worker = Some(worker);
            let fact = Fact { at, what: live.standing.take(at) };
            return self.take(&active, &mut live, &[fact]).map(Some);
        }
    }

    pub(super) fn start_reopen(
        &self,
        run: RunId,
        worker: WorkerId,
        at: Timestamp,
    ) -> Result<Option<Claiming>, StoreError> {
        self.shared.queue.wait_for_room();
        loop {
            let Some(active) = self.run_to_write(run)? else { return Ok(None) };
            let mut live = active.live();
            if live.gone {
                continue;
            }
            let Some(reopened) = live.standing.reopen() else {
                drop(live);
                // It was read for this question alone.
                self.shared.runs.forget(std::iter::once(&active));
                return Ok(None);
            };
            live.told.forget_end();
            live.worker = Some(worker);
            let taken = live.standing.take(at);
            let facts = [Fact { at, what: reopened }, Fact { at, what: taken }];
            return self.take(&active, &mut live, &facts).map(Some);
        }
    }

    /// Sends what makes the run a worker's.
    fn take(&self, active: &Arc<Active>, live: &mut Live, facts: &[Fact]) -> Result<Claiming, StoreError> {
        let reopened = facts.iter().any(|fact| matches!(fact.what, What::Reopened { .. }));
        let told = reopened.then(|| Box::new(live.told.clone()));
        let acked = self.send_facts(active, live, Encoder::default(), facts, told, None)?;
        let view = self.shared.view(active.id, &active.origin, &live.standing, &live.told);
        let run = view.map_err(|fault| self.shared.unreadable(fault))?;
        let Standing { fence, tasks: next_task, first_attempt, .. } = live.standing;
        Ok(Claiming { run, fence, next_task, first_attempt, active: active.clone(), acked })
    }

    pub(super) async fn end_claim(&self, claiming: Claiming) -> Result<Claimed, StoreError> {
        let Claiming { run, fence, next_task, first_attempt, active, acked } = claiming;
        // A large input lies in a file that the writer makes, maybe just now.
        match acked {
            Some(_) => self.end_of(acked).await?,
            None => self.shared.barrier(Need::Written).await?,
        }
        let input = self.shared.value(&active.origin.input).map_err(|fault| self.shared.unreadable(fault))?;
        Ok(Claimed { run, fence, input, next_task, first_attempt })
    }

    pub(super) fn start_signal(&self, run: RunId, new: NewSignal) -> Result<(Posted, Waiting), StoreError> {
        self.shared.queue.wait_for_room();
        loop {
            self.shared.healthy()?;
            let unreadable = |fault| self.shared.unreadable(fault);
            let Some(active) = self.shared.runs.get(run) else {
                let ended = ended_row(&self.shared.db, run).map_err(unreadable)?;
                let ended = ended.map_or(Posted::NoRun, |row| Posted::Ended(row.standing.state));
                return Ok((ended, None));
            };
            let mut live = active.live();
            if live.gone {
                continue;
            }
            if live.standing.state.is_final() {
                return Ok((Posted::Ended(live.standing.state), None));
            }
            if matches!(new.to, Address::Task(_)) && live.slots.is_none() {
                live.slots = Some(self.shared.slots(&active).map_err(unreadable)?);
            }
            let task = || match new.to {
                Address::Task(task) if task.0 < live.standing.tasks => {
                    Some(live.slots.as_ref()?.get(&task).map(|slot| slot.state))
                }
                Address::Task(_) => None,
                Address::Name(_) => None,
            };
            if let Some(refused) = live.told.mail.refuses(&new.to, new.expect, task, |signal| &signal.to) {
                return Ok((refused, None));
            }
            let NewSignal { to, type_name, value, at, expect: _ } = new;
            let mut encoder = Encoder::default();
            let signal = KeptSignal { to, type_name, value: encoder.hold(&value), at };
            let number = Arc::make_mut(&mut live.told.mail).push(signal.clone());
            let fact = Fact { at, what: What::Signal(Box::new(SignalFact { number, signal })) };
            let told = Some(Box::new(live.told.clone()));
            let acked = self.send_facts(&active, &mut live, encoder, &[fact], told, None)?;
            return Ok((Posted::Accepted(number), acked));
        }
    }

    pub(super) fn start_replay(&self, run: RunId, fence: Fence) -> Result<Arc<Active>, StoreError> {
        self.shared.healthy()?;
        let active = match self.shared.runs.get(run) {
            Some(active) => Some(active),
            // For this reader alone.
            None => self.shared.ended_run(run).map_err(|fault| self.shared.unreadable(fault))?,
        };
        let Some(active) = active else {
            return Err(StoreError::new(format!("run {run} is not in this store")));
        };
        if active.live().standing.fence != fence {
            return Err(StoreError::new(format!("another worker has run {run}")));
        }
        Ok(active)
    }
}
