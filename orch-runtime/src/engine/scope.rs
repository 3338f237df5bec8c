//! A body's calls and the queue through which their outcomes reach it.
//!
//! Every outcome takes the scope's next number when it is submitted, and is handed over in the order of the
//! numbers, one per poll of the body, live as in replay. Nothing is ready at a call's first poll.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use rustc_hash::{FxHashMap, FxHashSet};
use slab::Slab;

use super::{
    RunShared, Stop,
    pulse::Pulse,
    replay::{Edited, Found, Head, History, Past, edit_key},
};
use crate::{
    cache::CallHash,
    error::RecordedError,
    id::{CallKey, ScopeId},
    store::{Commit, Committed},
};

pub(crate) struct Scope {
    pub(crate) run: Arc<RunShared>,
    pub(crate) id: ScopeId,
    /// The attempt of the body, unique among the attempts of this scope.
    pub(crate) instance: u64,
    pub(crate) pulse: Arc<Pulse>,
    outer: Option<Arc<Scope>>,
    /// Whether records remain here or around; calls without a record wait then.
    replaying: AtomicBool,
    /// Set under the lock of the state.
    closed: AtomicBool,
    state: Mutex<State>,
}

pub(super) struct State {
    /// Calls that were written, by half of their hash: it is only counted with, and two calls that share it count
    /// together. Most calls are written once, and take half the room in a set.
    written_once: FxHashSet<u64>,
    /// How often those were written that came again.
    written_again: FxHashMap<u64, u32>,
    slots: Slab<Slot>,
    written: u64,
    /// Submitted and not handed over, in the order of their numbers.
    queue: VecDeque<Queued>,
    /// Handed over before anybody asked; asked for now. By number, because `select!` asks in random order.
    front: BTreeMap<u32, usize>,
    next_number: u32,
    /// Counts polls of the body: an outcome is ready only in the poll for which it was handed over.
    epoch: u64,
    history: Option<Box<History>>,
    inner: Vec<Weak<Scope>>,
    open: usize,
    leaving: usize,
    /// Failures of started calls that nobody has taken, in the order in which the calls were written.
    failures: BTreeMap<u64, Arc<RecordedError>>,
    waits_for_end: Option<Waker>,
}

struct Queued {
    slot: usize,
    durable: bool,
    commit: Option<Commit>,
}

struct Slot {
    waker: Option<Waker>,
    phase: Phase,
    written: u64,
    number: u32,
    /// Dropped in life, before its outcome was handed over.
    marked: bool,
    /// In the queue, or waiting for the turn of its record.
    pending: bool,
    /// The future that submits the outcome and the one that awaits it, for a started call two.
    owners: u8,
    /// Of a started call that rests: woken to look whether it is to stop.
    under_way: Option<Waker>,
    started: bool,
}

/// The poll for which an outcome was handed over that nobody awaited.
const UNSEEN: u64 = u64::MAX;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Written, begun, or awaiting its turn.
    Open,
    Parked,
    /// Was parked, or is not to be parked again.
    Released,
    Delivered(u64),
}

/// What handing over came to.
pub(super) enum Delivery {
    Handed,
    /// There is nothing to hand over.
    Empty,
    /// Records or outcomes are there, and the one that has to go first is not.
    Held,
    /// What has to go first is the end of an inner body that is still on its way.
    Inner,
    Stop(Stop),
}

/// What a future that asks for its outcome is told.
pub(super) enum Asked {
    HandedOver,
    QueuedAgain,
    Waits,
}

/// How far an outcome had come when nobody waited for it any more.
pub(super) enum Left {
    HandedOver,
    /// It stands, and is never handed over.
    Waiting,
    /// There was none.
    WithoutOutcome,
}

/// What a new call gets.
pub(super) struct Claimed {
    pub(super) slot: usize,
    pub(super) key: CallKey,
    /// What the journal knows of it.
    pub(super) past: Option<Box<Found>>,
}

