//! What a test's clock has to know: somebody was given something and has not been polled yet.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Wake, Waker},
};

use futures_util::task::AtomicWaker;

use crate::clock::{Busy, Clock, VirtualClock};

/// Wakes who waits, and keeps a virtual clock from jumping until that one looks.
pub(super) struct Woken {
    outer: AtomicWaker,
    clock: Arc<VirtualClock>,
    queued: Mutex<Option<Busy>>,
}

impl Woken {
    /// Nothing, where the clock is the machine's.
    pub(super) fn new(clock: &Clock) -> Option<Arc<Self>> {
        let clock = clock.as_virtual()?.clone();
        Some(Arc::new(Self { outer: AtomicWaker::new(), clock, queued: Mutex::default() }))
    }

    /// It looks now, and is to be woken again through the waker that this gives.
    pub(super) fn looks(self: &Arc<Self>, waker: &Waker) -> Waker {
        self.outer.register(waker);
        self.set(None);
        Waker::from(self.clone())
    }

    /// It does not wait any more.
    pub(super) fn is_done(&self) {
        self.set(None);
    }

    fn set(&self, busy: Option<Busy>) {
        *self.queued.lock().unwrap_or_else(PoisonError::into_inner) = busy;
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.set(Some(self.clock.queued()));
        self.outer.wake();
    }
}
