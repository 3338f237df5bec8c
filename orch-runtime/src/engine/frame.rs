//! Which body is being polled on this thread.

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{RunShared, replay::Past, scope::Scope};
use crate::{
    definition::Definition,
    id::{CallKey, ScopeId, TaskNumber},
    limits::Permit,
};

thread_local! {
    static CURRENT: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// The body of this thread.
struct Here {
    frame: Arc<Frame>,
    polled: bool,
}

/// A body under way: a run's, one attempt of a task's, a branch's. It opens its scope with its first call.
pub(crate) struct Frame {
    pub(crate) run: Arc<RunShared>,
    pub(crate) parent: Option<Arc<Frame>>,
    pub(crate) task: Option<TaskFrame>,
    pub(crate) span: tracing::Span,
    /// The journal may hold something of this body's scope.
    pub(crate) historic: bool,
    scope_id: ScopeId,
    instance: u64,
    /// The scope around a branch; a task's body has none.
    outer: Option<Arc<Scope>>,
    past: Mutex<Option<Box<Past>>>,
    scope: OnceLock<Arc<Scope>>,
    /// Leads a cache key or holds a permit, so that nothing below may wait for another leader.
    holds: AtomicBool,
    /// What it holds itself. Weak, because a permit ends with its attempt, and frames are known for longer.
    permits: OnceLock<Box<[Weak<Permit>]>>,
}

/// What a task's body may ask about itself.
pub(crate) struct TaskFrame {
    pub(crate) definition: &'static Definition,
    pub(crate) number: TaskNumber,
    pub(crate) key: CallKey,
    pub(crate) attempt: u32,
}

impl Frame {
    /// The body of a run.
    pub(crate) fn of_run(
        run: Arc<RunShared>,
        parent: Option<Arc<Self>>,
        attempt: u32,
        past: Past,
    ) -> Arc<Self> {
        let (span, past) = (run.span.clone(), Some(past));
        Self::build(run, parent, None, span, ScopeId::ROOT, u64::from(attempt), None, past)
    }

    /// One attempt of a task.
    pub(crate) fn of_task(
        scope: &Scope,
        parent: Option<Arc<Self>>,
        task: TaskFrame,
        span: tracing::Span,
    ) -> Arc<Self> {
        // Another body is another attempt: of what the old one's calls gave, the new one reuses what it asks for, and
        // nothing of it has to be asked for.
        let body = task.definition.body_hash;
        let instance =
            scope.instance.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(task.attempt)) ^ body;
        let scope_id = ScopeId(0);
        Self::build(scope.run.clone(), parent, Some(task), span, scope_id, instance, None, None)
    }

    /// A branch of the body around it: `orch::spawn`, an item of `orch::map`.
    pub(crate) fn of_branch(
        outer: Arc<Scope>,
        parent: Option<Arc<Self>>,
        id: ScopeId,
        past: Past,
    ) -> Arc<Self> {
        let (run, instance) = (outer.run.clone(), outer.instance);
        Self::build(run, parent, None, tracing::Span::none(), id, instance, Some(outer), Some(past))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "private; the three kinds of frames above are its only callers"
    )]
    fn build(
        run: Arc<RunShared>,
        parent: Option<Arc<Self>>,
        task: Option<TaskFrame>,
        span: tracing::Span,
        scope_id: ScopeId,
        instance: u64,
        outer: Option<Arc<Scope>>,
        past: Option<Past>,
    ) -> Arc<Self> {
        let past = Mutex::new(past.map(Box::new));
        let attempt = task.as_ref().map_or(1, |task| task.attempt);
        let historic = attempt > 1
            || run.has_history()
            || (scope_id == ScopeId::ROOT && task.is_none() && instance > 1)
            || parent.as_ref().is_some_and(|parent| parent.historic);
        let (scope, holds, permits) = (OnceLock::new(), AtomicBool::new(false), OnceLock::new());
        Arc::new(Self {
            run,
            parent,
            task,
            span,
            historic,
            scope_id,
            instance,
            outer,
            past,
            scope,
            holds,
            permits,
        })
    }

    /// The attempt of the body that wrote this one's call, and of this one.
    #[cfg(feature = "crash-points")]
    pub(crate) fn instance(&self) -> u64 {
        self.instance
    }

    /// What the body's scope has been through, before the body starts.
    pub(crate) fn set_past(&self, past: Past) {
        *self.past.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(past));
    }

    /// The identity of the scope that this body opens with its first call.
    pub(crate) fn inner_scope_id(&self) -> ScopeId {
        match &self.task {
            Some(task) => ScopeId::inside(&task.key),
            None => self.scope_id,
        }
    }

    /// Whether it is a part of the body around it.
    pub(super) fn is_branch(&self) -> bool {
        self.outer.is_some()
    }

    /// The body's scope, if it has opened one.
    pub(crate) fn scope(&self) -> Option<&Arc<Scope>> {
        self.scope.get()
    }

    /// The body's scope, opened now if need be.
    pub(crate) fn open_scope(&self) -> &Arc<Scope> {
        self.scope.get_or_init(|| {
            let past = self.past.lock().unwrap_or_else(PoisonError::into_inner).take();
            let past = past.map(|past| *past).unwrap_or_default();
            Scope::open(self.run.clone(), self.inner_scope_id(), self.instance, self.outer.clone(), past)
        })
    }

    /// This body leads a cache key or holds a permit from now on.
    pub(crate) fn hold(&self) {
        self.holds.store(true, Ordering::Relaxed);
    }

    /// This body has these permits from now on, until they are dropped.
    pub(crate) fn hold_permits<'a>(&self, permits: impl Iterator<Item = &'a Arc<Permit>>) {
        self.hold();
        let _ = self.permits.set(permits.map(Arc::downgrade).collect());
    }

    /// Whether this body, or one above it, leads a cache key or holds a permit.
    pub(crate) fn holds_something(&self) -> bool {
        self.upwards().any(|frame| frame.holds.load(Ordering::Relaxed))
    }

    /// What this body and those above it hold, from the inside outwards.
    pub(crate) fn permits(&self) -> Vec<Arc<Permit>> {
        let own = self.upwards().filter_map(|frame| frame.permits.get());
        own.flatten().filter_map(Weak::upgrade).collect()
    }

    /// The nearest task around this body, itself included.
    pub(crate) fn nearest_task(&self) -> Option<&TaskFrame> {
        let same_run = |frame: &&Self| Arc::ptr_eq(&frame.run, &self.run);
        self.upwards().take_while(same_run).find_map(|frame| frame.task.as_ref())
    }

    pub(super) fn upwards(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |frame| frame.parent.as_deref())
    }
}

