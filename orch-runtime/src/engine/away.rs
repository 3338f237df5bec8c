//! A call that is polled by somebody else than the body that wrote it: `tokio::spawn(call)`, or a call that was sent away.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use super::{alive::Alive, frame, prepared::Prepared, scope::Scope};
use crate::error::Error;

/// Holds the run open until the call is gone, and ends the call with the body that wrote it.
pub(super) struct Away {
    scope: Arc<Scope>,
    slot: usize,
    name: &'static str,
    alive: Option<Arc<Alive>>,
}

impl Away {
    /// Looks at a call when it is polled for the first time.
    pub(super) fn look_at(call: &Prepared) -> Option<Box<Self>> {
        let progress = call.progress.as_ref()?;
        let scope = &progress.ticket.scope;
        if frame::is_asking(scope) {
            return None;
        }
        scope.sent_away();
        let alive = scope.run.alive.get().and_then(std::sync::Weak::upgrade);
        let (scope, slot) = (scope.clone(), progress.ticket.slot());
        Some(Box::new(Self { scope, slot, name: progress.name(), alive }))
    }

    /// The end of a call whose body is gone; otherwise it is polled again when that happens.
    pub(super) fn poll_over(&self, cx: &Context<'_>) -> Poll<Error> {
        self.scope.watch_started(self.slot, cx.waker());
        if self.scope.is_closed() { Poll::Ready(self.scope.run.over(self.name)) } else { Poll::Pending }
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        drop(self.alive.take());
        self.scope.run.worker_left();
        self.scope.came_back();
    }
}
