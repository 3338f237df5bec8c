//! Interrupted runs of earlier processes: found when a runtime is built, and taken up in the background.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::future::select;
use tokio::sync::Notify;

use super::{Core, Runtime};
use crate::{
    engine::{self, Resumed, Stop},
    error::{Error, ErrorKind, Result},
    id::RunId,
    observe,
    schedule::{Attentive, until_polled},
    state::RunState,
    store::{Page, Run, StoreError},
};

/// Orphaned runs that are asked for at a time.
const PAGE: usize = 256;

/// An interrupted run, and what became of it; see [`recover`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// The run.
    pub run: RunId,
    /// Full name of its definition.
    pub name: String,
    /// Where it stands now: its end, or as it was left.
    pub state: RunState,
    /// Why it has its state, where it ended without a value; for one that was left alone, why.
    pub reason: Option<String>,
}

impl Recovered {
    /// Whether the run was left as it was, for a person to see to.
    pub fn is_left(&self) -> bool {
        !self.state.is_final()
    }
}

/// Waits for the interrupted runs that the current runtime has taken up; see [`Runtime::recover`].
///
/// ```no_run
/// # extern crate orch_runtime as orch;
/// # async fn example() -> Result<(), orch::Error> {
/// for run in orch::recover().await? {
///     println!("{} is {}", run.name, run.state);
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the default store cannot be opened, or the store cannot be read.
///
/// # Cancel safety
/// Dropping the future stops nothing: the runs go on in the background.
pub async fn recover() -> Result<Vec<Recovered>> {
    Runtime::current()?.recover().await
}

impl Runtime {
    /// Takes up the runs that were interrupted and that nobody executes, as [building](super::RuntimeBuilder::recover)
    /// the runtime does, and waits until they have ended. Tells of all that were found since this was last asked,
    /// also of those that were left alone: because their flow says `resume = "manual"`, because this program has no
    /// such definition, or because their input does not fit any more.
    ///
    /// # Errors
    /// When the runtime is closed, or the store cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future stops nothing: the runs go on in the background.
    pub async fn recover(&self) -> Result<Vec<Recovered>> {
        drop(self.core.enter()?);
        let anchor = self.anchor.as_ref().ok_or_else(|| Error::runtime("the runtime has been dropped"))?;
        anchor.begin();
        anchor.scan().await;
        let recovery = &anchor.recovery;
        loop {
            let settled = recovery.settled.notified();
            let mut settled = std::pin::pin!(settled);
            settled.as_mut().enable();
            if let Some(told) = recovery.told() {
                return told.map_err(|fault| {
                    Error::plain(ErrorKind::Store, format!("interrupted runs cannot be found: {fault}"))
                });
            }
            settled.await;
        }
    }
}

/// The name of the threads of a runtime.
const THREADS: &str = "orch";

/// How long whoever drops the last handle of a runtime may be kept until its runs are given back.
const LEAVING: Duration = Duration::from_secs(1);

/// What the handles of a runtime keep alive: the threads of what runs in the background.
pub(crate) struct Anchor {
    core: Arc<Core>,
    threads: Mutex<Option<tokio::runtime::Runtime>>,
    recovery: Arc<Recovery>,
}

#[derive(Default)]
struct Recovery {
    found: Mutex<Found>,
    settled: Notify,
}

#[derive(Default)]
struct Found {
    /// Runs, and searches for some, that have not ended.
    under_way: usize,
    ended: BTreeMap<RunId, Recovered>,
    /// Runs that were left alone, and told of.
    left: HashSet<RunId>,
    fault: Option<StoreError>,
}

impl Recovery {
    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        self.found().under_way += 1;
    }

    /// What was found since this was last asked, when nothing is under way any more.
    fn told(&self) -> Option<Result<Vec<Recovered>, StoreError>> {
        let mut found = self.found();
        if found.under_way > 0 {
            return None;
        }
        Some(match found.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(std::mem::take(&mut found.ended).into_values().collect()),
        })
    }

    fn end(&self, ended: Option<Recovered>) {
        let mut found = self.found();
        found.under_way -= 1;
        found.ended.extend(ended.map(|ended| (ended.run, ended)));
        drop(found);
        self.settled.notify_waiters();
    }
}

/// A search that has begun. It ends when this is dropped, which is also when nobody awaits it any more.
struct Search<'a>(&'a Recovery);

impl Drop for Search<'_> {
    fn drop(&mut self) {
        self.0.end(None);
    }
}

impl Anchor {
    pub(super) fn new(core: Arc<Core>) -> Arc<Self> {
        let anchor = Arc::new(Self { core, threads: Mutex::default(), recovery: Arc::default() });
        anchor.core.anchored(&anchor);
        anchor
    }

