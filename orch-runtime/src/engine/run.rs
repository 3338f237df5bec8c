//! What all bodies of one run share.

use std::{
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
};

use futures_util::task::AtomicWaker;

use super::{
    alive::Alive,
    commit::Writer,
    mailbox::Mailbox,
    replay::{Divergence, Edited, Past},
};
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind},
    id::{RunId, ScopeId, TaskNumber},
    runtime::Core,
    state::RunState,
    store::{Fence, Reruns, StoreError},
};

/// One run under way in this process.
pub(crate) struct RunShared {
    pub(crate) core: Arc<Core>,
    pub(crate) id: RunId,
    /// Full name of the definition.
    pub(crate) name: &'static str,
    /// The flow at the top of the tree of runs that this one belongs to.
    pub(crate) root_flow: &'static str,
    pub(crate) fence: Fence,
    /// The run whose id is in the keys of the calls: itself, or the one that it executes anew.
    pub(crate) keys: RunId,
    reruns: Option<Box<Reruns>>,
    /// The moment for which it stands, or for which that run stands that called it.
    pub(super) tick: Option<Timestamp>,
    /// The attempt with which it was begun, or last retried by hand.
    pub(super) first_attempt: u32,
    /// The code is not what it was when the run was first claimed, and may differ from its journal: a strict flow may
    /// not. The body's hash tells it from the beginning; that a task got another version shows when it is called.
    /// The hash of the flow's body, where that was edited since the run was submitted.
    pub(super) edit: Option<u64>,
    /// What the body calls is not what it was.
    edited_below: AtomicBool,
    strict: bool,
    pub(crate) span: tracing::Span,
    /// Nobody awaits it: it goes with its runtime.
    pub(crate) background: bool,
    /// The run was executed before, so there may be something to read in its journal.
    resumed: bool,
    pub(super) writer: Mutex<Writer>,
    /// Who waits for signals.
    pub(crate) mailbox: Mailbox,
    /// How many outcomes were handed over that were buffered and not durable then.
    handed_over: AtomicU64,
    /// How much of that is known to be durable.
    pub(super) synced: AtomicU64,
    stop: OnceLock<Stop>,
    stop_waker: AtomicWaker,
    quiet_waker: AtomicWaker,
    pub(super) alive: OnceLock<Weak<Alive>>,
}

/// Why a run stops before its body has ended.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// Somebody asked for it.
    Cancelled(String),
    /// It took too long.
    TimedOut(std::time::Duration),
    /// Journal and code disagree.
    Diverged(Box<Divergence>),
    /// The journal has a result that its type does not read any more.
    Unreadable(String),
    /// The store failed: nothing can be recorded any more.
    Store(StoreError),
    /// Another worker has the run.
    Fenced,
    /// The runtime is closing; the next one resumes the run.
    Shutdown,
}

impl Stop {
    /// Whether what it interrupts is cancelled, or is to be found as it is by a resume.
    pub(super) fn leaves_traces(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Fenced | Self::Shutdown)
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled(_) | Self::Fenced | Self::Shutdown => ErrorKind::Cancelled,
            Self::TimedOut(_) => ErrorKind::TimedOut,
            Self::Diverged(_) | Self::Unreadable(_) => ErrorKind::Diverged,
            Self::Store(_) => ErrorKind::Store,
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Cancelled(reason) | Self::Unreadable(reason) => reason.clone(),
            Self::Diverged(divergence) => {
                format!("record {} of its journal is not asked for any more", divergence.record.number)
            }
            Self::TimedOut(limit) => format!("it took longer than {limit:?}"),
            Self::Store(error) => error.to_string(),
            Self::Fenced => "another worker has the run".into(),
            Self::Shutdown => "the runtime was closed; the run can be resumed".into(),
        }
    }
}

/// What a run is opened with.
pub(super) struct RunStart {
    pub(super) id: RunId,
    pub(super) name: &'static str,
    pub(super) root_flow: &'static str,
    pub(super) fence: Fence,
    pub(super) state: RunState,
    /// The hash of the flow's body, where that was edited since the run was submitted.
    pub(super) edit: Option<u64>,
    pub(super) strict: bool,
    pub(super) resumed: bool,
    pub(super) background: bool,
    pub(super) next_task: u32,
    pub(super) attempt: u32,
    pub(super) first_attempt: u32,
    pub(super) reruns: Option<Box<Reruns>>,
    pub(super) tick: Option<Timestamp>,
}

