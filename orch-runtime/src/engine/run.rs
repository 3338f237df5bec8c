//! What all bodies of one run share.

use std::{
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use futures_util::task::AtomicWaker;

use super::{alive::Alive, commit::Writer, mailbox::Mailbox};
use crate::{
    error::{Error, ErrorKind},
    id::RunId,
    runtime::Core,
    state::RunState,
    store::{Fence, Record, StoreError},
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
    /// The body has another hash than when the run was first claimed, and may differ from its journal: a strict
    /// flow may not.
    pub(crate) edited: bool,
    pub(crate) span: tracing::Span,
    /// Nobody awaits it: it goes with its runtime.
    pub(crate) background: bool,
    /// The run was executed before, so there may be something to read in its journal.
    resumed: bool,
    pub(super) writer: Mutex<Writer>,
    /// Who waits for signals.
    pub(crate) mailbox: Mailbox,
    /// Something was handed over that is buffered and not durable.
    pub(super) unsynced: AtomicBool,
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
    Diverged(Box<Record>),
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
            Self::Diverged(record) => {
                format!("record {} of its journal is not asked for any more", record.number)
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
    pub(super) edited: bool,
    pub(super) resumed: bool,
    pub(super) background: bool,
    pub(super) next_task: u32,
    pub(super) attempt: u32,
}

impl RunShared {
    pub(super) fn new(core: Arc<Core>, start: RunStart) -> Arc<Self> {
        let RunStart { id, name, root_flow, fence, state, edited, resumed, background, next_task, attempt } =
            start;
        let span = tracing::info_span!(target: "orch", "run", run = %id, flow = name);
        Arc::new(Self {
            core,
            id,
            name,
            root_flow,
            fence,
            edited,
            span,
            background,
            resumed,
            writer: Mutex::new(Writer::new(next_task, state, attempt)),
            mailbox: Mailbox::default(),
            unsynced: AtomicBool::new(false),
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
        self.unsynced.store(true, Ordering::Release);
    }

    pub(super) fn has_unsynced(&self) -> bool {
        self.unsynced.load(Ordering::Acquire)
    }

    pub(super) fn has_history(&self) -> bool {
        self.resumed
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
