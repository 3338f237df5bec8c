//! What a body has started and not awaited, and the end of a scope.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use super::{Asked, Delivery, Scope};
use crate::error::RecordedError;

impl Scope {
    /// The call in `slot` is started: the scope stays open until it has ended, and its handle awaits its outcome.
    pub(in crate::engine) fn start(&self, slot: usize) {
        let mut state = self.lock();
        state.open += 1;
        if let Some(own) = state.slots.get_mut(slot) {
            own.owners += 1;
            own.started = true;
        }
    }

    /// Wakes `waker` when the started call in `slot` is to stop.
    pub(in crate::engine) fn watch_started(&self, slot: usize, waker: &Waker) {
        let mut state = self.lock();
        if let Some(own) = state.slots.get_mut(slot)
            && own.under_way.as_ref().is_none_or(|known| !known.will_wake(waker))
        {
            own.under_way = Some(waker.clone());
        }
    }

    /// The started call in `slot` is to look whether it has to stop.
    pub(in crate::engine) fn wake_started(&self, slot: usize) {
        let waker = self.lock().slots.get_mut(slot).and_then(|own| own.under_way.take());
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A call is polled by somebody else than its body: the scope stays open until it is gone.
    pub(in crate::engine) fn sent_away(&self) {
        self.lock().open += 1;
    }

    /// A call that was sent away is gone.
    pub(in crate::engine) fn came_back(&self) {
        let mut state = self.lock();
        state.open = state.open.saturating_sub(1);
        let waker = state.waits_for_end.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The started call in `slot` has ended, and everything of it is gone.
    pub(in crate::engine) fn started_ended(&self, slot: usize, cancelled: bool) {
        let mut state = self.lock();
        // It may be the last that keeps tokio's task, which goes when the lock is free.
        let under_way = state.slots.get_mut(slot).and_then(|own| own.under_way.take());
        state.leave(slot);
        state.open = state.open.saturating_sub(1);
        if cancelled {
            state.leaving = state.leaving.saturating_sub(1);
        }
        let waker = state.waits_for_end.take();
        drop(state);
        drop(under_way);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether the outcome of the started call in `slot` is handed over with this poll of the body. Its handle
    /// gives its place back with it, and a failure is not the run's any more.
    pub(in crate::engine) fn poll_started(
        &self,
        slot: usize,
        inside: bool,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut state = self.lock();
        let asked = self.ask(&mut state, slot, inside, cx);
        if let Asked::HandedOver = asked {
            if !state.failures.is_empty()
                && let Some(written) = state.slots.get(slot).map(|own| own.written)
            {
                state.failures.remove(&written);
            }
            state.leave(slot);
        }
        drop(state);
        self.answer(asked)
    }

    /// A started call failed; the run fails with it unless somebody takes the outcome.
    pub(in crate::engine) fn set_failure(&self, slot: usize, failure: Option<Arc<RecordedError>>) {
        let mut state = self.lock();
        let Some(written) = state.slots.get(slot).map(|own| own.written) else { return };
        match failure {
            Some(failure) => drop(state.failures.insert(written, failure)),
            None => drop(state.failures.remove(&written)),
        }
    }

    /// The first failure of a started call that nobody has taken.
    pub(in crate::engine) fn untaken_failure(&self) -> Option<Arc<RecordedError>> {
        self.lock().failures.values().next().cloned()
    }

    /// A started call is being cancelled through its handle, so it is on its way out; or it is not after all.
    pub(in crate::engine) fn count_leaving(&self, leaves: bool) {
        let mut state = self.lock();
        state.leaving = if leaves { state.leaving + 1 } else { state.leaving.saturating_sub(1) };
    }

    /// How many started calls have not ended, beside those on their way out.
    pub(in crate::engine) fn open_calls(&self) -> usize {
        let state = self.lock();
        state.open.saturating_sub(state.leaving)
    }

    /// Stops everything that was started. Calls that come later are stopped at once.
    pub(in crate::engine) fn close(&self) {
        let started: Vec<_> = {
            let mut state = self.lock();
            self.closed.store(true, Ordering::Release);
            state.slots.iter_mut().filter_map(|(_, own)| own.under_way.take()).collect()
        };
        started.into_iter().for_each(Waker::wake);
    }

    /// Ready when nothing that was started is left. Outcomes are handed over meanwhile: to handles that other
    /// bodies hold, or to nobody.
    pub(in crate::engine) fn poll_ended(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), crate::engine::Stop>> {
        loop {
            // Whatever is queued from now on is seen by the next round.
            self.pulse.look(cx.waker());
            self.pulse.take_queued();
            self.pulse.take_woken();
            let delivery = self.deliver(cx);
            // The body writes no calls any more: what stands behind a record whose call has not come never goes.
            let held = matches!(delivery, Delivery::Held);
            match delivery {
                Delivery::Handed => continue,
                Delivery::Stop(stop) => {
                    self.pulse.close();
                    return Poll::Ready(Err(stop));
                }
                Delivery::Empty | Delivery::Held | Delivery::Inner => {
                    if self.replaying() && self.release_parked() {
                        continue;
                    }
                }
            }
            let mut state = self.lock();
            if state.open == 0 && (state.queue.is_empty() || held || self.is_closed()) {
                drop(state);
                self.pulse.close();
                return Poll::Ready(Ok(()));
            }
            state.waits_for_end = Some(cx.waker().clone());
            drop(state);
            if self.pulse.rest() {
                return Poll::Pending;
            }
        }
    }
}