impl RunShared {
    pub(super) fn new(core: Arc<Core>, start: RunStart) -> Arc<Self> {
        let RunStart {
            id,
            name,
            root_flow,
            fence,
            state,
            edit,
            strict,
            resumed,
            background,
            next_task,
            attempt,
            first_attempt,
            reruns,
            tick,
        } = start;
        let keys = reruns.as_ref().map_or(id, |reruns| reruns.keys);
        let span = tracing::info_span!(target: "orch", "run", run = %id, flow = name);
        Arc::new(Self {
            core,
            id,
            name,
            root_flow,
            fence,
            keys,
            reruns,
            tick,
            first_attempt,
            edit,
            edited_below: AtomicBool::new(false),
            strict,
            span,
            background,
            resumed,
            writer: Mutex::new(Writer::new(next_task, state, attempt)),
            mailbox: Mailbox::default(),
            handed_over: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            stop: OnceLock::new(),
            stop_waker: AtomicWaker::new(),
            quiet_waker: AtomicWaker::new(),
            alive: OnceLock::new(),
        })
    }

    /// Ends the run as soon as its body can be stopped. The first reason counts.
    pub(crate) fn stop(&self, reason: Stop) {
        let _ = self.stop.set(reason);
        self.stop_waker.wake();
    }

    /// Why the run stops, if it does.
    pub(crate) fn stopped(&self) -> Option<&Stop> {
        self.stop.get()
    }

    /// The same, and wakes the task behind `waker` when it comes.
    pub(super) fn stopped_or_wake(&self, waker: &std::task::Waker) -> Option<&Stop> {
        self.stop_waker.register(waker);
        self.stop.get()
    }

    /// A started call is gone.
    pub(super) fn worker_left(&self) {
        self.quiet_waker.wake();
    }

    /// Waits until nothing that was started anywhere in the run is left.
    pub(super) async fn quiet(&self, alive: &Arc<Alive>) {
        std::future::poll_fn(|cx| {
            self.quiet_waker.register(cx.waker());
            if Arc::strong_count(alive) == 1 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    pub(super) fn handed_over_buffered(&self) {
        self.handed_over.fetch_add(1, Ordering::AcqRel);
    }

    /// How much was handed over that was not durable then.
    pub(super) fn handed_over(&self) -> u64 {
        self.handed_over.load(Ordering::Acquire)
    }

    pub(super) fn has_unsynced(&self) -> bool {
        self.synced.load(Ordering::Acquire) < self.handed_over()
    }

    pub(super) fn has_history(&self) -> bool {
        self.resumed || self.reused().is_some()
    }

    /// The run whose records are reused, and the task run that ends them.
    fn reused(&self) -> Option<(RunId, TaskNumber)> {
        let reruns = self.reruns.as_ref()?;
        Some((reruns.run, *reruns.from.first()?))
    }

    /// What is stored of a scope.
    pub(super) async fn past(&self, scope: ScopeId) -> Result<Past, StoreError> {
        self.flush();
        let store = &self.core.store;
        let own = store.replay(self.id, self.fence, scope).await?;
        let reused = match self.reused() {
            Some((run, before)) => Some((run, store.past(run, scope, before).await?)),
            None => None,
        };
        Ok(Past { own, reused })
    }

    /// What the run of a called flow is to reuse of the run that `task` of the earlier run called.
    pub(super) async fn reruns_of_child(
        &self,
        task: TaskNumber,
        run: RunId,
    ) -> Result<Option<Box<Reruns>>, StoreError> {
        let Some(reruns) = &self.reruns else { return Ok(None) };
        let from = match reruns.from.split_first() {
            Some((first, below)) if *first == task => below.to_vec(),
            // It was under way when the first of these was called, and calls none itself.
            _ => vec![Reruns::EVERYTHING],
        };
        let earlier = self.core.store.run(run).await?;
        Ok(earlier.map(|earlier| Box::new(Reruns { run, from, keys: earlier.keys() })))
    }

    /// Whether the body may differ from its journal.
    pub(super) fn is_edited(&self) -> bool {
        self.edited() != Edited::No
    }

    /// What of the journal may be of a body that was another one.
    pub(super) fn edited(&self) -> Edited {
        match self.edit {
            _ if self.edited_below.load(Ordering::Acquire) => Edited::All,
            Some(_) => Edited::Before,
            None => Edited::No,
        }
    }

    /// What the body calls is not what it was. Says whether the body may differ from its journal now.
    pub(super) fn found_edited(&self) -> bool {
        self.edited_below.fetch_or(!self.strict, Ordering::AcqRel) || !self.strict
    }

    /// Whether task runs that are interrupted now are cancelled, or are to be found as they are by a resume.
    pub(super) fn leaves_traces(&self) -> bool {
        self.stop.get().is_none_or(Stop::leaves_traces)
    }

    /// The error of a call that comes too late.
    pub(super) fn over(&self, name: &str) -> Error {
        let reason = self.stop.get().map_or_else(|| "its run has ended".to_owned(), Stop::text);
        Error::at(
            name,
            self.id,
            ErrorKind::Cancelled,
            format!("{reason}; a call that is polled after that does not run"),
        )
    }
}
