//! The inside of a runtime.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use slab::Slab;
use tokio::sync::Notify;
use uuid::Uuid;

use super::recovery::Anchor;
use crate::{
    clock::Clock,
    engine::{CacheUse, Rules, RunShared, Stop, Verifying},
    error::{Error, ErrorKind, Result},
    id::RunId,
    limits::{Limits, Settings},
    observe,
    store::{Store, WorkerId},
};

/// Runs under way in the process.
static ACTIVE: AtomicUsize = AtomicUsize::new(0);

/// The values for `#[provided]` parameters, by type: each is an `Arc<T>`, also where `T` is a `dyn Trait`.
pub(super) type Provided = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

/// What all runs of a runtime share.
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) worker: WorkerId,
    /// Who may run now.
    pub(crate) limits: Arc<Limits>,
    /// How long a resumed body may wait for what its journal does not know.
    pub(crate) patience: Duration,
    pub(crate) rules: Rules,
    /// Deaths of the process in a row after which a run is not taken up by itself any more.
    pub(crate) max_deaths: u32,
    /// What goes with the last handle of the runtime.
    anchor: OnceLock<Weak<Anchor>>,
    pub(crate) cache_use: CacheUse,
    /// Runs are only looked at: no task's body runs, and nothing is written.
    pub(crate) verifying: Option<Arc<Verifying>>,
    provided: Provided,
    closing: AtomicBool,
    /// The time that closing gave to what was under way is over.
    shut_down: AtomicBool,
    /// Runs that are being recorded as begun.
    entering: AtomicUsize,
    /// Runs that are being taken up.
    taken_up: Mutex<HashSet<RunId>>,
    /// Runs whose calls were started. They may not be stored yet, and somebody may know them already.
    starting: Mutex<HashSet<RunId>>,
    /// Runs that wait for one which somebody else executes, from the inside outwards, and that one.
    waiting: Mutex<Slab<(Vec<RunId>, RunId)>>,
    active: Mutex<HashMap<RunId, Arc<RunShared>>>,
    left: Notify,
    entered: Notify,
    /// Something that starts runs by itself may be due earlier than it was.
    pub(crate) starters_changed: Notify,
}

