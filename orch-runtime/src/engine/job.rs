//! A synchronous body on the blocking pool.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::task::JoinHandle;

use super::{Frame, frame, panics};
use crate::{
    definition::{BodyError, BodyResult},
    limits::Permit,
    state::Notice,
};

/// What a synchronous body takes along to its thread: its frame, and the permit that it keeps until it returns.
pub struct Job {
    frame: Arc<Frame>,
    permit: Option<Arc<Permit>>,
    running: Arc<AtomicBool>,
}

impl Job {
    pub(super) fn new(frame: &Arc<Frame>, permit: Option<Arc<Permit>>) -> (Self, JobWatch) {
        // The body's calls come from its thread, and whoever polls for it has to know of its scope by then.
        frame.open_scope();
        let running = Arc::new(AtomicBool::new(false));
        let watch = JobWatch { frame: frame.clone(), running: running.clone() };
        (Self { frame: frame.clone(), permit, running }, watch)
    }

    pub(crate) fn spawn<T: Send + 'static>(
        self,
        body: impl FnOnce() -> BodyResult<T> + Send + 'static,
    ) -> JoinHandle<BodyResult<T>> {
        let Self { frame, permit, running } = self;
        // What a job that no thread has taken waits for is nothing that a test's clock should jump over soon.
        let queued = frame.run.core.clock.as_virtual().map(|clock| clock.queued());
        tokio::task::spawn_blocking(move || {
            running.store(true, Ordering::Release);
            drop(queued);
            let span = frame.span.clone();
            let _in_span = span.enter();
            let result = {
                let _entered = frame::enter_thread(frame);
                panics::catch(body)
            };
            drop(permit);
            running.store(false, Ordering::Release);
            result.unwrap_or_else(|panic| Err(BodyError::of_panic(panic.message(), panic.place)))
        })
    }
}

/// Says aloud when the thread of a body is left to itself.
pub(super) struct JobWatch {
    frame: Arc<Frame>,
    running: Arc<AtomicBool>,
}

impl Drop for JobWatch {
    fn drop(&mut self) {
        if self.running.load(Ordering::Acquire) {
            let task = self.frame.task.as_ref();
            let name = task.map_or("", |task| task.definition.display_name());
            let text = format!("the thread of `{name}` cannot be stopped and goes on until the body returns");
            self.frame.run.notice(task.map(|task| task.number), Notice::Abandoned, text);
        }
    }
}