    /// Takes up what there is in the background. Most stores can say at once that there is nothing, and then no thread
    /// is started.
    pub(super) fn recover(self: &Arc<Self>) -> Result<()> {
        let mut first = self.core.store.orphans(Page::first(1));
        let nothing = match first.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(orphans)) => orphans.is_empty(),
            Poll::Ready(Err(_)) | Poll::Pending => false,
        };
        drop(first);
        if nothing {
            return Ok(());
        }
        self.recovery.begin();
        let (anchor, busy) = (Arc::downgrade(self), self.core.clock.busy());
        self.spawn(async move {
            // A virtual clock stands still until everything is found.
            let _busy = busy;
            if let Some(anchor) = anchor.upgrade() {
                anchor.scan().await;
            }
        })
    }

    fn begin(&self) {
        self.recovery.begin();
    }

    /// Looks for orphaned runs and takes each of them up. Its own count is among those that are under way.
    async fn scan(&self) {
        let _search = Search(&self.recovery);
        let mut page = Page::first(PAGE);
        loop {
            let orphans = match self.core.store.orphans(page).await {
                Ok(orphans) => orphans,
                Err(fault) => {
                    self.recovery.found().fault = Some(fault);
                    break;
                }
            };
            let Some(last) = orphans.last() else { break };
            page = Page::after(last.id, PAGE);
            for orphan in orphans {
                self.consider(orphan).await;
            }
        }
    }

    async fn consider(&self, orphan: Run) {
        if let Some((parent, _)) = orphan.parent {
            // Whoever called it takes it up, unless that is over.
            let parent = self.core.store.run(parent).await;
            if parent.is_ok_and(|parent| parent.is_none_or(|parent| parent.state.is_final())) {
                end_child(&self.core, &orphan).await;
            }
            return;
        }
        let (run, name) = (orphan.id, orphan.name.to_string());
        let (core, recovery) = (self.core.clone(), self.recovery.clone());
        recovery.begin();
        let busy = core.clock.busy();
        let work = async move {
            let resumed = engine::recover(core.clone(), orphan).await;
            let ended = match resumed {
                Resumed::Others => None,
                Resumed::Left(reason) => {
                    if recovery.found().left.insert(run) {
                        observe::warn_outside(&format!(
                            "run {run} of `{name}` was interrupted and is left as it is: {reason}"
                        ));
                    }
                    Some(Recovered { run, name, state: RunState::Running, reason: Some(reason) })
                }
                Resumed::Executed(finished) => {
                    let reason = finished.err().map(|error| error.to_string());
                    if let Some(reason) = &reason {
                        observe::warn_outside(&format!(
                            "run {run}, which was taken up in the background: {reason}"
                        ));
                    }
                    let stored = core.store.run(run).await.ok().flatten();
                    let state = stored.map_or(RunState::Running, |run| run.state);
                    if state.is_final() {
                        end_children(&core, run).await;
                    }
                    Some(Recovered { run, name, state, reason })
                }
            };
            recovery.end(ended);
        };
        // A virtual clock stands still while it is woken and not looked at.
        let work = Attentive::new(&self.core, Box::pin(work));
        if let Err(error) = self.spawn(until_polled(work, busy)) {
            observe::warn_outside(&error.to_string());
            self.recovery.end(None);
        }
    }

    /// Runs a future on threads of the runtime's own.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let threads = match &mut *threads {
            Some(threads) => threads,
            none => {
                let threads =
                    tokio::runtime::Builder::new_multi_thread().thread_name(THREADS).enable_all().build();
                none.insert(threads.map_err(|error| {
                    Error::runtime(format!("no threads for work in the background: {error}"))
                })?)
            }
        };
        drop(threads.spawn(future));
        Ok(())
    }
}

/// Ends what an ended run has called and left behind, and what that has called.
async fn end_children(core: &Arc<Core>, run: RunId) {
    let (mut page, mut over) = (Page::first(PAGE), HashSet::from([run]));
    // Whoever calls is older than whom it calls, so one pass finds all.
    while let Ok(orphans) = core.store.orphans(page).await
        && let Some(last) = orphans.last()
    {
        page = Page::after(last.id, PAGE);
        for orphan in orphans {
            if orphan.parent.is_some_and(|(parent, _)| over.contains(&parent)) {
                over.insert(orphan.id);
                end_child(core, &orphan).await;
            }
        }
    }
}

/// Cancels a run and everything below it: one that this process executes or is about to, and one that nobody executes.
/// Says whether there was something to cancel.
pub(crate) async fn cancel(core: &Arc<Core>, run: RunId, reason: &str) -> Result<bool> {
    loop {
        // Before anything is looked at, so that no change is missed.
        let (mut left, mut entered) = (std::pin::pin!(core.run_left()), std::pin::pin!(core.run_entered()));
        left.as_mut().enable();
        entered.as_mut().enable();
        if core.stop(run, reason) {
            return Ok(true);
        }
        // Asked before the store is: a run that has begun in between is stored by then.
        let is_starting = core.is_starting(run);
        if let Ok(taken) = core.take_up(run) {
            let cancelled = engine::cancel_taken_up(core, run, reason).await?;
            drop(taken);
            if cancelled {
                end_children(core, run).await;
                return Ok(true);
            }
            if !is_starting {
                return Ok(false);
            }
            // Its call has yet to be polled.
            tokio::task::yield_now().await;
        } else {
            // Somebody of this process is about to execute it, or is just done with it.
            select(left, entered).await;
        }
    }
}

async fn end_child(core: &Arc<Core>, child: &Run) {
    if let Err(fault) = engine::end_orphaned_child(core, child).await {
        observe::warn_outside(&format!("run {} cannot be ended: {fault}", child.id));
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        self.core.stop_where(|run| run.background, Stop::Shutdown);
        let Some(threads) = self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        // A program that ends now would take its runs along, as if it had died amid them. Its own threads cannot wait for
        // themselves.
        if self.core.has_background() && std::thread::current().name() != Some(THREADS) {
            let (sender, left) = mpsc::channel();
            let core = self.core.clone();
            threads.spawn(async move {
                core.leave_background().await;
                // Nobody listens where it took too long.
                let _ = sender.send(());
            });
            let _ = left.recv_timeout(LEAVING);
        }
        threads.shutdown_background();
    }
}