impl Core {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        provided: Provided,
        limits: Settings,
        patience: Duration,
        rules: Rules,
        max_deaths: u32,
    ) -> Self {
        Self {
            store,
            limits: Limits::new(limits, clock.clone()),
            clock,
            worker: WorkerId(Uuid::now_v7()),
            patience,
            rules,
            max_deaths,
            anchor: OnceLock::new(),
            cache_use: CacheUse::default(),
            verifying: None,
            provided,
            closing: AtomicBool::new(false),
            shut_down: AtomicBool::new(false),
            entering: AtomicUsize::new(0),
            taken_up: Mutex::default(),
            starting: Mutex::default(),
            waiting: Mutex::default(),
            active: Mutex::default(),
            left: Notify::new(),
            entered: Notify::new(),
            starters_changed: Notify::new(),
        }
    }

    fn active(&self) -> MutexGuard<'_, HashMap<RunId, Arc<RunShared>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provided value of type `T`.
    pub(crate) fn provided<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.provided.get(&TypeId::of::<T>())?.downcast_ref::<Arc<T>>().cloned()
    }

    /// Lets a run begin: from now on, closing waits for it.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Entering> {
        self.entering.fetch_add(1, Ordering::SeqCst);
        let entering = Entering(self.clone());
        if self.closing.load(Ordering::SeqCst) {
            return Err(Error::runtime("the runtime is closed; no new run may start"));
        }
        Ok(entering)
    }

    /// Lets a run of this store be taken up, by one at a time.
    pub(crate) fn take_up(self: &Arc<Self>, run: RunId) -> Result<TakenUp> {
        let mut taken = self.taken_up.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_under_way(run) || !taken.insert(run) {
            return Err(Error::runtime(format!(
                "run {run} is under way in this process; await what started it, or cancel it first"
            )));
        }
        Ok(TakenUp { core: self.clone(), run })
    }

    /// The call of this run is started, until the answer is dropped.
    pub(crate) fn start(self: &Arc<Self>, run: RunId) -> Starting {
        self.starting.lock().unwrap_or_else(PoisonError::into_inner).insert(run);
        Starting { core: self.clone(), run }
    }

    /// The call of this run goes on as one that waits for another run.
    pub(crate) fn starts_no_more(&self, run: RunId) {
        self.starting.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        self.left.notify_waiters();
    }

    pub(super) fn is_starting(&self, run: RunId) -> bool {
        self.starting.lock().unwrap_or_else(PoisonError::into_inner).contains(&run)
    }

    /// A body in the first of these runs, which the others have called one by the other, waits for `run` until the answer is
    /// dropped. `None` when `run` waits for one of them in turn, so that it would be for ever.
    pub(crate) fn wait_for(self: &Arc<Self>, above: Vec<RunId>, run: RunId) -> Option<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reached = vec![run];
        let mut next = 0;
        while let Some(run) = reached.get(next).copied() {
            if above.contains(&run) {
                return None;
            }
            let awaited = waiting.iter().filter(|(_, (above, _))| above.contains(&run));
            for (_, (_, awaited)) in awaited {
                if !reached.contains(awaited) {
                    reached.push(*awaited);
                }
            }
            next += 1;
        }
        Some(Waiting { core: self.clone(), place: waiting.insert((above, run)) })
    }

    /// A run that is under way.
    pub(super) fn running(&self, run: RunId) -> Option<Arc<RunShared>> {
        self.active().get(&run).cloned()
    }

    /// Waits until nobody in this process executes or takes up this run.
    pub(crate) async fn until_left(&self, run: RunId) {
        loop {
            let left = self.left.notified();
            let mut left = std::pin::pin!(left);
            left.as_mut().enable();
            let taken = self.taken_up.lock().unwrap_or_else(PoisonError::into_inner).contains(&run);
            if !taken && !self.is_under_way(run) {
                return;
            }
            left.await;
        }
    }

    /// Resolves when a run of this process is over, or is given back.
    pub(crate) fn run_left(&self) -> tokio::sync::futures::Notified<'_> {
        self.left.notified()
    }

    /// Resolves when a run of this process begins.
    pub(crate) fn run_entered(&self) -> tokio::sync::futures::Notified<'_> {
        self.entered.notified()
    }

    pub(super) fn anchored(&self, anchor: &Arc<Anchor>) {
        let _ = self.anchor.set(Arc::downgrade(anchor));
    }

    pub(crate) fn anchor(&self) -> Option<Arc<Anchor>> {
        self.anchor.get()?.upgrade()
    }

    /// Stops some of the runs under way.
    pub(super) fn stop_where(&self, which: impl Fn(&RunShared) -> bool, stop: Stop) {
        let runs: Vec<_> = self.active().values().filter(|run| which(run)).cloned().collect();
        runs.iter().for_each(|run| run.stop(stop.clone()));
    }

    pub(super) fn is_under_way(&self, run: RunId) -> bool {
        self.active().contains_key(&run)
    }

    pub(crate) fn enter_run(&self, run: &Arc<RunShared>) {
        ACTIVE.fetch_add(1, Ordering::Relaxed);
        self.active().insert(run.id, run.clone());
        self.entered.notify_waiters();
        if self.shut_down.load(Ordering::SeqCst) {
            run.stop(Stop::Shutdown);
        }
    }

    pub(crate) fn leave_run(&self, run: RunId) {
        let left = self.active().remove(&run);
        if left.is_some() {
            ACTIVE.fetch_sub(1, Ordering::Relaxed);
        }
        drop(left);
        self.left.notify_waiters();
    }

    /// How many runs are under way: of this runtime, or, for the default one, of all in the process. A task that
    /// slips out of a run in another runtime lands in the default one.
    pub(crate) fn others(&self, is_default: bool) -> usize {
        if is_default { ACTIVE.load(Ordering::Relaxed) } else { self.active().len() }
    }

    /// Cancels a run of this process for a reason. Says whether it was running here.
    pub(crate) fn stop(&self, run: RunId, reason: &str) -> bool {
        let found = self.active().get(&run).cloned();
        found.is_some_and(|run| {
            run.stop(Stop::Cancelled(reason.to_owned()));
            true
        })
    }

    /// Whether runs of nobody's are under way, or about to be.
    pub(super) fn has_background(&self) -> bool {
        let taken = self.taken_up.lock().unwrap_or_else(PoisonError::into_inner);
        let active = self.active();
        taken.iter().any(|run| !active.contains_key(run)) || active.values().any(|run| run.background)
    }

    /// Gives back the runs of nobody's, and makes that durable.
    pub(super) async fn leave_background(&self) {
        loop {
            let (left, entered) = (self.left.notified(), self.entered.notified());
            let (mut left, mut entered) = (std::pin::pin!(left), std::pin::pin!(entered));
            left.as_mut().enable();
            entered.as_mut().enable();
            self.stop_where(|run| run.background, Stop::Shutdown);
            if !self.has_background() {
                break;
            }
            futures_util::future::select(left, entered).await;
        }
        if let Err(fault) = self.store.flush().await {
            observe::warn_outside(&format!("the last changes are not durable: {fault}"));
        }
    }

    pub(super) async fn close(&self, grace: Option<Duration>) -> Result<()> {
        self.closing.store(true, Ordering::SeqCst);
        let mut patience = std::pin::pin!(async {
            match grace {
                Some(grace) => self.clock.sleep(grace).await,
                None => std::future::pending().await,
            }
        });
        let mut stopped = false;
        loop {
            let left = self.left.notified();
            let mut left = std::pin::pin!(left);
            left.as_mut().enable();
            // In this order: a run is active before it has stopped entering.
            if self.entering.load(Ordering::SeqCst) == 0 && self.active().is_empty() {
                break;
            }
            std::future::poll_fn(|cx| {
                if !stopped && patience.as_mut().poll(cx).is_ready() {
                    stopped = true;
                    self.shut_down.store(true, Ordering::SeqCst);
                    self.stop_where(|_| true, Stop::Shutdown);
                }
                left.as_mut().poll(cx)
            })
            .await;
        }
        let fault =
            |error| Error::plain(ErrorKind::Store, format!("the last changes are not durable: {error}"));
        self.store.flush().await.map_err(fault)
    }
}

/// A run on its way into the store; dropped when it is active, or will never be.
pub(crate) struct Entering(Arc<Core>);

impl Drop for Entering {
    fn drop(&mut self) {
        self.0.entering.fetch_sub(1, Ordering::SeqCst);
        self.0.left.notify_waiters();
    }
}

/// A run whose call was started, until this is dropped.
pub(crate) struct Starting {
    core: Arc<Core>,
    run: RunId,
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.core.starts_no_more(self.run);
    }
}

/// A body waits for a run that somebody else executes, until this is dropped.
pub(crate) struct Waiting {
    core: Arc<Core>,
    place: usize,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.core.waiting.lock().unwrap_or_else(PoisonError::into_inner).try_remove(self.place);
    }
}

/// A run that is taken up, until this is dropped.
pub(crate) struct TakenUp {
    core: Arc<Core>,
    run: RunId,
}

impl Drop for TakenUp {
    fn drop(&mut self) {
        self.core.taken_up.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.run);
        self.core.left.notify_waiters();
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.store.leave(self.worker);
    }
}