/// The body that is being polled on this thread, or that runs on it.
pub(crate) fn current() -> Option<Arc<Frame>> {
    // Asked for by the panic hook too, which must not panic.
    let here = |current: &RefCell<Option<Here>>| Some(current.try_borrow().ok()?.as_ref()?.frame.clone());
    CURRENT.try_with(here).ok().flatten()
}

/// Makes `frame` the current body of this thread, which polls it, until the guard is dropped.
pub(crate) fn enter(frame: Arc<Frame>) -> Entered {
    Here { frame, polled: true }.enter()
}

/// Makes `frame` the current body of this thread, which runs it from beginning to end.
pub(crate) fn enter_thread(frame: Arc<Frame>) -> Entered {
    Here { frame, polled: false }.enter()
}

impl Here {
    fn enter(self) -> Entered {
        let before = CURRENT.try_with(|current| current.replace(Some(self))).ok().flatten();
        Entered { before }
    }
}

pub(crate) struct Entered {
    before: Option<Here>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        // The frame that leaves is dropped after the cell is free again: its drop may look at the cell.
        let left = CURRENT.try_with(|current| current.replace(before));
        drop(left);
    }
}

fn is_here(scope: &Arc<Scope>, accept: impl Fn(&Here) -> bool) -> bool {
    let owns = |here: &Here| here.frame.scope().is_some_and(|own| Arc::ptr_eq(own, scope));
    let answer = |here: &Here| owns(here) && accept(here);
    CURRENT.try_with(|current| current.borrow().as_ref().is_some_and(answer)).unwrap_or(false)
}

/// Whether the body of `scope` is what asks.
pub(crate) fn is_asking(scope: &Arc<Scope>) -> bool {
    is_here(scope, |_| true)
}

/// Whether the body of `scope` is what asks, in a poll that outcomes are handed to one at a time. A body that
/// runs on a thread of its own is polled by nobody.
pub(crate) fn is_polling(scope: &Arc<Scope>) -> bool {
    is_here(scope, |here| here.polled)
}
