//! A clock for tests that advances by itself when nothing else can move.
//!
//! The engine tells the clock what is going on: bodies that are being polled count as *busy*, those that were woken and are
//! to be polled as *queued*, and bodies that wait for something the clock does not know (a socket, a bare timer, a thread)
//! as *foreign*. Time jumps to the next timer when nothing is busy; while something is queued or foreign, only after nothing
//! has happened for a moment of real time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    task::{Poll, Waker},
    time::Duration,
};

use super::Timestamp;

/// Real time without any activity after which a clock with no foreign waits advances.
const SETTLE: Duration = Duration::from_micros(300);

/// The same while something foreign is awaited: long enough for a local request, short enough for a test.
const SETTLE_FOREIGN: Duration = Duration::from_millis(60);

/// The same while a synchronous body waits for a thread, or a woken one to be polled: a loaded machine may take long to
/// do that, and one whose threads are all taken never does, nor does a body that keeps a call aside.
const SETTLE_QUEUED: Duration = Duration::from_millis(600);

pub(crate) struct VirtualClock {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    now: u64,
    next_timer: u64,
    timers: BTreeMap<(u64, u64), Option<Waker>>,
    busy: usize,
    foreign: usize,
    queued: usize,
    activity: u64,
}

impl VirtualClock {
    /// A clock that stands at `start` and is driven by a thread of its own until it is dropped.
    pub(crate) fn start(start: Timestamp) -> Arc<Self> {
        let state = State { now: start.0, ..State::default() };
        let clock = Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() });
        let weak = Arc::downgrade(&clock);
        // A clock without its thread would never advance, which shows as a hang in the test that uses it.
        let _ = std::thread::Builder::new().name("orch-virtual-clock".into()).spawn(move || drive(&weak));
        clock
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.lock().now)
    }

    /// Moves the time forward and wakes what has become due.
    pub(crate) fn advance(&self, by: Duration) {
        let target = Timestamp(self.lock().now).plus(by).0;
        self.advance_to(target);
    }

    fn advance_to(&self, target: u64) {
        let mut woken = Vec::new();
        {
            let mut state = self.lock();
            state.now = state.now.max(target);
            state.activity += 1;
            while let Some(entry) = state.timers.first_entry() {
                if entry.key().0 > target {
                    break;
                }
                woken.extend(entry.remove());
            }
        }
        woken.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn sleep(self: &Arc<Self>, duration: Duration) {
        let key = {
            let mut state = self.lock();
            state.next_timer += 1;
            state.activity += 1;
            let key = (Timestamp(state.now).plus(duration).0, state.next_timer);
            state.timers.insert(key, None);
            key
        };
        let _registered = Registered { clock: self, key };
        self.changed.notify_all();
        std::future::poll_fn(|cx| match self.lock().timers.get_mut(&key) {
            Some(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        })
        .await;
    }

    /// Something is going on until the guard is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.guard(|state| &mut state.busy)
    }

    /// Something waits for what the clock does not know, until the guard is dropped.
    pub(crate) fn foreign(self: &Arc<Self>) -> Busy {
        self.guard(|state| &mut state.foreign)
    }

    /// A synchronous body waits for a thread, or a woken one to be polled, until the guard is dropped.
    pub(crate) fn queued(self: &Arc<Self>) -> Busy {
        self.guard(|state| &mut state.queued)
    }

    fn guard(self: &Arc<Self>, of: fn(&mut State) -> &mut usize) -> Busy {
        let mut state = self.lock();
        *of(&mut state) += 1;
        state.activity += 1;
        drop(state);
        Busy { clock: self.clone(), of }
    }
}

/// Counts something that is going on, until it is dropped.
pub(crate) struct Busy {
    clock: Arc<VirtualClock>,
    of: fn(&mut State) -> &mut usize,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.clock.lock();
        *(self.of)(&mut state) -= 1;
        state.activity += 1;
    }
}

struct Registered<'a> {
    clock: &'a VirtualClock,
    key: (u64, u64),
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.clock.lock().timers.remove(&self.key);
    }
}

/// Advances the clock whenever it has been quiet long enough.
fn drive(clock: &Weak<VirtualClock>) {
    let mut seen = (0, Duration::ZERO);
    loop {
        let Some(clock) = clock.upgrade() else { return };
        let state = clock.lock();
        if state.timers.is_empty() || state.busy > 0 {
            // Woken by a new timer; the time-out only notices that the clock is gone or no longer busy.
            let wait = if state.timers.is_empty() { SETTLE_FOREIGN } else { SETTLE };
            seen = (state.activity, Duration::ZERO);
            drop(clock.changed.wait_timeout(state, wait));
            continue;
        }
        let needed = match (state.queued, state.foreign) {
            (0, 0) => SETTLE,
            (0, _) => SETTLE_FOREIGN,
            _ => SETTLE_QUEUED,
        };
        if seen.0 != state.activity {
            seen = (state.activity, Duration::ZERO);
        }
        if seen.1 < needed {
            seen.1 += SETTLE;
            drop(state);
            #[expect(
                clippy::disallowed_methods,
                reason = "the driver measures real quiet on its own thread"
            )]
            std::thread::sleep(SETTLE);
            continue;
        }
        let next = state.timers.first_key_value().map(|(key, _)| key.0);
        drop(state);
        if let Some(next) = next {
            clock.advance_to(next);
        }
    }
}