impl Scope {
    pub(super) fn open(
        run: Arc<RunShared>,
        id: ScopeId,
        instance: u64,
        outer: Option<Arc<Scope>>,
        past: Past,
    ) -> Arc<Self> {
        let history = History::read(past, instance, run.edit);
        let edit = run.edit.filter(|_| history.is_newly_edited());
        let first_since = history.next_number;
        let outer_replays = outer.as_ref().is_some_and(|outer| outer.replaying());
        let replaying = AtomicBool::new(history.remains() || outer_replays);
        let state = Mutex::new(State {
            written_once: FxHashSet::default(),
            written_again: FxHashMap::default(),
            slots: Slab::new(),
            written: 0,
            queue: VecDeque::new(),
            front: BTreeMap::new(),
            next_number: history.next_number,
            epoch: 0,
            inner: Vec::new(),
            open: 0,
            leaving: 0,
            failures: BTreeMap::new(),
            waits_for_end: None,
            history: (!history.is_empty()).then(|| Box::new(history)),
        });
        let pulse = Pulse::new(&run.core.clock);
        let closed = AtomicBool::new(false);
        let scope = Arc::new(Self { run, id, instance, pulse, outer, replaying, closed, state });
        if let Some(hash) = edit {
            scope.run.mark_edited(id, instance, edit_key(hash), first_since);
        }
        if let Some(verifying) = &scope.run.core.verifying {
            verifying.opened(&scope);
        }
        if outer_replays && let Some(outer) = &scope.outer {
            let mut around = outer.lock();
            if outer.replaying() {
                around.remember(&scope);
            } else {
                // It settled just now, before it could know of this scope.
                drop(around);
                scope.outer_settled().into_iter().for_each(Waker::wake);
            }
        }
        scope
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether calls without a record have to wait.
    pub(super) fn replaying(&self) -> bool {
        self.replaying.load(Ordering::Acquire)
    }

    /// A call is written: it gets its key, and what the journal knows of it.
    pub(super) fn claim(&self, hash: &CallHash) -> Claimed {
        let mut state = self.lock();
        let half = hash.call as u64;
        let occurrence = if state.written_once.insert(half) {
            0
        } else {
            let again = state.written_again.entry(half).or_default();
            *again += 1;
            *again
        };
        state.written += 1;
        let written = state.written;
        let slot = state.slots.insert(Slot {
            waker: None,
            phase: Phase::Open,
            written,
            number: 0,
            marked: false,
            pending: false,
            owners: 1,
            under_way: None,
            started: false,
        });
        let past =
            state.history.as_deref_mut().map(|history| Box::new(history.claim(hash, occurrence, slot)));
        if let (Some(past), Some(own)) = (&past, state.slots.get_mut(slot)) {
            own.marked = past.dropped;
            own.number = past.record.as_ref().map_or(0, |record| record.number);
            own.pending = past.record.is_some();
        }
        drop(state);
        if past.as_ref().is_some_and(|past| past.record.is_some()) {
            self.pulse.queued();
        }
        Claimed { slot, key: CallKey { scope: self.id, call: hash.call, occurrence }, past }
    }

    /// Holds a call without a record back while records remain.
    pub(super) fn poll_released(&self, slot: usize, cx: &mut Context<'_>) -> Poll<()> {
        if !self.replaying() {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        let Some(own) = state.slots.get_mut(slot) else {
            return Poll::Ready(());
        };
        if own.phase == Phase::Released || !self.replaying() || !self.run.core.rules.park {
            return Poll::Ready(());
        }
        let comes_now = own.phase != Phase::Parked;
        own.phase = Phase::Parked;
        // The other waker of a started call is its handle's.
        let waker = if own.started { &mut own.under_way } else { &mut own.waker };
        *waker = Some(cx.waker().clone());
        drop(state);
        if comes_now {
            // A started call may come here when its body rests already, and the body is to look whether it waits for it.
            self.pulse.queued();
        }
        Poll::Pending
    }

    /// Puts an outcome at the end of the queue; `waker` is woken when its turn comes. The caller holds the run's
    /// writer, so that numbers and commits have one order.
    pub(super) fn enqueue(
        &self,
        slot: usize,
        durable: bool,
        waker: Option<&Waker>,
        commit: impl FnOnce(u32) -> Option<Commit>,
    ) {
        let mut state = self.lock();
        let number = state.next_number;
        state.next_number += 1;
        let mut commit = commit(number);
        let may_pass = state.queue.is_empty() && !self.replaying();
        if let Some(own) = state.slots.get_mut(slot) {
            own.number = number;
            own.pending = true;
            if let Some(waker) = waker {
                own.waker = Some(waker.clone());
            }
            // Nobody awaits this handle yet, so nobody has to be woken: the outcome queues again when it is asked for.
            if may_pass && own.started && own.waker.is_none() && durable && self.is_applied(&mut commit) {
                own.pending = false;
                own.phase = Phase::Delivered(UNSEEN);
                if own.owners == 0 {
                    state.slots.remove(slot);
                }
                return;
            }
        }
        state.queue.push_back(Queued { slot, durable, commit });
        drop(state);
        self.pulse.queued();
    }

    /// Whether a commit has ended well already.
    fn is_applied(&self, commit: &mut Option<Commit>) -> bool {
        let Some(waiting) = commit else { return false };
        match Pin::new(waiting).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => false,
            Poll::Ready(result) => match super::commit::ended(result) {
                Ok(()) => true,
                Err(stop) => {
                    self.run.stop(stop);
                    false
                }
            },
        }
    }

    /// Hands over the next outcome, if it may go.
    pub(super) fn deliver(self: &Arc<Self>, cx: &mut Context<'_>) -> Delivery {
        let mut state = self.lock();
        if !state.front.is_empty()
            && let Some((_, slot)) = state.front.pop_first()
        {
            return self.hand_over(state, slot);
        }
        if self.replaying() {
            let strict = self.run.core.rules.strict_head;
            let edited = if strict { self.edited_of(&state) } else { Edited::All };
            let holds_back =
                state.history.as_deref().is_some_and(History::holds_back) || !state.queue.is_empty();
            match state.history.as_deref_mut().map_or(Head::Done, |history| history.head(edited)) {
                Head::Ready(slot) => return self.hand_over(state, slot),
                Head::NotReady => return Delivery::Inner,
                Head::Edited => {}
                Head::Missing if holds_back => return Delivery::Held,
                Head::Missing => return Delivery::Empty,
                // The body has been polled with the last record, and has dropped what it dropped in life.
                Head::Done => {
                    let wakers = self.settle(&mut state);
                    if !wakers.is_empty() {
                        drop(state);
                        wakers.into_iter().for_each(Waker::wake);
                        return Delivery::Handed;
                    }
                }
            }
        }
        let Some(first) = state.queue.front_mut() else {
            return Delivery::Empty;
        };
        if let Some(commit) = &mut first.commit {
            match Pin::new(commit).poll(cx) {
                Poll::Pending => return Delivery::Empty,
                Poll::Ready(Ok(Committed::Applied | Committed::AlreadyMine)) => {}
                Poll::Ready(Ok(Committed::Fenced)) => return Delivery::Stop(Stop::Fenced),
                Poll::Ready(Err(error)) => return Delivery::Stop(Stop::Store(error)),
            }
        }
        let (slot, durable) = (first.slot, first.durable);
        state.queue.pop_front();
        if !durable {
            self.run.handed_over_buffered();
        }
        self.hand_over(state, slot)
    }

    fn hand_over(&self, mut state: MutexGuard<'_, State>, slot: usize) -> Delivery {
        state.epoch += 1;
        let epoch = state.epoch;
        let mut waker = None;
        if let Some(own) = state.slots.get_mut(slot) {
            own.phase = Phase::Delivered(epoch);
            own.pending = false;
            waker = own.waker.take();
            if own.owners == 0 {
                state.slots.remove(slot);
            }
        }
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Delivery::Handed
    }

    /// Whether the outcome in `slot` is handed over with this poll of the body; its one future is gone then, and the
    /// slot is free again. `inside` says that it is the scope's own body that asks.
    pub(super) fn poll_taken(&self, slot: usize, inside: bool, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let asked = self.ask(&mut state, slot, inside, cx);
        if let Asked::HandedOver = asked
            && let Some(own) = state.slots.try_remove(slot)
        {
            state.unqueue(own.number, slot);
        }
        drop(state);
        self.answer(asked)
    }

    pub(super) fn answer(&self, asked: Asked) -> Poll<()> {
        match asked {
            Asked::HandedOver => return Poll::Ready(()),
            Asked::QueuedAgain => self.pulse.queued(),
            Asked::Waits => {}
        }
        Poll::Pending
    }

    pub(super) fn ask(&self, state: &mut State, slot: usize, inside: bool, cx: &mut Context<'_>) -> Asked {
        let epoch = state.epoch;
        let Some(own) = state.slots.get_mut(slot) else {
            return Asked::Waits;
        };
        match own.phase {
            Phase::Delivered(at) if at == epoch || !inside || !self.run.core.rules.one_per_poll => {
                Asked::HandedOver
            }
            Phase::Delivered(_) => {
                // It came when nobody was looking. To be ready at once would let `select!` choose at random
                // between this and others; so it queues again, before everything that has a later number.
                let number = own.number;
                own.waker = Some(cx.waker().clone());
                state.front.insert(number, slot);
                Asked::QueuedAgain
            }
            _ => {
                match &mut own.waker {
                    Some(waker) if waker.will_wake(cx.waker()) => {}
                    waker => *waker = Some(cx.waker().clone()),
                }
                Asked::Waits
            }
        }
    }

    /// Whether an outcome is there, or a record of one.
    pub(super) fn has_outcome(&self, slot: usize) -> bool {
        self.lock().slots.get(slot).is_none_or(|own| own.pending || matches!(own.phase, Phase::Delivered(_)))
    }

    /// One of the futures of `slot` is gone. Says how far its outcome had come.
    pub(super) fn leave(&self, slot: usize) -> Left {
        self.lock().leave(slot)
    }

    /// The inner body behind this slot has ended again; its record may be handed over.
    pub(super) fn make_ready(&self, number: u32) {
        if let Some(history) = &mut self.lock().history {
            history.make_ready(number);
        }
        self.pulse.queued();
    }

    /// No record is left: calls that were held back start in the order in which they were written. They are
    /// woken when the locks are free again.
    fn settle(&self, state: &mut State) -> Vec<Waker> {
        if self.outer.as_ref().is_some_and(|outer| outer.replaying()) {
            return Vec::new();
        }
        self.replaying.store(false, Ordering::Release);
        let inner = std::mem::take(&mut state.inner);
        let mut wakers = release(state, true);
        for scope in inner.iter().filter_map(Weak::upgrade) {
            wakers.extend(scope.outer_settled());
        }
        wakers
    }

    fn outer_settled(&self) -> Vec<Waker> {
        let mut state = self.lock();
        if state.history.as_deref().is_some_and(History::remains) {
            return Vec::new();
        }
        self.settle(&mut state)
    }

    /// The body is idle and nothing can be handed over: what was held back may be what it waits for. Says
    /// whether anything was released. Calls that are known to have been dropped stay where they are.
    pub(super) fn release_parked(&self) -> bool {
        let (wakers, inner) = {
            let mut state = self.lock();
            let inner: Vec<_> = state.inner.iter().filter_map(Weak::upgrade).collect();
            (release(&mut state, false), inner)
        };
        let mut any = !wakers.is_empty();
        wakers.into_iter().for_each(Waker::wake);
        for scope in inner {
            any |= scope.release_parked();
        }
        any
    }

    /// Whether anything is known of what the body went through before.
    pub(super) fn has_history(&self) -> bool {
        self.lock().history.is_some()
    }

    /// How many records of this attempt there were.
    pub(super) fn records(&self) -> usize {
        self.lock().history.as_deref().map_or(0, |history| history.total)
    }

    /// How often a call of this hash was written.
    pub(super) fn written_times(&self, call: u128) -> u32 {
        let state = self.lock();
        let half = call as u64;
        let again = state.written_again.get(&half).copied().unwrap_or_default();
        if state.written_once.contains(&half) { again + 1 } else { 0 }
    }

    /// Whether no call of this body is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.lock().slots.is_empty()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl State {
    /// A scope was opened inside this one. Those that are gone are forgotten when there are as many of them.
    fn remember(&mut self, inner: &Arc<Scope>) {
        if self.inner.len() == self.inner.capacity() {
            self.inner.retain(|inner| inner.strong_count() > 0);
            self.inner.reserve(self.inner.len().max(8));
        }
        self.inner.push(Arc::downgrade(inner));
    }

    /// One of the futures of `slot` is gone.
    fn leave(&mut self, slot: usize) -> Left {
        let Some(own) = self.slots.get_mut(slot) else {
            return Left::HandedOver;
        };
        own.owners = own.owners.saturating_sub(1);
        let delivered = matches!(own.phase, Phase::Delivered(_));
        let (number, pending) = (own.number, own.pending);
        if own.owners == 0 {
            own.waker = None;
            if own.phase == Phase::Parked {
                own.phase = Phase::Released;
            }
            if !own.pending {
                self.slots.remove(slot);
                if delivered {
                    self.unqueue(number, slot);
                }
            }
        }
        match (delivered, pending) {
            (true, _) => Left::HandedOver,
            (false, true) => Left::Waiting,
            (false, false) => Left::WithoutOutcome,
        }
    }

    /// Nobody asks for the outcome any more that had queued again under its number.
    fn unqueue(&mut self, number: u32, slot: usize) {
        if !self.front.is_empty() && self.front.get(&number) == Some(&slot) {
            self.front.remove(&number);
        }
    }
}

/// Releases what is parked, and gives whom to wake in the order in which the calls were written.
fn release(state: &mut State, dropped_too: bool) -> Vec<Waker> {
    let mut parked: Vec<(u64, usize)> = state
        .slots
        .iter()
        .filter(|(_, own)| own.phase == Phase::Parked && (dropped_too || !own.marked))
        .map(|(slot, own)| (own.written, slot))
        .collect();
    parked.sort_unstable();
    let mut wakers = Vec::with_capacity(parked.len());
    for (_, slot) in parked {
        if let Some(own) = state.slots.get_mut(slot) {
            own.phase = Phase::Released;
            wakers.extend(if own.started { own.under_way.take() } else { own.waker.take() });
        }
    }
    wakers
}

mod edited;
mod started;
