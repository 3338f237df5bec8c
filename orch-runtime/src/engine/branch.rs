//! A branch of a body that runs by itself.

use std::{future::Future, sync::Arc};

use super::{Frame, Handle, body, frame, handle, replay::Past, ticket::Ticket};
use crate::{
    cache::{CallHash, prefix_digest},
    error::{ErrorKind, RecordedError},
    id::ScopeId,
};

/// Runs a future by itself, in a scope of its own inside the body that spawns it, and gives a handle.
///
/// What `tokio::spawn` would tear out of the run stays in it: calls inside are tracked under the branch, the
/// order of what they see is kept, and the branch ends no later than the body. Awaiting the handle gives the
/// future's output, or an error when it panicked or was cancelled. Outside any run, it is a plain tokio task.
/// Must be called inside a tokio runtime.
pub fn spawn<F>(future: F) -> Handle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let Some(parent) = frame::current() else {
        return handle::start_plain(future);
    };
    let scope = parent.open_scope().clone();
    let call = prefix_digest("spawn", "orch");
    let ticket = Ticket::claim(scope, &CallHash { call, former: Vec::new() });
    handle::start_branch(ticket, parent, future)
}

/// Opens the frame of a branch, with what the journal has of it.
pub(super) async fn branch_frame(ticket: &Ticket, parent: &Arc<Frame>, id: ScopeId) -> Option<Arc<Frame>> {
    let scope = &ticket.scope;
    let run = &scope.run;
    let past = if parent.historic {
        match run.past(id).await {
            Ok(past) => past,
            Err(error) => {
                run.stop(super::Stop::Store(error));
                return None;
            }
        }
    } else {
        Past::default()
    };
    Some(Frame::of_branch(scope.clone(), Some(parent.clone()), id, past))
}

/// Runs a branch to its end.
pub(super) async fn run_branch<F: Future>(
    ticket: &Ticket,
    parent: &Arc<Frame>,
    future: F,
) -> Result<F::Output, RecordedError> {
    let id = ScopeId::inside(&ticket.key);
    let Some(frame) = branch_frame(ticket, parent, id).await else {
        return std::future::pending().await;
    };
    body::run(&frame, future, |_| true).await.map_err(|panic| {
        let mut recorded = RecordedError::message(ErrorKind::Panicked, panic.message());
        recorded.place = panic.place;
        recorded
    })
}
