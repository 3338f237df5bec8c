//! Why a body is to be looked at: it was woken, or something can be handed to it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    task::{Wake, Waker},
};

use futures_util::task::AtomicWaker;

use crate::clock::{Busy, Clock, VirtualClock};

/// The body's own wakers fired.
const WOKEN: u8 = 1;
/// The delivery queue may have something.
const QUEUED: u8 = 2;
/// Somebody is looking already and will see the other bits before it stops.
const LOOKING: u8 = 4;

/// The two reasons to poll a body, kept apart, because "nothing woke the body" is what *idle* means.
pub(crate) struct Pulse {
    bits: AtomicU8,
    outer: AtomicWaker,
    busy: Option<Mutex<(Arc<VirtualClock>, Option<Busy>)>>,
}

impl Pulse {
    pub(crate) fn new(clock: &Clock) -> Arc<Self> {
        let busy = clock.as_virtual().map(|clock| Mutex::new((clock.clone(), None)));
        Arc::new(Self { bits: AtomicU8::new(0), outer: AtomicWaker::new(), busy })
    }

    fn raise(&self, bit: u8) {
        let before = self.bits.fetch_or(bit, SeqCst);
        if before == 0 {
            self.mark(VirtualClock::queued);
            self.outer.wake();
        }
    }

    /// Something may be handed over.
    pub(crate) fn queued(&self) {
        self.raise(QUEUED);
    }

    /// Starts to look; wakes go to `waker` once looking has stopped.
    pub(crate) fn look(&self, waker: &Waker) {
        self.outer.register(waker);
        self.bits.fetch_or(LOOKING, SeqCst);
        self.mark(VirtualClock::busy);
    }

    /// Whether the body was woken since the last question.
    pub(crate) fn take_woken(&self) -> bool {
        self.bits.fetch_and(!WOKEN, SeqCst) & WOKEN != 0
    }

    /// The queue is about to be looked at.
    pub(crate) fn take_queued(&self) {
        self.bits.fetch_and(!QUEUED, SeqCst);
    }

    /// Stops looking, unless something came up meanwhile.
    pub(crate) fn rest(&self) -> bool {
        let rests = self.bits.compare_exchange(LOOKING, 0, SeqCst, SeqCst).is_ok();
        if rests {
            self.mark_idle();
        }
        rests
    }

    /// Stops looking although there is more to do: the waker brings us back.
    pub(crate) fn yield_now(&self) {
        self.bits.fetch_and(!LOOKING, SeqCst);
        self.mark(VirtualClock::queued);
        self.outer.wake();
    }

    /// A body that is looked at keeps the clock from moving. One that was only woken does so for a while: whoever has it
    /// may have left it aside, like the loser of a `select!` that is awaited later.
    fn mark(&self, guard: fn(&Arc<VirtualClock>) -> Busy) {
        if let Some(busy) = &self.busy {
            let mut busy = busy.lock().unwrap_or_else(PoisonError::into_inner);
            busy.1 = Some(guard(&busy.0));
        }
    }

    /// Nobody will look any more; wakes that still come do nothing.
    pub(crate) fn close(&self) {
        self.bits.fetch_or(LOOKING, SeqCst);
        self.mark_idle();
    }

    fn mark_idle(&self) {
        if let Some(busy) = &self.busy {
            busy.lock().unwrap_or_else(PoisonError::into_inner).1 = None;
        }
    }
}

impl Wake for Pulse {
    fn wake(self: Arc<Self>) {
        self.raise(WOKEN);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.raise(WOKEN);
    }
}

/// The waker for what the queue itself waits for: commits and patience.
pub(crate) struct QueuePulse(pub(crate) Arc<Pulse>);

impl Wake for QueuePulse {
    fn wake(self: Arc<Self>) {
        self.0.queued();
    }
}
